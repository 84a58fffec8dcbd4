"""Two people at one record: whoever saves second is told, and loses nothing of what was typed."""

from __future__ import annotations

from typing import Any


class Stale(Exception):
    """Somebody changed the record after the person's page was made; `now` is how it stands. Nothing was written."""

    def __init__(self, now: Any) -> None:
        self.now = now
        super().__init__(f"{now} was changed meanwhile")

    @property
    def appointment(self) -> Any:
        """The record, where it is a visit."""
        return self.now


def check(now: Any, version: int | None) -> None:
    """Raise `Stale` where `version`, the one that the person saw, is not the one on record. None: not asked for."""
    if version is not None and version != now.version:
        raise Stale(now)
