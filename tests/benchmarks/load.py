"""Requests a second and CPU a request of servers that take turns, asked by one client or by several."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from tests.benchmarks.server import Answer, Server, together

Ask = Callable[[], Answer]


@dataclass(frozen=True)
class Side:
    """What one of them is asked: `asks` gives requests without end, each to be sent once; `takes` are good answers."""

    name: str
    server: Server
    asks: Iterator[Ask]
    n: int  # how many a round
    takes: tuple[int, ...] = (200, 302)


class Speed(NamedTuple):
    name: str
    per_second: float
    cpu_ms: float


def taking_turns(sides: list[Side], *, clients: int, rounds: int) -> list[Speed]:
    """The medians of the rounds; the first of each side, which warms up, does not count."""
    measured: dict[str, list[tuple[float, float]]] = {side.name: [] for side in sides}
    for turn in range(rounds + 1):
        for side in sides:
            asks = [next(side.asks) for _n in range(side.n)]
            cpu, wall = side.server.cpu_seconds(), time.perf_counter()
            answers = together(asks, clients)
            spent = time.perf_counter() - wall, side.server.cpu_seconds() - cpu
            if wrong := [answer for answer in answers if answer.status not in side.takes]:
                raise RuntimeError(f"{side.name}: {wrong[0].status} {wrong[0].body[:2000]}")
            if turn:
                measured[side.name].append((side.n / spent[0], 1000 * spent[1] / side.n))
    return [Speed(name, *(median(one) for one in zip(*rounds_of, strict=True))) for name, rounds_of in measured.items()]


def table(title: str, speeds: list[Speed]) -> str:
    """Each side, and how many times faster the first one is."""
    first = speeds[0]
    lines = ["", title, f"{'':58}{'a second':>10}{'CPU ms':>10}{'1st is x':>10}{'x CPU':>9}"]
    for name, per_second, cpu_ms in speeds:
        faster, less = first.per_second / per_second, cpu_ms / max(first.cpu_ms, 1e-9)
        lines.append(f"{name:58}{per_second:10.1f}{cpu_ms:10.2f}{faster:10.2f}{less:9.2f}")
    return "\n".join(lines)
