"""Text messages by any provider that takes an HTTP POST: address and body are settings."""

from __future__ import annotations

import http.client
import json
from contextlib import closing, suppress
from typing import Any, ClassVar
from urllib.parse import quote_plus, urlsplit

from django.conf import settings

from clinic.channels.base import Outgoing, Rejected, Unavailable, Unknown

_MOST = 65536  # bytes of an answer that are read
_OF_THE_MESSAGE = (400, 410, 413, 422)  # the words or the number are wrong, and will be the next time
_PERHAPS_TAKEN = (409, 502, 504, *range(520, 525))  # a gateway lost the answer, or the same key is being worked on
_LOST = "The provider did not answer; it may have the message."


class Channel:
    ways: ClassVar = ("sms",)

    def send(self, outgoing: Outgoing) -> str:
        address = urlsplit(settings.CLINIC_SMS_URL)
        secure = address.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        server = kind(str(address.hostname), address.port, timeout=settings.CHANNEL_TIMEOUT)
        with closing(server):
            try:
                server.connect()
            except OSError as error:
                raise Unavailable("The provider cannot be reached.") from error
            target = address._replace(scheme="", netloc="", fragment="").geturl() or "/"
            try:
                server.request("POST", target, body=_body(outgoing), headers=_headers(outgoing))
                answer = server.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise Unknown(_LOST) from error
            with answer:
                return _judged(answer) or outgoing.public_id


def _judged(answer: http.client.HTTPResponse) -> str:
    """The provider's number of a message that it took.

    What refuses the clinic (a token that has ended, an account without money, a redirect) is put right by people: the
    message waits for it.
    """
    if answer.status in _OF_THE_MESSAGE:
        raise Rejected(f"The provider refuses this message (code {answer.status}).")
    if answer.status in _PERHAPS_TAKEN:
        raise Unknown(f"The provider may have the message (code {answer.status}).")
    if not 200 <= answer.status < 300:
        raise Unavailable(f"The provider does not take messages now (code {answer.status}).")
    with suppress(OSError, http.client.HTTPException):  # it was taken, whatever becomes of the rest of the answer
        return _reference(answer.read(_MOST))
    return ""


def _headers(outgoing: Outgoing) -> dict[str, str]:
    headers = {"Content-Type": settings.CLINIC_SMS_TYPE, "Idempotency-Key": outgoing.public_id}
    if token := settings.CLINIC_SMS_TOKEN:
        headers["Authorization"] = token if " " in token else f"Bearer {token}"
    return headers


def _body(outgoing: Outgoing) -> bytes:
    """The template with its fields filled in, each written as the body's own language needs it."""
    body: str = settings.CLINIC_SMS_BODY
    for name, value in (("{to}", outgoing.to), ("{id}", outgoing.public_id), ("{text}", outgoing.text)):
        body = body.replace(name, json.dumps(value)[1:-1] if "json" in settings.CLINIC_SMS_TYPE else quote_plus(value))
    return body.encode()


def _reference(answer: bytes) -> str:
    """The provider's number of the message, where the answer is JSON and has one."""
    try:
        found: Any = json.loads(answer)
        for key in settings.CLINIC_SMS_REF.split("."):
            found = found[int(key)] if isinstance(found, list) else found[key]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return str(found)[:120] if isinstance(found, str | int) else ""
