"""What the calendar reads: visits, hours, rooms, and times that somebody has just chosen."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import WorkingHours
from tests import factories
from tests.factories import BY, NOW
from treatments.models import Appointment, Service, SlotHold
from treatments.queries import calendar
from treatments.services import appointments

pytestmark = pytest.mark.django_db

TUESDAY = date(2026, 11, 24)


def at(hour: int, minute: int = 0, on: date = TUESDAY) -> datetime:
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=UTC)


def booked(hour: int = 10, minute: int = 0, *, on: date = TUESDAY, **fields) -> Appointment:
    wanted = {
        "patient": fields.pop("patient", None) or factories.patient(),
        "indications": (factories.indication(),),
        "practitioner": fields.pop("practitioner", None) or factories.practitioner(),
        "room": fields.pop("room", None) or factories.room(),
        "starts_at": at(hour, minute, on),
        "minutes": 30,
    }
    wanted = appointments.Booking(**(wanted | fields))
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


def read(first: date = TUESDAY, last: date | None = None, **fields) -> calendar.Days:
    return calendar.read(first, last or first, at=NOW, by=BY, **fields)


def test_a_visit_says_who_what_with_whom_where_and_when():
    service = Service.objects.create(name="First treatment", minutes=30, prepare_minutes=10)
    person = factories.patient(family_name="Marsh", given_name="Alina")
    visit = booked(14, 30, patient=person, service=service)

    (found,) = read().visits

    assert found == (
        visit.pk, TUESDAY, visit.practitioner_id, visit.room_id, at(14, 30), at(15), 10, "booked", "",
        visit.public_id, person.public_id, "MARSH, Alina", "Frown lines", "", False,
    )  # fmt: skip
    assert found.starts_at.tzinfo is not None


def test_a_visit_for_two_areas_is_one_visit_that_names_both_and_one_for_none_names_its_kind():
    both = booked(9, indications=(factories.indication(), factories.indication("forehead_lines")))
    review = Service.objects.create(name="Review", is_treatment=False, minutes=15)
    booked(11, indications=(), service=review)

    assert [visit.what for visit in read().visits] == ["Frown lines, Forehead lines", "Review"]
    assert read().visits[0].pk == both.pk


def test_visits_of_other_days_are_left_out_and_those_of_the_day_come_by_time():
    late, early = booked(15), booked(9)
    booked(9, on=TUESDAY + timedelta(days=1))
    booked(9, on=TUESDAY - timedelta(days=1))

    assert [visit.pk for visit in read().visits] == [early.pk, late.pk]


def test_the_day_is_the_clinics():
    summer = date(2027, 6, 30)
    visit = booked(22, 30, on=summer)  # 23:30 on the clinic's clock

    (found,) = read(summer).visits

    assert (found.pk, found.on) == (visit.pk, summer)


def test_what_is_shown_can_be_narrowed_and_what_is_taken_is_not():
    mine, other = booked(9), booked(9)
    held = booked(11)
    factories.flag(held.patient, starts_on=TUESDAY)

    one = read(practitioner=mine.practitioner_id)
    only_held = read(held_only=True)

    assert [visit.pk for visit in one.visits] == [mine.pk]
    assert {busy.pk for busy in one.busy} == {mine.pk, other.pk, held.pk}
    assert [(visit.pk, visit.state) for visit in only_held.visits] == [(held.pk, "on_hold")]
    assert {busy.pk for busy in only_held.busy} == {mine.pk, other.pk, held.pk}


def test_cancelled_visits_are_shown_and_take_no_time():
    visit = booked()
    appointments.cancel(visit, who="patient", reason="Has a cold", by=BY, at=NOW)

    days = read()

    assert [(found.pk, found.state) for found in days.visits] == [(visit.pk, "cancelled")]
    assert days.busy == []


@pytest.mark.parametrize(
    ("by", "until", "taken"),
    [("somebody", timedelta(minutes=1), True), (BY, timedelta(minutes=1), False), ("somebody", timedelta(0), False)],
)
def test_a_time_chosen_a_moment_ago_is_taken_for_everybody_else_until_it_runs_out(by, until, taken):
    practitioner, room = factories.practitioner(), factories.room()
    SlotHold.objects.create(
        patient=factories.patient(), practitioner=practitioner, room=room, starts_at=at(10), ends_at=at(10, 30),
        by=by, until=NOW + until,
    )  # fmt: skip

    kept = [(busy.kept, busy.on, busy.practitioner, busy.room, busy.starts_at, busy.ends_at) for busy in read().busy]

    assert kept == ([(True, TUESDAY, practitioner.pk, room.pk, at(10), at(10, 30))] if taken else [])
    assert read(TUESDAY + timedelta(days=1)).busy == []


def test_everybody_is_known_by_name_and_those_who_left_as_such():
    lin, osei = factories.practitioner(name="T. Lin"), factories.practitioner(name="R. Osei", is_active=False)
    room = factories.room(name="Room 1", is_active=False)

    days = read()

    assert list(days.practitioners.items()) == [(osei.pk, "R. Osei"), (lin.pk, "T. Lin")]
    assert days.here == {lin.pk}
    assert days.rooms[room.pk] == ("Room 1", room.location_id, "Harbour", False)
    assert days.locations == 1


@pytest.mark.parametrize("weekly", [False, True])
def test_the_number_of_queries_is_the_same_for_one_visit_and_for_many(weekly: bool):
    visit = booked(9)
    opens = {"location": visit.room.location, "opens": time(9), "closes": time(17), "starts_on": date(2026, 1, 1)}
    WorkingHours.objects.create(practitioner=visit.practitioner, weekday=1, **opens)
    fields = {"last": TUESDAY + timedelta(days=6), "held_only": True} if weekly else {}

    numbers = []
    for _time in range(2):
        with CaptureQueriesContext(connection) as queries:
            read(**fields)
        numbers.append(len(queries))
        for hour in range(10, 16):
            booked(hour)

    assert numbers == [8, 8] if weekly else [7, 7]
