"""The flow of the day in a browser, with a counter of presses: arrive, undo, check in, treat; and a freed time filled."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Location, Practitioner, Room, User, WorkingHours
from tests import factories
from treatments.models import Appointment, Patient
from treatments.rules.vocabulary import AppointmentState
from treatments.services import appointments, consents, earlier

SignIn = Callable[[User], Page]


class Presses:
    """How often somebody presses something."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, control: Locator) -> None:
        self.number += 1
        control.click()


@pytest.fixture
def press() -> Presses:
    return Presses()


@pytest.fixture
def clinic(catalogue: None) -> dict[str, User]:
    return {"reception": factories.staff("reception"), "injector": factories.staff("injector")}


def known(**fields) -> Patient:
    """Somebody treated long ago who answered the questions and signed today."""
    now, today = timezone.now(), timezone.localdate()
    practitioner = fields.pop("practitioner", None)
    person = factories.patient(**({"phone": "+447700900123"} | fields), at=now)
    factories.treated(person, today - timedelta(days=300), practitioner=practitioner, at=now)
    factories.answers(person, on=today, at=now)
    consents.sign(person, signed_on=today, by="tester", at=now)
    return person


def moment(on: date, hour: int, minute: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(on, time(hour, minute)))


def booked(person: Patient, starts_at: datetime, by: User, *, practitioner=None, room=None) -> Appointment:
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=practitioner or factories.practitioner(),
        room=room or factories.room(),
        starts_at=starts_at,
        minutes=30,
    )
    return appointments.book(booking, by=by, at=starts_at - timedelta(hours=1), acknowledged=True)


def row(page: Page, person: Patient) -> Locator:
    return page.locator("tr", has_text=person.family_name.upper())


def state(visit: Appointment) -> str:
    visit.refresh_from_db()
    return visit.state


def test_arrive_and_its_undo_are_one_press_each(
    clinic: dict[str, User], live_server: LiveServer, sign_in: SignIn, press: Presses
):
    person = known(family_name="Marsh")
    visit = booked(person, moment(timezone.localdate(), 12), clinic["reception"])
    page = sign_in(clinic["reception"])
    page.goto(f"{live_server.url}/today/")

    press(row(page, person).get_by_role("button", name=re.compile(r"Arrive\s*, MARSH")))
    expect(page.locator(".notice-success")).to_contain_text("MARSH, Alina, 12:00: Arrived.")
    arrived = (press.number, state(visit))
    press(page.locator(".notice-success").get_by_role("button", name="Undo"))
    expect(row(page, person)).to_contain_text("Booked")

    assert arrived == (1, "arrived")  # R3
    assert (press.number - 1, state(visit)) == (1, "booked")  # R4


def test_from_the_door_to_the_record(clinic: dict[str, User], live_server: LiveServer, sign_in: SignIn, press: Presses):
    person = known(family_name="Okoro")
    visit = booked(person, moment(timezone.localdate(), 12), clinic["reception"])
    page = sign_in(clinic["reception"])
    page.goto(f"{live_server.url}/today/")
    press(row(page, person).get_by_role("button", name="Arrive"))

    press(row(page, person).get_by_role("link", name=re.compile(r"Check in\s*, OKORO")))
    expect(page.locator(".check-in-questions")).to_be_hidden()
    press(page.get_by_label("Said their name"))
    press(page.get_by_label("Said their date of birth"))
    press(page.get_by_label("No, all answers are still the same"))
    press(page.get_by_role("button", name="Check in"))
    expect(row(page, person)).to_contain_text("Checked in")
    expect(row(page, person)).to_contain_text("Ready")
    assert press.number == 6

    page = sign_in(clinic["injector"])
    page.goto(f"{live_server.url}/today/")
    press(row(page, person).get_by_role("button", name=re.compile(r"Treat\s*, OKORO")))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Record treatment")
    assert state(visit) == "in_room"

    page.goto(f"{live_server.url}/today/")
    row(page, person).get_by_text("More").click()
    row(page, person).get_by_role("button", name="Back to checked in").click()
    expect(row(page, person)).to_contain_text("Checked in")
    assert state(visit) == "checked"


def test_yes_at_the_desk_opens_the_questions_and_holds_the_visit(
    clinic: dict[str, User], live_server: LiveServer, sign_in: SignIn
):
    person = known(family_name="Sato")
    visit = booked(person, moment(timezone.localdate(), 12), clinic["reception"])
    page = sign_in(clinic["reception"])
    page.goto(f"{live_server.url}/visits/{visit.public_id}/check-in/")
    page.get_by_label("Said their name").check()
    page.get_by_label("Said their date of birth").check()
    page.get_by_label("Yes: ask all the questions").check()
    for group in page.get_by_role("radiogroup").all():
        group.get_by_label("Yes" if "pregnan" in (group.get_attribute("id") or "") else "No", exact=True).check()
    page.get_by_role("button", name="Check in").click()

    expect(page.locator("main")).to_contain_text("do not let it go ahead")
    assert state(visit) == "on_hold"
    page.goto(f"{live_server.url}/today/")
    expect(page.locator(".row-group").first).to_contain_text("On hold: decide")
    expect(row(page, person).get_by_role("link", name="Clinical check")).to_be_visible()


