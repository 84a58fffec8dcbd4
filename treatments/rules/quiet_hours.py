"""When nobody is written to: mostly across midnight, and true when the clocks change."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from treatments.rules import wall_clock


def is_quiet(clock: time, quiet_from: time, quiet_until: time) -> bool:
    """Half-open, and mostly across midnight: quiet at `quiet_from`, no longer at `quiet_until`."""
    if quiet_from < quiet_until:
        return quiet_from <= clock < quiet_until
    return clock >= quiet_from or clock < quiet_until


def quiet_ends(at: datetime, quiet_from: time, quiet_until: time, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that hold at this moment end; None where none hold. True also when the clocks change."""
    shown = at.astimezone(zone)
    if not is_quiet(shown.time(), quiet_from, quiet_until):
        return None
    days = [shown.date() + timedelta(days=days) for days in (0, 1)]
    ends = [read(day, quiet_until, zone) for day in days for read in (wall_clock.first_moment, wall_clock.last_moment)]
    return min(moment for moment in ends if moment > at)
