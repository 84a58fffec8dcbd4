"""What the three import commands share: options, exit codes, the progress line, the rejects file, the report."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import formats
from treatments.queries.rulebook import CatalogueMissing
from treatments.services import import_files
from treatments.services.import_cells import DATE_ORDERS
from treatments.services.import_files import Problem, Sheet, Unreadable
from treatments.services.imports import Outcome, Run, quietly

UNREADABLE = 2
_EVERY = 500  # rows between two lines where nobody watches a terminal


class ImportCommand(BaseCommand):
    """Reads FILE by the columns of `table` and hands it to `bring_in`. 0: the file was read; 2: it could not be."""

    table = ""

    def bring_in(self, sheet: Sheet, run: Run) -> Outcome:
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the old system's export, as CSV")
        parser.add_argument("--dry-run", action="store_true", help="write nothing, report what would come in")
        parser.add_argument("--rejects", metavar="FILE", type=Path, help="write the rejected rows to this CSV file")
        parser.add_argument(
            "--date-order",
            choices=DATE_ORDERS,
            default="dmy",
            help="the order in dates with slashes or dots (default: %(default)s); 2026-11-22 is always understood",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path, rejects, verbose = options["file"], options["rejects"], options["verbosity"] > 0
        if rejects and rejects.resolve() == path.resolve():
            raise CommandError(
                _("The rejects file must be another file than the one to import."), returncode=UNREADABLE
            )
        try:
            sheet = import_files.read(path, self.table)
            if rejects:
                self._write_rejects(rejects, sheet, [])  # before anything is imported: a wrong path is found now
            outcome = self.bring_in(sheet, self._run(options, verbose))
        except Unreadable as error:
            raise CommandError(str(error), returncode=UNREADABLE) from error
        except CatalogueMissing as error:
            raise CommandError(str(error)) from error
        if rejects:
            self._write_rejects(rejects, sheet, outcome.rejects)
        if verbose:
            self._report(outcome, dry_run=options["dry_run"], rejects=rejects)

    def _run(self, options: dict[str, Any], verbose: bool) -> Run:
        return Run(
            by=f"import_{self.table}",
            at=timezone.now(),
            date_order=options["date_order"],
            dry_run=options["dry_run"],
            progress=self._progress if verbose else quietly,
        )

    def _progress(self, n_done: int, n_rows: int) -> None:
        """One line that counts up on a terminal; elsewhere a line now and then."""
        text = _("%(done)d of %(rows)d rows") % {"done": n_done, "rows": n_rows}
        if self.stderr.isatty():
            self.stderr.write(f"\r{text}", style_func=str, ending="\n" if n_done >= n_rows else "")
            self.stderr.flush()
        elif n_done >= n_rows or n_done // _EVERY > self._said // _EVERY:
            self.stderr.write(text, style_func=str)
        self._said = n_done

    _said = 0

    def _report(self, outcome: Outcome, *, dry_run: bool, rejects: Path | None) -> None:
        for note in outcome.sheet.notes:
            self.stdout.write(note)
        self._list(_("Warnings:"), outcome.warnings)
        if not rejects:
            self._list(_("Rejected:"), outcome.rejects)
        values = {
            "name": outcome.sheet.name,
            "rows": formats.count(outcome.n_rows, _("row"), _("rows")),
            "imported": outcome.n_imported,
            "made": formats.count(outcome.n_made, *_things(self.table)),
            "known": outcome.n_known,
            "rejected": len(outcome.rejects),
            "warnings": formats.count(len(outcome.warnings), _("warning"), _("warnings")),
        }
        line = _(
            "%(name)s: %(rows)s read, %(imported)d imported (%(made)s), %(known)d already there,"
            " %(rejected)d rejected, %(warnings)s."
        )
        self.stdout.write(line % values)
        if rejects and outcome.rejects:
            self.stdout.write(_("The rejected rows are in %(path)s.") % {"path": rejects})
        if dry_run:
            self.stdout.write(_("Nothing was written: this was a dry run."))

    def _list(self, title: str, problems: Iterable[Problem]) -> None:
        problems = list(problems)
        if problems:
            self.stdout.write(title)
        for problem in problems:
            where = _("line %(line)d") % {"line": problem.line} + (f", {problem.column}" if problem.column else "")
            value = f" [{problem.value}]" if problem.value else ""
            self.stdout.write(f"  {where}{value}: {problem.sentence}")

    def _write_rejects(self, path: Path, sheet: Sheet, problems: list[Problem]) -> None:
        """Line, column, value and sentence, then the row as it was: to be corrected and imported again."""
        rows: list[tuple[str, ...]] = [("line", "column", "value", "sentence", *sheet.headings)]
        rows += [(str(p.line), p.column, p.value, p.sentence, *p.original) for p in problems]
        # The mark by which spreadsheets know UTF-8, only where it is needed.
        plain = all(cell.isascii() for row in rows for cell in row)
        try:
            with path.open("w", encoding="utf-8" if plain else "utf-8-sig", newline="") as file:
                writer = csv.writer(file, delimiter=sheet.delimiter)
                writer.writerows([formats.safe_cell(cell.replace("\0", "")) for cell in row] for row in rows)
        except OSError as error:
            sentence = _("%(path)s cannot be written: %(why)s.") % {"path": path, "why": error.strerror}
            raise CommandError(sentence, returncode=UNREADABLE) from error


def _things(table: str) -> tuple[str, str]:
    return {
        "patients": (_("patient"), _("patients")),
        "treatments": (_("treatment"), _("treatments")),
        "flags": (_("flag"), _("flags")),
    }[table]
