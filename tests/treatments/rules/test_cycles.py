"""What a course teaches: which cycles count, which are left out, and why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.treatments.rules.book import (
    BOCOUTURE,
    BOOK,
    BOTOX,
    FOREHEAD,
    FROWN,
    UNDERARM,
    day,
    elsewhere,
    facts,
    given,
    touch_up,
    with_durations,
)
from treatments.rules.cycles import LeftOut, learn
from treatments.rules.duration import Observation

BOOK = with_durations(BOOK)
DAYS = ("2025-01-01", "2025-05-01", "2025-09-01", "2026-01-15")


def gone(on: str, after: int, **more):
    return given(on, worn_off_on=day(on) + timedelta(days=after), **more)


def still(on: str, after: int, **more):
    return given(on, still_working_on=day(on) + timedelta(days=after), **more)


def test_each_kind_of_observation_is_read_in_days_after_its_treatment():
    seen = given(
        DAYS[2], still_working_on=day(DAYS[2]) + timedelta(days=80), seen_gone_on=day(DAYS[2]) + timedelta(days=100)
    )
    found = learn(FROWN, facts(gone(DAYS[0], 95), still(DAYS[1], 110), seen, given(DAYS[3])), BOOK)

    assert found.cycles == (
        (day(DAYS[0]), Observation(95, 95)),
        (day(DAYS[1]), Observation(110, None)),
        (day(DAYS[2]), Observation(80, 100)),
    )
    assert (found.found.n, found.found.n_exact, found.enough, found.left_out) == (3, 1, True, ())
    assert (found.began, found.usual, found.family) == (day(DAYS[3]), (91, 122), "type_a")


def test_the_very_day_goes_before_what_was_only_seen():
    both = replace(gone(DAYS[0], 95), seen_gone_on=day(DAYS[0]) + timedelta(days=105))

    assert learn(FROWN, facts(both), BOOK).cycles == ((day(DAYS[0]), Observation(95, 95)),)


@pytest.mark.parametrize(
    ("cycle", "why"),
    [
        (gone(DAYS[0], 95, sub_standard=True), LeftOut.SUB_STANDARD),
        (gone(DAYS[0], 95, product=BOCOUTURE), LeftOut.OTHER_PRODUCT),
        (gone(DAYS[0], 95, product=""), LeftOut.OTHER_PRODUCT),
        (gone(DAYS[0], 95, elsewhere=True, not_before_on="2024-12-20"), LeftOut.DOUBTFUL),
        (gone(DAYS[0], 130), LeftOut.DOUBTFUL),
        (gone(DAYS[0], 0), LeftOut.DOUBTFUL),
        (gone(DAYS[0], 20), LeftOut.TELLS_NOTHING),
        (still(DAYS[0], 20), LeftOut.TELLS_NOTHING),
    ],
)
def test_a_cycle_that_does_not_teach_is_left_out_with_its_reason(cycle, why):
    found = learn(FROWN, facts(cycle, gone(DAYS[1], 95), given(DAYS[2])), BOOK)

    assert found.left_out == ((day(DAYS[0]), why),)
    assert found.found.n == 1


def test_a_cycle_with_a_touch_up_is_left_out_and_its_neighbours_are_not():
    found = learn(FROWN, facts(gone(DAYS[0], 95), touch_up("2025-01-15"), gone(DAYS[1], 95), given(DAYS[2])), BOOK)

    assert found.left_out == ((day(DAYS[0]), LeftOut.TOUCH_UP),)
    assert [on for on, _seen in found.cycles] == [day(DAYS[1])]


def test_a_touch_up_of_another_area_leaves_nothing_out():
    found = learn(FROWN, facts(gone(DAYS[0], 95), touch_up("2025-01-15", FOREHEAD)), BOOK)

    assert found.left_out == ()


def test_two_full_treatments_of_one_day_teach_nothing():
    found = learn(FROWN, facts(gone(DAYS[0], 95), replace(gone(DAYS[0], 95), ref="2"), given(DAYS[1])), BOOK)

    assert {why for _on, why in found.left_out} == {LeftOut.DOUBTFUL}
    assert found.found.n == 0


def test_a_treatment_elsewhere_on_a_certain_day_teaches():
    found = learn(FROWN, facts(gone(DAYS[0], 95, elsewhere=True), given(DAYS[1])), BOOK)

    assert found.found.n == 1


def test_what_is_learned_is_of_the_product_that_is_running():
    """After a change of family the earlier cycles no longer speak; after the change back they do again."""
    cycles = gone(DAYS[0], 95), gone(DAYS[1], 96)

    other = learn(FROWN, facts(*cycles, given(DAYS[2], product=BOCOUTURE)), BOOK)
    back = learn(FROWN, facts(*cycles, given(DAYS[2], product=BOCOUTURE), given(DAYS[3])), BOOK)

    assert (other.family, other.found.n, other.enough) == ("type_c", 0, False)
    assert (back.family, back.found.n, back.enough) == ("type_a", 2, True)


@pytest.mark.parametrize(
    "history",
    [
        facts(),
        facts(given(DAYS[0])),
        facts(gone(DAYS[0], 95, voided=True), given(DAYS[1])),
        facts(gone(DAYS[0], 95, sub_standard=True)),
        facts(gone(DAYS[0], 200, indication=UNDERARM, product=BOTOX)),
        facts(gone(DAYS[0], 95), elsewhere(DAYS[1])),
    ],
)
def test_nothing_is_learned_where_nothing_was_said_or_no_prior_is_known(history):
    assert learn(FROWN, history, BOOK) is None


def test_an_indication_without_a_prior_learns_nothing():
    assert learn(UNDERARM, facts(gone(DAYS[0], 200, indication=UNDERARM, product=BOTOX)), BOOK) is None


def test_it_is_kept_as_plain_values():
    found = learn(FROWN, facts(gone(DAYS[0], 95), still(DAYS[1], 20), given(DAYS[2])), BOOK).as_data()

    assert found == {
        "family": "type_a",
        "n": 1,
        "n_exact": 1,
        "days": found["days"],
        "usual": [91, 122],
        "cycles": [["2025-01-01", 95, 95]],
        "left_out": [["2025-05-01", "tells_nothing"]],
    }
    assert len(found["days"]) == 5
