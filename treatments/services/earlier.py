"""Patients who would come sooner: asked for, fulfilled by the next booking, or closed."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import QuerySet

from clinic import audit
from clinic.models import Practitioner
from treatments.models import Appointment, EarlierWish, Patient
from treatments.queries.prepared import prepared
from treatments.services import people
from treatments.services.acts import act


@act
def ask(
    patient: Patient,
    *,
    by: str,
    at: datetime,
    appointment: Appointment | None = None,
    practitioner: Practitioner | None = None,
    not_before_on: date | None = None,
    note: str = "",
) -> EarlierWish:
    """Put the patient on the list; somebody who is on it already keeps the place and gets the new words."""
    patient = people.locked(patient)
    wish = EarlierWish.objects.filter(patient=patient, ended_at__isnull=True).first()
    wish = wish or EarlierWish(patient=patient, asked_by=by, asked_at=at)
    wish.appointment, wish.practitioner, wish.not_before_on, wish.note = appointment, practitioner, not_before_on, note
    wish.clean_fields(exclude=["patient", "appointment", "practitioner"])
    wish.save()
    audit.record("earlier.asked", wish, by=by, at=at, patient=patient.public_id, reason=note)
    return wish


def fulfilled(patient: Patient, *, at: datetime) -> None:
    """The patient has a new time: the wish is over."""
    if wishes := _open_wishes(patient.pk):
        EarlierWish.objects.filter(pk__in=wishes).update(ended_at=at, ended_why="booked")


@prepared
def _open_wishes(patient: int) -> QuerySet[EarlierWish, int]:
    return EarlierWish.objects.filter(patient=patient, ended_at__isnull=True).values_list("pk", flat=True)


@act
def close(wish: EarlierWish, *, by: str, at: datetime) -> None:
    """Take the patient off the list."""
    open_wishes = EarlierWish.objects.filter(patient=wish.patient_id, ended_at__isnull=True)  # two after a merge
    open_wishes.update(ended_at=at, ended_why="closed")
    audit.record("earlier.closed", wish, by=by, at=at, patient=wish.patient.public_id)
