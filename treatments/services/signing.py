"""The signature on the record page: once, together with the answers that the patient gave at the chair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from treatments.models import Course, Injection, Patient, Treatment
from treatments.rules.facts import AnswerFact, Facts, FlagFact
from treatments.rules.periods import Period
from treatments.rules.vocabulary import Answer
from treatments.services import effects, patients, people, treatments
from treatments.services.acts import act
from treatments.services.records import Record

TWICE_WITHIN = timedelta(minutes=2)


class AlreadySigned(Exception):
    """The same treatment was signed a moment ago: a second press, not a second treatment."""

    def __init__(self, treatment: Treatment) -> None:
        self.treatment = treatment
        super().__init__(treatment.public_id)


@act
def sign(
    record: Record,
    *,
    patient: Patient,
    answers: Mapping[str, Answer],
    by: str,
    at: datetime,
    acknowledged: bool = False,
    incident_reason: str = "",
    amends: Treatment | None = None,
    void_reason: str = "",
    version: int | None = None,
    effect: effects.Said | None = None,
) -> Treatment:
    """Store the answers, sign, note the effect of last time: all or nothing.

    Raises what `treatments.sign` and `effects.correct` raise, or `AlreadySigned`.
    """
    patient = people.locked(patient)
    if twin := _twin(record, patient, at=at, but=amends):
        raise AlreadySigned(twin)
    if answers:
        patients.answer_questions(patient, answers=answers, by=by, at=at, answered_on=record.performed_on)
    treatment = treatments.sign(
        record,
        patient=patient,
        by=by,
        at=at,
        acknowledged=acknowledged,
        incident_reason=incident_reason,
        amends=amends,
        void_reason=void_reason,
        version=version,
    )
    if effect:
        treated = Course.objects.filter(treatments__treatment=treatment).order_by("pk")
        effects.note_before(treated, effect, on=treatment.performed_on, by=by, at=at)
    return treatment


def with_answers(facts: Facts, answers: Mapping[str, Answer], *, day: date) -> Facts:
    """The facts as they will be once these answers are stored: a yes raises its flag."""
    known = {flag.kind for flag in facts.flags if flag.period.covers(day)}
    raised = tuple(
        FlagFact(kind, Period(day, None))
        for kind, answer in answers.items()
        if answer == Answer.YES and kind not in known
    )
    given = tuple(AnswerFact(kind, answer, day) for kind, answer in answers.items())
    return replace(facts, flags=facts.flags + raised, answers=facts.answers + given)


def _twin(record: Record, patient: Patient, *, at: datetime, but: Treatment | None) -> Treatment | None:
    """A valid treatment with the same day, product, kind and injections, signed within the last two minutes."""
    recent = (
        Treatment.objects.valid()
        .filter(patient=patient, product=record.product, kind=record.kind.value, performed_on=record.performed_on)
        .filter(signed_at__gt=at - TWICE_WITHIN, signed_at__lte=at)
        .order_by("-signed_at", "-pk")
    )
    wanted = Counter((line.indication, line.site, line.side.value, line.units) for line in record.lines)
    for treatment in recent.exclude(pk=but.pk) if but else recent:
        rows = Injection.objects.filter(given__treatment=treatment)
        if Counter(rows.values_list("given__course__indication__code", "site", "side", "units")) == wanted:
            return treatment
    return None
