"""Registering and amending patients, and their answers to the safety questions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from treatments.models import Flag, Patient, SafetyAnswer, SearchKey
from treatments.queries import patients as find
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import Answer
from treatments.services import call_list, catalogue, courses, flags, links, people, stale
from treatments.services.acts import act


class Resembles(Exception):
    """Somebody on record might be the same person."""

    def __init__(self, others: list[Patient]) -> None:
        self.others = others
        super().__init__(", ".join(f"{other.list_name} ({other.public_id})" for other in others))


@act
def register(*, by: str, at: datetime, different: bool = False, **fields: Any) -> Patient:
    """Add a patient. Raises `Resembles` where somebody looks the same, unless `different` says they are not."""
    on = timezone.localtime(at).date()
    patient = Patient(**fields, registered_on=on)
    check(patient, on=on)
    catalogue.hold()  # one registration at a time: two at once of the same person would both find nobody
    others = find.resembling(
        family_name=patient.family_name,
        given_name=patient.given_name,
        born_on=patient.born_on,
        phone=patient.phone,
    )
    if others and not different:
        raise Resembles(others)
    patient.save(force_insert=True)
    write_keys(patient)
    audit.record(
        "patient.registered",
        patient,
        by=by,
        at=at,
        patient=patient.public_id,
        details={"unlike": [other.public_id for other in others]} if others else None,
    )
    return patient


@act
def amend(
    patient: Patient,
    *,
    changes: Mapping[str, Any],
    by: str,
    at: datetime,
    reason: str = "",
    version: int | None = None,
) -> Patient:
    """Change a patient's data; dates and visits follow where birth or death changed.

    Raises `Stale` where `version`, the one that the person saw, is no longer the one on record.
    """
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    if patient.merged_into_id:
        raise ValidationError(_("This record was merged into another one and can no longer be changed."))
    stale.check(patient, version)
    before = {name: getattr(patient, name) for name in changes}
    changed = {name: value for name, value in changes.items() if value != before[name]}
    if not changed:
        return patient
    for name, value in changed.items():
        setattr(patient, name, value)
    check(patient, on=timezone.localtime(at).date())
    patient.version += 1
    patient.save(update_fields=[*changed, "version"])
    write_keys(patient)
    audit.record(
        "patient.amended",
        patient,
        by=by,
        at=at,
        patient=patient.public_id,
        reason=reason,
        details={name: [str(before[name]), str(value)] for name, value in changed.items()},
    )
    if any(before[name] for name in ("phone", "email") if name in changed):
        links.end_all(patient, at=at)
    if {"born_on", "died_on"} & set(changed):
        courses.fact_changed(patient, by=by, at=at)
    elif "contact_consent" in changed:
        call_list.keep([patient.pk])
    return patient


def check(patient: Patient, *, on: date) -> None:
    """What no patient can be, in one sentence per field."""
    wrong: dict[str, str] = {}
    if not patient.family_name.strip() and not patient.given_name.strip():
        wrong["family_name"] = _("Enter a name.")
    if patient.born_on > on:
        wrong["born_on"] = _("Date of birth must be in the past.")
    elif patient.born_on.year < on.year - 125:
        wrong["born_on"] = _("Date of birth must be within the last 125 years.")
    if patient.died_on and patient.died_on > on:
        wrong["died_on"] = _("Date of death must not be in the future.")
    elif patient.died_on and patient.died_on < patient.born_on:
        wrong["died_on"] = _("Date of death must be the same as or after the date of birth.")
    if wrong:
        raise ValidationError(wrong)
    patient.clean_fields(exclude=["public_id"])


@act
def answer_questions(
    patient: Patient, *, answers: Mapping[str, Answer], by: str, at: datetime, answered_on: date
) -> list[Flag]:
    """Store the answers of one asking. A yes raises its flag at once; the flags that were raised are returned."""
    patient = people.locked(patient)
    book = rulebook(timezone.localtime(at).date())
    if answered_on > timezone.localtime(at).date():
        raise ValidationError({"answered_on": _("The day of the answers must not be in the future.")})
    rows = [
        SafetyAnswer(patient=patient, kind=kind, answer=answer.value, answered_on=answered_on, asked_by=by)
        for kind, answer in answers.items()
        if kind in book.questions
    ]
    SafetyAnswer.objects.bulk_create(rows)
    audit.record(
        "questions.answered",
        patient,
        by=by,
        at=at,
        patient=patient.public_id,
        details={"answered_on": answered_on.isoformat(), **{row.kind: row.answer for row in rows}},
    )
    in_force = set(patient.flags.in_force(answered_on).values_list("kind", flat=True))
    raised = [
        flags.raise_flag(
            patient=patient,
            kind=kind,
            starts_on=answered_on,
            review_on=flags.proposed_review(kind, answered_on, book),
            source=_("Safety questions"),
            by=by,
            at=at,
        )
        for kind, answer in answers.items()
        if answer == Answer.YES and kind not in in_force
    ]
    courses.rejudge(patient, by=by, at=at)
    return raised


def write_keys(patient: Patient) -> None:
    """The words by which the patient is found from now on."""
    wanted = find.keys_of(patient)
    patient.search_keys.exclude(key__in=wanted).delete()
    known = set(patient.search_keys.values_list("key", flat=True))
    SearchKey.objects.bulk_create(SearchKey(patient=patient, key=key) for key in sorted(wanted - known))
