"""manage.py send_digest: the morning e-mail to the staff who want it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from treatments.management.commands.due import a_day
from treatments.services import digest
from treatments.services.digest import Became


class Command(BaseCommand):
    help = (
        "Send the morning e-mail (counts and links, no name of a patient) to everybody on the staff who wants it. "
        "Once per person and day, however often it is started."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=a_day, metavar="YYYY-MM-DD", help="the day; today without it")
        parser.add_argument(
            "--again", action="store_true", help="also those that were begun an hour ago or more and never finished"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            became = digest.send(on=options["on"] or timezone.localdate(now), at=now, again=options["again"])
        except digest.NoWay:
            raise CommandError("No channel sends e-mail here: set CLINIC_EMAIL.") from None
        for what in Became:
            if became[what]:
                self.stdout.write(f"{what}: {became[what]}")
        if not became:
            self.stdout.write("Nobody wants it.")
        if lost := became[Became.LOST]:
            raise CommandError(f"{lost} may have arrived or not: ask, then send them once more with --again.")
        if wrong := became[Became.FAILED] + became[Became.LATER]:
            raise CommandError(f"{wrong} could not be sent. Those not taken now are tried again at the next start.")
