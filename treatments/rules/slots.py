"""Free times: what is open, less what is taken, on the clinic's grid. All spans are half-open and in UTC."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import NamedTuple

NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time; one that does not end after its start is empty. Moments of other zones are turned into UTC."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        for name, moment in (("starts_at", self.starts_at), ("ends_at", self.ends_at)):
            if moment.tzinfo is None:
                raise ValueError(f"{name} needs a time zone")
            if moment.tzinfo is not UTC:
                object.__setattr__(self, name, moment.astimezone(UTC))

    @property
    def minutes(self) -> int:
        """Full minutes."""
        return max(0, (self.ends_at - self.starts_at) // timedelta(minutes=1))

    def overlaps(self, other: Span) -> bool:
        return max(self.starts_at, other.starts_at) < min(self.ends_at, other.ends_at)

    def covers(self, moment: datetime) -> bool:
        return self.starts_at <= moment < self.ends_at


def united(spans: Iterable[Span]) -> list[Span]:
    """The same time in order, as few spans as possible: those that overlap or touch become one, empty ones go."""
    joined: list[Span] = []
    for span in sorted(span for span in spans if span.starts_at < span.ends_at):
        if joined and span.starts_at <= joined[-1].ends_at:
            if span.ends_at > joined[-1].ends_at:
                joined[-1] = Span(joined[-1].starts_at, span.ends_at)
        else:
            joined.append(span)
    return joined


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of `spans`, united, when `taken` is cut out."""
    gone, left = united(taken), []
    for span in united(spans):
        start = span.starts_at
        for each in gone:
            if each.starts_at >= span.ends_at:
                break
            if each.ends_at > start:
                if start < each.starts_at:
                    left.append(Span(start, each.starts_at))
                start = each.ends_at
        if start < span.ends_at:
            left.append(Span(start, span.ends_at))
    return left


def common(a: Iterable[Span], b: Iterable[Span]) -> list[Span]:
    """The time that lies in both, united."""
    first = united(a)
    return without(first, without(first, b))


class Why(StrEnum):
    """What takes up a time. Where several do at once, the first of these is told."""

    CLOSED = "closed"
    AWAY = "away"
    VISIT = "visit"
    HELD = "held"  # somebody is choosing it at this moment
    PREPARATION = "preparation"


class Who(StrEnum):
    CLINIC = "clinic"
    PRACTITIONER = "practitioner"
    ROOM = "room"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class Desk:
    """One stretch in which a practitioner works at a location."""

    practitioner: int
    location: int
    open: Span


@dataclass(frozen=True, slots=True)
class RoomAt:
    room: int
    location: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A time which these have no more to give; with none of the three it is taken for the whole clinic.

    Preparation takes up the practitioner and the room, never the patient.
    """

    span: Span
    practitioner: int | None
    room: int | None
    patient: int | None
    why: Why

    @property
    def everybody(self) -> bool:
        return self.practitioner is None and self.room is None and self.patient is None


@dataclass(frozen=True, slots=True)
class DayFacts:
    """All that decides which times are free on one day; `closed` says why nothing is."""

    on: date
    desks: Sequence[Desk]
    rooms: Sequence[RoomAt]
    taken: Sequence[Taken]
    closed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The visit a time is wanted for.

    Practitioner and room are needed from `prepare_minutes` before the start, the patient from the start.
    `practitioners` may do it, nobody else; `practitioner` and `location` narrow the search. `rooms` are suitable, any
    where there are none; `room` is taken first where it is free.
    """

    patient: int | None = None  # None: not chosen yet
    minutes: int
    prepare_minutes: int = 0
    practitioner: int | None = None
    location: int | None = None
    room: int | None = None
    rooms: frozenset[int] = frozenset()
    practitioners: frozenset[int]
    step_minutes: int = 15
    not_before: datetime | None = None
    usual_practitioner: int | None = None

    def __post_init__(self) -> None:
        if self.minutes < 1 or self.step_minutes < 1 or self.prepare_minutes < 0:
            raise ValueError("a visit and the steps of the grid last at least a minute")

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    @property
    def preparation(self) -> timedelta:
        return timedelta(minutes=self.prepare_minutes)

    @property
    def step(self) -> timedelta:
        return timedelta(minutes=self.step_minutes)

    def whole(self, starts_at: datetime) -> Span:
        """The visit with its preparation."""
        return Span(starts_at - self.preparation, starts_at + self.length)

    def stretches(self, day: DayFacts) -> list[tuple[int, int, Span]]:
        """Practitioner, location and when, of those who may do it: the usual one first, then by number and time."""
        open_: dict[tuple[int, int], list[Span]] = defaultdict(list)
        for desk in day.desks:
            wanted = self.practitioner in (None, desk.practitioner) and self.location in (None, desk.location)
            if wanted and desk.practitioner in self.practitioners:
                open_[desk.practitioner, desk.location].append(desk.open)
        order = sorted(open_, key=lambda each: (each[0] != self.usual_practitioner, each))
        return [(who, where, span) for who, where in order for span in united(open_[who, where])]

    def suitable_rooms(self, day: DayFacts, location: int) -> list[int]:
        """The rooms of a location in the order in which they are tried."""
        there = {each.room for each in day.rooms if each.location == location}
        return sorted(there & self.rooms if self.rooms else there, key=lambda room: (room != self.room, room))


