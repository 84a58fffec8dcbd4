"""The statistics of the reports: shares with their range, quantiles, and times of which some have not ended yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

Z95 = 1.959963984540054  # of the normal distribution: 95 % lie within so many standard errors


@dataclass(frozen=True, slots=True)
class Time:
    """How long something took; `ended` is False where it goes on, so that only "longer than that" is known."""

    value: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What is known from `time` on: the share that has not ended, with its 95 % range. `at_risk`: followed until then."""

    time: int
    at_risk: int
    ended: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its range; an end that nobody can tell yet is None."""

    value: int
    low: int | None
    high: int | None


def kaplan_meier(times: Iterable[Time]) -> list[Step]:
    """The share that has not ended after each time at which something ended; those still going on count as such.

    Whoever is no longer followed on the day something ends was followed that day. The range is Greenwood's, on the
    scale of log(-log), so that it stays between 0 and 1.
    """
    known = list(times)
    ends, leaves = Counter(t.value for t in known if t.ended), Counter(t.value for t in known if not t.ended)
    at_risk, share, spread, high = len(known), 1.0, 0.0, 1.0
    steps = []
    for time in sorted(ends.keys() | leaves.keys()):
        ended = ends[time]
        if ended:
            share *= (at_risk - ended) / at_risk
            if at_risk > ended:
                spread += ended / (at_risk * (at_risk - ended))
            else:
                share = 0.0
            low, high = _log_log(share, spread, high)
            steps.append(Step(time, at_risk, ended, share, low, high))
        at_risk -= ended + leaves[time]
    return steps


def _log_log(share: float, spread: float, last_high: float) -> tuple[float, float]:
    if share <= 0.0:
        return 0.0, last_high
    error = Z95 * sqrt(spread) / -log(share)
    return share ** exp(error), share ** exp(-error)


def share_at(steps: Sequence[Step], time: int) -> float:
    """The share that has not ended at that time."""
    return next((step.share for step in reversed(steps) if step.time <= time), 1.0)


def at_risk_at(times: Iterable[Time], time: int) -> int:
    """How many are still followed, and have not ended before that time."""
    return sum(each.value >= time for each in times)


def median_time(steps: Sequence[Step]) -> Estimate | None:
    """The first time after which at most half have not ended; None where more than half still go on."""
    value = next((step.time for step in steps if step.share <= 0.5), None)
    if value is None:
        return None
    low = next((step.time for step in steps if step.low <= 0.5), None)
    high = next((step.time for step in steps if step.high <= 0.5), None)
    return Estimate(value, low, high)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % range of a share, by Wilson's score; from 0 to 1 where there is nobody."""
    if not 0 <= part <= whole:
        raise ValueError("a part is at most the whole")
    if not whole:
        return 0.0, 1.0
    share, z2 = part / whole, Z95 * Z95
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z95 * sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return (0.0 if part == 0 else max(0.0, middle - half)), (1.0 if part == whole else min(1.0, middle + half))


def quantile(ordered: Sequence[int], share: float) -> float:
    """The value below which that share lies, between two neighbours in proportion. `ordered`: ascending, not empty."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def round_step(most: int, *, lines: int = 4) -> int:
    """The distance of grid lines for numbers up to `most`: 1, 2 or 5 times a power of ten, at most `lines` of them."""
    step = 1
    while step * lines < most:
        lead = int(str(step)[0])
        step = step * 5 // 2 if lead == 2 else step * 2
    return step


def per_dot(highest: int, *, most: int) -> int:
    """How many each dot of a stack stands for, so that the highest stack has at most `most` dots."""
    return max(1, -(-highest // most))
