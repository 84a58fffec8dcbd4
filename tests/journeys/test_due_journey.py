"""Reception works the due list in a browser: a call logged in two presses, panels by keyboard, nothing lost on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Practitioner, User
from tests import factories
from tests.journeys.test_booking_journey import COUNT_CLICKS, COUNT_KEYS, pressed, works
from treatments.models import Appointment, ContactAttempt, Patient

SignIn = Callable[[User], Page]


@pytest.fixture
def osei(catalogue: None) -> Practitioner:
    osei = factories.practitioner(name="R. Osei")
    works(osei, factories.room(name="Room 1"))
    return osei


@pytest.fixture
def reception(osei: Practitioner) -> User:
    return factories.staff("reception", first_name="Maya", last_name="Cole")


@pytest.fixture
def overdue(osei: Practitioner) -> list[Patient]:
    """Two people, overdue for some days; the first one of both in two courses."""
    today, now = timezone.localdate(), timezone.now()
    people = [
        factories.patient(family_name=name, given_name=given, phone=f"07700 90011{n}", at=now)
        for n, (name, given) in enumerate((("Marsh", "Alina"), ("Okoro", "Ben")))
    ]
    for days, person in zip((150, 140), people, strict=True):
        factories.answers(person, on=today, at=now)
        factories.treated(person, today - timedelta(days=days), practitioner=osei, at=now)
    factories.treated(people[0], today - timedelta(days=149), area="forehead_lines", practitioner=osei, at=now)
    return people


def opens(page: Page, words: str, name: str) -> Locator:
    """The first button of this name in a row of that person."""
    return page.get_by_role("link", name=re.compile(f"^{words}.*{name}")).first


def test_no_answer_is_logged_with_two_clicks_and_taken_back_with_one(
    reception: User, overdue: list[Patient], live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.context.add_init_script(COUNT_CLICKS)
    page.goto(f"{live_server.url}/due/overdue/")

    opens(page, "Log contact", "MARSH, Alina").click()
    page.get_by_role("button", name="No answer").click()

    said = page.locator(".row-panel .notice-success")
    expect(said).to_contain_text("MARSH, Alina: no answer. Back on the list on")
    assert pressed(page) == 2
    assert ContactAttempt.objects.filter(outcome="no_answer").count() == 2  # one call, two courses
    rows = page.locator(f'tbody[data-patient="{overdue[0].public_id}"]')
    expect(rows.nth(0)).to_contain_text("1 contact")
    expect(rows.nth(1)).to_contain_text("1 contact")
    said.get_by_role("button", name="Undo").click()

    expect(page.locator(".row-panel .notice-success")).to_contain_text("The contact was taken back.")
    expect(rows.nth(1)).not_to_contain_text("1 contact")
    assert pressed(page) == 3


def test_no_answer_is_logged_with_two_keys(
    reception: User, overdue: list[Patient], live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.context.add_init_script(COUNT_KEYS)
    page.goto(f"{live_server.url}/due/overdue/")
    opens(page, "Log contact", "OKORO, Ben").focus()

    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="No answer")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator(".row-panel .notice-success")).to_be_focused()
    assert pressed(page) == 2


def test_one_panel_is_open_at_a_time_and_escape_closes_it(
    reception: User, overdue: list[Patient], live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.goto(f"{live_server.url}/due/overdue/")

    opens(page, "Log contact", "MARSH, Alina").click()
    expect(page.locator(".row-panel")).to_have_count(1)
    opens(page, "Book", "OKORO, Ben").click()
    expect(page.locator("#best-1")).to_be_focused()
    expect(page.locator(".row-panel")).to_have_count(1)
    page.keyboard.press("Escape")

    expect(page.locator(".row-panel")).to_have_count(0)
    expect(opens(page, "Book", "OKORO, Ben")).to_be_focused()
    opens(page, "More", "OKORO, Ben").press("Enter")
    expect(page.get_by_label("Due from")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opens(page, "More", "OKORO, Ben")).to_be_focused()


def test_what_was_typed_stays_where_it_cannot_be_saved(
    reception: User, overdue: list[Patient], live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.goto(f"{live_server.url}/due/overdue/")
    opens(page, "Log contact", "OKORO, Ben").click()

    page.get_by_text("Not now", exact=True).first.click()
    page.get_by_label("In own words").fill("After the wedding")
    page.get_by_label("on a day").check()
    page.get_by_role("button", name="Not now").click()

    expect(page.get_by_text("Choose when to call again.")).to_be_visible()
    expect(page.locator("#id_until")).to_be_focused()
    expect(page.get_by_label("In own words")).to_have_value("After the wedding")
    page.get_by_label("in 4 weeks").check()
    page.get_by_role("button", name="Not now").click()
    expect(page.locator(".row-panel .notice-success")).to_contain_text("OKORO, Ben: not now. Back on the list on")
    assert ContactAttempt.objects.get().reason == "After the wedding"


def test_a_run_of_calls_goes_from_one_to_the_next(
    reception: User, overdue: list[Patient], live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.goto(f"{live_server.url}/due/overdue/")

    page.get_by_role("link", name="Call run").click()
    expect(page.locator(".due-list tbody")).to_have_count(1)
    seen = [page.locator(".due-list .row-name").inner_text()]
    for _n in range(2):
        page.get_by_role("link", name="Next").click()
        page.wait_for_load_state()
        seen.append(page.locator(".due-list .row-name").inner_text())

    assert sorted(seen) == ["MARSH, Alina", "MARSH, Alina", "OKORO, Ben"]
    expect(page.get_by_text("This is the last one.")).to_be_visible()


def test_a_patient_is_booked_from_the_row_without_script(
    reception: User,
    overdue: list[Patient],
    live_server: LiveServer,
    sign_in: SignIn,
    browser,
    browser_context_args: dict,
):
    cookies = sign_in(reception).context.cookies()
    plain = browser.new_context(**browser_context_args, java_script_enabled=False)
    plain.add_cookies(cookies)
    page = plain.new_page()
    page.goto(f"{live_server.url}/due/overdue/")

    opens(page, "Book", "OKORO, Ben").click()
    page.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Confirm booking").click()

    expect(page.locator(".notice-success")).to_contain_text("Booked: OKORO, Ben")
    assert page.url.endswith("/due/overdue/")
    assert Appointment.objects.get().patient == overdue[1]
    plain.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_open_panels_are_accessible(
    theme: str, reception: User, overdue: list[Patient], live_server: LiveServer, sign_in: SignIn, complaints: list[str]
):
    page = sign_in(reception)
    page.emulate_media(color_scheme=theme)
    page.goto(f"{live_server.url}/due/overdue/")
    wrong = {}
    for words in ("Book", "Log contact", "More"):
        opens(page, words, "OKORO, Ben").click()
        expect(page.locator(f'.row-panel [data-panel][action*="{words.split()[-1].lower()}"]')).to_be_visible()
        if words == "Book":
            page.get_by_role("radio").nth(0).click()
            expect(page.locator("#decision")).to_contain_text("is held for you until")
        if words == "Log contact":
            for fold in ("Not now", "What the patient says of the effect"):
                page.get_by_text(fold, exact=True).first.click()
        assert complaints == []
        found = Axe().run(page)
        complaints.clear()  # axe writes styles into the page, which the policy reports
        if found.violations_count:
            wrong[words] = [(v["id"], [n["html"][:150] for n in v["nodes"]][:3]) for v in found.response["violations"]]

    assert wrong == {}
