"""What the call list reads of a course, kept in the transaction of every fact it comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from treatments.models import Appointment, Course, CourseBlock, CourseTreatment, WhatNext
from treatments.models.patients import ContactConsent
from treatments.queries.prepared import prepared
from treatments.rules import calls
from treatments.rules.calls import CourseVisit
from treatments.rules.vocabulary import AppointmentState, IndicationKind, TreatmentKind

KEPT = ("closed_on", "blocked_until", "booked_until", "held_until", "rebook_since", "opted_out", "call_rank")
_WANTED = (WhatNext.REBOOK.value, WhatNext.LIST.value)
_FROM = ("pk", "stopped_on", "patient__died_on", "patient__contact_consent", "indication__kind", "last_treated_on")


def keep(patients: Collection[int]) -> set[int]:
    """Work the kept columns of these patients' courses out from the facts; the courses on which anything differed.

    Dates are kept, not answers: whoever reads them compares them with the day.
    """
    visits, blocks, full = _visits(patients), _blocks(patients), _full(patients)
    changed = []
    for pk, stopped_on, died_on, consent, kind, treated_on, *stored in _stored(tuple(patients)):
        wanted: dict[str, Any] = {
            "closed_on": min((day for day in (stopped_on, died_on) if day), default=None),
            "blocked_until": blocks.get(pk),
            "booked_until": calls.booked_until(visits[pk]),
            "held_until": (held := calls.held_until(visits[pk])),
            "rebook_since": calls.rebook_since(visits[pk], last_treated_on=treated_on),
            "opted_out": consent == ContactConsent.NO,
            "call_rank": int(calls.rank(IndicationKind(kind), n_full=full.get(pk, 0), held=held is not None)),
        }
        if list(wanted.values()) != stored:
            changed.append(Course(pk=pk, **wanted))
    if changed:
        Course.objects.bulk_update(changed, KEPT, batch_size=100)
    return {course.pk for course in changed}


@prepared
def _stored(patients: tuple[int, ...]) -> QuerySet[Course, tuple]:
    return Course.objects.filter(patient__in=patients).values_list(*_FROM, *KEPT)


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


def _full(patients: Collection[int]) -> dict[int, int]:
    """How many full treatments of each course count."""
    return dict(_full_rows(tuple(patients)))


@prepared
def _full_rows(patients: tuple[int, ...]) -> QuerySet[CourseTreatment, Any]:
    rows = CourseTreatment.objects.filter(
        course__patient__in=patients, treatment__kind=TreatmentKind.FULL.value, treatment__voided_at__isnull=True
    )
    return rows.order_by().values_list("course").annotate(number=Count("pk"))
