"""Paper: A4 documents with the clinic's head and a foot that counts the pages, for what leaves the screen as PDF."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from font_source_sans_pro import font_files_ttf
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from clinic.formats import moment

FACE, MARGIN, LINE = "paper", 12, 4.6
NOT_PRINTABLE = "[?]"


class Column(NamedTuple):
    label: str
    width: float  # in millimetres


class Paper(FPDF):
    """One document. Letters that the typeface does not have are said to be missing, never left out silently."""

    def __init__(self, *, clinic: str, title: str, by: str, at: datetime, wide: bool = False) -> None:
        super().__init__(orientation="landscape" if wide else "portrait", format="A4")
        for style, name in (("", "SourceSansPro"), ("B", "SourceSansProBold")):
            self.add_font(FACE, style, font_files_ttf[name])
        self.clinic, self.headline, self.by, self.at = clinic, title, by, at
        self.incomplete = False
        face = self.fonts[FACE]
        self._known = face.cmap if isinstance(face, TTFFont) else {}
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 6)
        self.set_title(title)
        self.set_author(clinic)
        self.set_lang("en")
        self.set_creation_date(at)
        self.alias_nb_pages("{pages}")
        self.add_page()

    # ---- head and foot, called by the library for every page ----

    def header(self) -> None:
        self._letters(8)
        self._line(f"{self.clinic} · {_('Contains patient information')}", height=4)
        self.ln(1)

    def footer(self) -> None:
        self.set_y(-MARGIN - 2)
        self._letters(8)
        printed = _("%(title)s · printed by %(by)s, %(at)s") % {
            "title": self.headline,
            "by": self.by,
            "at": moment(self.at),
        }
        self.cell(self.epw - 30, 4, self.words(printed))
        pages = _("page %(n)s of %(all)s") % {"n": self.page_no(), "all": "{pages}"}
        self.cell(30, 4, pages, align="R")

    # ---- words ----

    def words(self, text: str) -> str:
        """The text with `[?]` for what the typeface cannot write; the document then says so at its end."""
        known, written = self._known, []
        for letter in unicodedata.normalize("NFC", text):
            if ord(letter) in known:
                written.append(letter)
            elif not written or written[-1] != NOT_PRINTABLE:
                written.append(NOT_PRINTABLE)
                self.incomplete = True
        return "".join(written)

    def heading(self, text: str) -> None:
        self._letters(16, bold=True)
        self._line(text, height=7)
        self.ln(1)

    def section(self, text: str) -> None:
        self._room(18)
        self.ln(3)
        self._letters(11, bold=True)
        self._line(text, height=6)
        self.line(MARGIN, self.get_y(), MARGIN + self.epw, self.get_y())
        self.ln(1.5)

    def paragraph(self, text: str, *, bold: bool = False) -> None:
        self._letters(9.5, bold=bold)
        self._line(text)

    def pairs(self, rows: Iterable[tuple[str, str]]) -> None:
        """Label and value, one line each."""
        for label, value in rows:
            self._room(LINE)
            self._letters(9.5)
            self.cell(42, LINE, self.words(label))
            self._letters(9.5, bold=True)
            self._line(value)

    # ---- tables ----

    def table_of(self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, bold: Sequence[int] = ()) -> None:
        """Rows that never part between two pages, under heads that come again on each. `bold`: these columns."""
        self._heads(columns)
        for row in rows:
            cells = [list(self._wrapped(text, column.width, place in bold)) for place, (text, column) in
                     enumerate(zip(row, columns, strict=True))]  # fmt: skip
            height = max(map(len, cells)) * LINE + 1.6
            if self._room(height):
                self._heads(columns)
            self._row(columns, cells, height, bold)

    def _heads(self, columns: Sequence[Column]) -> None:
        self._letters(8.5)
        for column in columns:
            self.cell(column.width, 5, self.words(column.label))
        self.ln(5)
        self.line(MARGIN, self.get_y(), MARGIN + self.epw, self.get_y())

    def _row(self, columns: Sequence[Column], cells: list[list[str]], height: float, bold: Sequence[int]) -> None:
        left, top = float(MARGIN), self.get_y()
        for place, (column, lines) in enumerate(zip(columns, cells, strict=True)):
            self._letters(9.5, bold=place in bold)
            for number, line in enumerate(lines):
                self.set_xy(left, top + 0.8 + number * LINE)
                self.cell(column.width, LINE, line)
            left += column.width
        self.set_draw_color(150)
        self.line(MARGIN, top + height, MARGIN + self.epw, top + height)
        self.set_draw_color(0)
        self.set_xy(MARGIN, top + height)

    def _wrapped(self, text: str, width: float, bold: bool) -> Iterator[str]:
        self._letters(9.5, bold=bold)
        for part in text.split("\n"):
            lines: Any = self.multi_cell(width - 1, LINE, self.words(part), dry_run=True, output="LINES")
            yield from lines or [""]

    # ---- the end ----

    def bytes_of(self) -> bytes:
        """The finished document, with a word on letters that could not be written."""
        if self.incomplete:
            self.ln(3)
            self.paragraph(
                _("%(mark)s stands for letters that this typeface does not have. The patient number says who it is; the "
                  "screen shows the name.") % {"mark": NOT_PRINTABLE}
            )  # fmt: skip
        try:
            return bytes(self.output())
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the files of the typeface."""
        for face in self.fonts.values():
            if isinstance(face, TTFFont):
                face.close()

    def _letters(self, size: float, *, bold: bool = False) -> None:
        self.set_font(FACE, "B" if bold else "", size)

    def _line(self, text: str, *, height: float = LINE) -> None:
        self.multi_cell(0, height, self.words(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def _room(self, height: float) -> bool:
        """Go to a new page where so much does not fit; True where it did."""
        if self.get_y() + height <= self.page_break_trigger:
            return False
        self.add_page()
        return True
