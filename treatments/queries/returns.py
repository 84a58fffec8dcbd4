"""Rows -> the cycles that the reports count: one query, read as a stream, for the courses that a period touches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

from django.db.models import Min, QuerySet

from treatments.models import CourseTreatment, Patient, Treatment
from treatments.rules.returns import Beginning, Dose
from treatments.rules.vocabulary import TreatmentKind

CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is narrowed to; "" is everything. Both days are included."""

    first: date
    last: date
    indication: str = ""
    injector: str = ""


def given(scope: Scope) -> QuerySet[CourseTreatment]:
    """What full treatments of the period gave to courses, narrowed as asked."""
    rows = CourseTreatment.objects.filter(
        treatment__kind=TreatmentKind.FULL.value,
        treatment__voided_at__isnull=True,
        treatment__performed_on__range=(scope.first, scope.last),
    )
    if scope.indication:
        rows = rows.filter(course__indication__code=scope.indication)
    if scope.injector:
        rows = rows.filter(treatment__practitioner__name=scope.injector)
    return rows


def doses(scope: Scope) -> Iterator[Dose]:
    """Every full treatment until the last day of each course that had one in the period, by course and day."""
    rows = (
        CourseTreatment.objects.filter(
            course__in=given(scope).order_by().values("course"),
            treatment__kind=TreatmentKind.FULL.value,
            treatment__voided_at__isnull=True,
            treatment__performed_on__lte=scope.last,
        )
        .order_by("course", "treatment__performed_on", "treatment")
        .values_list(
            "course", "course__patient", "course__indication__code", "treatment__performed_on",
            "treatment__practitioner__name", "treatment__product__code", "treatment__not_before_on",
            "treatment__elsewhere", "treatment__sub_standard", "repeat_from", "worn_off_on", "still_working_on",
            "seen_gone_on", "course__stopped_on", "course__patient__died_on", "course__set_until",
            "course__set_cycle_on", "treatment__public_id",
        )
    )  # fmt: skip
    for row in rows.iterator(chunk_size=CHUNK):
        course, patient, indication, on, injector, product, not_before, elsewhere, sub_standard, floor = row[:10]
        worn_off, working, gone, stopped, died, set_until, set_cycle, ref = row[10:]
        yield Dose(
            course, patient, indication, on, injector or "", product or "",
            certain=not elsewhere and not_before in (None, on),
            effective=not sub_standard,
            not_again_before=floor,
            worn_off_on=worn_off,
            still_working_on=working,
            seen_gone_on=gone,
            closed_on=min((day for day in (stopped, died) if day), default=None),
            set_until=set_until if set_cycle == on else None,
            ref=ref,
        )  # fmt: skip


def beginnings(scope: Scope, *, on: date) -> list[Beginning]:
    """The patients whose first full treatment here lies in the period, with their next one: one query.

    With an indication, first and next are of that indication; with an injector, the first one was theirs.
    """
    full = Treatment.objects.valid().filter(kind=TreatmentKind.FULL.value, elsewhere=False)
    if scope.indication:
        full = full.filter(courses__course__indication__code=scope.indication)
    first = full.order_by().values("patient").annotate(first=Min("performed_on"))
    cohort = Patient.objects.filter(
        pk__in=first.filter(first__range=(scope.first, scope.last)).values("patient"), merged_into__isnull=True
    )
    rows = (
        full.filter(patient__in=cohort.order_by().values("pk"), performed_on__lte=on)
        .order_by("patient", "performed_on", "pk")
        .values_list("patient", "performed_on", "practitioner__name", "patient__died_on")
    )
    found = []
    for _patient, visits in groupby(rows.iterator(chunk_size=CHUNK), key=lambda row: row[0]):
        (_p, first_on, injector, died_on), *later = visits
        if scope.injector in ("", injector):
            back_on = next((row[1] for row in later if row[1] > first_on), None)
            found.append(Beginning(first_on, back_on, died_on))
    return found


class Person(NamedTuple):
    """The patient of a treatment, by the number of the treatment."""

    public_id: str
    family_name: str
    given_name: str


def people_of(treatments: Iterable[str]) -> dict[str, Person]:
    """Whose treatments these are: one query."""
    rows = Treatment.objects.filter(public_id__in=list(treatments)).values_list(
        "public_id", "patient__public_id", "patient__family_name", "patient__given_name"
    )
    return {ref: Person(*person) for ref, *person in rows}
