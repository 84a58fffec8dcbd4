from dataclasses import replace
from decimal import Decimal

import pytest

from tests.treatments.rules.book import (
    BOOK,
    BOTOX,
    BOTOX_COSMETIC,
    DYSPORT,
    FOREHEAD,
    FROWN,
    MIGRAINE,
    SQUINT,
    UNDERARM,
    day,
    elsewhere,
    facts,
    flag,
    given,
    planned,
    touch_up,
)
from treatments.rules.facts import FlagFact, Given, PlannedDose
from treatments.rules.intervals import Forecast, forecast

DATES = ("earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from")
T = "2026-01-15"
FLOOR = "2026-04-15"  # T + 3 months
SPRING = flag("pregnancy", "2026-04-01", "2026-05-01")


def dates(found: Forecast) -> list[str | None]:
    values = [getattr(found, name) for name in DATES]
    return [value.isoformat() if value else None for value in values]


def earliest(*flags: FlagFact) -> str:
    return forecast(FROWN, facts(given(T), flags=flags), BOOK).earliest_on.isoformat()


@pytest.mark.parametrize(
    ("treated_on", "expected"),
    [
        pytest.param("2026-01-15", ["2026-04-15", "2026-04-15", "2026-05-15", "2026-05-16", "2027-01-15"], id="mid-month"),
        pytest.param("2026-11-30", ["2027-03-01", "2027-03-01", "2027-03-30", "2027-03-31", "2027-11-30"],
                     id="30 Nov: 3 months roll forward, 4 months are counted from the day itself"),
        pytest.param("2027-11-29", ["2028-02-29", "2028-02-29", "2028-03-29", "2028-03-30", "2028-11-29"], id="to 29 Feb"),
        pytest.param("2028-02-29", ["2028-05-29", "2028-05-29", "2028-06-29", "2028-06-30", "2029-03-01"], id="from 29 Feb"),
        pytest.param("2026-01-31", ["2026-05-01", "2026-05-01", "2026-05-31", "2026-06-01", "2027-01-31"], id="31 Jan"),
        pytest.param("2026-10-31", ["2027-01-31", "2027-01-31", "2027-03-01", "2027-03-02", "2027-10-31"], id="31 Oct"),
    ],
)  # fmt: skip
def test_frown_lines_are_due_from_3_to_4_months_after_the_last_treatment(treated_on: str, expected: list[str]):
    assert dates(forecast(FROWN, facts(given(treated_on)), BOOK)) == expected


def test_migraine_is_fixed_at_84_days_with_a_window_to_day_98():
    found = forecast(MIGRAINE, facts(given("2026-01-01", MIGRAINE, product=BOTOX, units=155)), BOOK)

    assert dates(found) == ["2026-03-26", "2026-03-26", "2026-04-09", "2026-04-10", "2027-01-01"]


def test_squint_is_examined_after_7_to_14_days():
    found = forecast(SQUINT, facts(given("2026-01-01", SQUINT, product=BOTOX, units=5)), BOOK)

    assert dates(found) == ["2026-01-08", "2026-01-08", "2026-01-15", "2026-01-16", "2027-01-01"]


def test_window_may_open_long_after_the_earliest_day():
    found = forecast(UNDERARM, facts(given("2026-01-01", UNDERARM, product=BOTOX, units=80)), BOOK)

    assert dates(found) == ["2026-04-23", "2026-06-30", "2026-08-29", "2026-08-30", "2027-01-01"]


@pytest.mark.parametrize(
    ("last", "plan", "expected"),
    [
        pytest.param(BOTOX_COSMETIC, None, "2026-04-15", id="3 months, nothing planned"),
        pytest.param(BOTOX_COSMETIC, PlannedDose(FROWN), "2026-04-15", id="3 months, no product chosen"),
        pytest.param(BOTOX_COSMETIC, planned(product=DYSPORT), "2026-05-07", id="16 weeks, the planned product's"),
        pytest.param(DYSPORT, planned(product=BOTOX_COSMETIC), "2026-05-07", id="16 weeks, the last product's"),
        pytest.param(DYSPORT, None, "2026-05-07", id="16 weeks, nothing planned"),
    ],
)
def test_longer_interval_of_the_last_and_the_planned_product_holds(last: str, plan: PlannedDose | None, expected: str):
    found = forecast(FROWN, facts(given(T, product=last)), BOOK, planned=plan)

    assert found.earliest_on == day(expected)


def test_product_without_its_own_licence_keeps_the_interval_of_any_product():
    found = forecast(UNDERARM, facts(given("2026-01-01", UNDERARM, product=DYSPORT, units=200)), BOOK)

    assert found.earliest_on == day("2026-05-21")  # 20 weeks


