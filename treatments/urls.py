"""The whole map of the staff pages, grouped by topic. Ids are public ids, never names or database numbers."""

from django.urls import path

from treatments.views import appointments, booking, due, flags, patients, safety, today, treatments

urlpatterns = [
    path("", today.home, name="home"),
    path("today/", today.today, name="today"),
    # due list
    path("due/", due.due, name="due"),
    path("due/export.csv", due.export, name="due_csv"),
    path("due/<slug:tab>/", due.due, name="due_tab"),
    # patients
    path("patients/", patients.index, name="patients"),
    path("patients/new/", patients.new, name="patient_new"),
    path("patients/<slug:public_id>/", patients.show, name="patient"),
    path("patients/<slug:public_id>/edit/", patients.edit, name="patient_edit"),
    path("patients/<slug:public_id>/courses/<slug:indication>/stop/", patients.stop_course, name="course_stop"),
    # safety: questions and flags
    path("patients/<slug:public_id>/safety/", safety.safety, name="safety"),
    path("patients/<slug:public_id>/flags/new/", flags.new, name="flag_new"),
    path("flags/<slug:public_id>/", flags.show, name="flag"),
    path("flags/<slug:public_id>/<slug:act>/", flags.change, name="flag_change"),
    # booking and visits
    path("patients/<slug:public_id>/book/", booking.book, name="book"),
    path("patients/<slug:public_id>/book/check/", booking.check, name="book_check"),
    path("visits/<slug:public_id>/", appointments.show, name="visit"),
    path("visits/<slug:public_id>/move/", appointments.move, name="visit_move"),
    path("visits/<slug:public_id>/move/check/", appointments.check, name="visit_move_check"),
    path("visits/<slug:public_id>/cancel/", appointments.cancel, name="visit_cancel"),
    path("visits/<slug:public_id>/override/", appointments.override, name="visit_override"),
    path("visits/<slug:public_id>/release/", appointments.release, name="visit_release"),
    path("visits/<slug:public_id>/mark/<slug:state>/", appointments.mark, name="visit_mark"),
    # treatments
    path("patients/<slug:public_id>/treat/", treatments.new, name="treat"),
    path("patients/<slug:public_id>/treat/check/", treatments.check, name="treat_check"),
    path("patients/<slug:public_id>/elsewhere/", treatments.elsewhere, name="elsewhere"),
    path("treatments/<slug:public_id>/", treatments.show, name="treatment"),
    path("treatments/<slug:public_id>/amend/", treatments.amend, name="treatment_amend"),
    path("treatments/<slug:public_id>/void/", treatments.void, name="treatment_void"),
    path("treatments/<slug:public_id>/worn-off/<slug:indication>/", treatments.worn_off, name="worn_off"),
]
