"""django-appointment 3.12.0 beside the product: in an environment of its own outside this project, only when asked for.

Its package comes from PyPI into a virtual environment in the user's cache folder, at the first run with `--peer`. It
runs on the same engine with the same settings, behind the same server with as many workers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection

from tests.benchmarks import peer_project
from tests.benchmarks.measure import CSRF
from tests.benchmarks.server import WORKERS, Answer, Server, running

PEER = "django-appointment"
VERSION = "3.12.0"
HOW = f"Without {PEER} {VERSION} beside it: add --peer to fetch it from PyPI and measure both in one run."
MINUTES = 30
FOLDER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "clinic-benchmarks" / f"{PEER}-{VERSION}"


def python() -> Path:
    """The interpreter of its environment, which is made the first time."""
    found = FOLDER / "venv" / "bin" / "python"
    if not (FOLDER / "complete").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER / "venv"], check=True)
        same = [f"{name}=={version(name)}" for name in ("Django", "gunicorn", "psycopg")]
        wanted = [f"{PEER}=={VERSION}", *same, f"psycopg-binary=={version('psycopg')}"]
        subprocess.run([found, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], check=True)
        (FOLDER / "complete").touch()
    return found


@dataclass(frozen=True)
class Peer:
    """Its running server, and who and what is in its database."""

    server: Server
    service: int
    staff: list[int]
    manager: str
    clients: list[str]
    emails: list[str]

    def get(self, path: str, session: str) -> Answer:
        return self._ask("GET", path, session, b"", "")

    def slots(self, staff: int, on: date) -> Answer:
        """Its page asks for the free times of one member of staff on one day by this address."""
        query = urlencode({"selected_date": on, "staff_member": staff, "service_id": self.service})
        return self.get(f"/appointment/ajax/available_slots/?{query}", self.clients[0])

    def calendar(self) -> Answer:
        """The staff calendar: one page with every visit there is."""
        return self.get("/appointment/app-admin/appointments/", self.manager)

    def book_as_staff(self, staff: int, on: date, start: str) -> Answer:
        """What its staff calendar sends for "New Appointment": one request."""
        said = {
            "isCreating": True, "service_id": self.service, "staff_member": staff, "date": on.isoformat(),
            "start_time": start, "client_name": "Client 1", "client_email": self.emails[0],
            "client_phone": "+447700900123", "client_address": "", "want_reminder": "false", "additional_info": "",
        }  # fmt: skip
        body = json.dumps(said).encode()
        return self._ask("POST", "/appointment/ajax/update_appt_min_info/", self.manager, body, "application/json")

    def book_as_client(self, number: int, staff: int, on: date, start: str, end: str) -> Answer:
        """What a signed-in client sends: the chosen time, then who they are. The second request books, and answers 302."""
        session = self.clients[number % len(self.clients)]
        asked = {"date": on, "start_time": start, "end_time": end, "service": self.service, "staff_member": staff}
        answer = self._form("/appointment/request-submit/", session, asked)
        if answer.status != 302:
            return answer
        said = {"name": "Client One", "email": self.emails[number % len(self.emails)], "phone_0": "GB",
                "phone_1": "7911123456", "address": "Harbour", "additional_info": "", "payment_type": "full"}  # fmt: skip
        return self._form(answer.headers["location"], session, said)

    def _form(self, path: str, session: str, said: dict[str, Any]) -> Answer:
        body = urlencode({"csrfmiddlewaretoken": CSRF, **said}).encode()
        return self._ask("POST", path, session, body, "application/x-www-form-urlencoded")

    def _ask(self, method: str, path: str, session: str, body: bytes, kind: str) -> Answer:
        head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", "X-Requested-With: XMLHttpRequest",
                f"Cookie: sessionid={session}; csrftoken={CSRF}"]  # fmt: skip
        if body:
            head += [f"Content-Type: {kind}", f"Content-Length: {len(body)}", f"X-CSRFToken: {CSRF}"]
        return self.server.ask("\r\n".join((*head, "", "")).encode() + body)


@contextmanager
def running_with(n_visits: int, folder: Path, *, on: date, staff: int = 20, a_day: int = 14) -> Iterator[Peer]:
    """Its project in the folder, filled with so many visits from the day on, and served."""
    for name, text in (("settings", peer_project.SETTINGS), ("urls", peer_project.URLS), ("wsgi", peer_project.WSGI),
                       ("fill", peer_project.FILL)):  # fmt: skip
        (folder / f"{name}.py").write_text(text)
    environment = {
        "DJANGO_SETTINGS_MODULE": "settings",
        "PEER_DATABASE": json.dumps(_database(folder), default=str),
        "PEER_TIME_ZONE": settings.TIME_ZONE,
    }
    asked = {"on": str(on + timedelta(days=1)), "visits": n_visits, "staff": staff, "a_day": a_day,
             "minutes": MINUTES, "sessions": 50}  # fmt: skip
    filled = subprocess.run(
        [python(), "fill.py", json.dumps(asked)], cwd=folder, env=os.environ | environment, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    known = json.loads(filled.stdout.splitlines()[-1])
    command = (python(), "-m", "gunicorn", "wsgi")
    with running(command, environment, folder=folder, workers=WORKERS) as server:
        yield Peer(server, **known)


def _database(folder: Path) -> dict[str, Any]:
    """The product's settings of this engine with another database in it."""
    ours = connection.settings_dict
    wanted = {name: ours[name] for name in ("ENGINE", "USER", "HOST", "PORT", "OPTIONS", "CONN_MAX_AGE")}
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS peer WITH (FORCE)")
            cursor.execute("CREATE DATABASE peer")
        return wanted | {"NAME": "peer"}
    return wanted | {"NAME": folder / "peer.sqlite3"}
