"""Rows of the patients list, every text prepared once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.formats import day, moment, short_day
from treatments.models import Patient
from treatments.queries import patient_rows
from treatments.rules.periods import age_on
from treatments.rules.vocabulary import Band
from treatments.rules.words import fold
from treatments.views.rows import address_of, chip

_FOCUS = SafeString(" autofocus")

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


def rows(patients: Sequence[Patient], *, on: date, focus_first: bool = False) -> list[SafeString]:
    """The rows of patients/_list.html, whole: a template for each row would cost more than finding the patients."""
    alike, address = Counter(_initials(patient) for patient in patients), address_of("patient")
    return [
        _row(row, on, address(row.patient.public_id), alike[_initials(row.patient)] > 1, focus_first and number == 0)
        for number, row in enumerate(patient_rows.of(patients, on=on))
    ]


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


def _row(row: patient_rows.PatientRow, on: date, url: str, similar: bool, focus: bool) -> SafeString:
    patient, course = row.patient, row.course
    return format_html(
        '<tr><th scope="row"><span class="row-name"><a href="{}"{}><bdi><span class="family">{}</span>{}</bdi></a></span>'
        '<span class="row-sub"><span class="mono">{}</span>{}</span></th>'
        '<td class="nowrap" data-label="{}">{}</td><td class="nowrap" data-label="{}">{}</td>'
        '<td data-label="{}">{}</td><td data-label="{}">{}</td><td class="nowrap" data-label="{}">{}</td></tr>',
        url,
        _FOCUS if focus else "",
        patient.family_name.upper(),
        f", {patient.given_name}" if patient.given_name else "",
        patient.public_id,
        format_html(" · <strong>{}</strong>", _("Similar name")) if similar else "",
        _("Born"),
        _born(patient, on),
        _("Phone"),
        _("ends %(end)s") % {"end": patient.phone[-4:]} if patient.phone else _quiet(_("none")),
        _("Safety"),
        chip(row.stop_severity.value, row.stop) if row.stop_severity else _quiet(_("no stop")),
        _("Next due"),
        _course(course) if course else _quiet(_("no course")),
        _("Next visit"),
        moment(row.visit_at) or _quiet(_("none")),
    )


def _born(patient: Patient, on: date) -> SafeString | str:
    if patient.died_on:
        died = _("died %(day)s") % {"day": day(patient.died_on)}
        return format_html('{}<span class="row-sub">{}</span>', day(patient.born_on), died)
    return _("%(day)s (%(years)dy)") % {"day": day(patient.born_on), "years": age_on(patient.born_on, on)}


def _course(course: patient_rows.CourseLine) -> SafeString:
    return format_html('{}<span class="row-sub">{}</span>', chip(course.band.value, _label(course)), _due(course))


def _quiet(words: str) -> SafeString:
    return format_html('<span class="quiet">{}</span>', words)


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
