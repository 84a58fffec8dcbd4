"""The statistics of the reports, against figures worked out by hand, and by what must hold for any numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.rules.statistics import (
    Estimate,
    Time,
    at_risk_at,
    kaplan_meier,
    median_time,
    per_dot,
    quantile,
    round_step,
    share_at,
    wilson,
)

TIMES = st.lists(st.builds(Time, st.integers(0, 60), st.booleans()), min_size=1, max_size=60)


def times(*said: str) -> list[Time]:
    """6+ goes on after 6, 6 ended at 6."""
    return [Time(int(each.rstrip("+")), not each.endswith("+")) for each in said]


# The remission times of the 6-MP arm in Freireich et al. 1963, the example of the textbooks.
REMISSION = times(
    "6", "6", "6", "6+", "7", "9+", "10", "10+", "11+", "13", "16", "17+", "19+", "20+", "22", "23",
    "25+", "32+", "32+", "34+", "35+",
)  # fmt: skip


def test_the_textbook_example_has_its_published_curve():
    steps = kaplan_meier(REMISSION)

    assert [(step.time, step.at_risk, round(step.share, 4)) for step in steps] == [
        (6, 21, 0.8571), (7, 17, 0.8067), (10, 15, 0.7529), (13, 12, 0.6902), (16, 11, 0.6275), (22, 7, 0.5378),
        (23, 6, 0.4482),
    ]  # fmt: skip
    assert median_time(steps) == Estimate(23, 13, None)


@pytest.mark.parametrize(
    ("known", "shares", "median"),
    [
        (times("5"), [(5, 0.0)], 5),
        (times("5+"), [], None),
        (times("3", "5"), [(3, 0.5), (5, 0.0)], 3),
        (times("3", "5+"), [(3, 0.5)], 3),
        (times("3", "5", "7+"), [(3, 0.667), (5, 0.333)], 5),
        (times("4", "4", "4+"), [(4, 0.333)], 4),  # whoever leaves that day was followed that day
        (times("4+", "6"), [(6, 0.0)], 6),
        (times("0", "9"), [(0, 0.5), (9, 0.0)], 0),
    ],
)
def test_the_curve_falls_where_something_ends(known: list[Time], shares: list, median: int | None):
    steps = kaplan_meier(known)

    found = median_time(steps)
    assert [(step.time, round(step.share, 3)) for step in steps] == shares
    assert (found.value if found else None) == median


def test_nobody_makes_no_curve():
    assert kaplan_meier([]) == []
    assert median_time([]) is None
    assert share_at([], 10) == 1.0


@given(TIMES)
def test_a_curve_only_falls_and_lies_in_its_band(known: list[Time]):
    steps = kaplan_meier(known)

    shares = [step.share for step in steps]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= step.low <= step.share <= step.high <= 1 for step in steps)
    assert [step.time for step in steps] == sorted({time.value for time in known if time.ended})


@given(TIMES)
def test_where_everything_ended_the_curve_is_the_share_that_lasted_longer(known: list[Time]):
    ended = [Time(time.value, True) for time in known]

    steps = kaplan_meier(ended)

    assert all(
        step.share == pytest.approx(sum(time.value > step.time for time in ended) / len(ended)) for step in steps
    )


@given(TIMES, st.integers(0, 60))
def test_waiting_longer_never_makes_the_curve_lower(known: list[Time], at: int):
    longer = [time if time.ended else Time(time.value + 10, False) for time in known]

    assert share_at(kaplan_meier(longer), at) >= share_at(kaplan_meier(known), at) - 1e-12
    assert at_risk_at(longer, at) >= at_risk_at(known, at)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (1, 29, 0.0061, 0.1718),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_the_range_of_a_share_is_wilsons(part: int, whole: int, low: float, high: float):
    assert wilson(part, whole) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_nobody_can_have_any_share():
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("part", "whole"), [(3, 2), (-1, 2)])
def test_a_part_above_the_whole_is_refused(part: int, whole: int):
    with pytest.raises(ValueError, match="at most the whole"):
        wilson(part, whole)


@given(st.integers(0, 400), st.integers(1, 400))
def test_the_range_holds_the_share_and_narrows_with_more(part: int, whole: int):
    part = min(part, whole)
    low, high = wilson(part, whole)
    more = wilson(4 * part, 4 * whole)

    assert 0 <= low <= part / whole <= high <= 1
    assert more[1] - more[0] < high - low


@pytest.mark.parametrize(
    ("ordered", "share", "value"),
    [
        ([7], 0.5, 7),
        ([1, 2], 0.5, 1.5),
        ([1, 2, 3], 0.5, 2),
        ([10, 20, 30, 40], 0.25, 17.5),
        ([1, 9], 0, 1),
        ([1, 9], 1, 9),
    ],
)
def test_a_quantile_lies_between_its_neighbours(ordered: list[int], share: float, value: float):
    assert quantile(ordered, share) == value


@pytest.mark.parametrize(
    ("most", "step"),
    [(0, 1), (4, 1), (5, 2), (8, 2), (9, 5), (20, 5), (21, 10), (41, 20), (200, 50), (201, 100), (1347, 500)],
)
def test_grid_lines_stand_at_round_numbers(most: int, step: int):
    assert round_step(most) == step


@pytest.mark.parametrize(("highest", "each"), [(0, 1), (12, 1), (13, 2), (24, 2), (25, 3), (1200, 100)])
def test_a_dot_stands_for_more_where_there_are_many(highest: int, each: int):
    assert per_dot(highest, most=12) == each
