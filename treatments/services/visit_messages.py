"""Messages about a visit: noted with the act, decided when their time comes from what is true then.

An act notes what the patient knew before it. Three minutes later that is compared with how the visit stands: nothing
new, and nothing is sent; several acts in between make one message, an undone one makes none. They go to everybody who
can be reached: the consent that a patient gives or takes back is for reminders.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from treatments.models import Appointment, ContactPlan, Message, MessageText, Patient
from treatments.models.fields import new_long_id
from treatments.queries import reminders as find
from treatments.rules.quiet_hours import quiet_ends
from treatments.rules.reminders import first_of
from treatments.rules.vocabulary import AppointmentState, MessageState, Reply, Way
from treatments.services import outbox, wording
from treatments.services.outbox import Claimed

VISIT, TOMORROW = "visit", "tomorrow"  # what a message is before it is decided
UNDO = timedelta(minutes=3)
_ORDER = (Way.SMS.value, Way.EMAIL.value)
_SOON = timedelta(hours=24)  # what was done with a visit within that is told of in quiet hours too
_UNKNOWN = "new"


@dataclass(frozen=True, slots=True)
class Says:
    """What is to be said of a visit: which text, and of which time."""

    text: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """A visit as its patient knows it: when, and at which location (its row)."""

    starts_at: datetime
    location: int

    def __str__(self) -> str:
        return f"{self.location}@{self.starts_at.isoformat()}"


def as_it_stands(visit: Appointment) -> Known:
    """What somebody knows who has been told of the visit as it is."""
    return Known(visit.starts_at, visit.room.location_id)


class Untrue(Exception):
    """There is nothing to say any more; the sentence says why."""


def note(visit: Appointment, *, knew: Known | None, by: str, at: datetime) -> None:
    """In the transaction of an act: look in three minutes whether the patient has to be told.

    `knew`: the visit as the patient knew it before; None where there was no visit to their knowledge. A note that is
    already waiting keeps what it remembers, and waits again.
    """
    about = Message.objects.filter(appointment=visit, key__startswith=f"{VISIT}:")
    if about.filter(state=MessageState.WAITING.value).update(not_before_at=at + UNDO):
        return
    last = about.order_by("-made_at", "-pk").first()
    if last and _kept_for_the_hold(last):
        knew = _knew(last)
    if visit.starts_at <= at and (knew is None or knew.starts_at <= at):
        return
    Message.objects.create(
        public_id=new_long_id(),
        key=f"{VISIT}:{visit.public_id}:{visit.version}:{knew or _UNKNOWN}",
        kind=VISIT,
        patient_id=visit.patient_id,
        appointment=visit,
        made_by=by,
        made_at=at,
        not_before_at=at + UNDO,
    )


def note_release(visit: Appointment, *, by: str, at: datetime) -> None:
    """A visit goes ahead again. Whoever was not told of it while it was on hold is told now."""
    last = Message.objects.filter(appointment=visit, key__startswith=f"{VISIT}:").order_by("-made_at", "-pk").first()
    if last and _kept_for_the_hold(last):
        note(visit, knew=_knew(last), by=by, at=at)


def tomorrow(on: date) -> list[int]:
    """The visits of the next day that are booked and whose patients have not been told of it."""
    visits = Appointment.objects.filter(on=on + timedelta(days=1), state=AppointmentState.BOOKED.value)
    told = Message.objects.filter(kind=TOMORROW, key__endswith=f":{on + timedelta(days=1)}", appointment__in=visits)
    told = told.exclude(state=MessageState.DROPPED.value).order_by()
    return list(
        visits.exclude(pk__in=told.values("appointment")).order_by("starts_at", "pk").values_list("pk", flat=True)
    )


def note_tomorrow(visit: Appointment, *, by: str, at: datetime) -> Message | None:
    """Tell of a visit of the next day; None where that is not to be, or not at any hour of today that is left.

    The patient is held by the caller.
    """
    day = timezone.localtime(visit.starts_at).date()
    key = f"{TOMORROW}:{visit.public_id}:{day}"
    lately = Message.objects.filter(appointment=visit).exclude(state=MessageState.DROPPED.value)
    if lately.filter(Q(key=key) | Q(sent_at__gt=at - _SOON) | Q(state=MessageState.WAITING.value)).exists():
        return None
    try:
        says = _says_tomorrow(visit, at)
        way_to(visit.patient, MessageText.objects.get(code=says.text))
    except Untrue:
        return None
    until = _quiet_until(says, at)
    if until and timezone.localtime(until).date() != timezone.localtime(at).date():
        return None
    return Message.objects.create(
        public_id=new_long_id(),
        key=key, kind=TOMORROW, patient_id=visit.patient_id, appointment=visit, made_by=by, made_at=at, not_before_at=at,
    )  # fmt: skip


def settle(message: Message, *, at: datetime) -> Claimed | None:
    """A claimed message becomes what is true now: its words, or nothing. The patient is held by the caller."""
    visit = message.appointment
    try:
        if visit is None:
            raise Untrue(_("The visit is not on record."))
        says = _says_tomorrow(visit, at) if _is_tomorrow(message) else _says(visit, _knew(message), at)
        text = MessageText.objects.get(code=says.text)
        way = way_to(message.patient, text)
    except Untrue as untrue:
        outbox.drop(message, why=str(untrue))
        return None
    if until := _quiet_until(says, at):
        outbox.postpone(message, until=until)
        return None
    words = wording.of_visit(text, visit, way=way, starts_at=says.starts_at, at=at)
    message.kind = message.text_code = says.text
    message.channel, message.address = way, wording.address_of(message.patient, way)
    message.subject, message.body = words.subject, words.body
    message.too_late_at = says.starts_at
    message.save(update_fields=["kind", "text_code", "channel", "address", "subject", "body", "too_late_at"])
    return Claimed(message)


def _says(visit: Appointment, knew: Known | None, at: datetime) -> Says:
    """How the visit stands against what the patient knew."""
    if visit.state == AppointmentState.CANCELLED:
        if knew is None:
            raise Untrue(_("The visit was taken back before anybody was told of it."))
        if knew.starts_at <= at:
            raise Untrue(_("The time of the visit has passed."))
        return Says("cancelled", knew.starts_at)
    if visit.state == AppointmentState.ON_HOLD:
        raise Untrue(_held())
    if visit.state != AppointmentState.BOOKED or visit.starts_at <= at:
        raise Untrue(_("The time of the visit has come."))
    if knew is None:
        return Says("booked", visit.starts_at)
    if knew == as_it_stands(visit):
        raise Untrue(_("The visit is as the patient knew it."))
    return Says("changed", visit.starts_at)


def _says_tomorrow(visit: Appointment, at: datetime) -> Says:
    day = timezone.localtime(at).date() + timedelta(days=1)
    if visit.state != AppointmentState.BOOKED or visit.on != day:
        raise Untrue(_("The visit is no longer booked for the next day."))
    if visit.reply == Reply.NOT_COMING:
        raise Untrue(_("The patient has said that they cannot come."))
    return Says(TOMORROW, visit.starts_at)


def way_to(patient: Patient, text: MessageText) -> str:
    """How the patient is told. Whoever stopped reminders still hears of a visit: the page on which they did says so."""
    if patient.died_on or patient.merged_into_id:
        raise Untrue(_("The patient has died, or the record was merged into another one."))
    way = first_of(_ORDER, [way for way in find.reachable(patient.phone, patient.email) if way in text.ways])
    if not way:
        raise Untrue(_("There is no way to reach the patient by a message."))
    return way


def _quiet_until(says: Says, at: datetime) -> datetime | None:
    if says.text != TOMORROW and says.starts_at - at < _SOON:
        return None
    return quiet_until(at)


def quiet_until(at: datetime) -> datetime | None:
    """When the quiet hours of the usual plan end, where they hold at this moment."""
    plan = ContactPlan.objects.filter(is_usual=True).first()
    return quiet_ends(at, plan.quiet_from, plan.quiet_until, ZoneInfo(settings.TIME_ZONE)) if plan else None


def _is_tomorrow(message: Message) -> bool:
    return message.key.startswith(f"{TOMORROW}:")


def _knew(message: Message) -> Known | None:
    said = message.key.split(":", 3)[3].removesuffix(f":{message.public_id}")
    if said == _UNKNOWN:
        return None
    location, _at, starts_at = said.partition("@")
    return Known(datetime.fromisoformat(starts_at), int(location))


def _kept_for_the_hold(message: Message) -> bool:
    """The patient still knows what they knew before this message, which the hold has kept from them."""
    return message.state == MessageState.DROPPED and message.why == _held()


def _held() -> str:
    return _("The visit is on hold.")
