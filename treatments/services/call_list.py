"""What the call list reads of a course, kept in the transaction of every fact it comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from treatments.models import Appointment, ContactAttempt, Course, CourseBlock, CourseTreatment, WhatNext
from treatments.models.patients import ContactConsent
from treatments.queries.prepared import prepared
from treatments.rules import calls
from treatments.rules.calls import CourseVisit
from treatments.rules.vocabulary import AppointmentState, IndicationKind, TreatmentKind
from treatments.services import in_bulk

KEPT = (
    "closed_on",
    "blocked_until",
    "booked_until",
    "held_until",
    "rebook_since",
    "opted_out",
    "last_injector",
    "call_rank",
    "snoozed_until",
)
_WANTED = (WhatNext.REBOOK.value, WhatNext.LIST.value)
_FROM = (
    "pk",
    "patient",
    "stopped_on",
    "patient__died_on",
    "patient__contact_consent",
    "indication__kind",
    "last_treated_on",
)


class Differing(NamedTuple):
    """Course -> the values of its kept columns, where they are not those that are stored; and whose they are."""

    values: dict[int, list[Any]]
    patients: set[int]


def keep(patients: Collection[int]) -> set[int]:
    """Work the kept columns of these patients' courses out from the facts; the courses on which anything differed.

    Dates are kept, not answers: whoever reads them compares them with the day.
    """
    found = differing(patients).values
    in_bulk.update(Course, KEPT, found)
    return set(found)


def differing(patients: Collection[int]) -> Differing:
    """The courses whose kept columns do not say what the facts say; nothing is written."""
    visits, blocks, full = _visits(patients), _blocks(patients), _full(patients)
    found = Differing({}, set())
    for pk, patient, stopped_on, died_on, consent, kind, treated_on, rests_until, *stored in _stored(tuple(patients)):
        held = calls.held_until(visits[pk])
        wanted = [
            min((day for day in (stopped_on, died_on) if day), default=None),
            blocks.get(pk),
            calls.booked_until(visits[pk]),
            held,
            calls.rebook_since(visits[pk], last_treated_on=treated_on),
            consent == ContactConsent.NO,
            full[pk].injector,
            int(calls.rank(IndicationKind(kind), n_full=full[pk].number, held=held is not None)),
            rests_until,
        ]
        if wanted != stored:
            found.values[pk] = wanted
            found.patients.add(patient)
    return found


@prepared
def _stored(patients: tuple[int, ...]) -> QuerySet[Course, tuple]:
    rows = Course.objects.filter(patient__in=patients).annotate(rests_until=_rest())
    return rows.values_list(*_FROM, "rests_until", *KEPT)


def _rest() -> Subquery:
    """The day of the latest contact that stands and named one. A full treatment ends what was said before it."""
    since = Q(cycle_on__gte=OuterRef("last_treated_on")) | Q(course__last_treated_on__isnull=True)
    rows = ContactAttempt.objects.filter(since, course=OuterRef("pk"), snoozed_until__isnull=False)
    return Subquery(rows.filter(undone_at__isnull=True).order_by("-at", "-pk").values("snoozed_until")[:1])


@prepared
def _visit_rows(patients: tuple[int, ...]) -> QuerySet[Any, tuple]:
    links: Any = Appointment.courses.through._default_manager.filter(course__patient__in=patients)
    about_visit = (f"appointment__{name}" for name in ("state", "on", "booked_at", "state_at", "what_next"))
    rows: QuerySet[Any, tuple] = links.values_list("course", *about_visit)
    return rows


def _visits(patients: Collection[int]) -> dict[int, list[CourseVisit]]:
    found: dict[int, list[CourseVisit]] = defaultdict(list)
    for course, state, on, booked_at, changed_at, what_next in _visit_rows(tuple(patients)):
        changed_on = timezone.localtime(changed_at).date()
        wanted = what_next in _WANTED
        found[course].append(CourseVisit(AppointmentState(state), on, booked_at, changed_at, changed_on, wanted))
    return found


@prepared
def _block_rows(patients: tuple[int, ...]) -> QuerySet[CourseBlock, tuple]:
    return CourseBlock.objects.filter(course__patient__in=patients).order_by().values_list("course", "ends_on")


def _blocks(patients: Collection[int]) -> dict[int, date]:
    """The end of the last block of each course."""
    found: dict[int, date] = {}
    for course, ends_on in _block_rows(tuple(patients)):
        found[course] = max(found.get(course, date.min), ends_on or calls.NO_END)
    return found


class _Full(NamedTuple):
    """The full treatments of a course that count: how many, and the day and injector of the last one."""

    number: int = 0
    day: date | None = None
    injector: int | None = None


def _full(patients: Collection[int]) -> dict[int, _Full]:
    found: dict[int, _Full] = defaultdict(_Full)
    for course, day, injector in _full_rows(tuple(patients)):
        before = found[course]
        same_day = before.injector if before.day == day else None
        found[course] = _Full(before.number + 1, day, injector or same_day)
    return found


@prepared
def _full_rows(patients: tuple[int, ...]) -> QuerySet[CourseTreatment, Any]:
    rows = CourseTreatment.objects.filter(
        course__patient__in=patients, treatment__kind=TreatmentKind.FULL.value, treatment__voided_at__isnull=True
    )
    return rows.order_by("treatment__performed_on", "pk").values_list(
        "course", "treatment__performed_on", "treatment__practitioner"
    )