def test_due_until_keeps_the_length_of_the_window_when_the_earliest_day_lies_late():
    found = forecast(FROWN, facts(given(T), flags=(flag("pregnancy", "2026-03-01", "2026-12-01"),)), BOOK)

    # 15 April to 15 May are 30 days
    assert dates(found) == ["2026-12-01", "2026-12-01", "2026-12-31", "2027-01-01", "2027-01-15"]


def test_lapsed_never_before_overdue():
    found = forecast(FROWN, facts(given(T), flags=(flag("pregnancy", "2026-03-01", "2027-06-01"),)), BOOK)

    assert dates(found) == ["2027-06-01", "2027-06-01", "2027-07-01", "2027-07-02", "2027-07-02"]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        pytest.param([flag("pregnancy", "2026-02-01", "2026-04-14")], FLOOR, id="ended the day before"),
        pytest.param([flag("pregnancy", "2026-02-01", "2026-04-15")], FLOOR, id="ends on the day: the day is free"),
        pytest.param([flag("pregnancy", "2026-02-01", "2026-04-16")], "2026-04-16", id="ends the day after"),
        pytest.param([flag("pregnancy", "2026-04-15", "2026-05-01")], "2026-05-01", id="starts on the day"),
        pytest.param([flag("pregnancy", "2026-04-16", "2026-05-01")], FLOOR, id="starts the day after: moves nothing"),
        pytest.param([flag("pregnancy", "2026-02-01")], FLOOR, id="open-ended moves nothing"),
        pytest.param([flag("aminoglycosides", "2026-04-01", "2026-05-01")], "2026-05-01", id="a soft stop moves too"),
        pytest.param([flag("anticoagulants", "2026-04-01", "2026-05-01")], FLOOR, id="a caution moves nothing"),
        pytest.param([flag("urinary_infection", "2026-04-01", "2026-05-01")], FLOOR, id="bears on another indication"),
        pytest.param([flag("milk_allergy", "2026-04-01", "2026-05-01")], FLOOR, id="bears on another product"),
        pytest.param([SPRING, flag("breastfeeding", "2026-05-01", "2026-11-01")], "2026-11-01", id="chain of two"),
        pytest.param(
            [flag("aminoglycosides", "2026-10-31", "2026-11-15"), flag("breastfeeding", "2026-05-01", "2026-11-01"), SPRING],
            "2026-11-15", id="chain of three in any order",
        ),
        pytest.param([SPRING, flag("breastfeeding", "2026-05-02", "2026-11-01")], "2026-05-01", id="one free day between"),
        pytest.param([SPRING, flag("pregnancy", "2026-04-20")], "2026-05-01", id="dated one moves, the open one does not"),
    ],
)  # fmt: skip
def test_earliest_day_is_the_first_from_the_floor_in_no_dated_block(flags: list[FlagFact], expected: str):
    assert earliest(*flags) == expected


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([given("2025-06-01"), given(T)], "2026-01-15", id="two"),
        pytest.param([given(T), given("2025-06-01")], "2026-01-15", id="back-dated one, entered later"),
        pytest.param([given("2025-06-01"), given(T, voided=True)], "2025-06-01", id="the last was voided"),
        pytest.param([given("2025-06-01"), touch_up("2025-06-15")], "2025-06-01", id="touch-up does not move it"),
        pytest.param([given("2025-06-01"), given(T, FOREHEAD)], "2025-06-01", id="another course does not move it"),
        pytest.param(
            [given("2025-06-01"), given(T, sub_standard=True)], "2026-01-15", id="sub-standard counts for spacing"
        ),
    ],
)
def test_last_full_treatment_that_counts_sets_the_floor(history: list[Given], expected: str):
    found = forecast(FROWN, facts(*history), BOOK)

    assert found.last_treated_on == day(expected)


def test_sub_standard_dose_counts_for_spacing_but_not_for_effect():
    found = forecast(FROWN, facts(given("2025-06-15"), given(T, sub_standard=True)), BOOK)

    # earliest: T + 3 months; due at once then, for the 30 days from E + 3 to E + 4 months (15 September to 15 October)
    assert (found.last_treated_on, found.last_effective_on) == (day(T), day("2025-06-15"))
    assert dates(found) == [FLOOR, FLOOR, "2026-05-15", "2026-05-16", "2027-01-15"]


def test_without_any_effective_treatment_the_course_is_due_on_its_earliest_day():
    found = forecast(FROWN, facts(given(T, sub_standard=True)), BOOK)

    assert dates(found) == [FLOOR, FLOOR, FLOOR, "2026-04-16", "2027-01-15"]
    assert found.last_effective_on is None


@pytest.mark.parametrize(
    ("history", "born", "expected"),
    [
        pytest.param([], "1985-06-15", "2003-06-15", id="never treated: the minimum age"),
        pytest.param([touch_up("2026-01-15")], "1985-06-15", "2003-06-15", id="touch-ups only"),
        pytest.param([given(T, voided=True)], "1985-06-15", "2003-06-15", id="voided only"),
        pytest.param([], "2008-02-29", "2026-03-01", id="born on 29 Feb: 18 on 1 Mar"),
    ],
)
def test_before_a_full_treatment_only_the_earliest_day_is_known(history: list[Given], born: str, expected: str):
    assert dates(forecast(FROWN, facts(*history, born=born), BOOK)) == [expected, None, None, None, None]


