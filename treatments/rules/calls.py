"""Whom to call, and whom first: what a course brings to the call list, from plain facts. No day enters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum

from treatments.rules.vocabulary import GOING_AHEAD, AppointmentState, IndicationKind, Outcome

BACK_AFTER = {
    Outcome.NO_ANSWER: timedelta(days=2),
    Outcome.LEFT_MESSAGE: timedelta(days=5),
    Outcome.WILL_CALL: timedelta(days=7),
}
"""How long a course rests after a contact, where nobody chooses a day."""
ENOUGH = 3  # contacts of one cycle, after which to think of another way
LONGEST_SNOOZE = timedelta(days=365)
SOON = timedelta(days=21)  # before the window opens
NO_END = date(9999, 12, 31)


class Rank(IntEnum):
    """Why a course is called before another one. The order of the members is the order of the list.

    A visit on hold counts until somebody has decided on it, also after its day. `MID_COURSE` is a therapeutic course
    with an earlier full treatment before the last one: on the overdue list it has missed its window.
    """

    HELD_VISIT = 0
    MID_COURSE = 1
    FIRST_CYCLE = 2
    OTHER = 3


def rank(kind: IndicationKind, *, n_full: int, held: bool) -> Rank:
    """`n_full`: full treatments that count, given here or elsewhere."""
    if held:
        return Rank.HELD_VISIT
    if n_full > 1 and kind == IndicationKind.THERAPEUTIC:
        return Rank.MID_COURSE
    return Rank.FIRST_CYCLE if n_full == 1 else Rank.OTHER


@dataclass(frozen=True, slots=True)
class CourseVisit:
    """A visit of one course. `changed_at` and `changed_on`: when it came into its state; `wanted`: again, after it ended."""

    state: AppointmentState
    on: date
    booked_at: datetime
    changed_at: datetime
    changed_on: date
    wanted: bool = False

    @property
    def ended_early(self) -> bool:
        return self.state in (AppointmentState.CANCELLED, AppointmentState.MISSED)


def booked_until(visits: Iterable[CourseVisit]) -> date | None:
    """The last day with a visit that goes ahead: until then the course is booked."""
    return max((visit.on for visit in visits if visit.state in GOING_AHEAD), default=None)


def held_until(visits: Iterable[CourseVisit]) -> date | None:
    """The last day with a visit on hold."""
    return max((visit.on for visit in visits if visit.state == AppointmentState.ON_HOLD), default=None)


def rebook_since(visits: Iterable[CourseVisit], *, last_treated_on: date | None) -> date | None:
    """The day on which the latest visit was cancelled or missed, where another one is wanted and none came of it.

    Taken care of: a visit booked since, one that lies on the same day or later, or a full treatment since.
    """
    seen = list(visits)
    last = max((visit for visit in seen if visit.ended_early), key=lambda visit: visit.changed_at, default=None)
    if last is None or not last.wanted:
        return None
    if any(v.state.takes_time and (v.booked_at > last.changed_at or v.on >= last.on) for v in seen):
        return None
    since = min(last.on, last.changed_on)
    return None if last_treated_on and last_treated_on >= since else last.changed_on
