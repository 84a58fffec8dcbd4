"""The same words as plain text, as simple HTML and as a file."""

from __future__ import annotations

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from clinic.channels.base import Outgoing

_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{}</title></head>'
    '<body style="font-family: sans-serif; font-size: 16px; line-height: 1.5; color: #15202b">{}</body></html>'
)


def as_html(outgoing: Outgoing) -> str:
    """The plain text's own words, its paragraphs as paragraphs and its addresses as links. Nothing is loaded."""
    paragraphs = [part for part in re.split(r"\n\s*\n", outgoing.text.strip()) if part]
    body = "".join(f"<p>{_lines(part)}</p>" for part in paragraphs)
    return format_html(_PAGE, outgoing.subject, mark_safe(body))


def _lines(paragraph: str) -> SafeString:
    pieces, last = [], 0
    for found in _ADDRESS.finditer(paragraph):
        pieces += [escape(paragraph[last : found.start()]), format_html('<a href="{0}">{0}</a>', found.group())]
        last = found.end()
    pieces.append(escape(paragraph[last:]))
    return mark_safe("".join(pieces).replace("\n", "<br>"))


def as_file(outgoing: Outgoing) -> str:
    """How a message looks in a file or on a console."""
    head = {
        "Message": outgoing.public_id,
        "To": outgoing.to,
        "Subject": outgoing.subject,
        "List-Unsubscribe": outgoing.stop_url,
    }
    lines = [f"{name}: {value}" for name, value in head.items() if value]
    return "\n".join([*lines, "", outgoing.text, ""])
