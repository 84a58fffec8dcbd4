from datetime import date

import pytest

from tests.treatments.rules.book import day
from treatments.rules.periods import (
    Length,
    LengthUnit,
    Period,
    add_months,
    age_on,
    days,
    first_day_outside,
    months,
    weeks,
)


def period(starts_on: str, ends_on: str | None = None) -> Period:
    return Period(day(starts_on), day(ends_on) if ends_on else None)


@pytest.mark.parametrize(
    ("start", "n_months", "expected"),
    [
        pytest.param("2026-01-15", 3, "2026-04-15", id="same day number"),
        pytest.param("2026-11-28", 3, "2027-02-28", id="28 Nov + 3: the last that exists"),
        pytest.param("2026-11-29", 3, "2027-03-01", id="29 Nov + 3 rolls forward in a common year"),
        pytest.param("2026-11-30", 3, "2027-03-01", id="30 Nov + 3 rolls forward"),
        pytest.param("2027-11-29", 3, "2028-02-29", id="29 Nov + 3 exists in a leap year"),
        pytest.param("2027-11-30", 3, "2028-03-01", id="30 Nov + 3 rolls forward in a leap year"),
        pytest.param("2026-01-31", 3, "2026-05-01", id="31 Jan + 3: no 31 April"),
        pytest.param("2026-03-31", 3, "2026-07-01", id="31 Mar + 3: no 31 June"),
        pytest.param("2026-05-31", 3, "2026-08-31", id="31 May + 3 exists"),
        pytest.param("2026-08-30", 3, "2026-11-30", id="30 Aug + 3 exists"),
        pytest.param("2026-08-31", 3, "2026-12-01", id="31 Aug + 3: no 31 November"),
        pytest.param("2026-12-31", 3, "2027-03-31", id="31 Dec + 3 crosses the year"),
        pytest.param("2026-10-31", 4, "2027-03-01", id="31 Oct + 4: no 31 February"),
        pytest.param("2026-09-30", 3, "2026-12-30", id="into December"),
        pytest.param("2026-12-15", 1, "2027-01-15", id="out of December"),
        pytest.param("2024-02-29", 12, "2025-03-01", id="29 Feb + a year"),
        pytest.param("2024-02-29", 48, "2028-02-29", id="29 Feb + four years"),
        pytest.param("2026-03-31", 0, "2026-03-31", id="nothing added"),
        pytest.param("2026-03-31", -1, "2026-03-01", id="backwards rolls forward too"),
    ],
)
def test_adding_months_keeps_the_day_number_or_rolls_forward(start: str, n_months: int, expected: str):
    assert add_months(day(start), n_months) == day(expected)


def test_adding_months_in_two_steps_is_another_day_than_in_one():
    in_two_steps = add_months(add_months(day("2026-11-30"), 3), 1)

    assert (in_two_steps, add_months(day("2026-11-30"), 4)) == (day("2027-04-01"), day("2027-03-30"))


@pytest.mark.parametrize(
    ("start", "after_12_weeks", "after_3_months"),
    [
        pytest.param("2026-01-15", "2026-04-09", "2026-04-15", id="90 days"),
        pytest.param("2026-02-01", "2026-04-26", "2026-05-01", id="89 days"),
        pytest.param("2026-11-30", "2027-02-22", "2027-03-01", id="91 days, rolled"),
        pytest.param("2026-06-15", "2026-09-07", "2026-09-15", id="92 days"),
    ],
)
def test_12_weeks_are_84_days_and_not_3_months(start: str, after_12_weeks: str, after_3_months: str):
    assert weeks(12).after(day(start)) == days(84).after(day(start)) == day(after_12_weeks)
    assert months(3).after(day(start)) == day(after_3_months)


@pytest.mark.parametrize(
    ("length", "text", "rough"),
    [
        pytest.param(weeks(12), "12 weeks", 84, id="weeks"),
        pytest.param(months(3), "3 months", 91, id="months"),
        pytest.param(months(12), "12 months", 365, id="a year"),
        pytest.param(days(84), "84 days", 84, id="days"),
        pytest.param(Length(1, LengthUnit.MONTHS), "1 month", 30, id="one month"),
        pytest.param(weeks(1), "1 week", 7, id="one week"),
    ],
)
def test_length_is_said_in_its_own_unit_and_compares_in_days(length: Length, text: str, rough: int):
    assert (str(length), length.rough_days) == (text, rough)


