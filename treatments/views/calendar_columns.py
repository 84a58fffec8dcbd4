"""The columns of a calendar grid in rows of 15 minutes on the clinic's wall clock.

A set of rows is a whole number: bit n stands for the 15 minutes that begin n × 15 minutes after midnight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from treatments.queries.calendar import Busy, Days, Visit
from treatments.rules.slots import Span
from treatments.rules.vocabulary import AppointmentState

STEP = 15
ROWS = 24 * 60 // STEP
NOT_GOING_AHEAD = (AppointmentState.CANCELLED, AppointmentState.MISSED)


class Offer(NamedTuple):
    """A time to which a visit can be moved; `about`: with whom or where, in a sentence."""

    time: str
    about: str
    url: str


@dataclass(slots=True)
class Column:
    """One practitioner, or one room, on one day.

    `open`: somebody works; `taken`: no longer to be had, `prepared` and `kept` of it not by a visit itself; `free`: a
    visit can be put there; `past`: open, but over; `shut`: why the rest is closed. Where a visit is being moved,
    `offers`: row -> the new time, `refusals`: row -> why the time from there on is none, `here`: the row in which it
    starts now. `second`: the one room of a practitioner's visits, or the other way round.
    """

    on: date
    number: int
    name: str
    place: str
    visits: list[Visit]
    shut: str
    open: int
    taken: int
    prepared: int
    kept: int
    free: int
    past: int
    offers: dict[int, Offer] = field(default_factory=dict)
    refusals: dict[int, str] = field(default_factory=dict)
    here: int | None = None

    second: int | None = None
    shown: list[Visit] = field(init=False)

    def __post_init__(self) -> None:
        self.shown = [visit for visit in self.visits if visit.state not in NOT_GOING_AHEAD]

    def tell_once(self, *, by_room: bool) -> None:
        """Put into `second` the room, or in a column of a room the practitioner, where it is the same all day."""
        others = {visit.practitioner if by_room else visit.room for visit in self.shown}
        self.second = others.pop() if len(others) == 1 else None


# ---- rows and the clock ----


@cache
def clock_of(row: int) -> str:
    return f"{row // 4:02}:{row % 4 * STEP:02}"


def row_of(moment: datetime, zone: tzinfo) -> int:
    local = moment.astimezone(zone)
    return (local.hour * 60 + local.minute) // STEP


def moment_of(on: date, row: int, zone: tzinfo) -> datetime:
    return datetime.combine(on, time(row // 4, row % 4 * STEP), zone)


def between(first: int, end: int) -> int:
    """The rows from `first` up to and without `end`."""
    return (1 << max(end, first)) - (1 << first)


def stretches(rows: int) -> list[tuple[int, int]]:
    """The stretches of a set of rows: the first row of each, and how many."""
    found = []
    while rows:
        first = (rows & -rows).bit_length() - 1
        rest = rows >> first
        length = (~rest & rest + 1).bit_length() - 1
        found.append((first, length))
        rows &= ~((1 << length) - 1 << first)
    return found


@lru_cache(maxsize=4096)
def rows_of(starts_at: datetime, ends_at: datetime, zone: tzinfo) -> tuple[int, int]:
    """The rows that a visit touches: the first, and the first that it does not touch any more."""
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    first = (start.hour * 60 + start.minute) // STEP
    last = ROWS if end.date() > start.date() else -(-(end.hour * 60 + end.minute) // STEP)
    return first, max(last, first + 1)


@lru_cache(maxsize=4096)
def wall_clock(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def open_rows(span: Span, zone: tzinfo) -> int:
    """The rows that lie wholly in a stretch of work; a quarter of an hour which the clocks skip is none."""
    start, end = span.starts_at.astimezone(zone), span.ends_at.astimezone(zone)
    if start.utcoffset() == end.utcoffset() and start.date() == end.date():
        return between(-(-(start.hour * 60 + start.minute) // STEP), (end.hour * 60 + end.minute) // STEP)
    rows, step = 0, timedelta(minutes=STEP)
    moment = span.starts_at + timedelta(minutes=-span.starts_at.minute % STEP)
    while moment + step <= span.ends_at:
        rows |= 1 << row_of(moment, zone)
        moment += step
    return rows


# ---- a day ----


class DayRows:
    """Who works, who is taken and what is free on one day, in rows; as if the visit `but` (its number) were not there."""

    def __init__(self, days: Days, on: date, *, now: datetime, but: int | None = None) -> None:
        self.days, self.on, self.zone = days, on, timezone.get_current_timezone()
        self.work = days.work[on]
        self.open: dict[tuple[int, int], int] = defaultdict(int)
        self.taken: dict[tuple[str, int], int] = defaultdict(int)
        self.prepared: dict[tuple[str, int], int] = defaultdict(int)
        self.kept: dict[tuple[str, int], int] = defaultdict(int)
        for desk in self.work.desks:
            self.open[desk.practitioner, desk.location] |= open_rows(desk.open, self.zone)
        for busy in days.busy:
            if busy.on == on and busy.pk != but:
                self._take(busy)
        self.to_come = self._to_come(now.astimezone(self.zone))
        self._spare_rooms = {where: self._spare_room(where) for where in {where for _who, where in self.open}}

    def _take(self, busy: Busy | Visit) -> None:
        rows, before = between(*rows_of(busy.starts_at, busy.ends_at, self.zone)), 0
        if busy.prepare:
            before = between(*rows_of(busy.starts_at - timedelta(minutes=busy.prepare), busy.starts_at, self.zone))
        for whose in (("who", busy.practitioner), ("room", busy.room)):
            self.taken[whose] |= rows | before
            self.prepared[whose] |= before
            if busy.kept:
                self.kept[whose] |= rows

    def _to_come(self, now: datetime) -> int:
        """The rows that begin at `now` or later."""
        if self.on != now.date():
            return between(0, ROWS) if self.on > now.date() else 0
        row = row_of(now, self.zone)
        return between(row if now.replace(tzinfo=None) == _shown(self.on, row) else row + 1, ROWS)

    def _spare_room(self, location: int) -> int:
        """The rows in which some room of a location is free."""
        rows = 0
        for pk, room in self.days.rooms.items():
            if room.in_use and room.location == location:
                rows |= ~self.taken["room", pk]
        return rows & between(0, ROWS)

    # ---- columns ----

    def of_practitioner(self, number: int, visits: list[Visit]) -> Column:
        places = [where for who, where in self.open if who == number]
        opened, spare = 0, 0
        for where in places:
            opened |= self.open[number, where]
            spare |= self.open[number, where] & self._spare_rooms[where]
        names = {room.location: room.location_name for room in self.days.rooms.values()}
        place = ", ".join(names[where] for where in places if where in names) if self.days.locations > 1 else ""
        name, shut = self.days.practitioners[number], self._away(number)
        return Column(self.on, number, name, place, visits, shut, *self._rows(("who", number), opened, spare))

    def of_room(self, number: int, visits: list[Visit]) -> Column:
        room, opened, spare = self.days.rooms[number], 0, 0
        for (who, where), rows in self.open.items():
            if where == room.location and room.in_use:
                opened |= rows
                spare |= rows & ~self.taken["who", who]
        place = room.location_name if self.days.locations > 1 else ""
        why = self.work.closed_everywhere or self.work.closed.get(room.location, "")
        shut = _closed(why) if why else _("Nobody works here")
        return Column(self.on, number, room.name, place, visits, shut, *self._rows(("room", number), opened, spare))

    def _rows(self, whose: tuple[str, int], opened: int, spare: int) -> tuple[int, int, int, int, int, int]:
        """Open, taken, prepared, kept, free, past."""
        taken = self.taken[whose]
        free, past = spare & ~taken & self.to_come, opened & ~self.to_come
        return opened, taken, self.prepared[whose], self.kept[whose], free, past

    def _away(self, practitioner: int) -> str:
        """Why a practitioner is not there when they do not work."""
        if self.work.closed_everywhere:
            return _closed(self.work.closed_everywhere)
        if practitioner in self.work.away:
            why = self.work.away[practitioner]
            return _("Away: %(why)s") % {"why": why} if why else _("Away")
        if self.work.closed and not any(who == practitioner for who, _where in self.open):
            return _closed(", ".join(self.work.closed.values()))
        return _("Not working")

    # ---- who else a free time needs ----

    def room_for(self, practitioner: int, row: int) -> int | None:
        """A room that is free then where the practitioner works."""
        places = {where for (who, where), rows in self.open.items() if who == practitioner and rows >> row & 1}
        able = (pk for pk, room in self.days.rooms.items() if room.in_use and room.location in places)
        return next((pk for pk in able if not self.taken["room", pk] >> row & 1), None)

    def people_for(self, room: int, row: int) -> list[int]:
        """Those who work where the room is and are free then, in order of name."""
        where = self.days.rooms[room].location
        return [
            who
            for who in self.days.practitioners
            if self.open.get((who, where), 0) & ~self.taken["who", who] & self.to_come & 1 << row
        ]


def _shown(on: date, row: int) -> datetime:
    return datetime.combine(on, time(row // 4, row % 4 * STEP))


def _closed(why: str) -> str:
    return _("Closed: %(why)s") % {"why": why}


def by_practitioner(rows: DayRows, *, only: int | None = None) -> list[Column]:
    """Everybody who works that day or has a visit, in order of name; or one of them."""
    visits: dict[int, list[Visit]] = defaultdict(list)
    for visit in rows.days.visits:
        if visit.on == rows.on:
            visits[visit.practitioner].append(visit)
    there = {who for who, _where in rows.open} | {who for who, own in visits.items() if _any_shown(own)}
    chosen = {only} if only is not None else there
    return [rows.of_practitioner(who, visits[who]) for who in rows.days.practitioners if who in chosen]


def by_room(rows: DayRows) -> list[Column]:
    """Every room in use, and those that have a visit."""
    visits: dict[int, list[Visit]] = defaultdict(list)
    for visit in rows.days.visits:
        if visit.on == rows.on:
            visits[visit.room].append(visit)
    used = [pk for pk, room in rows.days.rooms.items() if room.in_use or _any_shown(visits[pk])]
    return [rows.of_room(pk, visits[pk]) for pk in used]


def _any_shown(visits: Iterable[Visit]) -> bool:
    return any(visit.state not in NOT_GOING_AHEAD for visit in visits)


def bounds(columns: Iterable[Column]) -> tuple[int, int]:
    """The first row of the grid and the one after its last, in whole hours; the same twice where there is nothing."""
    rows = 0
    for column in columns:
        rows |= column.open | column.taken | (1 << column.here if column.here is not None else 0)
    if not rows:
        return 0, 0
    first = (rows & -rows).bit_length() - 1
    return first // 4 * 4, -(-rows.bit_length() // 4) * 4


def free_from(column: Column, row: int) -> int:
    """The minutes that are free from the start of a row on."""
    number = 0
    while column.free >> (row + number) & 1:
        number += 1
    return number * STEP
