"""Cycles: from one full treatment of a course to the next. What the reports count, from plain rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from treatments.rules.facts import ScheduleRule
from treatments.rules.periods import add_months
from treatments.rules.statistics import Time
from treatments.rules.vocabulary import ScheduleKind

HORIZONS = (6, 12, 18, 24)  # months in which a patient may be back
FIXED_GRACE_DAYS = 14  # a fixed schedule names one day; so many after it are still on time


@dataclass(frozen=True, slots=True)
class Dose:
    """One full treatment of one course. `certain`: given here, on a day that is known.

    `not_again_before`: the minimum interval as it was counted when it was signed. `closed_on`: the course was stopped,
    or the patient died.
    """

    course: int
    patient: int
    indication: str
    on: date
    injector: str = ""
    product: str = ""
    certain: bool = True
    effective: bool = True
    not_again_before: date | None = None
    worn_off_on: date | None = None
    still_working_on: date | None = None
    seen_gone_on: date | None = None
    closed_on: date | None = None
    set_until: date | None = None
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A full treatment, the so many-th of its course, and the next one where there is one."""

    dose: Dose
    number: int
    after: Dose | None

    @property
    def days(self) -> int | None:
        """Until the next one; None where there is none yet, or where one of the two days is not certain."""
        if self.after is None or not (self.dose.certain and self.after.certain):
            return None
        return (self.after.on - self.dose.on).days

    @property
    def early(self) -> bool:
        """True where the next one was given before the minimum interval was over."""
        floor = self.dose.not_again_before
        return self.days is not None and floor is not None and self.after is not None and self.after.on < floor


def cycles(doses: Iterable[Dose]) -> Iterator[Cycle]:
    """The cycles of each course. `doses` come by course and day; those of one course on one day are one treatment."""
    for _course, given in groupby(doses, key=lambda dose: dose.course):
        days = [next(group) for _on, group in groupby(given, key=lambda dose: dose.on)]
        for place, dose in enumerate(days):
            yield Cycle(dose, place + 1, days[place + 1] if place + 1 < len(days) else None)


# ---- on time ----


def last_good_day(dose: Dose, schedule: ScheduleRule) -> date:
    """The end of the window that follows a treatment: set by hand, or as the schedule says."""
    if dose.set_until:
        return dose.set_until
    until = schedule.effect_high.after(dose.on)
    if schedule.kind != ScheduleKind.FIXED:
        return until
    return max(until, schedule.effect_low.after(dose.on) + timedelta(days=FIXED_GRACE_DAYS))


def on_time(cycle: Cycle, schedule: ScheduleRule, *, on: date) -> bool | None:
    """Whether the next treatment came by the last good day, and not before the minimum interval.

    None where it does not count: not certain, a sub-standard dose, an examination instead of a repeat, a window that is
    still open on `on`, a course that was closed before the window was.
    """
    dose = cycle.dose
    if not (dose.certain and dose.effective) or schedule.kind == ScheduleKind.EXAMINATION:
        return None
    until = last_good_day(dose, schedule)
    if until >= on or (dose.closed_on and dose.closed_on <= until):
        return None
    if cycle.after is None:
        return False
    if not cycle.after.certain:
        return None
    return cycle.after.on <= until and not cycle.early


# ---- how long it lasted ----


def lasted(dose: Dose) -> Time | None:
    """The days of effect that were told or seen; None where nobody said anything that can be counted.

    Gone on a day is exact. Still working on a day means longer than that. Seen gone later than it was seen working
    counts in the middle between the two; seen gone alone says too little and is left out.
    """
    if not (dose.certain and dose.effective):
        return None
    if dose.worn_off_on:
        return Time((dose.worn_off_on - dose.on).days, ended=True) if dose.worn_off_on >= dose.on else None
    working, gone = dose.still_working_on, dose.seen_gone_on
    if gone and working and dose.on <= working <= gone:
        return Time(((working - dose.on).days + (gone - dose.on).days) // 2, ended=True)
    if gone or not working or working < dose.on:
        return None
    return Time((working - dose.on).days, ended=False)


# ---- coming back ----


@dataclass(frozen=True, slots=True)
class Beginning:
    """A patient's first treatment here and, where there was one, the next. `left_on`: the patient has died."""

    first_on: date
    back_on: date | None
    left_on: date | None = None

    def back_within(self, months: int, *, on: date) -> bool | None:
        """Whether the patient was back within so many months; None where that time has not passed yet."""
        horizon = add_months(self.first_on, months)
        if self.back_on and self.back_on < horizon and self.back_on <= on:
            return True if horizon <= on else None
        ends_on = min(on, self.left_on) if self.left_on else on
        return False if horizon <= ends_on else None

    def time(self, *, on: date) -> Time:
        """Days until the patient was back, or those waited so far."""
        if self.back_on and self.back_on <= on:
            return Time((self.back_on - self.first_on).days, ended=True)
        until = min(on, self.left_on) if self.left_on else on
        return Time(max(0, (until - self.first_on).days), ended=False)


@dataclass(frozen=True, slots=True)
class Back:
    """Of so many patients, so many were back."""

    part: int
    whole: int


def retention(beginnings: Iterable[Beginning], *, on: date) -> dict[date, tuple[int, list[Back]]]:
    """For each quarter of first treatment, by its first day: how many patients, and how many back within each horizon.

    A horizon counts whom it has been reached for; where it has been reached for nobody, or not for the whole quarter,
    there is nobody to count.
    """
    quarters: dict[date, list[Beginning]] = {}
    for each in beginnings:
        quarters.setdefault(quarter_of(each.first_on), []).append(each)
    return {
        start: (len(people), [_back(people, months, start, on) for months in HORIZONS])
        for start, people in sorted(quarters.items())
    }


def _back(people: list[Beginning], months: int, start: date, on: date) -> Back:
    if add_months(add_months(start, 3), months) > on:
        return Back(0, 0)
    known = [back for each in people if (back := each.back_within(months, on=on)) is not None]
    return Back(sum(known), len(known))


def quarter_of(day: date) -> date:
    """The first day of the quarter."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def month_of(day: date) -> date:
    """The first day of the month."""
    return day.replace(day=1)
