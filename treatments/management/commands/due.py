"""Who is due on a day: one row per course, as a table, CSV or JSON."""

from __future__ import annotations

import csv
import json
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from clinic.formats import safe_cell
from treatments.queries.due_report import COLUMNS, rows
from treatments.rules.vocabulary import Band

_WIDTHS = (9, 12, 32, 22, 15, 11, 10, 10, 12, 11, 12, 10, 12, 13, 16, 10, 24, 13, 14)


def a_day(text: str) -> date:
    """An option's day, ISO only."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is not a real date. Write it like 2026-11-22.") from error


class Command(BaseCommand):
    help = "Print one row per course with its dates and its band on a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=a_day, metavar="YYYY-MM-DD", help="the day to judge; today without it")
        parser.add_argument(
            "--band", action="extend", nargs="+", default=[], choices=[band.value for band in Band],
            help="only these bands; may be given several times",
        )  # fmt: skip
        parser.add_argument("--format", choices=["table", "csv", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        on = options["on"] or timezone.localdate()
        found = rows(on, bands=options["band"])
        write = {"table": self.as_table, "csv": self.as_csv, "json": self.as_json}[options["format"]]
        try:
            write(found)
        except BrokenPipeError:  # the reader (head, less) has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def as_table(self, found: Iterator[tuple[str, ...]]) -> None:
        number = 0
        self.stdout.write(_line(COLUMNS))
        for row in found:
            self.stdout.write(_line(row))
            number += 1
        self.stdout.write(f"{number} {'course' if number == 1 else 'courses'}")

    def as_csv(self, found: Iterator[tuple[str, ...]]) -> None:
        lines = csv.writer(self.stdout, lineterminator="\n")
        lines.writerow(COLUMNS)
        for row in found:
            lines.writerow([safe_cell(cell) for cell in row])

    def as_json(self, found: Iterator[tuple[str, ...]]) -> None:
        before = "["
        for row in found:
            self.stdout.write(before + json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False))
            before = ","
        self.stdout.write("]" if before == "," else "[]")


def _line(cells: tuple[str, ...]) -> str:
    """Columns side by side; a cell that is too long pushes the others on and is never cut."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
