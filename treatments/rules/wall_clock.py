"""From the clock on the clinic's wall to moments: a time the clocks skip is none, a time they repeat is two.

All moments are in UTC: the two moments of a repeated hour, kept in their zone, would compare as equal.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_SECOND = timedelta(seconds=1)


def moments(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The moments at which the clock in `zone` shows this day and time: none, one, or two, the earlier first."""
    shown = _shown(day, clock)
    try:
        return tuple(sorted({moment for moment in _readings(shown, zone) if _shows(moment, zone) == shown}))
    except OverflowError:  # the first and the last hours of the calendar
        return ()


def first_moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When something opens: the earlier moment of a repeated time, and of a skipped one the end of the gap."""
    existing = moments(day, clock, zone)
    return existing[0] if existing else _end_of_gap(_shown(day, clock), zone)


def last_moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When something closes: the later moment of a repeated time, and of a skipped one the end of the gap."""
    existing = moments(day, clock, zone)
    return existing[-1] if existing else _end_of_gap(_shown(day, clock), zone)


def next_existing(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """What the clock in `zone` shows first from this day and time on, as a moment in that zone.

    That is the time itself where it exists, else the one to which the clocks go forward. Mind the date: in some zones
    that is midnight of the next day.
    """
    return first_moment(day, clock, zone).astimezone(zone)


def _end_of_gap(shown: datetime, zone: ZoneInfo) -> datetime:
    # read with the offset of after the change, a skipped time lies before the change; with that of before, after it
    before, after = sorted(_readings(shown, zone))
    while after - before > ONE_SECOND:
        middle = before + (after - before) // ONE_SECOND // 2 * ONE_SECOND
        before, after = (middle, after) if _shows(middle, zone) < shown else (before, middle)
    return after


def _shown(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock.replace(tzinfo=None, fold=0))


def _readings(shown: datetime, zone: ZoneInfo) -> list[datetime]:
    """`shown` read with the offset of before and with that of after a change."""
    return [shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]


def _shows(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
