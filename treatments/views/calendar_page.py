"""What stands around the grid: the switches, what is moved, what is on hold, what is not going ahead, and the heads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.formats import clock, short_day
from treatments.forms.calendar import CalendarDay
from treatments.queries.calendar import Days
from treatments.rules.vocabulary import AppointmentState
from treatments.views.calendar_asked import Asked
from treatments.views.calendar_blocks import gone, held
from treatments.views.calendar_columns import Column
from treatments.views.calendar_grid import Head, day_in_words
from treatments.views.calendar_move import minutes_of
from treatments.views.calendar_strips import half_hours


def frame(
    request: HttpRequest, wanted: Asked, days: Days, on: date, *, view: str, form: CalendarDay | None = None
) -> dict[str, Any]:
    """What the pages of a day and of a week share; `on` is the day, or the first one of the week."""
    here, weekly, user = (wanted.day if view == "day" else wanted.week), view == "week", request.user
    may_move, may_book = user.has_perm("treatments.change_appointment"), user.has_perm("treatments.add_appointment")
    return {
        "picker": _picker(on, form),
        "options": _options(wanted, days),
        "has_errors": form is not None,
        "view": view,
        "carried": [(name, wanted.carried[name]) for name in ("by", "move") if wanted.carried[name]],
        "switches": _switches(wanted, on, view),
        "held": held(days.visits, days, move=lambda it: here(on, move=it), may_move=may_move, with_day=weekly),
        "gone": gone(days.visits, days, may_book=may_book, with_day=weekly),
        "moving": _moving(wanted, here(on, move="")),
        "over": wanted.over,
    }


def _picker(on: date, form: CalendarDay | None) -> dict[str, Any]:
    """The field of the day; what was typed and is no day stays in it, with the sentence that says so."""
    if form is None:
        return {"value": on.isoformat(), "type": "date", "errors": []}
    return {"value": form["date"].value(), "type": "text", "errors": form.errors["date"]}


def _options(wanted: Asked, days: Days) -> SafeString:
    """Whose visits to show; the columns of rooms show everybody's."""
    chosen = SafeString(" selected")
    people = [(pk, name) for pk, name in days.practitioners.items() if pk in days.here or pk == wanted.who]
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((pk, chosen if pk == wanted.who else "", name) for pk, name in ([] if wanted.by_room else people)),
    )


def _switches(wanted: Asked, on: date, view: str) -> list[dict[str, Any]]:
    """Day or week, and on a day by whom or by room: words, address, whether it is this page."""
    ways = [(_("Day"), wanted.day(on), view == "day"), (_("Week"), wanted.week(on), view == "week")]
    if view == "week":
        return [{"label": _("Show"), "links": ways}]
    columns = [
        (_("Practitioners"), wanted.day(on, by=""), not wanted.by_room),
        (_("Rooms"), wanted.day(on, by="room", **{"with": ""}), wanted.by_room),
    ]
    return [{"label": _("Show"), "links": ways}, {"label": _("Columns"), "links": columns}]


def _moving(wanted: Asked, leave: str) -> dict[str, Any] | None:
    """What the bar of move mode says."""
    visit = wanted.moving
    if visit is None:
        return None
    return {
        "name": visit.patient.list_name,
        "minutes": minutes_of(visit),
        "now": f"{short_day(visit.on)} {clock(visit.starts_at)}, {visit.practitioner.name}, {visit.room.name}",
        "leave": leave,
        "visit": visit.get_absolute_url(),
        "type": reverse("visit_move", args=[visit.public_id]),
    }


# ---- the heads of columns ----


def heads_of_day(wanted: Asked, days: Days, columns: Sequence[Column], *, may_book: bool) -> list[Head]:
    """The addresses of free times are relative to the day's: they stand in the page some hundred times."""
    if not columns:
        return []
    which = "room" if wanted.by_room else "with"
    before, _mark, after = wanted.week(columns[0].on, **{"with": "~"}).partition("~")
    return [
        Head(
            column.name,
            _sub(column, days, by_room=wanted.by_room),
            "" if wanted.by_room else f"{before}{column.number}{after}",
            ("free/", f"/?{which}={column.number}") if may_book else None,
        )
        for column in columns
    ]


def head_of_week(wanted: Asked, days: Days, column: Column, *, may_book: bool) -> Head:
    words = f"{column.on:%a} {short_day(column.on)}"
    address = reverse("calendar_day", args=[column.on.isoformat()])
    free = (f"{address}free/", f"/?with={column.number}") if may_book else None
    sub, url = _sub(column, days, by_room=False), wanted.day(column.on)
    return Head(words, sub, url, free, day=day_in_words(column.on), who=column.name)


def _sub(column: Column, days: Days, *, by_room: bool) -> str:
    """14 visits · Harbour · Room 1: what is the same for all visits of a column stands here, once."""
    column.tell_once(by_room=by_room)
    number = len(column.shown)
    second = ""
    if column.second is not None:
        second = days.practitioners[column.second] if by_room else days.rooms[column.second].name
    said = ngettext("%(n)d visit", "%(n)d visits", number) % {"n": number}
    return " · ".join(part for part in (said, column.place, second) if part)


# ---- lines ----


def totals(days: Days, columns: Sequence[Column]) -> list[tuple[int, str]]:
    """14 visits, 2 on hold, 9 half hours free: what is none is left out."""
    visits = sum(len(column.shown) for column in columns)
    states = Counter(visit.state for visit in days.visits)
    free = sum(half_hours(column.free) for column in columns)
    lines = [
        (states[AppointmentState.ON_HOLD], _("on hold")),
        (states[AppointmentState.DONE], _("done")),
        (free, ngettext("half hour free", "half hours free", free)),
    ]
    return [(visits, ngettext("visit", "visits", visits)), *(line for line in lines if line[0])]


def chips(wanted: Asked, days: Days) -> list[dict[str, Any]]:
    """The seven days with how many visits each has, and why one is closed."""
    numbers = Counter(b.on for b in days.busy if not b.kept and wanted.who in (None, b.practitioner))
    return [
        {
            "url": wanted.day(on),
            "weekday": f"{on:%a}",
            "day": short_day(on),
            "count": ngettext("%(n)d visit", "%(n)d visits", numbers[on]) % {"n": numbers[on]},
            "closed": work.closed_everywhere,
            "today": on == wanted.today,
        }
        for on, work in days.work.items()
    ]


def notes(request: HttpRequest, days: Days, on: date) -> dict[str, Any]:
    """Why a day is not as others: it is closed, nobody works, somebody is away."""
    work, user = days.work[on], request.user
    away = [f"{days.practitioners[who]} ({why})" if why else days.practitioners[who] for who, why in work.away.items()]
    nobody = not work.desks and not work.closed_everywhere
    sets_hours = nobody and user.is_staff and user.has_perm("clinic.change_workinghours")
    return {
        "closed": work.closed_everywhere,
        "partly": ", ".join(why for where, why in work.closed.items() if where),
        "nobody": nobody,
        "away": ", ".join(away),
        "hours_url": reverse("admin:clinic_workinghours_changelist") if sets_hours else "",
    }
