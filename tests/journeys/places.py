"""Every page of the demo clinic by name, for the accessibility check and the screenshots."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

from django.utils import timezone

from treatments.models import Appointment, ContactPlan, ContactStep, Flag, Message, MessageText, Patient, Treatment
from treatments.services import links
from treatments.views.report_kinds import KINDS

INJECTOR, RECEPTION, MANAGER = "osei", "maya", "ito"


def _link(purpose: str, visit: Appointment) -> str:
    about = {"appointment": visit} if purpose == links.VISIT else {}
    return urlsplit(links.make(visit.patient, purpose, at=timezone.now(), **about)).path


def places(on: date) -> list[tuple[str, str, str]]:
    """Name, address, and who opens it."""
    person = {p.family_name: p.public_id for p in Patient.objects.all()}
    clear, blocked, caution, doubtful = person["Adeyemi"], person["Greene"], person["Reyes"], person["Keller"]
    visit = Appointment.objects.get(patient__family_name="Quinn").public_id
    held = Appointment.objects.get(patient__family_name="Greene").public_id
    cancelled = Appointment.objects.filter(state="cancelled").order_by("pk").values_list("public_id", flat=True)[0]
    arrived = Appointment.objects.filter(state="arrived", on=on).order_by("pk").values_list("public_id", flat=True)[0]
    overridden = Appointment.objects.exclude(override_by="").get().public_id
    soft = Appointment.objects.get(patient__family_name="Hughes").public_id
    soft_row = Appointment.objects.get(public_id=soft).pk
    treated = Appointment.objects.filter(on__gt=on, state="booked", service__name="Treatment").order_by("on", "pk")[0]
    treatment = Treatment.objects.filter(patient__family_name="Lind").order_by("-performed_on").first()
    flag = Flag.objects.get(patient__family_name="Greene").public_id
    assert treatment is not None
    told = Message.objects.filter(state="sent").order_by("pk")[0].patient.public_id
    plan = ContactPlan.objects.get(is_usual=True).pk
    step = ContactStep.objects.filter(plan=plan).order_by("pk")[0].pk
    twice = f"/patients/{person['Osman']}/merge/"
    merged = f"/patients/{person['Marsh']}/"
    return [
        ("today", "/today/", INJECTOR),
        ("today-board", "/today/?view=board", RECEPTION),
        ("earlier", "/earlier/", RECEPTION),
        ("earlier-ask", f"/patients/{clear}/earlier/", RECEPTION),
        ("consent", f"/patients/{clear}/consent/", RECEPTION),
        ("visit-cancelled", f"/visits/{cancelled}/", RECEPTION),
        ("check-in", f"/visits/{arrived}/check-in/", RECEPTION),
        ("confirmations", "/confirmations/", RECEPTION),
        ("link", _link(links.VISIT, treated), RECEPTION),
        ("link-birth", f"{_link(links.VISIT, treated)}birth/", RECEPTION),
        ("link-due", _link(links.DUE, treated), RECEPTION),
        ("link-stop", _link(links.STOP, treated), RECEPTION),
        ("link-ended", "/v/ended/", RECEPTION),
        ("today-empty", "/today/?date=2027-01-01", RECEPTION),
        ("today-bad-date", "/today/?date=31/02/2026", RECEPTION),
        ("calendar-day", f"/calendar/day/{on}/", RECEPTION),
        ("calendar-rooms", f"/calendar/day/{on}/?by=room", RECEPTION),
        ("calendar-move", f"/calendar/day/{on}/?move={visit}", RECEPTION),
        ("calendar-week", f"/calendar/week/{on.isocalendar().year}-W{on.isocalendar().week:02}/", MANAGER),
        ("calendar-empty", "/calendar/day/2027-01-02/", MANAGER),
        ("due-soon", "/due/soon/", RECEPTION),
        ("due-now", "/due/now/", RECEPTION),
        ("due-overdue", "/due/overdue/", RECEPTION),
        ("due-lapsed", "/due/lapsed/", RECEPTION),
        ("due-rebook", "/due/rebook/", RECEPTION),
        ("due-snoozed", "/due/snoozed/", RECEPTION),
        ("due-on-hold", "/due/on-hold/", INJECTOR),
        ("reminders", "/reminders/", RECEPTION),
        ("reminder-runs", "/reminders/runs/", MANAGER),
        ("messages", "/messages/", RECEPTION),
        ("patient-messages", f"/patients/{told}/messages/", RECEPTION),
        ("patient-messages-none", f"/patients/{doubtful}/messages/", INJECTOR),
        ("due-call-run", "/due/overdue/?run=1", RECEPTION),
        ("due-print", "/due/overdue/?print=1", RECEPTION),
        ("due-book", f"/due/{person['Silva']}/glabellar_lines/book/", RECEPTION),
        ("due-book-blocked", f"/due/{blocked}/glabellar_lines/book/", RECEPTION),
        ("due-contact", f"/due/{person['Nwosu']}/glabellar_lines/contact/", RECEPTION),
        ("due-more", f"/due/{person['Silva']}/glabellar_lines/more/", RECEPTION),
        ("patients", "/patients/", RECEPTION),
        ("patient-new", "/patients/new/", RECEPTION),
        ("patient", f"/patients/{clear}/", INJECTOR),
        ("patient-blocked", f"/patients/{blocked}/", RECEPTION),
        ("patient-doubtful", f"/patients/{doubtful}/", INJECTOR),
        ("patient-edit", f"/patients/{clear}/edit/", RECEPTION),
        ("course-stop", f"/patients/{clear}/courses/glabellar_lines/stop/", INJECTOR),
        ("patient-learned", f"/patients/{person['Dubois']}/", INJECTOR),
        ("effect", f"/treatments/{treatment.public_id}/effect/glabellar_lines/", RECEPTION),
        ("due-set", f"/patients/{person['Dubois']}/courses/glabellar_lines/due/", RECEPTION),
        ("course-duration", f"/patients/{person['Dubois']}/courses/glabellar_lines/duration/", INJECTOR),
        ("safety", f"/patients/{clear}/safety/", INJECTOR),
        ("safety-blocked", f"/patients/{blocked}/safety/", INJECTOR),
        ("flag-new", f"/patients/{clear}/flags/new/", RECEPTION),
        ("flag", f"/flags/{flag}/", INJECTOR),
        ("flag-end", f"/flags/{flag}/end/", INJECTOR),
        ("book-clear", f"/patients/{clear}/book/?date={date.fromordinal(on.toordinal() + 7)}", RECEPTION),
        ("book-blocked", f"/patients/{blocked}/book/", RECEPTION),
        ("book-caution", f"/patients/{caution}/book/?date={date.fromordinal(on.toordinal() + 7)}", RECEPTION),
        ("visit", f"/visits/{visit}/", RECEPTION),
        ("visit-held", f"/visits/{held}/", INJECTOR),
        ("visit-message", f"/visits/{visit}/message/", RECEPTION),
        ("visit-message-held", f"/visits/{held}/message/", RECEPTION),
        ("visit-overridden", f"/visits/{overridden}/", INJECTOR),
        ("visit-move", f"/visits/{soft}/move/", RECEPTION),
        ("visit-cancel", f"/visits/{visit}/cancel/", RECEPTION),
        ("record", f"/patients/{clear}/treat/", INJECTOR),
        ("record-pattern", f"/patients/{clear}/treat/?pattern=glabellar_lines", INJECTOR),
        ("record-blocked", f"/patients/{blocked}/treat/", INJECTOR),
        ("elsewhere", f"/patients/{clear}/elsewhere/", INJECTOR),
        ("treatment", f"/treatments/{treatment.public_id}/", INJECTOR),
        ("treatment-amend", f"/treatments/{treatment.public_id}/amend/", INJECTOR),
        ("treatment-void", f"/treatments/{treatment.public_id}/void/", INJECTOR),
        ("merge", twice, MANAGER),
        ("merge-compare", f"{twice}{person['Yusuf']}/", MANAGER),
        ("merge-refused", f"{twice}{clear}/", MANAGER),
        ("merge-confirm", f"{twice}{person['Yusuf']}/confirm/", MANAGER),
        ("merge-undo", f"{merged}merge/{person['Marsch']}/undo/", MANAGER),
        ("patient-merged", merged, MANAGER),
        ("reports", "/reports/", MANAGER),
        ("reports-own", "/reports/", INJECTOR),
        ("reports-bad-period", "/reports/treatments/export.csv?first=2026-11-22&last=2026-11-01", MANAGER),
        *((f"report-{slug}", f"/reports/{slug}/", MANAGER) for slug in KINDS),
        ("report-due-reception", "/reports/due/?weeks=12", RECEPTION),
        ("report-own", "/reports/on-time/", INJECTOR),
        ("report-none", "/reports/overrides/?last=2020-01-02&first=2020-01-01", INJECTOR),
        ("report-bad-day", "/reports/overrides/?first=31/02/2026", INJECTOR),
        ("report-early", "/reports/intervals/early/", MANAGER),
        ("report-gap", "/reports/data-quality/questions/", MANAGER),
        ("report-gap-none", "/reports/data-quality/phone/", MANAGER),
        ("not-allowed", f"/patients/{clear}/treat/", RECEPTION),
        ("not-found", "/patients/AAAAAA/", RECEPTION),
        ("admin", "/admin/", MANAGER),
        ("admin-licences", "/admin/treatments/licence/", MANAGER),
        ("admin-licence", "/admin/treatments/licence/1/change/", MANAGER),
        ("admin-patients", "/admin/treatments/patient/", MANAGER),
        ("admin-visit-new", "/admin/treatments/appointment/add/", MANAGER),
        ("admin-visit", f"/admin/treatments/appointment/{soft_row}/change/", MANAGER),
        ("admin-hours", "/admin/clinic/workinghours/", MANAGER),
        ("admin-hours-new", "/admin/clinic/workinghours/add/", MANAGER),
        ("admin-visits-outside", "/admin/clinic/workinghours/outside/", MANAGER),
        ("admin-exception-new", "/admin/clinic/hoursexception/add/", MANAGER),
        ("admin-closed-days", "/admin/clinic/closedday/", MANAGER),
        ("admin-holidays", f"/admin/clinic/closedday/suggest/?year={on.year + 1}", MANAGER),
        ("admin-settings-look", "/admin/treatments/clinicsettings/look/", MANAGER),
        ("admin-service-new", "/admin/treatments/service/add/", MANAGER),
        ("admin-plans", "/admin/treatments/contactplan/", MANAGER),
        ("admin-plan", f"/admin/treatments/contactplan/{plan}/change/", MANAGER),
        ("admin-steps", "/admin/treatments/contactstep/", MANAGER),
        ("admin-step", f"/admin/treatments/contactstep/{step}/change/", MANAGER),
        ("admin-lots", "/admin/treatments/lotstop/", MANAGER),
        ("admin-overrides", "/admin/treatments/visitoverride/", MANAGER),
        ("admin-merges", "/admin/treatments/patientmerge/", MANAGER),
        ("admin-months", "/admin/treatments/closedmonth/", MANAGER),
        ("admin-consents", "/admin/treatments/consent/", MANAGER),
        ("admin-wishes", "/admin/treatments/earlierwish/", MANAGER),
        ("admin-texts", "/admin/treatments/messagetext/", MANAGER),
        ("admin-text", f"/admin/treatments/messagetext/{MessageText.objects.get(code='booked').pk}/change/", MANAGER),
        ("admin-settings", "/admin/treatments/clinicsettings/", MANAGER),
        ("admin-audit", "/admin/clinic/auditevent/", MANAGER),
    ]
