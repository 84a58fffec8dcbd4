"""What a course teaches: its cycles, which of them say how long the effect lasts, and which are left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from treatments.rules.duration import Estimate, Observation, Seen, estimate
from treatments.rules.facts import DurationRule, Facts, Given, RuleBook
from treatments.rules.vocabulary import TreatmentKind

FEWEST = 2  # cycles before an estimate is shown or applied


class LeftOut(StrEnum):
    """Why a cycle of which something was said does not teach."""

    SUB_STANDARD = "sub_standard"
    TOUCH_UP = "touch_up"  # there was a touch-up in it
    OTHER_PRODUCT = "other_product"  # of another family than the last one, or not known
    DOUBTFUL = "doubtful"  # the day of the treatment, or of what was said, is doubtful
    TELLS_NOTHING = "tells_nothing"  # beyond what the effect can last, or true of nearly everybody


@dataclass(frozen=True, slots=True)
class Learned:
    """What a patient's own cycles say of the next one, as plain values: days after the treatment."""

    family: str
    began: date  # the treatment from which the estimate is counted
    usual: tuple[int, int]
    cycles: tuple[tuple[date, Observation], ...]
    left_out: tuple[tuple[date, LeftOut], ...]
    found: Estimate

    @property
    def enough(self) -> bool:
        return self.found.n >= FEWEST

    def as_data(self) -> dict[str, object]:
        found = self.found
        return {
            "family": self.family,
            "n": found.n,
            "n_exact": found.n_exact,
            "days": [found.at_10, found.at_25, found.at_50, found.at_75, found.at_90],
            "usual": list(self.usual),
            "cycles": [[on.isoformat(), seen.low, seen.high] for on, seen in self.cycles],
            "left_out": [[on.isoformat(), why.value] for on, why in self.left_out],
        }


@dataclass(frozen=True, slots=True)
class _Course:
    """One course, ready to be read cycle by cycle. `family`: that of the effect that is running."""

    history: list[Given]
    touched_up_on: list[date]
    family: str
    rule: DurationRule
    book: RuleBook

    def left_out(self, given: Given, observation: Observation | None, ends_on: date) -> LeftOut | None:
        said = [day for day in (given.worn_off_on, given.still_working_on, given.seen_gone_on) if day]
        twice = sum(other.on == given.on for other in self.history) > 1
        if given.sub_standard:
            return LeftOut.SUB_STANDARD
        if given.not_before_on or twice or observation is None or max(said) > ends_on:
            return LeftOut.DOUBTFUL
        if _family(given, self.book) != self.family:
            return LeftOut.OTHER_PRODUCT
        if any(given.on <= on < ends_on for on in self.touched_up_on):
            return LeftOut.TOUCH_UP
        return None if self.rule.prior.tells(observation) else LeftOut.TELLS_NOTHING


def learn(indication: str, facts: Facts, book: RuleBook) -> Learned | None:
    """What is learned of the effect that is running; None where nothing was said, or no prior is known."""
    history = facts.full(indication)
    last = max((g for g in history if not g.sub_standard), key=lambda g: g.effect_from, default=None)
    if last is None or not any(_spoken_of(g) for g in history):
        return None
    family = _family(last, book)
    rule = book.durations.get((indication, family))
    if rule is None:
        return None
    touched_up_on = [g.on for g in facts.counted() if g.indication == indication and g.kind == TreatmentKind.TOUCH_UP]
    course = _Course(history, touched_up_on, family, rule, book)
    seen, cycles, left_out = _read(course)
    schedule = book.indications[indication].schedule
    usual = schedule.effect_low.rough_days, schedule.effect_high.rough_days
    found = estimate(rule.prior, sum(usual) / 2, tuple(seen), history.index(last))
    return Learned(family, last.effect_from, usual, tuple(cycles), tuple(left_out), found)


def _read(course: _Course) -> tuple[list[Seen], list[tuple[date, Observation]], list[tuple[date, LeftOut]]]:
    """Every cycle of which something was said: what it teaches, or why it does not."""
    seen: list[Seen] = []
    cycles: list[tuple[date, Observation]] = []
    left_out: list[tuple[date, LeftOut]] = []
    following = [g.on for g in course.history[1:]] + [date.max]
    for number, (given, ends_on) in enumerate(zip(course.history, following, strict=True)):
        if not _spoken_of(given):
            continue
        observation = _observation(given)
        if why := course.left_out(given, observation, ends_on):
            left_out.append((given.on, why))
        elif observation:
            seen.append(Seen(number, observation))
            cycles.append((given.on, observation))
    return seen, cycles, left_out


def _spoken_of(given: Given) -> bool:
    return bool(given.worn_off_on or given.still_working_on or given.seen_gone_on)


def _family(given: Given, book: RuleBook) -> str:
    product = book.products.get(given.product)
    return product.duration_family if product else ""


def _observation(given: Given) -> Observation | None:
    """What was said, in days after the treatment; None where it cannot be true."""
    still = (given.still_working_on - given.on).days if given.still_working_on else 0
    if given.worn_off_on:
        gone = (given.worn_off_on - given.on).days
        return Observation(gone, gone) if gone > 0 and gone >= still else None
    if given.seen_gone_on:
        seen = (given.seen_gone_on - given.on).days
        return Observation(still, seen) if 0 <= still < seen else None
    return Observation(still, None) if still >= 0 else None
