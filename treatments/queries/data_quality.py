"""What is missing from the records: how many, and which, by keyset pages. Nobody who has died or was merged counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, When

from treatments.models import Course, Patient, SafetyAnswer

PAGE_SIZE = 50


class Row(NamedTuple):
    public_id: str
    family_name: str
    given_name: str
    born_on: date
    phone: str


class Cursor(NamedTuple):
    """A place in the list: family name, given name, patient number."""

    family_name: str
    given_name: str
    public_id: str


class Page(NamedTuple):
    rows: list[Row]
    after: Cursor | None


def everybody(on: date) -> QuerySet[Patient]:
    """The patients whose records are to be whole."""
    return Patient.objects.filter(merged_into__isnull=True).exclude(died_on__lte=on)


def _running(on: date) -> QuerySet[Course]:
    return Course.objects.filter(patient=OuterRef("pk")).exclude(stopped_on__lte=on)


CHECKS: dict[str, Callable[[date], Q]] = {
    "phone": lambda on: Q(phone=""),
    "questions": lambda on: ~Q(Exists(SafetyAnswer.objects.filter(patient=OuterRef("pk")))),
    "reminders": lambda on: Q(contact_consent=""),
    "window": lambda on: Q(Exists(_running(on).filter(due_from__isnull=True))),
    "doubt": lambda on: Q(Exists(_running(on).exclude(doubt=""))),
}


def counts(on: date) -> dict[str, int]:
    """For each check how many patients it finds, and under "all" how many there are: one query."""
    numbers = {code: Count(Case(When(check(on), then=1))) for code, check in CHECKS.items()}
    found: dict[str, int] = everybody(on).aggregate(all=Count("pk"), **numbers)
    return found


def page(check: str, on: date, *, after: Cursor | None = None, size: int = PAGE_SIZE) -> Page:
    """The patients that a check finds, by name."""
    people = everybody(on).filter(CHECKS[check](on))
    if after:
        same = Q(family_name=after.family_name)
        people = people.filter(family_name__gte=after.family_name).filter(
            ~same | Q(given_name__gt=after.given_name) | Q(given_name=after.given_name, public_id__gt=after.public_id)
        )
    wanted = people.order_by("family_name", "given_name", "public_id").values_list(*Row._fields)
    rows = [Row(*values) for values in wanted[: size + 1]]
    more, rows = len(rows) > size, rows[:size]
    return Page(rows, Cursor(rows[-1].family_name, rows[-1].given_name, rows[-1].public_id) if more else None)
