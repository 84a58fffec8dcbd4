"""The free times of one search: the best three, those of a day, those near to one that could not be had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import groupby, islice
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.formats import clock, day, long_day
from clinic.models import Practitioner
from treatments.forms.times import ClockField, Slot
from treatments.queries import slots
from treatments.queries.slots import Day
from treatments.queries.staff import staff_names
from treatments.rules import wall_clock
from treatments.rules.best_times import DayPart, DayWord, best, part_of_day
from treatments.rules.obstacles import why_not
from treatments.rules.slots import Offer, offers
from treatments.views.slot_search import Search
from treatments.views.slot_words import Names, day_words, obstacle_words, reason_words

AHEAD = timedelta(days=730)  # as far as a visit may be booked
AFTER = timedelta(days=14)  # past a window without a free time
N_BEST = 3
_STARTS = attrgetter("starts_at")
_AT_ONCE = timedelta(days=100)  # days that are read together
_PARTS = {
    DayPart.MORNING: gettext_lazy("Morning"),
    DayPart.AFTERNOON: gettext_lazy("Afternoon"),
    DayPart.EVENING: gettext_lazy("Evening"),
}


@dataclass(frozen=True)
class Time:
    """One free time, to be chosen."""

    value: str
    on: date
    clock: str
    day: str
    who: str
    room: str
    reasons: str = ""


@dataclass(frozen=True)
class DayTimes:
    """The free times of the chosen day by part, or why there are none."""

    on: str
    heading: str
    parts: list[tuple[str, list[Time]]]
    of_anyone: bool  # then each time says whose it is
    empty: str = ""
    word: str = ""


@dataclass(frozen=True)
class Best:
    times: list[Time]
    none: str = ""  # no free time in the window
    anyone: int = 0  # how many there are with somebody else
    may_wait: bool = False


class Times:
    """The free times of one search. Days are read once, and worked out when they are asked for."""

    def __init__(
        self,
        search: Search,
        *,
        at: datetime,
        by: str,
        practitioners: Iterable[Practitioner],
        rooms: Iterable[Any],
    ) -> None:
        self.search, self.at, self.by = search, at, by
        self.today = timezone.localtime(at).date()
        self.people = {each.pk: each.name for each in practitioners}
        self.rooms = list(rooms)
        self.room_names = {room.pk: room.name for room in self.rooms}
        self._days: dict[date, Day] = {}
        self._offers: dict[tuple[date, bool], list[Offer]] = {}
        zone = timezone.get_current_timezone()
        self._local_of = cache(lambda moment: moment.astimezone(zone))  # each moment is asked once for each person

    # ---- reading ----

    def read(self, *ranges: tuple[date, date]) -> None:
        """Read the days of these ranges, at once where they lie close together."""
        first, last = min(start for start, _end in ranges), max(end for _start, end in ranges)
        for start, end in [(first, last)] if last - first <= _AT_ONCE else ranges:
            self._days |= slots.days(
                start, end, at=self.at, by=self.by, but=self.search.visit, rooms_at_hand=self.rooms
            )

    def read_only(self, on: date) -> None:
        """Read one day, and the hours of nobody but who is asked for."""
        who = self.search.practitioner
        only = None if who is None else [who]
        self._days |= slots.days(
            on, on, at=self.at, by=self.by, but=self.search.visit, rooms_at_hand=self.rooms, practitioners=only
        )

    def read_more(self, wanted: tuple[date, date]) -> None:
        """Read a range where it has not been read yet."""
        if not all(on in self._days for on in days(*wanted)):
            self.read(wanted)

    def day_of(self, on: date) -> Day:
        if on not in self._days:
            self.read((on, on))
        return self._days[on]

    def offers(self, on: date, *, anyone: bool = False) -> list[Offer]:
        """The free times that begin on the day."""
        if not self.today <= on <= self.today + AHEAD:
            return []
        key = on, anyone
        if key not in self._offers:
            found = offers(self.day_of(on).facts, self.search.ask(self.at, anyone=anyone))
            self._offers[key] = [each for each in found if self._local_of(each.starts_at).date() == on]
        return self._offers[key]

    @cached_property
    def has_hours(self) -> bool:
        """False where the clinic has not said yet when anybody works."""
        return any(each.facts.desks for each in self._days.values()) or slots.any_hours()

    # ---- what is shown ----

    def best(self) -> Best:
        """Three times with their reasons; where the window has none, those after it, and how many others have."""
        search = self.search
        found = self._local(search.first, search.last)
        if found or not search.window_is_open:
            return Best(self._best(found))
        said = {"from": day(search.first), "until": day(search.last)}
        sentence = _("No free time between %(from)s and %(until)s.")
        anyone = 0
        if search.practitioner is not None:
            said["who"] = self.people.get(search.practitioner, "")
            sentence = _("No free time between %(from)s and %(until)s with %(who)s.")
            anyone = sum(len(times_of(self.offers(on, anyone=True))) for on in self._allowed(search.first, search.last))
        later = self._local(search.last + timedelta(days=1), search.last + AFTER)
        return Best(self._best(later), none=sentence % said, anyone=anyone, may_wait=True)

    def _best(self, found: list[tuple[date, time, Offer]]) -> list[Time]:
        chosen = best(found, self.search.wish, N_BEST)
        return [
            replace(self._time(offer), reasons=reason_words(reasons, offer, self.people)) for offer, reasons in chosen
        ]

    def _local(self, first: date, last: date) -> list[tuple[date, time, Offer]]:
        """Of those who are free at one time the first few: no more can be among the best."""
        return [
            (on, self._local_of(moment).time(), each)
            for on in self._allowed(first, last)
            for moment, offered in groupby(self.offers(on), key=_STARTS)
            for each in islice(offered, N_BEST)
        ]

    def _allowed(self, first: date, last: date) -> list[date]:
        """The days in no block; where there are none, all of them: for a consultation."""
        every = list(days(first, last))
        return [on for on in every if not self.search.is_blocked(on)] or every

    def _time(self, offer: Offer) -> Time:
        local = self._local_of(offer.starts_at)
        return Time(
            value=str(Slot(offer.starts_at, offer.practitioner, offer.room)),
            on=local.date(),
            clock=_clock(offer.starts_at),
            day=f"{local:%a %d-%b-%Y}",
            who=self.people.get(offer.practitioner, ""),
            room=self.room_names.get(offer.room, ""),
        )

    def mark(self, on: date) -> str:
        if self.search.is_blocked(on):
            return "blocked"
        word = self.search.word(on)
        return word.value if word in (DayWord.TOO_SOON, DayWord.LATE) else ""

    def closed(self, on: date) -> str:
        """Why the clinic, or the location that is asked for, is closed that day."""
        there = self.day_of(on)
        wanted = self.search.location or (self.rooms[0].location_id if self._one_location else None)
        return there.facts.closed or (there.closed.get(wanted, "") if wanted else "")

    @cached_property
    def _one_location(self) -> bool:
        return len({room.location_id for room in self.rooms}) == 1

    def works(self, on: date) -> bool:
        return bool(self.search.ask(self.at).stretches(self.day_of(on).facts))

    def day_times(self, on: date) -> DayTimes:
        found = times_of(self.offers(on))
        parts: dict[DayPart, list[Time]] = {}
        for offer in found:
            parts.setdefault(part_of_day(self._local_of(offer.starts_at).time()), []).append(self._time(offer))
        return DayTimes(
            on=on.isoformat(),
            heading=_("%(day)s, %(times)s") % {"day": long_day(on), "times": n_times(len(found))},
            parts=[(str(_PARTS[part]), times) for part, times in parts.items()],
            of_anyone=self.search.practitioner is None,
            empty="" if found else self._why_none(on),
            word=day_words(self.mark(on)),
        )

    def _why_none(self, on: date) -> str:
        if on < self.today:
            return _("This day is over.")
        if on > self.today + AHEAD:
            return _("Choose a day within the next two years.")
        if why := self.closed(on):
            return _("The clinic is closed: %(why)s.") % {"why": why}
        who = self.search.practitioner
        reason = None if who is None else self.day_of(on).away.get(who)
        if who is not None and reason is not None:
            sentence = _("%(who)s is away: %(why)s.") if reason else _("%(who)s is away.")
            return sentence % {"who": self.people.get(who, ""), "why": reason}
        return _("Everything is taken.") if self.works(on) else _("Nobody works on this day.")

    def near(self, wanted: datetime, n: int = 3) -> list[Time]:
        """The free times closest to one that could not be had, by time."""
        on = timezone.localtime(wanted).date()
        around = (max(on - timedelta(days=3), self.today), on + timedelta(days=4))
        self.read(around)
        found = [each for when in days(*around) for each in times_of(self.offers(when))]
        closest = sorted(found, key=lambda each: abs(each.starts_at - wanted))[:n]
        return [self._time(each) for each in sorted(closest, key=lambda each: each.starts_at)]

    def why_not(self, on: date, typed: str) -> list[str]:
        """Why a time of the day is not offered, in sentences."""
        try:
            wanted = ClockField().clean(typed)
        except ValidationError as error:
            return error.messages
        said = {"time": f"{wanted:%H:%M}"}
        found = wall_clock.moments(on, wanted, ZoneInfo(timezone.get_current_timezone_name()))
        if not found:
            return [_("%(time)s does not exist on that day: the clocks go forward.") % said]
        there, ask = self.day_of(on), self.search.ask(self.at)
        names = Names(self.people, self.room_names, staff_names({each.by for each in there.held}))
        against = [
            obstacle_words(each, there, ask, moment, names)
            for moment in found
            for each in why_not(there.facts, ask, moment)
        ]
        return list(dict.fromkeys(against)) or [_("%(time)s is free. Choose it above.") % said]


def times_of(found: Iterable[Offer]) -> list[Offer]:
    """One for each time, with whoever comes first."""
    return list({each.starts_at: each for each in reversed(list(found))}.values())[::-1]


def days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def n_times(n: int) -> str:
    return ngettext("%(n)d time", "%(n)d times", n) % {"n": n} if n else _("none left")


def _clock(moment: datetime) -> str:
    """10:30; in an hour that comes twice with the name of its zone."""
    local = timezone.localtime(moment)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{clock(moment)} {local.tzname()}" if twice else clock(moment)
