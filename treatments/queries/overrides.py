"""What prescribers overrode: by person, by rule, and one by one."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import F, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from treatments.models import Appointment, VisitOverride
from treatments.rules.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """One decision, for one visit. `rules` are the codes of what was overridden."""

    at: datetime
    by: str
    rules: tuple[str, ...]
    reason: str
    words: str
    on: date
    visit: str
    visit_state: str
    patient: str
    family_name: str
    given_name: str
    visit_pk: int


def decided(first: date, last: date) -> list[OverrideRow]:
    """The decisions of these days, both included, latest first: one query."""
    zone = timezone.get_current_timezone()
    rows = VisitOverride.objects.filter(
        at__gte=datetime.combine(first, time(), zone), at__lt=datetime.combine(last + timedelta(days=1), time(), zone)
    )
    return [
        OverrideRow(**row | {"rules": tuple(dict.fromkeys(key.partition("|")[0] for key in row["rules"]))})
        for row in rows.order_by("-at", "-pk").values(
            "at",
            "by",
            "rules",
            "reason",
            "words",
            "on",
            visit=F("appointment__public_id"),
            visit_state=F("appointment__state"),
            patient=F("appointment__patient__public_id"),
            family_name=F("appointment__patient__family_name"),
            given_name=F("appointment__patient__given_name"),
            visit_pk=F("appointment"),
        )
    ]


def stops(first: date, last: date) -> dict[str, set[int]]:
    """Rule -> the visits on which it stood as a soft stop when they were booked or judged last: one query.

    Visits that were booked in these days. A booking that was given up leaves no trace and is not among them.
    """
    zone = timezone.get_current_timezone()
    rows = (
        Appointment.objects.filter(
            booked_at__gte=datetime.combine(first, time(), zone),
            booked_at__lt=datetime.combine(last + timedelta(days=1), time(), zone),
        )
        .annotate(text=Cast("findings", TextField()))
        .filter(text__contains=Severity.SOFT_STOP.value)
    )
    found: dict[str, set[int]] = defaultdict(set)
    for pk, text in rows.order_by().values_list("pk", "text"):
        for finding in json.loads(text):
            if finding["severity"] == Severity.SOFT_STOP:
                found[finding["code"]].add(pk)
    return found


def narrowed(rows: Iterable[OverrideRow], *, by: str = "", rule: str = "") -> list[OverrideRow]:
    """Those of one person, or about one rule."""
    return [row for row in rows if by in ("", row.by) and (not rule or rule in row.rules)]


def by_person(rows: Iterable[OverrideRow]) -> list[tuple[str, int]]:
    """User name and number, most first."""
    return _most_first(Counter(row.by for row in rows))


def by_rule(rows: Iterable[OverrideRow]) -> list[tuple[str, int]]:
    """Code and number, most first; a decision about two rules counts for each."""
    return _most_first(Counter(rule for row in rows for rule in row.rules))


def _most_first(numbers: Counter[str]) -> list[tuple[str, int]]:
    return sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
