"""Flags in words, for the patient's page, the safety page and the flag's own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.formats import clock, day
from treatments.forms.flags import EFFECTS
from treatments.models import Appointment, Flag
from treatments.rules.facts import RuleBook
from treatments.rules.vocabulary import Severity


def flag_line(flag: Flag, book: RuleBook, *, on: date) -> dict[str, Any]:
    """One flag: what, how heavy, since, until, and whether it is in force today."""
    rule = book.contraindications.get(flag.kind)
    severity = rule.severity if rule else Severity.INFORM
    ended = bool(flag.ends_on and flag.ends_on <= on)
    return {
        "url": flag.get_absolute_url(),
        "review_url": reverse("flag_change", args=[flag.public_id, "confirm"]),
        "label": rule.short_name if rule else flag.kind,
        "severity": severity.value,
        "effect": EFFECTS[severity],
        "since": day(flag.starts_on),
        "until": day(flag.ends_on),
        "review": day(flag.review_on),
        "is_active": not flag.in_error and not ended,
        "is_ahead": not flag.in_error and flag.starts_on > on,
        "is_due": bool(not flag.in_error and not ended and flag.review_on and flag.review_on <= on),
        "in_error": flag.in_error,
        "error_reason": flag.error_reason,
        "source": flag.source,
        "note": flag.note,
    }


def by_state(flags: Iterable[Flag], book: RuleBook, *, on: date) -> dict[str, list[dict[str, Any]]]:
    """Flags that hold or will hold, heaviest first, and those that no longer do."""
    weight = {severity.value: severity.weight for severity in Severity}
    lines = [flag_line(flag, book, on=on) for flag in flags]
    active = sorted((line for line in lines if line["is_active"]), key=lambda line: weight[line["severity"]])
    return {"active": active, "ended": [line for line in lines if not line["is_active"]]}


def held_sentence(held: Iterable[Appointment]) -> str:
    """The visits that went on hold, in one sentence; "" for none."""
    visits = [f"{day(visit.on)} {clock(visit.starts_at)}" for visit in held]
    if not visits:
        return ""
    said = {"visits": ", ".join(visits)}
    if len(visits) == 1:
        return _("One visit was put on hold: %(visits)s.") % said
    return _("%(number)d visits were put on hold: %(visits)s.") % {"number": len(visits), **said}
