"""A patient with a telephone and a link: the fewest taps, no script needed, nothing told that is not theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import User, WorkingHours
from tests import factories
from treatments.models import Appointment, ClinicSettings, PatientRequest, SafetyAnswer
from treatments.services import links

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
BORN = date(1985, 7, 14)
COUNT = """
addEventListener("click", (event) => {
  if (event.isTrusted && event.target.closest("a, button")) sessionStorage.taps = Number(sessionStorage.taps || 0) + 1;
}, true);
"""
OPENED = 1  # the tap on the link in the message


@pytest.fixture
def visit(catalogue: None) -> Appointment:
    """In nine days, with somebody who works every day."""
    now = timezone.now()
    ClinicSettings.objects.create(telephone="+442079460123")
    person = factories.patient(family_name="Marsh", given_name="Alina", born_on=BORN, at=now)
    starts_at = timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=9), time(17, 30)))
    osei = factories.practitioner(name="R. Osei")
    visit = factories.visit(person, starts_at, at=now, practitioner=osei)
    for weekday in range(7):
        WorkingHours.objects.create(
            practitioner=osei, location=visit.room.location, weekday=weekday, opens=time(8), closes=time(20),
            starts_on=date(2020, 1, 1),
        )  # fmt: skip
    return visit


@pytest.fixture
def message(visit: Appointment, live_server: LiveServer, settings) -> str:
    """The address in the message."""
    settings.CLINIC_URL = live_server.url
    return links.make(visit.patient, "visit", at=timezone.now(), appointment=visit)


@pytest.fixture
def telephone(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody's own, on which nobody of the clinic is signed in."""
    context = browser.new_context(**PHONE, locale="en-GB")
    context.add_init_script(COUNT)
    yield context
    context.close()


@pytest.fixture
def phone(telephone: BrowserContext) -> Page:
    return telephone.new_page()


def taps(page: Page) -> int:
    return OPENED + page.evaluate("Number(sessionStorage.taps || 0)")


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def tell_birth(page: Page) -> None:
    for label, value in (("Day", BORN.day), ("Month", BORN.month), ("Year", BORN.year)):
        page.get_by_label(label).fill(str(value))
    press(page, "Continue")


def test_a_visit_is_confirmed_in_two_taps(phone: Page, message: str, visit: Appointment):
    phone.goto(message)
    press(phone, "I will come")

    expect(phone.locator(".public-said")).to_contain_text("You told us that you will come")
    assert taps(phone) == 2
    visit.refresh_from_db()
    assert visit.reply == "coming"


def test_questions_with_nothing_to_declare_take_eleven_taps(phone: Page, message: str, visit: Appointment):
    phone.goto(message)
    phone.get_by_role("link", name="Answer your health questions").click()
    tell_birth(phone)
    for number in range(1, 8):
        expect(phone.locator(".public-step")).to_have_text(f"Question {number} of 7")
        press(phone, "No")
    heading(phone, "Check your answers")
    press(phone, "Send my answers")

    heading(phone, "Thank you")
    assert taps(phone) == 11
    assert set(SafetyAnswer.objects.values_list("answer", flat=True)) == {"no"}


def test_a_yes_holds_the_visit_and_the_screen_says_only_that_somebody_will_call(
    phone: Page, message: str, visit: Appointment, live_server: LiveServer, sign_in: Callable[[User], Page]
):
    phone.goto(f"{message}questions/")
    tell_birth(phone)
    press(phone, "Yes")
    phone.get_by_role("link", name="Back").click()
    expect(phone.get_by_role("button", name="Yes", exact=True)).to_have_attribute("aria-pressed", "true")
    press(phone, "Yes")
    for _question in range(6):
        press(phone, "No")
    press(phone, "Send my answers")

    heading(phone, "Thank you")
    expect(phone.locator("main")).to_contain_text("Someone from the clinic will call before your visit.")
    page = sign_in(factories.staff("reception"))
    page.goto(f"{live_server.url}/confirmations/")
    expect(page.get_by_role("table").first).to_contain_text("Answered a safety question with yes or not sure")
    visit.refresh_from_db()
    assert visit.state == "on_hold"


