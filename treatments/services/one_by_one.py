"""Messages that a person sends, one case at a time: confirm and answer, speak to us first, we missed you, a bad lot.

Asked for now, sent three minutes later, and only if it is still true then. They go to everybody who can be reached, like
all messages about a visit; never in the quiet hours, and the same never twice on a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from treatments.models import Appointment, CourseBlock, Message, MessageText, Treatment
from treatments.models.appointments import LIVE
from treatments.models.fields import new_long_id
from treatments.queries import lots, telephone
from treatments.rules.vocabulary import AppointmentState, Reply
from treatments.services import outbox, people, wording
from treatments.services.acts import act
from treatments.services.outbox import Claimed
from treatments.services.visit_messages import UNDO, Untrue, quiet_until, way_to
from treatments.services.wording import Words

QUESTIONS, ON_HOLD, MISSED, LOT = "questions", "on_hold", "missed", "lot"  # the codes of their texts
ASKED = "asked"  # how the key of each begins
About = Appointment | Treatment
_OF_STATE = {
    AppointmentState.BOOKED: QUESTIONS,
    AppointmentState.ON_HOLD: ON_HOLD,
    AppointmentState.MISSED: MISSED,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it would go now: by which way, to which address, in which words. `quiet`: not before that moment."""

    way: str
    address: str
    words: Words
    quiet: datetime | None


def code_of(visit: Appointment, *, at: datetime) -> str:
    """The message that the state of a visit asks for; "" for none, and where its time has come."""
    code = _OF_STATE.get(AppointmentState(visit.state), "")
    return code if code == MISSED or visit.starts_at > at else ""


def draft(about: About, code: str, *, at: datetime) -> Draft:
    """How it would go. Raises `Untrue` with the reason where it must not."""
    text, way = _checked(about, code, at=at)
    if Message.objects.filter(key=_key(about, code, at=at)).exists():
        raise Untrue(_("It was sent today already, or waits to go."))
    values = wording.visit_values(about, about.starts_at, way=way) if isinstance(about, Appointment) else _day(about)
    words = wording.shown(text, about.patient, way=way, **values)
    return Draft(way, wording.address_of(about.patient, way), words, quiet_until(at))


@act
def send(about: About, code: str, *, by: str, at: datetime) -> Message:
    """In three minutes, if it is still true then. Raises `Untrue`."""
    people.locked(about.patient)
    found = draft(about, code, at=at)
    message = Message.objects.create(
        public_id=new_long_id(),
        key=_key(about, code, at=at),
        kind=code,
        patient=about.patient,
        appointment=about if isinstance(about, Appointment) else about.appointment,
        text_code=code,
        channel=found.way,
        address=found.address,
        made_by=by,
        made_at=at,
        not_before_at=at + UNDO,
        too_late_at=at + outbox.KEPT,
    )
    outbox.said(message, "message.asked", by=by, at=at)
    return message


def settle(message: Message, *, at: datetime) -> Claimed | None:
    """A claimed one becomes the words that are true now, or nothing. The patient is held by the caller."""
    code, about = message.kind, _about(message)
    try:
        if about is None or about.patient_id != message.patient_id:
            raise Untrue(_("What it is about is not on this record any more."))
        text, way = _checked(about, code, at=at)
    except Untrue as untrue:
        outbox.drop(message, why=str(untrue))
        return None
    if until := quiet_until(at):
        outbox.postpone(message, until=until)
        return None
    if isinstance(about, Appointment):
        words = wording.of_visit(text, about, way=way, starts_at=about.starts_at, at=at)
    else:
        words = wording.shown(text, about.patient, way=way, **_day(about))
    message.channel, message.address = way, wording.address_of(message.patient, way)
    message.subject, message.body = words.subject, words.body
    message.save(update_fields=["channel", "address", "subject", "body"])
    return Claimed(message)


def take_back(message: Message, *, by: str, at: datetime) -> None:
    """Within the three minutes. ValidationError where it is on its way, or was never a person's."""
    if not message.key.startswith(f"{ASKED}:"):
        raise ValidationError(_("Only a message that a person asked for is taken back."))
    outbox.take_back(message, by=by, at=at)


def _key(about: About, code: str, *, at: datetime) -> str:
    return f"{ASKED}:{code}:{about.public_id}:{timezone.localtime(at).date()}"


def _about(message: Message) -> About | None:
    _asked, code, public_id, *_rest = message.key.split(":")
    if code == LOT:
        return Treatment.objects.select_related("patient", "product").filter(public_id=public_id).first()
    visits = Appointment.objects.select_related("patient", "practitioner", "room")
    return visits.filter(public_id=public_id).first()


def _day(given: Treatment) -> dict[str, str]:
    return {"day": wording.short(given.performed_on)}


# ---- what must be true ----


def _checked(about: About, code: str, *, at: datetime) -> tuple[MessageText, str]:
    """The text and the way, where nothing stands against it."""
    if isinstance(about, Treatment):
        _lot_is_bad(about, code)
    else:
        _visit_is_so(about, code, at)
    if code in (ON_HOLD, LOT) and not telephone.for_patients():
        raise Untrue(_("It asks the patient to call, and the clinic's telephone for patients is not set."))
    text = MessageText.objects.get(code=code)
    return text, way_to(about.patient, text)


def _lot_is_bad(given: Treatment, code: str) -> None:
    if code != LOT or given.voided_at:
        raise Untrue(_("The treatment was voided."))
    if not lots.stopped(given.product, given.lot_number):
        raise Untrue(_("Its lot is not stopped. Stop the lot first, then write to the patient."))


def _visit_is_so(visit: Appointment, code: str, at: datetime) -> None:
    if _OF_STATE.get(AppointmentState(visit.state)) != code:
        raise Untrue(_("The visit is “%(state)s” by now.") % {"state": visit.get_state_display().lower()})
    if code == MISSED:
        _wants_another_time(visit, at)
    elif visit.starts_at <= at:
        raise Untrue(_("The time of the visit has come."))
    elif visit.reply == Reply.NOT_COMING:
        raise Untrue(_("The patient has said that they cannot come."))


def _wants_another_time(visit: Appointment, at: datetime) -> None:
    """Who was missed is asked to choose a new time: not who has one, nor who must not come."""
    on = timezone.localtime(at).date()
    if Appointment.objects.filter(patient=visit.patient_id, state__in=LIVE, on__gte=on).exists():
        raise Untrue(_("The patient has another visit to come."))
    if CourseBlock.objects.in_force(on).filter(course__patient=visit.patient_id).exists():
        raise Untrue(_("A flag is in force: call the patient instead."))
