"""manage.py send_messages: the job of every minute. What waits in the outbox is decided and sent."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from treatments.services import messages


class Command(BaseCommand):
    help = (
        "Send the messages whose time has come and that are still true: about visits that were booked, changed or "
        "cancelled three minutes ago, and whatever a provider did not take before. Claims that nobody finished are "
        "given to a person. Prints nothing where there was nothing to do."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--most", type=int, default=messages.AT_ONCE, help="of one call (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        done = messages.send_waiting(at=timezone.now(), most=options["most"])
        for what, number in sorted(done.counts.items()):
            self.stdout.write(f"{what}: {number}")
        if done.given_up:
            self.stdout.write(f"uncertain, for a person to look at: {done.given_up}")
        if done.counts["error"]:
            raise CommandError(f"{done.counts['error']} went wrong; the log says how.")
