"""Which of the free times to propose first, and how a day is worded against the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from functools import cache

from treatments.rules.slots import Offer


class Reason(StrEnum):
    """Why a time is among the best."""

    IN_WINDOW = "in_window"
    USUAL_PRACTITIONER = "usual_practitioner"
    SAME_WEEKDAY = "same_weekday"
    SAME_TIME = "same_time"  # within an hour of the usual one
    FIRST_FREE = "first_free"  # nothing earlier is free


_WEIGHTS = {Reason.IN_WINDOW: 8, Reason.USUAL_PRACTITIONER: 4, Reason.SAME_WEEKDAY: 1, Reason.SAME_TIME: 1}


class DayWord(StrEnum):
    """Where a day lies beside the due window."""

    TOO_SOON = "too_soon"
    IN_WINDOW = "in_window"
    LATE = "late"
    NO_WINDOW = "no_window"


def day_word(day: date, window_from: date | None, window_until: date | None) -> DayWord:
    """`window_until` is the last good day, as `Forecast.due_until` is; a window may lack one of its ends."""
    if window_from is None and window_until is None:
        return DayWord.NO_WINDOW
    if window_from is not None and day < window_from:
        return DayWord.TOO_SOON
    return DayWord.LATE if window_until is not None and day > window_until else DayWord.IN_WINDOW


class DayPart(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


def part_of_day(clock: time) -> DayPart:
    """The afternoon begins at 12:00, the evening at 17:00."""
    if clock < time(12):
        return DayPart.MORNING
    return DayPart.AFTERNOON if clock < time(17) else DayPart.EVENING


@dataclass(frozen=True, slots=True)
class Wish:
    """What suits a patient: the due window, and how the visits were before. Monday is weekday 0."""

    window_from: date | None = None
    window_until: date | None = None  # the last good day
    usual_practitioner: int | None = None
    weekday: int | None = None
    hour_minute: time | None = None


def best(
    offers_with_local: Sequence[tuple[date, time, Offer]], wish: Wish, n: int = 3
) -> list[tuple[Offer, tuple[Reason, ...]]]:
    """The `n` with the weightiest reasons, best first, then the earliest; a second one of a day only to make up `n`.

    Each offer comes with the day and time that the clinic's clock shows at its start.
    """
    first = min((offer.starts_at for *_, offer in offers_with_local), default=None)

    @cache  # twenty people who are free at one time differ in nothing but who is the usual one
    def judged(day: date, clock: time, usual: bool) -> tuple[int, tuple[Reason, ...]]:
        reasons = _reasons(day, clock, usual, wish)
        return -sum(_WEIGHTS[reason] for reason in reasons), reasons

    ranked: list[tuple[int, Offer, date, tuple[Reason, ...]]] = []
    for day, clock, offer in offers_with_local:
        weight, reasons = judged(day, clock, offer.practitioner == wish.usual_practitioner)
        ranked.append((weight, offer, day, (*reasons, Reason.FIRST_FREE) if offer.starts_at == first else reasons))
    ranked.sort(key=lambda each: (each[0], each[1].starts_at, each[1].practitioner, each[1].room))
    seen: set[date] = set()
    of_new_days: list[tuple[Offer, tuple[Reason, ...]]] = []
    of_same_days: list[tuple[Offer, tuple[Reason, ...]]] = []
    for _weight, offer, day, reasons in ranked:
        (of_same_days if day in seen else of_new_days).append((offer, reasons))
        seen.add(day)
    return (of_new_days + of_same_days)[:n]


def _reasons(day: date, clock: time, usual: bool, wish: Wish) -> tuple[Reason, ...]:
    holds = {
        Reason.IN_WINDOW: day_word(day, wish.window_from, wish.window_until) == DayWord.IN_WINDOW,
        Reason.USUAL_PRACTITIONER: usual,
        Reason.SAME_WEEKDAY: day.weekday() == wish.weekday,
        Reason.SAME_TIME: wish.hour_minute is not None
        and abs(_minute_of_day(clock) - _minute_of_day(wish.hour_minute)) <= 60,
    }
    return tuple(reason for reason, is_so in holds.items() if is_so)


def _minute_of_day(clock: time) -> int:
    return clock.hour * 60 + clock.minute
