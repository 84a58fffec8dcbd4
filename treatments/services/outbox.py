"""How a message leaves: claimed in the transaction that decides it, sent outside of any, then marked.

A worker that dies between the provider's yes and the mark leaves a claim. After the lease a person is asked: nothing
is ever sent again on its own where it may have arrived.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from clinic import audit
from clinic.channels import registry
from clinic.channels.base import Outgoing, Rejected, Unavailable, Unknown
from clinic.models import AuditEvent
from treatments.models import Message, Patient, Reminder
from treatments.rules.vocabulary import MessageState
from treatments.services.acts import act

log = logging.getLogger(__name__)
UNCERTAIN = "message.uncertain"  # in the trail
LEASE = timedelta(minutes=10)  # longer than any provider is waited for
MOST_ATTEMPTS = 12  # with the pauses between them, more than a day
KEPT = timedelta(days=3)  # what could not be handed over by then is no longer tried
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker alone may send now."""

    message: Message
    stop_url: str = ""


class Watch:
    """The moment at which something began, and what time it is since: a long run notices the evening."""

    def __init__(self, at: datetime) -> None:
        self._at, self._started = at, time.monotonic()

    def now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._started)


def worker_name() -> str:
    """Who claims: the machine, the process, and something that no other process has."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


def locked(patient: int, *, wait: bool) -> Patient | None:
    """The patient, held to the end of the transaction. None where somebody else holds them and we do not wait."""
    skip = not wait and connection.features.has_select_for_update_skip_locked
    return Patient.objects.select_for_update(skip_locked=skip).filter(pk=patient).first()


def deliver(claimed: Claimed, *, watch: Watch) -> MessageState:
    """Hand the message over and mark what came of it. Outside of any transaction."""
    message = claimed.message
    outgoing = Outgoing(message.public_id, message.address, message.body, message.subject, claimed.stop_url)
    try:
        reference = registry.channel(message.channel).send(outgoing)
    except Rejected as error:
        return _mark(message, MessageState.FAILED, at=watch.now(), why=str(error), refused=True)
    except Unavailable as error:
        return _try_again(message, at=watch.now(), why=str(error))
    except Unknown as error:
        return _mark(message, MessageState.UNCERTAIN, at=watch.now(), why=str(error))
    except Exception as error:  # a channel's own mistake: how far it had come, nobody knows
        log.exception("The channel of message %s failed in a way of its own.", message.public_id)
        return _mark(message, MessageState.UNCERTAIN, at=watch.now(), why=type(error).__name__)
    return _mark(message, MessageState.SENT, at=watch.now(), reference=reference)


def pause_after(attempts: int) -> timedelta:
    """Longer after each attempt, up to four hours."""
    return min(_FIRST_PAUSE * 2 ** max(0, attempts - 1), _LONGEST_PAUSE)


def _try_again(message: Message, *, at: datetime, why: str) -> MessageState:
    again = at + pause_after(message.attempts)
    if message.attempts >= MOST_ATTEMPTS or (message.too_late_at and again >= message.too_late_at):
        return _mark(message, MessageState.FAILED, at=at, why=_("Given up: %(why)s") % {"why": why})
    return _mark(message, MessageState.WAITING, at=at, why=why, again=again)


@act
def _mark(
    message: Message,
    state: MessageState,
    *,
    at: datetime,
    why: str = "",
    reference: str = "",
    again: datetime | None = None,
    refused: bool = False,
) -> MessageState:
    """Only while the claim is still ours. A claim that was given up meanwhile is known better by the one who sent it."""
    ours = Message.objects.filter(
        pk=message.pk,
        claimed_by=message.claimed_by,
        attempts=message.attempts,
        state__in=[MessageState.CLAIMED.value, MessageState.UNCERTAIN.value],
    )
    changes: dict[str, object] = {"state": state.value, "why": why[:200]}
    if state == MessageState.SENT:
        changes |= {"sent_at": at, "provider_ref": reference[:120]}
    if again:
        changes["not_before_at"] = again
    if ours.update(**changes):
        if refused:
            free_for_another_way(message)
        said(message, f"message.{'tried' if again else state.value}", by=message.made_by, at=at, why=why)
    return state


def said(message: Message, verb: str, *, by: str, at: datetime, why: str = "", **more: object) -> None:
    """One line in the trail; never the words or the address."""
    about = {"about": message.kind, "way": message.channel} | more
    audit.record(verb, message, by=by, at=at, patient=message.patient.public_id, reason=why, details=about)


@act
def give_up_stale(*, at: datetime) -> int:
    """Claims that nobody finished within the lease are a person's to look at; how many there were."""
    stale = Message.objects.filter(state=MessageState.CLAIMED.value, claimed_at__lte=at - LEASE)
    why, number = _("What was sending it ended before it knew whether it arrived."), 0
    for message in stale.select_related("patient").order_by("pk"):
        if stale.filter(pk=message.pk).update(state=MessageState.UNCERTAIN.value, why=why):
            said(message, UNCERTAIN, by=message.made_by, at=at, why=why)
            number += 1
    return number


