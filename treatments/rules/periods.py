"""Civil dates: lengths in their source's own unit, calendar months, half-open periods."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class LengthUnit(StrEnum):
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


def add_months(day: date, months: int) -> date:
    """The same day number `months` later; a day that does not exist becomes the first of the next month.

    30 November + 3 months is 1 March. Never chain calls: +3 then +1 is not +4.
    """
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    if day.day <= monthrange(year, month_index + 1)[1]:
        return date(year, month_index + 1, day.day)
    return add_months(date(year, month_index + 1, 1), 1)


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time in the unit its source uses: 12 weeks are 84 days, 3 months are calendar months."""

    value: int
    unit: LengthUnit

    def after(self, day: date) -> date:
        """The day that lies this length after `day`; the last day there is, where that lies beyond it."""
        try:
            if self.unit == LengthUnit.MONTHS:
                return add_months(day, self.value)
            return day + timedelta(days=self.value * (7 if self.unit == LengthUnit.WEEKS else 1))
        except (OverflowError, ValueError):
            return date.max

    def before(self, day: date) -> date:
        """The latest day from which this length is over on `day`: what was given then no longer counts as too soon."""
        found = day - timedelta(days=self.value * {"days": 1, "weeks": 7, "months": 31}[self.unit])
        while self.after(found + timedelta(days=1)) <= day:
            found += timedelta(days=1)
        return found

    @property
    def rough_days(self) -> int:
        """Days for comparing lengths of different units where no day is at hand; a month counts 30.4375 days."""
        if self.unit == LengthUnit.MONTHS:
            return round(self.value * 30.4375)
        return self.value * (7 if self.unit == LengthUnit.WEEKS else 1)

    def __str__(self) -> str:
        unit = str(self.unit)
        return f"{self.value} {unit[:-1] if self.value == 1 else unit}"


def days(value: int) -> Length:
    """That many days."""
    return Length(value, LengthUnit.DAYS)


def weeks(value: int) -> Length:
    """That many times seven days."""
    return Length(value, LengthUnit.WEEKS)


def months(value: int) -> Length:
    """That many calendar months."""
    return Length(value, LengthUnit.MONTHS)


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open: `starts_on` is in it, `ends_on` is the first day that is not; None is open-ended."""

    starts_on: date
    ends_on: date | None = None

    def covers(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


def first_day_outside(day: date, periods: list[Period]) -> date:
    """The first day from `day` on that lies in no period with an end. Open-ended periods move nothing."""
    dated = [period for period in periods if period.ends_on is not None]
    while covering := [period.ends_on for period in dated if period.ends_on and period.covers(day)]:
        day = max(covering)
    return day


def age_on(born_on: date, day: date) -> int:
    """Full years lived on `day`; someone born on 29 February turns a year older on 1 March."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
