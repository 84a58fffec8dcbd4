"""The window of a course: from when to when the next visit is asked for, and which of several windows rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from treatments.rules.facts import CourseChoice, Given, RuleBook, ScheduleRule, SetWindow
from treatments.rules.reasons import CLINIC_SCHEDULE, Candidate, Reason, listed
from treatments.rules.vocabulary import ScheduleKind

Span = tuple[Candidate, Candidate]  # what opens a window, and what closes it


@dataclass(frozen=True, slots=True)
class Window:
    """`computed`: the window without the one that was set by hand; None where nobody set one that holds."""

    due_from: date
    due_until: date
    reasons: tuple[Reason, ...]
    computed: tuple[date, date] | None = None


def window(
    earliest: date,
    effective: Given | None,
    indication: str,
    book: RuleBook,
    *,
    last_on: date,
    choice: CourseChoice,
) -> Window:
    """The window that rules: set by hand, else the usual one. It never opens before the earliest day."""
    by_hand = _by_hand(choice.window) if choice.window and choice.window.holds(last_on) else None
    spans = [span for span in (by_hand, _usual(effective, earliest, indication, book)) if span]
    ruling, *others = spans
    from_day, until = _placed(ruling, earliest)
    opens = Candidate("earliest_day", "The earliest day, above", earliest, CLINIC_SCHEDULE)
    lows = [ruling[0]] if ruling[0].rule == NO_EFFECT else [opens, ruling[0]]
    found = listed("due_from", [*lows, *_beside(low for low, _high in others)], from_day)
    found += listed("due_until", [until, *_beside(high for _low, high in others)], until.day)
    return Window(from_day, until.day, tuple(found), _days(others[0], earliest) if by_hand else None)


NO_EFFECT = "no_effect_yet"


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
