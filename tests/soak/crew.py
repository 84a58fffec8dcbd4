"""Processes that work at the same moment. Each has a connection of its own, and says what it did through a pipe."""

from __future__ import annotations

import multiprocessing
import multiprocessing.synchronize
import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, connections

FORK = multiprocessing.get_context("fork")  # Django is set up once; no connection is open when they part
PATIENCE = 120  # seconds that anybody waits for the others
Barrier = multiprocessing.synchronize.Barrier


def together(works: Iterable[Callable[[], Any]], *barriers: Barrier, limit: float = 3600) -> list[Any]:
    """What each of the works returned, every one done in a process of its own. Raises what any of them raised."""
    connections.close_all()
    running = []
    for work in works:
        hears, says = FORK.Pipe(duplex=False)
        process = FORK.Process(target=_run, args=(work, says, barriers))
        process.start()
        says.close()
        running.append((process, hears))
    results, ends = [], time.monotonic() + limit
    for process, hears in running:
        results.append(_heard(hears, ends))
        process.join(10)
        if process.is_alive():
            process.kill()
    if failed := [said for said in results if isinstance(said, Failed)]:
        failed.sort(key=lambda said: "BrokenBarrierError" in said.args[0])  # those only waited for one that failed
        raise AssertionError(f"{len(failed)} of {len(results)} processes failed, the first {failed[0].args[0]}")
    return results


class Failed(Exception):
    """What went wrong in a process."""


def _heard(hears: Any, ends: float) -> Any:
    try:
        return hears.recv() if hears.poll(max(1.0, ends - time.monotonic())) else Failed("A process did not come back.")
    except EOFError:
        return Failed("A process ended without a word.")


def _run(work: Callable[[], Any], says: Any, barriers: tuple[Barrier, ...]) -> None:
    try:
        says.send(work())
    except BaseException:
        for barrier in barriers:
            barrier.abort()
        says.send(Failed(f"in process {os.getpid()}:\n{traceback.format_exc()}"))
    finally:
        connections.close_all()
        says.close()


def barrier(parties: int) -> Barrier:
    return FORK.Barrier(parties, timeout=PATIENCE)


def connect(level: str) -> None:
    """Open this process's connection; on PostgreSQL every transaction of it is at the isolation level.

    The planner goes by indexes, as it does where tables are as long as a clinic's; deadlocks are looked for sooner
    than after a second, because a race waits for its slowest.
    """
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}")
            cursor.execute("SET enable_seqscan = off; SET deadlock_timeout = '100ms'")


def total(counts: Iterable[Counter[str]]) -> Counter[str]:
    """All counts in one."""
    return sum(counts, Counter())


def said(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items())) or "nothing"
