"""`python -m tests.screenshots`: every page of the demo clinic, wide and narrow, light and dark, to .screenshots/.

With `--docs` also the pictures of the README and the guide, to docs/images/.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".screenshots"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
THEMES = ("light", "dark")
DEMO_PASSWORD = "harbour demo clinic"
IN_DOCS = {
    "today", "due-overdue", "patient", "book-blocked", "record-pattern", "safety-blocked", "visit-held", "admin-licences",
    "report-retention",
}  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3", "DJANGO_SETTINGS_MODULE": "clinic.settings"}
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        for command in ("migrate", "load_catalogue", "load_demo"):
            subprocess.run([sys.executable, "manage.py", command, "--verbosity", "0"], cwd=ROOT, check=True)
        port = _free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "clinic.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4",
             "--no-control-socket", "--log-level", "warning"],
            cwd=ROOT,
        )  # fmt: skip
        try:
            _wait_for(port)
            taken = _take_all(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait(10)
    print(f"{taken} pictures in {FOLDER.relative_to(ROOT)}/")


def _take_all(base: str) -> int:
    import django  # noqa: PLC0415  the environment must be set first

    django.setup()
    from django.utils import timezone  # noqa: PLC0415
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    from tests import browser  # noqa: PLC0415
    from tests.journeys.places import places  # noqa: PLC0415

    FOLDER.mkdir(exist_ok=True)
    pages, taken = places(timezone.localdate()), 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.executable(), args=browser.ARGUMENTS)
        for user in dict.fromkeys(user for _name, _address, user in pages):
            context = chromium.new_context(locale="en-GB", timezone_id="Europe/London")
            page = context.new_page()
            if not taken:
                taken += _take(page, f"{base}/login/", "sign-in")
            page.goto(f"{base}/login/")
            page.get_by_label("Username").fill(user)
            page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_load_state()
            for name, address, _user in (place for place in pages if place[2] == user):
                taken += _take(page, base + address, name)
            context.close()
        chromium.close()
    return taken


def _take(page, address: str, name: str) -> int:
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.goto(address)
            page.screenshot(path=FOLDER / f"{name}-{size}-{theme}.png", full_page=size == "phone")
            if "--docs" in sys.argv and name in IN_DOCS and (size, theme) == ("desktop", "light"):
                _small(FOLDER / f"{name}-{size}-{theme}.png").save(
                    ROOT / "docs" / "images" / f"{name}.png", optimize=True
                )
    return len(SIZES) * len(THEMES)


def _small(picture: Path) -> Image.Image:
    """The picture in 256 colours: a third of the file, and no eye sees it."""
    return Image.open(picture).convert("RGB").quantize(256, dither=Image.Dither.NONE)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int) -> None:
    for _try in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("The server did not start.")


if __name__ == "__main__":
    main()
