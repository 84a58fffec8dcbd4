"""Treatments: signed once, then amended or voided with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from treatments.models import (
    Appointment,
    Course,
    CourseTreatment,
    Indication,
    Injection,
    Licence,
    Patient,
    Product,
    Treatment,
    in_effect,
)
from treatments.models.fields import REASON_LENGTH, no_hidden_characters
from treatments.models.treatments import MOST_UNITS
from treatments.queries import history, lots
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import Facts
from treatments.rules.findings import Finding, Refused, cautions, in_order, stops
from treatments.rules.review import review
from treatments.rules.vocabulary import AppointmentState, Severity, TreatmentKind
from treatments.services import courses, cycles, people, stale
from treatments.services.acts import act
from treatments.services.effects import VOIDED, said_of
from treatments.services.records import Line, Record, check, interval_days, plausible

__all__ = ["VOIDED", "Line", "Record", "findings", "licence_of", "record_elsewhere", "sign", "void"]


def findings(
    record: Record, patient: Patient, *, on: date, amends: Treatment | None = None, facts: Facts | None = None
) -> list[Finding]:
    """What the gate says of a treatment as written down; `on` is today, the day of the rules.

    `facts` are the patient's, where the caller has them at hand.
    """
    facts = facts or history.facts(patient)
    if amends:
        facts = replace(facts, given=tuple(g for g in facts.given if g.ref != amends.public_id))
    plan = replace(record.plan(), lot_stopped=lots.stopped(record.product, record.lot_number))
    found = review(plan, facts, rulebook(on), on=record.performed_on)
    visit = record.appointment
    return _with_override(found, visit) if visit and visit.on == record.performed_on else found


def _with_override(found: list[Finding], visit: Appointment) -> list[Finding]:
    """What a prescriber overrode for this very visit is no stop any more: a caution that says who and why."""
    standing = courses.not_overridden(visit, found)
    words = _("Overridden for this visit by %(who)s: %(words)s") % {
        "who": visit.override_by,
        "words": visit.override_words,
    }
    return in_order(
        replace(f, severity=Severity.CAUTION, change=words) if f.severity.is_stop and f not in standing else f
        for f in found
    )


@act
def sign(
    record: Record,
    *,
    patient: Patient,
    by: str,
    at: datetime,
    acknowledged: bool = False,
    incident_reason: str = "",
    amends: Treatment | None = None,
    void_reason: str = "",
    version: int | None = None,
) -> Treatment:
    """Record a treatment; from then on it is only amended or voided.

    What has happened can always be recorded: with a stop in force it needs `incident_reason` (10 characters). Raises
    `Refused` without one, and where a caution was not acknowledged.
    """
    on = timezone.localtime(at).date()
    patient = people.locked(patient)
    if record.appointment:  # as it is now: an override that was taken back meanwhile covers nothing
        record = replace(record, appointment=Appointment.objects.get(pk=record.appointment.pk))
    check(record, patient, on=on)
    _must_be_of(patient, record, amends)
    if amends:
        _void(amends, reason=void_reason, by=by, at=at, version=version)
    found = findings(record, patient, on=on)
    _gate(found, acknowledged=acknowledged, incident_reason=incident_reason)
    incident_reason = incident_reason.strip() if stops(found) else ""
    treatment = _write(record, patient, found, incident_reason=incident_reason, by=by, at=at, amends=amends)
    if record.appointment:
        _finish(record.appointment, by=by, at=at)
    if record.kind == TreatmentKind.FULL:
        courses.treated_again(patient, (line.indication for line in record.lines), by=by, at=at)
    audit.record(
        "treatment.amended" if amends else "treatment.signed",
        treatment,
        by=by,
        at=at,
        patient=patient.public_id,
        findings=[f.as_data() for f in found],
        reason=incident_reason or void_reason,
        details={"amends": amends.public_id, "void_reason": void_reason} if amends else None,
    )
    courses.fact_changed(patient, by=by, at=at)
    if amends:
        cycles.carry_over(treatment, was_on=amends.performed_on)
    return treatment


@act
def void(treatment: Treatment, *, reason: str, by: str, at: datetime, version: int | None = None) -> Treatment:
    """It counts nowhere from now on, and stays readable."""
    patient = people.locked(treatment.patient)
    treatment = _void(treatment, reason=reason, by=by, at=at, version=version)
    audit.record("treatment.voided", treatment, by=by, at=at, patient=patient.public_id, reason=reason)
    courses.fact_changed(patient, by=by, at=at)
    return treatment


@act
def record_elsewhere(
    *,
    patient: Patient,
    indications: Iterable[Indication],
    not_before_on: date,
    performed_on: date,
    product: Product | None,
    units: Decimal | None,
    note: str,
    by: str,
    at: datetime,
) -> Treatment:
    """A treatment at another clinic, with its date as a range: the later end counts for safety, the earlier for effect."""
    on, areas = timezone.localtime(at).date(), list(indications)
    patient = people.locked(patient)
    treatment = Treatment(
        patient=patient,
        performed_on=performed_on,
        not_before_on=not_before_on if not_before_on != performed_on else None,
        kind=TreatmentKind.FULL.value,
        product=product,
        elsewhere=True,
        note=note,
        signed_by=by,
        signed_at=at,
    )
    _check_elsewhere(treatment, areas, units, earliest_on=not_before_on, on=on)
    treatment.clean_fields(exclude=["public_id", "patient", "findings"])
    treatment.save(force_insert=True)
    for course in courses.ensure(patient, areas, on=on):
        days = interval_days(
            rulebook(on),
            indication=course.indication.code,
            product=product.code if product else "",
            performed_on=performed_on,
            kind=TreatmentKind.FULL,
        )
        CourseTreatment.objects.create(treatment=treatment, course=course, units=units, **days)
    audit.record("treatment.recorded_elsewhere", treatment, by=by, at=at, patient=patient.public_id)
    courses.fact_changed(patient, by=by, at=at)
    return treatment


def _check_elsewhere(
    treatment: Treatment, areas: list[Indication], units: Decimal | None, *, earliest_on: date, on: date
) -> None:
    """What no treatment at another clinic can be, in one sentence per field."""
    wrong: dict[str, str] = {}
    if treatment.performed_on > on:
        wrong["performed_on"] = _("The day must not be in the future.")
    if earliest_on > treatment.performed_on:
        wrong["not_before_on"] = _("The first possible day must be the same as or before the last.")
    if earliest_on < treatment.patient.born_on:
        wrong["not_before_on"] = _("The day must be after the date of birth.")
    if not areas:
        wrong["indications"] = _("Choose what was treated.")
    if units is not None and not plausible(units):
        wrong["units"] = _("Units must be more than 0 and %(most)d or fewer.") % {"most": MOST_UNITS}
    elif units is not None and len(areas) > 1:
        # Units are known for the visit as a whole, so they can only be given to a course that stands alone.
        wrong["units"] = _("Units belong to one area. Record each area by itself, or leave the units empty.")
    if wrong:
        raise ValidationError(wrong)


def _must_be_of(patient: Patient, record: Record, amends: Treatment | None) -> None:
    if any(other and other.patient_id != patient.pk for other in (record.appointment, amends)):
        raise ValidationError(_("The visit or the treatment belongs to another patient."))
    if amends and amends.elsewhere:
        raise ValidationError(_("A treatment given elsewhere is not amended: void it and record it again."))


def _gate(found: list[Finding], *, acknowledged: bool, incident_reason: str) -> None:
    standing = stops(found)
    never = [f for f in standing if f.code == "touch_up_out_of_range"]
    if never or (standing and len(incident_reason.strip()) < REASON_LENGTH):
        raise Refused(found)
    if cautions(found) and not acknowledged:
        raise Refused(found)


def _write(
    record: Record,
    patient: Patient,
    found: list[Finding],
    *,
    incident_reason: str,
    by: str,
    at: datetime,
    amends: Treatment | None,
) -> Treatment:
    treatment = Treatment(
        patient=patient,
        appointment=record.appointment,
        performed_on=record.performed_on,
        kind=record.kind.value,
        product=record.product,
        lot_number=record.lot_number.strip(),
        lot_expires_on=record.lot_expires_on,
        practitioner=record.practitioner,
        sub_standard=record.lot_expires_on is not None and record.performed_on > record.lot_expires_on,
        note=record.note,
        findings=[f.as_data() for f in found],
        incident_reason=incident_reason,
        signed_by=by,
        signed_at=at,
        amends=amends,
    )
    treatment.clean_fields(exclude=["public_id", "patient", "appointment", "amends", "findings"])
    treatment.save(force_insert=True)
    _write_lines(record, treatment, on=timezone.localtime(at).date())
    return treatment


def _write_lines(record: Record, treatment: Treatment, *, on: date) -> None:
    codes = list(dict.fromkeys(line.indication for line in record.lines))
    indications = {row.code: row for row in Indication.objects.filter(code__in=codes)}
    said, book = _said_of_effect(treatment), rulebook(on)
    for course in courses.ensure(treatment.patient, [indications[code] for code in codes], on=on):
        lines = [line for line in record.lines if line.indication == course.indication.code]
        given = CourseTreatment.objects.create(
            treatment=treatment,
            course=course,
            units=sum((line.units for line in lines), Decimal(0)),
            licence=licence_of(record.product, course, on=on),
            **said.get(course.pk, {}),
            **interval_days(
                book,
                indication=course.indication.code,
                product=record.product.code,
                performed_on=record.performed_on,
                kind=record.kind,
            ),
        )
        Injection.objects.bulk_create(
            Injection(given=given, site=line.site, side=line.side.value, units=line.units) for line in lines
        )


def _said_of_effect(treatment: Treatment) -> dict[int, dict[str, date]]:
    """What was said of the effect stays with the course when the record is amended, but for days before it."""
    if treatment.amends_id is None:
        return {}
    rows = CourseTreatment.objects.filter(treatment=treatment.amends_id)
    return {
        row.course_id: {
            name: day for name, day in asdict(said_of(row)).items() if day and day >= treatment.performed_on
        }
        for row in rows
    }


def licence_of(product: Product, course: Course, *, on: date) -> Licence | None:
    """The version of the licence in effect: the product's own, else the one for any product."""
    rows = Licence.objects.filter(in_effect(on), indication=course.indication_id)
    return rows.filter(product=product).first() or rows.filter(product__isnull=True).first()


def _void(treatment: Treatment, *, reason: str, by: str, at: datetime, version: int | None = None) -> Treatment:
    treatment = Treatment.objects.select_for_update(of=("self",)).select_related("patient").get(pk=treatment.pk)
    stale.check(treatment, version)
    if treatment.voided_at:
        raise ValidationError(VOIDED)
    if len(reason.strip()) < REASON_LENGTH:
        raise ValidationError({"reason": _("Say in 10 characters or more why.")})
    no_hidden_characters(reason)
    treatment.voided_by, treatment.voided_at, treatment.void_reason = by, at, reason.strip()
    treatment.save(update_fields=["voided_by", "voided_at", "void_reason"])
    return treatment


def _finish(appointment: Appointment, *, by: str, at: datetime) -> None:
    """A visit that was still to be done is done; one that was cancelled or missed keeps its state."""
    done = AppointmentState.DONE.value
    changed = Appointment.objects.live().filter(pk=appointment.pk)
    if changed.update(state=done, state_by=by, state_at=at, state_reason="", version=F("version") + 1):
        audit.record("appointment.done", appointment, by=by, at=at, patient=appointment.patient.public_id)
