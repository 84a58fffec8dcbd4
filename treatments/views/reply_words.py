"""What a patient said of a visit, in the words of staff: beside the state, never in its place."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from treatments.rules.vocabulary import AppointmentState, Reply

WORDS = {
    Reply.COMING.value: _("Confirmed"),
    Reply.NOT_COMING.value: _("Cannot come"),
    Reply.ANOTHER_TIME.value: _("Wants another time"),
}
_SIGNS = {Reply.COMING.value: "done", Reply.NOT_COMING.value: "missed", Reply.ANOTHER_TIME.value: "waits"}
_COUNTS = (AppointmentState.BOOKED.value, AppointmentState.ON_HOLD.value)


def said(state: str, reply: str) -> str:
    """In words, while it still tells something: who is here needs no confirmation."""
    return str(WORDS[reply]) if reply and state in _COUNTS else ""


def said_line(state: str, reply: str) -> SafeString | str:
    """The line below the state, with its sign; in bold where somebody has to act."""
    words = said(state, reply)
    if not words:
        return ""
    tag, css = ("span", "") if reply == Reply.COMING else ("strong", " row-waits")
    return format_html(
        ' <{} class="row-sub{}"><svg class="sign" aria-hidden="true"><use href="#sign-{}"/></svg> {}</{}>',
        SafeString(tag), css, _SIGNS[reply], words, SafeString(tag),
    )  # fmt: skip


def sign_of(reply: str) -> str:
    return _SIGNS[reply]
