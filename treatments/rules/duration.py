"""How long the effect lasts in one patient: ln(duration) = centre + patient + visit, the patient part by grid.

The prior of the centre has two opinions of one weight: the published median and the middle of the clinic's usual
window. What the patient's own cycles say decides between them. The model and its figures: docs/clinical/duration.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import erfc, exp, log, sqrt
from operator import add, mul
from typing import NamedTuple

POINTS = 101
REACH = 4.0  # standard deviations of the prior beyond either centre
MOST_DRIFT_STEPS = 5  # no source follows the lengthening further
SMALLEST = 1e-300


class Observation(NamedTuple):
    """What one cycle says: gone after more than `low` days and at most `high`; the same day twice is the very day.

    Without `high` the effect was still there after `low` days.
    """

    low: int
    high: int | None

    @property
    def exact(self) -> bool:
        return self.low == self.high


class Seen(NamedTuple):
    """An observation of the cycle that began with the full treatment `number` of the course, counted from 0."""

    number: int
    observation: Observation


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before anything is known of the patient; the spreads are those of the logarithm."""

    median_days: float
    between: float
    within: float
    floor_days: int
    ceiling_days: int
    drift: float = 1.0

    def lengthened(self, number: int) -> float:
        """What further treatments add to the logarithm of the duration."""
        return log(self.drift) * min(number, MOST_DRIFT_STEPS)

    def tells(self, seen: Observation) -> bool:
        """False for what the model cannot place, and for what is true of nearly everybody."""
        if seen.exact or seen.high is None:
            return self.floor_days <= seen.low <= self.ceiling_days
        return self.floor_days <= seen.high and seen.low <= self.ceiling_days and self._narrows(seen)

    def _narrows(self, seen: Observation) -> bool:
        return seen.low >= self.floor_days or (seen.high is not None and seen.high <= self.ceiling_days)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Whole days after the treatment by which the next effect will have gone in so many of a hundred cycles."""

    n: int
    n_exact: int
    at_10: int
    at_25: int
    at_50: int
    at_75: int
    at_90: int


def estimate(prior: Prior, usual_days: float, seen: Iterable[Seen], number: int) -> Estimate:
    """How long the effect of the full treatment `number` lasts, after what was seen of earlier ones.

    `usual_days` is the middle of the clinic's usual window. The order of `seen` decides nothing.
    """
    belief = Belief(prior, usual_days)
    ordered = sorted(seen, key=lambda one: (one.number, str(one.observation)))
    weights = _posterior(belief, ordered)
    days: list[int] = []
    for share in (0.10, 0.25, 0.50, 0.75, 0.90):
        days.append(_quantile(belief, weights, number, share, from_day=days[-1] if days else prior.floor_days))
    return Estimate(len(ordered), sum(one.observation.exact for one in ordered), *days)


class Belief(NamedTuple):
    """A prior with its two opinions of the centre."""

    prior: Prior
    usual_days: float


def _posterior(belief: Belief, seen: Sequence[Seen]) -> list[float]:
    """The weight of each point of the grid, after all that was seen; they add up to 1."""
    logs: Iterable[float] = _grid(belief)[1]
    for one in seen:
        logs = map(add, logs, _likelihood(belief, one))
    found = list(logs)
    highest = max(found)
    weights = [exp(value - highest) for value in found]
    total = sum(weights)
    return [weight / total for weight in weights]


@lru_cache(maxsize=256)
def _grid(belief: Belief) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The points, as logarithms of days, and the logarithm of the prior at each."""
    spread = belief.prior.between
    centres = (log(belief.prior.median_days), log(belief.usual_days))
    start, end = min(centres) - REACH * spread, max(centres) + REACH * spread
    points = tuple(start + (end - start) * step / (POINTS - 1) for step in range(POINTS))
    densities = (sum(exp(-0.5 * ((point - centre) / spread) ** 2) for centre in centres) for point in points)
    return points, tuple(log(max(density, SMALLEST)) for density in densities)


@lru_cache(maxsize=16384)
def _likelihood(belief: Belief, seen: Seen) -> tuple[float, ...]:
    """The logarithm of how likely the observation is at each point."""
    low, high = seen.observation
    if low == high:
        shift, within = belief.prior.lengthened(seen.number), belief.prior.within
        return tuple(-0.5 * ((log(low) - shift - point) / within) ** 2 for point in _grid(belief)[0])
    gone_before = _gone(belief, seen.number, low) if low else (0.0,) * POINTS
    gone_then = _gone(belief, seen.number, high) if high is not None else (1.0,) * POINTS
    return tuple(log(max(then - before, SMALLEST)) for then, before in zip(gone_then, gone_before, strict=True))


@lru_cache(maxsize=16384)
def _gone(belief: Belief, number: int, day: int) -> tuple[float, ...]:
    """The chance at each point that the effect has gone when `day` ends."""
    until, width = log(day + 0.5) - belief.prior.lengthened(number), belief.prior.within * sqrt(2)
    return tuple(0.5 * erfc((point - until) / width) for point in _grid(belief)[0])


def _quantile(belief: Belief, weights: Sequence[float], number: int, share: float, *, from_day: int) -> int:
    """The first whole day, between floor and ceiling of the prior, by whose end that share of effects is gone."""
    low, high = from_day, belief.prior.ceiling_days
    while low < high:
        middle = (low + high) // 2
        if sum(map(mul, weights, _gone(belief, number, middle))) >= share:
            high = middle
        else:
            low = middle + 1
    return low
