"""Keeping a chosen time for five minutes while the visit is confirmed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django_htmx.http import reswap, retarget

from treatments.rules.findings import TimeTaken, hard_stops
from treatments.services import slot_holds
from treatments.views.decision import Question, findings
from treatments.views.visit_forms import person, taken_by


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


def taken_again(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """In place of the panel: all times anew, with those near to the one that has gone."""
    response = render(request, "booking/_times.html", context | {"announce": True})
    return reswap(retarget(response, "#times"), "outerHTML")
