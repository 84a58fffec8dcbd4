"""Reports as files: CSV of one table, a workbook of all of them. No cell is ever a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from tempfile import TemporaryFile
from typing import IO, Any

from django.http import FileResponse, HttpResponse
from django.utils.translation import gettext as _
from openpyxl import Workbook

from clinic.formats import moment, safe_cell
from treatments.views.report_frame import Asked, Cell, Kind, Report, Table, plain

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NOT_IN_XML = {code: None for code in range(32) if code not in (9, 10, 13)} | {0xFFFE: None, 0xFFFF: None}


def csv_file(table: Table, *, name: str) -> HttpResponse:
    """One table, with a mark by which spreadsheets know the letters."""
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    lines = csv.writer(answer)
    lines.writerow([safe_cell(str(column.label)) for column in table.columns])
    for row in table.rows:
        lines.writerow([_text(cell) for cell in row])
    return answer


def _text(cell: Cell) -> Any:
    value = plain(cell)
    return safe_cell(value) if isinstance(value, str) else value


def workbook(kind: Kind, report: Report, asked: Asked, *, name: str) -> FileResponse:
    """A sheet that says what was asked and how it is counted, and one for each table; written row by row."""
    book = Workbook(write_only=True)
    about = book.create_sheet(_("About"))
    for line in _about(kind, report, asked):
        about.append([_xlsx(cell) for cell in line])
    for table in report.tables:
        sheet = book.create_sheet(table.slug[:31])
        sheet.append([_xlsx(str(column.label)) for column in table.columns])
        for row in table.rows:
            sheet.append([_xlsx(cell) for cell in row])
    kept: IO[bytes] = TemporaryFile()  # noqa: SIM115  closed by the answer, once it has been sent
    book.save(kept)
    kept.seek(0)
    return FileResponse(kept, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


def _about(kind: Kind, report: Report, asked: Asked) -> Iterable[list[Cell]]:
    yield [_("Question"), str(kind.question)]
    yield [_("Answer"), report.answer]
    if "first" in asked.form.fields:
        yield [_("Asked for"), asked.words()]
    yield [_("As of"), moment(asked.at)]
    for words in kind.definition:
        yield [_("How this is counted"), str(words)]


def _xlsx(cell: Cell) -> Any:
    """Numbers and days as such; words without what a workbook cannot hold, never read as a formula."""
    value = plain(cell)
    return safe_cell(value.translate(_NOT_IN_XML)) if isinstance(value, str) else value
