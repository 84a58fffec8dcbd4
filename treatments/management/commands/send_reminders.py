"""manage.py send_reminders: write to everybody who is due on a day, and say what became of each due course."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic.formats import safe_cell
from treatments.management.commands.due import a_day
from treatments.queries import reminder_rows
from treatments.rules.reminders import Bucket
from treatments.services import clinic_settings, reminders

COLUMNS = ("bucket", "courses")
DRY_COLUMNS = ("patient", "course", "bucket", "why", "step", "way", "until")
_WIDTHS = (9, 40, 12, 14, 10, 6, 10)


class Command(BaseCommand):
    help = (
        "Send the reminders of a day, and tomorrow's visits their message; print how many due courses are in which "
        "bucket. With --dry-run nothing is sent: print who would be written to and who is held back, and why."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=a_day, metavar="YYYY-MM-DD", help="the day to judge; today without it")
        parser.add_argument("--dry-run", action="store_true", help="send nothing")
        parser.add_argument("--format", choices=["table", "csv"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        on = options["on"] or timezone.localdate(now)
        as_csv = options["format"] == "csv"
        if options["dry_run"]:
            self.preview(on, as_csv=as_csv)
            return
        if on > timezone.localdate(now):
            raise CommandError("Reminders of a day that has not come can only be looked at: add --dry-run.")
        if clinic_settings.owed():  # nobody is written to by a window of the setting of before
            clinic_settings.rewrite(on=timezone.localdate(now))
        run = reminders.run(on=on, at=now, by="send_reminders")
        self.balance(run.counts, as_csv=as_csv)
        if run.counts[reminders.ERRORS]:
            raise CommandError(f"{run.counts[reminders.ERRORS]} went wrong; the log says how.")

    def preview(self, on: date, *, as_csv: bool) -> None:
        rows = list(reminder_rows.rows(reminders.preview(on=on, at=timezone.now())))
        self.table(DRY_COLUMNS, [row.as_cells() for row in rows], as_csv=as_csv, widths=_WIDTHS)
        if not as_csv:
            due = "1 due course" if len(rows) == 1 else f"{len(rows)} due courses"
            self.stdout.write(f"{due}. Nothing was sent.")

    def balance(self, counts: dict[str, int], *, as_csv: bool) -> None:
        buckets = [bucket.value for bucket in Bucket if bucket != Bucket.TO_SEND]
        lines = [(bucket, str(counts[bucket])) for bucket in buckets]
        lines.append(("due courses", str(sum(counts[bucket] for bucket in buckets))))
        self.table(COLUMNS, lines, as_csv=as_csv, widths=(14, 8))
        if not as_csv:
            self.stdout.write(f"Told of tomorrow's visit: {counts[reminders.TOMORROW]}.")

    def table(
        self, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, as_csv: bool, widths: tuple[int, ...]
    ) -> None:
        if as_csv:
            lines = csv.writer(self.stdout, lineterminator="\n")
            lines.writerow(columns)
            lines.writerows([safe_cell(cell) for cell in row] for row in rows)
            return
        for row in (columns, *rows):
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())
