"""Booking from the call list: the verdict, three times inside the window, one press to confirm."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from clinic.permissions import needs
from treatments.models import Course
from treatments.rules.findings import Refused, TimeTaken
from treatments.services import appointments
from treatments.views.booking import taken_back
from treatments.views.booking_desk import Desk, as_data, initial_for
from treatments.views.decision import Question, decide, findings, read_key
from treatments.views.due_panel import Place, of_row
from treatments.views.once import once
from treatments.views.rows import address_of
from treatments.views.slot_hold import keep
from treatments.views.slot_search import search
from treatments.views.slot_times import AFTER, Times
from treatments.views.visit_forms import line, person, say_refusal, without_slot


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_appointment")
@of_row
def book(request: HttpRequest, place: Place) -> HttpResponse:
    """GET opens the panel; POST keeps the chosen time (`step=hold`) or books it."""
    desk = Desk(place.course.patient.public_id)
    if request.method != "POST":
        asked = set(request.GET.getlist("indications")) or _up(desk, place.course)
        initial = initial_for(desk, asked & {course.indication.code for course in desk.own})
        if "anyone" in request.GET:
            initial["practitioner"] = ""
        return _panel(place, desk, desk.question(as_data(initial)))
    question = desk.question(request.POST)
    if request.POST.get("step") == "hold":
        return _hold(place, desk, question)
    if not question.form.is_valid():
        return _panel(place, desk, question, problems=_problems(question), status=422)
    return _save(place, desk, question)


def _up(desk: Desk, course: Course) -> set[str]:
    """One visit for all that is due: the course of the row, and what else of the patient's is due by now."""
    also = (c for c in desk.own if not c.stopped_on and c.due_from and c.due_from <= desk.on)
    return {course.indication.code, *(c.indication.code for c in also)}


def _hold(place: Place, desk: Desk, question: Question) -> HttpResponse:
    """The chosen time is kept for five minutes; where it has gone, the times are shown anew."""
    if taken := keep(place.request, question, desk.frame):
        answer = _panel(place, desk, question, problems=taken, near=True)
        return reswap(retarget(answer, "closest tbody"), "outerHTML")
    shown = desk.about() | {"decision": decide(question, desk.frame, place.request), "announce": True}
    return render(place.request, "due/_decision.html", shown | {"more_url": _more(place, question)})


def _save(place: Place, desk: Desk, question: Question) -> HttpResponse:
    request, booking = place.request, question.booking()
    if booking is None:
        raise ValueError("A valid form makes a whole booking.")
    read = request.POST.get("acknowledged") == read_key(findings(question, desk.frame, booking=booking))
    by, now = person(request), timezone.now()
    try:
        visit = once(request, lambda: appointments.book(booking, by=by, at=now, acknowledged=read))
    except (Refused, ValidationError) as error:
        say_refusal(question.form, error)
        return _panel(
            place, desk, question, problems=_problems(question), near=isinstance(error, TimeTaken), status=422
        )
    undo_url = place.url("due_book_undo")
    return place.done(line(_("Booked"), visit), undo_url=undo_url, visit=visit.public_id, version=visit.version)


def _problems(question: Question) -> list[str]:
    return list(dict.fromkeys(str(each) for errors in question.form.errors.values() for each in errors))


def _panel(
    place: Place,
    desk: Desk,
    question: Question,
    *,
    problems: list[str] | None = None,
    near: bool = False,
    status: int = 200,
) -> HttpResponse:
    wanted_at = question.form.starts_at if near else None
    chosen = "" if near else str(question.form.offered or "")
    if near:
        question = desk.question(without_slot(question.form))
    now = timezone.now()
    wanted = search(question, desk.frame, usual=desk.usual, at=now)
    form = question.form
    found = Times(wanted, at=now, by=person(place.request).username, practitioners=form.practitioners, rooms=form.rooms)
    found.read((wanted.first, wanted.last + AFTER if wanted.window_is_open else wanted.last))
    best = found.best()
    form.cleaned_data.setdefault("on", best.times[0].on if best.times else wanted.first)
    mine = [c for c in desk.own if not c.stopped_on]
    context: dict[str, Any] = {
        "problems": problems or [],
        "fields": _hidden(form.data),
        "courses": [(c.indication.code, c.indication.short_name, c.indication in question.indications) for c in mine],
        "best": best,
        "near": found.near(wanted_at) if wanted_at else [],
        "picked": chosen,
        "has_hours": found.has_hours,
        "decision": decide(question, desk.frame, place.request, has_hours=found.has_hours),
        "book_url": place.url("due_book"),
        "more_url": _more(place, question),
    }
    about = {"who": place.course.patient.list_name}
    return place.panel("due/_book.html", context, heading=_("Book, %(who)s") % about, status=status)


def _hidden(data: QueryDict | Any) -> list[tuple[str, str]]:
    """What the search was for, so that the chosen time is booked for the same."""
    return [(name, data.get(name, "")) for name in ("service", "product", "practitioner", "minutes") if data.get(name)]


def _more(place: Place, question: Question) -> str:
    """The booking page with the same filled in."""
    asked = [("course", indication.code) for indication in question.indications]
    return f"{address_of('book')(place.names[0])}?{urlencode(asked)}"


@require_POST
@needs("treatments.add_appointment")
@of_row
def undo(request: HttpRequest, place: Place) -> HttpResponse:
    """Take back a booking that was made a moment ago from the list."""
    visit, problem = taken_back(request, request.POST.get("visit", ""))
    return place.problem(problem) if problem else place.done(line(_("Booking undone"), visit))


@require_http_methods(["GET", "HEAD"])
@needs("treatments.view_course")
@of_row
def row(request: HttpRequest, place: Place) -> HttpResponse:
    """The row without its panel."""
    return place.body()
