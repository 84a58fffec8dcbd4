"""Months that have closed: their stored figures, and what was added or voided since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from treatments.models import ClosedMonth, Treatment
from treatments.rules.periods import add_months
from treatments.rules.returns import month_of
from treatments.rules.vocabulary import TreatmentKind


class Closed(NamedTuple):
    figures: dict[str, int]
    closed_at: datetime


class Late(NamedTuple):
    """Full treatments of a month that were changed after it had closed."""

    added: int
    amended: int
    voided: int


def closed(report: str, first: date, last: date) -> dict[date, Closed]:
    """The closed months of a report within a period, by their first day."""
    rows = ClosedMonth.objects.filter(report=report, month__range=(month_of(first), last)).order_by("month")
    return {row.month: Closed(row.figures, row.closed_at) for row in rows}


def last_closed() -> date | None:
    """The latest month that has closed."""
    return ClosedMonth.objects.order_by("-month").values_list("month", flat=True).first()


def late_changes(closings: Mapping[date, datetime]) -> dict[date, Late]:
    """What was signed or voided after each month had closed, about a day of the month: one query."""
    if not closings:
        return {}
    since = min(closings.values())
    rows = Treatment.objects.filter(
        Q(signed_at__gt=since) | Q(voided_at__gt=since),
        kind=TreatmentKind.FULL.value,
        elsewhere=False,
        performed_on__range=(min(closings), add_months(max(closings), 1) - timedelta(days=1)),
    )
    numbers: Counter[tuple[date, str]] = Counter()
    for on, signed_at, voided_at, amends, amended_by in rows.order_by().values_list(
        "performed_on", "signed_at", "voided_at", "amends", "amended_by"
    ):
        month = month_of(on)
        if month not in closings:
            continue
        late_signed = signed_at > closings[month]
        late_voided = voided_at is not None and voided_at > closings[month]
        if late_signed and voided_at is None:
            numbers[month, "amended" if amends else "added"] += 1
        if late_voided and not late_signed and not amended_by:
            numbers[month, "voided"] += 1
    return {month: Late(*(numbers[month, what] for what in Late._fields)) for month in closings}
