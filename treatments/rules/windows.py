"""The window of a course: from when to when the next visit is asked for, and which of several windows rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from treatments.rules.cycles import FEWEST, Learned
from treatments.rules.facts import CourseChoice, Given, RuleBook, ScheduleRule, SetWindow
from treatments.rules.reasons import CLINIC_SCHEDULE, Candidate, Reason, listed
from treatments.rules.vocabulary import CourseDuration, LearnedDuration, ScheduleKind

PIN = "Decided by staff for this course"
Span = tuple[Candidate, Candidate]  # what opens a window, and what closes it


@dataclass(frozen=True, slots=True)
class Window:
    """`computed`: the window without the one that was set by hand; None where nobody set one that holds."""

    due_from: date
    due_until: date
    reasons: tuple[Reason, ...]
    computed: tuple[date, date] | None = None


NO_EFFECT = "no_effect_yet"


class Ruling(StrEnum):
    """Which of the windows decides."""

    COMPUTED = "computed"  # the usual one of the indication
    BY_HAND = "set_by_hand"
    PINNED = "pinned"
    LEARNED = "from_response"  # from how long the effect lasts for this patient


def ruling(
    *, by_hand: bool, effective: bool, n_cycles: int, duration: CourseDuration, indication: str, book: RuleBook
) -> Ruling:
    """Of a course whose dates are known: what `window` has decided, from what is kept of it."""
    if by_hand:
        return Ruling.BY_HAND
    if not effective or book.indications[indication].schedule.kind != ScheduleKind.WINDOW:
        return Ruling.COMPUTED
    if duration == CourseDuration.PINNED:
        return Ruling.PINNED
    applied = duration == CourseDuration.CLINIC and book.learned_duration == LearnedDuration.APPLY
    return Ruling.LEARNED if applied and n_cycles >= FEWEST else Ruling.COMPUTED


def window(
    earliest: date,
    effective: Given | None,
    indication: str,
    book: RuleBook,
    *,
    last_on: date,
    choice: CourseChoice,
    learned: Learned | None,
) -> Window:
    """The window that rules, and the others beside it. It never opens before the earliest day.

    Set by hand goes before pinned, pinned before learned, learned before the usual one.
    """
    by_hand = _by_hand(choice.window) if choice.window and choice.window.holds(last_on) else None
    own, rules = _own(effective, indication, book, choice, learned)
    usual = _usual(effective, earliest, indication, book)
    computed = own if own and rules else usual
    ruling = by_hand or computed
    others = [span for span in (own, usual, by_hand) if span and span is not ruling]
    from_day, until = _placed(ruling, earliest)
    opens = Candidate("earliest_day", "The earliest day, above", earliest, CLINIC_SCHEDULE)
    lows = [ruling[0]] if ruling[0].rule == NO_EFFECT else [opens, ruling[0]]
    found = listed("due_from", [*lows, *_beside(low for low, _high in others)], from_day)
    found += listed("due_until", [until, *_beside(high for _low, high in others)], until.day)
    return Window(from_day, until.day, tuple(found), _days(computed, earliest) if by_hand else None)


def _placed(span: Span, earliest: date) -> tuple[date, Candidate]:
    """Where the window lies: moved as a whole where the earliest day lies after its start."""
    low, high = span
    if earliest <= low.day:
        return low.day, high
    n_days = (high.day - low.day).days
    kept = Candidate(
        "window_kept", f"The window keeps its {n_days} days", earliest + timedelta(days=n_days), CLINIC_SCHEDULE
    )
    return earliest, kept


def _days(span: Span, earliest: date) -> tuple[date, date]:
    from_day, until = _placed(span, earliest)
    return from_day, until.day


def _beside(candidates: Iterable[Candidate]) -> list[Candidate]:
    return [replace(candidate, counts=False) for candidate in candidates]


def _by_hand(chosen: SetWindow) -> Span:
    sentence = f"Set by {chosen.by} on {chosen.set_on:%d-%b-%Y}: {chosen.reason}"
    return (
        Candidate("set_by_hand", sentence, chosen.due_from, CLINIC_SCHEDULE),
        Candidate("set_by_hand", sentence, chosen.due_until, CLINIC_SCHEDULE),
    )


def _own(
    effective: Given | None, indication: str, book: RuleBook, choice: CourseChoice, learned: Learned | None
) -> tuple[Span | None, bool]:
    """The window of this patient's own, and whether it rules. Never for a fixed schedule or an examination."""
    if effective is None or book.indications[indication].schedule.kind != ScheduleKind.WINDOW:
        return None, False
    if choice.duration == CourseDuration.PINNED and choice.pinned:
        return _pinned(choice.pinned, effective.effect_from), True
    shown = choice.duration == CourseDuration.CLINIC and book.learned_duration != LearnedDuration.OFF
    if not (shown and learned and learned.enough):
        return None, False
    rule = book.durations[indication, learned.family]
    return _learned(learned, rule.source), book.learned_duration == LearnedDuration.APPLY


def _pinned(days: tuple[int, int], began: date) -> Span:
    low, high = (
        Candidate("pinned", f"Pinned for this course: {n} days after {began:%d-%b-%Y}", began + timedelta(days=n), PIN)
        for n in days
    )
    return low, high


def _learned(learned: Learned, source: str) -> Span:
    found, began = learned.found, learned.began
    basis = f"This patient's own cycles ({found.n}, {found.n_exact} seen to the end)"
    low = f"{basis}: a quarter of effects is gone {found.at_25} days after {began:%d-%b-%Y}"
    high = f"{basis}: three quarters are gone {found.at_75} days after {began:%d-%b-%Y}"
    return (
        Candidate("learned", low, began + timedelta(days=found.at_25), source, verified=False),
        Candidate("learned", high, began + timedelta(days=found.at_75), source, verified=False),
    )


def _usual(effective: Given | None, earliest: date, indication: str, book: RuleBook) -> Span:
    if effective is None:
        none = Candidate(NO_EFFECT, "No treatment with full effect: due at once", earliest, CLINIC_SCHEDULE)
        return none, none
    return _effect(book.indications[indication].schedule, effective.effect_from)


def _effect(schedule: ScheduleRule, began: date) -> Span:
    """Both ends of the time in which the effect of the last effective treatment usually wears off."""
    sentence = {
        ScheduleKind.WINDOW: "The effect usually wears off from {} after {:%d-%b-%Y} on",
        ScheduleKind.FIXED: "Fixed schedule: {} after {:%d-%b-%Y}",
        ScheduleKind.EXAMINATION: "Examination, no repeat: {} after {:%d-%b-%Y}",
    }[schedule.kind].format(schedule.effect_low, began)
    last_day = f"{schedule.effect_high} after {began:%d-%b-%Y}"
    source, verified = schedule.source, schedule.verified
    return (
        Candidate("effect_low", sentence, schedule.effect_low.after(began), source, verified),
        Candidate("effect_high", last_day, schedule.effect_high.after(began), source, verified),
    )
