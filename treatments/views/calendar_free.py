"""A free time of the calendar: whom to book there. Everybody can be searched for; who would fit is named."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic import formats
from clinic.permissions import needs
from treatments.queries import calendar as diary
from treatments.queries import patients as find
from treatments.queries.calendar import Days
from treatments.queries.fits import Slot
from treatments.queries.fits import fits as find_fits
from treatments.views import fits, patient_rows
from treatments.views.calendar_asked import day_of, number
from treatments.views.calendar_columns import ROWS, STEP, Column, DayRows, clock_of, free_from, moment_of
from treatments.views.rows import address_of

_CLOCK = re.compile(r"([01]\d|2[0-3]):(00|15|30|45)", re.ASCII)
_AT_MOST, _NEAR, _USUAL = 30, 3, 30  # patients found, times near by, minutes of a visit


@dataclass(frozen=True, slots=True)
class Time:
    """The time that was chosen, with whom and where as far as that was."""

    on: date
    row: int
    who: int | None
    room: int | None

    @property
    def words(self) -> str:
        return clock_of(self.row)

    @property
    def starts_at(self) -> datetime:
        return moment_of(self.on, self.row, timezone.get_current_timezone())

    @property
    def address(self) -> str:
        """Of this page."""
        asked = urlencode({name: value for name, value in (("with", self.who), ("room", self.room)) if value})
        return f"{reverse('calendar_free', args=[self.on.isoformat(), self.words])}?{asked}"

    @property
    def carried(self) -> str:
        """What the form of a visit is filled in with."""
        asked = {"date": self.on.isoformat(), "time": self.words, "with": self.who, "room": self.room}
        return urlencode({name: value for name, value in asked.items() if value})


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.view_appointment", "treatments.view_patient", "treatments.add_appointment")
def free(request: HttpRequest, day: str, time: str) -> HttpResponse:
    """Book 14:30, R. Osei. The search is a POST, so that no name stands in an address."""
    on, now = day_of(day), timezone.now()
    days = diary.read(on, on, at=now, by=request.user.get_username(), held_only=True)
    asked, rows = _asked(request, on, time, days), DayRows(days, on, now=now)
    chosen = _with_the_other(asked, rows)
    column = rows.of_room(chosen.room or 0, []) if chosen.who is None else rows.of_practitioner(chosen.who, [])
    context = _page(chosen, days, column) | {
        "back": reverse("calendar_day", args=[on.isoformat()]) + ("?by=room" if asked.who is None else ""),
        "action": asked.address,
    }
    if problem := _problem(chosen, column, now):
        near = _near(asked, column)
        return render(request, "calendar/free.html", context | {"problem": problem, "near": near}, status=409)
    q = " ".join(request.POST.get("q", "")[:100].split())
    context |= {"q": q, "people": _people(chosen, rows)}
    if q:
        context |= _found(q, chosen, on=timezone.localdate(now))
    elif chosen.who and chosen.room:
        context["fits"] = _fits(chosen, column, now)
    return render(request, "calendar/free.html", context)


def _asked(request: HttpRequest, on: date, time: str, days: Days) -> Time:
    found = _CLOCK.fullmatch(time)
    who, room = number(request.GET.get("with", "")), number(request.GET.get("room", ""))
    if not found or (who is None and room is None):
        raise Http404
    if (who is not None and who not in days.here) or (room is not None and room not in days.rooms):
        raise Http404
    return Time(on, (int(found[1]) * 60 + int(found[2])) // STEP, who, room)


def _with_the_other(time: Time, rows: DayRows) -> Time:
    """With the room that a practitioner can have then, or the practitioner where only one is free."""
    if time.room is None and time.who is not None:
        return replace(time, room=rows.room_for(time.who, time.row))
    if time.who is None and time.room is not None and len(able := rows.people_for(time.room, time.row)) == 1:
        return replace(time, who=able[0])
    return time


def _page(time: Time, days: Days, column: Column) -> dict[str, Any]:
    who = days.practitioners[time.who] if time.who else ""
    room = days.rooms[time.room].name if time.room else ""
    minutes = free_from(column, time.row)
    until = clock_of(time.row + minutes // STEP)
    return {
        "title": _("Book %(time)s, %(who)s") % {"time": time.words, "who": who or room},
        "when": f"{formats.long_day(time.on)}, {time.words}",
        "who": who,
        "room": room,
        "free": _("%(n)d minutes, until %(until)s") % {"n": minutes, "until": until},
    }


def _problem(time: Time, column: Column, now: datetime) -> str:
    """Why the time cannot be booked: it is over, or somebody was quicker."""
    if time.starts_at < now:
        said = {"time": formats.clock(now), "day": formats.day(timezone.localdate(now))}
        return _("Choose a time after %(time)s, %(day)s.") % said
    if not column.free >> time.row & 1:
        return _("%(time)s with %(name)s is not free.") % {"time": time.words, "name": column.name}
    return ""


def _near(time: Time, column: Column) -> list[tuple[str, str]]:
    """The free half hours nearest to the time: words and address."""
    free = [row for row in range(ROWS) if free_from(column, row) >= _USUAL]
    nearest = sorted(sorted(free, key=lambda row: abs(row - time.row))[:_NEAR])
    return [(clock_of(row), replace(time, row=row).address) for row in nearest]


def _people(time: Time, rows: DayRows) -> list[tuple[str, str]]:
    """Where only the room was chosen: the practitioners who are free, each with the address of the time with them."""
    if time.who is not None or time.room is None:
        return []
    able = rows.people_for(time.room, time.row)
    return [(rows.days.practitioners[who], replace(time, who=who).address) for who in able]


# ---- whom to book ----


def _found(q: str, time: Time, *, on: date) -> dict[str, Any]:
    """The patients who match, each with the form of the visit, its time filled in."""
    found = list(find.search(q)[: _AT_MOST + 1])
    asked, book = time.carried, address_of("book")
    people = [
        patient_rows.person(patient, on=on) | {"book": f"{book(patient.public_id)}?{asked}"}
        for patient in found[:_AT_MOST]
        if patient.died_on is None
    ]
    return {
        "found": people,
        "count": formats.count(len(people), _("patient"), _("patients")),
        "rest": _(", matching “%(q)s”, by name") % {"q": q},
        "more": len(found) > _AT_MOST,
        "at_most": _AT_MOST,
    }


def _fits(time: Time, column: Column, now: datetime) -> list[dict[str, Any]]:
    """Those who asked to come earlier, then those of this practitioner who are due."""
    minutes = min(free_from(column, time.row), _USUAL)
    ends_at = time.starts_at + timedelta(minutes=minutes)
    slot = Slot(time.who or 0, time.room or 0, time.starts_at, ends_at, time.on)
    return [fits.row(fit, slot) for fit in find_fits(slot, today=timezone.localdate(now))]
