"""A real browser on the running server, with the shipped catalogue and a clinic's people. Nothing is mocked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from clinic.models import User
from tests import factories

PASSWORD = "correct horse battery"


@pytest.fixture
def catalogue(transactional_db: None) -> None:
    """Transactional tests empty the database behind them, so each journey loads the catalogue again."""
    factories.load_catalogue()


@pytest.fixture
def browser_context_args(browser_context_args: dict) -> dict:
    return {**browser_context_args, "locale": "en-GB", "timezone_id": "Europe/London"}


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """What the browser's console complained of: policy reports, script errors, missing files. Empty at the end."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        answered = "the server responded with a status of 4" in message.text  # a refusal that the journey expects
        if message.type in ("error", "warning") and not answered:
            said.append(message.text)

    context.on("console", listen)
    context.on("weberror", lambda error: said.append(str(error.error)))
    yield said
    assert said == []


@pytest.fixture
def sign_in(live_server: LiveServer, page: Page) -> Callable[[User | str], Page]:
    """Sign somebody in by the form, as a person does."""

    def sign_in(user: User | str, password: str = PASSWORD) -> Page:
        page.context.clear_cookies()
        page.goto(f"{live_server.url}/login/")
        page.get_by_label("Username").fill(user if isinstance(user, str) else user.username)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/login/" not in url)
        return page

    return sign_in
