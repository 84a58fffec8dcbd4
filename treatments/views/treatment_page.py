"""The record as it was signed: facts, injections, versions, and the lines that say what a signature did."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.formats import clock, day, moment, short_day
from treatments.models import Appointment, CourseTreatment, Injection, Treatment
from treatments.models.treatments import KIND_LABELS, SIDE_LABELS
from treatments.queries.lots import stopped
from treatments.queries.staff import staff_names
from treatments.queries.treatments import injections_of, versions_of
from treatments.rules.doses import units as written
from treatments.rules.vocabulary import AppointmentState, Side, TreatmentKind
from treatments.views.course_panel import effect_said
from treatments.views.verdicts import stored_line


def record_page(treatment: Treatment) -> dict[str, Any]:
    """Everything that show.html and void.html print."""
    versions = versions_of(treatment)
    before = versions[versions.index(treatment) - 1] if versions.index(treatment) else None
    names = staff_names(name for version in versions for name in (version.signed_by, version.voided_by) if name)
    given = list(treatment.courses.select_related("course__indication", "licence").order_by("pk"))
    return {
        "treatment": treatment,
        "day": day(treatment.performed_on),
        "facts_rows": _facts(treatment, before),
        "areas": _areas(treatment, given, before),
        "total": _total(treatment, given),
        "findings": [stored_line(row) for row in treatment.findings],
        "signed": _signed(treatment.signed_by, treatment.signed_at, names),
        "voided": _signed(treatment.voided_by, treatment.voided_at, names) if treatment.voided_at else "",
        "later": versions[-1] if versions[-1] != treatment else None,
        "versions": _versions(versions, treatment, names) if len(versions) > 1 else [],
        "version": versions.index(treatment) + 1,
        "before": before,
        "stopped": "" if treatment.voided_at else stopped(treatment.product, treatment.lot_number),
    }


def _signed(by: str, at: Any, names: dict[str, str]) -> str:
    return _("%(who)s, %(when)s") % {"who": names.get(by, by), "when": moment(at)}


def _facts(treatment: Treatment, before: Treatment | None) -> list[dict[str, str]]:
    """Label, value, and what it was in the version before, where that differs."""
    now = _values(treatment)
    was = dict(_values(before)) if before else {}
    return [
        {"label": label, "value": value, "was": was.get(label, "") if before and was.get(label, "") != value else ""}
        for label, value in now
        if value or was.get(label)
    ]


def _values(treatment: Treatment) -> list[tuple[str, str]]:
    on = day(treatment.performed_on)
    if treatment.not_before_on:
        on = _("between %(first)s and %(last)s") % {"first": day(treatment.not_before_on), "last": on}
    visit = treatment.appointment
    return [
        (_("Day"), on),
        (_("Kind"), str(KIND_LABELS[TreatmentKind(treatment.kind)])),
        (_("Product"), treatment.product.brand if treatment.product else _("not known")),
        (_("Lot"), treatment.lot_number),
        (_("Expiry"), day(treatment.lot_expires_on)),
        (_("Injector"), treatment.practitioner.name if treatment.practitioner else ""),
        (_("Visit"), f"{clock(visit.starts_at)}, {visit.practitioner.name}" if visit else ""),
        (_("Note"), treatment.note),
    ]


def _areas(treatment: Treatment, given: list[CourseTreatment], before: Treatment | None) -> list[dict[str, Any]]:
    """The injections of each course with their sum; those that the version before did not have are marked."""
    rows = injections_of(treatment)
    earlier = Counter(_key(row) for row in injections_of(before)) if before else Counter()
    left = earlier.copy()
    areas = []
    for course in given:
        lines = []
        for row in (r for r in rows if r.given_id == course.pk):
            is_new = before is not None and not left[_key(row)]
            left[_key(row)] -= 0 if is_new else 1
            lines.append({**_line(row), "change": _("new in this version") if is_new else ""})
        areas.append(_area(course, lines))
    gone = [key for key, count in left.items() for _n in range(count)]
    for area in areas:
        area["gone"] = [_gone(key) for key in gone if key[0] == area["code"]]
    known = {area["code"] for area in areas}
    if others := [_gone(key) for key in gone if key[0] not in known]:
        areas.append({"code": "", "name": _("No longer recorded"), "lines": [], "gone": others, "units": ""})
    return areas


def _area(course: CourseTreatment, lines: list[dict[str, str]]) -> dict[str, Any]:
    stored = course.course
    window = stored.due_from and stored.due_until
    return {
        "code": stored.indication.code,
        "name": stored.indication.name,
        "short_name": stored.indication.short_name,
        "lines": lines,
        "gone": [],
        "units": written(course.units) if course.units else "",
        "effect": effect_said(course),
        "next": f"{day(stored.due_from)} – {day(stored.due_until)}" if window else "",
    }


def _key(row: Injection) -> tuple[str, str, str, Decimal]:
    return row.given.course.indication.code, row.site, row.side, row.units


def _line(row: Injection) -> dict[str, str]:
    return {"site": row.site, "side": _side(row.side), "units": written(row.units)}


def _gone(key: tuple[str, str, str, Decimal]) -> dict[str, str]:
    return {"site": key[1], "side": _side(key[2]), "units": written(key[3])}


def _side(side: str) -> str:
    return str(SIDE_LABELS[Side(side)]) if side else "–"


def _total(treatment: Treatment, given: list[CourseTreatment]) -> str:
    """All units of the treatment: one product, so they may be added."""
    units = [course.units for course in given if course.units]
    if not units or treatment.product is None:
        return ""
    return f"{written(sum(units, Decimal(0)))} U {treatment.product.brand}"


def _versions(versions: list[Treatment], current: Treatment, names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "url": version.get_absolute_url(),
            "current": version == current,
            "signed": _signed(version.signed_by, version.signed_at, names),
            "reason": version.void_reason,
            "stands": version.voided_at is None,
        }
        for number, version in enumerate(versions, start=1)
    ]


def signed_line(treatment: Treatment, *, on: date, may_book: bool) -> SafeString:
    """Signed: MARSH, Alina, 20 U Botox, lot C4821AB. Next due 12-Oct to 11-Nov. Book next"""
    given = list(treatment.courses.select_related("course__indication").order_by("pk"))
    said = {"who": treatment.patient.list_name, "what": _total(treatment, given), "lot": treatment.lot_number}
    line = format_html("{}", _("Signed: %(who)s, %(what)s, lot %(lot)s.") % said)
    if window := _next_due(given, on=on):
        line = format_html("{} {}", line, _("Next due %(window)s.") % {"window": window})
    if may_book:
        url = reverse("book", args=[treatment.patient.public_id])
        line = format_html('{} <a href="{}">{}</a>', line, url, _("Book next"))
    return line


def _next_due(given: list[CourseTreatment], *, on: date) -> str:
    """One window where all courses share it, else one for each."""
    windows: dict[str, list[str]] = {}
    for course in (row.course for row in given):
        if course.due_from and course.due_until:
            span = {"from": _near(course.due_from, on), "until": _near(course.due_until, on)}
            windows.setdefault(_("%(from)s to %(until)s") % span, []).append(course.indication.short_name.lower())
    if len(windows) == 1:
        return next(iter(windows))
    return "; ".join(f"{', '.join(names)} {window}" for window, names in windows.items())


def _near(value: date, on: date) -> str:
    return short_day(value) if value.year == on.year else day(value)


def held_line(treatment: Treatment) -> str:
    """The future visits that this record put on hold; "" for none."""
    held = Appointment.objects.filter(
        patient=treatment.patient, state=AppointmentState.ON_HOLD.value, state_at=treatment.signed_at
    ).order_by("starts_at", "pk")
    days = [day(visit.on) for visit in held]
    sentence = ngettext("The visit of %(days)s was put on hold.", "The visits of %(days)s were put on hold.", len(days))
    return sentence % {"days": ", ".join(days)} if days else ""
