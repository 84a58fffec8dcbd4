"""E-mail against a real mail server, which refuses, delays and hangs."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from clinic.channels.base import Outgoing, Rejected, Unavailable, Unknown
from clinic.channels.smtp import Channel

STOP = "https://clinic.example.org/v/abc/stop/"
LETTER = Outgoing(
    "7KX2Q9",
    "alina@example.org",
    "Dear Alina,\n\nSee times: https://clinic.example.org/v/abc/ <now>",
    "Harbour: due",
    STOP,
)


class Postman:
    """Answers each command as told; keeps what it took."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.says: dict[str, str] = {}
        self.hangs = ""

    async def _answer(self, command: str, usual: str) -> str:
        if self.hangs == command:
            await asyncio.sleep(30)
        return self.says.get(command, usual)

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        return await self._answer("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        envelope.rcpt_tos.append(address)
        return await self._answer("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return await self._answer("DATA", "250 OK")


@pytest.fixture
def postman(settings: Any) -> Iterator[Postman]:
    postman = Postman()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(postman, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.CHANNEL_TIMEOUT = 2  # long enough for a slow machine to hand over, far shorter than the server hangs
    yield postman
    server.stop()


def test_a_letter_arrives_with_its_headers_and_two_equal_parts(postman, settings):
    settings.CLINIC_EMAIL_REPLY_TO = "desk@example.org"

    reference = Channel().send(LETTER)

    [letter] = postman.taken
    assert (letter["To"], letter["Subject"]) == ("alina@example.org", "Harbour: due")
    assert letter["Reply-To"] == "desk@example.org"
    assert letter["Message-ID"] == reference == "<7KX2Q9@127.0.0.1>"
    assert letter["List-Unsubscribe"] == f"<{STOP}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (part.get_content() for part in letter.iter_parts())
    assert text.replace("\r\n", "\n").strip() == LETTER.text
    assert '<a href="https://clinic.example.org/v/abc/">https://clinic.example.org/v/abc/</a> &lt;now&gt;' in html
    assert "<p>Dear Alina,</p>" in html


def test_an_address_with_letters_of_other_scripts_is_written_as_servers_read_it(postman):
    Channel().send(replace(LETTER, to="alina@bücher.example"))

    (letter,) = postman.taken
    assert letter["To"] == "alina@xn--bcher-kva.example"


def test_a_letter_that_nobody_can_stop_says_nothing_of_stopping(postman):
    Channel().send(Outgoing("7KX2Q9", "alina@example.org", "Booked", "Harbour: booked"))

    assert postman.taken[0]["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    ("command", "answer", "trouble"),
    [
        ("RCPT", "550 no such user", Rejected),
        ("RCPT", "450 greylisted, try again later", Unavailable),
        ("MAIL", "451 busy", Unavailable),
        ("MAIL", "530 sign in first", Unavailable),
        ("DATA", "554 spam", Rejected),
        ("DATA", "452 disk full", Unavailable),
    ],
)
def test_what_the_server_answers(postman, command, answer, trouble):
    postman.says[command] = answer

    with pytest.raises(trouble) as raised:
        Channel().send(LETTER)

    assert answer[:3] in str(raised.value)
    assert "alina" not in str(raised.value)


@pytest.mark.parametrize(("command", "trouble"), [("MAIL", Unavailable), ("RCPT", Unavailable), ("DATA", Unknown)])
def test_a_server_that_hangs_has_the_letter_at_most_where_it_was_handed_over(postman, command, trouble):
    postman.hangs = command

    with pytest.raises(trouble):
        Channel().send(LETTER)

    assert len(postman.taken) == (command == "DATA")


def test_no_server(settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.CHANNEL_TIMEOUT = "127.0.0.1", 1, 0.3

    with pytest.raises(Unavailable, match="does not let us in"):
        Channel().send(LETTER)
