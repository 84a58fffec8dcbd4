"""The posterior of how long the effect lasts: where it goes, what it respects, and that order decides nothing."""

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.rules.duration import Estimate, Observation, Prior, Seen, estimate

PRIOR = Prior(106, 0.22, 0.15, 42, 300)
SWEAT = Prior(200, 0.45, 0.40, 42, 900, drift=1.05)
USUAL = 106.0  # so that both opinions of the centre agree, and the closed form holds


def gone(*days: int) -> tuple[Seen, ...]:
    return tuple(Seen(n, Observation(day, day)) for n, day in enumerate(days))


def still(*days: int) -> tuple[Seen, ...]:
    return tuple(Seen(n, Observation(day, None)) for n, day in enumerate(days))


def after(*seen: Seen, prior: Prior = PRIOR, number: int = 0) -> Estimate:
    return estimate(prior, USUAL, seen, number)


def test_before_anything_was_seen_it_is_the_prior():
    total = NormalDist(sigma=(0.22**2 + 0.15**2) ** 0.5)
    expected = [106 * 2.718281828 ** total.inv_cdf(share) for share in (0.10, 0.25, 0.50, 0.75, 0.90)]

    found = after()

    days = (found.at_10, found.at_25, found.at_50, found.at_75, found.at_90)
    assert [abs(day - exact) <= 1 for day, exact in zip(days, expected, strict=True)] == [True] * 5
    assert (found.n, found.n_exact) == (0, 0)


@pytest.mark.parametrize("days", [(90,), (90, 95), (120, 130, 125, 122)])
def test_exact_days_alone_give_the_closed_form_of_two_normals(days):
    from math import exp, log  # noqa: PLC0415  beside the formula

    precision = 1 / 0.22**2 + len(days) / 0.15**2
    centre = (log(106) / 0.22**2 + sum(map(log, days)) / 0.15**2) / precision
    spread = NormalDist(centre, (1 / precision + 0.15**2) ** 0.5)

    found = after(*gone(*days))

    for day, share in ((found.at_10, 0.10), (found.at_50, 0.50), (found.at_90, 0.90)):
        assert abs(day - exp(spread.inv_cdf(share))) <= 1
    assert (found.n, found.n_exact) == (len(days), len(days))


def test_an_effect_that_is_still_there_pulls_up_and_one_seen_gone_pulls_down():
    usual = after().at_50

    assert after(*still(130)).at_50 > usual
    assert after(Seen(0, Observation(0, 80))).at_50 < usual
    assert abs(after(*still(60)).at_50 - usual) <= 2


def test_a_lower_bound_makes_what_was_seen_gone_narrower():
    wide = after(Seen(0, Observation(0, 100)), Seen(1, Observation(0, 100)))
    narrow = after(Seen(0, Observation(90, 100)), Seen(1, Observation(90, 100)))

    assert narrow.at_90 / narrow.at_10 < wide.at_90 / wide.at_10
    assert narrow.at_50 > wide.at_50


def test_each_exact_cycle_draws_the_estimate_nearer_and_makes_it_narrower():
    found = [after(*gone(*[85] * n)) for n in range(5)]

    assert [f.at_50 for f in found] == sorted((f.at_50 for f in found), reverse=True)
    widths = [f.at_90 - f.at_10 for f in found]
    assert widths == sorted(widths, reverse=True)


def test_the_usual_window_holds_where_the_published_median_is_wrong():
    wrong = Prior(160, 0.17, 0.15, 42, 300)
    cycles = gone(104, 108)

    assert abs(estimate(wrong, 106, cycles, 2).at_50 - 106) < abs(estimate(wrong, 160, cycles, 2).at_50 - 106)
    assert abs(estimate(wrong, 106, cycles, 2).at_50 - 106) <= 4


def test_the_prior_says_how_far_further_treatments_lengthen_the_effect():
    first, second, sixth, ninth = (after(prior=SWEAT, number=n).at_50 for n in (0, 1, 5, 8))

    assert first < second < sixth == ninth
    assert abs(sixth / first - 1.05**5) < 0.02


def test_the_same_days_later_in_a_series_that_lengthens_say_less_for_the_first():
    early = estimate(SWEAT, 200, (Seen(0, Observation(200, 200)),), 5).at_50
    late = estimate(SWEAT, 200, (Seen(5, Observation(200, 200)),), 5).at_50

    assert early > late


@pytest.mark.parametrize(
    ("seen", "tells"),
    [
        (Observation(41, 41), False),
        (Observation(42, 42), True),
        (Observation(300, 300), True),
        (Observation(301, 301), False),
        (Observation(41, None), False),
        (Observation(42, None), True),
        (Observation(301, None), False),
        (Observation(0, 41), False),
        (Observation(0, 42), True),
        (Observation(0, 300), True),
        (Observation(0, 301), False),
        (Observation(42, 400), True),
        (Observation(301, 400), False),
    ],
)
def test_what_the_model_cannot_place_or_everybody_has_tells_nothing(seen, tells):
    assert PRIOR.tells(seen) == tells


OBSERVATIONS = st.one_of(
    st.integers(42, 300).map(lambda day: Observation(day, day)),
    st.integers(42, 300).map(lambda day: Observation(day, None)),
    st.tuples(st.integers(0, 100), st.integers(101, 300)).map(lambda ends: Observation(*ends)),
)


@given(st.lists(OBSERVATIONS, max_size=8), st.randoms())
def test_the_estimate_is_in_order_within_its_bounds_and_blind_to_order(observations, chance):
    seen = [Seen(n, one) for n, one in enumerate(observations)]
    found = after(*seen)
    chance.shuffle(seen)

    assert 42 <= found.at_10 <= found.at_25 <= found.at_50 <= found.at_75 <= found.at_90 <= 300
    assert after(*seen) == found
    assert found.n == len(observations)


@given(st.integers(60, 250), st.integers(1, 40))
def test_a_longer_effect_never_makes_the_estimate_shorter(day, more):
    assert after(*gone(day + more if day + more <= 300 else 300)).at_50 >= after(*gone(day)).at_50
    assert after(*still(day)).at_50 >= after(*still(max(day - more, 42))).at_50
