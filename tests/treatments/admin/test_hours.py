"""Weekly hours, exceptions and closed days in the admin panel: one service behind each door, every refusal a sentence."""

from datetime import date, time

import pytest

from clinic.models import AuditEvent, ClosedDay, HoursException, WorkingHours
from tests import factories
from tests.treatments.admin.forms import booking, said
from tests.treatments.admin.forms import url as address
from treatments.models import Appointment
from treatments.services import hours

BY = {"by": factories.BY, "at": factories.NOW}


def url(model: str, page: str, *args) -> str:
    return address(model, page, *args, app="clinic")


@pytest.fixture
def who():
    return factories.practitioner(name="R. Osei")


@pytest.fixture
def room():
    return factories.room()


def week(who, room, **fields):
    return {
        "practitioner": who.pk,
        "weekdays": ["0", "2"],
        "location": room.location_id,
        "opens": "09:00",
        "closes": "17:00",
        "starts_on": "22/11/2026",
        "ends_on": "",
    } | fields


def change(act: str, room, **fields):
    place = {"location": room.location_id, "opens": "10:00", "closes": "15:00"}
    return {"act_on": act, "from_on": "01/12/2026"} | place | fields


def audited(*verbs: str) -> bool:
    rows = AuditEvent.objects.filter(verb__regex="^(hours|day)[.]").order_by("pk").values_list("verb", flat=True)
    return list(rows) == list(verbs)


# ---- every week ----


def test_hours_of_several_days_are_set_at_once(door, who, room, manager):
    answer = door.post(url("workinghours", "add"), week(who, room), follow=True)

    rows = WorkingHours.objects.values_list("weekday", "opens", "closes", "starts_on", "ends_on")
    assert list(rows) == [(day, time(9), time(17), factories.TODAY, None) for day in (0, 2)]
    assert audited("hours.set", "hours.set")
    assert set(AuditEvent.objects.filter(verb="hours.set").values_list("by", flat=True)) == {manager.username}
    assert "The same hours were added for Wednesday." in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": ["7"]}, "weekdays"),
        ({"closes": "09:00"}, "closes"),
        ({"opens": "25:00"}, "opens"),
        ({"ends_on": "22/11/2026"}, "ends_on"),
        ({"starts_on": "31/02/2026"}, "starts_on"),
        ({"starts_on": "01/01/1900"}, "starts_on"),
        ({"location": "999999"}, "location"),
    ],
)
def test_hours_that_cannot_be_are_said_at_their_field(door, who, room, fields, field):
    assert set(said(door.post(url("workinghours", "add"), week(who, room, **fields)))) == {field}
    assert WorkingHours.objects.count() == 0


def test_hours_of_one_person_do_not_overlap(door, who, room):
    door.post(url("workinghours", "add"), week(who, room))

    refused = door.post(url("workinghours", "add"), week(who, room, weekdays=["2", "3"], opens="16:30", closes="20:00"))
    door.post(url("workinghours", "add"), week(who, room, opens="17:00", closes="20:00"))

    assert said(refused)["__all__"] == [
        "R. Osei already works at Harbour on Wednesday from 09:00 to 17:00, since 22-Nov-2026. "
        "End those hours first, or choose other times."
    ]
    assert WorkingHours.objects.count() == 4


def test_other_hours_hold_from_their_day_on(door, who, room):
    door.post(url("workinghours", "add"), week(who, room, weekdays=["0"]))
    row = WorkingHours.objects.get()

    door.post(url("workinghours", "change", row.pk), change("change", room))

    rows = WorkingHours.objects.order_by("starts_on").values_list("opens", "starts_on", "ends_on")
    assert list(rows) == [(time(9), factories.TODAY, date(2026, 12, 1)), (time(10), date(2026, 12, 1), None)]
    assert audited("hours.set", "hours.ended", "hours.set")


def test_hours_end_once(door, who, room):
    door.post(url("workinghours", "add"), week(who, room, weekdays=["0"]))
    there = url("workinghours", "change", WorkingHours.objects.get().pk)

    door.post(there, change("end", room))
    again = door.post(there, change("end", room))
    late = door.post(there, change("change", room))

    assert set(said(again)) == set(said(late)) == {"from_on"}
    assert list(WorkingHours.objects.values_list("ends_on", flat=True)) == [date(2026, 12, 1)]
    assert audited("hours.set", "hours.ended")


