"""The list of those who would come earlier, who asked first on top."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet

from treatments.models import Appointment, EarlierWish, Patient

AT_MOST = 100


def wishes() -> QuerySet[EarlierWish]:
    """The open wishes with their patient and the visit that is booked; two queries, whatever the number."""
    rows = EarlierWish.objects.filter(ended_at__isnull=True)
    return rows.select_related("patient", "appointment", "appointment__practitioner", "practitioner").order_by(
        "asked_at", "pk"
    )


def next_visit(patient: Patient, day: date, *, public_id: str = "") -> Appointment | None:
    """The visit that was named, else the patient's next one, of those that are still to come."""
    rows = Appointment.objects.upcoming(day).filter(patient=patient).order_by("starts_at", "pk")
    named = rows.filter(public_id=public_id.upper()).first() if public_id.isalnum() else None
    return named or rows.first()
