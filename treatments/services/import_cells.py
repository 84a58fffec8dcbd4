"""Cells of an old system's file: days, units and coded words. What cannot be meant is `Spoilt` with a sentence."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from treatments.rules.words import fold
from treatments.services.import_files import Row, Spoilt, mapping

DATE_ORDERS = ("dmy", "mdy", "ymd")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]\d{1,2}:\d{2}.*)?", re.ASCII)
_PARTS = re.compile(r"(\d{1,4})[/. -](\d{1,2})[/. -](\d{1,4})(?: \d{1,2}:\d{2}.*)?", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[. -]*([A-Za-z]{3,9})[. ,-]*(\d{4})", re.ASCII)
_MONTH = re.compile(r"(\d{1,2})[/.-](\d{4})", re.ASCII)
_UNITS = re.compile(r"([+-]?)(\d+)(?:[.,](\d+))?\s*(?:iu|ie|su|u|e|units?)?\.?", re.ASCII | re.IGNORECASE)


def day(row: Row, name: str, order: str) -> date | None:
    """The day of a cell, None for an empty one. ISO is always understood; `order` settles slashes and dots."""
    text = row.text(name)
    if not text:
        return None
    try:
        found = _day(text, order)
    except ValueError as error:
        raise Spoilt(name, _("%(text)s is a date that does not exist.") % {"text": text}) from error
    if found is None:
        raise Spoilt(name, _("%(text)s is not a date. Write it like 2026-11-22.") % {"text": text[:40]})
    return found


def needed_day(row: Row, name: str, order: str) -> date:
    """The day of a cell that may not be empty. `Spoilt` for an empty one too."""
    found = day(row, name, order)
    if found is None:
        raise Spoilt(name, _("The date is missing."))
    return found


def expiry(row: Row, name: str, order: str) -> date:
    """A day, or month and year as vials print them: then the last day of the month."""
    month = _MONTH.fullmatch(row.text(name))
    if month and 1 <= int(month[1]) <= 12 and int(month[2]) >= 1900:
        return date(int(month[2]), int(month[1]), monthrange(int(month[2]), int(month[1]))[1])
    return needed_day(row, name, order)


def units(row: Row, name: str) -> Decimal:
    """20, 20.0, 20,5, 20u, 20 U."""
    text = row.text(name)
    if not text:
        raise Spoilt(name, _("The units are missing."))
    found = _UNITS.fullmatch(text)
    if found is None or len(found[2]) > 9:
        raise Spoilt(name, _("%(text)s is not a number of units.") % {"text": text[:40]})
    sign, whole, decimals = found[1], found[2], (found[3] or "")
    if len(decimals) == 3 and len(whole) <= 3 and whole.strip("0"):
        raise Spoilt(
            name,
            _("%(text)s may mean %(whole)s or thousands. Write it without a mark.") % {"text": text, "whole": whole},
        )
    if len(decimals.rstrip("0")) > 2:
        raise Spoilt(name, _("%(text)s has more than two decimals.") % {"text": text[:40]})
    value = Decimal(f"{whole}.{decimals.rstrip('0') or '0'}").quantize(Decimal("0.01"))
    if sign == "-" or not value:
        raise Spoilt(name, _("Units must be above zero, not %(text)s.") % {"text": text})
    return value


def word(row: Row, name: str, kind: str) -> str | None:
    """The coded word of a cell: "" for an empty one, None for one that nobody knows."""
    wanted = fold(row.text(name))
    if not wanted:
        return "" if not row.text(name) else None
    meanings = mapping()["words"][kind].items()
    return next((code for code, words in meanings if wanted in [fold(one) for one in words]), None)


def _day(text: str, order: str) -> date | None:
    """None for what has not the form of a date, ValueError for a date that does not exist."""
    if iso := _ISO.fullmatch(text):
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    if named := _NAMED.fullmatch(text):
        month = next((n for n, short in enumerate(_MONTHS, 1) if named[2].casefold().startswith(short)), None)
        return date(int(named[3]), month, int(named[1])) if month else None
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return None
    if len(parts[1]) == 4:
        order = "ymd"  # a year in front leaves no doubt
    values = dict(zip(order, parts.groups(), strict=True))
    if len(values["y"]) != 4:
        return None  # two digits do not say which century
    return date(int(values["y"]), int(values["m"]), int(values["d"]))
