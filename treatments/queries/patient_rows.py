"""Patients as the list shows them: who, where their courses stand, what is booked, what stops them. Five queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef

from treatments.models import Appointment, Course, CourseBlock, Flag, Patient
from treatments.queries.bands import stored_band
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import RuleBook
from treatments.rules.vocabulary import Band, Severity

# Which course speaks for the person, where they have several: the first of these.
URGENCY = [
    Band.NEEDS_REVIEW,
    Band.OVERDUE,
    Band.DUE,
    Band.POSSIBLE,
    Band.TOO_SOON,
    Band.LAPSED,
    Band.ON_HOLD,
    Band.STOPPED,
]


@dataclass(frozen=True, slots=True)
class CourseLine:
    """Where one course stands."""

    band: Band
    name: str
    due_from: date | None
    due_until: date | None
    earliest_on: date


@dataclass(frozen=True, slots=True)
class PatientRow:
    patient: Patient
    course: CourseLine | None
    visit_at: datetime | None
    stop: str  # the label of the heaviest stop in force, "" for none
    stop_severity: Severity | None


def of(patients: Sequence[Patient], *, on: date) -> list[PatientRow]:
    """One row for each of these patients, in their order."""
    ids, book = [patient.pk for patient in patients], rulebook(on)
    courses, visits, stops = _courses(ids, on), _visits(ids, on), _stops(ids, on, book)
    rows = []
    for patient in patients:
        lines = courses[patient.pk]
        if patient.died_on and patient.died_on <= on:
            lines = []
        first = min(lines, key=lambda c: (URGENCY.index(c.band), c.due_from or c.earliest_on), default=None)
        severity, label = stops.get(patient.pk, (None, ""))
        rows.append(PatientRow(patient, first, visits.get(patient.pk), label, severity))
    return rows


def _courses(ids: list[int], on: date) -> dict[int, list[CourseLine]]:
    held = CourseBlock.objects.in_force(on).filter(course=OuterRef("pk"))
    rows = Course.objects.filter(patient__in=ids).select_related("indication").defer("reasons")
    found: dict[int, list[CourseLine]] = defaultdict(list)
    for course in rows.annotate(held=Exists(held)):
        band = stored_band(course, on, held=course.held, died_on=None)  # type: ignore[attr-defined]
        line = CourseLine(band, course.indication.short_name, course.due_from, course.due_until, course.earliest_on)
        found[course.patient_id].append(line)
    return found


def _visits(ids: list[int], on: date) -> dict[int, datetime]:
    rows = Appointment.objects.upcoming(on).filter(patient__in=ids).order_by("-starts_at", "-pk")
    return dict(rows.values_list("patient", "starts_at"))


def _stops(ids: list[int], on: date, book: RuleBook) -> dict[int, tuple[Severity, str]]:
    in_force = Flag.objects.in_force(on).filter(patient__in=ids)
    found: dict[int, tuple[Severity, str]] = {}
    for pk, kind in in_force.order_by("pk").values_list("patient", "kind"):
        rule = book.contraindications.get(kind)
        if rule and rule.severity.is_stop and (pk not in found or rule.severity.weight < found[pk][0].weight):
            found[pk] = (rule.severity, rule.short_name)
    return found
