"""Hours and closed days as verbs; their doors are tested with the admin panel."""

from datetime import date, time

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent, ClosedDay, HoursException, WorkingHours
from tests import factories
from treatments.queries.hours import work_days
from treatments.services import hours

pytestmark = pytest.mark.django_db
BY = {"by": factories.BY, "at": factories.NOW}
MONDAY = date(2026, 11, 23)


@pytest.fixture
def who():
    return factories.practitioner()


@pytest.fixture
def place():
    return factories.room().location


def week(who, place, **fields):
    wanted = {"weekdays": [0], "opens": time(9), "closes": time(17), "starts_on": factories.TODAY} | BY | fields
    return hours.set_hours(who, location=place, **wanted)


@pytest.mark.parametrize(
    ("first", "second", "free"),
    [
        ({}, {"opens": time(17), "closes": time(18)}, True),
        ({}, {"opens": time(16, 59), "closes": time(18)}, False),
        ({}, {"opens": time(8), "closes": time(9)}, True),
        ({}, {"opens": time(10), "closes": time(11)}, False),
        ({}, {"weekdays": [1]}, True),
        ({"ends_on": date(2026, 12, 1)}, {"starts_on": date(2026, 12, 1)}, True),
        ({"ends_on": date(2026, 12, 1)}, {"starts_on": date(2026, 11, 30)}, False),
        ({"starts_on": date(2027, 1, 1)}, {"ends_on": date(2027, 1, 1)}, True),
        ({"starts_on": date(2027, 1, 1)}, {"ends_on": date(2027, 1, 2)}, False),
        ({"starts_on": date(2027, 1, 1)}, {}, False),
    ],
)
def test_hours_of_one_person_overlap_in_time_of_day_and_in_days(who, place, first, second, free):
    week(who, place, **first)

    if free:
        week(who, place, **second)
    else:
        with pytest.raises(ValidationError, match="already works at"):
            week(who, place, **second)

    assert WorkingHours.objects.count() == 1 + free


def test_two_people_work_at_the_same_time(who, place):
    week(who, place)

    week(factories.practitioner(), place)

    assert WorkingHours.objects.count() == 2


def test_hours_that_overlap_on_one_day_are_set_on_none(who, place):
    week(who, place, weekdays=[2])

    with pytest.raises(ValidationError):
        week(who, place, weekdays=[0, 1, 2])

    assert list(WorkingHours.objects.values_list("weekday", flat=True)) == [2]
    assert AuditEvent.objects.filter(verb="hours.set").count() == 1


def test_hours_that_end_before_they_begin_are_taken_away(who, place):
    [row] = week(who, place, starts_on=date(2027, 1, 1))

    assert hours.end_hours(row, ends_on=date(2027, 1, 1), **BY) is None

    assert WorkingHours.objects.count() == 0
    assert AuditEvent.objects.filter(verb="hours.removed", object_id=str(row.pk)).count() == 1


def test_other_hours_keep_the_day_on_which_the_old_ones_would_have_ended(who, place):
    [row] = week(who, place, ends_on=date(2027, 3, 1))
    times = {"opens": time(12), "closes": time(20)}

    hours.change_hours(row, location=place, starts_on=date(2027, 1, 4), **times, **BY)
    with pytest.raises(ValidationError):
        hours.change_hours(row, location=place, starts_on=date(2027, 2, 1), **times, **BY)

    rows = WorkingHours.objects.order_by("starts_on").values_list("opens", "ends_on")
    assert list(rows) == [(time(9), date(2027, 1, 4)), (time(12), date(2027, 3, 1))]


def test_hours_are_changed_to_nothing_that_is_refused(who, place):
    [row] = week(who, place)
    week(who, place, opens=time(18), closes=time(20))

    with pytest.raises(ValidationError, match="already works at"):
        hours.change_hours(row, location=place, starts_on=MONDAY, opens=time(9), closes=time(19), **BY)

    row.refresh_from_db()
    assert row.ends_on is None


def test_what_is_set_is_what_the_diary_reads(who, place):
    week(who, place)
    hours.add_exception(who, first_on=date(2026, 11, 30), why="Course", **BY)
    hours.close_day(date(2026, 12, 7), name="Works", **BY)

    days = work_days(MONDAY, date(2026, 12, 7))

    assert [len(days[on].desks) for on in (MONDAY, date(2026, 11, 30), date(2026, 12, 7))] == [1, 0, 0]
    assert days[date(2026, 11, 30)].away == {who.pk: "Course"}
    assert days[date(2026, 12, 7)].closed_everywhere == "Works"


def test_one_location_closes_while_the_other_works(place):
    other = factories.Location.objects.create(name="Hill")

    hours.close_day(MONDAY, name="Works", location=place, **BY)
    hours.close_day(MONDAY, name="Fire drill", location=other, **BY)
    with pytest.raises(ValidationError, match="closed day already"):
        hours.close_day(MONDAY, name="Again", location=place, **BY)

    assert ClosedDay.objects.count() == 2


def test_days_are_closed_all_or_none():
    hours.close_day(MONDAY, name="Works", **BY)

    with pytest.raises(ValidationError):
        hours.close_days([(date(2026, 11, 24), "Works"), (MONDAY, "Works")], **BY)

    assert list(ClosedDay.objects.values_list("on", flat=True)) == [MONDAY]


@pytest.mark.parametrize("verb", ["remove_hours", "remove_exception", "open_day"])
def test_what_is_taken_away_twice_leaves_one_row_in_the_audit_trail(who, place, verb):
    row = {
        "remove_hours": lambda: week(who, place)[0],
        "remove_exception": lambda: hours.add_exception(who, first_on=MONDAY, **BY)[0],
        "open_day": lambda: hours.close_day(MONDAY, name="Works", **BY),
    }[verb]()
    again = type(row)._default_manager.get(pk=row.pk)

    getattr(hours, verb)(row, **BY)
    getattr(hours, verb)(again, **BY)

    assert (WorkingHours.objects.count(), HoursException.objects.count(), ClosedDay.objects.count()) == (0, 0, 0)
    assert AuditEvent.objects.filter(verb__regex="removed|opened").count() == 1
