"""A manager changes the words of a message in a browser: the preview follows what is typed."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import User
from tests import factories
from treatments.models import MessageText


def test_the_preview_follows_what_is_typed(catalogue: None, live_server: LiveServer, sign_in: Callable[[User], Page]):
    row = MessageText.objects.get(code="booked")
    page = sign_in(factories.staff("manager", is_staff=True, email="ito@example.org"))
    page.goto(f"{live_server.url}/admin/treatments/messagetext/{row.pk}/change/")
    shown, box = page.locator(".text-preview"), page.get_by_label("Text message:")

    box.fill("Hello {first}, see you at {time}.")
    expect(shown).to_contain_text("Hello Charlotte, see you at 5:30pm.")
    expect(shown).to_contain_text("1 part, 35 characters")
    box.fill("Your Botox, {frist}")
    expect(shown).to_contain_text("{frist} is not a field")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator(".errorlist").first).to_contain_text("{frist} is not a field")
    row.refresh_from_db()
    assert row.version == 1