def test_another_time_is_wished_for_and_reception_moves_the_visit(
    phone: Page, message: str, visit: Appointment, live_server: LiveServer, sign_in: Callable[[User], Page]
):
    phone.goto(message)
    phone.get_by_role("link", name="I need another time").click()
    tell_birth(phone)
    phone.locator(".public-times button").first.click()
    expect(phone.locator(".public-said")).to_contain_text("You asked for")
    row = PatientRequest.objects.get()

    page = sign_in(factories.staff("reception"))
    page.get_by_role("link", name="1 patient waits for an answer").click()
    page.get_by_role("link", name=re.compile("^Move.*MARSH, Alina")).click()

    assert row.wished_at is not None
    expect(page).to_have_url(
        f"{live_server.url}/visits/{visit.public_id}/move/?date={timezone.localtime(row.wished_at).date()}"
    )


def test_reception_notes_a_call_in_one_press_and_works_off_a_request_with_undo(
    visit: Appointment, message: str, phone: Page, live_server: LiveServer, sign_in: Callable[[User], Page]
):
    tomorrow = timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=1), time(10)))
    other = factories.patient(family_name="Quinn", given_name="Ruth", phone="07700 900123", at=timezone.now())
    called = factories.visit(other, tomorrow, at=timezone.now(), practitioner=visit.practitioner)
    phone.goto(message)
    press(phone, "I cannot come")

    page = sign_in(factories.staff("reception"))
    page.goto(f"{live_server.url}/confirmations/")
    page.get_by_role("button", name=re.compile("^Confirmed.*QUINN, Ruth")).click()
    expect(page.locator(".notice-success")).to_contain_text("Confirmed: QUINN, Ruth")
    page.get_by_role("button", name=re.compile("^Done.*MARSH, Alina")).click()
    page.locator(".notice-success").get_by_role("button", name="Undo").click()

    expect(page.locator(".notice-success")).to_contain_text("Back on the list: Cannot come, MARSH, Alina.")
    called.refresh_from_db()
    assert called.reply == "coming"
    assert PatientRequest.objects.get().handled_at is None


def test_all_of_it_works_without_script(browser: Browser, message: str, visit: Appointment):
    context = browser.new_context(**PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{message}questions/")
    tell_birth(page)
    for _question in range(7):
        press(page, "No")
    press(page, "Send my answers")
    heading(page, "Thank you")
    page.goto(message)
    press(page, "I will come")
    page.get_by_role("link", name="Stop reminders").click()
    press(page, "Stop reminders")

    heading(page, "Reminders are stopped")
    assert {cookie["name"] for cookie in context.cookies(message)} == {"born"}
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_of_a_patient_has_an_accessibility_violation(theme: str, phone: Page, message: str, visit: Appointment):
    phone.emulate_media(color_scheme=theme)
    wrong: dict[str, list] = {}

    def look(name: str) -> None:
        found = Axe().run(phone)
        if found.violations_count:
            wrong[name] = [(v["id"], [n["html"][:150] for n in v["nodes"]][:3]) for v in found.response["violations"]]

    phone.goto(message)
    look("visit")
    phone.goto(f"{message}questions/")
    press(phone, "Continue")
    look("birth, wrong")
    tell_birth(phone)
    look("question")
    press(phone, "Not sure")
    phone.get_by_role("link", name="Back").click()
    look("question, answered")
    press(phone, "Not sure")
    for _question in range(6):
        press(phone, "No")
    look("check")
    press(phone, "Send my answers")
    look("sent")
    phone.goto(f"{message}change/")
    look("times")
    phone.locator(".public-times button").first.click()
    look("visit, asked")

    assert wrong == {}


def test_what_can_be_pressed_is_large_enough_and_nothing_is_wider_than_the_telephone(phone: Page, message: str):
    def small() -> list[str]:
        return phone.evaluate(
            "[...document.querySelectorAll('a, button, input')].filter(e => !e.closest('.skip-link'))"
            ".filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 90))"
        )

    phone.goto(message)
    found = small()
    phone.goto(f"{message}change/")
    tell_birth(phone)
    found += small()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.goto(f"{message}questions/today/")
    found += small()

    assert found == []
    assert phone.evaluate("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)") >= 18
