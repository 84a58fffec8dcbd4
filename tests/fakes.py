"""Outside services that the tests use in place of real ones; each real one has tests of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest

from clinic.channels import registry
from clinic.channels.base import Outgoing


class Provider:
    """Takes every message, by any way; `trouble` and `meanwhile` happen first."""

    ways: ClassVar = ("sms", "email")

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.trouble: Exception | None = None
        self.meanwhile: Callable[[Outgoing], object] = lambda _outgoing: None

    def send(self, outgoing: Outgoing) -> str:
        self.meanwhile(outgoing)
        if self.trouble:
            raise self.trouble
        self.sent.append(outgoing)
        return f"P-{outgoing.public_id}"

    @property
    def told(self) -> list[tuple[str, str]]:
        """To whom, and the first words."""
        return [(one.to, one.text.partition(":")[0]) for one in self.sent]


@contextmanager
def provider() -> Iterator[Provider]:
    """Every channel is this one."""
    taking = Provider()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "channel", lambda _way: taking)
        yield taking
