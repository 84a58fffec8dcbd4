"""Close the month before this one, or another one that is over. Run daily: it does nothing until there is something to do."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from treatments.services import months


def a_month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise ArgumentTypeError(f"'{text}' is not a month. Write it like 2026-10.") from error


class Command(BaseCommand):
    help = "Store the figures of the monthly reports for a month that is over; without --month the latest one that may close."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", type=a_month, metavar="YYYY-MM", help="another month that is over")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        month = options["month"] or months.due_to_close(timezone.localtime(at).date())
        try:
            stored = months.close(month, by="close_month", at=at)
        except months.StillOpen as refused:
            raise CommandError(f"{month:%B %Y} closes on {refused.closes_on:%d-%b-%Y}.") from refused
        said = (
            f"{len(stored)} reports stored: {', '.join(stored)}."
            if stored
            else "It had closed before; nothing changed."
        )
        self.stdout.write(f"{month:%B %Y}: {said}")
