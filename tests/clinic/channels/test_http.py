"""Text messages against a real HTTP server, which fails, hangs and forgets to answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from clinic.channels.base import Outgoing, Rejected, Unavailable, Unknown
from clinic.channels.http import Channel

MESSAGE = Outgoing("7KX2Q9", "+447700900123", 'Alina, "your" visit\nis due: 5€')


class Provider(ThreadingHTTPServer):
    """Answers as told; keeps what it was asked."""

    daemon_threads = True
    status, answer, waits = 202, b'{"id": "SM-1"}', 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.asked: list[tuple[str, dict[str, str], bytes]] = []


class Desk(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), body))
        time.sleep(self.server.waits)
        if self.server.status == 0:
            return
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    provider = Provider()
    serving = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    settings.CLINIC_SMS_URL = f"http://127.0.0.1:{provider.server_port}/messages?account=7"
    settings.CLINIC_SMS_TOKEN, settings.CHANNEL_TIMEOUT = "secret", 0.3
    yield provider
    provider.shutdown()
    serving.join()
    provider.server_close()


def test_a_message_is_posted_with_its_number_as_the_key(provider):
    assert Channel().send(MESSAGE) == "SM-1"

    [(path, headers, body)] = provider.asked
    assert path == "/messages?account=7"
    assert (headers["Authorization"], headers["Idempotency-Key"]) == ("Bearer secret", "7KX2Q9")
    assert json.loads(body) == {"to": "+447700900123", "text": MESSAGE.text, "reference": "7KX2Q9"}


def test_a_provider_that_wants_a_form_and_answers_in_its_own_way(provider, settings):
    settings.CLINIC_SMS_TYPE = "application/x-www-form-urlencoded"
    settings.CLINIC_SMS_BODY = "To={to}&Body={text}"
    settings.CLINIC_SMS_TOKEN, settings.CLINIC_SMS_REF = "Basic dTpw", "messages.0.sid"
    provider.answer = b'{"messages": [{"sid": 77}]}'

    assert Channel().send(MESSAGE) == "77"

    [(_path, headers, body)] = provider.asked
    assert headers["Authorization"] == "Basic dTpw"
    assert body == b"To=%2B447700900123&Body=Alina%2C+%22your%22+visit%0Ais+due%3A+5%E2%82%AC"


@pytest.mark.parametrize("answer", [b"", b"OK", b'{"id": null}', b'["id"]', b'{"id": {"a": 1}}'])
def test_without_a_number_of_theirs_it_is_ours(provider, answer):
    provider.answer = answer

    assert Channel().send(MESSAGE) == "7KX2Q9"


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (500, Unavailable), (503, Unavailable), (429, Unavailable), (408, Unavailable),
        (401, Unavailable), (402, Unavailable), (403, Unavailable), (404, Unavailable), (405, Unavailable), (302, Unavailable),
        (409, Unknown), (502, Unknown), (504, Unknown), (520, Unknown), (524, Unknown),
        (400, Rejected), (410, Rejected), (413, Rejected), (422, Rejected),
    ],
)  # fmt: skip
def test_what_the_provider_answers(provider, status, trouble):
    provider.status = status

    with pytest.raises(trouble, match=f"code {status}") as raised:
        Channel().send(MESSAGE)

    assert len(provider.asked) == 1
    assert "secret" not in str(raised.value)


def test_a_provider_that_hangs_may_have_the_message(provider):
    provider.waits = 1

    with pytest.raises(Unknown):
        Channel().send(MESSAGE)


def test_a_slow_one_within_the_time_is_waited_for(provider):
    provider.waits = 0.1

    assert Channel().send(MESSAGE) == "SM-1"


def test_a_provider_that_hangs_up_may_have_the_message(provider):
    provider.status = 0

    with pytest.raises(Unknown):
        Channel().send(MESSAGE)


def test_nobody_there(settings):
    settings.CLINIC_SMS_URL, settings.CHANNEL_TIMEOUT = "http://127.0.0.1:1/", 0.3

    with pytest.raises(Unavailable, match="cannot be reached"):
        Channel().send(MESSAGE)
