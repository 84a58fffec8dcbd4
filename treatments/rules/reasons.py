"""Why a date is what it is: the candidates for it, in order, and which of them decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

CLINIC_SCHEDULE = "Schedule of this clinic"


@dataclass(frozen=True, slots=True)
class Reason:
    """One candidate for one date: what asks for it, which day it gives, and whether it decided."""

    about: str  # the date it speaks of: earliest_on, due_from, due_until, overdue_from, lapsed_from
    rule: str
    sentence: str
    day: date
    source: str
    verified: bool
    decided: bool

    def as_data(self) -> dict[str, str | bool]:
        return {
            "about": self.about,
            "rule": self.rule,
            "sentence": self.sentence,
            "day": self.day.isoformat(),
            "source": self.source,
            "verified": self.verified,
            "decided": self.decided,
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A day that a rule asks for. One that does not count is shown, and never decides."""

    rule: str
    sentence: str
    day: date
    source: str
    verified: bool = True
    counts: bool = True


def listed(about: str, candidates: Iterable[Candidate], decided: date) -> list[Reason]:
    """The candidates by day, whatever order they came in."""
    ordered = sorted(candidates, key=lambda c: (c.day, c.rule, c.sentence))
    return [
        Reason(about, c.rule, c.sentence, c.day, c.source, c.verified, c.counts and c.day == decided) for c in ordered
    ]
