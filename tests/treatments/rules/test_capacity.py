"""How many visits still fit into a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.rules.capacity import visits_that_fit
from treatments.rules.slots import DayFacts, Desk, RoomAt, Span, Taken, Why

DAY = date(2026, 12, 1)


def span(first: str, last: str) -> Span:
    start, end = (datetime.fromisoformat(f"{DAY}T{each}:00").replace(tzinfo=UTC) for each in (first, last))
    return Span(start, end)


def day(*desks: Desk, rooms: int = 2, taken: tuple[Taken, ...] = (), closed: str = "") -> DayFacts:
    return DayFacts(DAY, desks, tuple(RoomAt(n, 1) for n in range(rooms)), taken, closed)


def visit(who: int, room: int, first: str, last: str) -> Taken:
    return Taken(span(first, last), who, room, None, Why.VISIT)


MORNING, LATER = Desk(1, 1, span("09:00", "12:00")), Desk(2, 1, span("10:00", "12:00"))


@pytest.mark.parametrize(
    ("facts", "minutes", "number"),
    [
        (day(MORNING), 30, 6),
        (day(MORNING), 45, 4),
        (day(MORNING, LATER), 30, 10),
        (day(MORNING, LATER, rooms=1), 30, 6),  # there is one room
        (day(MORNING, rooms=0), 30, 0),
        (day(MORNING, taken=(visit(1, 0, "09:00", "10:00"),)), 30, 4),
        (day(MORNING, taken=(visit(1, 0, "09:20", "09:40"),)), 30, 4),  # twenty minutes are no visit
        (day(MORNING, taken=(visit(2, 0, "09:00", "12:00"),), rooms=1), 30, 0),
        (day(MORNING, closed="Holiday"), 30, 0),
        (day(), 30, 0),
    ],
)
def test_visits_fit_beside_one_another(facts: DayFacts, minutes: int, number: int):
    assert visits_that_fit(facts, minutes=minutes) == number


def test_what_is_past_today_is_not_free():
    at = datetime(2026, 12, 1, 10, 10, tzinfo=UTC)

    assert visits_that_fit(day(MORNING), minutes=30, not_before=at) == 3


def test_of_one_person_alone():
    assert visits_that_fit(day(MORNING, LATER), minutes=30, practitioner=2) == 4


@given(st.integers(0, 170), st.integers(1, 60), st.integers(5, 60))
def test_another_visit_never_makes_room(start: int, length: int, minutes: int):
    begins = MORNING.open.starts_at + timedelta(minutes=start)
    taken = Taken(Span(begins, begins + timedelta(minutes=length)), 1, 0, None, Why.VISIT)

    assert visits_that_fit(day(MORNING, taken=(taken,)), minutes=minutes) <= visits_that_fit(
        day(MORNING), minutes=minutes
    )
