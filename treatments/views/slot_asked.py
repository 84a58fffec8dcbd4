"""A time that the address asks for: ?date=&time=&with=&room=, as the calendar and a freed time lead to it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone

from treatments.forms.times import Slot
from treatments.rules import wall_clock


def asked_slot(request: HttpRequest) -> str:
    """The time as the form's hidden field has it; "" where not all of it is asked for, or the clock never shows it."""
    asked = request.GET
    who, room = asked.get("with", ""), asked.get("room", "")
    try:
        on, starts = date.fromisoformat(asked.get("date", "")), time.fromisoformat(asked.get("time", ""))
    except ValueError:
        return asked.get("slot", "")
    if not all(each.isascii() and each.isdigit() and len(each) < 10 for each in (who, room)) or starts.tzinfo:
        return ""
    found = wall_clock.moments(on, starts.replace(microsecond=0), ZoneInfo(timezone.get_current_timezone_name()))
    return str(Slot(found[0], int(who), int(room))) if found else ""


def as_typed(slot: str) -> dict[str, Any]:
    """The same in fields, for a clinic that types its times."""
    found = Slot.read(slot)
    if found is None:
        return {}
    start: datetime = timezone.localtime(found.starts_at)
    return {
        "slot": "",
        "on": start.date().isoformat(),
        "starts": f"{start:%H:%M}",
        "practitioner": found.practitioner,
        "room": found.room,
    }
