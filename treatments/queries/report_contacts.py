"""What came of reminders and calls: two queries, whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from treatments.models import Appointment, ContactAttempt, Reminder
from treatments.queries.returns import Scope
from treatments.rules.vocabulary import MessageState, Outcome

BOOKED_WITHIN = timedelta(days=14)
DELIVERED = ("delivered", "read")  # a message that did not arrive is failed


@dataclass
class Messages:
    """The messages of one step. `booked`: with a visit for the course booked within the days after it was sent."""

    name: str
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    uncertain: int = 0
    booked: int = 0
    followed: int = 0  # sent so long ago that the days after it are over


@dataclass
class Calls:
    """The contacts of one outcome."""

    outcome: Outcome
    number: int = 0
    booked: int = 0
    followed: int = 0


@dataclass
class Contacts:
    steps: list[Messages] = field(default_factory=list)
    calls: list[Calls] = field(default_factory=list)


def moments(first: date, last: date) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last one, in the clinic's time zone."""
    zone = timezone.get_current_timezone()
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def contacts(scope: Scope, *, at: datetime) -> Contacts:
    return Contacts(_messages(scope, at), _calls(scope, at))


def _booked_after(moment: str) -> Exists:
    """A visit for the same course was booked in the days after it, and has not been cancelled since."""
    through: QuerySet = Appointment.courses.through._default_manager.all()
    return Exists(
        through.filter(
            course=OuterRef("course"),
            appointment__booked_at__gte=OuterRef(moment),
            appointment__booked_at__lt=OuterRef(moment) + BOOKED_WITHIN,
        ).exclude(appointment__state="cancelled")
    )


def _messages(scope: Scope, at: datetime) -> list[Messages]:
    """By step; a message about two courses counts once for each step it was."""
    start, end = moments(scope.first, scope.last)
    rows = Reminder.objects.filter(message__made_at__gte=start, message__made_at__lt=end)
    if scope.indication:
        rows = rows.filter(course__indication__code=scope.indication)
    found: dict[int, Messages] = {}
    seen: dict[tuple[int, int], bool] = {}
    ordered = rows.annotate(booked=_booked_after("message__sent_at")).order_by(
        "step__plan__name", "step__anchor", "step__offset_days", "step", "message"
    )
    for step, name, message, state, delivery, sent_at, booked in ordered.values_list(
        "step", "step__text__name", "message", "message__state", "message__delivery", "message__sent_at", "booked"
    ).iterator(chunk_size=2000):
        line = found.setdefault(step, Messages(name))
        known = seen.get((step, message))
        old = state == MessageState.SENT and sent_at is not None and sent_at + BOOKED_WITHIN <= at
        if known is None:
            _count(line, state, delivery, old=old)
        if booked and not known and old:
            line.booked += 1
        seen[step, message] = bool(known or booked)
    return list(found.values())


def _count(line: Messages, state: str, delivery: str, *, old: bool) -> None:
    if state == MessageState.SENT:
        line.sent += 1
        line.delivered += delivery in DELIVERED
        line.followed += old
    line.failed += state == MessageState.FAILED
    line.uncertain += state == MessageState.UNCERTAIN


def _calls(scope: Scope, at: datetime) -> list[Calls]:
    """By outcome, in their usual order; contacts that were taken back do not count."""
    numbers: dict[Outcome, Calls] = {outcome: Calls(outcome) for outcome in Outcome}
    for outcome, moment, booked in _attempts(scope):
        line = numbers[Outcome(outcome)]
        line.number += 1
        if moment + BOOKED_WITHIN <= at:
            line.followed += 1
            line.booked += booked
    return [line for line in numbers.values() if line.number]


def _attempts(scope: Scope) -> Iterator[tuple[str, datetime, bool]]:
    start, end = moments(scope.first, scope.last)
    rows = ContactAttempt.objects.filter(at__gte=start, at__lt=end, undone_at__isnull=True)
    if scope.indication:
        rows = rows.filter(course__indication__code=scope.indication)
    yield from (
        rows.annotate(booked=_booked_after("at")).order_by("pk").values_list("outcome", "at", "booked").iterator()
    )


def by_month(first: date, last: date) -> dict[date, dict[str, int]]:
    """For each month: messages sent and failed, contacts logged. Only what cannot change any more by itself."""
    start, end = moments(first, last)
    numbers: dict[date, dict[str, int]] = defaultdict(lambda: {"sent": 0, "failed": 0, "contacts": 0})
    made = Reminder.objects.filter(message__made_at__gte=start, message__made_at__lt=end).order_by()
    for _pk, made_at, state in made.values_list("message", F("message__made_at"), F("message__state")).distinct():
        line = numbers[timezone.localtime(made_at).date().replace(day=1)]
        line["sent"] += state == MessageState.SENT
        line["failed"] += state == MessageState.FAILED
    for _outcome, moment, _booked in _attempts(Scope(first, last)):
        numbers[timezone.localtime(moment).date().replace(day=1)]["contacts"] += 1
    return numbers
