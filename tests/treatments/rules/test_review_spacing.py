from dataclasses import replace

import pytest

from tests.treatments.rules.book import (
    BOOK,
    BOTOX,
    BOTOX_COSMETIC,
    DYSPORT,
    FOREHEAD,
    FROWN,
    MIGRAINE,
    UNDERARM,
    codes,
    day,
    days_around,
    elsewhere,
    facts,
    given,
    only,
    plan,
    planned,
    touch_up,
)
from treatments.rules.facts import Facts, Given, Plan
from treatments.rules.findings import Finding, hard_stops, stops
from treatments.rules.review import in_touch_up_range, review
from treatments.rules.vocabulary import TreatmentKind

ON = "2026-06-01"
TOUCH_UP = plan(kind=TreatmentKind.TOUCH_UP)


def judged(what: Plan, patient: Facts, on: str = ON) -> list[Finding]:
    return review(what, patient, BOOK, on=day(on))


def found_on(code: str, what: Plan, patient: Facts, on: str) -> list[bool]:
    """Whether the code is found the day before, on the day, and the day after."""
    return [code in codes(review(what, patient, BOOK, on=each)) for each in days_around(on)]


@pytest.mark.parametrize(
    ("last", "product", "open_on"),
    [
        pytest.param(given("2026-01-15"), BOTOX_COSMETIC, "2026-04-15", id="3 months"),
        pytest.param(given("2026-11-30"), BOTOX_COSMETIC, "2027-03-01", id="3 months rolled forward"),
        pytest.param(
            given("2026-01-15", product=DYSPORT), BOTOX_COSMETIC, "2026-05-07", id="the last product's 16 weeks"
        ),
        pytest.param(given("2026-01-15"), DYSPORT, "2026-05-07", id="the planned product's 16 weeks"),
        pytest.param(given("2026-01-15"), "", "2026-04-15", id="no product chosen yet"),
        pytest.param(given("2026-01-15", sub_standard=True), BOTOX_COSMETIC, "2026-04-15", id="sub-standard"),
        pytest.param(
            elsewhere("2026-01-15", "2025-10-01"), BOTOX_COSMETIC, "2026-04-15", id="later end of a doubtful date"
        ),
    ],
)
def test_interval_stops_until_the_day_before_it_is_over(last: Given, product: str, open_on: str):
    assert found_on("interval_not_elapsed", plan(planned(product=product)), facts(last), open_on) == [
        True,
        False,
        False,
    ]


def test_until_a_product_is_chosen_the_interval_of_the_last_one_holds_as_in_the_forecast():
    history, undecided = facts(given("2026-01-01", UNDERARM, product=BOTOX)), plan(planned(UNDERARM, "", None))

    # 16 weeks of the last product, not the 20 of any product
    assert found_on("interval_not_elapsed", undecided, history, "2026-04-23") == [True, False, False]


def test_second_full_treatment_on_the_same_day_is_too_soon():
    found = only(judged(plan(), facts(given(ON))), "interval_not_elapsed")

    assert found.sentence == "Frown lines: day 0 after the last full treatment. The minimum is 3 months."


def test_interval_says_the_day_the_minimum_and_the_first_day_to_choose():
    found = only(judged(plan(), facts(given("2026-05-01"))), "interval_not_elapsed")

    assert found.sentence == "Frown lines: day 31 after the last full treatment. The minimum is 3 months."
    assert (found.since, found.until) == (day("2026-05-01"), day("2026-08-01"))
    assert found.change == "Choose 01-Aug-2026 or later."


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([given("2026-05-01", voided=True)], id="voided"),
        pytest.param([given("2026-05-01", FOREHEAD)], id="another course"),
        pytest.param([touch_up("2026-05-01")], id="touch-up"),
    ],
)
def test_what_is_no_full_treatment_of_the_course_keeps_no_interval(history: list[Given]):
    assert "interval_not_elapsed" not in codes(judged(plan(), facts(*history)))


