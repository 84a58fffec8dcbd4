"""The calendar of some days: hours, rooms and visits as rows, in the same number of queries for one visit and for 280.

It judges nobody: of a visit it knows the stored state (booked, on hold, …) and never asks the gate, which is asked when
a visit is booked, moved and checked in, and whenever a fact of the patient changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from treatments.models import Appointment
from treatments.models.appointments import TAKES_TIME
from treatments.models.patients import list_name
from treatments.queries import hours
from treatments.queries.hours import WorkDay


class Busy(NamedTuple):
    """A time that is taken from these; `kept` where a colleague has just chosen it and may still confirm."""

    pk: int
    on: date
    practitioner: int
    room: int
    starts_at: datetime
    ends_at: datetime
    prepare: int = 0
    kept: bool = False


class Visit(NamedTuple):
    """A visit as the calendar shows it, a busy time at once; `prepare` are the minutes kept free before it, `what` its
    areas or its kind, `reply` what the patient said of it.
    """

    pk: int
    on: date
    practitioner: int
    room: int
    starts_at: datetime
    ends_at: datetime
    prepare: int
    state: str
    reason: str
    public_id: str
    patient_id: str
    name: str
    what: str
    reply: str = ""
    kept: bool = False


class RoomLine(NamedTuple):
    name: str
    location: int
    location_name: str
    in_use: bool


@dataclass(frozen=True, slots=True)
class Days:
    """`practitioners`: everybody by number and name, in order of name; `here`: those who still work here."""

    work: dict[date, WorkDay]
    visits: list[Visit]
    busy: list[Busy | Visit]
    practitioners: dict[int, str]
    here: frozenset[int]
    rooms: dict[int, RoomLine]

    @property
    def locations(self) -> int:
        return len({room.location for room in self.rooms.values()})


def read(
    first: date, last: date, *, at: datetime, by: str, practitioner: int | None = None, held_only: bool = False
) -> Days:
    """The days from `first` to `last`, both included. What `by` has chosen and not confirmed is not taken for themselves.

    `practitioner` and `held_only` narrow the visits that are shown, never what is taken.
    """
    shown = _visits(first, last, practitioner, held_only)
    busy: list[Busy | Visit] = [*_kept(first, last, at=at, by=by)]
    if practitioner is None and not held_only:
        busy += [visit for visit in shown if visit.state in TAKES_TIME]
    else:
        busy += _busy(first, last)
    people = _rows(_PEOPLE)
    return Days(
        hours.work_days(first, last),
        shown,
        busy,
        {pk: name for pk, name, _active in people},
        frozenset(pk for pk, _name, active in people if active),
        {pk: RoomLine(name, location, where, bool(used)) for pk, name, location, where, used in _rows(_ROOMS)},
    )


# In SQL, because to put a query together costs the ORM more than all its rows cost the database.
_PEOPLE = "SELECT id, name, is_active FROM clinic_practitioner ORDER BY name, id"
_ROOMS = """
SELECT r.id, r.name, r.location_id, l.name, r.is_active AND l.is_active
FROM clinic_room r JOIN clinic_location l ON l.id = r.location_id ORDER BY l.name, r.name, r.id"""
_KEPT = """
SELECT practitioner_id, room_id, CAST(starts_at AS text), CAST(ends_at AS text) FROM treatments_slothold
WHERE until > %s AND by <> %s ORDER BY starts_at, id"""
_VISITS = """
SELECT a.id, CAST(a."on" AS text), a.practitioner_id, a.room_id, CAST(a.starts_at AS text), CAST(a.ends_at AS text),
       s.prepare_minutes, a.state, a.state_reason, a.public_id, p.public_id, p.family_name, p.given_name, i.short_name,
       s.name, a.reply
FROM treatments_appointment a
JOIN treatments_patient p ON p.id = a.patient_id
LEFT JOIN treatments_service s ON s.id = a.service_id
LEFT JOIN treatments_appointment_courses ac ON ac.appointment_id = a.id
LEFT JOIN treatments_course c ON c.id = ac.course_id
LEFT JOIN treatments_indication i ON i.id = c.indication_id
WHERE a."on" BETWEEN %s AND %s"""
_OF_ONE = " AND a.practitioner_id = %s"
_HELD = " AND a.state = 'on_hold'"
_BY_TIME = " ORDER BY a.starts_at, a.id, c.id"


def _visits(first: date, last: date, practitioner: int | None, held_only: bool) -> list[Visit]:
    """By time. The database gives one row for each area of a visit."""
    sql = _VISITS + (_OF_ONE if practitioner is not None else "") + (_HELD if held_only else "") + _BY_TIME
    wanted: list[str | int] = [first.isoformat(), last.isoformat()]
    wanted += [practitioner] if practitioner is not None else []
    found: dict[int, Visit] = {}
    for (
        pk,
        on,
        who,
        room,
        start,
        end,
        prepare,
        state,
        reason,
        public_id,
        patient,
        family,
        given,
        area,
        kind,
        reply,
    ) in _rows(sql, *wanted):
        if known := found.get(pk):
            found[pk] = known._replace(what=f"{known.what}, {area}")
            continue
        name, what = list_name(family, given), area or kind or ""
        time = (_day(on), who, room, _moment(start), _moment(end), prepare or 0)
        found[pk] = Visit(pk, *time, state, reason, public_id, patient, name, what, reply)
    return list(found.values())


@lru_cache(maxsize=1024)
def _day(text: str) -> date:
    return date.fromisoformat(text)


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime:
    """Days and moments come as text, and each is read once: a day has few times. SQLite leaves out the zone, UTC."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _busy(first: date, last: date) -> list[Busy]:
    rows = Appointment.objects.taking_time().filter(on__range=(first, last)).order_by("starts_at", "pk")
    columns = ("pk", "on", "practitioner", "room", "starts_at", "ends_at", "service__prepare_minutes")
    return [
        Busy(pk, on, who, room, start, end, prepare or 0)
        for pk, on, who, room, start, end, prepare in rows.values_list(*columns)
    ]


def _kept(first: date, last: date, *, at: datetime, by: str) -> list[Busy]:
    """Times chosen a moment ago by somebody else: a handful at most, whatever the day."""
    until = str(connection.ops.adapt_datetimefield_value(at))
    found = [
        Busy(0, timezone.localtime(_moment(start)).date(), who, room, _moment(start), _moment(end), kept=True)
        for who, room, start, end in _rows(_KEPT, until, by)
    ]
    return [busy for busy in found if first <= busy.on <= last]


def _rows(sql: str, *values: str | int) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
