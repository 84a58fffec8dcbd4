"""What patients say about a visit, beside its state, and what they ask reception for."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from clinic import audit
from clinic.models import AuditEvent
from treatments.models import Appointment, ContactAttempt, ContactConsent, Patient, PatientRequest
from treatments.rules.vocabulary import AppointmentState, Outcome, Reply, Way, Wish
from treatments.services import patients, people
from treatments.services.acts import act

PATIENT = "patient link"  # who did it, in the audit trail
BY_TEXT = "text message"
STOPPED = "reminders.stopped"  # in the trail
_OF_THE_VISIT = (Wish.ANOTHER_TIME.value, Wish.CANNOT_COME.value)
_OF_A_TIME = (Wish.A_TIME.value, Wish.CALL.value)
_ASKS = {Reply.NOT_COMING: Wish.CANNOT_COME, Reply.ANOTHER_TIME: Wish.ANOTHER_TIME}
_OPEN = (AppointmentState.BOOKED, AppointmentState.ON_HOLD)


@act
def reply(
    appointment: Appointment,
    said: Reply,
    *,
    by: str,
    at: datetime,
    way: Way,
    wished_at: datetime | None = None,
) -> Appointment:
    """Coming, not coming, or at another time. The visit stays as it is: staff move or cancel it.

    The last answer counts. One that needs somebody is put before reception; coming takes that back.
    """
    people.locked(appointment.patient)
    rows = Appointment.objects.select_for_update(of=("self",)).select_related("patient")
    appointment = rows.get(pk=appointment.pk)
    if AppointmentState(appointment.state) not in _OPEN or appointment.starts_at <= at:
        raise ValidationError(_("This visit can no longer be answered."))
    changed = appointment.reply != said.value
    appointment.reply, appointment.replied_at = said.value, at
    appointment.save(update_fields=["reply", "replied_at"])
    if wish := _ASKS.get(said):
        _open_requests(appointment).exclude(wish=wish.value).update(handled_by=by, handled_at=at)
        ask(appointment.patient, wish, at=at, way=way, appointment=appointment, wished_at=wished_at)
    else:
        settled(appointment, by=by, at=at)
    if changed:
        details = {"reply": said.value, "way": way.value}
        patient = appointment.patient.public_id
        audit.record("appointment.replied", appointment, by=by, at=at, patient=patient, details=details)
    return appointment


@act
def ask(
    patient: Patient | None,
    wish: Wish,
    *,
    at: datetime,
    way: Way,
    appointment: Appointment | None = None,
    wished_at: datetime | None = None,
    words: str = "",
    phone: str = "",
) -> PatientRequest:
    """Put something before reception. Asked again while it waits, it is the same request with the newer words."""
    rows = PatientRequest.objects.filter(patient=patient, appointment=appointment, wish=wish, handled_at__isnull=True)
    row = None if wish == Wish.WORDS else rows.first()
    row = row or PatientRequest(patient=patient, appointment=appointment, wish=wish.value)
    row.way, row.at, row.wished_at, row.words, row.phone = way.value, at, wished_at, words[:2000], phone
    row.save()
    about = patient.public_id if patient else ""
    audit.record("request.received", row, by=_who(way), at=at, patient=about, details={"wish": wish.value})
    return row


@act
def handle(request: PatientRequest, *, by: str, at: datetime) -> PatientRequest:
    """Somebody has dealt with it."""
    return _handled(request, "request.handled", by=by, when=at, at=at)


@act
def reopen(request: PatientRequest, *, by: str, at: datetime) -> PatientRequest:
    """It was not dealt with after all."""
    return _handled(request, "request.reopened", by=by, when=None, at=at)


@act
def called(appointment: Appointment, *, by: str, at: datetime) -> None:
    """Reception has called about a visit and reached nobody."""
    patient = appointment.patient.public_id
    audit.record("appointment.called", appointment, by=by, at=at, patient=patient)


@act
def stop_reminders(patient: Patient, *, by: str, at: datetime) -> None:
    """No reminders from now on; messages about visits that are booked go on.

    It is in the trail also where it was a no already: what the patient has said is not undone with what staff did.
    """
    patients.amend(patient, changes={"contact_consent": ContactConsent.NO}, by=by, at=at)
    audit.record(STOPPED, patient, by=by, at=at, patient=patient.public_id)


def said_no(patient: Patient, *, since: datetime) -> bool:
    """Whether a no to reminders came after that moment: by the patient, logged with a call, or set on the record."""
    trail = AuditEvent.objects.filter(object_id=patient.public_id, at__gt=since)
    no = Q(verb=STOPPED) | Q(verb="patient.amended", details__contact_consent__1=ContactConsent.NO.value)
    calls = ContactAttempt.objects.filter(course__patient=patient, outcome=Outcome.STOP, undone_at=None, at__gt=since)
    return trail.filter(no).exists() or calls.exists()


def settled(appointment: Appointment, *, by: str, at: datetime) -> None:
    """What the patient wanted of this visit is done, or no longer wanted."""
    _open_requests(appointment).update(handled_by=by, handled_at=at)


def booked(patient: Patient, *, by: str, at: datetime) -> None:
    """The patient has a visit: whoever asked for a time, or for a call about one, waits no longer."""
    asked = PatientRequest.objects.filter(patient=patient, appointment=None, wish__in=_OF_A_TIME, handled_at=None)
    asked.update(handled_by=by, handled_at=at)


def forget(appointment: Appointment) -> None:
    """The visit has another time: the answer was about the old one. The caller saves it."""
    appointment.reply, appointment.replied_at = "", None


def _open_requests(appointment: Appointment) -> QuerySet[PatientRequest]:
    return PatientRequest.objects.filter(appointment=appointment, wish__in=_OF_THE_VISIT, handled_at__isnull=True)


def _handled(request: PatientRequest, verb: str, *, by: str, when: datetime | None, at: datetime) -> PatientRequest:
    row = PatientRequest.objects.select_for_update().get(pk=request.pk)
    if bool(row.handled_at) == bool(when):
        return row
    row.handled_by, row.handled_at = by if when else "", when
    row.save(update_fields=["handled_by", "handled_at"])
    audit.record(verb, row, by=by, at=at, patient=row.patient.public_id if row.patient else "")
    return row


def _who(way: Way) -> str:
    return PATIENT if way == Way.LINK else BY_TEXT