@pytest.mark.parametrize("hours", [False, True])
def test_a_freed_time_is_filled_within_three_presses(
    clinic: dict[str, User], live_server: LiveServer, sign_in: SignIn, press: Presses, hours: bool
):
    on = timezone.localdate() + timedelta(days=3)
    osei = Practitioner.objects.create(name="R. Osei")
    one = Room.objects.create(location=Location.objects.create(name="Harbour"), name="Room A")
    if hours:
        for weekday in range(7):
            WorkingHours.objects.create(
                practitioner=osei, location=one.location, weekday=weekday, opens=time(9), closes=time(17),
                starts_on=date(2026, 1, 1),
            )  # fmt: skip
    due = known(family_name="Adeyemi", practitioner=osei)
    gone = booked(known(family_name="Yu"), moment(on, 10), clinic["reception"], practitioner=osei, room=one)
    waiting = known(family_name="Bauer")
    later = booked(waiting, moment(on + timedelta(days=14), 10), clinic["reception"], practitioner=osei, room=one)
    earlier.ask(waiting, by="tester", at=timezone.now(), appointment=later)
    page = sign_in(clinic["reception"])
    page.goto(f"{live_server.url}/visits/{gone.public_id}/cancel/")
    page.get_by_label("The patient", exact=True).check()
    page.get_by_label("Why?").select_option("unwell")
    page.get_by_label("Put on the list to rebook").check()
    page.get_by_role("button", name="Cancel the visit").click()

    expect(page.get_by_role("heading", name="2 people fit this time")).to_be_visible()
    press(page.get_by_role("link", name=re.compile(r"Move here\s*, BAUER")))
    press(page.get_by_role("button", name="Confirm the move"))
    expect(page.locator(".notice-success").first).to_contain_text("BAUER")

    later.refresh_from_db()
    assert (later.on, later.starts_at, later.practitioner, later.room) == (on, gone.starts_at, osei, one)
    assert press.number <= 3  # R9

    page.goto(f"{live_server.url}/visits/{gone.public_id}/")
    expect(page.get_by_text("fits this time")).to_have_count(0)  # somebody has it now

    other = booked(known(family_name="Holm"), moment(on, 14), clinic["reception"], practitioner=osei, room=one)
    appointments.cancel(other, who="clinic", reason="Staff away", by="tester", at=timezone.now())
    page.goto(f"{live_server.url}/visits/{other.public_id}/")
    again = Presses()
    again(page.get_by_role("link", name=re.compile(r"Book\s*, ADEYEMI")))
    again(page.get_by_role("button", name="Confirm booking"))
    expect(page.locator(".notice-success").first).to_contain_text("Booked: ADEYEMI")
    taken = due.appointments.get()
    assert (taken.starts_at, taken.practitioner, taken.room) == (other.starts_at, osei, one)
    assert again.number <= 3


def test_rows_do_not_move_under_the_pointer(clinic: dict[str, User], live_server: LiveServer, sign_in: SignIn):
    person = known(family_name="Reyes")
    visit = booked(person, moment(timezone.localdate(), 12), clinic["reception"])
    page = sign_in(clinic["reception"])
    page.goto(f"{live_server.url}/today/")
    ask = "() => document.querySelector('[data-live]').dispatchEvent(new CustomEvent('refresh'))"
    osei = factories.staff("injector", first_name="R.", last_name="Osei")

    row(page, person).hover()
    appointments.mark(visit, AppointmentState.ARRIVED, by=osei.username, at=timezone.now() + timedelta(seconds=1))
    page.wait_for_timeout(1100)
    page.evaluate(ask)
    show = page.get_by_role("button", name="Show 1 change")
    expect(show).to_be_visible()
    expect(row(page, person)).not_to_contain_text("Arrived")
    expect(page.locator("#status")).to_have_text("Show 1 change")
    show.click()
    expect(row(page, person)).to_contain_text("Arrived")
    expect(row(page, person)).to_contain_text("by R. Osei")

    page.get_by_role("heading", level=1).hover()
    appointments.mark(visit, AppointmentState.BOOKED, by=osei.username, at=timezone.now() + timedelta(seconds=1))
    page.evaluate(ask)
    expect(row(page, person)).to_contain_text("Booked")
