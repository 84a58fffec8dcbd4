from dataclasses import replace
from datetime import date

import pytest

from tests.treatments.rules.book import (
    BLADDER,
    BOOK,
    BOTOX,
    BOTOX_COSMETIC,
    DYSPORT,
    FROWN,
    UNDERARM,
    answers,
    codes,
    contraindication,
    day,
    facts,
    flag,
    only,
    plan,
    planned,
)
from treatments.rules.contraindications import answer_findings, answer_state, blocks, flag_findings
from treatments.rules.facts import AnswerFact, ContraindicationRule, Plan
from treatments.rules.periods import Period
from treatments.rules.vocabulary import Answer, Severity


@pytest.mark.parametrize(
    ("on", "found"),
    [
        pytest.param("2026-02-28", [], id="day before it starts"),
        pytest.param("2026-03-01", ["pregnancy"], id="first day"),
        pytest.param("2026-11-30", ["pregnancy"], id="last day"),
        pytest.param("2026-12-01", [], id="ends_on is the first free day"),
        pytest.param("2026-12-02", [], id="day after"),
    ],
)
def test_flag_is_found_on_the_days_on_which_it_is_in_force(on: str, found: list[str]):
    pregnant = facts(flags=(flag("pregnancy", "2026-03-01", "2026-12-01"),))

    assert codes(flag_findings(plan(), pregnant, BOOK, on=day(on))) == found


def test_open_ended_flag_stays_in_force_whatever_its_review_date():
    asked_again = replace(flag("pregnancy", "2026-03-01"), review_on=day("2026-04-01"))

    found = flag_findings(plan(), facts(flags=(asked_again,)), BOOK, on=day("2030-01-01"))

    assert codes(found) == ["pregnancy"]


def test_finding_of_a_flag_says_what_since_until_and_what_next():
    pregnant = facts(flags=(flag("pregnancy", "2026-03-01", "2026-12-01", ref="FLAG01"),))

    found = only(flag_findings(plan(), pregnant, BOOK, on=day("2026-05-01")), "pregnancy")

    assert found.severity == Severity.HARD_STOP
    assert found.sentence == "Pregnancy."
    assert (found.since, found.until) == (day("2026-03-01"), day("2026-12-01"))
    assert (found.source, found.change, found.about) == ("pregnancy source", "Next step of pregnancy.", "FLAG01")


@pytest.mark.parametrize(
    ("kind", "doses", "found"),
    [
        pytest.param("pregnancy", [planned(BLADDER, "")], True, id="empty lists: every indication"),
        pytest.param("urinary_infection", [planned(BLADDER, "")], True, id="its indication"),
        pytest.param("urinary_infection", [planned()], False, id="another indication"),
        pytest.param("urinary_infection", [planned(), planned(BLADDER, "")], True, id="one of two planned"),
        pytest.param("milk_allergy", [planned(FROWN, DYSPORT)], True, id="its product"),
        pytest.param("milk_allergy", [planned(FROWN, BOTOX_COSMETIC)], False, id="another product"),
        pytest.param("unmet_expectations", [planned()], True, id="its kind of indication"),
        pytest.param("unmet_expectations", [planned(UNDERARM, BOTOX)], False, id="the other kind"),
        pytest.param("no_such_rule", [planned()], False, id="code that the book does not know"),
        pytest.param("pregnancy", [], True, id="nothing planned yet: bears on everything"),
        pytest.param("urinary_infection", [], False, id="nothing planned yet: bears on the bladder only"),
    ],
)
def test_flag_bears_on_what_its_rule_names(kind: str, doses: list, found: bool):
    flagged = facts(flags=(flag(kind, "2026-01-01"),))

    assert codes(flag_findings(Plan(tuple(doses)), flagged, BOOK, on=day("2026-05-01"))) == [kind] * found


@pytest.mark.parametrize(
    ("rule", "applies"),
    [
        pytest.param(contraindication("x", Severity.CAUTION), True, id="no list"),
        pytest.param(contraindication("x", Severity.CAUTION, products=["p"]), True, id="product"),
        pytest.param(contraindication("x", Severity.CAUTION, indications=["i"]), True, id="indication"),
        pytest.param(contraindication("x", Severity.CAUTION, kinds=["k"]), True, id="kind"),
        pytest.param(contraindication("x", Severity.CAUTION, products=["q"], kinds=["k"]), True, id="one of two lists"),
        pytest.param(contraindication("x", Severity.CAUTION, products=["q"], indications=["j"]), False, id="neither"),
    ],
)
def test_rule_applies_where_any_of_its_lists_matches(rule: ContraindicationRule, applies: bool):
    assert rule.applies_to("p", "i", "k") is applies


def test_blocks_are_the_stops_that_bear_on_the_course_whenever_they_hold_by_day():
    patient = facts(
        flags=(
            flag("aminoglycosides", "2027-01-01", "2027-01-15"),
            flag("anticoagulants", "2026-01-01"),
            flag("needle_fear", "2026-01-01"),
            flag("urinary_infection", "2026-01-01"),
            flag("milk_allergy", "2026-01-01"),
            flag("pregnancy", "2020-01-01", "2020-10-01"),
        )
    )

    found = blocks(patient, BOOK, indication=FROWN, product=BOTOX_COSMETIC)

    assert [(block.kind, block.severity, block.period) for block in found] == [
        ("pregnancy", Severity.HARD_STOP, Period(day("2020-01-01"), day("2020-10-01"))),
        ("aminoglycosides", Severity.SOFT_STOP, Period(day("2027-01-01"), day("2027-01-15"))),
    ]


