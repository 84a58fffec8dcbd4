from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from clinic.models import User
from tests import factories


@pytest.fixture(autouse=True)
def clock(db: None) -> Iterator[None]:
    """The day of the factories."""
    with time_machine.travel(factories.NOW, tick=False):
        yield


@pytest.fixture
def manager() -> User:
    return factories.staff("manager", is_staff=True)


@pytest.fixture
def door(client: Client, manager: User) -> Client:
    """The admin panel as a manager sees it."""
    client.force_login(manager)
    return client
