"""E-mail by the clinic's mail server, step by step, so that it is known how far a lost connection had come."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from contextlib import suppress
from email.utils import parseaddr
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.utils.encoding import punycode

from clinic.channels.base import Outgoing, Rejected, Trouble, Unavailable, Unknown
from clinic.channels.letters import as_html


class Channel:
    ways: ClassVar = ("email",)

    def send(self, outgoing: Outgoing) -> str:
        letter = as_letter(outgoing)
        backend = EmailBackend(timeout=settings.CHANNEL_TIMEOUT)  # which server: EMAIL_HOST and its companions
        try:
            backend.open()
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"The mail server does not let us in ({_said(error)}).") from error
        server: Any = backend.connection
        try:
            _hand_over(server, letter)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                backend.close()
        return str(letter.extra_headers["Message-ID"])


def as_letter(outgoing: Outgoing) -> EmailMultiAlternatives:
    """The message with its headers, its text and an HTML part of the same words."""
    headers = {"Message-ID": f"<{outgoing.public_id}@{urlsplit(settings.CLINIC_URL).hostname}>"}
    headers["Auto-Submitted"] = "auto-generated"
    if outgoing.stop_url:
        headers["List-Unsubscribe"] = f"<{outgoing.stop_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    letter = EmailMultiAlternatives(
        subject=outgoing.subject,
        body=outgoing.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[outgoing.to],
        reply_to=[settings.CLINIC_EMAIL_REPLY_TO] if settings.CLINIC_EMAIL_REPLY_TO else None,
        headers=headers,
    )
    letter.attach_alternative(as_html(outgoing), "text/html")
    return letter


def _hand_over(server: smtplib.SMTP, letter: EmailMultiAlternatives) -> None:
    text = letter.message().as_bytes(linesep="\r\n")
    _step(server.ehlo, lost=Unavailable, refused=Unavailable)
    _step(lambda: server.mail(parseaddr(letter.from_email)[1]), lost=Unavailable, refused=Unavailable)
    _step(lambda: server.rcpt(_as_servers_read(letter.to[0])), lost=Unavailable)
    _step(lambda: server.data(text), lost=Unknown)


def _as_servers_read(address: str) -> str:
    """A domain in letters of other scripts by its name in plain ones."""
    who, _at, domain = address.rpartition("@")
    return f"{who}@{punycode(domain)}"


def _step(command: Callable[[], tuple[int, bytes]], *, lost: type[Trouble], refused: type[Trouble] = Rejected) -> None:
    """One command. Where the connection is lost before the letter was handed over, nothing was sent.

    A server that refuses the clinic itself says nothing about the patient's address: that is put right, and tried again.
    """
    try:
        code = command()[0]
    except smtplib.SMTPResponseException as error:
        code = error.smtp_code
    except (OSError, smtplib.SMTPException) as error:
        raise lost(f"The connection to the mail server was lost ({_said(error)}).") from error
    if code < 0:  # smtplib could not read the answer
        raise lost("The mail server's answer could not be read.")
    if code >= 500:
        raise refused(f"The mail server refuses this letter (code {code}).")
    if code >= 400:
        raise Unavailable(f"The mail server does not take this letter now (code {code}).")


def _said(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
