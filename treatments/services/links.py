"""Links for patients: made with a message, found again from the address, ended when they are no longer true.

The address holds 128 random bits and a short signature. A forged one is refused by the signature alone: it never reaches
the database. The signature is cut to 48 bits because the address stands in text messages; the secret is the random part.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.utils import timezone

from clinic import audit
from treatments.models import Appointment, Patient, PatientLink
from treatments.rules.vocabulary import AppointmentState
from treatments.services.acts import act

VISIT, DUE, STOP = "visit", "due", "stop"
TRIES = 5
EXAMPLE = "kQ3v8xWb2LrT5nYp0cZsGd.Ab3dEf7h"  # opens nothing; as long as a real one, for previews
_AFTER_THE_VISIT = timedelta(days=7)
_LASTS = {DUE: timedelta(days=90), STOP: timedelta(days=400)}
_TOKEN_BYTES = 16
_FORGET_WITHIN = timedelta(days=60)


class Ended(Exception):
    """The link is forged, unknown, out of date, or no longer true. Nothing tells the one from the other."""


class TooManyTries(Exception):
    """The date of birth was wrong too often."""


class _Signer(signing.Signer):
    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        return super().signature(value, key)[:8]


def make(patient: Patient, purpose: str, *, at: datetime, appointment: Appointment | None = None) -> str:
    """A new link's whole address. `purpose`: visit (needs the appointment), due, stop."""
    if (purpose == VISIT) != (appointment is not None):
        raise ValueError("A link for a visit needs the visit, and no other link has one.")
    link = PatientLink.objects.create(
        token=secrets.token_urlsafe(_TOKEN_BYTES),
        purpose=purpose,
        patient=patient,
        appointment=appointment,
        told=told(appointment) if appointment else "",
        made_at=at,
        expires_at=_ends_of_itself(purpose, appointment, at),
    )
    return address(link)


def address(link: PatientLink) -> str:
    """Where the patient finds it; where mail programs stop reminders with one request, it is the page that stops them."""
    return f"{settings.CLINIC_URL.rstrip('/')}/v/{signed(link)}/{'stop/' if link.purpose == STOP else ''}"


def example() -> str:
    """An address as long as a real one, where words are only looked at."""
    return f"{settings.CLINIC_URL.rstrip('/')}/v/{EXAMPLE}/"


def signed(link: PatientLink) -> str:
    """The token as it stands in addresses."""
    return _signer().sign(link.token)


def told(appointment: Appointment) -> str:
    """What a message says of a visit. Staff may hold, release or check it in: to the patient it is the same visit."""
    return f"{timezone.localtime(appointment.starts_at):%Y-%m-%d %H:%M} {appointment.room.location_id}"


def known(text: str) -> PatientLink:
    """The link of an address, ended or not: stopping reminders is never too late. Raises `Ended` where there is none."""
    try:
        token = _signer().unsign(text)
    except signing.BadSignature:
        raise Ended from None
    rows = PatientLink.objects.select_related(
        "patient", "appointment__practitioner", "appointment__room__location", "appointment__service"
    )
    link = rows.filter(token=token).first()
    if link is None:
        raise Ended
    return link


def find(text: str, *, at: datetime) -> PatientLink:
    """The link of an address, as long as it holds. Raises `Ended`."""
    link = known(text)
    if link.ended_at or link.expires_at <= at or link.patient.died_on or link.patient.merged_into_id:
        raise Ended
    visit = link.appointment
    if visit and not (visit_counts(visit) and visit.patient_id == link.patient_id and link.told == told(visit)):
        raise Ended
    return link


def visit_counts(visit: Appointment) -> bool:
    """A visit that was cancelled or missed is no longer what the message said."""
    return AppointmentState(visit.state).takes_time


@act
def prove(link: PatientLink, born_on: object, *, at: datetime) -> bool:
    """Whether this is the patient's date of birth. The fifth wrong one closes what needs it: `TooManyTries`."""
    row = PatientLink.objects.select_for_update().select_related("patient").get(pk=link.pk)
    if row.failed_tries >= TRIES:
        raise TooManyTries
    if born_on == row.patient.born_on:
        return True
    row.failed_tries += 1
    row.save(update_fields=["failed_tries"])
    details = {"purpose": row.purpose, "tries": row.failed_tries}
    audit.record("link.refused", row, by="patient link", at=at, patient=row.patient.public_id, details=details)
    return False


@act
def end(link: PatientLink, *, by: str, at: datetime) -> None:
    """Close the link before its time, with whatever was begun in it."""
    if PatientLink.objects.filter(pk=link.pk, ended_at__isnull=True).update(ended_at=at, draft={}):
        audit.record("link.ended", link, by=by, at=at, patient=link.patient.public_id)


def end_all(patient: Patient, *, at: datetime) -> None:
    """Every link of a patient: the number or address they were sent to was not, or is no longer, theirs."""
    PatientLink.objects.filter(patient=patient, ended_at__isnull=True, expires_at__gt=at).update(ended_at=at, draft={})


def forget_drafts(*, at: datetime) -> None:
    """Answers that were begun and never sent go when their link does."""
    over = PatientLink.objects.filter(expires_at__lte=at, expires_at__gt=at - _FORGET_WITHIN)
    over.exclude(draft={}).update(draft={})


def _signer() -> _Signer:
    return _Signer(sep=".", salt="treatments.services.links")


def _ends_of_itself(purpose: str, appointment: Appointment | None, at: datetime) -> datetime:
    return appointment.ends_at + _AFTER_THE_VISIT if appointment else at + _LASTS[purpose]
