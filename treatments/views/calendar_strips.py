"""The load of a week: for each practitioner and day one strip of 15-minute parts, and the half hours that are free."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from treatments.views.calendar_columns import STEP, Column, stretches

_HEIGHT = 12
_WIDTH = 4  # of a row
_HALF_HOUR = 30 // STEP


def half_hours(rows: int) -> int:
    """How many visits of half an hour have room in these rows."""
    return sum(length // _HALF_HOUR for _first, length in stretches(rows))


def sentence(column: Column) -> str:
    """9 of 14 free; why nothing is where nobody works."""
    if not column.open:
        return column.shut
    return _("%(free)d of %(all)d free") % {
        "free": half_hours(column.open & ~column.taken),
        "all": half_hours(column.open),
    }


def table_rows(
    people: Sequence[tuple[str, str, Sequence[Column]]], urls: dict[date, str], first: int, end: int
) -> SafeString:
    """One row for each practitioner: name, address of their week, and their seven days from row `first` to `end`."""
    lines = []
    for name, url, columns in people:
        cells = "".join(
            f'<td data-label="{column.on:%a}">{_words(column, urls[column.on])}{_strip(column, first, end)}</td>'
            for column in columns
        )
        lines.append(f'<tr><th scope="row"><a href="{escape(url)}">{escape(name)}</a></th>{cells}</tr>')
    return SafeString("\n".join(lines))


def _words(column: Column, url: str) -> str:
    said = escape(sentence(column))
    return f'<a href="{escape(url)}">{said}</a>' if column.open | column.taken else f"<span>{said}</span>"


def ground(first: int, end: int) -> dict[str, int | str]:
    """What all strips have in common, drawn once in the page: the size and the ticks of the hours."""
    width = (end - first) * _WIDTH
    ticks = "".join(f"M{x} 0v{_HEIGHT}" for x in range(4 * _WIDTH, width, 4 * _WIDTH))
    return {"width": width, "height": _HEIGHT, "ticks": ticks}


def _strip(column: Column, first: int, end: int) -> str:
    """The picture of one day; the sentence beside it says the same, so it is hidden from those who hear the page."""
    parts = [
        f'<path class="{css}" d="{path}"/>'
        for css, rows in (("open", column.open), ("busy", column.taken))
        if (path := _path(rows, first))
    ]
    return (
        f'<svg class="strip" viewBox="0 0 {(end - first) * _WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<use href="#strip-ground"/>{"".join(parts)}<use href="#strip-ticks"/></svg>'
    )


def _path(rows: int, first: int) -> str:
    return "".join(
        f"M{(at - first) * _WIDTH} 0h{n * _WIDTH}v{_HEIGHT}h-{n * _WIDTH}z" for at, n in stretches(rows) if at >= first
    )
