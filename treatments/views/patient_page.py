"""The page of one patient: is it safe, when next, what was done. Every text is prepared here, no query of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.formats import clock, day
from treatments.models import Course
from treatments.models.appointments import STATE_LABELS
from treatments.models.treatments import KIND_LABELS
from treatments.queries import plans
from treatments.queries.patient_record import GivenHere, PatientRecord, TreatmentRow, VisitRow
from treatments.rules.doses import units as in_words
from treatments.rules.findings import hard_stops
from treatments.rules.review import review
from treatments.rules.vocabulary import AppointmentState, Band, TreatmentKind, VerdictState
from treatments.views.banner import banner
from treatments.views.course_panel import effect_of, learned_of, names_of, personal_range, set_by_hand
from treatments.views.due_bar import Dates, due_bar
from treatments.views.flag_lines import by_state
from treatments.views.patient_rows import BAND_LABELS
from treatments.views.rows import address_of
from treatments.views.verdicts import verdict

ABOUT = {
    "earliest_on": gettext_lazy("Earliest day"),
    "due_from": gettext_lazy("Due from"),
    "due_until": gettext_lazy("Due until"),
    "overdue_from": gettext_lazy("Overdue from"),
    "lapsed_from": gettext_lazy("Lapsed from"),
}
SIDES = {"left": gettext_lazy("left"), "right": gettext_lazy("right")}


def page(record: PatientRecord, *, on: date, treats: bool) -> dict[str, Any]:
    """The context of patients/show.html."""
    patient, running = record.patient, record.running(on)
    found = review(plans.of_courses(running), record.facts, record.book, on=on)
    shown = verdict(found, on=on)
    coming = [visit for visit in record.visits if visit.state.is_live and visit.on >= on]
    alive = not (patient.died_on and patient.died_on <= on)
    return {
        "patient": patient,
        "on": on,
        "banner": banner(patient, record.facts, record.book, on=on),
        "verdict": shown,
        "blocked": shown.state == VerdictState.BLOCKED,
        "hard_blocked": bool(hard_stops(found)),
        "usual": _usual(running, record),
        "alive": alive,
        "treats": treats,
        "tabs": tabs(patient.public_id, "patient"),
        "courses": _courses(record, on=on, alive=alive),
        "treatments": [_treatment(row) for row in record.treatments],
        "coming": [_visit(visit) for visit in reversed(coming)],
        "past": [_visit(visit) for visit in record.visits if visit not in coming],
        "flags": by_state(record.flags, record.book, on=on),
        "consent": {"signed": day(record.consent.signed_on), "holds": record.consent.holds},
    }


def tabs(public_id: str, current: str) -> list[dict[str, Any]]:
    """The pages of one patient."""
    pages = (("patient", _("Summary")), ("safety", _("Safety and flags")), ("patient_messages", _("Messages")))
    return [
        {"url": reverse(name, args=[public_id]), "label": label, "count": None, "current": name == current}
        for name, label in pages
    ]


def _usual(courses: Iterable[Course], record: PatientRecord) -> str:
    """What the verdict is about: the running courses with the product and units of last time."""
    parts = []
    for course in courses:
        product = record.book.products.get(course.product)
        dose = f"{in_words(course.units)} U {product.brand}" if product and course.units else ""
        parts.append(" ".join(part for part in (course.indication.short_name, dose) if part))
    return "; ".join(parts)


# ---- when next ----


def _courses(record: PatientRecord, *, on: date, alive: bool) -> list[dict[str, Any]]:
    """One panel per course: running ones first, the one that is due first on top."""
    ordered = sorted(record.courses, key=lambda c: (bool(c.stopped_on), c.due_from or date.max, c.pk))
    names = names_of(ordered)
    return [_course(course, record, names, on=on, alive=alive) for course in ordered]


def _course(course: Course, record: PatientRecord, names: dict[str, str], *, on: date, alive: bool) -> dict[str, Any]:
    band, visit = record.band(course, on), record.booked_for(course, on)
    code = course.indication.code
    return {
        "code": code,
        "name": course.indication.short_name,
        "band": band.value,
        "band_label": BAND_LABELS[band] if course.last_treated_on else _first_label(band),
        "bar": _bar(course, record, band=band, visit=visit, on=on),
        "sentence": _no_bar(course, band, on),
        "visit": _visit(visit) if visit else None,
        "visit_on_hold": bool(visit and visit.state == AppointmentState.ON_HOLD),
        "reasons": [_reason(row) for row in course.reasons],
        "doubt": course.doubt,
        "stopped": day(course.stopped_on),
        "stopped_reason": course.stopped_reason,
        "stop_url": reverse("course_stop", args=[record.patient.public_id, code]),
        "bookable": alive and not course.stopped_on,
        "effect": effect_of(course, record, on=on),
        "learned": learned_of(course, record.book),
        "by_hand": set_by_hand(course, names),
        "set_url": reverse("due_set", args=[record.patient.public_id, code]),
        "duration_url": reverse("course_duration", args=[record.patient.public_id, code]),
        "version": course.version,
    }


def _bar(course: Course, record: PatientRecord, *, band: Band, visit: VisitRow | None, on: date) -> Any:
    """The picture; None before the first full treatment, where there is nothing to draw."""
    if not (
        course.last_treated_on
        and course.due_from
        and course.due_until
        and course.overdue_from
        and course.lapsed_from
        and course.last_treated_on <= on
    ):
        return None
    dates = Dates(
        course.earliest_on,
        course.due_from,
        course.due_until,
        course.overdue_from,
        course.lapsed_from,
        course.last_treated_on,
    )
    return due_bar(
        dates,
        on=on,
        band=band,
        name=course.indication.short_name,
        ref=course.indication.code.replace("_", "-"),
        size="panel",
        booked_on=visit.on if visit else None,
        hold=_hold(course, record, on) if band == Band.ON_HOLD else "",
        returns=[row.performed_on for row in record.treatments if _touches_up(row, course)],
        personal=personal_range(course, record.book),
    )


def _hold(course: Course, record: PatientRecord, on: date) -> str:
    """Every block of the course that is in force, with its end or the day to ask again."""
    review_on = {flag.public_id: flag.review_on for flag in record.flags}
    sentences = []
    for block in record.blocks_of(course):
        if not block.period.covers(on):
            continue
        said = {"what": block.label, "since": day(block.period.starts_on)}
        if block.period.ends_on:
            sentence = _("%(what)s since %(since)s, until %(day)s.") % {**said, "day": day(block.period.ends_on)}
        elif review_on.get(block.ref):
            sentence = _("%(what)s since %(since)s, ask again on %(day)s.") % {**said, "day": day(review_on[block.ref])}
        else:
            sentence = _("%(what)s since %(since)s.") % said
        sentences.append(sentence)
    return " ".join(sentences)


def _touches_up(row: TreatmentRow, course: Course) -> bool:
    mine = any(given.course_id == course.pk for given in row.courses)
    return mine and row.kind == TreatmentKind.TOUCH_UP and row.voided_at is None


def _first_label(band: Band) -> str:
    """The word for a course that has had no full treatment: nothing is in effect yet."""
    return _("Not treated yet") if band == Band.POSSIBLE else str(BAND_LABELS[band])


def _no_bar(course: Course, band: Band, on: date) -> str:
    if band == Band.STOPPED:
        return _("Stopped: nobody is asked in for this course.")
    if course.earliest_on > on:
        return _("No full treatment yet. Earliest day: %(day)s.") % {"day": day(course.earliest_on)}
    return _("No full treatment yet, so nothing is due.")


def _reason(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "date": day(date.fromisoformat(row["day"])),
        "label": row["sentence"],
        "rule": ABOUT.get(row["about"], row["about"]),
        "source": row["source"],
        "decided": row["decided"],
        "unverified": not row["verified"],
    }


# ---- what was done ----


def _treatment(row: TreatmentRow) -> dict[str, Any]:
    on = day(row.performed_on)
    return {
        "url": address_of("treatment")(row.public_id),
        "day": f"{day(row.not_before_on)} – {on}" if row.not_before_on else on,
        "kind": _("Elsewhere") if row.elsewhere else KIND_LABELS[row.kind],
        "injector": row.injector,
        "courses": [_given(given) for given in row.courses],
        "brand": row.brand,
        "lot": row.lot_number,
        "sub_standard": row.sub_standard,
        "n_warnings": row.n_warnings,
        "warnings": _warnings(row.n_warnings),
        "incident": bool(row.incident_reason),
        "voided": row.voided_at is not None,
        "void_reason": row.void_reason,
    }


def _warnings(number: int) -> str:
    return _("1 warning") if number == 1 else _("%(number)d warnings") % {"number": number}


def _given(given: GivenHere) -> dict[str, str]:
    sites = []
    for site, side, at_site in given.sites:
        where = f"{site} {SIDES[side]}" if side in SIDES else site
        sites.append(f"{where} {in_words(at_site)}")
    units = _("%(units)s U") % {"units": in_words(given.units)} if given.units is not None else _("units not known")
    return {"name": given.name, "units": units, "sites": " · ".join(sites)}


def _visit(visit: VisitRow) -> dict[str, Any]:
    return {
        "url": address_of("visit")(visit.public_id),
        "day": day(visit.on),
        "time": clock(visit.starts_at),
        "what": ", ".join(visit.courses.values()),
        "with": visit.practitioner,
        "room": visit.room,
        "state": visit.state.value,
        "state_label": STATE_LABELS[visit.state],
        "reason": visit.state_reason,
        "overridden": _("Overridden by a prescriber") if visit.overridden else "",
    }
