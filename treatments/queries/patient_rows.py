"""Patients as the list shows them: who, where their courses stand, what is booked, what stops them. Five queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q

from clinic.models import User
from treatments.models import Appointment, Course, CourseBlock, Flag, Patient
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import RuleBook
from treatments.rules.intervals import Forecast, band_on
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
    n_courses: int
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
        rows.append(PatientRow(patient, first, len(lines), visits.get(patient.pk), label, severity))
    return rows


def _courses(ids: list[int], on: date) -> dict[int, list[CourseLine]]:
    held = CourseBlock.objects.in_force(on).filter(course=OuterRef("pk"))
    rows = (
        Course.objects.filter(patient__in=ids)
        .annotate(held=Exists(held))
        .values_list(
            "patient",
            "indication__code",
            "indication__short_name",
            "earliest_on",
            "due_from",
            "due_until",
            "overdue_from",
            "lapsed_from",
            "doubt",
            "stopped_on",
            "held",
        )
    )
    found: dict[int, list[CourseLine]] = defaultdict(list)
    for (
        pk,
        code,
        name,
        earliest_on,
        due_from,
        due_until,
        overdue_from,
        lapsed_from,
        doubt,
        stopped_on,
        held_now,
    ) in rows:
        stored = Forecast(
            code,
            earliest_on,
            due_from=due_from,
            due_until=due_until,
            overdue_from=overdue_from,
            lapsed_from=lapsed_from,
            doubt=doubt,
        )
        band = band_on(stored, on, stopped=bool(stopped_on and stopped_on <= on))
        if held_now and band != Band.STOPPED:
            band = Band.ON_HOLD
        found[pk].append(CourseLine(band, name, due_from, due_until, earliest_on))
    return found


def _visits(ids: list[int], on: date) -> dict[int, datetime]:
    rows = Appointment.objects.upcoming(on).filter(patient__in=ids).order_by("-starts_at", "-pk")
    return dict(rows.values_list("patient", "starts_at"))


def _stops(ids: list[int], on: date, book: RuleBook) -> dict[int, tuple[Severity, str]]:
    in_force = Flag.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on), patient__in=ids, in_error=False)
    found: dict[int, tuple[Severity, str]] = {}
    for pk, kind in in_force.filter(starts_on__lte=on).order_by("pk").values_list("patient", "kind"):
        rule = book.contraindications.get(kind)
        if rule and rule.severity.is_stop and (pk not in found or rule.severity.weight < found[pk][0].weight):
            found[pk] = (rule.severity, rule.short_name)
    return found


def staff_names(usernames: set[str]) -> dict[str, str]:
    """Names of the people behind user names; a command's name stands for itself."""
    people = {user.username: str(user) for user in User.objects.filter(username__in=usernames)}
    return {name: people.get(name, name) for name in usernames}
