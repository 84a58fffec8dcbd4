"""The figures of whole months, for the clinic as a whole: what is stored when a month closes, and what it would be now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.utils import timezone

from treatments.models import Treatment
from treatments.queries import data_quality, due, overrides, report_contacts, report_due, returns
from treatments.queries.returns import Scope
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import RuleBook
from treatments.rules.periods import add_months
from treatments.rules.returns import Cycle, last_good_day, month_of, on_time
from treatments.rules.returns import cycles as in_cycles
from treatments.rules.statistics import quantile
from treatments.rules.vocabulary import TreatmentKind

Figures = dict[str, int]
LOOK_BACK = timedelta(days=550)  # a window that ends in a period began so long before it at most
BACK_WITHIN = 12


def intervals(first: date, last: date, at: datetime) -> dict[date, Figures]:
    """Full treatments, how many of them were returns, how many of those too early, and the middle interval in days."""
    here = Treatment.objects.valid().filter(
        kind=TreatmentKind.FULL.value, elsewhere=False, performed_on__range=(first, last)
    )
    monthly = here.order_by().annotate(month=TruncMonth("performed_on")).values_list("month")
    treatments = dict(monthly.annotate(number=Count("pk")).values_list("month", "number"))
    days: dict[date, list[int]] = defaultdict(list)
    early = Counter[date]()
    for cycle in in_cycles(returns.doses(Scope(first, last))):
        if cycle.after and cycle.days is not None and cycle.after.on >= first:
            days[month_of(cycle.after.on)].append(cycle.days)
            early[month_of(cycle.after.on)] += cycle.early
    return {
        month: {
            "treatments": treatments.get(month, 0),
            "returns": len(days[month]),
            "early": early[month],
            "middle_days": round(quantile(sorted(days[month]), 0.5)) if days[month] else 0,
        }
        for month in months(first, last)
    }


def windows(scope: Scope, *, on: date, book: RuleBook) -> Iterator[tuple[Cycle, date, bool]]:
    """The cycles whose window ended in the period, the day it ended, and whether the next treatment was on time."""
    wider = replace(scope, first=scope.first - LOOK_BACK, last=max(scope.last, on), injector="")
    for cycle in in_cycles(returns.doses(wider)):
        dose = cycle.dose
        if scope.indication not in ("", dose.indication) or scope.injector not in ("", dose.injector):
            continue
        schedule = book.indications[dose.indication].schedule
        until = last_good_day(dose, schedule)
        if scope.first <= until <= scope.last:
            timely = on_time(cycle, schedule, on=on)
            if timely is not None:
                yield cycle, until, timely


def on_time_windows(first: date, last: date, at: datetime) -> dict[date, Figures]:
    """Windows that ended, and how many of them saw the next treatment on time."""
    on = timezone.localtime(at).date()
    found: dict[date, Figures] = {month: {"ended": 0, "on_time": 0} for month in months(first, last)}
    for _cycle, until, timely in windows(Scope(first, last), on=on, book=rulebook(on)):
        found[month_of(until)]["ended"] += 1
        found[month_of(until)]["on_time"] += timely
    return found


def retention(first: date, last: date, at: datetime) -> dict[date, Figures]:
    """Patients whose first twelve months were over in the month, and how many of them were back in that time."""
    on = timezone.localtime(at).date()
    found: dict[date, Figures] = {month: {"reached": 0, "back": 0} for month in months(first, last)}
    scope = Scope(add_months(first, -BACK_WITHIN) - timedelta(days=3), last)
    for beginning in returns.beginnings(scope, on=on):
        month = month_of(add_months(beginning.first_on, BACK_WITHIN))
        back = beginning.back_within(BACK_WITHIN, on=on)
        if month in found and back is not None:
            found[month]["reached"] += 1
            found[month]["back"] += back
    return found


def decisions(first: date, last: date, at: datetime) -> dict[date, Figures]:
    """Overrides, and how many prescribers made them."""
    found: dict[date, Figures] = {month: {"overrides": 0, "prescribers": 0} for month in months(first, last)}
    people: dict[date, set[str]] = defaultdict(set)
    for row in overrides.decided(first, last):
        month = month_of(timezone.localtime(row.at).date())
        if month in found:
            found[month]["overrides"] += 1
            people[month].add(row.by)
    for month, names in people.items():
        found[month]["prescribers"] = len(names)
    return found


def contacts(first: date, last: date, at: datetime) -> dict[date, Figures]:
    """Messages sent and failed, contacts logged."""
    found = report_contacts.by_month(first, last)
    return {month: found.get(month, {"sent": 0, "failed": 0, "contacts": 0}) for month in months(first, last)}


def due_then(on: date) -> Figures:
    """Who waited on that day: due, overdue, lapsed."""
    return {band.value: number for band, number in report_due.waiting(on, due.Filters()).items()}


MONTHLY: dict[str, Callable[[date, date, datetime], dict[date, Figures]]] = {
    "intervals": intervals,
    "on-time": on_time_windows,
    "retention": retention,
    "overrides": decisions,
    "contacts": contacts,
}
"""Reports whose months are counted from what is on record: they can be counted again."""

AS_THEY_STOOD: dict[str, Callable[[date], Figures]] = {"due": due_then, "data-quality": data_quality.counts}
"""Reports that say how things stand on a day: nobody can count a past day again."""


def months(first: date, last: date) -> list[date]:
    """The first days of the whole months of a period."""
    found, month = [], month_of(first)
    if month < first:
        month = add_months(month, 1)
    while add_months(month, 1) - timedelta(days=1) <= last:
        found.append(month)
        month = add_months(month, 1)
    return found
