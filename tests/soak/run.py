"""`python -m tests.soak.run [ARM ...] [--engine sqlite|postgres] [--scale 1]`: races, mixed work and kill -9.

Each arm runs on real databases of its own, in several processes; prints what it counted; ends with an error where
anything was violated, or where its control without the guards was not.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from importlib import import_module

from tests.soak.databases import ENGINES, opened

ARMS = {
    "by-sql": "tests.soak.by_sql",
    "over-http": "tests.soak.over_http",
    "flags": "tests.soak.flags",
    "mixed": "tests.soak.mixed",
    "kill": "tests.soak.kill",
    "reminders": "tests.soak.reminders",
}
SEEDS = (1, 2, 3)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.run", description=__doc__)
    parser.add_argument("arms", nargs="*", metavar="ARM", help=f"of {', '.join(ARMS)} (default: all)")
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    parser.add_argument("--scale", type=float, default=0.1, help="1 is the full soak (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="how many of the three seeds (default: all)")
    options = parser.parse_args()
    if unknown := set(options.arms) - set(ARMS):
        parser.error(f"no such arm: {', '.join(sorted(unknown))}")
    if not 0 < options.scale <= 100:
        parser.error("The scale is more than 0 and at most 100.")
    if not 1 <= options.seeds <= len(SEEDS):
        parser.error("There are 1 to 3 seeds.")
    if len(options.arms) != 1:
        sys.exit(max(_alone(arm, options) for arm in options.arms or ARMS))
    [arm], started = options.arms, time.monotonic()
    with opened(options.engine, durable=arm == "kill") as database:
        import_module(ARMS[arm]).soak(database, options.scale, SEEDS[: options.seeds])
    print(f"{arm} on {options.engine}: {time.monotonic() - started:.0f} s", flush=True)


def _alone(arm: str, options: argparse.Namespace) -> int:
    """Each arm in a process of its own: Django is set up for one database. Its exit status."""
    command = [sys.executable, "-m", "tests.soak.run", arm, "--engine", options.engine]
    command += ["--scale", str(options.scale), "--seeds", str(options.seeds)]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    main()
