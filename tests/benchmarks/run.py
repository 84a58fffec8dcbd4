"""`python -m tests.benchmarks.run NAME`: measures one part of the product on a database of its own, and prints a table.

The database is made, filled from a seed and thrown away. Settings are the product's own.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import tempfile
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

IN_PROCESS = ("due-page", "due-sql", "patient", "search", "import", "export", "recompute", "save", "growth")
SERVED = ("race", "booking", "slots", "calendar")  # by gunicorn, over HTTP
NAMES = (*IN_PROCESS, *SERVED, "duration")
ROUNDS, RACES = 7, 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--scale", type=float, default=0.1, help="1 is 100,000 patients (default: %(default)s)")
    parser.add_argument("--db", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rounds", type=int, help=f"default: {ROUNDS}; {RACES} races")
    parser.add_argument("--peer", action="store_true", help="fetch django-appointment and measure it in the same run")
    options = parser.parse_args()
    options.rounds = options.rounds or (RACES if options.name == "race" else ROUNDS)
    if options.rounds < 5 or not 0.0005 <= options.scale <= 20:
        parser.error("A median takes 5 rounds or more, a scale from 0.0005 to 20.")
    signal.signal(signal.SIGTERM, lambda *_caught: sys.exit(1))  # servers and databases are stopped on the way out
    with ExitStack() as resources:
        os.environ["DATABASE_URL"] = _database(options.db, resources)
        printed, missed = _measure(options)
        print(printed, flush=True)
    sys.exit(1 if missed else 0)


def _database(engine: str, resources: ExitStack) -> str:
    from tests import postgres  # noqa: PLC0415  not needed for SQLite, where it does not work

    if engine == "postgres":
        return f"postgresql://postgres@/postgres?host={resources.enter_context(postgres.cluster())}"
    return f"sqlite:///{Path(resources.enter_context(tempfile.TemporaryDirectory())) / 'clinic.sqlite3'}"


def _measure(options: argparse.Namespace) -> tuple[str, bool]:
    """What the case prints, and whether it missed a goal that stops a release."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "clinic.settings", "SECRET_KEY": secrets.token_urlsafe(64)}
    import django  # noqa: PLC0415  the environment must be set first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    from tests.benchmarks.cases import CASES  # noqa: PLC0415
    from tests.benchmarks.measure import Asked, Missed  # noqa: PLC0415

    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        call_command("migrate", verbosity=0)
        call_command("load_catalogue")
    try:
        return CASES[options.name](Asked(options.scale, options.rounds, options.peer)), False
    except Missed as missed:
        return str(missed), True
    finally:
        connections.close_all()


if __name__ == "__main__":
    main()
