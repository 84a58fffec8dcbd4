"""The weeks ahead: whose window opens, and how many visits still fit. A handful of queries for any number of weeks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Min

from treatments.models import Appointment, Course, Service
from treatments.models.courses import CourseQuerySet
from treatments.queries import due, slots
from treatments.queries.due_beside import TAKEN, links
from treatments.queries.due_tabs import Filters, matching
from treatments.rules.capacity import visits_that_fit
from treatments.rules.vocabulary import Band

WEEK = timedelta(days=7)
USUAL_DAYS, USUAL_MINUTES = 90, 30


@dataclass(frozen=True, slots=True)
class Week:
    """Monday, how many people's window opens from then until Sunday, and how many visits still fit."""

    monday: date
    due: int
    free: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """`waiting`: people in each band who are due already; none of them, and none of the weeks', has a visit booked."""

    weeks: list[Week]
    waiting: dict[Band, int]
    minutes: int


def ahead(on: date, at: datetime, *, n_weeks: int, filters: Filters, practitioner: int | None = None) -> Ahead:
    """From the week of `on`. A person counts once, in the week in which the first of their windows opens."""
    monday = on - timedelta(days=on.weekday())
    last = monday + n_weeks * WEEK - timedelta(days=1)
    already = _people(on, filters).filter(due_from__lte=on).values("patient")
    opens = _people(on, filters).filter(due_from__gt=on, due_from__lte=last).exclude(patient__in=already)
    opening = Counter(
        (day - monday).days // 7
        for _patient, day in opens.values_list("patient")
        .annotate(first=Min("due_from"))
        .values_list("patient", "first")
    )
    minutes = usual_minutes(on)
    free = Counter[int]()
    for day, facts in slots.days(on, last, at=at).items():
        free[(day - monday).days // 7] += visits_that_fit(
            facts.facts, minutes=minutes, not_before=at, practitioner=practitioner
        )
    weeks = [Week(monday + n * WEEK, opening[n], free[n]) for n in range(n_weeks)]
    return Ahead(weeks, waiting(on, filters), minutes)


def waiting(on: date, filters: Filters) -> dict[Band, int]:
    """How many people without a visit have a course that is due, overdue or lapsed; each once, where they are latest."""
    order = (Band.LAPSED, Band.OVERDUE, Band.DUE)
    found = due.with_band(_people(on, filters).filter(due_from__lte=on), on).order_by()
    latest: dict[int, Band] = {}
    for patient, band in found.filter(band__in=[b.value for b in order]).values_list("patient", "band").distinct():
        known = latest.get(patient)
        if known is None or order.index(Band(band)) < order.index(known):
            latest[patient] = Band(band)
    numbers = Counter(latest.values())
    return {band: numbers[band] for band in reversed(order)}


def _people(on: date, filters: Filters) -> CourseQuerySet:
    """The courses that the dates alone decide, of people without a booked visit."""
    booked = links(on).filter(appointment__state__in=TAKEN).order_by().values("course__patient")
    wanted = matching(Course.objects.callable(on), filters)
    return wanted.exclude(patient__in=booked).order_by()


def usual_minutes(on: date) -> int:
    """How long the kind of treatment that is booked most takes, with its preparation; half an hour where there is none."""
    since = on - timedelta(days=USUAL_DAYS)
    most = (
        Appointment.objects.filter(on__gte=since, service__is_treatment=True)
        .values("service__minutes", "service__prepare_minutes")
        .annotate(number=Count("pk"))
        .order_by("-number", "service__minutes")
        .first()
    )
    if most:
        return int(most["service__minutes"] + most["service__prepare_minutes"])
    first = Service.objects.filter(is_active=True, is_treatment=True).order_by("name", "pk").first()
    return first.minutes + first.prepare_minutes if first else USUAL_MINUTES
