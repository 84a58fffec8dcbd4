"""What a rule says, and what all of it together means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from treatments.rules.vocabulary import Severity, VerdictState


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of a rule about one plan on one day.

    `code` is stable: tests, documents and the audit trail use it. `until` is the first day on which it no longer
    holds, None where nobody knows. `unknown` marks what could not be judged because nobody asked.
    """

    code: str
    severity: Severity
    sentence: str
    source: str = ""
    verified: bool = True
    since: date | None = None
    until: date | None = None
    change: str = ""
    about: str = ""
    unknown: bool = False

    def as_data(self) -> dict[str, str | bool | None]:
        """Plain values for JSON: the audit trail, exports and the command line."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "sentence": self.sentence,
            "source": self.source,
            "verified": self.verified,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "change": self.change,
            "about": self.about,
            "unknown": self.unknown,
        }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Heaviest first, then by code and subject, each finding once."""
    return sorted(set(findings), key=lambda f: (f.severity.weight, not f.unknown, f.code, f.about, f.sentence))


def hard_stops(findings: Iterable[Finding]) -> list[Finding]:
    """Those that nobody may override."""
    return [f for f in findings if f.severity == Severity.HARD_STOP]


def soft_stops(findings: Iterable[Finding]) -> list[Finding]:
    """Those that a prescriber may override, for one visit."""
    return [f for f in findings if f.severity == Severity.SOFT_STOP]


def stops(findings: Iterable[Finding]) -> list[Finding]:
    """Hard and soft ones."""
    return [f for f in findings if f.severity.is_stop]


def cautions(findings: Iterable[Finding]) -> list[Finding]:
    """Those that must be acknowledged."""
    return [f for f in findings if f.severity == Severity.CAUTION]


def verdict_state(findings: Iterable[Finding]) -> VerdictState:
    """Blocked by any stop; else cannot tell while anything is unknown; else caution; else clear."""
    found = list(findings)
    if stops(found):
        return VerdictState.BLOCKED
    if any(f.unknown for f in found):
        return VerdictState.CANNOT_TELL
    return VerdictState.CAUTION if cautions(found) else VerdictState.CLEAR


def first_clear_day(findings: Iterable[Finding]) -> date | None:
    """The day on which the last stop ends, None where one of them has no known end."""
    ends = [f.until for f in stops(findings)]
    return max((end for end in ends if end), default=None) if all(ends) else None


class Refused(Exception):
    """An act the gate does not allow. Carries the findings, for the page, the form or the command line to show."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = in_order(findings)
        super().__init__(" ".join(f.sentence for f in self.findings))


class TimeTaken(Refused):
    """Practitioner, room or patient already has a visit then. The codes are `practitioner_busy` and the like."""
