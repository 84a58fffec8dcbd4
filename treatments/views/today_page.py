"""What stands on the day sheet around its rows: totals, groups, the board, and what an empty day says."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.formats import clock, long_day, up_to
from clinic.models import Location
from treatments.queries import due_counts, hours
from treatments.queries import due_tabs as due
from treatments.queries.diary import HeldVisit, Visit
from treatments.queries.due_tabs import Filters
from treatments.rules.vocabulary import AppointmentState
from treatments.services.courses import not_overridden
from treatments.views.today_rows import DayRows, Line, Shown
from treatments.views.visit_steps import OVER

S = AppointmentState
HELD_SHOWN = 5  # of the coming days
COLUMNS = {
    S.BOOKED: gettext_lazy("Expected"),
    S.ARRIVED: gettext_lazy("Arrived"),
    S.CHECKED: gettext_lazy("Checked in"),
    S.IN_ROOM: gettext_lazy("In room"),
    S.DONE: gettext_lazy("Done"),
}


def sheet(shown: Shown, visits: list[Visit], held: list[HeldVisit], *, who: str, board: bool) -> dict[str, Any]:
    """The context of today/_sheet.html, but for the form and the refresh."""
    day = shown.day
    return {
        "heading": long_day(day),
        "day": day.isoformat(),
        "is_today": shown.is_today,
        "board": board,
        "private": shown.private,
        "urls": _urls(day, shown.today, who, board=board),
        "totals": _totals(visits),
        "updated": clock(shown.now),
        "closed": _closed(day),
        "due_label": "" if visits else _see_who_is_due(shown.today),
    } | _groups(DayRows(shown), visits, held, board=board)


def here(day: date, who: str, *, board: bool = False) -> str:
    """The address of a day, with the filter."""
    asked = {"date": day.isoformat(), **({"who": who} if who else {}), **({"view": "board"} if board else {})}
    return f"{reverse('today')}?{urlencode(asked)}"


def _groups(rows: DayRows, visits: list[Visit], held: list[HeldVisit], *, board: bool) -> dict[str, Any]:
    """On hold first, then the day, then what did not take place."""
    first = [visit for visit in visits if _stands_first(visit)]
    gone = [visit for visit in visits if visit.appointment.state in OVER]
    expected = [visit for visit in visits if visit not in first and visit not in gone]
    return {
        "has_visits": bool(visits),
        "held": rows.plain(first),
        "held_after": rows.held_after(held[:HELD_SHOWN]),
        "held_more": max(len(held) - HELD_SHOWN, 0),
        "rows": "" if board else rows.html(expected),
        "columns": _columns(rows, expected) if board and visits else [],
        "gone": rows.plain(gone),
    }


def _stands_first(visit: Visit) -> bool:
    """True where somebody has to decide: the visit is on hold, or a stop stands against it."""
    state = S(visit.appointment.state)
    return state == S.ON_HOLD or (state.is_live and bool(not_overridden(visit.appointment, visit.findings)))


def _columns(rows: DayRows, visits: list[Visit]) -> list[tuple[str, str, list[Line]]]:
    """The board: a column for each state of the day, its cards by time."""
    found: dict[str, list[Line]] = {state.value: [] for state in COLUMNS}
    for visit in visits:
        found[visit.appointment.state].append(rows.line(visit))
    return [(state.value, str(words), found[state.value]) for state, words in COLUMNS.items()]


def _urls(day: date, today: date, who: str, *, board: bool) -> dict[str, str]:
    return {
        "before": here(day - timedelta(days=1), who, board=board),
        "after": here(day + timedelta(days=1), who, board=board),
        "today": here(today, who, board=board),
        "here": here(day, who, board=board),
        "list": here(day, who),
        "board": here(day, who, board=True),
    }


def _closed(day: date) -> list[str]:
    """Why the clinic, or a part of it, is closed on that day."""
    closed = hours.work_days(day, day, practitioners=[])[day].closed
    if None in closed:
        return [_("The clinic is closed: %(why)s.") % {"why": closed[None]}]
    places = Location.objects.in_bulk([pk for pk in closed if pk]) if closed else {}
    return [_("%(where)s is closed: %(why)s.") % {"where": places[pk], "why": why} for pk, why in closed.items() if pk]


def _see_who_is_due(today: date) -> str:
    numbers = due_counts.counts(today, Filters())
    parts = numbers[due.NOW.slug], numbers[due.OVERDUE.slug]
    waiting = up_to(max(parts), due_counts.COUNTED) if max(parts) > due_counts.COUNTED else str(sum(parts))
    return _("See who is due (%(n)s)") % {"n": waiting}


def _totals(visits: list[Visit]) -> list[tuple[int, str]]:
    """14 visits, 3 arrived, 1 in room, 6 done, 1 missed: what is none is left out."""
    states: dict[str, Any] = Counter(visit.appointment.state for visit in visits)
    words = {
        S.ON_HOLD: _("on hold"),
        S.ARRIVED: _("arrived"),
        S.CHECKED: _("checked in"),
        S.IN_ROOM: _("in room"),
        S.DONE: _("done"),
        S.MISSED: _("missed"),
        S.CANCELLED: _("cancelled"),
    }
    number = len(visits) - states[S.CANCELLED]
    noun = ngettext("visit", "visits", number)
    return [(number, noun), *((states[state], said) for state, said in words.items() if states[state])]