def may_have_arrived(message: Message) -> bool:
    """True where nobody knew, at any time, whether it had arrived: the trail remembers it."""
    return AuditEvent.objects.filter(verb=UNCERTAIN, object_id=message.public_id).exists()


def free_for_another_way(message: Message) -> None:
    """It will never be taken as it is: its steps may go another way, unless it may have arrived."""
    if not may_have_arrived(message):
        Reminder.objects.filter(message=message).update(refused=True)


@act
def take_back(message: Message, *, by: str, at: datetime) -> None:
    """Nobody is written to, within the three minutes. ValidationError where it is on its way."""
    locked(message.patient_id, wait=True)
    row = Message.objects.select_for_update(of=("self",)).select_related("patient").get(pk=message.pk)
    if row.state != MessageState.WAITING or row.attempts or row.run_id:
        raise ValidationError(_("The message has gone, or is on its way. Nothing was changed."))
    drop(row, why=_("Taken back before it was sent."))
    said(row, "message.taken_back", by=by, at=at)


@act
def put_off(message: int, *, at: datetime, why: str) -> None:
    """What went wrong before the message left, may go right later: it waits as after a provider that is away."""
    row = Message.objects.select_for_update(of=("self",)).select_related("patient").filter(pk=message).first()
    if row is None or row.state != MessageState.WAITING:
        return
    row.attempts, row.why, row.not_before_at = row.attempts + 1, why[:200], at + pause_after(row.attempts + 1)
    given_up = row.attempts >= MOST_ATTEMPTS
    if given_up:
        row.state, row.why = MessageState.FAILED.value, (_("Given up: %(why)s") % {"why": why})[:200]
    row.save(update_fields=["attempts", "why", "not_before_at", "state"])
    said(row, "message.failed" if given_up else "message.tried", by=row.made_by, at=at, why=row.why)


def postpone(message: Message, *, until: datetime) -> None:
    """It is still true, and its hour is not one to write at: the attempt does not count."""
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.WAITING.value,
        not_before_at=until,
        attempts=F("attempts") - 1,
        claimed_by="",
        claimed_at=None,
    )


def drop(message: Message, *, why: str) -> None:
    """No longer true when its time came. Its steps and its key are free again: nothing went out by them.

    One that may have arrived keeps them, and is a person's to look at again.
    """
    if may_have_arrived(message):
        said_before = _("Not sent again: %(why)s Nobody knows whether it arrived before.") % {"why": why}
        Message.objects.filter(pk=message.pk).update(state=MessageState.UNCERTAIN.value, why=said_before[:200])
        return
    Reminder.objects.filter(message=message).delete()
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.DROPPED.value, why=why[:200], key=f"{message.key[:100]}:{message.public_id}"
    )


def claim(message: int, *, at: datetime, worker: str) -> Message | None:
    """One worker gets a waiting message whose time has come; everybody else gets None. Inside the deciding transaction."""
    waiting = Message.objects.filter(pk=message, state=MessageState.WAITING.value, not_before_at__lte=at)
    claimed = {"state": MessageState.CLAIMED.value, "claimed_by": worker, "claimed_at": at, "why": ""}
    if not waiting.update(**claimed, attempts=F("attempts") + 1):
        return None
    return Message.objects.select_related("patient", "appointment__practitioner", "appointment__room").get(pk=message)
