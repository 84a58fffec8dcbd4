"""The signature of the record page: stored once, together with the answers given at the chair."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Flag, Patient, SafetyAnswer, Treatment
from treatments.queries import history
from treatments.queries.rulebook import rulebook
from treatments.rules.findings import Refused
from treatments.rules.vocabulary import Answer, Side, TreatmentKind
from treatments.services import signing, treatments
from treatments.services.signing import AlreadySigned
from treatments.services.treatments import Line, Record

pytestmark = pytest.mark.django_db
REASON = "It was given before anybody looked"
GLABELLA = (
    Line("glabellar_lines", "procerus", Decimal(4)),
    Line("glabellar_lines", "corrugator", Decimal(8), Side.LEFT),
    Line("glabellar_lines", "corrugator", Decimal(8), Side.RIGHT),
)


def record(**fields) -> Record:
    defaults = {
        "performed_on": TODAY,
        "kind": TreatmentKind.FULL,
        "product": factories.product(),
        "lot_number": "C4821AB",
        "lot_expires_on": date(2028, 1, 31),
        "lines": GLABELLA,
    }
    return Record(**(defaults | fields))


def patient_ready() -> Patient:
    """A patient whose safety questions are answered with no today."""
    person = factories.patient()
    factories.answers(person)
    return person


def codes(refusal: Refused) -> set[str]:
    return {finding.code for finding in refusal.findings}


def all_no(**other: Answer) -> dict[str, Answer]:
    return dict.fromkeys(rulebook(TODAY).questions, Answer.NO) | other


def sign_once(person: Patient, wanted: Record | None = None, *, answers=None, **how) -> Treatment:
    return signing.sign(wanted or record(), patient=person, answers=answers or {}, by=BY, **({"at": NOW} | how))


def test_answers_are_stored_with_the_signature():
    person = factories.patient()

    treatment = sign_once(person, answers=all_no())

    assert treatment.incident_reason == ""
    assert set(SafetyAnswer.objects.values_list("answer", "answered_on")) == {("no", TODAY)}


def test_answers_of_an_earlier_day_are_stored_for_that_day():
    person, day = factories.patient(), TODAY - timedelta(days=3)

    sign_once(person, record(performed_on=day), answers=all_no())

    assert set(SafetyAnswer.objects.values_list("answered_on", flat=True)) == {day}


def test_a_yes_raises_its_flag_and_stops_the_signature():
    person = factories.patient()

    with pytest.raises(Refused) as refusal:
        sign_once(person, answers=all_no(pregnancy=Answer.YES))

    assert "pregnancy" in codes(refusal.value)
    assert not SafetyAnswer.objects.exists()


def test_a_yes_with_a_reason_is_an_incident_and_its_flag_stands():
    person = factories.patient()

    treatment = sign_once(person, answers=all_no(pregnancy=Answer.YES), incident_reason=REASON, acknowledged=True)

    assert treatment.incident_reason == REASON
    assert Flag.objects.get(patient=person).kind == "pregnancy"


@pytest.mark.parametrize("answer", [Answer.NO, Answer.YES, Answer.NOT_SURE])
def test_the_preview_with_answers_says_what_the_signature_says(answer):
    person, answers = factories.patient(), all_no(pregnancy=answer)
    facts = signing.with_answers(history.facts(person), answers, day=TODAY)
    shown = treatments.findings(record(), person, on=TODAY, facts=facts)

    treatment = sign_once(person, answers=answers, incident_reason=REASON, acknowledged=True)

    assert [(f.code, f.severity.value, f.sentence) for f in shown] == [
        (row["code"], row["severity"], row["sentence"]) for row in treatment.findings
    ]


def test_a_second_press_shows_the_first_signature():
    person = patient_ready()
    first = sign_once(person)

    with pytest.raises(AlreadySigned) as already:
        sign_once(person, at=NOW + timedelta(seconds=90))

    assert already.value.treatment == first
    assert Treatment.objects.count() == 1


@pytest.mark.parametrize(
    ("other", "later"),
    [
        ({"lines": GLABELLA[:2]}, 1),
        ({"lines": (*GLABELLA, GLABELLA[0])}, 1),
        ({"performed_on": TODAY - timedelta(days=1)}, 1),
        ({}, 121),
    ],
)
def test_what_differs_or_comes_later_is_a_treatment_of_its_own(other, later):
    person = patient_ready()
    factories.answers(person, on=TODAY - timedelta(days=1))
    factories.answers(person)
    sign_once(person)

    sign_once(person, record(**other), at=NOW + timedelta(seconds=later), incident_reason=REASON, acknowledged=True)

    assert Treatment.objects.count() == 2


def test_amending_only_the_note_is_not_taken_for_a_second_press():
    person = patient_ready()
    first = sign_once(person)

    second = sign_once(
        person, replace(record(), note="Bruise left"), amends=first, void_reason="The note was missing", at=NOW
    )

    assert second.note == "Bruise left"


def test_flags_in_force_are_not_raised_twice_by_a_yes():
    person = factories.patient()
    factories.flag(person, "pregnancy")

    sign_once(person, answers=all_no(pregnancy=Answer.YES), incident_reason=REASON, acknowledged=True)

    assert person.flags.in_force(TODAY).count() == 1
