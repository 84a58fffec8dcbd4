"""Texts to patients: fields filled in, and how many parts a text message has.

A text message is written in the GSM alphabet, seven bits a sign, where every sign of it is in that alphabet; else in
UCS-2, sixteen bits a sign. One part holds 160 or 70 signs; several parts need room for their numbers: 153 or 67 each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

FIELDS = {
    "first": "the patient's first name",
    "clinic": "the clinic's name",
    "phone": "the clinic's telephone number",
    "link": "the address of the patient's own page",
    "stop": "the address that stops reminders",
    "day": "the day: Tuesday 14 July",
    "time": "the time: 5:30pm",
    "with": "the practitioner's name",
}
_FIELD = re.compile(r"\{([^{}]*)\}")
_PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("\f^{}\\[~]|€")  # two septets each
_GSM = (160, 153)
_UCS2 = (70, 67)


@dataclass(frozen=True, slots=True)
class Size:
    """`units` are septets, or 16-bit units where `beyond`, the signs outside the GSM alphabet, is not empty."""

    units: int
    parts: int
    beyond: tuple[str, ...]


def fill(text: str, fields: Mapping[str, str]) -> str:
    """The text with its fields. ValueError names a field that does not exist or has no value, and a stray brace."""
    problem = check(text)
    if problem:
        raise ValueError(problem)
    if missing := [name for name in used(text) if name not in fields]:
        raise ValueError(f"{{{missing[0]}}} has no value.")
    return _FIELD.sub(lambda found: fields[found[1]], text)


def used(text: str) -> list[str]:
    """The fields of a text in their order, each once."""
    return list(dict.fromkeys(_FIELD.findall(text)))


def check(text: str) -> str:
    """What is wrong with the fields of a text, in one sentence; "" where nothing is."""
    for name in used(text):
        if name not in FIELDS:
            return f"{{{name}}} is not a field. Fields are: {', '.join(f'{{{field}}}' for field in FIELDS)}."
    if re.search(r"[{}]", _FIELD.sub("", text)):
        return "A brace stands alone. Write a field as {first}."
    return ""


def sms_parts(text: str) -> int:
    """How many parts are sent, and paid for. 0 for no text."""
    return size(text).parts


def size(text: str) -> Size:
    """How long a text message is, and what makes it longer than it looks."""
    beyond = tuple(dict.fromkeys(sign for sign in text if sign not in _PLAIN and sign not in _ESCAPED))
    widths = [_ucs2_width(sign) for sign in text] if beyond else [1 + (sign in _ESCAPED) for sign in text]
    return Size(sum(widths), _parts(widths, *(_UCS2 if beyond else _GSM)), beyond)


def _ucs2_width(sign: str) -> int:
    return 2 if ord(sign) > 0xFFFF else 1


def _parts(widths: list[int], alone: int, joined: int) -> int:
    """A sign of two units is never cut in half: it goes to the next part whole."""
    if sum(widths) <= alone:
        return 1 if widths else 0
    parts, room = 1, joined
    for width in widths:
        if width > room:
            parts, room = parts + 1, joined
        room -= width
    return parts
