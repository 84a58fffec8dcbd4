"""Every page of the demo clinic by name, for the accessibility check and the screenshots."""

from __future__ import annotations

from datetime import date

from treatments.models import Appointment, Flag, Patient, Treatment

INJECTOR, RECEPTION, MANAGER = "osei", "maya", "ito"


def places(on: date) -> list[tuple[str, str, str]]:
    """Name, address, and who opens it."""
    person = {p.family_name: p.public_id for p in Patient.objects.all()}
    clear, blocked, caution, doubtful = person["Adeyemi"], person["Greene"], person["Reyes"], person["Keller"]
    visit = Appointment.objects.get(patient__family_name="Quinn").public_id
    held = Appointment.objects.get(patient__family_name="Greene").public_id
    overridden = Appointment.objects.exclude(override_by="").get().public_id
    soft = Appointment.objects.get(patient__family_name="Hughes").public_id
    treatment = Treatment.objects.filter(patient__family_name="Lind").order_by("-performed_on").first()
    flag = Flag.objects.get(patient__family_name="Greene").public_id
    assert treatment is not None
    return [
        ("today", "/today/", INJECTOR),
        ("today-empty", "/today/?date=2027-01-01", RECEPTION),
        ("today-bad-date", "/today/?date=31/02/2026", RECEPTION),
        ("due-soon", "/due/soon/", RECEPTION),
        ("due-now", "/due/now/", RECEPTION),
        ("due-overdue", "/due/overdue/", RECEPTION),
        ("due-lapsed", "/due/lapsed/", RECEPTION),
        ("due-on-hold", "/due/on-hold/", INJECTOR),
        ("patients", "/patients/", RECEPTION),
        ("patient-new", "/patients/new/", RECEPTION),
        ("patient", f"/patients/{clear}/", INJECTOR),
        ("patient-blocked", f"/patients/{blocked}/", RECEPTION),
        ("patient-doubtful", f"/patients/{doubtful}/", INJECTOR),
        ("patient-edit", f"/patients/{clear}/edit/", RECEPTION),
        ("course-stop", f"/patients/{clear}/courses/glabellar_lines/stop/", INJECTOR),
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
        ("not-allowed", f"/patients/{clear}/treat/", RECEPTION),
        ("not-found", "/patients/AAAAAA/", RECEPTION),
        ("admin", "/admin/", MANAGER),
        ("admin-licences", "/admin/treatments/licence/", MANAGER),
        ("admin-licence", "/admin/treatments/licence/1/change/", MANAGER),
        ("admin-patients", "/admin/treatments/patient/", MANAGER),
        ("admin-visit-new", "/admin/treatments/appointment/add/", MANAGER),
        ("admin-audit", "/admin/clinic/auditevent/", MANAGER),
    ]
