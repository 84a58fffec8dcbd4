"""Why a time is not offered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from treatments.rules.slots import (
    NOTHING,
    Ask,
    DayFacts,
    Diary,
    Span,
    Who,
    Why,
    united,
    without,
)


class ObstacleCode(StrEnum):
    PAST = "past"
    CLOSED_DAY = "closed_day"
    NOT_ALLOWED = "not_allowed"  # the practitioner may not do it
    NOT_WORKING = "not_working"
    AWAY = "away"
    PRACTITIONER_BUSY = "practitioner_busy"
    ROOM_BUSY = "room_busy"
    PATIENT_BUSY = "patient_busy"
    HELD = "held"
    PREPARATION = "preparation"  # for this visit or another one
    TOO_SHORT = "too_short"  # free, but not for the whole length
    OFF_GRID = "off_grid"  # free, but visits do not start then


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a time is not offered. `until` is when that ends; of `too_short`, when the free time does.

    None where it lasts all day. `number` is of the practitioner, room or patient.
    """

    code: ObstacleCode
    until: datetime | None
    who: Who
    number: int | None = None


_CODES = {
    Why.CLOSED: ObstacleCode.CLOSED_DAY,
    Why.AWAY: ObstacleCode.AWAY,
    Why.HELD: ObstacleCode.HELD,
    Why.PREPARATION: ObstacleCode.PREPARATION,
}
_BUSY = {
    Who.PRACTITIONER: ObstacleCode.PRACTITIONER_BUSY,
    Who.ROOM: ObstacleCode.ROOM_BUSY,
    Who.PATIENT: ObstacleCode.PATIENT_BUSY,
}


def why_not(day: DayFacts, ask: Ask, starts_at: datetime) -> list[Obstacle]:
    """What stands against a start; empty exactly where `offers` has it.

    Where anybody may do it, of those who work then. Of the rooms, the one nearest to being free.
    """
    starts_at = starts_at.astimezone(UTC)
    if ask.not_before and starts_at < ask.not_before:
        return [Obstacle(ObstacleCode.PAST, ask.not_before, Who.CLINIC)]
    if day.closed:
        return [Obstacle(ObstacleCode.CLOSED_DAY, None, Who.CLINIC)]
    diary = Diary(day)
    visit = Span(starts_at, starts_at + ask.length)
    found = _clash(diary, (Who.PATIENT, ask.patient), visit, ask, starts_at)
    return list(dict.fromkeys(found + _of_practitioners(day, ask, diary, starts_at)))


def _of_practitioners(day: DayFacts, ask: Ask, diary: Diary, at: datetime) -> list[Obstacle]:
    """Nothing where one of them has the time and a room."""
    if not ask.practitioners or ask.practitioner not in (None, *ask.practitioners):
        return [Obstacle(ObstacleCode.NOT_ALLOWED, None, Who.PRACTITIONER, ask.practitioner)]
    stretches = ask.stretches(day)
    at_work = [each for each in stretches if each[2].covers(at)]
    if not at_work:
        begins = min((span.starts_at for *_, span in stretches if span.starts_at > at), default=None)
        return [Obstacle(ObstacleCode.NOT_WORKING, begins, Who.PRACTITIONER, ask.practitioner)]
    found: list[Obstacle] = []
    for practitioner, location, stretch in at_work:
        against = _clash(diary, (Who.PRACTITIONER, practitioner), stretch, ask, at)
        against += _of_rooms(day, ask, diary, location, at)
        if not against and (at - stretch.starts_at) % ask.step:
            against = [Obstacle(ObstacleCode.OFF_GRID, None, Who.CLINIC)]
        if not against:
            return []
        found += against
    return found


def _of_rooms(day: DayFacts, ask: Ask, diary: Diary, location: int, at: datetime) -> list[Obstacle]:
    rooms = ask.suitable_rooms(day, location)
    clashes = [_clash(diary, (Who.ROOM, room), ask.whole(at), ask, at) for room in rooms]
    if not rooms:
        return [Obstacle(ObstacleCode.ROOM_BUSY, None, Who.ROOM)]
    return min(clashes, key=_nearness)


def _nearness(clash: list[Obstacle]) -> tuple[int, timedelta]:
    """No clash first, then the room that is free longest, then the one that is free soonest."""
    if not clash or clash[-1].until is None:
        return 0, NOTHING
    since = clash[-1].until - datetime.min.replace(tzinfo=UTC)
    return (1, -since) if clash[-1].code == ObstacleCode.TOO_SHORT else (2, since)


def _clash(diary: Diary, whose: tuple[Who, int | None], open_: Span, ask: Ask, at: datetime) -> list[Obstacle]:
    """What one practitioner, room or patient has against a start within `open_`."""
    who, number = whose
    taken = diary.of(who, number)
    busy = [each.span for each in taken]
    free = next((span for span in without([open_], busy) if span.covers(at)), None)
    if free is None:
        until = next(span.ends_at for span in united(busy) if span.covers(at))
        why, everybody = min((list(Why).index(each.why), each.everybody) for each in taken if each.span.covers(at))
        code = _CODES.get(list(Why)[why], _BUSY[who])
        return [Obstacle(code, until, Who.CLINIC) if everybody else Obstacle(code, until, who, number)]
    found = []
    if who != Who.PATIENT and free.starts_at > at - ask.preparation:
        found.append(Obstacle(ObstacleCode.PREPARATION, free.starts_at + ask.preparation, who, number))
    if free.ends_at < at + ask.length:
        found.append(Obstacle(ObstacleCode.TOO_SHORT, free.ends_at, who, number))
    return found
