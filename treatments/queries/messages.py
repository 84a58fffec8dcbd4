"""Messages as staff look for them: those that wait for a person, those of a patient, those of a run."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet

from treatments.models import Message, Patient, ReminderRun
from treatments.rules.vocabulary import MessageState

FOR_A_PERSON = [MessageState.FAILED.value, MessageState.UNCERTAIN.value]
AT_MOST = 100
LATE = timedelta(minutes=15)  # that a message waits beyond its time, where a job of every minute sends


class MessageRow(NamedTuple):
    """One message with its patient; `visit` is the visit it is about, "" for a reminder."""

    public_id: str
    kind: str
    channel: str
    address: str
    subject: str
    body: str
    state: str
    why: str
    made_by: str
    made_at: datetime
    not_before_at: datetime
    sent_at: datetime | None
    attempts: int
    delivery: str
    delivery_at: datetime | None
    visit: str | None
    visit_on: date | None
    patient: str
    family_name: str
    given_name: str


_ROW = (
    "public_id", "kind", "channel", "address", "subject", "body", "state", "why", "made_by", "made_at", "not_before_at",
    "sent_at", "attempts", "delivery", "delivery_at", "appointment__public_id", "appointment__on", "patient__public_id",
    "patient__family_name", "patient__given_name",
)  # fmt: skip


def to_look_at() -> QuerySet[Message]:
    """Failed and uncertain ones, the oldest first."""
    return Message.objects.filter(state__in=FOR_A_PERSON).order_by("made_at", "pk")


def late(at: datetime) -> int:
    """How many wait for the job that sends, although their time came a while ago."""
    return Message.objects.filter(state=MessageState.WAITING.value, not_before_at__lte=at - LATE).count()


def of_patient(patient: Patient) -> QuerySet[Message]:
    """All of a patient's, the latest first."""
    return Message.objects.filter(patient=patient).order_by("-made_at", "-pk")


def of_run(run: ReminderRun) -> QuerySet[Message]:
    """What a run has made, in its order."""
    return Message.objects.filter(run=run).order_by("pk")


def rows(found: QuerySet[Message], *, most: int = AT_MOST) -> list[MessageRow]:
    """The first of them, in one query."""
    return [MessageRow(*values) for values in found.values_list(*_ROW)[:most]]
