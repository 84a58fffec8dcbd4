"""What booking and moving share while a time is chosen: the panel, the times, and five minutes to confirm."""

from __future__ import annotations

from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django_htmx.http import reswap, retarget

from treatments.forms.times import TimeForm
from treatments.rules.findings import TimeTaken, hard_stops
from treatments.services import slot_holds
from treatments.views.decision import Question, decide, findings
from treatments.views.visit_forms import person, pressed, taken_by, typed


class Choosing(Protocol):
    """A page on which somebody chooses the time of a visit: a new one, or one that moves."""

    frame: dict[str, Any]

    def form(self, **kwargs: Any) -> TimeForm: ...

    def question(self, data: QueryDict) -> Question: ...

    def context(self, request: HttpRequest, question: Question, form: Any, *, near: bool = False) -> dict[str, Any]: ...

    def about(self) -> dict[str, Any]:
        """Whom and which visit the panel is about."""


def answer_check(request: HttpRequest, page: Choosing) -> HttpResponse:
    """The panel for what is chosen so far."""
    return _panel(request, page, page.question(request.POST))


def answer_times(request: HttpRequest, page: Choosing) -> HttpResponse:
    """The times and the panel after a change of what they depend on."""
    question = page.question(pressed(request))
    taken = keep(request, question, page.frame) if "take" in request.POST else []
    context = page.context(request, question, page.form(initial=typed(question.form)), near=bool(taken))
    return render(request, "booking/_times.html", context | {"taken": taken, "announce": True})


def answer_hold(request: HttpRequest, page: Choosing) -> HttpResponse:
    """A time is chosen: keep it for five minutes, and answer with the panel. Where it has gone, with all times anew."""
    question = page.question(pressed(request))
    if taken := keep(request, question, page.frame):
        context = page.context(request, question, page.form(initial=typed(question.form)), near=True)
        response = render(request, "booking/_times.html", context | {"taken": taken, "announce": True})
        return reswap(retarget(response, "#times"), "outerHTML")
    return _panel(request, page, question)


def _panel(request: HttpRequest, page: Choosing, question: Question) -> HttpResponse:
    shown = page.about() | {"decision": decide(question, page.frame, request), "announce": True, "alone": True}
    return render(request, "booking/_decision.html", shown)


def keep(request: HttpRequest, question: Question, frame: dict[str, Any]) -> list[str]:
    """Hold the chosen time, where the visit may be booked at all. Returns why it cannot be had, in sentences."""
    booking = question.booking()
    if booking is None or not question.form.offered or (question.is_treatment and not question.indications):
        return []
    if hard_stops(findings(question, frame, booking=None)):
        return []
    try:
        slot_holds.hold(booking, by=person(request).username, at=timezone.now(), but=question.visit)
    except TimeTaken as error:
        return list(dict.fromkeys(taken_by(error, question.form)))
    return []
