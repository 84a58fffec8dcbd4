"""The Chromium that walks the journeys: found here, or installed by `python -m tests.browser` where apt can."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "No Chromium found for the browser journeys: install it (Debian, Ubuntu: apt-get install chromium; "
    "Fedora: dnf install chromium) or set CHROMIUM to the path of a Chromium or Chrome program."
)
# What a browser in a test has no use for, and what it cannot have in a container.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def executable() -> str | None:
    if os.environ.get("CHROMIUM"):
        return shutil.which(os.environ["CHROMIUM"])
    return next(filter(None, map(shutil.which, NAMES)), None)


def install() -> bool:
    apt = shutil.which("apt-get")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if apt is None or (as_root and shutil.which("sudo") is None):
        return False
    environment = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-q", "-o", "DPkg::Lock::Timeout=300"]
    print("Installing Chromium from the system's packages ...", flush=True)
    for step in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]):
        if subprocess.run([*environment, *step], stdin=subprocess.DEVNULL, check=False).returncode:
            return False
    return True


if __name__ == "__main__":
    if executable() is None and not ("CHROMIUM" not in os.environ and install() and executable()):
        sys.exit(MISSING)
