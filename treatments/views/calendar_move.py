"""Move mode: which times of the calendar a visit can be moved to, and why the others are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatments.models import Appointment
from treatments.queries import slots
from treatments.rules import slots as rules
from treatments.rules.obstacles import ObstacleCode, why_not
from treatments.rules.slots import Ask, DayFacts
from treatments.views.calendar_columns import Column, Offer, moment_of, row_of

_WORDS = {
    ObstacleCode.NOT_ALLOWED: gettext_lazy("Does not do this"),
    ObstacleCode.PATIENT_BUSY: gettext_lazy("The patient has another visit"),
    ObstacleCode.PREPARATION: gettext_lazy("No time to prepare"),
    ObstacleCode.ROOM_BUSY: gettext_lazy("No room free"),
    ObstacleCode.HELD: gettext_lazy("Being booked"),
}


class Names(NamedTuple):
    """Those who work here and the rooms in use, by number."""

    people: Mapping[int, str]
    rooms: Mapping[int, str]


def visits() -> QuerySet[Appointment]:
    return Appointment.objects.select_related("patient", "practitioner", "room", "service").defer("findings")


def minutes_of(visit: Appointment) -> int:
    return int((visit.ends_at - visit.starts_at).total_seconds() // 60)


def put_offers(columns: Sequence[Column], visit: Appointment, *, by_room: bool, now: datetime, by: str) -> None:
    """Mark on each column where the visit stands, where it can go, and why it cannot go elsewhere."""
    if not columns:
        return
    rooms, people = slots.rooms(), slots.practitioners()
    names = Names({each.pk: each.name for each in people}, {each.pk: each.name for each in rooms})
    first, last = columns[0].on, columns[-1].on
    days = slots.days(first, last, at=now, by=by, but=visit.pk, rooms_at_hand=rooms)
    whole, zone = _ask(visit, frozenset(names.people), now), timezone.get_current_timezone()
    for column in columns:
        day = days[column.on].facts
        ask = _in_room(whole, column.number) if by_room else replace(whole, practitioner=column.number)
        for found in rules.offers(day, ask) if ask else ():
            column.offers.setdefault(row_of(found.starts_at, zone), _offer(visit, names, found, by_room=by_room))
        if visit.on == column.on and column.number == (visit.room_id if by_room else visit.practitioner_id):
            column.here = row_of(visit.starts_at, zone)
        _put_refusals(column, day, ask)


def _ask(visit: Appointment, people: frozenset[int], now: datetime) -> Ask:
    """What the visit needs of another time: its length, its preparation, who may do it, and where."""
    service = visit.service
    allowed = slots.injectors(course.indication for course in visit.courses.select_related("indication"))
    return Ask(
        patient=visit.patient_id,
        minutes=minutes_of(visit),
        prepare_minutes=service.prepare_minutes if service else 0,
        room=visit.room_id,
        rooms=frozenset(service.rooms.values_list("pk", flat=True)) if service else frozenset(),
        practitioners=people if allowed is None else people & allowed,
        not_before=now,
        usual_practitioner=visit.practitioner_id,
    )


def _in_room(ask: Ask, room: int) -> Ask | None:
    """The same visit in this room; None where its service does not take place there."""
    return replace(ask, rooms=frozenset({room})) if room in (ask.rooms or {room}) else None


def _offer(visit: Appointment, names: Names, found: rules.Offer, *, by_room: bool) -> Offer:
    start = timezone.localtime(found.starts_at)
    who, room = names.people[found.practitioner], names.rooms[found.room]
    time = f"{start:%H:%M}"
    to = {"date": start.date().isoformat(), "time": time, "with": found.practitioner, "room": found.room}
    url = f"{reverse('visit_move', args=[visit.public_id])}?{urlencode(to)}"
    return Offer(time, f"{room}, {who}" if by_room else who, url)


def _put_refusals(column: Column, day: DayFacts, ask: Ask | None) -> None:
    """A word in the first row of each free stretch into which no offer has led."""
    zone, rows = timezone.get_current_timezone(), column.free
    while rows:
        row = (rows & -rows).bit_length() - 1
        if row not in column.offers and not column.free << 1 >> row & 1:
            column.refusals[row] = _why_not(day, ask, moment_of(column.on, row, zone)) if ask else _("Not in this room")
        rows &= rows - 1


def _why_not(day: DayFacts, ask: Ask, at: datetime) -> str:
    for obstacle in why_not(day, ask, at):
        if obstacle.code == ObstacleCode.TOO_SHORT and obstacle.until:
            return _("%(n)d min free") % {"n": int((obstacle.until - at).total_seconds() // 60)}
        if obstacle.code in _WORDS:
            return str(_WORDS[obstacle.code])
    return ""
