"""The goals of the learned duration, on fewer patients of one seed: the same figures every time."""

from __future__ import annotations

import pytest

from tests.benchmarks import cases_duration
from tests.benchmarks.duration import KNOWN, WRONG, Errors, Result, Run, missed, simulate
from tests.benchmarks.measure import Asked, Missed

PATIENTS = 1500


@pytest.fixture(scope="module")
def known() -> Result:
    return simulate(KNOWN, PATIENTS)


def test_every_goal_is_met_with_the_parameters_known(known: Result):
    assert missed("known", known, {}) == []


def test_each_further_cycle_teaches(known: Result):
    ratios = [errors.ratio for _cycles, errors in sorted(known.by_cycles.items())]

    assert 0.99 < ratios[0] < 1.01
    assert ratios == sorted(ratios, reverse=True)


@pytest.mark.parametrize("run", WRONG, ids=lambda run: run.name)
def test_a_wrong_belief_is_never_worse_than_the_fixed_window_from_the_second_observation_on(run: Run, known: Result):
    assert missed("known", known, {run.name: simulate(run, PATIENTS)}) == []


def test_the_same_seed_gives_the_same_figures_and_another_one_others():
    one, again, other = (simulate(KNOWN, 20, seed=seed) for seed in (1, 1, 2))

    assert one == again
    assert one != other


def test_work_that_is_shared_gives_the_same_figures():
    assert simulate(KNOWN, 510, processes=2) == simulate(KNOWN, 510)


def test_what_is_missed_is_said():
    off = Result()
    off.by_cycles[3] = Errors(n=100, next_learned=90, next_fixed=100, covered=70)
    off.by_cycles[5] = Errors(n=100, next_learned=50, next_fixed=100, covered=80)
    worse = Result()
    worse.by_noted[1] = Errors(n=100, next_learned=120, next_fixed=100)
    worse.by_noted[2] = Errors(n=100, next_learned=110, next_fixed=100)

    assert missed("A", off, {"B": worse}) == [
        "A: 0.900 after 3 cycles, goal 0.80",
        "A: the 80 % interval covers 70.0% after 3 cycles",
        "B: 1.100 of the fixed window after 2 observations",
    ]


def test_the_benchmark_prints_every_run_and_stops_where_a_goal_is_missed(monkeypatch):
    monkeypatch.setattr(cases_duration, "FEWEST", 4)
    monkeypatch.setattr(cases_duration, "WRONG", WRONG[:1])
    monkeypatch.setattr(cases_duration, "BY_SPREAD", cases_duration.BY_SPREAD[:1])

    monkeypatch.setattr(cases_duration, "missed", lambda *_runs: [])
    printed = cases_duration.duration(Asked(0.0001, rounds=1))
    monkeypatch.setattr(cases_duration, "missed", lambda *_runs: ["too far off"])
    with pytest.raises(Missed, match="too far off"):
        cases_duration.duration(Asked(0.0001, rounds=1))

    for name in (KNOWN.name, WRONG[0].name, "the prior shipped for frown lines", "between 0.08, within 0.15"):
        assert name in printed
