"""Visits that lie outside the hours, closed days and the indications of their practitioner."""

from datetime import UTC, date, datetime, time

import pytest

from tests import factories
from treatments.queries.outside_hours import visits_outside
from treatments.services import appointments, hours, offered
from treatments.services.diary import Booking

pytestmark = pytest.mark.django_db
BY = {"by": factories.BY, "at": factories.NOW}
MONDAY = date(2026, 11, 23)


@pytest.fixture
def visit():
    """Monday ten to half past ten."""
    booking = Booking(
        factories.patient(), (factories.indication(),), factories.practitioner(), factories.room(),
        datetime(2026, 11, 23, 10, tzinfo=UTC), 30,
    )  # fmt: skip
    return appointments.book(booking, by=factories.staff("reception"), at=factories.NOW)


def week(visit, opens=time(9), closes=time(17), **fields):
    wanted = {"location": visit.room.location, "weekdays": [0], "starts_on": factories.TODAY} | BY | fields
    hours.set_hours(visit.practitioner, opens=opens, closes=closes, **wanted)


def found() -> list[str]:
    return [row.why for row in visits_outside(factories.TODAY)]


def test_without_hours_any_time_goes(visit):
    assert found() == []


@pytest.mark.parametrize(
    ("opens", "closes", "why"),
    [
        (time(10), time(10, 30), []),
        (time(10, 1), time(17), ["Works here 10:01 to 17:00"]),
        (time(9), time(10, 29), ["Works here 09:00 to 10:29"]),
    ],
)
def test_the_whole_visit_lies_inside(visit, opens, closes, why):
    week(visit, opens, closes)

    assert found() == why


def test_each_reason_has_its_words(visit):
    week(visit, weekdays=[1])
    assert found() == ["Does not work on that day"]
    week(visit, location=factories.Location.objects.create(name="Hill"))
    assert found() == ["Works elsewhere"]
    hours.add_exception(visit.practitioner, first_on=MONDAY, why="Course", **BY)
    assert found() == ["Away: Course"]
    hours.close_day(MONDAY, name="Works", **BY)
    assert found() == ["Closed: Works"]


def test_somebody_who_no_longer_injects_it_is_named(visit):
    offered.set_injectors(factories.indication(), [factories.practitioner()], **BY)

    assert found() == ["Does not inject Frown lines"]


def test_only_visits_to_come_are_listed(visit):
    hours.close_day(MONDAY, name="Works", **BY)
    assert visits_outside(date(2026, 11, 24)) == []

    appointments.cancel(visit, who="clinic", reason="Closed", **BY)

    assert found() == []


def test_a_visit_booked_knowingly_says_so(visit):
    hours.close_day(MONDAY, name="Works", **BY)
    reception = factories.staff("reception")
    booking = Booking(
        factories.patient(), (factories.indication(),), factories.practitioner(), factories.room(), visit.starts_at, 30
    )
    appointments.book(booking, by=reception, at=factories.NOW, acknowledged=True)

    assert [row.knowingly for row in visits_outside(factories.TODAY)] == [False, True]
