"""The morning e-mail to staff: counts and a link, no name of a patient. Once per person and day."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.channels import registry
from clinic.channels.base import Outgoing, Trouble, Unavailable
from clinic.formats import long_day, up_to
from clinic.models import User
from treatments.models import DigestMail
from treatments.queries.digest import Morning, morning
from treatments.queries.due_counts import COUNTED

log = logging.getLogger(__name__)
_WAY = "email"
LEASE = timedelta(hours=1)  # longer than any start takes


class Became(StrEnum):
    """What became of one person's e-mail."""

    SENT = "sent"
    BEFORE = "had it before"
    NO_ADDRESS = "no address"
    LATER = "not taken now"
    FAILED = "failed"
    LOST = "begun and never finished"


class NoWay(Exception):
    """No channel sends e-mail here."""


def send(*, on: date, at: datetime, again: bool = False) -> Counter[Became]:
    """Send the day's e-mail to everybody who wants it. Started twice, or by several at once, each has it once.

    Of one that was begun an hour ago and never finished nobody knows whether it arrived: it is sent once more only where
    somebody asks for that with `again`.
    """
    if _WAY not in registry.ways():
        raise NoWay
    users = User.objects.filter(wants_digest=True, is_active=True).order_by("username")
    words = _words(morning(on), on)
    return Counter(_one(user, words, on=on, at=at, again=again) for user in users)


def _one(user: User, words: tuple[str, str], *, on: date, at: datetime, again: bool) -> Became:
    if not user.email:
        return Became.NO_ADDRESS
    claim = _claimed(user, on=on, at=at)
    if claim is None and (lost := _lost(user, on=on, at=at)):
        if not again:
            return Became.LOST
        claim = _claimed_again(lost, at=at)
    if claim is None:
        return Became.BEFORE
    subject, text = words
    outgoing = Outgoing(f"digest-{on:%Y%m%d}-{user.pk}", user.email, text, subject)
    try:
        registry.channel(_WAY).send(outgoing)
    except Unavailable:  # it was not taken: the next start may try again
        claim.delete()
        return Became.LATER
    except Trouble as error:
        DigestMail.objects.filter(pk=claim.pk).update(why_not=str(error)[:200])
        return Became.FAILED
    except Exception as error:  # how far it had come, nobody knows: it is not sent again
        log.exception("The morning e-mail to %s failed.", user.pk)
        DigestMail.objects.filter(pk=claim.pk).update(why_not=type(error).__name__)
        return Became.FAILED
    DigestMail.objects.filter(pk=claim.pk).update(sent_at=at)
    return Became.SENT


def _claimed(user: User, *, on: date, at: datetime) -> DigestMail | None:
    """Written before it is sent: the unique key lets one of all who try through."""
    try:
        with transaction.atomic():
            return DigestMail.objects.create(user=user.username, on=on, claimed_at=at)
    except IntegrityError:
        return None


def _lost(user: User, *, on: date, at: datetime) -> DigestMail | None:
    """The claim of a start that ended before it knew what became of its e-mail."""
    open_ = DigestMail.objects.filter(user=user.username, on=on, sent_at__isnull=True, why_not="")
    return open_.filter(claimed_at__lte=at - LEASE).first()


def _claimed_again(lost: DigestMail, *, at: datetime) -> DigestMail | None:
    """One of all who try gets it."""
    found = DigestMail.objects.filter(pk=lost.pk, claimed_at=lost.claimed_at, sent_at__isnull=True)
    return lost if found.update(claimed_at=at) else None


def _words(found: Morning, on: date) -> tuple[str, str]:
    """Subject and text."""
    base = settings.CLINIC_URL.rstrip("/")
    lines = [
        (_("Visits today"), found.visits),
        (_("Visits on hold, to be decided"), found.on_hold),
        (_("Due and not booked"), up_to(found.due, COUNTED)),
        (_("Overdue and not booked"), up_to(found.overdue, COUNTED)),
        (_("Visits whose patient cannot come"), found.cannot_come),
        (_("Visits whose patient wants another time"), found.another_time),
        (_("Requests of patients that wait"), found.asked),
        (_("Messages that failed"), found.failed),
        (_("Messages of which nobody knows whether they arrived"), found.uncertain),
    ]
    counts = "\n".join(f"{label}: {number}" for label, number in lines)
    links = "\n".join(
        f"{label}: {base}{reverse(name)}"
        for label, name in (
            (_("Today"), "today"),
            (_("Confirmations"), "confirmations"),
            (_("Due list"), "due"),
            (_("Messages"), "messages"),
        )
    )
    end = _("You get this because you asked for it. To stop it, open the menu with your name.")
    subject = f"{settings.CLINIC_NAME}: {long_day(on)}"
    return subject, f"{counts}\n\n{links}\n\n{end}"
