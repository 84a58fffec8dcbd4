"""The numbers on the tabs of the call list, and when an empty tab gets its next course."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from django.db.models import IntegerField, Min, QuerySet, Subquery

from treatments.models import CatalogueState, Course
from treatments.queries.due_tabs import (
    NOW,
    ON_HOLD,
    OVERDUE,
    REBOOK,
    REVIEW,
    SOON,
    TABS,
    Filters,
    Tab,
    in_tab,
    lapsed_before,
    narrowed,
    only,
    reading_bound,
    to_call,
)
from treatments.queries.prepared import Prepared
from treatments.rules.calls import SOON as SOON_DAYS

COUNTED = 1000  # a tab with more says "more than 1,000": counting them all would cost more than the page


class _Number(Subquery):
    """How many rows a query has."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def counts(day: date, filters: Filters, *, lapsed: date | None = None) -> dict[str, int]:
    """How many each tab has to call, in one query; of more than `COUNTED` it says `COUNTED + 1`.

    On hold and to be looked at count everybody.
    """
    narrow = filters.narrow()
    values = (day, reading_bound(SOON, day), lapsed or lapsed_before(day), *narrow.values())
    (numbers,) = _counts(tuple(narrow))(*values) or [(0,) * len(TABS)]
    return dict(zip(TABS, numbers, strict=True))


def number(tab: Tab, day: date, filters: Filters) -> int:
    """How many rows a list has, counted as far as `COUNTED + 1`."""
    return narrowed(tab, filters, day).order_by()[: COUNTED + 1].count()


def _usually(tab: Tab) -> str:
    return "all" if tab in (ON_HOLD, REVIEW) else "no"


@cache
def _counts(narrow: tuple[str, ...]) -> Prepared:
    def make(day: date, soon: date, bound: date, *values: Any) -> QuerySet:
        ends, wanted = {SOON: soon, OVERDUE: bound}, dict(zip(narrow, values, strict=True))
        found = [
            in_tab(tab, day) if _usually(tab) == "all" else to_call(tab, day, ends.get(tab, day))
            for tab in TABS.values()
        ]
        numbers = [_Number(only(courses, **wanted).order_by().values("pk")[: COUNTED + 1]) for courses in found]
        return CatalogueState.objects.order_by("pk").values_list(*numbers)[:1]

    return Prepared(make)


def next_day(tab: Tab, day: date) -> date | None:
    """When the next course comes into an empty tab; None where nothing is under way or no date decides."""
    if not tab.by_reason or tab == REBOOK:
        return None
    key = "due_from" if tab in (SOON, NOW) else tab.key
    after = day + SOON_DAYS if tab == SOON else day
    found: date | None = Course.objects.callable(day).filter(**{f"{key}__gt": after}).aggregate(next=Min(key))["next"]
    return found
