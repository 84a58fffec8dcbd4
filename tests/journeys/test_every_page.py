"""Every page of the demo clinic, light and dark: no accessibility violation, no complaint of the browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from tests.journeys.places import places

DEMO_PASSWORD = "harbour demo clinic"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_an_accessibility_violation(
    theme: str,
    catalogue: None,
    live_server: LiveServer,
    sign_in: Callable[..., Page],
    page: Page,
    complaints: list[str],
):
    call_command("load_demo", verbosity=0)
    page.emulate_media(color_scheme=theme)
    who, wrong = "", {}

    for name, address, user in sorted(places(timezone.localdate()), key=lambda place: place[2]):
        if user != who:
            sign_in(user, DEMO_PASSWORD)
            who = user
        answer = page.goto(live_server.url + address)
        assert answer is not None
        refused = {"not-allowed": 403, "not-found": 404, "link-ended": 410, "reports-bad-period": 422}
        assert answer.status == refused.get(name, 200), name
        assert complaints == [], name
        found = Axe().run(page)
        complaints.clear()  # axe writes styles into the page to measure contrast, and the policy reports those
        if found.violations_count:
            wrong[name] = [(v["id"], [n["html"][:150] for n in v["nodes"]][:3]) for v in found.response["violations"]]

    assert wrong == {}
