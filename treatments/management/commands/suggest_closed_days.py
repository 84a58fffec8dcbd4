"""Print the public holidays of a year beside the clinic's closed days. The clinic closes days in the admin panel."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic.formats import count, day
from treatments.queries import closed_days


class Command(BaseCommand):
    help = (
        "List the public holidays of a year that are still to come, and which of them are closed days. Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, help="four digits; without it, this year")

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        year = today.year if options["year"] is None else options["year"]
        if not today.year <= year <= today.year + 20:
            raise CommandError(f"The year has to lie between {today.year} and {today.year + 20}.")
        rows = closed_days.suggested(year, settings.CLINIC_HOLIDAYS, on=today)
        self.stdout.write(
            f"Public holidays of {settings.CLINIC_HOLIDAYS} from {day(max(today, today.replace(year, 1, 1)))}:"
        )
        for row in rows:
            state = f"closed ({row.closed})" if row.closed else "open"
            booked = f", {count(row.visits, 'visit', 'visits')} booked" if row.visits else ""
            self.stdout.write(f"  {day(row.on)}  {row.name}: {state}{booked}")
        if any(not row.closed for row in rows):
            self.stdout.write("Close days under Closed days, Suggest public holidays, in the admin panel.")
