"""Pictures of groups on one scale: strips of dots, and rows with a mark and its range. Geometry only, as in `charts`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

from treatments.rules.statistics import per_dot
from treatments.views.charts import Box, Mark, anchor_at, percent, side_of

MOST_DOTS, DOT = 12, 7


# ---- strips of dots: how long between two treatments ----


class Strip(NamedTuple):
    """The weeks of one group. `floor`: the minimum interval, in weeks; what lies before it is early."""

    name: str
    note: str
    weeks: Sequence[int]
    early: frozenset[int]
    quarter: float
    middle: float
    three: float
    floor: float | None
    floor_word: str
    middle_word: str


@dataclass
class DrawnStrip:
    name: str
    note: str
    dots: list[tuple[float, float]] = field(default_factory=list)
    early: list[tuple[float, float]] = field(default_factory=list)
    box: Box | None = None
    middle: Mark | None = None
    floor: Mark | None = None
    top: int = 0
    base: int = 0


@dataclass(frozen=True)
class StripsChart:
    id: str
    title: str
    sentence: str
    strips: list[DrawnStrip]
    labels: list[Mark]
    each: int  # how many each dot stands for
    height: int


def strips_chart(strips: Sequence[Strip], *, ref: str, title: str, sentence: str, until: int) -> StripsChart:
    """Dots stacked on the week, all strips on one scale. A stack has at most a dozen dots; then each stands for more."""
    each = per_dot(max((max(Counter(s.weeks).values()) for s in strips), default=1), most=MOST_DOTS)
    drawn, y = [], 0
    for strip in strips:
        stacks = Counter(min(week, until) for week in strip.weeks)
        early = Counter(week for week in strip.weeks if week in strip.early)
        tall = max(-(-number // each) for number in stacks.values())
        top, base = y + 40, y + 40 + tall * DOT + 4
        picture = DrawnStrip(strip.name, strip.note, top=y + 14, base=base)
        for week, number in sorted(stacks.items()):
            places = [(percent(week, until), base - 5 - DOT * n) for n in range(-(-number // each))]
            n_early = -(-early[week] // each) if early[week] else 0
            picture.early += places[:n_early]
            picture.dots += places[n_early:]
        left, right = percent(strip.quarter, until), percent(min(strip.three, until), until)
        picture.box = Box(left, base + 3, round(max(right - left, 0.4), 2), 8)
        picture.middle = Mark(percent(min(strip.middle, until), until), base + 3, strip.middle_word)
        if strip.floor is not None:
            x = percent(strip.floor, until)
            picture.floor = Mark(x, top - 10, strip.floor_word, side_of(x))
        drawn.append(picture)
        y = base + 34
    step = 4 if until <= 60 else 13
    labels = [
        Mark(
            percent(week, until),
            y + 14,
            str(week) if week else _("week 0"),
            anchor_at(percent(week, until)),
            minor=bool(week // step % 2),
        )
        for week in range(0, until + 1, step)
    ]
    return StripsChart(ref, title, sentence, drawn, labels, each, y + 20)


# ---- rows with a mark and its range, on one scale ----


class Row(NamedTuple):
    """A value with its range; None where it is not shown, and `said` says why."""

    name: str
    said: str
    value: float | None
    low: float = 0.0
    high: float = 0.0


@dataclass
class DrawnRow:
    name: str
    said: str
    y: int
    mark: float | None
    low: float
    high: float


@dataclass(frozen=True)
class RowsChart:
    id: str
    title: str
    sentence: str
    heading: str
    rows: list[DrawnRow]
    labels: list[Mark]
    limit: Mark | None
    bars: bool
    height: int
    base: int


def rows_chart(
    rows: Sequence[Row],
    *,
    ref: str,
    title: str,
    sentence: str,
    until: float,
    ticks: Sequence[tuple[float, str]],
    heading: str = "",
    limit: tuple[float, str] | None = None,
    bars: bool = False,
) -> RowsChart:
    """Each row: its name and numbers, under them a mark with its range, or a bar from zero."""
    drawn = [
        DrawnRow(row.name, row.said, 36 * n + 14, None, 0, 0)
        if row.value is None
        else DrawnRow(
            row.name, row.said, 36 * n + 14,
            percent(min(row.value, until), until),
            percent(min(row.low, until), until),
            percent(min(row.high, until), until),
        )
        for n, row in enumerate(rows)
    ]  # fmt: skip
    base = 36 * len(rows) + 6
    labels = [Mark(percent(at, until), base + 14, word, anchor_at(percent(at, until))) for at, word in ticks]
    line = Mark(percent(limit[0], until), base + 14, limit[1], "middle") if limit else None
    return RowsChart(ref, title, sentence, heading, drawn, labels, line, bars, base + 20, base)
