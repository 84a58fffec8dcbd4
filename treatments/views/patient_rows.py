"""Rows of the patients list, every text prepared once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.formats import day, moment, short_day
from treatments.models import Patient
from treatments.queries import patient_rows
from treatments.rules.periods import age_on
from treatments.rules.vocabulary import Band
from treatments.rules.words import fold

BAND_LABELS = {
    Band.TOO_SOON: gettext_lazy("Too soon"),
    Band.POSSIBLE: gettext_lazy("In effect"),
    Band.DUE: gettext_lazy("Due"),
    Band.OVERDUE: gettext_lazy("Overdue"),
    Band.LAPSED: gettext_lazy("Lapsed"),
    Band.ON_HOLD: gettext_lazy("On hold"),
    Band.NEEDS_REVIEW: gettext_lazy("Needs review"),
    Band.STOPPED: gettext_lazy("Stopped"),
}


def rows(patients: Sequence[Patient], *, on: date) -> list[dict[str, Any]]:
    """What patients/_list.html shows."""
    alike = Counter(_initials(patient) for patient in patients)
    return [_row(row, on, similar=alike[_initials(row.patient)] > 1) for row in patient_rows.of(patients, on=on)]


def person(patient: Patient, *, on: date) -> dict[str, Any]:
    """Who somebody is, with the identifiers that tell two people apart."""
    died_on = patient.died_on
    return {
        "url": patient.get_absolute_url(),
        "public_id": patient.public_id,
        "family": patient.family_name.upper(),
        "given": patient.given_name,
        "born": day(patient.born_on),
        "age": "" if died_on else _("%(years)dy") % {"years": age_on(patient.born_on, on)},
        "died": day(died_on),
        "phone_end": patient.phone[-4:],
    }


def _row(row: patient_rows.PatientRow, on: date, *, similar: bool) -> dict[str, Any]:
    course = row.course
    return person(row.patient, on=on) | {
        "similar": similar,
        "band": course.band.value if course else "",
        "band_label": _label(course) if course else "",
        "due": _due(course) if course else "",
        "visit": moment(row.visit_at),
        "stop": row.stop,
        "stop_severity": row.stop_severity.value if row.stop_severity else "",
    }


def _label(course: patient_rows.CourseLine) -> str:
    untreated = course.due_from is None and course.band == Band.POSSIBLE
    return _("Not treated yet") if untreated else str(BAND_LABELS[course.band])


def _due(course: patient_rows.CourseLine) -> str:
    """The course that speaks for the person, with the dates that matter in its band."""
    if course.due_from is None or course.due_until is None:
        return course.name
    window = _("%(from)s to %(until)s") % {"from": short_day(course.due_from), "until": day(course.due_until)}
    return f"{course.name}, {window}"


def _initials(patient: Patient) -> tuple[str, str]:
    return fold(patient.family_name), fold(patient.given_name)[:1]
