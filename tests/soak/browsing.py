"""The running server, and people who use it as a browser does: sign-in, session, CSRF token, forms."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

WORKERS, THREADS = 4, 4


@contextmanager
def server(url: str, folder: Path, *, application: str = "clinic.wsgi") -> Iterator[int]:
    """gunicorn with several processes on the database of that address; gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS),
        "--threads", str(THREADS), "--no-control-socket", "--log-level", "warning", "--keep-alive", "30",
    ]  # fmt: skip
    with open(folder / "gunicorn.log", "a+") as log:
        process = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url}, stdout=log, stderr=log)
        try:
            _answers(port, process)
            yield port
        except AssertionError:
            log.seek(0)
            print(log.read()[-4000:])
            raise
        finally:
            process.terminate()
            process.wait(30)


def _answers(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", "/login/")
            connection.getresponse().read()
            connection.close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("The server did not start.")


class Hidden(HTMLParser):
    """The hidden fields of a page's forms."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden" and found.get("name"):
            self.fields[str(found["name"])] = found.get("value") or ""


class Person:
    """One signed-in browser."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookies: dict[str, str] = {}
        self.token = self.hidden("/login/")["csrfmiddlewaretoken"]
        status, _place = self.post("/login/", {"username": username, "password": password})
        if status != http.client.FOUND:
            raise AssertionError(f"{username} could not sign in: {status}")

    def hidden(self, path: str) -> dict[str, str]:
        """Open a page; what its forms will send without being asked."""
        status, _place, page = self._request("GET", path)
        if status != http.client.OK:
            raise AssertionError(f"{path} answered {status}")
        return Hidden(page).fields

    def post(self, path: str, fields: Mapping[str, str | Sequence[str]]) -> tuple[int, str]:
        """Status, and where the answer sends the browser."""
        status, place, _page = self._request(
            "POST", path, urlencode({"csrfmiddlewaretoken": self.token, **fields}, doseq=True)
        )
        return status, place

    def _request(self, method: str, path: str, body: str = "") -> tuple[int, str, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body or None, headers)
        answer = self.connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie", ()):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()
