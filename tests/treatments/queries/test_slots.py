"""One read for any range of days: whose time is taken, by what, and the same number of queries for a day and a month."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from clinic.models import ClosedDay, HoursException, Location, WorkingHours
from tests import factories
from tests.factories import NOW
from treatments.models import Appointment, Service, SlotHold
from treatments.queries import slots
from treatments.rules.slots import Span, Why
from treatments.services import appointments

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 23)


def at(hour, minute=0, on=MONDAY) -> datetime:
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=UTC)


def works(who, *, location=None, weekday=0, opens=time(9), closes=time(17)) -> WorkingHours:
    location = location or Location.objects.get_or_create(name="Harbour")[0]
    return WorkingHours.objects.create(
        practitioner=who, location=location, weekday=weekday, opens=opens, closes=closes, starts_on=date(2026, 1, 1)
    )


def booked(who, room, starts_at, **fields) -> Appointment:
    wanted = appointments.Booking(
        factories.patient(), (factories.indication(),), who, room, starts_at, fields.pop("minutes", 30), **fields
    )
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


def held(who, room, starts_at, *, by="another", until=NOW + timedelta(minutes=5)) -> SlotHold:
    return SlotHold.objects.create(
        patient=factories.patient(), practitioner=who, room=room, by=by, until=until,
        starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30),
    )  # fmt: skip


def day_of(on=MONDAY, **fields):
    return slots.days(on, on, at=NOW, **fields)[on]


def test_a_day_knows_its_desks_rooms_and_what_is_taken():
    osei, room = factories.practitioner(), factories.room()
    works(osei)
    visit = booked(osei, room, at(10))

    facts = day_of().facts

    assert [(desk.practitioner, desk.open) for desk in facts.desks] == [(osei.pk, Span(at(9), at(17)))]
    assert [(each.room, each.location) for each in facts.rooms] == [(room.pk, room.location_id)]
    [taken] = facts.taken
    assert (taken.span, taken.why) == (Span(at(10), at(10, 30)), Why.VISIT)
    assert (taken.practitioner, taken.room, taken.patient) == (osei.pk, room.pk, visit.patient_id)


def test_preparation_takes_practitioner_and_room_before_the_visit():
    osei, room = factories.practitioner(), factories.room()
    booked(osei, room, at(10), service=Service.objects.create(name="Prepared", prepare_minutes=20))

    taken = {each.why: each for each in day_of().facts.taken}

    assert taken[Why.PREPARATION].span == Span(at(9, 40), at(10))
    assert (taken[Why.PREPARATION].practitioner, taken[Why.PREPARATION].patient) == (osei.pk, None)


@pytest.mark.parametrize(
    ("state", "counts"), [("booked", 1), ("on_hold", 1), ("done", 1), ("cancelled", 0), ("missed", 0)]
)
def test_only_what_takes_time_is_taken(state, counts):
    visit = booked(factories.practitioner(), factories.room(), at(10))
    Appointment.objects.filter(pk=visit.pk).update(state=state)

    assert len(day_of().facts.taken) == counts


def test_the_visit_that_is_moved_takes_no_time_from_itself():
    visit = booked(factories.practitioner(), factories.room(), at(10))

    assert day_of(but=visit.pk).facts.taken == ()


def test_holds_of_others_count_until_they_run_out_and_own_ones_never():
    osei, room = factories.practitioner(), factories.room()
    held(osei, room, at(10))
    held(osei, room, at(11), by="me")
    held(osei, room, at(12), until=NOW)

    day = day_of(by="me")

    assert [(each.span.starts_at, each.by) for each in day.held] == [(at(10), "another")]
    [taken] = day.facts.taken
    assert (taken.why, taken.patient) == (Why.HELD, None)


def test_what_goes_past_midnight_lies_in_both_days():
    booked(factories.practitioner(), factories.room(), at(23, 30), minutes=60)

    both = slots.days(MONDAY, MONDAY + timedelta(days=1), at=NOW)

    assert [len(day.facts.taken) for day in both.values()] == [1, 1]
    assert len(day_of(MONDAY + timedelta(days=1)).facts.taken) == 1


def test_a_closed_day_says_why_and_has_no_desks():
    works(factories.practitioner())
    ClosedDay.objects.create(on=MONDAY, name="Founders' day")

    day = day_of()

    assert (day.facts.closed, day.facts.desks) == ("Founders' day", ())


def test_somebody_away_says_why():
    osei = factories.practitioner()
    works(osei)
    HoursException.objects.create(practitioner=osei, on=MONDAY, why="Course")

    day = day_of()

    assert (day.away, day.facts.desks) == ({osei.pk: "Course"}, ())


def test_a_day_and_two_months_full_of_visits_cost_the_same_five_queries(django_assert_num_queries):
    osei, room = factories.practitioner(), factories.room()
    works(osei)
    for hour in (9, 11, 13):
        booked(osei, room, at(hour))
        held(osei, room, at(hour + 1), by=f"someone{hour}")

    with django_assert_num_queries(5):
        day_of()
    with django_assert_num_queries(5):
        found = slots.days(MONDAY, MONDAY + timedelta(days=60), at=NOW)

    assert len(found) == 61


def test_everybody_injects_what_nobody_is_named_for():
    assert slots.injectors([factories.indication()]) is None


def test_of_several_uses_only_those_who_inject_all_are_left():
    osei, lin = factories.practitioner(), factories.practitioner()
    frown, migraine = factories.indication(), factories.indication("chronic_migraine")
    frown.injectors.set([osei, lin])
    migraine.injectors.set([lin])

    assert slots.injectors([frown, migraine]) == {lin.pk}
    assert slots.injectors([frown, factories.indication("axillary_hyperhidrosis")]) == {osei.pk, lin.pk}


def test_the_last_visit_is_one_that_took_place():
    person, osei, room = factories.patient(), factories.practitioner(), factories.room()
    for hour in (10, 12):
        wanted = appointments.Booking(person, (factories.indication(),), osei, room, at(hour), 30)
        last = appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)
    appointments.cancel(last, who="patient", reason="Unwell", by="maya", at=NOW)

    found = slots.last_visit(person, before=at(18))

    assert found == slots.LastVisit(at(10), osei.pk, room.pk)
    assert slots.last_visit(person, before=at(9)) is None
