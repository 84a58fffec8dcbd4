"""The whole map of the staff pages, grouped by topic. Ids are public ids, never names or database numbers."""

from django.urls import path

from treatments.views import (
    appointments,
    booking,
    calendar,
    calendar_free,
    check_in,
    consents,
    due,
    earlier,
    flags,
    merges,
    moving,
    overrides,
    patients,
    safety,
    slots,
    today,
    treatments,
    visit_acts,
)

urlpatterns = [
    path("", today.home, name="home"),
    path("today/", today.today, name="today"),
    path("today/privacy/", today.privacy, name="today_privacy"),
    # calendar
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/day/<slug:day>/", calendar.day, name="calendar_day"),
    path("calendar/day/<slug:day>/free/<str:time>/", calendar_free.free, name="calendar_free"),
    path("calendar/week/<slug:week>/", calendar.week, name="calendar_week"),
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
    path("patients/<slug:public_id>/merge/", merges.search, name="merge"),
    path("patients/<slug:public_id>/merge/<slug:other>/", merges.compare, name="merge_compare"),
    path("patients/<slug:public_id>/merge/<slug:other>/confirm/", merges.confirm, name="merge_confirm"),
    path("patients/<slug:public_id>/merge/<slug:other>/undo/", merges.undo, name="merge_undo"),
    # safety: questions and flags
    path("patients/<slug:public_id>/safety/", safety.safety, name="safety"),
    path("patients/<slug:public_id>/flags/new/", flags.new, name="flag_new"),
    path("flags/<slug:public_id>/", flags.show, name="flag"),
    path("flags/<slug:public_id>/<slug:act>/", flags.change, name="flag_change"),
    # booking and visits
    path("patients/<slug:public_id>/book/", booking.book, name="book"),
    path("patients/<slug:public_id>/book/check/", booking.check, name="book_check"),
    path("patients/<slug:public_id>/book/times/", booking.times, name="book_times"),
    path("patients/<slug:public_id>/book/hold/", booking.hold, name="book_hold"),
    path("times/", slots.times, name="times"),
    path("visits/<slug:public_id>/", appointments.show, name="visit"),
    path("visits/<slug:public_id>/undo/", booking.undo, name="book_undo"),
    path("visits/<slug:public_id>/move/", moving.move, name="visit_move"),
    path("visits/<slug:public_id>/move/check/", moving.check, name="visit_move_check"),
    path("visits/<slug:public_id>/move/times/", moving.times, name="visit_move_times"),
    path("visits/<slug:public_id>/move/hold/", moving.hold, name="visit_move_hold"),
    path("visits/<slug:public_id>/cancel/", visit_acts.cancel, name="visit_cancel"),
    path("visits/<slug:public_id>/override/", visit_acts.override, name="visit_override"),
    path("visits/<slug:public_id>/release/", visit_acts.release, name="visit_release"),
    path("visits/<slug:public_id>/mark/<slug:state>/", visit_acts.mark, name="visit_mark"),
    path("visits/<slug:public_id>/check-in/", check_in.check_in, name="visit_check_in"),
    # treatments
    path("patients/<slug:public_id>/treat/", treatments.new, name="treat"),
    path("patients/<slug:public_id>/treat/check/", treatments.check, name="treat_check"),
    path("patients/<slug:public_id>/elsewhere/", treatments.elsewhere, name="elsewhere"),
    path("treatments/<slug:public_id>/", treatments.show, name="treatment"),
    path("treatments/<slug:public_id>/amend/", treatments.amend, name="treatment_amend"),
    path("treatments/<slug:public_id>/void/", treatments.void, name="treatment_void"),
    path("treatments/<slug:public_id>/worn-off/<slug:indication>/", treatments.worn_off, name="worn_off"),
    # patients who would come earlier, and consents
    path("earlier/", earlier.index, name="earlier"),
    path("patients/<slug:public_id>/earlier/", earlier.ask, name="earlier_ask"),
    path("patients/<slug:public_id>/earlier/close/", earlier.close, name="earlier_close"),
    path("patients/<slug:public_id>/consent/", consents.consent, name="patient_consent"),
    path("patients/<slug:public_id>/consent/withdraw/", consents.withdraw, name="consent_withdraw"),
    # reports
    path("reports/overrides/", overrides.report, name="overrides"),
    path("reports/overrides/export.csv", overrides.export, name="overrides_csv"),
]
