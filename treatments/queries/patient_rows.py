"""Patients as the list shows them: who, where their courses stand, what is booked, what stops them.

Asked at every key that is pressed in the search: two statements written out, as building them costs more than they do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from treatments.models import Patient
from treatments.models.appointments import LIVE
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
_COURSES = """
SELECT c.patient_id, i.short_name, i.code, c.earliest_on, c.due_from, c.due_until, c.overdue_from, c.lapsed_from, c.doubt,
  c.stopped_on, EXISTS (SELECT 1 FROM treatments_courseblock b WHERE b.course_id = c.id AND b.starts_on <= %s
    AND (b.ends_on IS NULL OR b.ends_on > %s))
FROM treatments_course c JOIN treatments_indication i ON i.id = c.indication_id
WHERE c.patient_id IN ({ids}) ORDER BY c.patient_id, c.id"""
_VISITS_AND_FLAGS = """
SELECT a.patient_id, min(a.starts_at), '' FROM treatments_appointment a
WHERE a.patient_id IN ({ids}) AND a."on" >= %s AND a.state IN ({live}) GROUP BY a.patient_id
UNION ALL
SELECT f.patient_id, NULL, f.kind FROM treatments_flag f
WHERE f.patient_id IN ({ids}) AND NOT f.in_error AND f.starts_on <= %s AND (f.ends_on IS NULL OR f.ends_on > %s)"""


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
    if not patients:
        return []
    ids, book = [patient.pk for patient in patients], rulebook(on)
    courses, (visits, stops) = _courses(ids, on), _visits_and_stops(ids, on, book)
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
    found: dict[int, list[CourseLine]] = defaultdict(list)
    for patient, name, code, earliest, due, until, overdue, lapsed, doubt, stopped_on, held in _read(
        _COURSES.replace("{ids}", _marks(ids)), [on, on, *ids]
    ):
        stored = Forecast(
            code, earliest, due_from=due, due_until=until, overdue_from=overdue, lapsed_from=lapsed, doubt=doubt
        )
        band = band_on(stored, on, stopped=stopped_on is not None and stopped_on <= on)
        band = Band.ON_HOLD if held and band != Band.STOPPED else band
        found[patient].append(CourseLine(band, name, due, until, earliest))
    return found


def _visits_and_stops(
    ids: list[int], on: date, book: RuleBook
) -> tuple[dict[int, datetime], dict[int, tuple[Severity, str]]]:
    visits: dict[int, datetime] = {}
    stops: dict[int, tuple[Severity, str]] = {}
    sql = _VISITS_AND_FLAGS.replace("{ids}", _marks(ids)).replace("{live}", _marks(LIVE))
    for patient, starts_at, kind in _read(sql, [*ids, on, *LIVE, *ids, on, on]):
        if starts_at is not None:
            visits[patient] = _moment(starts_at)
            continue
        rule = book.contraindications.get(kind)
        if rule and rule.severity.is_stop:
            heaviest = stops.get(patient, (rule.severity, rule.short_name))
            stops[patient] = min(heaviest, (rule.severity, rule.short_name), key=lambda stop: stop[0].weight)
    return visits, stops


def _moment(value: datetime | str) -> datetime:
    """SQLite gives what it computes as text."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


def _marks(values: Iterable[object]) -> str:
    return ", ".join("%s" for _value in values)


def _read(sql: str, values: list[Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
