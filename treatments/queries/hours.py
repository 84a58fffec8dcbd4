"""Who works where and when: weekly hours, the exceptions of a day, closed days. Three queries for any range of days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from clinic.models import WorkingHours
from treatments.rules import wall_clock
from treatments.rules.slots import Desk, Span


@dataclass(frozen=True, slots=True)
class WorkDay:
    """One day of the clinic. `closed`: location -> why, None for everywhere; `away`: practitioner -> why."""

    on: date
    desks: tuple[Desk, ...]
    closed: dict[int | None, str]
    away: dict[int, str]

    @property
    def closed_everywhere(self) -> str:
        return self.closed.get(None, "")


# In SQL, because every free time and every calendar begins here, and to put a query together costs more than its rows.
_WEEKLY = """
SELECT h.practitioner_id, h.location_id, h.weekday, h.opens, h.closes, h.starts_on, h.ends_on
FROM clinic_workinghours h
JOIN clinic_practitioner p ON p.id = h.practitioner_id
JOIN clinic_location l ON l.id = h.location_id
WHERE p.is_active AND l.is_active AND h.starts_on <= %s AND (h.ends_on IS NULL OR h.ends_on > %s)
  AND h.weekday IN ({weekdays}) AND {whom}
ORDER BY p.name, p.id, h.opens, h.id"""
_SPECIAL = """
SELECT h."on", h.practitioner_id, h.location_id, h.opens, h.closes, h.why
FROM clinic_hoursexception h JOIN clinic_practitioner p ON p.id = h.practitioner_id
WHERE p.is_active AND h."on" BETWEEN %s AND %s AND {whom}
ORDER BY p.name, p.id, h.opens, h.id"""
_CLOSED = 'SELECT "on", location_id, name FROM clinic_closedday WHERE "on" BETWEEN %s AND %s ORDER BY "on", id'


def work_days(first: date, last: date, *, practitioners: Iterable[int] | None = None) -> dict[date, WorkDay]:
    """Every day from `first` to `last`, both included."""
    people = None if practitioners is None else list(practitioners)
    weekdays = sorted({on.weekday() for on in islice(_days(first, last), 7)})
    span = [first.isoformat(), last.isoformat()]
    weekly: list[tuple] = []
    special: dict[date, list[tuple]] = defaultdict(list)
    closed: dict[date, dict[int | None, str]] = defaultdict(dict)
    if people is None or people:
        whom = "TRUE" if people is None else f"p.id IN ({_marks(people)})"
        sql = _WEEKLY.replace("{weekdays}", _marks(weekdays)).replace("{whom}", whom)
        weekly = _rows(sql, [*reversed(span), *weekdays, *(people or ())])
        for on, *row in _rows(_SPECIAL.replace("{whom}", whom), [*span, *(people or ())]):
            special[on].append(tuple(row))
    for on, location, name in _rows(_CLOSED, span):
        closed[on][location] = name
    zone = ZoneInfo(timezone.get_current_timezone_name())
    return {on: _work_day(on, weekly, special[on], closed[on], zone) for on in _days(first, last)}


def _marks(values: Sequence[int]) -> str:
    return ", ".join("%s" for _value in values)


def _rows(sql: str, values: Sequence[str | int]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def _work_day(
    on: date, weekly: list[tuple], special: list[tuple], closed: dict[int | None, str], zone: ZoneInfo
) -> WorkDay:
    other = {row[0] for row in special}
    rows = [(who, where, opens, closes) for who, where, opens, closes, _why in special if opens]
    rows += [
        (who, where, opens, closes)
        for who, where, weekday, opens, closes, starts_on, ends_on in weekly
        if weekday == on.weekday() and who not in other and starts_on <= on and (ends_on is None or on < ends_on)
    ]
    desks = [
        Desk(who, where, Span(_moment(on, opens, zone, at=0), _moment(on, closes, zone, at=-1)))
        for who, where, opens, closes in rows
        if None not in closed and where not in closed
    ]
    away = {who: why for who, _where, opens, _closes, why in special if not opens}
    return WorkDay(on, tuple(desk for desk in desks if desk.open.starts_at < desk.open.ends_at), closed, away)


@lru_cache(maxsize=1024)
def _moment(on: date, clock: time, zone: ZoneInfo, *, at: int) -> datetime:
    """When the clock shows that: the first or the last time, and the next time there is where it skips it."""
    found = wall_clock.moments(on, clock, zone) or (wall_clock.next_existing(on, clock, zone),)
    return (found[at] or datetime.combine(on, clock, UTC)).astimezone(UTC)


def has_hours(practitioner: int) -> bool:
    """True where the clinic has said when this person works; before that, any time goes."""
    return WorkingHours.objects.filter(practitioner=practitioner).exists()


def _days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)
