"""Reception books and moves a visit in a browser: the fewest clicks and keys, a slot that has gone, an undo."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.formats import day
from clinic.models import Location, Practitioner, Room, User, WorkingHours
from tests import factories
from treatments.models import Appointment, Patient, Service, SlotHold
from treatments.services import appointments

SignIn = Callable[[User], Page]

COUNT = """
window.pressed = Number(sessionStorage.pressed || 0);
const count = (event) => {
  if (event.isTrusted && !["Shift", "Control", "Alt", "Meta"].includes(event.key))
    sessionStorage.pressed = window.pressed += 1;
};
"""
COUNT_CLICKS = COUNT + 'addEventListener("mousedown", count, true);'
COUNT_KEYS = COUNT + 'addEventListener("keydown", count, true);'


@pytest.fixture
def osei(catalogue: None) -> Practitioner:
    """Works every day from eight to eight, in Room 1, so that there are times on whatever day this runs."""
    osei = factories.practitioner(name="R. Osei")
    works(osei, factories.room(name="Room 1"))
    return osei


@pytest.fixture
def reception(osei: Practitioner) -> User:
    return factories.staff("reception", first_name="Maya", last_name="Cole")


@pytest.fixture
def due(osei: Practitioner) -> Patient:
    """Due since more than a week, questions answered."""
    today, now = timezone.localdate(), timezone.now()
    person = factories.patient(family_name="Marsh", given_name="Alina", at=now)
    factories.answers(person, on=today, at=now)
    factories.treated(person, today - timedelta(days=100), practitioner=osei, at=now)
    return person


def works(who: Practitioner, room: Room) -> None:
    for weekday in range(7):
        WorkingHours.objects.create(
            practitioner=who, location=room.location, weekday=weekday, opens=time(8), closes=time(20),
            starts_on=date(2020, 1, 1),
        )  # fmt: skip


def pressed(page: Page) -> int:
    return page.evaluate("Number(sessionStorage.pressed || 0)")


def line_of(visit: Appointment) -> str:
    start, end = timezone.localtime(visit.starts_at), timezone.localtime(visit.ends_at)
    return f"{visit.patient.list_name}, {day(visit.on)}, {start:%H:%M} to {end:%H:%M}, R. Osei, Room 1."


def test_a_due_patient_is_booked_in_three_clicks(
    reception: User, due: Patient, live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.context.add_init_script(COUNT_CLICKS)
    page.goto(f"{live_server.url}/due/now/")

    page.get_by_role("link", name=re.compile("^Book.*MARSH, Alina")).click()
    page.get_by_role("radio").nth(1).click()
    expect(page.locator("#decision")).to_contain_text("is held for you until")
    page.get_by_role("button", name="Confirm booking").click()

    expect(page.locator(".notice-success")).to_contain_text("Booked: ")
    visit = Appointment.objects.get(patient=due)
    expect(page.locator(".notice-success")).to_contain_text(line_of(visit))
    assert pressed(page) == 3


def test_a_due_patient_is_booked_with_five_keys(
    reception: User, due: Patient, live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.context.add_init_script(COUNT_KEYS)
    page.goto(f"{live_server.url}/due/now/")
    page.get_by_role("link", name=re.compile("^Book.*MARSH, Alina")).focus()

    page.keyboard.press("Enter")
    expect(page.locator("#best-1")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#best-2")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("#decision")).to_contain_text("is held for you until")
    page.wait_for_load_state("networkidle")  # the panel has settled
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Confirm booking")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator(".notice-success")).to_contain_text("Booked: ")
    assert Appointment.objects.filter(patient=due, state="booked").count() == 1
    assert pressed(page) == 5


def test_a_visit_is_moved_in_three_clicks(reception: User, due: Patient, live_server: LiveServer, sign_in: SignIn):
    visit = booked(due, reception, hour=12)
    page = sign_in(reception)
    page.context.add_init_script(COUNT_CLICKS)
    page.goto(live_server.url + visit.get_absolute_url())

    page.get_by_role("link", name="Move", exact=True).click()
    page.get_by_role("radio").nth(1).click()
    expect(page.locator("#decision")).to_contain_text("is held for you until")
    page.get_by_role("button", name="Confirm the move").click()

    expect(page.locator(".notice-success")).to_contain_text("Moved: ")
    before = visit.starts_at
    visit.refresh_from_db()
    assert visit.starts_at != before
    expect(page.locator(".notice-success")).to_contain_text(line_of(visit))
    assert pressed(page) == 3


def booked(person: Patient, by: User, *, hour: int) -> Appointment:
    starts_at = timezone.localtime().replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=5)
    osei, room = Practitioner.objects.get(), Room.objects.get()
    wanted = appointments.Booking(person, (factories.indication(),), osei, room, starts_at, 30)
    return appointments.book(wanted, by=by, at=timezone.now(), acknowledged=True)


def test_a_day_from_the_month_by_keyboard_alone(
    reception: User, due: Patient, live_server: LiveServer, sign_in: SignIn
):
    chosen_on = timezone.localdate() + timedelta(days=3)
    page = sign_in(reception)
    page.goto(f"{live_server.url}/patients/{due.public_id}/book/?date={chosen_on - timedelta(days=1)}")
    if not page.locator(f"#day-{chosen_on}").count():
        page.locator("#month-following").focus()
        page.keyboard.press("Enter")

    page.locator(f"#day-{chosen_on}").focus()
    page.keyboard.press("Enter")

    first = page.locator(".day-time input").first
    expect(first).to_be_focused()
    expect(page.locator("#day-heading")).to_contain_text(day(chosen_on))
    expect(page.locator("td.month-chosen [aria-current=date]")).to_have_attribute("id", f"day-{chosen_on}")
    expect(page.locator("#month [aria-current=date]")).to_have_count(1)
    expect(page.locator("#verdict")).to_contain_text(day(chosen_on))
    expect(page.locator("#strip")).to_contain_text(day(chosen_on))
    page.keyboard.press("Space")
    expect(page.locator("#decision")).to_contain_text("is held for you until")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Confirm booking")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".notice-success")).to_contain_text("Booked: ")
    assert Appointment.objects.get(patient=due).on == chosen_on


def test_a_slot_that_has_gone_is_said_and_another_taken_at_one_press(
    reception: User, due: Patient, live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.goto(f"{live_server.url}/patients/{due.public_id}/book/")
    page.get_by_label("Note for the visit").fill("Comes with her sister")
    when = page.locator("#best-2").get_attribute("value") or ""
    rival = factories.staff("reception", first_name="T.", last_name="Lin")
    take(when, rival)

    page.locator("#best-2").click()

    expect(page.locator("#times")).to_contain_text(re.compile(r"was booked at \d\d:\d\d by T\. Lin\."))
    near = page.get_by_role("group", name="Free near it").get_by_role("button")
    expect(near).to_have_count(3)
    near.first.click()
    expect(page.locator("#decision")).to_contain_text("is held for you until")
    expect(page.get_by_label("Note for the visit")).to_have_value("Comes with her sister")
    page.get_by_role("button", name="Confirm booking").click()
    expect(page.locator(".notice-success")).to_contain_text("Booked: ")
    assert Appointment.objects.get(patient=due).note == "Comes with her sister"
    assert not SlotHold.objects.exists()


def take(slot: str, by: User) -> None:
    from treatments.forms.times import Slot  # noqa: PLC0415  after Django's setup

    wanted = Slot.read(slot)
    assert wanted is not None
    osei, room = Practitioner.objects.get(pk=wanted.practitioner), Room.objects.get(pk=wanted.room)
    other = factories.patient(at=timezone.now())
    booking = appointments.Booking(other, (factories.indication(),), osei, room, wanted.starts_at, 30)
    appointments.book(booking, by=by, at=timezone.now(), acknowledged=True)


def test_another_practitioner_changes_the_times_and_why_not_answers(
    reception: User, due: Patient, osei: Practitioner, live_server: LiveServer, sign_in: SignIn
):
    Location.objects.get()
    works(factories.practitioner(name="T. Lin"), Room.objects.get())
    page = sign_in(reception)
    page.goto(f"{live_server.url}/patients/{due.public_id}/book/")

    page.get_by_label("With").select_option(label="T. Lin")
    expect(page.locator(".best-who").first).to_contain_text("T. Lin")
    page.locator("#month button.month-day").last.click()
    expect(page.locator(".day-time input").first).to_be_focused()
    page.get_by_label("Why is a time not offered?").fill("06:00")
    page.get_by_role("button", name="Why not then?").click()

    expect(page.locator("#why")).to_contain_text("T. Lin does not work at 06:00.")


def test_a_booking_is_undone(reception: User, due: Patient, live_server: LiveServer, sign_in: SignIn):
    page = sign_in(reception)
    page.goto(f"{live_server.url}/patients/{due.public_id}/book/")
    page.locator("#best-1").click()
    expect(page.locator("#decision")).to_contain_text("is held for you until")
    page.get_by_role("button", name="Confirm booking").click()

    page.get_by_role("button", name="Undo").click()

    expect(page.locator(".notice-success")).to_contain_text("Booking undone: MARSH, Alina")
    assert Appointment.objects.get(patient=due).state == "cancelled"


def test_without_script_a_visit_is_booked_by_plain_forms(
    reception: User, due: Patient, live_server: LiveServer, sign_in: SignIn, browser
):
    page = sign_in(reception)
    chosen_on = timezone.localdate() + timedelta(days=2)
    plain = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state()).new_page()
    plain.goto(f"{live_server.url}/patients/{due.public_id}/book/?date={chosen_on - timedelta(days=1)}")
    if not plain.locator(f"#day-{chosen_on}").count():
        plain.locator("#month-following").click()

    plain.locator(f"#day-{chosen_on}").click()
    plain.locator(".day-time input").first.check()
    plain.get_by_role("button", name="Confirm booking").click()

    expect(plain.locator(".notice-success")).to_contain_text("Booked: ")
    assert Appointment.objects.get(patient=due).on == chosen_on
    plain.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("stopped", [False, True])
def test_the_chosen_day_the_near_times_and_a_block_are_accessible(
    reception: User, due: Patient, live_server: LiveServer, sign_in: SignIn, complaints: list[str], theme, stopped
):
    Service.objects.create(name="Treatment")
    Service.objects.create(name="Consultation", minutes=20, is_treatment=False)
    if stopped:
        factories.flag(due, "pregnancy", starts_on=timezone.localdate(), at=timezone.now())
    page = sign_in(reception)
    page.emulate_media(color_scheme=theme)
    page.goto(f"{live_server.url}/patients/{due.public_id}/book/")
    take(page.locator("#best-2").get_attribute("value") or "", factories.staff("reception"))
    page.locator("#best-2").click()
    if not stopped:
        expect(page.get_by_role("group", name="Free near it")).to_be_visible()
    page.get_by_text("Another time", exact=True).click()
    assert complaints == []

    found = Axe().run(page)

    complaints.clear()  # axe writes styles into the page, which the policy reports
    wrong = [(v["id"], [n["html"][:150] for n in v["nodes"]][:3]) for v in found.response["violations"]]
    assert wrong == []
