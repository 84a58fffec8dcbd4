"""Groups under five: hidden, with as much beside them as it takes that nobody can work them out."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.rules.small_groups import hidden, is_small, share_is_shown, total_gives_away

NUMBERS = st.lists(st.integers(0, 12), max_size=6)


@pytest.mark.parametrize(("number", "small"), [(0, False), (1, True), (4, True), (5, False), (40, False)])
def test_one_to_four_people_are_a_small_group(number: int, small: bool):
    assert is_small(number) == small


@pytest.mark.parametrize(
    ("numbers", "alone", "with_total"),
    [
        ([], set(), set()),
        ([10, 20], set(), set()),
        ([0, 20], set(), set()),
        ([3, 20, 30], {0}, {0, 1}),
        ([3, 0, 20], {0}, {0, 2}),  # nobody can hide nobody
        ([3, 4, 20], {0, 1}, {0, 1}),
        ([1, 1, 20, 30], {0, 1}, {0, 1, 2}),  # two that make two are one each
        ([2, 2, 20], {0, 1}, {0, 1, 2}),
        ([3], {0}, {0}),
    ],
)
def test_what_is_hidden(numbers: list[int], alone: set[int], with_total: set[int]):
    assert hidden(numbers, total_shown=False) == alone
    assert hidden(numbers, total_shown=True) == with_total


@given(NUMBERS)
def test_no_small_number_can_be_worked_out_from_the_total(numbers: list[int]):
    gone = sorted(hidden(numbers, total_shown=True))
    if not gone or total_gives_away(numbers):
        return
    missing = sum(numbers[place] for place in gone)

    ways = [way for way in product(range(1, 13), repeat=len(gone)) if sum(way) == missing] if len(gone) < 5 else []

    for place in range(len(gone)):
        assert len(gone) >= 5 or len({way[place] for way in ways}) > 1


@given(NUMBERS)
def test_every_small_number_is_hidden_and_nobody_is_never(numbers: list[int]):
    gone = hidden(numbers, total_shown=True)

    assert {place for place, number in enumerate(numbers) if is_small(number)} <= gone
    assert all(numbers[place] for place in gone)


@pytest.mark.parametrize(
    ("numbers", "tells"),
    [([3], True), ([1, 1], True), ([3, 0], True), ([3, 9], False), ([10, 20], False), ([2, 3], False)],
)
def test_a_total_that_tells_all_of_it_is_not_shown(numbers: list[int], tells: bool):
    assert total_gives_away(numbers) == tells


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 4, False), (4, 4, False), (0, 5, True), (5, 5, True), (4, 9, False), (5, 9, True), (19, 20, True)],
)
def test_a_share_is_shown_of_five_and_more(part: int, whole: int, shown: bool):
    assert share_is_shown(part, whole) == shown