@pytest.mark.parametrize(
    ("born", "expected"),
    [("2008-04-14", FLOOR), ("2008-04-15", FLOOR), ("2008-04-16", "2026-04-16"), ("2010-02-28", "2028-02-28")],
)
def test_minimum_age_is_part_of_the_floor(born: str, expected: str):
    assert forecast(FROWN, facts(given(T), born=born), BOOK).earliest_on == day(expected)


@pytest.mark.parametrize("years", [None, 16])
def test_cosmetic_use_is_never_below_18_whatever_the_catalogue_says(years: int | None):
    lower = replace(BOOK.licences[BOTOX_COSMETIC, FROWN], min_age_years=years)
    frown = replace(BOOK.indications[FROWN], min_age_years=years)
    book = replace(
        BOOK, licences={**BOOK.licences, (BOTOX_COSMETIC, FROWN): lower}, indications={**BOOK.indications, FROWN: frown}
    )

    assert forecast(FROWN, facts(given(T), born="2010-06-15"), book).earliest_on == day("2028-06-15")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(given("2026-01-21", MIGRAINE, product=BOTOX, units=200), FLOOR, id="leaves on the floor itself"),
        pytest.param(given("2026-01-22", MIGRAINE, product=BOTOX, units=200), "2026-04-16", id="leaves the day after"),
        pytest.param(given("2026-03-01", MIGRAINE, product=BOTOX, units=199), FLOOR, id="both fit"),
        pytest.param(given("2026-03-01", MIGRAINE, product=DYSPORT, units=900), FLOOR, id="another unit system"),
        pytest.param(given("2026-03-01", MIGRAINE, product=BOTOX, units=200, voided=True), FLOOR, id="voided"),
        pytest.param(given("2026-03-01", MIGRAINE, product=BOTOX, units=200, elsewhere=True), "2026-07-01",
                     id="given elsewhere: its look-back of 122 days is longer"),
    ],
)  # fmt: skip
def test_units_of_other_courses_count_against_the_limit(other: Given, expected: str):
    found = forecast(FROWN, facts(given(T, units=201), other), BOOK)

    assert found.earliest_on == day(expected)


def test_planned_units_replace_those_of_the_last_treatment():
    history = facts(given(T, units=20), given("2026-03-01", MIGRAINE, product=BOTOX, units=300))

    untold, fewer, more = (
        forecast(FROWN, history, BOOK, planned=plan) for plan in (None, planned(units=100), planned(units=101))
    )

    assert [found.units for found in (untold, fewer, more)] == [Decimal(20), Decimal(100), Decimal(101)]
    assert [dates(found)[0] for found in (untold, fewer, more)] == [FLOOR, FLOOR, "2026-05-24"]


def test_units_of_the_last_product_are_not_taken_over_for_another():
    found = forecast(FROWN, facts(given(T)), BOOK, planned=PlannedDose(FROWN, DYSPORT))

    assert (found.product, found.units) == (DYSPORT, None)


def test_treatment_elsewhere_counts_its_later_end_for_the_floor_and_its_earlier_for_the_effect():
    found = forecast(UNDERARM, facts(elsewhere("2026-03-01", "2026-01-01", UNDERARM)), BOOK)

    # 20 weeks after 1 March; 180 and 240 days after 1 January
    assert (found.last_treated_on, found.last_effective_on) == (day("2026-03-01"), day("2026-01-01"))
    assert dates(found) == ["2026-07-19", "2026-07-19", "2026-09-17", "2026-09-18", "2027-03-01"]


def test_effect_counts_from_the_latest_known_day_where_a_doubtful_one_may_lie_before_it():
    found = forecast(FROWN, facts(given("2026-01-10"), elsewhere("2026-02-01", "2025-10-01")), BOOK)

    assert (found.last_treated_on, found.last_effective_on) == (day("2026-02-01"), day("2026-01-10"))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(elsewhere("2025-12-14", indication=FOREHEAD), FLOOR, id="look-back ends on the floor itself"),
        pytest.param(elsewhere("2025-12-15", indication=FOREHEAD), "2026-04-16", id="look-back ends the day after"),
        pytest.param(elsewhere("2025-12-15", "2025-01-01", FOREHEAD), "2026-04-16", id="the later end of a range"),
        pytest.param(elsewhere("2026-03-01", indication=FOREHEAD, voided=True), FLOOR, id="voided"),
    ],
)
def test_look_back_after_another_clinic_is_part_of_the_floor_of_every_course(other: Given, expected: str):
    assert forecast(FROWN, facts(given(T), other), BOOK).earliest_on == day(expected)
