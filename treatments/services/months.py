"""A month closes: the figures of its reports are stored as they stand, once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic import audit
from treatments.models import ClosedMonth
from treatments.queries.month_figures import AS_THEY_STOOD, MONTHLY, Figures
from treatments.rules.periods import add_months
from treatments.rules.returns import month_of

CLOSES_ON_DAY = 3  # of the next month


class StillOpen(ValueError):
    """The month has not ended long enough ago. `closes_on` says when it may close."""

    def __init__(self, closes_on: date) -> None:
        super().__init__(f"This month closes on {closes_on:%d-%b-%Y}.")
        self.closes_on = closes_on


def closes_on(month: date) -> date:
    """The day on which a month closes."""
    return add_months(month_of(month), 1) + timedelta(days=CLOSES_ON_DAY - 1)


def due_to_close(on: date) -> date:
    """The latest month that may close on a day."""
    month = add_months(month_of(on), -1)
    return month if closes_on(month) <= on else add_months(month, -1)


def close(month: date, *, by: str, at: datetime) -> list[str]:
    """Store the figures of every report for a month and name those reports; what is stored already stays as it is.

    How things stood on a day is only stored with the latest month that may close: nobody can count it for an older one.
    The figures are counted before anything is locked; where another closes the month meanwhile, theirs stay.
    """
    month, on = month_of(month), timezone.localtime(at).date()
    if closes_on(month) > on:
        raise StillOpen(closes_on(month))
    known = set(ClosedMonth.objects.filter(month=month).values_list("report", flat=True))
    last = add_months(month, 1) - timedelta(days=1)
    figures = {report: count(month, last, at)[month] for report, count in MONTHLY.items() if report not in known}
    if month == due_to_close(on):
        figures |= {report: count(on) for report, count in AS_THEY_STOOD.items() if report not in known}
    try:
        _store(month, figures, by=by, at=at)
    except IntegrityError:
        return []
    return sorted(figures)


@transaction.atomic
def _store(month: date, figures: dict[str, Figures], *, by: str, at: datetime) -> None:
    for report, found in figures.items():
        row = ClosedMonth.objects.create(report=report, month=month, figures=found, closed_at=at)
        audit.record("month.closed", row, by=by, at=at, details={"report": report, "month": month, "figures": found})
