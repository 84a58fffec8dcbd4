"""Rows -> facts: what counts comes over with all that the rules need of it, and what does not count stays behind."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Patient
from treatments.queries import history
from treatments.rules.facts import AnswerFact, Facts, FlagFact, Given
from treatments.rules.periods import Period
from treatments.rules.vocabulary import Answer, TreatmentKind
from treatments.services import flags, patients, treatments

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)


def facts(person: Patient) -> Facts:
    return history.facts(Patient.objects.get(pk=person.pk))


def test_a_new_patient_is_all_dates_and_no_history():
    person = factories.patient(born_on=date(1985, 7, 14))

    assert facts(person) == Facts(date(1985, 7, 14))


def test_a_death_comes_over():
    person = factories.patient()
    patients.amend(person, changes={"died_on": TODAY}, by=BY, at=NOW)

    assert facts(person).died_on == TODAY


# ---- treatments ----


def test_a_treatment_comes_over_with_all_that_the_rules_need():
    person = factories.patient()
    given = factories.treated(person, DAY, units="17.5", area="forehead_lines", brand="xeomin")

    assert facts(person).given == (
        Given(
            indication="forehead_lines",
            product="xeomin",
            unit_system="merz_unit",
            units=Decimal("17.50"),
            on=DAY,
            ref=given.public_id,
            repeat_from=date(2026, 9, 1),
            previous_until=date(2026, 3, 1),
        ),
    )


def test_a_touch_up_keeps_its_kind():
    person = factories.patient()
    factories.treated(person, DAY)
    factories.treated(person, DAY + timedelta(days=14), units="4", kind=TreatmentKind.TOUCH_UP)

    assert [g.kind for g in facts(person).given] == [TreatmentKind.FULL, TreatmentKind.TOUCH_UP]


def test_what_was_voided_is_left_out():
    person = factories.patient()
    kept = factories.treated(person, DAY)
    voided = factories.treated(person, DAY + timedelta(days=100))
    treatments.void(voided, reason="Entered for the wrong patient", by=BY, at=NOW)

    assert [g.ref for g in facts(person).given] == [kept.public_id]


def test_of_an_amended_treatment_only_the_amendment_counts():
    person = factories.patient()
    wrong = factories.treated(person, DAY, units="200")
    right = factories.treated(person, DAY, units="20")
    treatments.void(right, reason="Made only to be replaced", by=BY, at=NOW)
    record = treatments.Record(
        performed_on=DAY,
        kind=TreatmentKind.FULL,
        product=factories.product(),
        lot_number="C4821AB",
        lot_expires_on=date(2030, 1, 1),
        lines=(treatments.Line("glabellar_lines", "procerus", Decimal(20)),),
    )
    amended = treatments.sign(
        record, patient=person, by=BY, at=NOW, acknowledged=True, amends=wrong,
        void_reason="Typed a nought too many", incident_reason="Recorded from the paper notes",
    )  # fmt: skip

    assert [(g.ref, g.units) for g in facts(person).given] == [(amended.public_id, Decimal(20))]


def test_a_treatment_elsewhere_is_a_range_with_what_is_known_of_it():
    person = factories.patient()
    row = treatments.record_elsewhere(
        patient=person, indications=[factories.indication()], not_before_on=DAY, performed_on=DAY + timedelta(days=30),
        product=None, units=None, note="", by=BY, at=NOW,
    )  # fmt: skip

    [given] = facts(person).given
    assert (given.not_before_on, given.on, given.effect_from) == (DAY, DAY + timedelta(days=30), DAY)
    assert (given.elsewhere, given.product, given.unit_system, given.units) == (True, "", "", None)
    assert given.ref == row.public_id


def test_a_dose_from_an_expired_lot_is_sub_standard():
    person = factories.patient()
    factories.treated(person, DAY, expires_on=DAY - timedelta(days=1))
    factories.treated(person, DAY + timedelta(days=100), expires_on=DAY + timedelta(days=100))

    assert [g.sub_standard for g in facts(person).given] == [True, False]


def test_a_treatment_of_two_areas_is_two_facts():
    person = factories.patient()
    record = treatments.Record(
        performed_on=DAY,
        kind=TreatmentKind.FULL,
        product=factories.product(),
        lot_number="C4821AB",
        lot_expires_on=date(2030, 1, 1),
        lines=(
            treatments.Line("glabellar_lines", "procerus", Decimal(8)),
            treatments.Line("glabellar_lines", "corrugator", Decimal(12)),
            treatments.Line("forehead_lines", "frontalis", Decimal(10)),
        ),
    )
    treatments.sign(
        record, patient=person, by=BY, at=NOW, acknowledged=True, incident_reason="Recorded from the paper notes"
    )

    assert [(g.indication, g.units) for g in facts(person).given] == [("glabellar_lines", 20), ("forehead_lines", 10)]


# ---- flags and answers ----


def test_flags_come_over_with_their_period_and_review():
    person = factories.patient()
    open_ended = factories.flag(person, starts_on=DAY, review_on=date(2027, 4, 2))
    ended = factories.flag(person, "aminoglycoside", starts_on=DAY + timedelta(days=1), ends_on=TODAY)

    assert facts(person).flags == (
        FlagFact("pregnancy", Period(DAY), date(2027, 4, 2), open_ended.public_id),
        FlagFact("aminoglycoside", Period(DAY + timedelta(days=1), TODAY), None, ended.public_id),
    )


def test_a_flag_entered_in_error_is_left_out():
    person = factories.patient()
    wrong, right = factories.flag(person), factories.flag(person, "breastfeeding")
    flags.enter_in_error(wrong, reason="Mixed up with her sister", by=BY, at=NOW)

    assert [flag.ref for flag in facts(person).flags] == [right.public_id]


def test_all_answers_come_over_in_the_order_of_asking():
    person = factories.patient()
    for on, answer in ((DAY, Answer.NOT_SURE), (TODAY, Answer.NO)):
        patients.answer_questions(person, answers={"pregnancy": answer}, by=BY, at=NOW, answered_on=on)

    assert facts(person).answers == (
        AnswerFact("pregnancy", Answer.NOT_SURE, DAY),
        AnswerFact("pregnancy", Answer.NO, TODAY),
    )


# ---- many patients ----


def full_life(person: Patient) -> None:
    factories.treated(person, DAY)
    factories.treated(person, DAY, area="forehead_lines")
    factories.flag(person, starts_on=DAY, ends_on=TODAY)
    factories.answers(person)


def test_nobody_gets_the_facts_of_somebody_else():
    people = [factories.patient() for _n in range(3)]
    for person in people[:2]:
        full_life(person)

    found = history.facts_of(person.pk for person in people)

    assert found == {person.pk: facts(person) for person in people}
    assert found[people[2].pk] == Facts(people[2].born_on)
    refs = [{g.ref for g in found[person.pk].given} for person in people[:2]]
    assert not refs[0] & refs[1]


@pytest.mark.parametrize("number", [1, 6])
def test_the_facts_of_many_patients_cost_four_queries(django_assert_num_queries, number: int):
    people = [factories.patient() for _n in range(number)]
    for person in people:
        full_life(person)

    with django_assert_num_queries(4):
        history.facts_of([person.pk for person in people])


def test_the_facts_of_one_patient_at_hand_cost_three_queries(django_assert_num_queries):
    person = factories.patient()
    full_life(person)

    with django_assert_num_queries(3):
        history.facts(person)


def test_rows_read_already_say_the_same_and_cost_one_query(django_assert_num_queries):
    person = factories.patient()
    full_life(person)
    wrong = factories.flag(person, "breastfeeding")
    flags.enter_in_error(wrong, reason="Mixed up with her sister", by=BY, at=NOW)
    expected, rows = facts(person), list(person.flags.order_by("-starts_on", "-pk"))

    with django_assert_num_queries(1):
        found = history.facts_from(person, given=expected.given, flags=rows)

    assert found == expected
