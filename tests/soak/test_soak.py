"""A tenth of the soak in every test run, on the engine of that run; `make soak` runs all of it on both."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
TENTH = {
    "by-sql": ("--scale", "0.1"),
    "over-http": ("--scale", "0.1", "--seeds", "1"),
    "flags": ("--scale", "0.1"),
    "mixed": ("--scale", "0.1", "--seeds", "1"),
    "kill": ("--scale", "0.1"),
    "reminders": ("--scale", "0.02"),
}


@pytest.mark.parametrize("arm", TENTH)
def test_a_tenth_of_the_soak(arm):
    # The product's own settings, whatever those of the tests are.
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "PG_BIN", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "tests.soak.run", arm, "--engine", settings.TEST_DATABASE, *TENTH[arm]]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800, check=False)

    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "control" in done.stdout
