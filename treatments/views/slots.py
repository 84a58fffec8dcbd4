"""Beside the form of a visit: the times for what is chosen, another month or day of them, and why one is not offered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.permissions import needs
from treatments.queries import slots
from treatments.views.decision import Question
from treatments.views.slot_month import Month, asked_month, day_cell, month_of, month_page
from treatments.views.slot_search import search, unsealed
from treatments.views.slot_times import AFTER, AHEAD, Best, DayTimes, Time, Times
from treatments.views.visit_forms import person


@dataclass
class Chooser:
    """Everything beside the form that booking/_times.html shows."""

    sealed: str
    best: Best
    month: Month
    day: DayTimes
    has_hours: bool
    picked: str
    on: date
    near: list[Time] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    why_at: str = ""


def choose(
    question: Question, frame: dict[str, Any], request: HttpRequest, *, usual: int | None, near: datetime | None = None
) -> Chooser:
    """The times for what has been chosen on the form; `near`: the time that could not be had."""
    at, asked = timezone.now(), request.POST if request.method == "POST" else request.GET
    form = question.form
    wanted = search(question, frame, usual=usual, at=at)
    found = Times(wanted, at=at, by=person(request).username, practitioners=form.practitioners, rooms=form.rooms)
    chosen_on, today, turned = form.cleaned_data.get("on"), frame["on"], asked.get("month", "")
    looked = wanted.first, wanted.last + AFTER if wanted.window_is_open else wanted.last
    found.read(looked, month_of(asked_month(turned, chosen_on or wanted.first, today=today)))
    best = found.best()
    on = chosen_on or (best.times[0].on if best.times else wanted.first)
    month = asked_month(turned, on, today=today)
    found.read_more(month_of(month))
    if found.has_hours:
        form.cleaned_data.setdefault("on", on)  # so that the panel speaks of the day that is shown
    day = found.day_times(on)
    return Chooser(
        sealed=wanted.sealed(),
        best=best,
        month=month_page(found, month, chosen=on),
        day=day,
        has_hours=found.has_hours,
        picked=_picked(str(form.offered or ""), day),
        on=on,
        near=found.near(near) if near else [],
        why=found.why_not(on, asked.get("why_at", "")) if asked.get("step") == "why" else [],
        why_at=asked.get("why_at", ""),
    )


def _picked(slot: str, day: DayTimes) -> str:
    """The time that is chosen; where it is offered in another room of the same person, that one."""
    offered = [time.value for _part, free in day.parts for time in free]
    same = [value for value in offered if value.rpartition(".")[0] == slot.rpartition(".")[0]]
    return slot if slot in offered or not same else same[0]


@needs("treatments.view_appointment")
@require_safe
def times(request: HttpRequest) -> HttpResponse:
    """Another month, another day of it, or why a time is not offered. The search comes with the page."""
    try:
        wanted = unsealed(request.GET.get("search", ""))
    except BadSignature:
        return HttpResponseBadRequest()
    found = Times(
        wanted,
        at=timezone.now(),
        by=person(request).username,
        practitioners=slots.practitioners(),
        rooms=slots.places(),
    )
    pressed = _day(request.GET.get("use_day", ""), found.today)
    on = pressed or _day(request.GET.get("day", ""), found.today) or wanted.first
    if request.GET.get("step") == "why":
        return render(request, "booking/_why.html", {"why": found.why_not(on, request.GET.get("why_at", ""))})
    return _pressed(request, found, on) if pressed else _month(request, found, on)


def _pressed(request: HttpRequest, found: Times, on: date) -> HttpResponse:
    """The times of a day that was pressed in the month, and the day itself; the rest of the month stays as it is."""
    found.read_only(on)
    shown = {"day": found.day_times(on), "picked": request.GET.get("slot", "")}
    return render(request, "booking/_pressed.html", {"times": shown, "cell": day_cell(found, on, on), "focus": True})


def _month(request: HttpRequest, found: Times, on: date) -> HttpResponse:
    month = asked_month(request.GET.get("month", ""), on, today=found.today)
    found.read(month_of(month), (on, on))
    shown = {
        "month": month_page(found, month, chosen=on),
        "day": found.day_times(on),
        "picked": request.GET.get("slot", ""),
        "has_hours": True,
    }
    response = render(request, "booking/_month.html", {"times": shown})
    response["HX-Retarget"] = "#month"  # also where a day was pressed that cannot be booked
    return response


def _day(asked: str, today: date) -> date | None:
    """A day that can be booked; None for any other, and for nonsense."""
    try:
        on = date.fromisoformat(asked)
    except ValueError:
        return None
    return on if today <= on <= today + AHEAD else None
