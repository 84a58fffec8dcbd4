"""Files of an old system: bytes in, rows of our own fields out. Nothing here knows the database."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from treatments.models.fields import no_hidden_characters
from treatments.rules.words import fold

_DELIMITERS = ",;\t"
_LONGEST_ROW = 20  # physical lines that one row may take; a quotation mark open for longer was never closed
_SHOWN_LINES = 5


class Unreadable(Exception):
    """The file as a whole cannot be read; the message is the sentence that says why."""


class Spoilt(Exception):
    """One row cannot come in: the field that is wrong, and a sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field, self.sentence = field, sentence
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Row:
    """One row by our own field names. `line` is the physical line of the file on which it begins."""

    line: int
    cells: Mapping[str, str]
    original: tuple[str, ...]

    def text(self, name: str) -> str:
        return self.cells.get(name, "")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, or worth a look, in one row. `column` is the heading as the file has it."""

    line: int
    column: str
    value: str
    sentence: str
    original: tuple[str, ...]


@dataclass
class Sheet:
    """A file that was read: its rows, those that could not be taken apart, and what must be said of it."""

    name: str
    headings: tuple[str, ...]
    delimiter: str
    columns: Mapping[str, int]
    rows: list[Row] = field(default_factory=list)
    broken: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def heading(self, name: str) -> str:
        """The file's own heading of one of our fields, "" where it has none."""
        return self.headings[self.columns[name]] if name in self.columns else ""


@cache
def mapping() -> Mapping[str, Any]:
    """Headings and words, as `import_columns.toml` holds them."""
    return tomllib.loads(Path(__file__).with_name("import_columns.toml").read_text(encoding="utf-8"))


def read(path: Path, table: str) -> Sheet:
    """The file by the columns of one table. `Unreadable` where it is no such file at all."""
    lines, odd = _lines(_content(path))
    start = _heading_line(lines, path.name)
    sheet = _sheet(path.name, lines[start], table, start + 1)
    if odd:
        shown = ", ".join(str(number) for number in odd[:_SHOWN_LINES]) + (", ..." if len(odd) > _SHOWN_LINES else "")
        sheet.notes.append(
            _("Not UTF-8, so read as Windows-1252: %(n)d lines (%(shown)s).") % {"n": len(odd), "shown": shown}
        )
    for at, cells in _records(lines, start + 1, sheet):
        _take(sheet, at + 1, cells, lines[at])
    return sheet


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(_("%(path)s cannot be read: %(why)s.") % {"path": path, "why": error.strerror}) from error
    if content.startswith(b"PK\x03\x04"):
        raise Unreadable(_("%(name)s is a workbook. Save it as CSV and import that.") % {"name": path.name})
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeError as error:
            raise Unreadable(_("%(name)s is broken UTF-16 text.") % {"name": path.name}) from error
    return content.removeprefix(b"\xef\xbb\xbf")


def _lines(content: bytes) -> tuple[list[str], list[int]]:
    """The physical lines, and the numbers of those that were no UTF-8. By line: a file may be pasted from two."""
    lines, odd = [], []
    for number, raw in enumerate(re.split(rb"\r\n|\n|\r", content), start=1):
        try:
            lines.append(raw.decode())
        except UnicodeDecodeError:
            lines.append(raw.decode("cp1252", errors="replace"))
            odd.append(number)
    return lines, odd


def _heading_line(lines: Sequence[str], name: str) -> int:
    for at, line in enumerate(lines):
        if line.strip(" \t,;") and not line.casefold().startswith("sep="):
            return at
    raise Unreadable(_("%(name)s is empty.") % {"name": name})


def _sheet(name: str, line: str, table: str, number: int) -> Sheet:
    """The heading row, split by whichever mark lets the most columns be known."""
    fields: Mapping[str, Any] = mapping()[table]
    tries = [Sheet(name, tuple(_split(line, mark) or ()), mark, {}) for mark in _DELIMITERS]
    for sheet in tries:
        sheet.columns = _columns(sheet.headings, fields)
    sheet = max(tries, key=lambda one: len(one.columns))
    for wanted, rule in fields.items():
        if rule.get("needed") and wanted not in sheet.columns:
            raise Unreadable(
                _("%(name)s has no column %(heading)s in its heading row (line %(line)d). Also understood: %(others)s.")
                % {
                    "name": name,
                    "heading": rule["headings"][0],
                    "line": number,
                    "others": ", ".join(rule["headings"][1:]),
                }
            )
    used = set(sheet.columns.values())
    ours = {"line", "column", "value", "sentence", ""}  # what a rejects file puts in front
    unused = [h for at, h in enumerate(sheet.headings) if at not in used and fold(h) not in ours]
    if unused:
        sheet.notes.append(_("Columns that are not read: %(names)s.") % {"names": ", ".join(unused)})
    return sheet


def _columns(headings: Sequence[str], fields: Mapping[str, Any]) -> dict[str, int]:
    folded = [fold(heading) for heading in headings]
    found = {}
    for name, rule in fields.items():
        known = [fold(heading) for heading in rule["headings"]]
        at = next((folded.index(heading) for heading in known if heading in folded), None)
        if at is not None:
            found[name] = at
    return found


def _records(lines: Sequence[str], start: int, sheet: Sheet) -> Iterator[tuple[int, list[str] | None]]:
    """Each row with the index of its first line; None where a quotation mark stays open, so that it takes no other row."""
    at = start
    while at < len(lines):
        cells, n_lines = _split(lines[at], sheet.delimiter), 1
        while cells is None and n_lines < _LONGEST_ROW and at + n_lines < len(lines):
            n_lines += 1
            cells = _split("\n".join(lines[at : at + n_lines]), sheet.delimiter)
        if n_lines > 1 and (cells is None or len(cells) != len(sheet.headings)):
            cells, n_lines = None, 1
        yield at, cells
        at += n_lines


def _split(text: str, delimiter: str) -> list[str] | None:
    """The cells of a row; None where a quotation mark is open at its end."""
    for strict in (True, False):
        try:
            return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict), [])
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return None
    return None


def _take(sheet: Sheet, line: int, cells: list[str] | None, text: str) -> None:
    """Add a row, or what is wrong with it."""
    if cells is None:
        sentence = _("A quotation mark is opened and not closed, or a cell is far too long.")
        sheet.broken.append(Problem(line, "", text[:80], sentence, (text,)))
        return
    if not any(cell.strip() for cell in cells):
        return
    n_headings, original = len(sheet.headings), tuple(cells)
    if any(cell.strip() for cell in cells[n_headings:]):
        sentence = _("The row has %(n)d cells, the heading row %(headings)d.") % {
            "n": len(cells),
            "headings": n_headings,
        }
        sheet.broken.append(Problem(line, "", cells[n_headings], sentence, original))
        return
    cells += [""] * (n_headings - len(cells))
    for name, at in sheet.columns.items():
        try:
            no_hidden_characters(cells[at])
        except ValidationError as error:
            sheet.broken.append(Problem(line, sheet.heading(name), cells[at], error.messages[0], original))
            return
    sheet.rows.append(Row(line, {name: _plain(cells[at]) for name, at in sheet.columns.items()}, original))


def _plain(cell: str) -> str:
    """Single spaces; without the apostrophe that keeps a spreadsheet from taking a rejected cell for a formula."""
    return " ".join(re.sub(r"^'(?=\s*[=+\-@]|[\t\r\n])", "", cell).split())
