"""A web server of its own for a benchmark, and what it is asked over HTTP by several clients at once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple
from urllib.parse import quote

import psutil
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 4
STARTS_WITHIN = 30  # seconds
GIVES_UP = 600  # seconds, the slowest answer that is waited for


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Server:
    """A running server: its socket, and its main process."""

    address: str
    process: psutil.Process

    def ask(self, request: bytes) -> Answer:
        """One request on a connection of its own, as sync workers have it."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(GIVES_UP)
            wire.connect(self.address)
            wire.sendall(request)
            parts = []
            while part := wire.recv(1 << 16):
                parts.append(part)
        return _read(b"".join(parts))

    def cpu_seconds(self) -> float:
        """What its workers have used since they began."""
        return sum(sum(child.cpu_times()[:2]) for child in self.process.children())


def _read(raw: bytes) -> Answer:
    head, _gap, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    return Answer(int(first.split()[1]), {name.lower(): value for name, value in headers.items()}, body.decode())


@contextmanager
def running(command: Sequence[object], environment: dict[str, str], *, folder: Path, workers: int) -> Iterator[Server]:
    """gunicorn with sync workers behind a socket file: no port that another program could have."""
    with tempfile.TemporaryDirectory(prefix="clinic-server-") as name, open(Path(name) / "log", "w+") as log:
        address = f"{name}/socket"
        arguments = ("--bind", f"unix:{address}", "--workers", workers, "--timeout", GIVES_UP, "--no-control-socket",
                     "--log-level", "error")  # fmt: skip
        process = subprocess.Popen(
            [*map(str, (*command, *arguments))], cwd=folder, env=os.environ | environment, stdout=log, stderr=log
        )
        try:
            server = Server(address, psutil.Process(process.pid))
            _wait(server, process, workers, log.name)
            yield server
        except Exception as error:
            error.add_note(f"The server's log ends with:\n{Path(log.name).read_text()[-4000:]}")
            raise
        finally:
            process.terminate()
            process.wait(120)


def _wait(server: Server, process: subprocess.Popen, workers: int, log: str) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < ends:
        if os.path.exists(server.address) and len(server.process.children()) >= workers:
            return
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{Path(log).read_text()}")


@contextmanager
def product() -> Iterator[Server]:
    """The product on the database that Django points at, with its own settings."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": database_url(),
    }
    command = (sys.executable, "-m", "gunicorn", "clinic.wsgi")
    with running(command, environment, folder=ROOT, workers=WORKERS) as server:
        yield server


def database_url() -> str:
    """The address of the database that Django points at."""
    known = connection.settings_dict
    if connection.vendor == "postgresql":
        return f"postgresql://{known['USER']}@/{known['NAME']}?host={known['HOST']}"
    return f"sqlite:///{quote(str(known['NAME']))}"


# ---- at once ----


def together(works: Sequence[Callable[[], Answer]], clients: int = 0) -> list[Answer]:
    """What each of the works got; all at the same moment, or by so many clients, each with the next one that is left."""
    answers: list[Answer | Exception | None] = [None] * len(works)
    queue: SimpleQueue[int] = SimpleQueue()
    for number in range(len(works)):
        queue.put(number)
    starts = threading.Barrier(clients or len(works))

    def client() -> None:
        starts.wait()
        while True:
            try:
                number = queue.get_nowait()
            except Empty:
                return
            try:
                answers[number] = works[number]()
            except Exception as error:  # told by the main thread
                answers[number] = error

    threads = [threading.Thread(target=client) for _n in range(clients or len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return [answer for answer in answers if isinstance(answer, Answer)]
