"""How many visits still fit into a day: the free time of people and rooms, cut into visits."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from treatments.rules.slots import DayFacts, Diary, Span, Who, united, without


def visits_that_fit(
    day: DayFacts, *, minutes: int, not_before: datetime | None = None, practitioner: int | None = None
) -> int:
    """Visits of that length, preparation included, that fit beside one another: at most one per person and per room.

    Each location takes the smaller of what its people and what its rooms have left.
    """
    if day.closed:
        return 0
    diary = Diary(day)
    open_: dict[int, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for desk in day.desks:
        if practitioner in (None, desk.practitioner):
            open_[desk.location][desk.practitioner].append(desk.open)
    total = 0
    for location, people in open_.items():
        hours = united(span for spans in people.values() for span in spans)
        by_people = sum(
            _fit(spans, [t.span for t in diary.of(Who.PRACTITIONER, who)], minutes, not_before)
            for who, spans in people.items()
        )
        rooms = [room.room for room in day.rooms if room.location == location]
        by_rooms = sum(_fit(hours, [t.span for t in diary.of(Who.ROOM, room)], minutes, not_before) for room in rooms)
        total += min(by_people, by_rooms)
    return total


def _fit(open_: list[Span], taken: list[Span], minutes: int, not_before: datetime | None) -> int:
    free = without(open_, taken)
    if not_before:
        free = [Span(max(span.starts_at, not_before), span.ends_at) for span in free if span.ends_at > not_before]
    return sum(span.minutes // minutes for span in free)
