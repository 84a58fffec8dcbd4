"""What is true of an effect is noted in two presses and taken back in one; a window is set by hand. By keyboard too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import User
from tests import factories
from tests.journeys.test_booking_journey import COUNT_CLICKS, pressed
from treatments.models import Course, CourseTreatment, Patient

SignIn = Callable[[User], Page]


@pytest.fixture
def reception(catalogue: None) -> User:
    return factories.staff("reception", first_name="Maya", last_name="Cole")


@pytest.fixture
def treated(catalogue: None) -> Patient:
    person = factories.patient(family_name="Marsh", given_name="Alina", at=timezone.now())
    factories.treated(person, timezone.localdate() - timedelta(days=100), at=timezone.now())
    return person


def test_two_presses_note_an_effect_and_one_takes_it_back(
    reception: User, treated: Patient, live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.context.add_init_script(COUNT_CLICKS)
    page.goto(live_server.url + treated.get_absolute_url())

    page.get_by_text("How is the effect?").click()
    page.get_by_role("button", name="Still working").click()

    expect(page.get_by_text("Saved: Frown lines")).to_be_visible()
    assert pressed(page) == 2
    assert CourseTreatment.objects.get().still_working_on == timezone.localdate()
    assert Axe().run(page).violations_count == 0

    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_text("Taken back: Frown lines")).to_be_visible()
    assert pressed(page) == 3
    assert CourseTreatment.objects.get().still_working_on is None


def test_an_effect_is_noted_by_keyboard_alone(
    reception: User, treated: Patient, live_server: LiveServer, sign_in: SignIn
):
    page = sign_in(reception)
    page.goto(live_server.url + treated.get_absolute_url())

    page.get_by_text("How is the effect?").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Effect gone").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Saved: Frown lines")).to_be_visible()
    assert CourseTreatment.objects.get().worn_off_on == timezone.localdate()


def test_a_window_is_set_by_hand_and_the_computed_one_used_again(
    reception: User, treated: Patient, live_server: LiveServer, sign_in: SignIn
):
    opens = timezone.localdate() + timedelta(days=20)
    page = sign_in(reception)
    page.goto(live_server.url + treated.get_absolute_url())

    page.get_by_role("link", name="Set date").click()
    page.get_by_label("Due from").fill(opens.isoformat())
    page.get_by_label("Due until").fill((opens + timedelta(days=14)).isoformat())
    page.get_by_role("button", name="Set date").click()
    expect(page.get_by_role("link", name="Say why the day is set.")).to_be_visible()
    page.get_by_label("Why").fill("Away on a ship")
    page.get_by_role("button", name="Set date").click()

    expect(page.get_by_text("Away on a ship").first).to_be_visible()
    assert Course.objects.get().due_from == opens
    page.get_by_role("button", name="Use computed").click()
    expect(page.get_by_text("the computed window holds")).to_be_visible()
    assert Course.objects.get().set_from is None
