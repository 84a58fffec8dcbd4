"""What the rows of the call list say beside their course: the visit, what holds, the contacts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from treatments.models import Appointment, ContactAttempt, Course, CourseBlock
from treatments.models.appointments import LIVE
from treatments.queries.prepared import Prepared, prepared
from treatments.rules.vocabulary import GOING_AHEAD, AppointmentState, Outcome

TAKEN = tuple(state.value for state in GOING_AHEAD)


class Visit(NamedTuple):
    """The next live visit of a course."""

    public_id: str
    on: date
    starts_at: datetime
    state: str


class Hold(NamedTuple):
    """Why a course is on hold: a stop from a flag in force."""

    label: str
    flag: str
    ends_on: date | None
    review_on: date | None


class Contacts(NamedTuple):
    """The contacts about a course since its last full treatment: how many, and the latest."""

    number: int
    pk: int
    at: datetime
    outcome: Outcome
    by: str


_AT_ONCE = 50


def _read(query: Prepared, courses: Iterable[int], *values: date) -> list[Any]:
    """A query about some courses; up to a page of them by the same statement, its empty places filled with none."""
    ids = list(courses)
    if not ids:
        return []
    if len(ids) > _AT_ONCE:
        return list(query.make(*values, *ids))
    return query(*values, *ids, *[0] * (_AT_ONCE - len(ids)))


def next_visits(courses: Iterable[int], day: date) -> dict[int, Visit]:
    """The next booked visit of each course, or one on hold where there is no other: also one of a day that is over."""
    found: dict[int, Visit] = {}
    for course, *values in _read(_visits, courses, day):
        visit = Visit(*values)
        if course not in found or (found[course].state not in TAKEN and visit.state in TAKEN):
            found[course] = visit
    return found


@prepared
def _visits(day: date, *courses: int) -> QuerySet:
    undecided = Q(appointment__state=AppointmentState.ON_HOLD.value)
    linked = _live().filter(Q(appointment__on__gte=day) | undecided, course__in=courses)
    return linked.order_by("appointment__starts_at", "pk").values_list(
        "course", "appointment__public_id", "appointment__on", "appointment__starts_at", "appointment__state"
    )


def holds(courses: Iterable[int], day: date) -> dict[int, list[Hold]]:
    """The stops in force on a day for each course, the longest-standing first."""
    blocks = CourseBlock.objects.in_force(day).filter(course__in=list(courses)).order_by("starts_on", "pk")
    found: dict[int, list[Hold]] = defaultdict(list)
    for row in blocks.values_list("course", "label", "flag__public_id", "ends_on", "flag__review_on"):
        found[row[0]].append(Hold(*row[1:]))
    return found


def links(day: date) -> QuerySet:
    """The links from courses to their live visits from that day on."""
    return _live().filter(appointment__on__gte=day)


def _live() -> QuerySet:
    through: QuerySet = Appointment.courses.through._default_manager.all()
    return through.filter(appointment__state__in=LIVE)


def contacts(courses: Iterable[tuple[int, date | None]]) -> dict[int, Contacts]:
    """The contacts about each course, named with its last full treatment, that nobody took back."""
    since = dict(courses)
    found: dict[int, Contacts] = {}
    for course, pk, at, outcome, by in _read(_attempts, since):
        treated_on = since[course]
        if treated_on is None or timezone.localtime(at).date() > treated_on:
            number = found[course].number if course in found else 0
            found[course] = Contacts(number + 1, pk, at, Outcome(outcome), by)
    return found


@prepared
def _attempts(*courses: int) -> QuerySet:
    rows = ContactAttempt.objects.filter(course__in=courses, undone_at__isnull=True).order_by("at", "pk")
    return rows.values_list("course", "pk", "at", "outcome", "by")


def since_treatment(course: Course) -> list[ContactAttempt]:
    """The contacts about one course since its last full treatment that stand, the latest first."""
    rows = course.attempts.filter(undone_at__isnull=True).order_by("-at", "-pk")
    since = course.last_treated_on
    return [row for row in rows if since is None or timezone.localtime(row.at).date() > since]
