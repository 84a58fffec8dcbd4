"""Treatments: signed once, then amended or voided with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from clinic.models import Practitioner
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
from treatments.queries import history
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import Plan, PlannedDose
from treatments.rules.findings import Finding, Refused, cautions, stops
from treatments.rules.review import review
from treatments.rules.vocabulary import AppointmentState, Side, TreatmentKind
from treatments.services import courses


@dataclass(frozen=True, slots=True)
class Line:
    """One injection as it was written down."""

    indication: str
    site: str
    units: Decimal
    side: Side = Side.NONE


@dataclass(frozen=True, slots=True)
class Record:
    """All that is written down about one treatment before it is signed."""

    performed_on: date
    kind: TreatmentKind
    product: Product
    lot_number: str
    lot_expires_on: date
    lines: tuple[Line, ...]
    practitioner: Practitioner | None = None
    note: str = ""
    appointment: Appointment | None = None

    def plan(self) -> Plan:
        """What the gate judges: the units of each course, with the lot."""
        total: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            total[line.indication] += line.units
        doses = tuple(PlannedDose(code, self.product.code, units) for code, units in total.items())
        return Plan(doses, self.kind, lot_expires_on=self.lot_expires_on, injecting=True)


def findings(record: Record, patient: Patient, *, on: date, amends: Treatment | None = None) -> list[Finding]:
    """What the gate says of a treatment as written down; `on` is today, the day of the rules."""
    facts = history.facts(patient)
    if amends:
        facts = replace(facts, given=tuple(g for g in facts.given if g.ref != amends.public_id))
    return review(record.plan(), facts, rulebook(on), on=record.performed_on)


@transaction.atomic
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
) -> Treatment:
    """Record a treatment; from then on it is only amended or voided.

    What has happened can always be recorded: with a stop in force it needs `incident_reason` (10 characters). Raises
    `Refused` without one, and where a caution was not acknowledged.
    """
    on = timezone.localtime(at).date()
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    _check(record, patient, on=on)
    if amends:
        _void(amends, reason=void_reason, by=by, at=at)
    found = findings(record, patient, on=on)
    _gate(found, acknowledged=acknowledged, incident_reason=incident_reason)
    treatment = _write(record, patient, found, incident_reason=incident_reason.strip(), by=by, at=at, amends=amends)
    if record.appointment:
        _finish(record.appointment, by=by, at=at)
    audit.record(
        "treatment.amended" if amends else "treatment.signed",
        treatment,
        by=by,
        at=at,
        patient=patient.public_id,
        findings=[f.as_data() for f in found],
        reason=incident_reason or void_reason,
        details={"amends": amends.public_id} if amends else None,
    )
    courses.fact_changed(patient, by=by, at=at)
    return treatment


@transaction.atomic
def void(treatment: Treatment, *, reason: str, by: str, at: datetime) -> Treatment:
    """It counts nowhere from now on, and stays readable."""
    patient = Patient.objects.select_for_update().get(pk=treatment.patient_id)
    treatment = _void(treatment, reason=reason, by=by, at=at)
    audit.record("treatment.voided", treatment, by=by, at=at, patient=patient.public_id, reason=reason)
    courses.fact_changed(patient, by=by, at=at)
    return treatment


@transaction.atomic
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
    on = timezone.localtime(at).date()
    wrong: dict[str, str] = {}
    if performed_on > on:
        wrong["performed_on"] = _("The day must not be in the future.")
    if not_before_on > performed_on:
        wrong["not_before_on"] = _("The first possible day must be the same as or before the last.")
    if not_before_on < patient.born_on:
        wrong["not_before_on"] = _("The day must be after the date of birth.")
    if wrong:
        raise ValidationError(wrong)
    treatment = Treatment.objects.create(
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
    areas = list(indications)
    for course in courses.ensure(patient, areas, on=on):
        # Units are known for the visit as a whole, so they are only given to a course that stands alone.
        CourseTreatment.objects.create(treatment=treatment, course=course, units=units if len(areas) == 1 else None)
    audit.record("treatment.recorded_elsewhere", treatment, by=by, at=at, patient=patient.public_id)
    courses.fact_changed(patient, by=by, at=at)
    return treatment


@transaction.atomic
def note_worn_off(given: CourseTreatment, *, worn_off_on: date | None, by: str, at: datetime) -> None:
    """The day on which the patient said the effect had gone; an observation, not a change of the record."""
    treatment = given.treatment
    if worn_off_on and not treatment.performed_on <= worn_off_on <= timezone.localtime(at).date():
        raise ValidationError({"worn_off_on": _("The day must lie between the treatment and today.")})
    CourseTreatment.objects.filter(pk=given.pk).update(worn_off_on=worn_off_on)
    audit.record(
        "effect.worn_off",
        treatment,
        by=by,
        at=at,
        patient=treatment.patient.public_id,
        details={"worn_off_on": worn_off_on},
    )


def _check(record: Record, patient: Patient, *, on: date) -> None:
    wrong: dict[str, str] = {}
    if record.performed_on > on:
        wrong["performed_on"] = _("The day of the treatment must not be in the future.")
    if record.performed_on < patient.born_on:
        wrong["performed_on"] = _("The day of the treatment must be after the date of birth.")
    if not record.lot_number.strip():
        wrong["lot_number"] = _("Enter the lot number.")
    if wrong:
        raise ValidationError(wrong)
    if not record.lines:
        raise ValidationError(_("Add at least one site."))


def _gate(found: list[Finding], *, acknowledged: bool, incident_reason: str) -> None:
    standing = stops(found)
    never = [f for f in standing if f.code == "touch_up_out_of_range"]
    if never or (standing and len(incident_reason.strip()) < 10):
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
        sub_standard=record.performed_on > record.lot_expires_on,
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
    for course in courses.ensure(treatment.patient, [indications[code] for code in codes], on=on):
        lines = [line for line in record.lines if line.indication == course.indication.code]
        given = CourseTreatment.objects.create(
            treatment=treatment,
            course=course,
            units=sum((line.units for line in lines), Decimal(0)),
            licence=licence_of(record.product, course, on=on),
        )
        Injection.objects.bulk_create(
            Injection(given=given, site=line.site, side=line.side.value, units=line.units) for line in lines
        )


def licence_of(product: Product, course: Course, *, on: date) -> Licence | None:
    """The version of the licence in effect: the product's own, else the one for any product."""
    rows = Licence.objects.filter(in_effect(on), indication=course.indication_id)
    return rows.filter(product=product).first() or rows.filter(product__isnull=True).first()


def _void(treatment: Treatment, *, reason: str, by: str, at: datetime) -> Treatment:
    treatment = Treatment.objects.select_for_update(of=("self",)).select_related("patient").get(pk=treatment.pk)
    if treatment.voided_at:
        raise ValidationError(_("This treatment has been voided and can no longer be changed."))
    if len(reason.strip()) < 10:
        raise ValidationError({"reason": _("Say in 10 characters or more why.")})
    treatment.voided_by, treatment.voided_at, treatment.void_reason = by, at, reason.strip()
    treatment.save(update_fields=["voided_by", "voided_at", "void_reason"])
    return treatment


def _finish(appointment: Appointment, *, by: str, at: datetime) -> None:
    Appointment.objects.filter(pk=appointment.pk).update(state=AppointmentState.DONE.value, state_by=by, state_at=at)
