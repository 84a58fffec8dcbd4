"""From one full treatment to the next: what counts as an interval, as on time, as an observation, as back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.rules.facts import ScheduleRule
from treatments.rules.periods import Length, LengthUnit
from treatments.rules.returns import (
    FIXED_GRACE_DAYS,
    Back,
    Beginning,
    Cycle,
    Dose,
    cycles,
    last_good_day,
    lasted,
    month_of,
    on_time,
    quarter_of,
    retention,
)
from treatments.rules.statistics import Time
from treatments.rules.vocabulary import ScheduleKind

T = date(2026, 1, 10)
ON = date(2026, 11, 22)
MONTHS = [Length(n, LengthUnit.MONTHS) for n in (3, 4, 12)]
WINDOW = ScheduleRule(ScheduleKind.WINDOW, *MONTHS, 7, 28, "Source", True)
FIXED = replace(
    WINDOW, kind=ScheduleKind.FIXED, effect_low=Length(84, LengthUnit.DAYS), effect_high=Length(84, LengthUnit.DAYS)
)
DOSE = Dose(1, 1, "glabellar_lines", T, not_again_before=date(2026, 4, 10))


def later(days: int, **fields) -> Dose:
    return replace(DOSE, on=T + timedelta(days=days), **fields)


def test_each_treatment_is_followed_by_the_next_of_its_course():
    other = replace(DOSE, course=2)

    found = list(cycles([DOSE, later(100), later(210), other]))

    assert [(c.dose.course, c.number, c.days) for c in found] == [(1, 1, 100), (1, 2, 110), (1, 3, None), (2, 1, None)]


def test_two_records_of_one_day_are_one_treatment():
    assert [c.days for c in cycles([DOSE, replace(DOSE, product="azzalure"), later(100)])] == [100, None]


@pytest.mark.parametrize("which", ["first", "second"])
def test_a_day_that_is_not_certain_makes_no_interval(which: str):
    one, two = (replace(DOSE, certain=False), later(100)) if which == "first" else (DOSE, later(100, certain=False))

    assert Cycle(one, 1, two).days is None


@pytest.mark.parametrize(("days", "early"), [(89, True), (90, False), (91, False)])
def test_early_is_before_the_minimum_interval_of_the_day(days: int, early: bool):
    assert Cycle(DOSE, 1, later(days)).early == early


def test_without_a_known_minimum_nothing_is_early():
    assert not Cycle(replace(DOSE, not_again_before=None), 1, later(5)).early
    assert not Cycle(DOSE, 1, None).early


@pytest.mark.parametrize(
    ("days", "timely"),
    [(89, False), (90, True), (120, True), (121, False)],  # 10 April to 10 May
)
def test_on_time_is_until_the_last_good_day_and_not_too_early(days: int, timely: bool):
    assert on_time(Cycle(DOSE, 1, later(days)), WINDOW, on=ON) is timely


@pytest.mark.parametrize(
    ("cycle", "schedule", "on"),
    [
        (Cycle(DOSE, 1, None), WINDOW, date(2026, 5, 10)),  # the last good day itself is still open
        (Cycle(replace(DOSE, certain=False), 1, later(100)), WINDOW, ON),
        (Cycle(replace(DOSE, effective=False), 1, later(100)), WINDOW, ON),
        (Cycle(DOSE, 1, later(100, certain=False)), WINDOW, ON),
        (Cycle(DOSE, 1, later(14)), replace(WINDOW, kind=ScheduleKind.EXAMINATION), ON),
        (Cycle(replace(DOSE, closed_on=date(2026, 5, 10)), 1, None), WINDOW, ON),
    ],
)
def test_what_does_not_count_is_neither(cycle: Cycle, schedule: ScheduleRule, on: date):
    assert on_time(cycle, schedule, on=on) is None


def test_nobody_who_came_is_on_time_once_the_window_is_over():
    assert on_time(Cycle(DOSE, 1, None), WINDOW, on=date(2026, 5, 11)) is False
    assert on_time(Cycle(replace(DOSE, closed_on=date(2026, 5, 11)), 1, None), WINDOW, on=ON) is False


def test_a_fixed_day_has_a_grace_and_a_day_set_by_hand_has_none():
    assert last_good_day(DOSE, FIXED) == T + timedelta(days=84 + FIXED_GRACE_DAYS)
    delivered = replace(FIXED, effect_high=Length(98, LengthUnit.DAYS))  # the window has the grace already
    assert last_good_day(DOSE, delivered) == T + timedelta(days=98)
    wider = replace(FIXED, effect_high=Length(105, LengthUnit.DAYS))
    assert last_good_day(DOSE, wider) == T + timedelta(days=105)
    assert last_good_day(replace(DOSE, set_until=date(2026, 6, 1)), FIXED) == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ({}, None),
        ({"worn_off_on": 100}, Time(100, True)),
        ({"worn_off_on": -1}, None),
        ({"still_working_on": 60}, Time(60, False)),
        ({"still_working_on": 60, "seen_gone_on": 101}, Time(80, True)),
        ({"seen_gone_on": 101}, None),
        ({"still_working_on": 110, "seen_gone_on": 101}, None),  # they contradict each other
        ({"worn_off_on": 100, "still_working_on": 60}, Time(100, True)),
    ],
)
def test_an_effect_lasted_as_long_as_somebody_said(said: dict[str, int], time: Time | None):
    dose = replace(DOSE, **{name: T + timedelta(days=days) for name, days in said.items()})

    assert lasted(dose) == time
    assert lasted(replace(dose, effective=False)) is None
    assert lasted(replace(dose, certain=False)) is None


@pytest.mark.parametrize(
    ("back_on", "left_on", "on", "within"),
    [
        (date(2026, 7, 9), None, ON, True),
        (date(2026, 7, 10), None, ON, False),  # six months are over on that day
        (None, None, date(2026, 7, 9), None),
        (None, None, date(2026, 7, 10), False),
        (date(2026, 5, 1), None, date(2026, 6, 1), None),  # back, but not everybody of the time can be yet
        (None, date(2026, 7, 9), ON, None),
        (None, date(2026, 7, 10), ON, False),
        (date(2026, 5, 1), date(2026, 6, 1), ON, True),
    ],
)
def test_back_within_six_months(back_on: date | None, left_on: date | None, on: date, within: bool | None):
    assert Beginning(T, back_on, left_on).back_within(6, on=on) is within


@pytest.mark.parametrize(
    ("person", "time"),
    [
        (Beginning(T, T + timedelta(days=100)), Time(100, True)),
        (Beginning(T, None), Time((ON - T).days, False)),
        (Beginning(T, None, T + timedelta(days=30)), Time(30, False)),
        (Beginning(T, ON + timedelta(days=1)), Time((ON - T).days, False)),
    ],
)
def test_whoever_was_not_back_is_still_waiting(person: Beginning, time: Time):
    assert person.time(on=ON) == time


def test_a_quarter_is_counted_once_all_of_it_has_reached_the_months():
    people = [Beginning(date(2025, 1, 5), date(2025, 5, 1)), Beginning(date(2025, 3, 30), None)]

    assert retention(people, on=date(2025, 9, 30)) == {date(2025, 1, 1): (2, [Back(0, 0)] * 4)}
    assert retention(people, on=date(2025, 10, 1))[date(2025, 1, 1)] == (2, [Back(1, 2), *[Back(0, 0)] * 3])


@given(
    st.lists(
        st.builds(
            lambda n, gap, back: Beginning(T + timedelta(days=n), T + timedelta(days=n + gap) if back else None),
            st.integers(0, 900), st.integers(1, 900), st.booleans(),
        )
    )
)  # fmt: skip
def test_a_longer_time_never_has_fewer_back(people: list[Beginning]):
    for number, backs in retention(people, on=date(2031, 12, 1)).values():
        assert [back.whole for back in backs] == [number] * 4
        assert [back.part for back in backs] == sorted(back.part for back in backs)


def test_months_and_quarters_begin_on_their_first_day():
    assert month_of(date(2026, 11, 22)) == date(2026, 11, 1)
    assert [quarter_of(date(2026, month, 28)).month for month in range(1, 13)] == [1] * 3 + [4] * 3 + [7] * 3 + [10] * 3
