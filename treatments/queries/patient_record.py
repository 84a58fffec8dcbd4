"""Everything that the page of one patient shows, in six queries, however long the history is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from treatments.models import Appointment, CatalogueState, Course, CourseTreatment, Flag, Patient
from treatments.queries import consents, history
from treatments.queries.bands import stored_band
from treatments.queries.consents import ConsentState
from treatments.queries.prepared import prepared
from treatments.queries.rulebook import rulebook
from treatments.rules.contraindications import Block, blocks
from treatments.rules.facts import Facts, Given, RuleBook
from treatments.rules.vocabulary import AppointmentState, Band, Severity, TreatmentKind


@dataclass
class GivenHere:
    """What one treatment gave to one course."""

    course_id: int
    indication: str
    name: str
    units: Decimal | None
    worn_off_on: date | None
    still_working_on: date | None
    seen_gone_on: date | None
    sites: list[tuple[str, str, Decimal]] = field(default_factory=list)  # site, side, units


@dataclass
class TreatmentRow:
    """One treatment as its line shows it."""

    public_id: str
    performed_on: date
    not_before_on: date | None
    kind: TreatmentKind
    product: str
    brand: str
    unit_system: str
    lot_number: str
    injector: str
    sub_standard: bool
    elsewhere: bool
    voided_at: datetime | None
    void_reason: str
    incident_reason: str
    n_warnings: int
    courses: list[GivenHere] = field(default_factory=list)


@dataclass
class VisitRow:
    """One appointment as its line shows it."""

    public_id: str
    on: date
    starts_at: datetime
    state: AppointmentState
    state_reason: str
    practitioner: str
    room: str
    overridden: bool
    courses: dict[int, str] = field(default_factory=dict)


@dataclass
class PatientRecord:
    """One patient with all that is known, ready for the rules and the page."""

    patient: Patient
    book: RuleBook
    facts: Facts
    flags: list[Flag]
    courses: list[Course]
    visits: list[VisitRow]
    treatments: list[TreatmentRow]
    consent: ConsentState

    def blocks_of(self, course: Course) -> list[Block]:
        return blocks(self.facts, self.book, indication=course.indication.code, product=course.product)

    def band(self, course: Course, day: date) -> Band:
        """Where a course stands on a day, from its stored dates."""
        held = any(block.period.covers(day) for block in self.blocks_of(course))
        return stored_band(course, day, held=held, died_on=self.patient.died_on)

    def running(self, day: date) -> list[Course]:
        return [course for course in self.courses if not (course.stopped_on and course.stopped_on <= day)]

    def booked_for(self, course: Course, day: date) -> VisitRow | None:
        """The next live visit of a course."""
        coming = [v for v in self.visits if v.state.is_live and v.on >= day and course.pk in v.courses]
        return min(coming, key=lambda v: v.starts_at, default=None)


def of(public_id: str, *, on: date) -> PatientRecord | None:
    """The record of a patient; None where there is no such patient."""
    found = _patient(public_id, on)
    if not found:
        return None
    patient: Any = found[0]
    book = rulebook(on, token=patient.token)
    flags = _flags(patient.pk)
    treatments = _treatments(patient)
    given = [_as_given(row, course) for row in treatments for course in row.courses]
    return PatientRecord(
        patient=patient,
        book=book,
        facts=history.facts_from(patient, given=given, flags=flags),
        flags=flags,
        courses=_courses(patient.pk),
        visits=_visits(patient),
        treatments=treatments,
        consent=consents.state(patient.consent_on, on),
    )


@prepared
def _patient(public_id: str, on: date) -> QuerySet[Patient]:
    token = CatalogueState.objects.order_by("pk").values("token")[:1]
    return Patient.objects.filter(public_id=public_id).annotate(token=Subquery(token), consent_on=consents.latest(on))


@prepared
def _flags(patient: int) -> QuerySet[Flag]:
    return Flag.objects.filter(patient=patient).order_by("-starts_on", "-pk")


@prepared
def _courses(patient: int) -> QuerySet[Course]:
    return Course.objects.filter(patient=patient).select_related("indication").order_by("earliest_on", "pk")


@prepared
def _given(patient: int) -> QuerySet[CourseTreatment, Any]:
    """One row per injection."""
    return (
        CourseTreatment.objects.filter(treatment__patient=patient)
        .order_by("-treatment__performed_on", "-treatment", "pk", "injections__pk")
        .values(
            "pk",
            "course",
            "units",
            "worn_off_on",
            "still_working_on",
            "seen_gone_on",
            indication=F("course__indication__code"),
            name=F("course__indication__short_name"),
            ref=F("treatment__public_id"),
            performed_on=F("treatment__performed_on"),
            not_before_on=F("treatment__not_before_on"),
            kind=F("treatment__kind"),
            product=F("treatment__product__code"),
            brand=F("treatment__product__brand"),
            unit_system=F("treatment__product__unit_system"),
            lot_number=F("treatment__lot_number"),
            injector=F("treatment__practitioner__name"),
            sub_standard=F("treatment__sub_standard"),
            elsewhere=F("treatment__elsewhere"),
            voided_at=F("treatment__voided_at"),
            void_reason=F("treatment__void_reason"),
            incident_reason=F("treatment__incident_reason"),
            findings_text=Cast("treatment__findings", TextField()),
            site=F("injections__site"),
            side=F("injections__side"),
            site_units=F("injections__units"),
        )
    )


def _treatments(patient: Patient) -> list[TreatmentRow]:
    """Newest first; the findings are only decoded once per treatment."""
    found: dict[str, TreatmentRow] = {}
    given: dict[int, GivenHere] = {}
    for row in _given(patient.pk):
        treatment = found.get(row["ref"]) or found.setdefault(row["ref"], _treatment(row))
        course = given.get(row["pk"])
        if course is None:
            course = given[row["pk"]] = GivenHere(
                row["course"],
                row["indication"],
                row["name"],
                row["units"],
                row["worn_off_on"],
                row["still_working_on"],
                row["seen_gone_on"],
            )
            treatment.courses.append(course)
        if row["site"] is not None:
            course.sites.append((row["site"], row["side"], row["site_units"]))
    return list(found.values())


def _treatment(row: Mapping[str, Any]) -> TreatmentRow:
    heavy = (Severity.HARD_STOP, Severity.SOFT_STOP, Severity.CAUTION)
    return TreatmentRow(
        public_id=row["ref"],
        performed_on=row["performed_on"],
        not_before_on=row["not_before_on"],
        kind=TreatmentKind(row["kind"]),
        product=row["product"] or "",
        brand=row["brand"] or "",
        unit_system=row["unit_system"] or "",
        lot_number=row["lot_number"],
        injector=row["injector"] or "",
        sub_standard=row["sub_standard"],
        elsewhere=row["elsewhere"],
        voided_at=row["voided_at"],
        void_reason=row["void_reason"],
        incident_reason=row["incident_reason"],
        n_warnings=sum(1 for f in json.loads(row["findings_text"]) if f["severity"] in heavy),
    )


def _as_given(row: TreatmentRow, course: GivenHere) -> Given:
    return Given(
        indication=course.indication,
        product=row.product,
        unit_system=row.unit_system,
        units=course.units,
        on=row.performed_on,
        kind=row.kind,
        not_before_on=row.not_before_on,
        sub_standard=row.sub_standard,
        elsewhere=row.elsewhere,
        voided=row.voided_at is not None,
        ref=row.public_id,
        worn_off_on=course.worn_off_on,
        still_working_on=course.still_working_on,
        seen_gone_on=course.seen_gone_on,
    )


@prepared
def _visit_rows(patient: int) -> QuerySet[Appointment, tuple]:
    return (
        Appointment.objects.filter(patient=patient)
        .order_by("-starts_at", "-pk", "courses__pk")
        .values_list(
            "public_id",
            "on",
            "starts_at",
            "state",
            "state_reason",
            "practitioner__name",
            "room__name",
            "override_by",
            "courses__pk",
            "courses__indication__short_name",
        )
    )


def _visits(patient: Patient) -> list[VisitRow]:
    """Latest first; one row of the query per course of a visit."""
    rows = _visit_rows(patient.pk)
    found: dict[str, VisitRow] = {}
    for ref, on, starts_at, state, reason, practitioner, room, override_by, course, name in rows:
        visit = found.setdefault(
            ref,
            VisitRow(ref, on, starts_at, AppointmentState(state), reason, practitioner, room, bool(override_by)),
        )
        if course is not None:
            visit.courses[course] = name
    return list(found.values())
