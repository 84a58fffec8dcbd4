"""The picture of how long the effect lasts in one patient: cycles, estimate, usual range. Geometry only, in percent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _

WEEK = 7
LEVELS = 3  # of dots that would cover each other
NEAR = 3.0  # percent of the axis within which two dots cover each other


class Dot(NamedTuple):
    """One cycle. kind: exact (seen to the end), still (an arrow on), gone (an arrow back, from `low_x` on)."""

    x: float
    low_x: float
    level: int
    kind: str


class Bar(NamedTuple):
    x: float
    width: float


class Tick(NamedTuple):
    x: float
    label: str


@dataclass(frozen=True)
class DurationPicture:
    """What components/duration.html draws."""

    id: str
    title: str
    sentence: str
    dots: list[Dot]
    wide: Bar
    middle: Bar
    best_x: float
    usual: Bar
    ticks: list[Tick]


def duration_picture(
    cycles: Sequence[tuple[int, int | None]],
    days: Sequence[int],
    usual: tuple[int, int],
    *,
    name: str,
    ref: str,
    sentence: str,
) -> DurationPicture:
    """`cycles`: (low, high) as observed, oldest first. `days`: by which 10, 25, 50, 75 and 90 of 100 effects have gone."""
    shown = [day for low, high in cycles for day in (low or high, high or low) if day]
    first = min(*shown, days[0], usual[0]) - WEEK
    last = max(*shown, days[4], usual[1]) + WEEK
    span = max(last - first, 1)

    def at(day: int) -> float:
        return round(100 * (day - first) / span, 2)

    def bar(low: int, high: int) -> Bar:
        return Bar(at(low), round(at(high) - at(low), 2))

    return DurationPicture(
        id=f"duration-{ref}",
        title=_("How long the effect lasts, %(name)s") % {"name": name.lower()},
        sentence=sentence,
        dots=_dots(cycles, at),
        wide=bar(days[0], days[4]),
        middle=bar(days[1], days[3]),
        best_x=at(days[2]),
        usual=bar(*usual),
        ticks=_ticks(first, last, at),
    )


def _dots(cycles: Sequence[tuple[int, int | None]], at) -> list[Dot]:
    dots: list[Dot] = []
    for low, high in cycles:
        kind = "still" if high is None else "exact" if low == high else "gone"
        x = at(low if high is None else high)
        taken = {dot.level for dot in dots if abs(dot.x - x) < NEAR}
        level = next((level for level in range(LEVELS) if level not in taken), LEVELS - 1)
        dots.append(Dot(x, at(low) if kind == "gone" and low else max(x - 8, 0), level, kind))
    return dots


def _ticks(first: int, last: int, at) -> list[Tick]:
    """Whole weeks, about six of them."""
    weeks = range(-(-first // WEEK), last // WEEK + 1)
    step = next(step for step in (1, 2, 4, 8, 13, 26, 52) if len(weeks) / step <= 8 or step == 52)
    return [Tick(at(week * WEEK), str(week)) for week in weeks if week % step == 0 and 3 <= at(week * WEEK) <= 84]