@pytest.mark.parametrize(
    ("product", "after", "first_too_late"),
    [
        pytest.param(BOTOX_COSMETIC, given("2026-07-01"), "2026-04-02", id="3 months"),
        pytest.param(DYSPORT, given("2026-07-01"), "2026-03-12", id="the planned product's 16 weeks"),
        pytest.param(
            BOTOX_COSMETIC, given("2026-07-01", product=DYSPORT), "2026-03-12", id="the next product's 16 weeks"
        ),
        pytest.param("", given("2026-07-01", product=DYSPORT), "2026-03-12", id="no product chosen yet"),
    ],
)
def test_back_dated_treatment_keeps_the_interval_to_the_one_after_it(product: str, after: Given, first_too_late: str):
    what = plan(planned(product=product))

    assert found_on("interval_to_next_not_elapsed", what, facts(after), first_too_late) == [False, True, True]


@pytest.mark.parametrize(
    ("on", "allowed"),
    [
        pytest.param("2026-01-01", False, id="the day itself"),
        pytest.param("2026-01-07", False, id="day 6"),
        pytest.param("2026-01-08", True, id="day 7, the first"),
        pytest.param("2026-01-28", True, id="day 27"),
        pytest.param("2026-01-29", True, id="day 28, the last"),
        pytest.param("2026-01-30", False, id="day 29"),
    ],
)
def test_touch_up_lies_7_to_28_days_after_a_full_treatment(on: str, allowed: bool):
    history = facts(given("2026-01-01"))

    assert in_touch_up_range(FROWN, history, BOOK, on=day(on)) is allowed
    assert codes(stops(judged(TOUCH_UP, history, on))) == ([] if allowed else ["touch_up_out_of_range"])


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([], id="never treated"),
        pytest.param([given("2026-05-20", voided=True)], id="voided"),
        pytest.param([given("2026-05-20", FOREHEAD)], id="another course"),
        pytest.param(
            [given("2026-04-01"), touch_up("2026-05-20")], id="counted from the full treatment, not a touch-up"
        ),
        pytest.param([given("2026-06-20")], id="only a later one"),
    ],
)
def test_touch_up_needs_a_full_treatment_to_touch_up(history: list[Given]):
    assert codes(hard_stops(judged(TOUCH_UP, facts(*history)))) == ["touch_up_out_of_range"]


def test_touch_up_counts_for_doses():
    history = facts(given("2026-05-20"), given("2026-04-01", MIGRAINE, product=BOTOX, units=380))

    found = judged(plan(planned(units=1), kind=TreatmentKind.TOUCH_UP), history)

    assert "cumulative_dose_exceeded" in codes(found)


@pytest.mark.parametrize(
    ("kept", "recorded", "stopped"),
    [
        pytest.param({"repeat_from": day("2026-06-02")}, True, True, id="kept longer than today's rule"),
        pytest.param({"repeat_from": day("2026-06-01")}, True, False, id="over on that day"),
        pytest.param({"repeat_from": day("2026-06-02")}, False, False, id="a visit goes by today's rules"),
        pytest.param({}, True, False, id="nothing kept"),
    ],
)
def test_what_is_recorded_is_held_to_the_interval_kept_with_an_earlier_treatment(kept, recorded, stopped):
    history = facts(replace(given("2026-01-15"), **kept))
    what = replace(plan(planned()), recorded=recorded)

    assert ("interval_kept_not_elapsed" in codes(judged(what, history))) == stopped


def test_an_interval_kept_with_one_that_is_not_the_nearest_counts_too():
    far = replace(given("2025-12-01"), repeat_from=day("2026-07-01"))
    near = replace(given("2026-01-15"), repeat_from=day("2026-04-15"))

    found = judged(replace(plan(planned()), recorded=True), facts(far, near))

    assert [(f.since, f.until) for f in found if f.code == "interval_kept_not_elapsed"] == [(far.on, far.repeat_from)]


def test_a_back_dated_record_is_held_to_the_interval_kept_with_a_later_one():
    later = replace(given("2026-12-01"), previous_until=day("2026-05-31"))

    assert "interval_kept_not_elapsed" in codes(judged(replace(plan(planned()), recorded=True), facts(later)))
