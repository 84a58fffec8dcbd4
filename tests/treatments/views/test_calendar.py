"""The calendar: days, weeks, free times, and moving a visit."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic import guards
from clinic.models import ClosedDay, HoursException, Practitioner, Room, WorkingHours
from tests import factories
from tests.factories import BY, NOW
from treatments.models import Appointment, Service, SlotHold
from treatments.queries import calendar
from treatments.rules.slots import Span
from treatments.services import appointments, earlier
from treatments.views.calendar_blocks import Blocks
from treatments.views.calendar_columns import DayRows, between, by_practitioner, open_rows, rows_of, stretches
from treatments.views.calendar_strips import half_hours

pytestmark = pytest.mark.django_db

TUESDAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reception(client: Client) -> Client:
    client.force_login(factories.staff("reception"))
    return client


@pytest.fixture
def room() -> Room:
    return factories.room(name="Room 1")


@pytest.fixture
def osei(room: Room) -> Practitioner:
    return works(factories.practitioner(name="R. Osei"), room)


def works(who: Practitioner, room: Room, opens: int = 9, closes: int = 12) -> Practitioner:
    """Tuesdays."""
    WorkingHours.objects.create(
        practitioner=who, location=room.location, weekday=1, opens=time(opens), closes=time(closes),
        starts_on=date(2026, 1, 1),
    )  # fmt: skip
    return who


def booked(who: Practitioner, room: Room, hour: int = 10, minute: int = 0, **fields) -> Appointment:
    on = fields.pop("on", TUESDAY)
    wanted = {
        "patient": fields.pop("patient", None) or factories.patient(family_name="Marsh"),
        "indications": (factories.indication(),),
        "practitioner": who,
        "room": room,
        "starts_at": datetime(on.year, on.month, on.day, hour, minute, tzinfo=UTC),
        "minutes": 30,
    }
    wanted = appointments.Booking(**(wanted | fields))
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


def page(client: Client, address: str = "/calendar/day/2026-11-24/", status: int = 200, **asked: object) -> str:
    answer = client.get(address, asked)
    assert answer.status_code == status
    return answer.content.decode()


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def cells(html: str) -> list[list[tuple[str, str, str]]]:
    """The columns of the grid from left to right: each cell with the time of its row, its length in rows and its HTML."""
    body = html.partition('<table class="day-grid')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    until: list[int] = []
    columns: list[list[tuple[str, str, str]]] = []
    for y, row in enumerate(body.split("<tr>")[1:]):
        clock = re.search(r"\d\d:\d\d", row)
        assert clock is not None
        x = 0
        for cell in row.split("<td")[1:]:
            while x < len(until) and until[x] > y:
                x += 1
            if x == len(until):
                until.append(0)
                columns.append([])
            attributes, _sign, inside = cell.partition(">")
            span = int((re.search(r'rowspan="(\d+)"', attributes) or [0, 1])[1])
            until[x] = y + span
            columns[x].append((clock[0], str(span), inside.strip()))
            x += 1
    return columns


def said(html: str, column: int = 0) -> list[tuple[str, str, str]]:
    return [(clock, span, words(inside)) for clock, span, inside in cells(html)[column]]


# ---- who may, and where it begins ----


def test_the_calendar_is_for_people_with_a_role(client):
    assert client.get("/calendar/").url == "/login/?next=/calendar/"
    nobody = factories.staff("reception")
    nobody.groups.clear()
    client.force_login(nobody)

    for address in ("/calendar/", "/calendar/day/2026-11-24/", "/calendar/week/2026-W48/"):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code in (403, 405)


def test_the_calendar_begins_today_and_goes_to_the_day_or_week_that_was_typed(reception, osei):
    assert reception.get("/calendar/").url == "/calendar/day/2026-11-22/"
    assert reception.get("/calendar/", {"date": "24/11/2026", "by": "room"}).url == "/calendar/day/2026-11-24/?by=room"
    weekly = {"date": "2027-01-01", "view": "week", "with": osei.pk}
    assert reception.get("/calendar/", weekly).url == f"/calendar/week/2026-W53/?with={osei.pk}"


@pytest.mark.parametrize("text", ["31/02/2026", "tomorrow", "\x00", "9999-01-01", '"><b>'])
def test_a_day_that_is_none_gets_a_sentence_keeps_the_words_and_shows_today(reception, text: str):
    html = page(reception, "/calendar/", date=text)

    assert "Date must be" in html
    assert "Sunday 22-Nov-2026" in html
    assert html.partition("<title>")[2].startswith("Error:")
    assert '"><b>' not in html


@pytest.mark.parametrize(
    "address",
    [
        "/calendar/day/2026-02-31/", "/calendar/day/20261124/", "/calendar/day/2026-W48-2/", "/calendar/day/9999-12-31/",
        "/calendar/day/0001-01-01/", "/calendar/week/2026-W54/", "/calendar/week/2026-48/", "/calendar/week/9999-W52/",
        "/calendar/week/0001-W01/", "/calendar/day/2026-11-24/?with=99999", "/calendar/day/2026-11-24/?with=x",
        "/calendar/day/2026-11-24/?with=٣", "/calendar/week/2026-W48/?with=99999", "/calendar/day/2026-11-24/?move=AAAAAA",
    ],
)  # fmt: skip
def test_an_address_that_is_none_leads_nowhere(reception, address: str):
    assert reception.get(address).status_code == 404


# ---- the day ----


def test_heading_neighbours_and_switches(reception, osei):
    html = page(reception)

    assert '<h1 tabindex="-1">Tuesday 24-Nov-2026</h1>' in html
    assert 'href="/calendar/day/2026-11-23/" rel="prev"' in html
    assert 'href="/calendar/day/2026-11-25/" rel="next"' in html
    assert '<a class="btn" href="/calendar/day/2026-11-22/">Today</a>' in html
    assert '<a href="/calendar/week/2026-W48/">Week</a>' in html
    assert '<a href="/calendar/day/2026-11-24/?by=room">Rooms</a>' in html
    assert '<a href="/calendar/" aria-current="page">' in html
    assert ">Today</a>" not in page(reception, "/calendar/day/2026-11-22/").partition("<main")[2]


def test_a_column_is_free_by_half_hours_with_the_visit_in_its_rows(reception, osei, room):
    visit = booked(osei, room, 10, 15, patient=factories.patient(family_name="Marsh", given_name="Alina"), minutes=45)

    (column,) = cells(page(reception))

    assert [(clock, span, words(inside)) for clock, span, inside in column] == [
        ("09:00", "2", "09:00"),
        ("09:30", "2", "09:30"),
        ("10:00", "1", "10:00"),
        ("10:15", "3", "10:15 MARSH, Alina Frown lines"),
        ("11:00", "2", "11:00"),
        ("11:30", "2", "11:30"),
    ]
    assert f'<a href="/visits/{visit.public_id}/">' in column[3][2]
    assert f'<a href="free/09:30/?with={osei.pk}">' in column[1][2]


def test_the_table_has_heads_for_columns_and_rows_and_a_caption(reception, osei, room):
    booked(osei, room)
    html = page(reception).partition('<table class="day-grid')[2]

    assert '<caption class="visually-hidden">Tuesday 24-Nov-2026</caption>' in html
    head = f'<th scope="col"><a href="/calendar/week/2026-W48/?with={osei.pk}">R. Osei</a><small>1 visit · Room 1</small></th>'
    assert head in html
    assert html.count('<th scope="row"') == 12
    assert 'data-day="Tuesday 24 November" data-free="free, {n} minutes"' in html
    assert "style=" not in html


def test_the_room_stands_at_each_visit_where_it_is_not_the_same_all_day(reception, osei, room):
    booked(osei, room, 9)
    booked(osei, factories.room(name="Room 2"), 10)

    html = page(reception)

    assert said(html)[0][2] == "09:00 MARSH, Alina Frown lines · Room 1"
    assert said(html)[2][2] == "10:00 MARSH, Alina Frown lines · Room 2"
    assert "<small>2 visits</small>" in html


def test_closed_time_is_worded_and_visits_outside_the_hours_still_appear(reception, osei, room):
    booked(osei, room, 13)
    lin = factories.practitioner(name="T. Lin")
    booked(lin, factories.room(), 8)

    html = page(reception)

    assert said(html, 0)[0] == ("08:00", "4", "Not working")
    assert said(html, 0)[-3:] == [
        ("12:00", "4", "Not working"),
        ("13:00", "2", "13:00 MARSH, Alina Frown lines"),
        ("13:30", "2", "Not working"),
    ]
    assert said(html, 1) == [("08:00", "2", "08:00 MARSH, Alina Frown lines"), ("08:30", "22", "Not working")]
    assert '<td rowspan="22" class="x"><span>Not working</span>' in html


def test_preparation_is_kept_free_and_worded(reception, osei, room):
    service = Service.objects.create(name="Migraine", minutes=30, prepare_minutes=20)
    booked(osei, room, 10, service=service)

    assert ("09:30", "2", "Preparation") in said(page(reception))


def test_a_time_that_a_colleague_has_just_chosen_is_not_free(reception, osei, room):
    span = {"starts_at": datetime(2026, 11, 24, 10, tzinfo=UTC), "ends_at": datetime(2026, 11, 24, 10, 30, tzinfo=UTC)}
    SlotHold.objects.create(
        patient=factories.patient(), practitioner=osei, room=room, by="lin", until=NOW + timedelta(minutes=5), **span
    )

    assert ("10:00", "2", "Being booked") in said(page(reception))


def test_a_practitioner_without_a_free_room_is_not_offered(reception, osei, room):
    lin = works(factories.practitioner(name="T. Lin"), room)
    booked(lin, room, 10)

    html = page(reception)

    assert ("10:00", "2", "No room free") in said(html, 0)
    assert ("10:00", "2", "10:00 MARSH, Alina Frown lines") in said(html, 1)


def test_by_room_each_room_has_a_column(reception, osei, room):
    other = factories.room(name="Room 2")
    booked(osei, room, 10)

    html = page(reception, by="room")

    assert [words(head) for head in re.findall(r'<th scope="col">.*?</th>', html)] == [
        "Room 1 1 visit · R. Osei",
        "Room 2 0 visits",
    ]
    assert ("10:00", "2", "10:00 MARSH, Alina Frown lines") in said(html, 0)
    assert ("10:00", "2", "Nobody free") in said(html, 1)
    assert f'<a href="free/09:00/?room={other.pk}">' in html


def test_the_calendar_of_one_practitioner_leaves_out_the_others_but_not_their_rooms(reception, osei, room):
    lin = works(factories.practitioner(name="T. Lin"), room)
    booked(lin, room, 10)

    html = page(reception, **{"with": osei.pk})

    assert len(cells(html)) == 1
    assert ("10:00", "2", "No room free") in said(html)
    assert f'<option value="{osei.pk}" selected>R. Osei</option>' in html
    assert "MARSH" not in html


@pytest.mark.parametrize(
    ("state", "word", "sign"),
    [("on_hold", "On hold", "#sign-on_hold"), ("arrived", "Arrived", "#sign-arrived"), ("done", "Done", "")],
)
def test_what_waits_for_somebody_has_a_sign_and_every_state_but_booked_a_word(reception, osei, room, state, word, sign):
    visit = booked(osei, room)
    with guards.lifted():
        Appointment.objects.filter(pk=visit.pk).update(state=state)

    (_clock, _span, block) = cells(page(reception))[0][2]

    assert words(block) == f"10:00 MARSH, Alina {word} Frown lines"
    assert f'class="s-{state}"' in block
    assert (sign in block) if sign else ("<svg" not in block)


def test_visits_on_hold_come_first_with_the_reason_and_two_ways_on(reception, osei, room):
    visit = booked(osei, room)
    factories.flag(visit.patient, starts_on=TUESDAY)

    html = page(reception)

    held = html.partition('<section class="cal-held"')[2].partition("</section>")[0]
    assert "1 visit on hold: decide" in held
    assert "Pregnancy" in words(held)
    assert f'href="/visits/{visit.public_id}/">Decide<' in held
    assert f'href="/calendar/day/2026-11-24/?move={visit.public_id}">Move<' in held
    assert html.index("cal-held") < html.index("day-grid")


def test_cancelled_visits_stand_below_with_rebook_and_their_time_is_free(reception, osei, room):
    visit = booked(osei, room)
    appointments.cancel(visit, who="patient", reason="Has a cold", by=BY, at=NOW)

    html = page(reception)

    assert ("10:00", "2", "10:00") in said(html)
    gone = html.partition('<section class="cal-gone"')[2].partition("</section>")[0]
    assert "10:00 MARSH, Alina Cancelled Patient: Has a cold · R. Osei Rebook , MARSH, Alina" in words(gone)
    assert f'href="/patients/{visit.patient.public_id}/book/"' in gone


def test_two_visits_that_share_a_quarter_of_an_hour_share_a_cell(reception, osei, room):
    first, second = booked(osei, room, 10, minutes=5), booked(osei, room, 10, 5, minutes=10)

    (shared,) = (inside for clock, _span, inside in cells(page(reception))[0] if clock == "10:00")

    assert words(shared) == "10:00 MARSH, Alina Frown lines 10:05 MARSH, Alina Frown lines"
    assert shared.index(first.public_id) < shared.index(second.public_id)
    assert shared.count('class="short"') == 2


def test_two_visits_at_once_would_be_called_double_booked(osei, room):
    booked(osei, room, 10)
    days = calendar.read(TUESDAY, TUESDAY, at=NOW, by=BY)
    (visit,) = days.visits
    later = visit._replace(pk=visit.pk + 1, starts_at=visit.starts_at + timedelta(minutes=15))  # no database holds such
    (column,) = by_practitioner(DayRows(replace(days, visits=[visit, later]), TUESDAY, now=NOW))
    blocks = Blocks(days, by_room=False)

    (block,) = blocks.of(column)

    assert block[:2] == (40, 42)
    assert words(blocks.html(block, column)).startswith("Double booked 10:00 MARSH, Alina")


def test_today_has_the_line_of_now_and_nothing_before_it_can_be_booked(reception, room):
    who = factories.practitioner()
    sunday = {"location": room.location, "weekday": 6, "starts_on": date(2026, 1, 1)}
    WorkingHours.objects.create(practitioner=who, opens=time(8), closes=time(10), **sunday)

    with time_machine.travel(NOW.replace(minute=20), tick=False):
        html = page(reception, "/calendar/day/2026-11-22/")

    assert '<th scope="row" class="h now now-1"><span>09:15</span> <b>now 09:20</b>' in html
    assert said(html) == [("08:00", "6", ""), ("09:30", "2", "09:30")]


def test_names_cannot_write_markup(reception, room):
    osei = works(factories.practitioner(name="<u>Osei"), room)
    booked(osei, factories.room(name="<s>1"), patient=factories.patient(family_name="<b>Bold", given_name='"x'))
    booked(osei, room, 11, patient=factories.patient(family_name="O'Neil"))

    for asked in ({}, {"by": "room"}):
        html = page(reception, **asked)
        assert "&lt;B&gt;BOLD" in html
        assert not re.search(r"<u>Osei|<s>1|<b>Bold", html, re.IGNORECASE)


def test_who_may_not_book_gets_the_free_time_without_a_way_to_take_it(client, osei, room):
    visit = booked(osei, room)
    factories.flag(visit.patient, starts_on=TUESDAY)
    client.force_login(factories.staff("auditor"))

    html = page(client)

    assert said(html)[0] == ("09:00", "4", "")
    assert "free/" not in html
    assert "?move=" not in html
    assert client.get(f"/calendar/day/2026-11-24/?move={visit.public_id}").status_code == 403
    assert client.get(f"/calendar/day/2026-11-24/free/09:00/?with={osei.pk}").status_code == 403


# ---- days that are not as others ----


def test_a_day_on_which_nobody_works_says_so_and_leads_managers_to_the_hours(client, osei):
    client.force_login(factories.staff("manager", is_staff=True))
    managers = page(client, "/calendar/day/2026-11-25/")
    client.force_login(factories.staff("reception"))
    others = page(client, "/calendar/day/2026-11-25/")

    assert "Nobody works this day. No visits." in managers
    assert '<a class="btn btn-outline-primary" href="/admin/clinic/workinghours/">Set hours</a>' in managers
    assert "Nobody works this day." in others
    assert "Set hours" not in others
    assert "day-grid" not in others


def test_a_closed_day_says_why_also_above_visits_that_are_booked_there(reception, osei, room):
    ClosedDay.objects.create(on=TUESDAY, name="Founders' day")

    assert "Closed: Founders&#x27; day. No visits on this day." in words(page(reception))
    booked(osei, room)
    html = page(reception)

    assert "Closed: Founders&#x27; day." in words(html)
    assert said(html)[1] == ("10:30", "2", "Closed: Founders&#x27; day")


def test_who_is_away_is_named_with_the_reason(reception, osei, room):
    works(factories.practitioner(name="T. Lin"), room)
    HoursException.objects.create(practitioner=osei, on=TUESDAY, why="Leave")
    html = page(reception)

    assert "Away: R. Osei (Leave)" in words(html)
    assert len(cells(html)) == 1
    booked(osei, room)
    assert said(page(reception))[0] == ("09:00", "4", "Away: Leave")


def test_one_location_closed_closes_its_rooms_only(reception, osei, room):
    ClosedDay.objects.create(on=TUESDAY, location=room.location, name="Painting")
    other = factories.room(location=type(room.location).objects.create(name="Hill"), name="Room 9")
    works(factories.practitioner(name="T. Lin"), other)

    html = page(reception, by="room")

    assert said(html, 0) == [("09:00", "12", "Closed: Painting")]
    assert said(html, 1)[0] == ("09:00", "2", "09:00")
    assert "Partly closed: Painting" in words(html)
    assert "0 visits · Hill" in words(html)


# ---- the week ----


def test_the_week_of_everybody_says_how_many_half_hours_are_free(reception, osei, room):
    booked(osei, room, 10)
    booked(osei, room, 11, minutes=15)

    html = page(reception, "/calendar/week/2026-W48/")

    assert "Week 48, 23-Nov to 29-Nov-2026" in html
    row = html.partition('<table class="ledger week-load')[2].partition("<tbody>")[2]
    assert words(row.partition("</tr>")[0]).startswith("R. Osei Not working 4 of 6 free Not working")
    assert '<a href="/calendar/day/2026-11-24/">4 of 6 free</a>' in row
    assert '<path class="open" d="M0 0h48v12h-48z"/><path class="busy" d="M16 0h8v12h-8zM32 0h4v12h-4z"/>' in row
    chips = html.partition('<ul class="day-chips">')[2].partition("</ul>")[0]
    assert words(chips).startswith("Mon 23-Nov 0 visits Tue 24-Nov 2 visits Wed 25-Nov 0 visits")


def test_the_week_of_one_practitioner_has_a_column_for_each_day(reception, osei, room):
    visit = booked(osei, room, 10)
    booked(factories.practitioner(), factories.room(), 9)

    html = page(reception, "/calendar/week/2026-W48/", **{"with": osei.pk})

    assert "R. Osei, week 48, 23-Nov to 29-Nov-2026" in html
    assert len(cells(html)) == 7
    assert ("10:00", "2", "10:00 MARSH, Alina Frown lines") in said(html, 1)
    assert said(html, 0) == [("09:00", "12", "Not working")]
    assert 'data-day="Tuesday 24 November" data-who="R. Osei"' in html
    assert f'<a href="/calendar/day/2026-11-24/free/09:00/?with={osei.pk}">' in html
    assert html.count(visit.public_id) == 1


def test_the_week_names_what_is_on_hold_with_its_day(reception, osei, room):
    visit = booked(osei, room)
    factories.flag(visit.patient, starts_on=TUESDAY)

    html = page(reception, "/calendar/week/2026-W48/")

    held = html.partition('<section class="cal-held"')[2].partition("</section>")[0]
    assert "24-Nov 10:00 MARSH, Alina On hold" in words(held)
    assert f'href="/calendar/week/2026-W48/?move={visit.public_id}">Move<' in held


def test_a_week_without_anybody_says_so(reception, osei):
    assert "Nobody works this week. No visits." in page(
        reception, "/calendar/week/2026-W48/", **{"with": factories.practitioner().pk}
    )


# ---- a free time ----


def free(client: Client, clock: str, status: int = 200, **asked: object) -> str:
    return page(client, f"/calendar/day/2026-11-24/free/{clock}/", status, **asked)


def test_a_free_time_asks_for_the_patient_and_carries_the_time_to_the_booking(reception, osei, room):
    person = factories.patient(family_name="Okoro", given_name="Ben")

    html = free(reception, "10:00", **{"with": osei.pk})
    address = f"/calendar/day/2026-11-24/free/10:00/?with={osei.pk}"
    found = reception.post(address, {"q": "okor"}).content.decode()

    assert '<h1 tabindex="-1">Book 10:00, R. Osei</h1>' in html
    assert "Tuesday 24-Nov-2026, 10:00 With R. Osei Where Room 1 Free 120 minutes, until 12:00" in words(html)
    assert f'method="post" action="{address}"' in html
    asked = f"date=2026-11-24&amp;time=10%3A00&amp;with={osei.pk}&amp;room={room.pk}"
    assert f'href="/patients/{person.public_id}/book/?{asked}">Book<' in found
    assert "1 patient , matching “okor”, by name" in words(found)


def test_nobody_found_is_said_with_the_words(reception, osei):
    address = f"/calendar/day/2026-11-24/free/10:00/?with={osei.pk}"

    html = reception.post(address, {"q": "<b>zzz"}).content.decode()

    assert "No patient matches “&lt;b&gt;zzz”." in html


def test_a_room_with_one_person_free_is_booked_with_them_and_with_two_asks_whom(reception, osei, room):
    alone = free(reception, "10:00", room=room.pk)
    lin = works(factories.practitioner(name="T. Lin"), room)
    html = free(reception, "10:00", room=room.pk)

    assert "Book 10:00, R. Osei" in alone
    assert "Book 10:00, Room 1" in html
    assert f'href="/calendar/day/2026-11-24/free/10:00/?with={osei.pk}&amp;room={room.pk}">R. Osei<' in html
    assert f'href="/calendar/day/2026-11-24/free/10:00/?with={lin.pk}&amp;room={room.pk}">T. Lin<' in html


def test_a_time_that_was_taken_says_so_and_names_times_near_it(reception, osei, room):
    booked(osei, room, 10)

    html = free(reception, "10:00", 409, **{"with": osei.pk})

    assert "10:00 with R. Osei is not free. Free near it: 09:15 , 09:30 , 10:30" in words(html)
    assert f'href="/calendar/day/2026-11-24/free/10:30/?with={osei.pk}"' in html
    assert "Find a patient" not in html


def test_a_time_that_is_over_says_after_when(client, osei):
    with time_machine.travel(datetime(2026, 11, 24, 10, 5, tzinfo=UTC), tick=False):
        client.force_login(factories.staff("reception"))
        html = free(client, "10:00", 409, **{"with": osei.pk})

    assert "Choose a time after 10:05, 24-Nov-2026." in html


@pytest.mark.parametrize(
    "asked", ["09:07/?with={who}", "25:00/?with={who}", "10:00/", "10:00/?with=999", "10:00/?room=999"]
)
def test_a_time_that_is_none_leads_nowhere(reception, osei, asked: str):
    assert reception.get(f"/calendar/day/2026-11-24/free/{asked.format(who=osei.pk)}").status_code == 404


def test_who_would_come_earlier_is_named_and_can_be_moved_here(reception, osei, room):
    person = factories.patient(family_name="Okoro", phone="+447700900123")
    factories.treated(person, date(2026, 7, 20))
    factories.answers(person)
    later = booked(osei, room, 11, patient=person, on=TUESDAY + timedelta(days=7))
    earlier.ask(person, by=BY, at=NOW, appointment=later, note="mornings")

    html = free(reception, "10:00", **{"with": osei.pk})

    assert "1 person fits this time" in html
    asked = f"date=2026-11-24&amp;time=10%3A00&amp;with={osei.pk}&amp;room={room.pk}"
    assert f'href="/visits/{later.public_id}/move/?{asked}">Move here<' in html


# ---- moving ----


def test_move_mode_says_what_is_moved_and_names_every_time_in_full(reception, osei, room):
    visit = booked(osei, room, 10, patient=factories.patient(family_name="Marsh", given_name="Alina"))

    html = page(reception, move=visit.public_id.lower())

    bar = html.partition('<section class="move-bar"')[2].partition("</section>")[0]
    assert "Moving MARSH, Alina, 30 min. Choose a new time, or press Esc." in words(bar)
    assert "Now: 24-Nov 10:00, R. Osei, Room 1" in words(bar)
    assert '<a class="btn btn-sm" href="/calendar/day/2026-11-24/" data-leave>Stop moving</a>' in bar
    assert f'href="/calendar/day/2026-11-25/?move={visit.public_id}" rel="next"' in html
    column = cells(html)[0]
    assert [words(inside) for _clock, _span, inside in column] == [
        "09:00", "09:15", "09:30", "09:45", "Now here", "10:15", "10:30", "10:45", "11:00", "11:15", "11:30", "",
    ]  # fmt: skip
    asked = f"date=2026-11-24&amp;time=09%3A45&amp;with={osei.pk}&amp;room={room.pk}"
    named = 'aria-label="Tuesday 24 November, 09:45, R. Osei, free, 30 minutes"'
    assert column[3][2] == f'<a href="/visits/{visit.public_id}/move/?{asked}" {named}>09:45</a>'


def test_in_move_mode_other_visits_are_no_links_and_gaps_say_how_short_they_are(reception, osei, room):
    visit = booked(osei, room, 9)
    other = booked(osei, room, 9, 45)

    html = page(reception, move=visit.public_id)

    assert other.public_id not in html
    assert said(html)[:5] == [
        ("09:00", "1", "Now here"),
        ("09:15", "1", "09:15"),
        ("09:30", "1", ""),
        ("09:45", "2", "09:45 MARSH, Alina Frown lines"),
        ("10:15", "1", "10:15"),
    ]
    longer = booked(factories.practitioner(), factories.room(), 9, minutes=60)
    assert ("09:30", "1", "15 min free") in said(page(reception, move=longer.public_id))


def test_who_may_not_inject_it_and_rooms_that_do_not_suit_are_worded(reception, osei, room):
    lin = works(factories.practitioner(name="T. Lin"), room)
    factories.indication().injectors.add(osei)
    service = Service.objects.create(name="In Room 1", minutes=30)
    service.rooms.add(room)
    factories.room(name="Room 2")
    visit = booked(osei, room, 10, service=service)

    by_person, by_room = page(reception, move=visit.public_id), page(reception, move=visit.public_id, by="room")

    assert said(by_person, 1) == [("09:00", "12", "Does not do this")]
    assert 'aria-label="Tuesday 24 November, 09:00, Room 1, R. Osei, free, 30 minutes"' in by_room
    assert said(by_room, 1) == [("09:00", "12", "Not in this room")]
    assert f"with={lin.pk}" not in by_room


def test_the_patients_other_visit_stands_in_the_way(reception, osei, room):
    person = factories.patient()
    booked(factories.practitioner(name="A. Moss"), factories.room(), 9, patient=person, minutes=180)
    visit = booked(osei, room, 10, patient=person, on=TUESDAY + timedelta(days=7))

    html = page(reception, move=visit.public_id)

    assert said(html, 1)[0] == ("09:00", "12", "The patient has another visit")
    assert "No time here is long enough." in html


def test_move_mode_works_in_the_week_of_a_practitioner(reception, osei, room):
    visit = booked(osei, room, 10)

    html = page(reception, "/calendar/week/2026-W49/", move=visit.public_id, **{"with": osei.pk})

    assert 'aria-label="Tuesday 1 December, 09:00, R. Osei, free, 30 minutes"' in html


def test_a_visit_that_is_over_cannot_be_moved_and_the_page_says_why(reception, osei, room):
    visit = booked(osei, room)
    appointments.cancel(visit, who="patient", reason="Has a cold", by=BY, at=NOW)

    html = page(reception, move=visit.public_id)

    assert "The visit of MARSH, Alina is cancelled and can no longer be moved." in html
    assert "move-bar" not in html


# ---- the clock, and how many queries ----


def test_rows_follow_the_wall_clock_where_the_clocks_change():
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    zone = ZoneInfo("Europe/London")
    night = Span(datetime(2027, 3, 28, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 2, tzinfo=UTC))  # 00:30 to 03:00

    assert open_rows(night, zone) == between(2, 4) | between(8, 12)
    assert rows_of(datetime(2027, 6, 1, 9, 5, tzinfo=UTC), datetime(2027, 6, 1, 9, 31, tzinfo=UTC), zone) == (40, 43)
    late = datetime(2027, 6, 1, 22, 45, tzinfo=UTC)
    assert rows_of(late, late + timedelta(minutes=30), zone) == (95, 96)


def test_a_stretch_of_three_quarters_has_room_for_one_visit_of_half_an_hour():
    rows = between(36, 39) | between(40, 44)

    assert stretches(rows) == [(36, 3), (40, 4)]
    assert half_hours(rows) == 3
    assert stretches(0) == []


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("/calendar/day/2026-11-24/", 10),
        ("/calendar/day/2026-11-24/?by=room", 10),
        ("/calendar/week/2026-W48/", 11),
        ("/calendar/day/2026-11-24/?move={move}", 19),
    ],
)
def test_one_visit_and_many_cost_the_same_number_of_queries(
    reception, osei, room, django_assert_num_queries, address: str, number: int
):
    visit = booked(osei, room, 9)
    factories.flag(booked(osei, room, 9, 30).patient, starts_on=TUESDAY)
    address = address.format(move=visit.public_id)
    with django_assert_num_queries(number):
        page(reception, address)
    lin = works(factories.practitioner(name="T. Lin"), room)
    for hour in (10, 11, 13):
        booked(osei, room, hour)
        booked(lin, factories.room(), hour)

    with django_assert_num_queries(number):
        page(reception, address)


def test_the_addresses_have_their_names():
    assert reverse("calendar_day", args=["2026-11-24"]) == "/calendar/day/2026-11-24/"
    assert reverse("calendar_week", args=["2026-W48"]) == "/calendar/week/2026-W48/"
