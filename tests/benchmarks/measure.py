"""Two sides of a ratio in one run: interleaved rounds, medians, CPU time of this process."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple
from urllib.parse import urlencode

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import Client, RequestFactory, override_settings

from clinic.models import User

ROUND_SECONDS = 0.1  # each side runs about so long in each round
CSRF = "0123456789abcdef0123456789abcdef"


class Asked(NamedTuple):
    """How big, how often, and whether beside the peer."""

    scale: float
    rounds: int
    peer: bool = False


class Missed(Exception):
    """A goal that stops a release was missed; carries what was printed."""


class Figure(NamedTuple):
    name: str
    cpu_ms: float
    wall_ms: float


def interleaved(sides: dict[str, Callable[[], object]], *, rounds: int) -> list[Figure]:
    """Milliseconds of each side: the median of the rounds, in each of which every side has its turn."""
    for run in sides.values():
        run()  # what is made once, is made now
    times, batch = {name: [] for name in sides}, {name: _batch(run) for name, run in sides.items()}
    for _round in range(rounds):
        for name, run in sides.items():
            cpu, wall = time.process_time(), time.perf_counter()
            for _n in range(batch[name]):
                run()
            times[name].append(((time.process_time() - cpu) / batch[name], (time.perf_counter() - wall) / batch[name]))
    return [Figure(name, *(1000 * median(side) for side in zip(*times[name], strict=True))) for name in sides]


def _batch(run: Callable[[], object]) -> int:
    start = time.perf_counter()
    run()
    return max(1, min(200, int(ROUND_SECONDS / max(time.perf_counter() - start, 1e-6))))


def table(title: str, figures: list[Figure]) -> str:
    """Each side with its ratio to the first one."""
    ruler = figures[0]
    lines = ["", title, f"{'':58}{'CPU ms':>10}{'wall ms':>10}{'x CPU':>9}{'x wall':>9}"]
    for name, cpu_ms, wall_ms in figures:
        x_cpu, x_wall = cpu_ms / max(ruler.cpu_ms, 1e-9), wall_ms / max(ruler.wall_ms, 1e-9)
        lines.append(f"{name:58}{cpu_ms:10.2f}{wall_ms:10.2f}{x_cpu:9.2f}{x_wall:9.2f}")
    return "\n".join(lines)


def rates(number: int, figures: list[Figure], what: str) -> str:
    """How many of them a second, each side where it handles `number` at once."""
    return "".join(
        f"\n  {f.name}: {1000 * number / max(f.cpu_ms, 1e-9):,.0f} {what} a second of CPU,"
        f" {1000 * number / max(f.wall_ms, 1e-9):,.0f} by the clock"
        for f in figures
    )


@contextmanager
def pages() -> Iterator[None]:
    """The product with the empty view beside it, its connection kept for as long as a server process would keep it."""
    signals = (request_started, request_finished)
    with override_settings(ROOT_URLCONF="tests.benchmarks.urls"):
        for signal in signals:
            signal.disconnect(close_old_connections)
        try:
            yield
        finally:
            for signal in signals:
                signal.connect(close_old_connections)


class SignedIn:
    """Asks the product's own WSGI application for pages, as one signed-in member of staff."""

    def __init__(self, user: User) -> None:
        client = Client()
        client.force_login(user)
        self.cookies = f"sessionid={client.cookies['sessionid'].value}; csrftoken={CSRF}"
        self.application = WSGIHandler()

    def get(self, path: str) -> bytes:
        return self._answer(RequestFactory().get(path).environ, b"")

    def type_into(self, path: str, **data: str) -> bytes:
        """The piece of a page that htmx asks for while somebody types."""
        body = urlencode(data).encode()
        request = RequestFactory().post(path, body, content_type="application/x-www-form-urlencoded")
        return self._answer(request.environ | {"HTTP_X_CSRFTOKEN": CSRF, "HTTP_HX_REQUEST": "true"}, body)

    def _answer(self, environ: dict, body: bytes) -> bytes:
        status: list[str] = []
        environ |= {"HTTP_COOKIE": self.cookies, "SERVER_NAME": "localhost", "wsgi.input": io.BytesIO(body)}
        answer = self.application(environ, lambda line, _headers: status.append(line))
        content = b"".join(answer)
        answer.close()
        if status != ["200 OK"]:
            raise RuntimeError(f"{environ['PATH_INFO']} answered {status[0]}")
        return content


def sql_of(act: Callable[[], object]) -> list[str]:
    """The statements that an act sends, with their values in them."""
    found: list[str] = []

    def note(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        found.append(connection.ops.last_executed_query(context["cursor"].cursor, sql, params))
        return answer

    with connection.execute_wrapper(note):
        act()
    return found


def rows(*statements: str) -> list[tuple]:
    """Sends statements as they stand and reads every row."""
    with connection.cursor() as cursor:
        found = []
        for statement in statements:
            cursor.execute(statement)
            found += cursor.fetchall()
        return found
