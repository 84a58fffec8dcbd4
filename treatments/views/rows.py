"""The cells that rows of the big lists share, written in Python: an include per row costs more than the row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache, lru_cache
from html import escape  # of plain text; Django's looks for lazy and safe text first

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic import phones
from clinic.formats import day
from treatments.rules.periods import age_on

_PLACE = "XXXXXX"
_STRUCK = ' class="struck"'


@cache
def address_of(name: str, *rest: str) -> Callable[[str], str]:
    """The address of a named page for any public id: resolved once, filled in for each row."""
    before, after = reverse(name, args=[_PLACE, *rest]).split(_PLACE)
    return lambda public_id: f"{before}{public_id}{after}"


@lru_cache(maxsize=1024)
def chip(state: str, words: str) -> SafeString:
    """components/chip.html for rows."""
    return SafeString(
        f'<span class="chip chip-{state}"><svg class="sign" aria-hidden="true"><use href="#sign-{state}"/></svg>'
        f'<span class="chip-word">{escape(words)}</span></span>'
    )


def name_cell(url: str, *, family: str, given: str, preferred: str = "", struck: bool = False) -> SafeString:
    """FAMILY, Given as a link to the patient."""
    known_as = f' <span class="quiet">“<bdi>{escape(preferred)}</bdi>”</span>' if preferred else ""
    return SafeString(
        f'<span class="row-name"><a href="{url}"><bdi{_STRUCK if struck else ""}>'
        f'<span class="family">{escape(family.upper())}</span>{", " if family and given else ""}{escape(given)}</bdi></a>'
        f"{known_as}</span>"
    )


def born(born_on: date, on: date, *, public_id: str = "") -> str:
    """born 14-Jul-1985 (41y), with the patient number where it is given."""
    said = _("born %(day)s (%(age)dy)") % {"day": day(born_on), "age": age_on(born_on, on)}
    return f"{said} · {public_id}" if public_id else said


def phone_link(number: str) -> SafeString | str:
    """A number that can be pressed, in the form people of the country write it."""
    if not number:
        return ""
    return SafeString(f'<a class="nowrap" href="tel:{escape(number)}">{escape(national(number))}</a>')


@lru_cache(maxsize=4096)
def national(number: str) -> str:
    """As people of the clinic's country dial it; read once per process and number."""
    return phones.national(number)
