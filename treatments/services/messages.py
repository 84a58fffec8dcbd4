"""The outbox, every minute: what waits is decided and sent, what was given up is shown, what a person says is done."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic.models import AuditEvent
from treatments.models import Message, Reminder
from treatments.queries.reminders import REMINDER
from treatments.rules.vocabulary import MessageState
from treatments.services import one_by_one, outbox, people, reminders, visit_messages
from treatments.services.acts import act
from treatments.services.outbox import Claimed, Watch
from treatments.services.visit_messages import UNDO

log = logging.getLogger(__name__)
MARKED_SENT, SENT_AGAIN, LEFT = "message.marked_sent", "message.sent_again", "message.left"  # in the trail
_LED_TO = {MARKED_SENT: MessageState.SENT, SENT_AGAIN: MessageState.WAITING, LEFT: MessageState.DROPPED}
AT_ONCE = 500  # of one call: after a day without the provider, the rest follows a minute later
_DELIVERED = "delivered"
_NOT_DELIVERED = ("failed", "undelivered", "undeliverable", "rejected", "bounced", "expired")


class Done(NamedTuple):
    """What one call did. `given_up`: claims that a person has to look at."""

    counts: Counter[str]
    given_up: int


def send_waiting(*, at: datetime, most: int = AT_ONCE) -> Done:
    """Send every message whose time has come and that is still true. Any number of these may run at once."""
    watch, worker, counts = Watch(at), outbox.worker_name(), Counter[str]()
    given_up = outbox.give_up_stale(at=at)
    waiting = Message.objects.filter(state=MessageState.WAITING.value, not_before_at__lte=at)
    for pk, patient in list(waiting.order_by("not_before_at", "pk").values_list("pk", "patient")[:most]):
        try:
            counts[_one(pk, patient, watch, worker)] += 1
        except Exception as error:  # one message never ends the others, and never stands before them for ever
            log.exception("Message row %s failed.", pk)
            counts["error"] += 1
            _put_off(pk, type(error).__name__, at=watch.now())
    return Done(counts, given_up)


def _put_off(pk: int, why: str, *, at: datetime) -> None:
    try:
        outbox.put_off(pk, at=at, why=why)
    except Exception:  # the database itself: the others may still go
        log.exception("Message row %s could not be put off.", pk)


def _one(pk: int, patient: int, watch: Watch, worker: str) -> str:
    claimed = _claim(pk, patient, at=watch.now(), worker=worker)
    return outbox.deliver(claimed, watch=watch).value if claimed else "not sent"


@act
def _claim(pk: int, patient: int, *, at: datetime, worker: str) -> Claimed | None:
    if outbox.locked(patient, wait=False) is None or not Message.objects.filter(pk=pk, patient=patient).exists():
        return None  # somebody is at the record, or it was merged meanwhile: a minute later
    message = outbox.claim(pk, at=at, worker=worker)
    if message is None:
        return None
    if message.too_late_at and message.too_late_at <= at:
        outbox.drop(message, why=_("It was too late to send it."))
        return None
    return settled(message, at=at)


def settled(message: Message, *, at: datetime) -> Claimed | None:
    """A claimed message with the words that are true now; None where there are none. The patient is held."""
    if message.key.startswith(f"{one_by_one.ASKED}:"):
        return one_by_one.settle(message, at=at)
    topic = reminders if message.kind == REMINDER else visit_messages
    return topic.settle(message, at=at)


# ---- a person decides ----


@act
def mark_sent(message: Message, *, by: str, at: datetime) -> Message:
    """Somebody has asked the provider or the patient, or leaves it at that: it counts as sent."""
    message = _of_a_person(message, MessageState.UNCERTAIN)
    outbox.said(message, MARKED_SENT, by=by, at=at, why=message.why, was=message.state)
    message.state, message.sent_at = MessageState.SENT.value, message.claimed_at or at
    message.why = _("Counted as sent by a person.")
    message.save(update_fields=["state", "sent_at", "why"])
    return message


@act
def send_again(message: Message, *, by: str, at: datetime) -> Message:
    """Once more in three minutes, if it is still to be sent then."""
    message = _of_a_person(message, MessageState.UNCERTAIN, MessageState.FAILED)
    refused = _take_steps_back(message)
    outbox.said(message, SENT_AGAIN, by=by, at=at, why=message.why, was=message.state, refused=refused)
    message.state, message.not_before_at, message.attempts = MessageState.WAITING.value, at + UNDO, 0
    message.claimed_by, message.too_late_at, message.why = "", None, ""
    message.save(update_fields=["state", "not_before_at", "attempts", "claimed_by", "too_late_at", "why"])
    return message


def _take_steps_back(message: Message) -> bool:
    """A refused reminder is tried by its own way again. ValidationError where it has gone another way meanwhile."""
    for row in message.reminders.filter(refused=True):
        if Reminder.objects.filter(
            course=row.course_id, cycle_on=row.cycle_on, step=row.step_id, refused=False
        ).exists():
            raise ValidationError(_("The reminder has gone another way meanwhile. Nothing was changed."))
    return bool(message.reminders.filter(refused=True).update(refused=False))


@act
def leave(message: Message, *, by: str, at: datetime) -> Message:
    """Nobody has to look at a failed message any more: it stays unsent."""
    message = _of_a_person(message, MessageState.FAILED)
    outbox.said(message, LEFT, by=by, at=at, why=message.why, was=message.state)
    message.state = MessageState.DROPPED.value  # its step stays taken: the next run does not try the same again
    message.why = (_("Left unsent by a person: %(why)s") % {"why": message.why})[:200]
    message.save(update_fields=["state", "why"])
    return message


@act
def undo(message: Message, *, by: str, at: datetime) -> Message:
    """What a person decided of it is taken back, while nothing has become of it since."""
    message = _held(message)
    last = AuditEvent.objects.filter(object_type="message", object_id=message.public_id).order_by("-pk").first()
    if last is None or _LED_TO.get(last.verb) != message.state:
        raise ValidationError(_("Something has become of the message meanwhile. Nothing was changed."))
    message.state, message.why = last.details["was"], last.reason
    if last.verb == MARKED_SENT:
        message.sent_at = None
    message.save(update_fields=["state", "why", "sent_at"])
    if last.details.get("refused"):
        outbox.free_for_another_way(message)
    outbox.said(message, "message.undone", by=by, at=at)
    return message


def _held(message: Message) -> Message:
    people.locked(message.patient)
    return Message.objects.select_for_update(of=("self",)).select_related("patient").get(pk=message.pk)


def _of_a_person(message: Message, *states: MessageState) -> Message:
    row = _held(message)
    if row.state not in {state.value for state in states}:
        said = {"state": row.get_state_display().lower()}
        raise ValidationError(_("The message is “%(state)s” by now. Nothing was changed.") % said)
    return row


# ---- the provider says ----


@act
def delivered(provider_ref: str, status: str, at: datetime) -> bool:
    """What the provider says became of a message: it settles what nobody was certain of, and shows what did not arrive.

    False where no message has this number: it is not ours, or nobody has noted the number yet.
    """
    message = _named(provider_ref)
    if message is None:
        return False
    if message.delivery == _DELIVERED:  # reports may come out of order: what arrived has arrived
        return True
    changes: dict[str, object] = {"delivery": status[:20], "delivery_at": at}
    if status == _DELIVERED and message.state not in (MessageState.SENT, MessageState.DROPPED):
        sent_at = message.sent_at or message.claimed_at or at
        changes |= {"state": MessageState.SENT.value, "sent_at": sent_at, "why": ""}
    elif status in _NOT_DELIVERED and message.state != MessageState.DROPPED:
        changes |= {"state": MessageState.FAILED.value, "why": _("The provider could not deliver it.")}
        outbox.free_for_another_way(message)
    Message.objects.filter(pk=message.pk).update(**changes)
    outbox.said(message, "message.delivery", by="provider", at=at, why=status[:20])
    return True


def _named(provider_ref: str) -> Message | None:
    """The message of the provider's number, or of the key that we gave, held: a mark that is being made is waited for."""
    if not provider_ref:
        return None
    rows = Message.objects.select_for_update(of=("self",)).select_related("patient")
    return rows.filter(provider_ref=provider_ref).first() or rows.filter(public_id=provider_ref).first()
