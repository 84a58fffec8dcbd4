"""Prints the message. For development: nothing leaves the machine."""

from __future__ import annotations

import sys
from typing import ClassVar

from clinic.channels.base import Outgoing
from clinic.channels.letters import as_file


class Channel:
    ways: ClassVar = ("sms", "email")

    def send(self, outgoing: Outgoing) -> str:
        sys.stdout.write(f"{as_file(outgoing)}\n{'-' * 60}\n")
        sys.stdout.flush()
        return outgoing.public_id
