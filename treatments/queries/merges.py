"""What would meet if two records were one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from treatments.models import (
    Appointment,
    CourseTreatment,
    Flag,
    Patient,
    PatientMerge,
    SafetyAnswer,
    Treatment,
    VisitOverride,
)


def clash(kept: Patient, gone: Patient) -> tuple[Appointment, Appointment] | None:
    """A visit of each at one time."""
    ours = list(Appointment.objects.taking_time().filter(patient=kept).order_by("starts_at", "pk"))
    for theirs in Appointment.objects.taking_time().filter(patient=gone).order_by("starts_at", "pk"):
        for visit in ours:
            if visit.starts_at < theirs.ends_at and theirs.starts_at < visit.ends_at:
                return visit, theirs
    return None


def too_close(kept: Patient, gone: Patient) -> list[Treatment]:
    """The later written of two full treatments, one of each record, that lie closer than the minimum interval."""
    found: dict[int, Treatment] = {}
    rows = CourseTreatment.objects.filter(treatment__voided_at__isnull=True, treatment__kind="full").select_related(
        "treatment__patient", "course"
    )
    ours, theirs = list(rows.filter(course__patient=kept)), list(rows.filter(course__patient=gone))
    for one in ours:
        for other in theirs:
            if one.course.indication_id == other.course.indication_id and _close(one, other):
                later = max(one, other, key=lambda row: row.pk).treatment
                if not later.incident_reason and not later.elsewhere and not _overridden(later):
                    found[later.pk] = later
    return list(found.values())


def _overridden(treatment: Treatment) -> bool:
    """A prescriber decided on the interval, for the visit at which it was given."""
    decisions = VisitOverride.objects.filter(appointment=treatment.appointment_id, on=treatment.performed_on)
    return any("interval" in rule for rules in decisions.values_list("rules", flat=True) for rule in rules)


def _close(one: CourseTreatment, other: CourseTreatment) -> bool:
    first, second = sorted((one, other), key=lambda row: row.treatment.performed_on)
    after = second.treatment.performed_on
    return bool(
        (first.repeat_from and first.repeat_from > after)
        or (second.previous_until and first.treatment.performed_on > second.previous_until)
    )


def with_what_followed(treatments: list[int], visits: list[int], kept: Patient) -> set[int]:
    """The treatments named, with those that amended them since or were given on one of the visits."""
    found = set(treatments)
    while True:
        more = Treatment.objects.filter(Q(amends__in=found) | Q(appointment__in=visits), patient=kept)
        fresh = set(more.values_list("pk", flat=True)) - found
        if not fresh:
            return found
        found |= fresh


def merges_of(patient: Patient) -> list[PatientMerge]:
    """The merges that can be undone from this record, latest first."""
    rows = PatientMerge.objects.filter(kept=patient, undone_at__isnull=True)
    return list(rows.select_related("kept", "gone").order_by("-at", "-pk"))


@dataclass(frozen=True, slots=True)
class Held:
    """What is on one record, for choosing between two."""

    patient: Patient
    n_treatments: int
    n_visits: int
    n_flags: int
    n_answers: int
    last_treated_on: date | None
    last_visit_on: date | None


def beside(*patients: Patient) -> list[Held]:
    """What each record holds: one query for all of them."""
    mine = OuterRef("pk")
    treatments = Treatment.objects.valid().filter(patient=mine)
    visits = Appointment.objects.filter(patient=mine)
    rows = Patient.objects.annotate(
        treated=_number(treatments),
        visits=_number(visits),
        flagged=_number(Flag.objects.filter(patient=mine, in_error=False)),
        answered=_number(SafetyAnswer.objects.filter(patient=mine)),
        last_treated_on=Subquery(treatments.order_by("-performed_on").values("performed_on")[:1]),
        last_visit_on=Subquery(visits.order_by("-on").values("on")[:1]),
    ).in_bulk([patient.pk for patient in patients])
    return [
        Held(row, row.treated, row.visits, row.flagged, row.answered, row.last_treated_on, row.last_visit_on)
        for row in (rows[patient.pk] for patient in patients)
    ]


def _number(rows: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().values("patient").annotate(n=Count("pk")).values("n")), 0)
