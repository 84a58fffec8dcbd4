"""The grid of a calendar as a table: a column each, rows of 15 minutes, every stretch of one kind a cell.

Written in Python: a template would cost ten times as much. Cells and rows have no end tags, as HTML allows: they would
be a twentieth of the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from html import escape
from typing import NamedTuple

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from treatments.views.calendar_blocks import Blocks
from treatments.views.calendar_columns import STEP, Column, between, bounds, clock_of, row_of, stretches

_HALF_HOUR = 2  # rows
_ROW_CLASSES = (' class="h"', ' class="q"', "", ' class="q"')  # the hour, a quarter, the half hour


class Head(NamedTuple):
    """What stands on top of a column. `day` and `who` name its times in a sentence, "" where the grid has one day, or where
    they are the `words`; `free` is what comes before and after the clock time in the address of a free time, as HTML, None
    where this person may book nothing.
    """

    words: str
    sub: str
    url: str
    free: tuple[str, str] | None
    day: str = ""
    who: str = ""


class Grid:
    """One table of columns with their heads; `minutes` is the length of the visit that is being moved, 0 for none."""

    def __init__(
        self, columns: Sequence[Column], heads: Sequence[Head], blocks: Blocks, *, now: datetime, minutes: int = 0
    ) -> None:
        self.columns, self.heads, self.blocks, self.minutes = columns, heads, blocks, minutes
        self.zone = timezone.get_current_timezone()
        self.now = now.astimezone(self.zone)
        self.first, self.end = bounds(columns)
        self.rows: list[list[str]] = [[] for _row in range(self.first, self.end)]
        self.words = {
            "prepared": _cell(_("Preparation")),
            "kept": _cell(_("Being booked")),
            "none": _cell(_("Nobody free") if blocks.by_room else _("No room free")),
            "here": _cell(_("Now here")),
        }

    @property
    def is_empty(self) -> bool:
        return self.first == self.end

    def head(self) -> SafeString:
        """The script names free times after these cells: no row needs to carry the name of its column."""
        return format_html_join(
            "",
            '<th scope="col"{}>{}<small>{}</small></th>',
            (
                (
                    format_html(' data-day="{}" data-who="{}"', head.day, head.who) if head.day else "",
                    format_html('<a href="{}">{}</a>', head.url, head.words) if head.url else head.words,
                    head.sub,
                )
                for head in self.heads
            ),
        )

    def body(self) -> SafeString:
        for column, head in zip(self.columns, self.heads, strict=True):
            self._column(column, head)
        lines = (f"<tr>{self._time(n)}{''.join(cells)}" for n, cells in enumerate(self.rows, start=self.first))
        return SafeString("\n".join(lines))

    # ---- the column of times, with the line of the present moment ----

    def _time(self, row: int) -> str:
        said = clock_of(row)
        today = any(column.on == self.now.date() for column in self.columns)
        if not today or row_of(self.now, self.zone) != row:
            return f'<th scope="row"{_ROW_CLASSES[row % 4]}>{said}'
        now = escape(_("now %(time)s") % {"time": f"{self.now:%H:%M}"})
        third = self.now.minute % STEP // 5
        return f'<th scope="row" class="h now now-{third}"><span>{said}</span> <b>{now}</b>'

    # ---- one column ----

    def _column(self, column: Column, head: Head) -> None:
        left = between(self.first, self.end)
        for block in self.blocks.of(column):
            first, end, _visits = block
            left &= ~between(first, end)
            self._put(first, end, "", self.blocks.html(block, column))
        for kind, rows in _kinds(column):
            for first, length in stretches(rows & left):
                self._stretch(column, head, kind, first, first + length)
            left &= ~rows

    def _stretch(self, column: Column, head: Head, kind: str, first: int, end: int) -> None:
        if kind == "offer":
            self._offers(column, first, end)
        elif kind == "free" and self.minutes:
            why = column.refusals.get(first, "")
            self._put(first, end, "f", _cell(why) if why else "")
        elif kind == "free" and head.free:
            self._free(head, first, end)
        elif kind in ("free", "past"):
            self._put(first, end, "f", "")
        elif kind == "shut":
            self._put(first, end, "x", _cell(column.shut))
        else:
            self._put(first, end, "f here" if kind == "here" else "x soft", self.words[kind])

    def _free(self, head: Head, first: int, end: int) -> None:
        """A link for each half hour at most: the form to which it leads takes any time."""
        (before, after), row = head.free or ("", ""), first
        while row < end:
            until, time = min(row - row % _HALF_HOUR + _HALF_HOUR, end), clock_of(row)
            self._put(row, until, "f", f'<a href="{before}{time}{after}">{time}</a>')
            row = until

    def _offers(self, column: Column, first: int, end: int) -> None:
        """A link for each time to which the visit can be moved, named in full."""
        day, free = day_in_words(column.on), _("free, %(n)d minutes") % {"n": self.minutes}
        for row in range(first, end):
            offer = column.offers[row]
            named = escape(f"{day}, {offer.time}, {offer.about}, {free}")
            self._put(row, row + 1, "f", f'<a href="{escape(offer.url)}" aria-label="{named}">{offer.time}</a>')

    def _put(self, first: int, end: int, css: str, inside: str) -> None:
        span = f' rowspan="{end - first}"' if end - first > 1 else ""
        kind = f' class="{css}"' if css else ""
        self.rows[first - self.first].append(f"<td{span}{kind}>{inside}")


def day_in_words(on: date) -> str:
    """Tuesday 14 July, to be heard."""
    return f"{on:%A} {on.day} {on:%B}"


def _kinds(column: Column) -> list[tuple[str, int]]:
    """What the rows are in which no visit stands: where several kinds meet, the first of these."""
    return [
        ("here", 0 if column.here is None else 1 << column.here),
        ("offer", sum(1 << row for row in column.offers)),
        ("prepared", column.prepared),
        ("kept", column.kept),
        ("free", column.free),
        ("past", column.past),
        ("none", column.open),
        ("shut", ~0),
    ]


def _cell(words: str) -> str:
    return f"<span>{escape(words)}</span>"
