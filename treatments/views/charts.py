"""The pictures of the reports: geometry only. Across in percent of the width, down in pixels, so letters keep their size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from treatments.rules.statistics import round_step

PLOT_TOP, PLOT_HEIGHT = 28, 176
OFF_SCALE = 3  # a line so many times as high as the highest bar does not share its scale


class Line(NamedTuple):
    x1: float
    y1: float
    x2: float
    y2: float


class Mark(NamedTuple):
    """A word at a place. `minor`: left out where there is little room."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    minor: bool = False


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float


def percent(value: float, whole: float) -> float:
    return round(100 * value / whole, 2) if whole else 0.0


def anchor_at(x: float) -> str:
    """How a word at that place keeps inside the picture."""
    return "start" if x < 4 else "end" if x > 96 else "middle"


def side_of(x: float) -> str:
    """On which side of a line its word has room."""
    return "start" if x < 60 else "end"


# ---- bars against a line: how many people, how many free times ----


class WeekBar(NamedTuple):
    label: str
    number: int
    line: int


@dataclass(frozen=True)
class BarsChart:
    """Bars with a step line over them. `below`: what the line says, as numbers under the axis."""

    id: str
    title: str
    sentence: str
    bars: list[Box]
    steps: list[Line]
    grid: list[Mark]
    values: list[Mark]
    labels: list[Mark]
    below: list[Mark]
    keys: tuple[str, str]
    off_scale: bool = False
    height: int = PLOT_TOP + PLOT_HEIGHT + 42
    base: int = PLOT_TOP + PLOT_HEIGHT


def bars_chart(weeks: Sequence[WeekBar], *, ref: str, title: str, sentence: str, keys: tuple[str, str]) -> BarsChart:
    """One bar for each week, from zero; both are counted on one scale.

    A line that lies far above every bar would flatten them: it is drawn over the top then, and said to be.
    """
    most, line = max(1, *(week.number for week in weeks)), max(week.line for week in weeks)
    off_scale = line > OFF_SCALE * most
    scale = most + -(-most // 4) if off_scale else max(most, line)
    step = round_step(scale)
    top, wide, base = -(-scale // step) * step, 100 / len(weeks), PLOT_TOP + PLOT_HEIGHT
    middles = [round(wide * (n + 0.5), 2) for n in range(len(weeks))]

    def y(number: int) -> float:
        return round(base - PLOT_HEIGHT * number / top, 1) if number <= top else PLOT_TOP - 20

    steps = []
    for n, week in enumerate(weeks):
        if n and week.line != weeks[n - 1].line:
            steps.append(Line(round(wide * n, 2), y(weeks[n - 1].line), round(wide * n, 2), y(week.line)))
        steps.append(Line(round(wide * n, 2), y(week.line), round(wide * (n + 1), 2), y(week.line)))
    return BarsChart(
        ref, title, sentence,
        bars=[Box(round(m - wide * 0.3, 2), y(w.number), round(wide * 0.6, 2), round(base - y(w.number), 1))
              for m, w in zip(middles, weeks, strict=True)],
        steps=steps,
        grid=[Mark(0, y(number), str(number), "start") for number in range(step, top + 1, step)],
        values=[Mark(m, y(w.number) - 5, str(w.number)) for m, w in zip(middles, weeks, strict=True)],
        labels=[Mark(m, base + 16, w.label, minor=bool(n % 2)) for n, (m, w) in enumerate(zip(middles, weeks, strict=True))],
        below=[Mark(m, base + 34, str(w.line)) for m, w in zip(middles, weeks, strict=True)],
        keys=keys,
        off_scale=off_scale,
    )  # fmt: skip


# ---- a curve with its band: how many were back by when ----


class CurvePoint(NamedTuple):
    time: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class CurveChart:
    """A step curve with its band, drawn on 0 to 1000 across and down; words stand in percent and pixels."""

    id: str
    title: str
    sentence: str
    curve: str
    band: str
    grid: list[Mark]
    labels: list[Mark]
    at_risk: list[Mark]
    half: Mark | None
    end: Mark
    at_risk_label: str
    height: int = PLOT_TOP + PLOT_HEIGHT + 58
    base: int = PLOT_TOP + PLOT_HEIGHT
    top: int = PLOT_TOP
    plot: int = PLOT_HEIGHT


def curve_chart(
    points: Sequence[CurvePoint],
    *,
    ref: str,
    title: str,
    sentence: str,
    until: int,
    ticks: Sequence[tuple[int, str, int]],
    half: tuple[int, str] | None,
    at_risk_label: str,
) -> CurveChart:
    """`points` rise from 0; `ticks`: time, its word, how many are still followed then."""
    shown = [CurvePoint(0, 0.0, 0.0, 0.0), *(point for point in points if point.time <= until)]
    last = shown[-1]
    base = PLOT_TOP + PLOT_HEIGHT

    def steps(value: Callable[[CurvePoint], float]) -> list[str]:
        places = []
        for n, point in enumerate(shown):
            at, high = round(1000 * point.time / until, 1), round(1000 * (1 - value(point)), 1)
            if n:
                places.append(f"{at},{round(1000 * (1 - value(shown[n - 1])), 1)}")
            places.append(f"{at},{high}")
        return [*places, f"1000,{round(1000 * (1 - value(last)), 1)}"]

    lower, upper = steps(lambda p: p.low), steps(lambda p: p.high)
    return CurveChart(
        ref, title, sentence,
        curve="M" + "L".join(steps(lambda p: p.share)),
        band="M" + "L".join([*upper, *reversed(lower)]) + "Z",
        grid=[Mark(0, base - PLOT_HEIGHT * share / 100, f"{share} %", "start") for share in (25, 50, 75, 100)],
        labels=[Mark(percent(t, until), base + 16, word, anchor_at(percent(t, until)), minor=bool(n % 2))
                for n, (t, word, _risk) in enumerate(ticks)],
        at_risk=[Mark(percent(t, until), base + 50, str(risk), anchor_at(percent(t, until)), minor=bool(n % 2))
                 for n, (t, _word, risk) in enumerate(ticks)],
        half=_half(half, until, base - PLOT_HEIGHT / 2),
        end=Mark(100, max(PLOT_TOP - 6, base - PLOT_HEIGHT * last.share - 6), f"{100 * last.share:.0f} %", "end"),
        at_risk_label=at_risk_label,
    )  # fmt: skip


def _half(half: tuple[int, str] | None, until: int, y: float) -> Mark | None:
    if half is None or half[0] > until:
        return None
    x = percent(half[0], until)
    return Mark(x, y, half[1], side_of(x))
