"""A month with the number of free times on each day, and where the day lies beside the due window."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.utils.translation import gettext as _

from treatments.views.slot_times import AHEAD, Times, n_times, times_of
from treatments.views.slot_words import day_words


@dataclass(frozen=True)
class Cell:
    """One day of the month. `n` is None where nothing can be chosen; `mark`: too_soon, late, blocked, closed or ""."""

    on: str
    number: int
    name: str
    n: int | None = None
    n_words: str = ""
    word: str = ""
    mark: str = ""
    chosen: bool = False
    today: bool = False


@dataclass(frozen=True)
class Month:
    heading: str
    weekdays: list[tuple[str, str]]
    weeks: list[list[Cell | None]]
    previous: str
    following: str


def month_of(on: date) -> tuple[date, date]:
    return on.replace(day=1), on.replace(day=calendar.monthrange(on.year, on.month)[1])


def asked_month(text: str, fallback: date, *, today: date) -> date:
    """The first day of 2026-12, else of the month of the other day; never out of the time that can be booked."""
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        asked = fallback.replace(day=1)
    return min(max(asked, today.replace(day=1)), (today + AHEAD).replace(day=1))


def month_page(times: Times, of: date, *, chosen: date | None) -> Month:
    first, last = month_of(of)
    before, after = first - timedelta(days=1), last + timedelta(days=1)
    every = calendar.Calendar().monthdatescalendar(first.year, first.month)
    weeks = [week for week in every if week[-1] >= times.today] or every[-1:]
    return Month(
        heading=f"{first:%B %Y}",
        weekdays=[(f"{on:%a}", f"{on:%A}") for on in weeks[0]],
        weeks=[[day_cell(times, on, chosen) if on.month == first.month else None for on in week] for week in weeks],
        previous=f"{before:%Y-%m}" if before >= times.today else "",
        following=f"{after:%Y-%m}" if after <= times.today + AHEAD else "",
    )


def day_cell(times: Times, on: date, chosen: date | None) -> Cell:
    """One day as the month shows it."""
    cell = Cell(on.isoformat(), on.day, f"{on:%A} {on.day} {on:%B}", chosen=on == chosen, today=on == times.today)
    if on < times.today or on > times.today + AHEAD:
        return replace(cell, word=_("past") if on < times.today else "")
    if why := times.closed(on):
        return replace(cell, word=_("closed: %(why)s") % {"why": why}, mark="closed")
    n = len(times_of(times.offers(on)))
    mark = times.mark(on)
    words = n_times(n) if n or times.works(on) else _("nobody works")
    return replace(
        cell,
        n=n,
        n_words=words,
        word=day_words(mark),
        mark=mark,
        name=", ".join(filter(None, (cell.name, words, day_words(mark)))),
    )
