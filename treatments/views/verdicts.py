"""Findings -> the calm panel that says whether this may be done, on that day, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from clinic.formats import day
from treatments.models.catalogue import SEVERITY_LABELS
from treatments.rules.findings import Finding, first_clear_day, hard_stops, verdict_state
from treatments.rules.vocabulary import Severity, VerdictState


@dataclass(frozen=True)
class Verdict:
    """What components/verdict.html shows."""

    state: str
    headline: str
    findings: list[dict[str, str]]
    note: str = ""


def verdict(found: Iterable[Finding], *, on: date) -> Verdict:
    """The panel for findings of one plan on one day."""
    findings = list(found)
    state = verdict_state(findings)
    clear_on = first_clear_day(findings) if state == VerdictState.BLOCKED else None
    note = _("First clear day: %(day)s.") % {"day": day(clear_on)} if clear_on else ""
    return Verdict(state.value, _headline(state, findings, on), [finding_line(f) for f in findings], note)


def ask_first(panel: Verdict, code: str) -> Verdict:
    """The panel of a form that asks the safety questions itself: what is open there is a thing to do, not a refusal."""
    state = VerdictState.CANNOT_TELL.value
    to_do = {"severity": state, "severity_label": _("To do")}
    lines = [line | to_do if line["code"] == code else line for line in panel.findings]
    return replace(panel, state=state, headline=_("Answer the safety questions, then sign."), findings=lines)


def _headline(state: VerdictState, found: list[Finding], on: date) -> str:
    said = {"day": day(on)}
    if state == VerdictState.BLOCKED:
        if hard_stops(found):
            return _("Blocked on %(day)s. This stop has no override.") % said
        return _("Blocked on %(day)s. Only a prescriber may override.") % said
    return {
        VerdictState.CANNOT_TELL: _("Cannot tell yet for %(day)s. Nothing known against it, but questions are open."),
        VerdictState.CAUTION: _("Caution on %(day)s. It may be done; read and confirm the cautions."),
        VerdictState.CLEAR: _("Clear. Nothing known against it on %(day)s."),
    }[state] % said


def finding_line(finding: Finding) -> dict[str, str]:
    """One finding in words, for the page."""
    sentence = finding.sentence
    if finding.since:
        said = _("Asked %(day)s.") if finding.unknown else _("Since %(day)s.")
        sentence += " " + said % {"day": day(finding.since)}
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "severity_label": str(SEVERITY_LABELS[finding.severity]),
        "sentence": sentence,
        "source": _source(finding.source, verified=finding.verified),
        "until": day(finding.until),
        "change": finding.change,
    }


def stored_line(row: Mapping[str, Any]) -> dict[str, str]:
    """One finding as a record keeps it, in words."""
    return finding_line(
        Finding(
            code=row["code"],
            severity=Severity(row["severity"]),
            sentence=row["sentence"],
            source=row.get("source", ""),
            verified=row.get("verified", True),
            since=date.fromisoformat(row["since"]) if row.get("since") else None,
            until=date.fromisoformat(row["until"]) if row.get("until") else None,
            change=row.get("change", ""),
            about=row.get("about", ""),
            unknown=row.get("unknown", False),
        )
    )


def _source(source: str, *, verified: bool) -> str:
    """The first two sources; the catalogue and every export have them all."""
    titles = source.split("; ")
    if len(titles) > 2:
        source = _("%(first)s; %(second)s; %(more)d more in the catalogue") % {
            "first": titles[0],
            "second": titles[1],
            "more": len(titles) - 2,
        }
    if not source or verified:
        return source
    return _("%(source)s (not yet verified)") % {"source": source}