def test_hours_entered_in_error_are_taken_away_and_stay_in_the_audit_trail(door, who, room):
    door.post(url("workinghours", "add"), week(who, room, weekdays=["0"]))

    answer = door.post(url("workinghours", "delete", WorkingHours.objects.get().pk), {"post": "yes"})

    assert answer.status_code == 302
    assert WorkingHours.objects.count() == 0
    assert audited("hours.set", "hours.removed")
    assert AuditEvent.objects.get(verb="hours.removed").details["practitioner"] == "R. Osei"


# ---- single days ----


def exception(who, **fields):
    empty = {"last_on": "", "location": "", "opens": "", "closes": "", "why": ""}
    return {"practitioner": who.pk, "first_on": "24/12/2026"} | empty | fields


def test_somebody_is_away_on_several_days(door, who):
    door.post(url("hoursexception", "add"), exception(who, last_on="26/12/2026", why="Holiday"))

    rows = HoursException.objects.order_by("on").values_list("on", "opens", "why")
    assert list(rows) == [(date(2026, 12, day), None, "Holiday") for day in (24, 25, 26)]
    assert audited(*["hours.exception_added"] * 3)


def test_an_exception_is_taken_away_not_changed(door, who):
    door.post(url("hoursexception", "add"), exception(who))
    row = HoursException.objects.get()

    assert door.post(url("hoursexception", "change", row.pk), exception(who)).status_code == 403
    door.post(url("hoursexception", "delete", row.pk), {"post": "yes"})

    assert HoursException.objects.count() == 0
    assert audited("hours.exception_added", "hours.exception_removed")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"opens": "09:00"}, "opens"),
        ({"last_on": "23/12/2026"}, "last_on"),
        ({"last_on": "25/12/2027"}, "last_on"),
        ({"why": "left\u202eright"}, "why"),
        ({"first_on": ""}, "first_on"),
        ({"first_on": "01/01/9999"}, "first_on"),
    ],
)
def test_an_exception_that_cannot_be_is_said_at_its_field(door, who, fields, field):
    assert set(said(door.post(url("hoursexception", "add"), exception(who, **fields)))) == {field}
    assert HoursException.objects.count() == 0


def test_exceptions_of_one_day_do_not_contradict_each_other(door, who, room):
    place = {"location": room.location_id, "opens": "09:00", "closes": "12:00"}
    door.post(url("hoursexception", "add"), exception(who, **place))

    away = door.post(url("hoursexception", "add"), exception(who))
    same = door.post(url("hoursexception", "add"), exception(who, **place | {"opens": "11:00", "closes": "13:00"}))
    door.post(url("hoursexception", "add"), exception(who, **place | {"opens": "13:00", "closes": "15:00"}))

    assert (
        said(away)
        == said(same)
        == {"first_on": ["R. Osei has other hours on 24-Dec-2026 already. Take those away first."]}
    )
    assert HoursException.objects.count() == 2


def test_a_day_is_closed_once_and_opened_again(door):
    wanted = {"on": "24/12/2026", "name": "Works on the lift", "location": ""}

    door.post(url("closedday", "add"), wanted)
    twice = door.post(url("closedday", "add"), wanted | {"name": "Holiday"})
    unsaid = door.post(url("closedday", "add"), wanted | {"name": " ", "on": "25/12/2026"})

    row = ClosedDay.objects.get()
    assert said(twice) == {"on": ["24-Dec-2026 is a closed day already: Works on the lift."]}
    assert set(said(unsaid)) == {"name"}
    assert door.post(url("closedday", "change", row.pk), wanted).status_code == 403
    door.post(url("closedday", "delete", row.pk), {"post": "yes"})
    assert ClosedDay.objects.count() == 0
    assert audited("day.closed", "day.opened")


# ---- public holidays ----