@pytest.mark.parametrize(
    ("on", "state"),
    [
        pytest.param("2026-02-28", ("not_asked", None), id="the day before they were answered"),
        pytest.param("2026-03-01", ("asked", day("2026-03-01")), id="the same day"),
        pytest.param("2026-05-29", ("asked", day("2026-03-01")), id="day 89"),
        pytest.param("2026-05-30", ("asked", day("2026-03-01")), id="day 90, the last good one"),
        pytest.param("2026-05-31", ("out_of_date", day("2026-03-01")), id="day 91"),
    ],
)
def test_answers_go_stale(on: str, state: tuple[str, date | None]):
    answered = facts(answers=answers("2026-03-01"))

    assert answer_state(answered, BOOK, on=day(on)) == state


def test_nobody_asked():
    assert answer_state(facts(), BOOK, on=day("2026-03-01")) == ("not_asked", None)


def test_one_stale_answer_makes_all_stale():
    recent = answers("2026-05-01")
    mixed = facts(answers=(AnswerFact(recent[0].kind, Answer.NO, day("2026-01-01")), *recent[1:]))

    assert answer_state(mixed, BOOK, on=day("2026-05-01")) == ("out_of_date", day("2026-01-01"))


def test_one_question_never_asked_leaves_the_answers_incomplete():
    some = facts(answers=answers("2026-05-01")[:2])

    assert answer_state(some, BOOK, on=day("2026-05-01")) == ("out_of_date", day("2026-05-01"))


def test_latest_answer_counts_in_any_order_of_days():
    old, new = answers("2026-01-01", pregnancy=Answer.NOT_SURE), answers("2026-05-01")

    both_ways = [
        answer_findings(plan(), facts(answers=given), BOOK, on=day("2026-05-02")) for given in (old + new, new + old)
    ]

    assert both_ways == [[], []]


def test_correction_on_the_same_day_counts_because_it_was_saved_later():
    corrected = answers("2026-05-01", pregnancy=Answer.NOT_SURE) + answers("2026-05-01")

    assert answer_findings(plan(), facts(answers=corrected), BOOK, on=day("2026-05-01")) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param((), "questions_not_asked", id="never asked"),
        pytest.param(answers("2026-01-01"), "questions_out_of_date", id="stale"),
    ],
)
def test_what_nobody_asked_is_unknown_and_stops_no_booking(given: tuple, code: str):
    (found,) = answer_findings(plan(), facts(answers=given), BOOK, on=day("2026-05-01"))

    assert (found.code, found.severity, found.unknown) == (code, Severity.INFORM, True)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param((), ["questions_not_answered_today"], id="never"),
        pytest.param(answers("2026-04-30"), ["questions_not_answered_today"], id="yesterday"),
        pytest.param(answers("2026-05-01"), [], id="today"),
        pytest.param(answers("2026-05-02"), ["questions_not_answered_today"], id="only later"),
        pytest.param(
            answers("2026-04-30")[:1] + answers("2026-05-01")[1:], ["questions_not_answered_today"], id="not all today"
        ),
    ],
)
def test_nothing_is_injected_until_the_questions_are_answered_for_that_day(given: tuple, found: list[str]):
    findings = answer_findings(plan(injecting=True), facts(answers=given), BOOK, on=day("2026-05-01"))

    assert codes(findings) == found
    assert {finding.severity for finding in findings} <= {Severity.HARD_STOP}


@pytest.mark.parametrize(
    ("answer", "flags", "found"),
    [
        pytest.param(Answer.NO, (), [], id="no"),
        pytest.param(Answer.NOT_SURE, (), ["answer_not_sure"], id="not sure"),
        pytest.param(Answer.NOT_SURE, (flag("pregnancy", "2026-04-01"),), [], id="not sure, but a flag says so"),
        pytest.param(
            Answer.NOT_SURE,
            (flag("pregnancy", "2026-01-01", "2026-04-01"),),
            ["answer_not_sure"],
            id="not sure, and the flag has ended",
        ),
        pytest.param(Answer.YES, (), ["answer_without_flag"], id="yes, and nobody raised the flag"),
        pytest.param(Answer.YES, (flag("pregnancy", "2026-04-01"),), [], id="yes, and the flag is there"),
        pytest.param(
            Answer.YES, (flag("pregnancy", "2026-04-01", "2026-04-28"),), [], id="yes, and its flag has ended since"
        ),
        pytest.param(
            Answer.YES,
            (flag("pregnancy", "2026-01-01", "2026-04-20"),),
            ["answer_without_flag"],
            id="yes, and the flag had ended before the answer",
        ),
        pytest.param(Answer.YES, (flag("breastfeeding", "2026-04-01"),), ["answer_without_flag"], id="another flag"),
    ],
)
@pytest.mark.parametrize(("injecting", "severity"), [(False, Severity.INFORM), (True, Severity.HARD_STOP)])
def test_answer_that_is_not_no_needs_a_flag(
    answer: Answer, flags: tuple, found: list[str], injecting: bool, severity: Severity
):
    on = day("2026-05-01")
    told = facts(answers=answers("2026-04-20", pregnancy=answer), flags=flags)

    unsettled = [f for f in answer_findings(plan(injecting=injecting), told, BOOK, on=on) if f.about == "pregnancy"]

    assert [(f.code, f.severity, f.unknown) for f in unsettled] == [(code, severity, True) for code in found]