@pytest.mark.parametrize("length", [days(1), weeks(12), months(3)])
def test_a_length_ends_on_the_last_day_there_is_at_the_latest(length: Length):
    assert length.after(date.max) == date.max


@pytest.mark.parametrize(
    ("ends_on", "on", "covered"),
    [
        pytest.param("2026-03-10", "2026-02-28", False, id="day before the start"),
        pytest.param("2026-03-10", "2026-03-01", True, id="first day"),
        pytest.param("2026-03-10", "2026-03-09", True, id="last day"),
        pytest.param("2026-03-10", "2026-03-10", False, id="ends_on is free"),
        pytest.param("2026-03-10", "2026-03-11", False, id="day after the end"),
        pytest.param("2026-03-01", "2026-03-01", False, id="empty period"),
        pytest.param(None, "2026-02-28", False, id="open: day before the start"),
        pytest.param(None, "2099-12-31", True, id="open: for ever"),
    ],
)
def test_period_covers_from_its_first_day_until_the_day_before_its_end(ends_on: str | None, on: str, covered: bool):
    assert period("2026-03-01", ends_on).covers(day(on)) is covered


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        pytest.param([], "2026-03-05", id="none"),
        pytest.param([period("2026-03-01", "2026-03-05")], "2026-03-05", id="ended on the day"),
        pytest.param([period("2026-03-01", "2026-03-06")], "2026-03-06", id="ends the day after"),
        pytest.param([period("2026-03-05", "2026-03-20")], "2026-03-20", id="starts on the day"),
        pytest.param([period("2026-03-06", "2026-03-20")], "2026-03-05", id="starts the day after"),
        pytest.param([period("2026-03-01")], "2026-03-05", id="open-ended moves nothing"),
        pytest.param([period("2026-03-05", "2026-03-05")], "2026-03-05", id="empty period"),
        pytest.param(
            [
                period("2026-04-01", "2026-05-01"),
                period("2026-03-10", "2026-04-01"),
                period("2026-03-01", "2026-03-10"),
            ],
            "2026-05-01",
            id="chain, each begins on the end of another, in any order",
        ),
        pytest.param(
            [period("2026-03-01", "2026-03-10"), period("2026-03-11", "2026-05-01")], "2026-03-10", id="one free day"
        ),
        pytest.param(
            [period("2026-03-01", "2026-06-01"), period("2026-03-02", "2026-03-10")], "2026-06-01", id="one in another"
        ),
        pytest.param(
            [period("2026-03-01", "2026-03-10"), period("2026-03-01"), period("2026-03-09", "2026-03-20")],
            "2026-03-20",
            id="dated ones move, the open one beside them does not",
        ),
    ],
)
def test_first_day_outside_follows_every_period_that_has_an_end(periods: list[Period], expected: str):
    assert first_day_outside(day("2026-03-05"), periods) == day(expected)


@pytest.mark.parametrize(
    ("born_on", "on", "years"),
    [
        pytest.param("2008-06-15", "2026-06-14", 17, id="day before the birthday"),
        pytest.param("2008-06-15", "2026-06-15", 18, id="birthday"),
        pytest.param("2008-06-15", "2026-06-16", 18, id="day after the birthday"),
        pytest.param("2008-02-29", "2026-02-28", 17, id="29 Feb: 28 Feb of a common year"),
        pytest.param("2008-02-29", "2026-03-01", 18, id="29 Feb: 1 Mar of a common year"),
        pytest.param("2008-02-29", "2028-02-29", 20, id="29 Feb: leap year"),
        pytest.param("2026-06-15", "2026-06-15", 0, id="day of birth"),
    ],
)
def test_age_is_counted_in_full_years(born_on: str, on: str, years: int):
    assert age_on(day(born_on), day(on)) == years


def test_age_and_the_birthday_by_months_agree_for_29_february():
    born_on = date(2008, 2, 29)

    birthday = add_months(born_on, 18 * 12)

    assert (birthday, age_on(born_on, birthday)) == (date(2026, 3, 1), 18)
