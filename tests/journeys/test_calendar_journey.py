"""The calendar by keyboard: to a free time, to a booked visit moved to another one, and nothing by drag."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Practitioner, User, WorkingHours
from tests import factories
from treatments.models import Appointment
from treatments.services import appointments


@pytest.fixture
def tuesday() -> date:
    """One of the weeks to come: the clock of the server is not stopped here."""
    today = timezone.localdate()
    return today + timedelta(days=7 + (1 - today.weekday()) % 7)


@pytest.fixture
def visit(catalogue: None, tuesday: date) -> Appointment:
    """R. Osei and T. Lin work on Tuesdays from 9 to 12; R. Osei has one visit, at 10."""
    room = factories.room(name="Room 1")
    factories.room(name="Room 2", location=room.location)
    for name in ("R. Osei", "T. Lin"):
        WorkingHours.objects.create(
            practitioner=factories.practitioner(name=name), location=room.location, weekday=1, opens=time(9),
            closes=time(12), starts_on=date(2026, 1, 1),
        )  # fmt: skip
    booking = appointments.Booking(
        patient=factories.patient(family_name="Marsh", given_name="Alina", at=timezone.now()),
        indications=(factories.indication(),),
        practitioner=Practitioner.objects.get(name="R. Osei"),
        room=room,
        starts_at=datetime.combine(tuesday, time(10), timezone.get_current_timezone()).astimezone(UTC),
        minutes=30,
    )
    by = factories.staff("reception", username="maya")
    return appointments.book(booking, by=by, at=timezone.now(), acknowledged=True)


def grid_of(page: Page, url: str, on: date, **asked: str) -> None:
    page.goto(f"{url}/calendar/day/{on}/" + "".join(f"?{name}={value}" for name, value in asked.items()))


def test_a_free_time_is_reached_by_keyboard_and_leads_to_the_patient(
    visit: Appointment, tuesday: date, live_server: LiveServer, sign_in: Callable[[User | str], Page]
):
    page = sign_in("maya")
    grid_of(page, live_server.url, tuesday)
    said = f"{tuesday:%A} {tuesday.day} {tuesday:%B}"

    first = page.get_by_role("link", name=f"{said}, 09:00, R. Osei, free, 30 minutes")
    first.focus()
    for key in ("ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.get_by_role("link", name=re.compile("^10:00 MARSH, Alina"))).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("link", name=f"{said}, 10:00, T. Lin, free, 30 minutes")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("link", name=f"{said}, 11:30, T. Lin, free, 30 minutes")).to_be_focused()
    page.keyboard.press("ArrowUp")
    assert page.locator("[data-day-grid] tbody a[tabindex='0']").count() == 1

    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Book 11:00, T. Lin")
    expect(page.get_by_label("Find a patient")).to_be_focused()
    page.keyboard.type("marsh")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=re.compile("^Book.*MARSH, Alina")).click()
    page.wait_for_url(lambda url: f"/patients/{visit.patient.public_id}/book/" in url)
    assert f"date={tuesday}&time=11%3A00" in page.url


def test_a_visit_is_moved_by_keyboard_and_esc_leaves(
    visit: Appointment, tuesday: date, live_server: LiveServer, sign_in: Callable[[User | str], Page]
):
    page = sign_in("maya")
    grid_of(page, live_server.url, tuesday, move=visit.public_id)
    expect(page.get_by_text("Moving MARSH, Alina, 30 min.")).to_be_visible()

    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "move=" not in url)
    expect(page.get_by_text("Moving MARSH")).to_have_count(0)

    grid_of(page, live_server.url, tuesday, move=visit.public_id)
    said = f"{tuesday:%A} {tuesday.day} {tuesday:%B}"
    page.get_by_role("link", name=f"{said}, 09:00, R. Osei, free, 30 minutes").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=f"{said}, 09:15, R. Osei, free, 30 minutes")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    page.wait_for_url(lambda url: f"/visits/{visit.public_id}/move/" in url)
    assert f"date={tuesday}&time=09%3A15" in page.url
    expect(page.get_by_role("heading", level=1)).to_contain_text("Move")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_no_view_of_the_calendar_has_an_accessibility_violation(
    visit: Appointment,
    tuesday: date,
    live_server: LiveServer,
    sign_in: Callable[[User | str], Page],
    complaints: list[str],
    theme: str,
    size: tuple[int, int],
):
    page = sign_in("maya")
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    year, week, _weekday = tuesday.isocalendar()
    wrong = {}

    for address in (
        f"day/{tuesday}/", f"day/{tuesday}/?by=room", f"day/{tuesday}/?move={visit.public_id}",
        f"day/{tuesday + timedelta(days=1)}/", f"day/{tuesday}/free/09:00/?with={visit.practitioner_id}",
        f"week/{year}-W{week:02}/", f"week/{year}-W{week:02}/?with={visit.practitioner_id}",
    ):  # fmt: skip
        page.goto(f"{live_server.url}/calendar/{address}")
        assert complaints == [], address
        found = Axe().run(page)
        complaints.clear()  # axe writes styles into the page to measure contrast, and the policy reports those
        if found.violations_count:
            wrong[address] = [
                (v["id"], [n["html"][:150] for n in v["nodes"]][:3]) for v in found.response["violations"]
            ]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address

    assert wrong == {}


def test_a_phone_shows_the_agenda_with_everybodys_name(
    visit: Appointment, tuesday: date, live_server: LiveServer, sign_in: Callable[[User | str], Page]
):
    page = sign_in("maya")
    page.set_viewport_size({"width": 390, "height": 844})

    grid_of(page, live_server.url, tuesday)

    block = page.locator("[data-day-grid] a", has_text="MARSH, Alina")
    expect(block).to_contain_text("R. Osei")
    expect(block.locator("em")).to_be_visible()
    expect(page.locator("[data-day-grid] thead")).to_be_hidden()
    expect(page.get_by_role("link", name=re.compile("free, 30 minutes"))).to_have_count(0)
