from datetime import timedelta

import pytest

from tests.treatments.rules.book import (
    BLADDER,
    BOCOUTURE,
    BOOK,
    BOTOX,
    BOTOX_COSMETIC,
    DYSPORT,
    FOREHEAD,
    FROWN,
    MIGRAINE,
    SQUINT,
    UNDERARM,
    answers,
    codes,
    day,
    days_around,
    elsewhere,
    facts,
    flag,
    given,
    only,
    plan,
    planned,
    with_severity,
)
from treatments.rules.facts import Facts, Given, Plan
from treatments.rules.findings import Finding, hard_stops, soft_stops, verdict_state
from treatments.rules.review import review
from treatments.rules.vocabulary import Answer, Severity, TreatmentKind, VerdictState

ON = "2026-06-01"
LONG_AGO = given("2025-01-15")


def judged(what: Plan, patient: Facts, on: str = ON) -> list[Finding]:
    return review(what, patient, BOOK, on=day(on))


def known(*history: Given, **more) -> Facts:
    """Treated before, and asked on the day of the review: nothing to say."""
    return facts(*(history or (LONG_AGO,)), **{"answers": answers(ON), **more})


def found_on(code: str, what: Plan, patient: Facts, on: str) -> list[bool]:
    """Whether the code is found the day before, on the day, and the day after."""
    return [code in codes(review(what, patient, BOOK, on=each)) for each in days_around(on)]


def test_dull_patient_and_plan_are_clear():
    findings = judged(plan(), known())

    assert (findings, verdict_state(findings)) == ([], VerdictState.CLEAR)


@pytest.mark.parametrize(
    ("patient", "what", "code", "severity", "state"),
    [
        pytest.param(known(died="2026-05-01"), plan(), "died", "hard_stop", "blocked", id="died"),
        pytest.param(known(flags=(flag("pregnancy", "2026-05-01"),)), plan(), "pregnancy", "hard_stop", "blocked", id="hard"),
        pytest.param(known(flags=(flag("aminoglycosides", "2026-05-01"),)), plan(), "aminoglycosides", "soft_stop", "blocked",
                     id="soft"),
        pytest.param(known(flags=(flag("anticoagulants", "2026-05-01"),)), plan(), "anticoagulants", "caution", "caution",
                     id="caution"),
        pytest.param(known(flags=(flag("needle_fear", "2026-05-01"),)), plan(), "needle_fear", "inform", "clear", id="inform"),
        pytest.param(known(given("2026-05-01")), plan(), "interval_not_elapsed", "soft_stop", "blocked", id="interval"),
        pytest.param(known(given("2026-07-01")), plan(), "interval_to_next_not_elapsed", "soft_stop", "blocked", id="next"),
        pytest.param(known(), plan(planned(MIGRAINE, BOTOX, 401)), "cumulative_dose_exceeded", "hard_stop", "blocked", id="dose"),
        pytest.param(known(), plan(planned(UNDERARM, BOTOX, 101)), "session_limit_exceeded", "soft_stop", "blocked",
                     id="session"),
        pytest.param(known(), plan(planned(units=21)), "above_usual_dose", "caution", "caution", id="usual dose"),
        pytest.param(known(given("2026-03-01", FOREHEAD, product=DYSPORT)), plan(), "different_product_recently", "caution",
                     "caution", id="other product"),
        pytest.param(known(elsewhere("2026-03-01", indication=FOREHEAD)), plan(), "recent_toxin_elsewhere", "soft_stop",
                     "blocked", id="elsewhere"),
        pytest.param(known(born="2008-07-01"), plan(), "under_age_cosmetic", "hard_stop", "blocked", id="cosmetic age"),
        pytest.param(known(born="2015-07-01"), plan(planned(SQUINT, "", None)), "under_age_therapeutic", "soft_stop",
                     "blocked", id="therapeutic age"),
        pytest.param(known(born="1950-01-01"), plan(planned(product=BOCOUTURE)), "over_65_aesthetic", "caution", "caution",
                     id="over 65"),
        pytest.param(known(), plan(lot_expires_on=day("2026-05-31")), "lot_expired", "hard_stop", "blocked", id="lot"),
        pytest.param(known(), plan(kind=TreatmentKind.TOUCH_UP), "touch_up_out_of_range", "hard_stop", "blocked",
                     id="touch-up"),
        pytest.param(known(), plan(planned(BLADDER, BOTOX)), "off_label", "inform", "clear", id="off label"),
        pytest.param(facts(answers=answers(ON)), plan(), "first_treatment", "inform", "clear", id="first ever"),
        pytest.param(known(given("2025-01-01", SQUINT)), plan(planned(SQUINT, "", None)), "examination_decides", "caution",
                     "caution", id="examination"),
        pytest.param(known(answers=()), plan(), "questions_not_asked", "inform", "cannot_tell", id="never asked"),
        pytest.param(known(answers=answers("2026-01-01")), plan(), "questions_out_of_date", "inform", "cannot_tell",
                     id="stale"),
        pytest.param(known(answers=answers(ON, pregnancy=Answer.NOT_SURE)), plan(), "answer_not_sure", "inform",
                     "cannot_tell", id="not sure"),
        pytest.param(known(answers=answers(ON, pregnancy=Answer.YES)), plan(), "answer_without_flag", "inform",
                     "cannot_tell", id="yes without a flag"),
        pytest.param(known(answers=answers("2026-05-31")), plan(injecting=True), "questions_not_answered_today",
                     "hard_stop", "blocked", id="not answered today"),
        pytest.param(known(answers=answers(ON, pregnancy=Answer.NOT_SURE)), plan(injecting=True), "answer_not_sure",
                     "hard_stop", "blocked", id="not sure, and the needle is next"),
    ],
)  # fmt: skip
def test_each_finding_has_its_severity_and_makes_the_verdict(
    patient: Facts, what: Plan, code: str, severity: str, state: str
):
    findings = judged(what, patient)

    assert [(f.code, str(f.severity), str(verdict_state(findings))) for f in findings] == [(code, severity, state)]
    assert findings[0].sentence.endswith(".")
    assert findings[0].source


