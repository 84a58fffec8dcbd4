"""What an hour allows: working hours, closed days, kinds of visit, preparation, a time somebody has just chosen."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import ClosedDay, HoursException, WorkingHours
from tests import factories
from tests.factories import NOW
from treatments.models import Service, SlotHold
from treatments.rules.findings import Refused, TimeTaken
from treatments.services import appointments, diary, slot_holds
from treatments.services.diary import Booking

pytestmark = pytest.mark.django_db
TUESDAY = date(2026, 12, 1)
TEN = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


def booking(**fields) -> Booking:
    defaults = {
        "patient": fields.pop("patient", None) or factories.patient(),
        "indications": (factories.indication(),),
        "practitioner": fields.pop("practitioner", None) or factories.practitioner(),
        "room": fields.pop("room", None) or factories.room(),
        "starts_at": TEN,
        "minutes": 30,
    }
    return Booking(**(defaults | fields))


def book(wanted: Booking, **how):
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, **({"acknowledged": True} | how))


def works(wanted: Booking, opens=time(9), closes=time(17), **fields) -> None:
    defaults = {"weekday": 1, "starts_on": date(2026, 1, 1), "location": wanted.room.location}
    WorkingHours.objects.create(practitioner=wanted.practitioner, opens=opens, closes=closes, **(defaults | fields))


def said(wanted: Booking) -> list[tuple[str, str]]:
    return [(found.code, found.sentence) for found in diary.hours_findings(wanted)]


# ---- hours ----


def test_without_hours_of_their_own_any_time_goes():
    assert said(booking()) == []


@pytest.mark.parametrize(
    ("at", "minutes", "inside"),
    [("09:00", 30, True), ("16:30", 30, True), ("08:55", 30, False), ("16:45", 30, False), ("17:00", 30, False)],
)
def test_a_visit_lies_within_the_hours_of_the_day(at, minutes, inside):
    wanted = booking(starts_at=datetime.fromisoformat(f"2026-12-01T{at}+00:00"), minutes=minutes)
    works(wanted)

    expected = (
        [] if inside else [("outside_hours", f"{wanted.practitioner} works here from 09:00 to 17:00 on that day.")]
    )
    assert said(wanted) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"weekday": 2},
        {"starts_on": date(2026, 12, 2)},
        {"ends_on": TUESDAY},
    ],
)
def test_hours_of_another_day_or_time_do_not_count(change):
    wanted = booking()
    works(wanted, **change)

    assert said(wanted) == [("outside_hours", f"{wanted.practitioner} does not work here then.")]


def test_an_exception_stands_in_place_of_the_week():
    wanted = booking()
    works(wanted)
    HoursException.objects.create(practitioner=wanted.practitioner, on=TUESDAY, why="Course")

    assert said(wanted) == [("outside_hours", f"{wanted.practitioner} does not work here then.")]

    HoursException.objects.create(
        practitioner=wanted.practitioner, on=TUESDAY, location=wanted.room.location, opens=time(10), closes=time(12)
    )
    assert said(wanted) == []


@pytest.mark.parametrize(("where", "closed"), [("everywhere", True), ("here", True), ("there", False)])
def test_a_closed_day_says_why(where, closed):
    wanted = booking()
    works(wanted)
    there = factories.room(location=type(wanted.room.location).objects.create(name="Hill")).location
    location = {"everywhere": None, "here": wanted.room.location, "there": there}[where]
    ClosedDay.objects.create(on=TUESDAY, location=location, name="Stocktaking")

    expected = [("clinic_closed", "The clinic is closed on that day: Stocktaking.")]
    assert said(wanted) == (expected if closed else [])


def test_staff_may_book_outside_the_hours_knowingly():
    wanted = booking(starts_at=TEN + timedelta(hours=9))
    works(wanted)

    with pytest.raises(Refused) as refusal:
        book(wanted, acknowledged=False)
    assert "outside_hours" in {found.code for found in refusal.value.findings}

    assert book(wanted).acknowledged_by


# ---- kinds of visit and people ----


def test_an_indication_is_booked_with_those_who_inject_it():
    wanted = booking()
    wanted.indications[0].injectors.add(factories.practitioner())

    with pytest.raises(ValidationError, match=f"{wanted.practitioner} does not inject Frown lines"):
        book(wanted)
    wanted.indications[0].injectors.add(wanted.practitioner)
    assert book(wanted).state == "booked"


def test_a_kind_of_visit_has_its_rooms_and_its_indications():
    service = Service.objects.create(name="Chair treatment")
    service.rooms.add(factories.room(name="Laser"))
    service.indications.add(factories.indication("cervical_dystonia"))

    with pytest.raises(ValidationError) as refusal:
        book(booking(service=service))

    assert set(refusal.value.message_dict) == {"room", "service"}


def test_a_kind_of_visit_that_is_no_longer_offered_is_refused():
    with pytest.raises(ValidationError, match="no longer offered"):
        book(booking(service=Service.objects.create(name="Old", is_active=False)))


# ---- preparation ----


@pytest.mark.parametrize(("minutes", "free"), [(30, False), (39, False), (40, True)])
def test_preparation_is_kept_free_before_a_visit_for_practitioner_and_room(minutes, free):
    slow = Service.objects.create(name="With numbing cream", prepare_minutes=10)
    first = booking()
    book(first)
    second = replace(first, patient=factories.patient(), service=slow, starts_at=TEN + timedelta(minutes=minutes))

    if free:
        assert book(second).state == "booked"
    else:
        with pytest.raises(TimeTaken):
            book(second)


def test_preparation_of_the_later_visit_counts_too_but_not_for_the_patient():
    slow = Service.objects.create(name="With numbing cream", prepare_minutes=10)
    first = booking(service=slow)
    book(first)
    before = replace(first, service=None, starts_at=TEN - timedelta(minutes=35))

    assert {found.code for found in diary.clashes(before)} == {"practitioner_busy", "room_busy"}
    assert diary.clashes(replace(before, starts_at=TEN - timedelta(minutes=40))) == []


# ---- a chosen time ----


def test_a_chosen_time_is_kept_five_minutes_from_everybody_else():
    wanted = booking()
    slot_holds.hold(wanted, by="maya", at=NOW)
    other = replace(wanted, patient=factories.patient(), room=factories.room())

    with pytest.raises(TimeTaken, match="maya has chosen this time and may confirm it until 09:05"):
        slot_holds.hold(other, by="lin", at=NOW + timedelta(minutes=4, seconds=59))
    with pytest.raises(TimeTaken):
        book(other)

    assert slot_holds.hold(other, by="lin", at=NOW + timedelta(minutes=5)).by == "lin"


def test_choosing_again_lets_go_of_the_first_time_and_booking_ends_it():
    by, wanted = factories.staff("reception"), booking()
    slot_holds.hold(wanted, by=by.username, at=NOW)
    later = replace(wanted, starts_at=TEN + timedelta(hours=1))
    slot_holds.hold(later, by=by.username, at=NOW)

    assert SlotHold.objects.get().starts_at == later.starts_at

    appointments.book(later, by=by, at=NOW, acknowledged=True)
    assert not SlotHold.objects.exists()


def test_a_time_that_is_booked_cannot_be_chosen():
    wanted = booking()
    book(wanted)

    with pytest.raises(TimeTaken):
        slot_holds.hold(replace(wanted, patient=factories.patient()), by="lin", at=NOW)
