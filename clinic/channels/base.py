"""What a channel takes, promises and may answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one address. `public_id` stays the same however often it is tried: the provider may go by it."""

    public_id: str
    to: str
    text: str
    subject: str = ""
    stop_url: str = ""  # where one press ends messages of this kind; "" where there is nothing to end


class Trouble(Exception):
    """The message was not taken, or nobody knows. The sentence is for staff: no address, no text, no secret in it."""


class Rejected(Trouble):
    """It will never be taken as it is: a wrong address, a number that has said stop."""


class Unavailable(Trouble):
    """It was not taken now, and may be later."""


class Unknown(Trouble):
    """It was handed over and the answer was lost: the provider may have it or not."""


class ChannelProtocol(Protocol):
    """`send` returns the provider's number of the message, "" where it gives none, or raises one kind of `Trouble`."""

    ways: ClassVar[tuple[str, ...]]

    def send(self, outgoing: Outgoing) -> str: ...
