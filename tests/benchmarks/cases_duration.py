"""The learned duration against the fixed window, on simulated patients."""

from __future__ import annotations

import os

from tests.benchmarks.duration import (
    BY_SPREAD,
    COVERAGE,
    CYCLES,
    GOALS,
    KNOWN,
    MOST_NOTED,
    ONE_CENTRE,
    SHIPPED,
    WRONG,
    Result,
    missed,
    simulate,
)
from tests.benchmarks.measure import Asked, Missed

PATIENTS = 200_000  # at scale 1; 20,000 at the default of 0.1
FEWEST = 500


def duration(asked: Asked) -> str:
    """Every run with its table; the shorter ones take a fifth of the patients."""
    patients, processes = max(FEWEST, round(PATIENTS * asked.scale)), min(2, os.cpu_count() or 1)
    fewer = max(FEWEST, patients // 5)
    known = simulate(KNOWN, patients, processes=processes)
    wrong = {run.name: simulate(run, patients, processes=processes) for run in WRONG}
    alone = {run.name: simulate(run, fewer, processes=processes) for run in ONE_CENTRE}
    shipped = simulate(SHIPPED, fewer, processes=processes)
    spreads = {run.name: simulate(run, fewer, processes=processes) for run in BY_SPREAD}
    lines = [
        f"{patients:,} patients, {CYCLES} cycles, median 106 days, 0.22 between patients, 0.15 within; 35 % exact, 45 % bounded.",
        "next: error of the predicted median for the next effect, over that of the middle of the fixed window.",
        "own: the same for the patient's own median. outside: days outside the quartiles, over days outside 91 to 122.",
        *_table(KNOWN.name, known),
        *_table(KNOWN.name, known, by_noted=True),
        *(line for name, result in wrong.items() for line in _table(name, result, by_noted=True)),
        *(line for name, result in alone.items() for line in _table(name, result, by_noted=True)),
        *_table(SHIPPED.name, shipped),
        "",
        "By spread, the parameters known: next after 3 and 5 cycles, and for somebody who knows the patient's own median",
        *(
            f"  {name:32}{r.by_cycles[3].ratio:8.3f}{r.by_cycles[5].ratio:8.3f}{r.by_cycles[5].perfect_ratio:8.3f}"
            for name, r in spreads.items()
        ),
    ]
    if off := missed(KNOWN.name, known, wrong):
        raise Missed("\n".join([*lines, "", "MISSED:", *off]))
    goals = ", ".join(f"at most {goal:.2f} after {cycles} cycles" for cycles, goal in GOALS.items())
    lines += [
        "",
        f"Met: {goals}; coverage {COVERAGE[0]:.0%} to {COVERAGE[1]:.0%}; never above 1 from 2 observations on.",
    ]
    return "\n".join(lines)


def _table(name: str, result: Result, *, by_noted: bool = False) -> list[str]:
    rows = result.by_noted if by_noted else result.by_cycles
    head = "observations" if by_noted else "cycles"
    lines = ["", f"{name}", f"  {head:14}{'n':>9}{'next':>8}{'own':>8}{'outside':>9}{'80 %':>8}"]
    for key, errors in sorted(rows.items()):
        label = f"{key} or more" if by_noted and key == MOST_NOTED else str(key)
        lines.append(
            f"  {label:14}{errors.n:9,}{errors.ratio:8.3f}{errors.own_ratio:8.3f}{errors.outside_ratio:9.3f}{errors.coverage:8.1%}"
        )
    return lines
