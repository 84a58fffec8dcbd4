"""A chosen time is kept for five minutes: nobody else is offered it while the booking is confirmed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from treatments.models import Appointment, Patient, SlotHold
from treatments.queries.prepared import prepared
from treatments.services import diary
from treatments.services.acts import act
from treatments.services.diary import Booking

KEPT = timedelta(minutes=5)


@act
def hold(booking: Booking, *, by: str, at: datetime, but: Appointment | None = None) -> SlotHold:
    """Keep the time of a booking for this person; a time chosen before for the same patient is let go.

    `but`: the visit that is being moved there.
    Raises `TimeTaken` where somebody else has it already.
    """
    SlotHold.objects.filter(until__lte=at).delete()
    booking = diary.locked(booking)
    drop(booking.patient, by=by)
    diary.refuse_taken(booking, but=but)
    diary.refuse_held(booking, by=by, at=at)
    return SlotHold.objects.create(
        patient=booking.patient,
        practitioner=booking.practitioner,
        room=booking.room,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        by=by,
        until=at + KEPT,
    )


def drop(patient: Patient, *, by: str) -> None:
    """Let go of what this person keeps for the patient."""
    if held := _of(patient.pk, by):
        SlotHold.objects.filter(pk__in=held).delete()


@prepared
def _of(patient: int, by: str) -> QuerySet[SlotHold, int]:
    return SlotHold.objects.filter(by=by, patient=patient).values_list("pk", flat=True)
