"""What the admin's forms send and say."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from clinic.models import Practitioner, Room
from tests import factories
from treatments.models import Appointment, Patient


def url(model: str, page: str, *args: Any, app: str = "treatments") -> str:
    return reverse(f"admin:{app}_{model}_{page}", args=args)


def said(answer: HttpResponse) -> dict[str, list[str]]:
    """The errors of the form that came back, by field."""
    assert answer.status_code == 200, answer.status_code
    return {name: [str(error) for error in errors] for name, errors in answer.context["adminform"].form.errors.items()}


def booking(person: Patient, **fields: Any) -> dict[str, Any]:
    """A visit for the frown, tomorrow at ten."""
    return {
        "patient": person.pk,
        "indications": [factories.indication().pk],
        "product": factories.product().pk,
        "practitioner": (Practitioner.objects.first() or factories.practitioner()).pk,
        "room": (Room.objects.first() or factories.room()).pk,
        "starts_at_0": "23/11/2026",
        "starts_at_1": "10:00",
        "minutes": "30",
        "note": "",
    } | fields


def change(visit: Appointment, act_on: str, **fields: Any) -> dict[str, Any]:
    """One act on a booked visit, with its time, person and room as they are."""
    return {
        "act_on": act_on,
        "practitioner": visit.practitioner_id,
        "room": visit.room_id,
        "starts_at_0": "23/11/2026",
        "starts_at_1": "10:00",
        "minutes": "30",
        "seen_version": visit.version,
        "reason": "",
        "who": "",
    } | fields
