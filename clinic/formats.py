"""How days, times and people are written, the same everywhere: 14-Jul-2026, 24 hours, no guess of the locale."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _


def day(value: date | None) -> str:
    """14-Jul-2026, or "" for none."""
    return f"{value:%d-%b-%Y}" if value else ""


def short_day(value: date | None) -> str:
    """14-Jul, where the year is plain from the page."""
    return f"{value:%d-%b}" if value else ""


def long_day(value: date) -> str:
    """Tuesday 14-Jul-2026, for headings."""
    return f"{value:%A %d-%b-%Y}"


def clock(value: datetime) -> str:
    """14:05 in the clinic's time zone."""
    return f"{timezone.localtime(value):%H:%M}"


def moment(value: datetime | None) -> str:
    """14-Jul-2026 14:05 in the clinic's time zone, or "" for none."""
    return f"{timezone.localtime(value):%d-%b-%Y %H:%M}" if value else ""


def patient_day(value: date, *, year: bool = True) -> str:
    """Tuesday 14 July 2026, as patients read it."""
    return f"{value:%A} {value.day} {value:%B %Y}" if year else f"{value:%A} {value.day} {value:%B}"


def patient_clock(value: datetime) -> str:
    """5:30pm, midday: twelve hours, in the clinic's time zone."""
    at = timezone.localtime(value)
    if (at.hour, at.minute) == (12, 0):
        return _("midday")
    minutes = f":{at:%M}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes}{'am' if at.hour < 12 else 'pm'}"


def count(number: int, one: str, many: str) -> str:
    """1 patient, 2 patients."""
    return _("%(number)d %(noun)s") % {"number": number, "noun": one if number == 1 else many}


def up_to(number: int, most: int) -> str:
    """A number that was counted as far as `most` and one more; beyond that it is "more than 1,000"."""
    return _("more than %(most)s") % {"most": f"{most:,}"} if number > most else str(number)


def safe_cell(text: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula: an apostrophe before = + - @, tab and line break."""
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r", "\n")) else text