@pytest.mark.parametrize(
    ("code", "what", "born", "reached_on"),
    [
        pytest.param("under_age_cosmetic", plan(), "2008-06-15", "2026-06-15", id="cosmetic: 18"),
        pytest.param("under_age_cosmetic", plan(), "2008-02-29", "2026-03-01", id="cosmetic: born on 29 Feb"),
        pytest.param("under_age_therapeutic", plan(planned(SQUINT, "")), "2014-06-15", "2026-06-15", id="squint: 12"),
    ],
)
def test_minimum_age_is_reached_on_the_birthday(code: str, what: Plan, born: str, reached_on: str):
    assert found_on(code, what, facts(born=born), reached_on) == [True, False, False]


def test_65th_birthday_asks_for_care_with_the_products_that_say_so():
    patient = facts(born="1961-06-15")

    assert found_on("over_65_aesthetic", plan(planned(product=BOCOUTURE)), patient, "2026-06-15") == [False, True, True]
    assert found_on("over_65_aesthetic", plan(), patient, "2026-06-15") == [False, False, False]


def test_lot_may_be_used_on_its_expiry_day():
    assert found_on("lot_expired", plan(lot_expires_on=day("2026-06-01")), facts(), "2026-06-02") == [False, True, True]


def test_nobody_is_treated_from_the_day_of_death_on():
    assert found_on("died", plan(), facts(died="2026-06-01"), "2026-06-01") == [False, True, True]


@pytest.mark.parametrize(
    ("history", "changes_on", "found"),
    [
        pytest.param([elsewhere("2026-01-01")], "2026-05-03", [True, False, False], id="ends on day 122"),
        pytest.param(
            [elsewhere("2026-01-01")], "2026-01-01", [False, True, True], id="says nothing about days before it"
        ),
        pytest.param(
            [elsewhere("2026-01-01", "2025-12-01")], "2026-05-03", [True, False, False], id="later end of a range"
        ),
        pytest.param(
            [elsewhere("2026-01-01", "2025-12-01")], "2025-12-01", [False, True, True], id="earlier end of a range"
        ),
        pytest.param([elsewhere("2026-01-01", voided=True)], "2026-02-01", [False, False, False], id="voided"),
    ],
)
def test_toxin_at_another_clinic_stops_for_its_look_back(history: list[Given], changes_on: str, found: list[bool]):
    assert found_on("recent_toxin_elsewhere", plan(planned(FOREHEAD)), facts(*history), changes_on) == found


def test_look_backs_that_overlap_end_with_the_last():
    history = facts(elsewhere("2026-01-01"), elsewhere("2026-05-02"))

    found = only(judged(plan(planned(FOREHEAD)), history, "2026-01-10"), "recent_toxin_elsewhere")

    assert found.until == day("2026-05-02") + timedelta(days=122) == day("2026-09-01")
    assert found.sentence == "Treated at another clinic less than 122 days before: wait until 01-Sep-2026."


@pytest.mark.parametrize(
    ("what", "found"),
    [
        pytest.param(planned(FROWN, BOTOX_COSMETIC), False, id="its own licence"),
        pytest.param(planned(FOREHEAD, BOTOX_COSMETIC), True, id="only the row for any product"),
        pytest.param(planned(BLADDER, BOTOX), True, id="the row for any product is no licence, whatever it says"),
        pytest.param(planned(FOREHEAD, BOCOUTURE), True, id="its own row says that it has none"),
        pytest.param(planned(FOREHEAD, ""), False, id="no product chosen yet"),
    ],
)
def test_use_without_a_licence_is_said(what, found: bool):
    assert ("off_label" in codes(judged(plan(what), facts()))) is found


def test_every_course_of_the_visit_is_judged():
    history = facts(given("2026-05-01"), given("2026-05-01", MIGRAINE, product=BOTOX))

    findings = judged(plan(planned(FROWN), planned(MIGRAINE, BOTOX, 100)), history)

    assert [(f.code, f.about) for f in soft_stops(findings)] == [
        ("interval_not_elapsed", MIGRAINE),
        ("interval_not_elapsed", FROWN),
    ]


def test_clinic_may_make_a_rule_stricter():
    patient = known(flags=(flag("anticoagulants", "2026-05-01"),))

    findings = review(plan(), patient, with_severity("anticoagulants", Severity.HARD_STOP), on=day(ON))

    assert codes(hard_stops(findings)) == ["anticoagulants"]
