"""Writes each message into a file of its own. The default on one's own computer: a demo sends nothing out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from django.conf import settings

from clinic.channels.base import Outgoing, Unavailable
from clinic.channels.letters import as_file


class Channel:
    ways: ClassVar = ("sms", "email")

    def send(self, outgoing: Outgoing) -> str:
        folder = Path(settings.CHANNEL_FOLDER)
        draft = folder / f".{outgoing.public_id}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(as_file(outgoing), encoding="utf-8")
            draft.replace(folder / f"{outgoing.public_id}.txt")
        except OSError as error:
            raise Unavailable(f"The folder for messages cannot be written: {error.strerror}.") from error
        return outgoing.public_id
