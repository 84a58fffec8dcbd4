"""Which channel serves which way: `settings.CHANNELS` names a file of this folder for each."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from clinic.channels.base import ChannelProtocol

OFF = "off"


def ways() -> tuple[str, ...]:
    """The ways by which messages are sent here, in the order of the settings."""
    return tuple(way for way, name in settings.CHANNELS.items() if name != OFF)


def channel(way: str) -> ChannelProtocol:
    """The channel of a way that is in use."""
    return _made(way, settings.CHANNELS[way])


@cache
def _made(way: str, name: str) -> ChannelProtocol:
    made: Any = import_module(f"clinic.channels.{name}").Channel()
    if way not in made.ways:
        serves = ", ".join(made.ways)
        raise ImproperlyConfigured(f"CLINIC_{way.upper()} is {name!r}, which serves {serves}, not {way}.")
    return made
