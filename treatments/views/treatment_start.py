"""What the record page starts with: the visit, the last product, the lot in use, rows to repeat or a usual pattern."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.formats import clock, day
from treatments.models import Appointment, Injection, Patient, Treatment
from treatments.queries.patterns import Pattern
from treatments.queries.treatments import injections_of
from treatments.rules.doses import units as written
from treatments.rules.facts import Facts
from treatments.rules.vocabulary import AppointmentState, TreatmentKind

Values = dict[str, Any]
BLANK_ROWS = 5
_ROW_NAMES = ("indication", "site", "side", "units")


def visit_of(patient: Patient, on: date, *, ref: str = "") -> Appointment | None:
    """The patient's visit on the day of the treatment: the one that was named, else the one that is still to be done."""
    rows = patient.appointments.filter(on=on).select_related("practitioner", "product").order_by("starts_at", "pk")
    visits = [v for v in rows if AppointmentState(v.state).is_live or v.state == AppointmentState.DONE]
    named = next((v for v in visits if v.public_id == ref.upper()), None)
    return named or next((v for v in visits if AppointmentState(v.state).is_live), None)


def day_of_visit(patient: Patient, ref: str, *, today: date) -> date:
    """The day of the visit that was named, where it has come; else today."""
    if not ref.isalnum():
        return today
    row = patient.appointments.filter(public_id=ref.upper(), on__lte=today).values_list("on").first()
    return row[0] if row else today


def of_treatment(treatment: Treatment) -> Values:
    """The values of a record that is amended."""
    return {
        "performed_on": treatment.performed_on,
        "kind": treatment.kind,
        "product": treatment.product.code if treatment.product else "",
        "lot_number": treatment.lot_number,
        "lot_expires_on": treatment.lot_expires_on,
        "practitioner": str(treatment.practitioner_id or ""),
        "note": treatment.note,
        "incident_reason": treatment.incident_reason,
    }


def of_visit(visit: Appointment | None, *, on: date, product: str, practitioner: str) -> Values:
    """The values of a new record."""
    return {
        "performed_on": on,
        "kind": TreatmentKind.FULL.value,
        "product": product,
        "practitioner": str(visit.practitioner_id) if visit else practitioner,
    }


def typed(data: Mapping[str, Any], names: Iterable[str]) -> Values:
    """What was typed, as it was typed."""
    return {name: data.get(name, "") for name in names}


def typed_rows(data: Mapping[str, Any], prefix: str, most: int) -> list[Values]:
    """The rows that were typed, as they were typed."""
    try:
        count = min(int(data.get(f"{prefix}-TOTAL_FORMS", "0")), most)
    except ValueError:
        count = 0
    return [{name: data.get(f"{prefix}-{n}-{name}", "") for name in _ROW_NAMES} for n in range(count)]


def late_line(on: date, today: date) -> str:
    """Recording for 20-Nov-2026, 2 days ago: nobody should miss that the day is another one."""
    days = (today - on).days
    if days <= 0:
        return ""
    sentence = ngettext("Recording for %(day)s, %(days)d day ago.", "Recording for %(day)s, %(days)d days ago.", days)
    return sentence % {"day": day(on), "days": days}


def is_blank(row: Values) -> bool:
    return not str(row.get("site") or "").strip() and row.get("units") in (None, "")


def rows_of(injections: Iterable[Injection]) -> list[Values]:
    return [
        {
            "indication": row.given.course.indication.code,
            "site": row.site,
            "side": row.side,
            "units": written(row.units),
        }
        for row in injections
    ]


def blank_rows(codes: Iterable[str], *, after: list[Values] | None = None) -> list[Values]:
    """Rows to write in: one for each planned indication, and some more."""
    codes = list(codes) or [""]
    have = after or []
    wanted = 2 if have else max(BLANK_ROWS, len(codes))
    return [{"indication": codes[n] if n < len(codes) and not have else codes[-1]} for n in range(wanted)]


def repeat(last: Treatment | None, product: str, brand: str) -> tuple[list[Values], str]:
    """The rows of the last treatment, or the sentence that says why they are not repeated."""
    if last is None or last.product is None:
        return [], _("There is no earlier treatment to repeat.")
    if product and product != last.product.code:
        sentence = _(
            "The last treatment was given with %(last)s. Units differ between products, so it is not repeated with %(now)s."
        )
        return [], sentence % {"last": last.product.brand, "now": brand}
    rows = rows_of(injections_of(last))
    said = {"day": day(last.performed_on)}
    return rows, _("Filled in from the treatment of %(day)s. Change what differs.") % said if rows else _(
        "The record of %(day)s has no sites to repeat."
    ) % said


def with_pattern(rows: list[Values], pattern: Pattern) -> tuple[list[Values], str]:
    """The rows with those of one indication replaced by its usual pattern."""
    kept = [row for row in rows if not is_blank(row) and row.get("indication") != pattern.indication.code]
    filled = [
        {
            "indication": pattern.indication.code,
            "site": row.site,
            "side": row.side.value,
            "units": written(row.units) if row.units else "",
        }
        for row in pattern.injections
    ]
    name = {"name": pattern.indication.short_name}
    if pattern.total is None:
        return kept + filled, _(
            "Usual places for %(name)s filled in. The usual units of this product are not known: enter them."
        ) % name
    return kept + filled, _("Usual pattern for %(name)s filled in. Change what differs.") % name


def pattern_label(pattern: Pattern) -> str:
    """Frown lines 5 × 4 = 20 U; without units where they are not known."""
    name, count = pattern.indication.short_name, len(pattern.injections)
    each = {row.units for row in pattern.injections}
    if pattern.total is None:
        return _("%(name)s, %(count)d sites") % {"name": name, "count": count}
    if len(each) > 1:
        return _("%(name)s %(total)s U") % {"name": name, "total": written(pattern.total)}
    said = {"name": name, "count": count, "each": written(each.pop() or Decimal(0)), "total": written(pattern.total)}
    return _("%(name)s %(count)d × %(each)s = %(total)s U") % said


def repeat_label(last: Treatment, facts: Facts) -> str:
    """Repeat 14-Mar-2026, 44 U Botox."""
    given = [g.units for g in facts.counted() if g.ref == last.public_id and g.units]
    said = {"day": day(last.performed_on), "units": written(sum(given, Decimal(0)))}
    return _("Repeat %(day)s, %(units)s U %(brand)s") % {**said, "brand": last.product.brand if last.product else ""}


def visit_line(visit: Appointment) -> str:
    said = {"time": clock(visit.starts_at), "who": visit.practitioner}
    return _("For the visit at %(time)s with %(who)s; the signature marks it as done.") % said
