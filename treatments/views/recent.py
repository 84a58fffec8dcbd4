"""The patients whom somebody opened last: ids in a signed cookie of this browser session, bound to the person."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from treatments.models import Patient

COOKIE, AT_MOST = "recent_patients", 8


def patients(request: HttpRequest) -> list[Patient]:
    """Opened last, latest first; nobody after somebody else has signed in."""
    ids = _ids(request)
    rows = Patient.objects.filter(public_id__in=ids, merged_into__isnull=True) if ids else ()
    found = {patient.public_id: patient for patient in rows}
    return [found[public_id] for public_id in ids if public_id in found]


def remember(request: HttpRequest, response: HttpResponse, patient: Patient) -> None:
    """Put this patient first. A cookie, because a write to the session would cost each page three statements."""
    ids = [patient.public_id, *(public_id for public_id in _ids(request) if public_id != patient.public_id)]
    response.set_signed_cookie(
        COOKIE,
        ".".join(ids[:AT_MOST]),
        salt=_salt(request),
        path=reverse("patients"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def registered() -> list[Patient]:
    """Registered last, for somebody who has opened nobody yet."""
    return list(Patient.objects.filter(merged_into__isnull=True).order_by("-pk")[:AT_MOST])


def _ids(request: HttpRequest) -> list[str]:
    kept = request.get_signed_cookie(COOKIE, default="", salt=_salt(request), max_age=settings.SESSION_COOKIE_AGE)
    return kept.split(".") if kept else []


def _salt(request: HttpRequest) -> str:
    return f"{COOKIE}.{request.user.pk}"
