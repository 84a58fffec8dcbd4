"""The calendar: a day by practitioner or room, a week of everybody or of one, and move mode on both.

It judges no visit: it shows the stored state (on hold and the rest) and leaves the gate to the pages it leads to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic import formats
from clinic.permissions import needs
from treatments.forms.calendar import CalendarDay
from treatments.queries import calendar as diary
from treatments.queries.calendar import Days
from treatments.views import calendar_move, calendar_page, calendar_strips
from treatments.views.calendar_asked import Asked, asked, day_of, monday_of
from treatments.views.calendar_blocks import Blocks
from treatments.views.calendar_columns import Column, DayRows, bounds, by_practitioner, by_room
from treatments.views.calendar_grid import Grid, Head, day_in_words


@require_safe
@needs("treatments.view_appointment")
def calendar(request: HttpRequest) -> HttpResponse:
    """The way to the day that was typed, or to its week; today where nothing or no real date was typed."""
    wanted = asked(request)
    form = CalendarDay(request.GET)
    if not form.is_valid():
        return _day(request, wanted, wanted.today, form)
    on = form.cleaned_data["date"] or wanted.today
    return redirect(wanted.week(on) if request.GET.get("view") == "week" else wanted.day(on))


@require_safe
@needs("treatments.view_appointment")
def day(request: HttpRequest, day: str) -> HttpResponse:
    """A column for each practitioner, or for each room with ?by=room; ?with= narrows it to one practitioner."""
    return _day(request, asked(request), day_of(day))


def _day(request: HttpRequest, wanted: Asked, on: date, form: CalendarDay | None = None) -> HttpResponse:
    days = _read(request, wanted, on, on)
    rows = DayRows(days, on, now=wanted.now, but=wanted.but)
    columns = by_room(rows) if wanted.by_room else by_practitioner(rows, only=wanted.who)
    may_book = request.user.has_perm("treatments.add_appointment")
    heads = calendar_page.heads_of_day(wanted, days, columns, may_book=may_book)
    context = calendar_page.frame(request, wanted, days, on, view="day", form=form) | {
        "title": formats.long_day(on),
        "before": wanted.day(on - timedelta(days=1)),
        "after": wanted.day(on + timedelta(days=1)),
        "now": "" if on == wanted.today else wanted.day(wanted.today),
        "totals": calendar_page.totals(days, columns),
        "notes": calendar_page.notes(request, days, on),
    }
    return render(request, "calendar/day.html", context | _grid(request, wanted, days, columns, heads))


@require_safe
@needs("treatments.view_appointment")
def week(request: HttpRequest, week: str) -> HttpResponse:
    """The load of everybody, or with ?with= the seven days of one practitioner."""
    wanted, monday = asked(request), monday_of(week)
    sunday = monday + timedelta(days=6)
    days = _read(request, wanted, monday, sunday)
    rows = [DayRows(days, monday + timedelta(days=n), now=wanted.now, but=wanted.but) for n in range(7)]
    context = calendar_page.frame(request, wanted, days, monday, view="week") | {
        "title": _title(monday, sunday, days.practitioners[wanted.who] if wanted.who else ""),
        "before": wanted.week(monday - timedelta(days=7)),
        "after": wanted.week(monday + timedelta(days=7)),
        "now": "" if monday <= wanted.today <= sunday else wanted.week(wanted.today),
        "chips": calendar_page.chips(wanted, days),
    }
    if wanted.who is None:
        return render(request, "calendar/week.html", context | _strips(wanted, days, rows))
    columns = [column for each in rows for column in by_practitioner(each, only=wanted.who)]
    may_book = request.user.has_perm("treatments.add_appointment")
    heads = [calendar_page.head_of_week(wanted, days, column, may_book=may_book) for column in columns]
    return render(request, "calendar/week.html", context | _grid(request, wanted, days, columns, heads))


def _read(request: HttpRequest, wanted: Asked, first: date, last: date) -> Days:
    """The days with all their visits; for the load of a week only those on hold are shown by name."""
    load = wanted.who is None and first != last
    by = request.user.get_username()
    days = diary.read(first, last, at=wanted.now, by=by, practitioner=wanted.who, held_only=load)
    if wanted.who is not None and wanted.who not in days.practitioners:
        raise Http404
    return days


def _grid(
    request: HttpRequest, wanted: Asked, days: Days, columns: Sequence[Column], heads: Sequence[Head]
) -> dict[str, Any]:
    minutes = 0
    if wanted.moving:
        minutes, by = calendar_move.minutes_of(wanted.moving), request.user.get_username()
        calendar_move.put_offers(columns, wanted.moving, by_room=wanted.by_room, now=wanted.now, by=by)
    blocks = Blocks(days, by_room=wanted.by_room, but=wanted.but)
    grid = Grid(columns, heads, blocks, now=wanted.now, minutes=minutes)
    return {
        "grid": None if grid.is_empty else _shown(grid, columns),
        "offered": any(column.offers for column in columns),
    }


def _shown(grid: Grid, columns: Sequence[Column]) -> dict[str, Any]:
    same_day = len({column.on for column in columns}) == 1
    return {
        "head": grid.head(),
        "body": grid.body(),
        "one": len(columns) == 1,
        "day": day_in_words(columns[0].on) if same_day else "",
    }


def _strips(wanted: Asked, days: Days, rows: Sequence[DayRows]) -> dict[str, Any]:
    """Everybody who works or has a visit in that week."""
    weeks = {who: [each.of_practitioner(who, []) for each in rows] for who in days.practitioners}
    shown = {who: own for who, own in weeks.items() if any(column.open | column.taken for column in own)}
    first, end = bounds(column for own in shown.values() for column in own)
    people = [
        (days.practitioners[who], wanted.week(rows[0].on, **{"with": str(who)}), own) for who, own in shown.items()
    ]
    urls = {each.on: wanted.day(each.on) for each in rows}
    rows_of_all = calendar_strips.table_rows(people, urls, first, end)
    return {"strips": rows_of_all, "ground": calendar_strips.ground(first, end), "offered": True}


def _title(monday: date, sunday: date, who: str) -> str:
    """Week 29, 13-Jul to 19-Jul-2026."""
    said = {"week": monday.isocalendar().week, "from": formats.short_day(monday), "until": formats.day(sunday)}
    week = _("Week %(week)d, %(from)s to %(until)s") % said
    return f"{who}, {week[:1].lower()}{week[1:]}" if who else week