class Diary:
    """What is taken on a day, by who it is taken from."""

    def __init__(self, day: DayFacts) -> None:
        self._all: list[Taken] = []
        self._by: dict[tuple[Who, int], list[Taken]] = defaultdict(list)
        for taken in day.taken:
            if taken.everybody:
                self._all.append(taken)
            if taken.practitioner is not None:
                self._by[Who.PRACTITIONER, taken.practitioner].append(taken)
            if taken.room is not None:
                self._by[Who.ROOM, taken.room].append(taken)
            if taken.patient is not None and taken.why != Why.PREPARATION:
                self._by[Who.PATIENT, taken.patient].append(taken)

    def of(self, who: Who, number: int | None) -> list[Taken]:
        """A practitioner's holds what is taken from the whole clinic too: nobody else need look at that."""
        own = [] if number is None else self._by.get((who, number), [])
        return self._all + own if who == Who.PRACTITIONER else own


class Offer(NamedTuple):
    """A free time; a month of a big clinic has tens of thousands."""

    starts_at: datetime
    ends_at: datetime
    practitioner: int
    room: int


def offers(day: DayFacts, ask: Ask) -> list[Offer]:
    """Every free start on the grid, which begins anew where somebody begins to work, one for each practitioner.

    In order of time; at one time the usual practitioner first, then by number.
    """
    if day.closed:
        return []
    diary, stretches, length, step = Diary(day), ask.stretches(day), ask.length, ask.step
    free_room = _room_finder(day, ask, diary, united(span for *_, span in stretches))
    found: dict[tuple[datetime, int], Offer] = {}
    for practitioner, location, stretch in stretches:
        for first, last in _starts([stretch], diary.of(Who.PRACTITIONER, practitioner), ask.preparation, length):
            earliest = max(first, ask.not_before.astimezone(UTC)) if ask.not_before else first
            at = earliest + (stretch.starts_at - earliest) % step
            while at <= last:
                room = free_room(location, at)
                if room is not None:
                    found.setdefault((at, practitioner), Offer(at, at + length, practitioner, room))
                at += step
    return sorted(found.values(), key=attrgetter("starts_at"))


def _room_finder(day: DayFacts, ask: Ask, diary: Diary, hours: list[Span]) -> Callable[[int, datetime], int | None]:
    """What tells the first free room of a location for a visit that starts then, none where the patient is taken."""
    of_patient = _starts(hours, diary.of(Who.PATIENT, ask.patient), NOTHING, ask.length)

    @cache
    def of_room(room: int) -> list[tuple[datetime, datetime]]:
        return _starts(hours, diary.of(Who.ROOM, room), ask.preparation, ask.length)

    @cache
    def suitable(location: int) -> list[int]:
        return ask.suitable_rooms(day, location)

    @cache
    def free_room(location: int, at: datetime) -> int | None:
        if not any(first <= at <= last for first, last in of_patient):
            return None
        return next((room for room in suitable(location) if any(a <= at <= b for a, b in of_room(room))), None)

    return free_room


def _starts(
    open_: list[Span], taken: list[Taken], before: timedelta, length: timedelta
) -> list[tuple[datetime, datetime]]:
    """The first and the last start that each free stretch has room for; the last before the first where it has none."""
    free = without(open_, [each.span for each in taken])
    return [(span.starts_at + before, span.ends_at - length) for span in free]
