"""What every run ends with: the independent checker, and one line that says what was counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db import connection

from treatments.queries.invariants import Violation, violations

CONTROL_TRIES = 6


def found() -> list[Violation]:
    """Everything that the independent checker finds in the database that Django points at."""
    try:
        return violations(connection)
    finally:
        connection.close()


def clean(what: str) -> None:
    """Fail with the first of them where there is any violation, of the missing guards too."""
    if wrong := found():
        raise AssertionError(f"{what}: {len(wrong)} violations. {' '.join(map(str, wrong[:10]))}")


def went_wrong(*rules: str) -> Counter[str]:
    """How often each of the rules is broken; all of them but the missing guards where none is named."""
    return Counter(v.rule for v in found() if (v.rule in rules if rules else v.rule != "guards"))


def line(text: str) -> None:
    print(text, flush=True)


def must_go_wrong(what: str, run: Callable[[int], int], *, least: int = 1) -> int:
    """The control: without the guards the same run has to show violations, or it has proven nothing.

    `run` gets the number of the try, for more rounds each time, and returns how many there were.
    """
    for tried in range(1, CONTROL_TRIES + 1):
        if (shown := run(tried)) >= least:
            return shown
    raise AssertionError(f"{what}: the control without guards showed {shown}, fewer than {least}: the race was none.")
