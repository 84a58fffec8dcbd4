"""Rows -> the facts that the rules look at, for many patients in four queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import F, QuerySet

from treatments.models import CourseTreatment, Flag, Patient, SafetyAnswer
from treatments.queries.lots import given_of_stopped_lot
from treatments.queries.prepared import prepared
from treatments.rules.facts import AnswerFact, Facts, FlagFact, Given
from treatments.rules.periods import Period
from treatments.rules.vocabulary import Answer, TreatmentKind


def facts(patient: Patient) -> Facts:
    """All that is known about one patient."""
    return facts_of([patient.pk], people={patient.pk: (patient.born_on, patient.died_on)})[patient.pk]


def facts_from(patient: Patient, *, given: Iterable[Given], flags: Iterable[Flag]) -> Facts:
    """The facts where treatments and flags have been read already: one query, for the answers."""
    standing = sorted((flag for flag in flags if not flag.in_error), key=lambda flag: (flag.starts_on, flag.pk))
    return Facts(
        patient.born_on,
        patient.died_on,
        tuple(g for g in given if not g.voided),
        tuple(FlagFact(f.kind, Period(f.starts_on, f.ends_on), f.review_on, f.public_id) for f in standing),
        tuple(_answers([patient.pk])[patient.pk]),
    )


def facts_of(
    patient_ids: Iterable[int], *, people: dict[int, tuple] | None = None, answers: bool = True
) -> dict[int, Facts]:
    """The facts of many patients: three queries, four where birth and death are not at hand.

    Without the answers for what does not judge a visit: no date depends on them.
    """
    ids = list(patient_ids)
    if people is None:
        rows = Patient.objects.filter(pk__in=ids).values_list("pk", "born_on", "died_on")
        people = {pk: (born_on, died_on) for pk, born_on, died_on in rows}
    given, flags, answered = _given(ids), _flags(ids), _answers(ids) if answers else {}
    return {
        pk: Facts(born_on, died_on, tuple(given[pk]), tuple(flags[pk]), tuple(answered.get(pk, ())))
        for pk, (born_on, died_on) in people.items()
    }


@prepared
def _given_rows(patients: tuple[int, ...]) -> QuerySet[CourseTreatment, Any]:
    return (
        CourseTreatment.objects.filter(course__patient__in=patients, treatment__voided_at__isnull=True)
        .order_by("treatment__performed_on", "pk")
        .values(
            "units",
            "repeat_from",
            "previous_until",
            "worn_off_on",
            "still_working_on",
            "seen_gone_on",
            owner=F("course__patient"),
            indication=F("course__indication__code"),
            product=F("treatment__product__code"),
            unit_system=F("treatment__product__unit_system"),
            on=F("treatment__performed_on"),
            not_before_on=F("treatment__not_before_on"),
            kind=F("treatment__kind"),
            sub_standard=F("treatment__sub_standard"),
            stopped_lot=given_of_stopped_lot(product="treatment__product", lot_number="treatment__lot_number"),
            elsewhere=F("treatment__elsewhere"),
            ref=F("treatment__public_id"),
        )
    )


def _given(ids: list[int]) -> dict[int, list[Given]]:
    found: dict[int, list[Given]] = defaultdict(list)
    for row in _given_rows(tuple(ids)):
        found[row["owner"]].append(
            Given(
                indication=row["indication"],
                product=row["product"] or "",
                unit_system=row["unit_system"] or "",
                units=row["units"],
                on=row["on"],
                kind=TreatmentKind(row["kind"]),
                not_before_on=row["not_before_on"],
                sub_standard=row["sub_standard"] or row["stopped_lot"],
                elsewhere=row["elsewhere"],
                ref=row["ref"],
                repeat_from=row["repeat_from"],
                previous_until=row["previous_until"],
                worn_off_on=row["worn_off_on"],
                still_working_on=row["still_working_on"],
                seen_gone_on=row["seen_gone_on"],
            )
        )
    return found


@prepared
def _flag_rows(patients: tuple[int, ...]) -> QuerySet[Flag, tuple]:
    standing = Flag.objects.filter(patient__in=patients, in_error=False).order_by("starts_on", "pk")
    return standing.values_list("patient", "kind", "starts_on", "ends_on", "review_on", "public_id")


def _flags(ids: list[int]) -> dict[int, list[FlagFact]]:
    found = defaultdict(list)
    for pk, kind, starts_on, ends_on, review_on, ref in _flag_rows(tuple(ids)):
        found[pk].append(FlagFact(kind, Period(starts_on, ends_on), review_on, ref))
    return found


@prepared
def _answer_rows(patients: tuple[int, ...]) -> QuerySet[SafetyAnswer, tuple]:
    rows = SafetyAnswer.objects.filter(patient__in=patients).order_by("answered_on", "pk")
    return rows.values_list("patient", "kind", "answer", "answered_on")


def _answers(ids: list[int]) -> dict[int, list[AnswerFact]]:
    found = defaultdict(list)
    for pk, kind, answer, answered_on in _answer_rows(tuple(ids)):
        found[pk].append(AnswerFact(kind, Answer(answer), answered_on))
    return found
