"""The admin panel's table of contents, grouped as a manager thinks of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

GROUPS = (
    (
        _("Patients and visits"),
        (
            "Patient",
            "Flag",
            "Appointment",
            "Treatment",
            "Course",
            "Consent",
            "EarlierWish",
            "VisitOverride",
            "PatientMerge",
        ),
    ),
    (_("Rules"), ("Contraindication", "Licence", "DoseLimit", "Schedule")),
    (_("Catalogue"), ("Service", "Product", "LotStop", "Indication", "AdverseEventKind", "OutcomeMeasure")),
    (
        _("Clinic"),
        (
            "User",
            "Practitioner",
            "WorkingHours",
            "HoursException",
            "ClosedDay",
            "Location",
            "Room",
            "ClosedMonth",
            "ContactPlan",
            "ContactStep",
            "MessageText",
            "ClinicSettings",
            "AuditEvent",
        ),
    ),
)
_by_app = admin.site.get_app_list


def app_list(request: HttpRequest, app_label: str | None = None) -> list[Any]:
    """The tables that the person may see, by group; one app's page stays as Django lists it."""
    apps = _by_app(request, app_label)
    if app_label:
        return apps
    seen = {model["object_name"]: (app, model) for app in apps for model in app["models"]}
    groups = []
    for name, wanted in GROUPS:
        rows = [seen[object_name] for object_name in wanted if object_name in seen]
        if rows:
            app = rows[0][0]
            groups.append({**app, "name": name, "models": [model for _app, model in rows]})
    return groups


admin.site.get_app_list = app_list  # type: ignore[method-assign]