def test_public_holidays_are_suggested_and_nothing_is_ticked(door, settings):
    settings.CLINIC_HOLIDAYS = "GB-ENG"

    page = door.get(url("closedday", "suggest"), {"year": "2027"}).content.decode()

    assert "Monday 29-Mar-2027" in page
    assert "Easter Monday" in page
    assert "checked" not in page.split("<main", 1)[-1]
    assert ClosedDay.objects.count() == 0


def test_only_the_ticked_days_are_closed(door, manager):
    door.post(url("closedday", "suggest"), {"year": "2027", "days": ["2027-03-26", "2027-03-29"]})

    rows = ClosedDay.objects.order_by("on").values_list("on", "name", "location")
    assert list(rows) == [(date(2027, 3, 26), "Good Friday", None), (date(2027, 3, 29), "Easter Monday", None)]
    assert audited("day.closed", "day.closed")
    page = door.get(url("closedday", "suggest"), {"year": "2027"}).content.decode()
    assert 'value="2027-03-29"' not in page


@pytest.mark.parametrize("days", [[], ["2027-03-30"], ["x"], ["2027-03-26", "2026-03-26"]])
def test_a_day_that_was_not_suggested_is_not_closed(door, days):
    answer = door.post(url("closedday", "suggest"), {"year": "2027", "days": days})

    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {"days"}
    assert ClosedDay.objects.count() == 0


def test_a_year_that_nobody_offers_shows_this_year(door):
    assert door.get(url("closedday", "suggest"), {"year": "1e9"}).context["year"] == "2026"


# ---- visits ----


def test_a_change_of_hours_touches_no_visit_and_says_which_ones_lie_outside(door, who, room):
    person = factories.patient(family_name="Marsh")
    door.post(address("appointment", "add"), booking(person, practitioner=who.pk, room=room.pk))
    visit = Appointment.objects.get()

    answer = door.post(url("workinghours", "add"), week(who, room, weekdays=["0"], opens="12:00"), follow=True)
    page = door.get(url("workinghours", "outside")).content.decode()

    assert "1 visit lies outside the hours." in answer.content.decode()
    assert "MARSH, Alina" in page
    assert "Works here 12:00 to 17:00" in page
    assert visit.get_absolute_url() in page
    after = Appointment.objects.get()
    assert (after.state, after.version, after.starts_at) == (visit.state, visit.version, visit.starts_at)


@pytest.mark.parametrize("n", [1, 4])
def test_the_list_of_visits_outside_costs_the_same_queries(door, room, n, django_assert_num_queries):
    for _number in range(n):
        who = factories.practitioner()
        fields = {"practitioner": who.pk, "room": factories.room().pk}
        door.post(address("appointment", "add"), booking(factories.patient(), **fields))
    hours.close_day(date(2026, 11, 23), name="Works", **BY)

    with django_assert_num_queries(16):
        page = door.get(url("workinghours", "outside"))

    assert len(page.context["rows"]) == n


# ---- who may ----


DOORS = [("workinghours", "add"), ("hoursexception", "add"), ("closedday", "add"), ("closedday", "suggest")]


@pytest.mark.parametrize("door_to", DOORS)
@pytest.mark.parametrize("role", ["reception", "injector", "auditor"])
def test_only_managers_change_hours(client, role, door_to):
    client.force_login(factories.staff(role, is_staff=role == "auditor"))

    answer = client.post(url(*door_to), {"year": "2027", "days": ["2027-03-26"]}, follow=True)

    assert answer.status_code == 403
    assert ClosedDay.objects.count() == 0


def test_an_auditor_reads_hours_and_takes_nothing_away(client, who, room):
    [row] = hours.set_hours(
        who, location=room.location, weekdays=[0], opens=time(9), closes=time(17), starts_on=factories.TODAY, **BY
    )
    client.force_login(factories.staff("auditor", is_staff=True))

    assert client.get(url("workinghours", "change", row.pk)).status_code == 200
    assert client.get(url("workinghours", "outside")).status_code == 200
    assert client.post(url("workinghours", "change", row.pk), change("end", room)).status_code == 403
    assert client.post(url("workinghours", "delete", row.pk), {"post": "yes"}).status_code == 403
    assert WorkingHours.objects.get().ends_on is None
