"""The page on which a prescriber decides to go on in spite of soft stops. Hard stops never lead here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from clinic.formats import clock, day
from clinic.models import User
from treatments.forms.appointments import OverrideForm
from treatments.rules.findings import Finding, cautions, hard_stops, soft_stops, stops
from treatments.services import appointments, courses
from treatments.services.diary import Booking
from treatments.views.decision import Question, read_key
from treatments.views.verdicts import finding_line
from treatments.views.visit_forms import person


def decision_form(request: HttpRequest, found: list[Finding]) -> OverrideForm | None:
    """The override that must be decided before the save; 403 for a decision by somebody who may not make one."""
    if not person(request).is_prescriber and request.POST.get("override_words", request.POST.get("override_reason")):
        raise PermissionDenied(_("Only a prescriber may override."))
    return override_form(request, found)


def interruption(
    request: HttpRequest, frame: dict[str, Any], question: Question, decision: OverrideForm, found: list[Finding]
) -> HttpResponse:
    """The page on which a prescriber decides; everything typed before travels along."""
    context = (
        frame
        | {
            "form": decision,
            "held": question.form,
            "of": _of(question.booking()),
        }
        | overridden(request, found, question.form.cleaned_data["on"])
    )
    asked = request.POST.get("step") == "override"
    return render(request, "booking/override.html", context, status=200 if asked else 422)


def overridden(request: HttpRequest, found: list[Finding], on: date) -> dict[str, Any]:
    """What booking/_override_fields.html says of the stops and cautions before the decision."""
    return {
        "sentence": _in_one_sentence(found, on),
        "findings": [finding_line(f) for f in [*stops(found), *cautions(found)]],
        "caution_key": read_key(found),
        "acknowledged": bool(read_key(found)) and request.POST.get("acknowledged") == read_key(found),
    }


def _of(booking: Booking | None) -> str:
    if booking is None:
        return ""
    said = {"day": day(booking.on), "from": clock(booking.starts_at), "to": clock(booking.ends_at)}
    said |= {"who": booking.practitioner.name, "room": booking.room.name}
    return _("%(day)s, %(from)s to %(to)s, %(who)s, %(room)s") % said


def override_form(request: HttpRequest, found: Sequence[Finding]) -> OverrideForm | None:
    """The form of a prescriber's decision where soft stops alone stand; None where there is nothing to decide."""
    decided = "override_words" in request.POST or "override_reason" in request.POST
    if not person(request).is_prescriber or hard_stops(found) or not soft_stops(found):
        return None
    keys = frozenset(courses.key(f) for f in soft_stops(found))
    return OverrideForm(request.POST if decided else None, stops=keys, cautions=read_key(found))


def override_of(form: OverrideForm, by: User) -> appointments.Override:
    """The decision as the service takes it."""
    said = form.cleaned_data
    return appointments.Override(by, said["override_reason"], said["override_words"], form.seen)


def _in_one_sentence(found: Iterable[Finding], on: date) -> str:
    """What is overridden, for the page on which a prescriber decides."""
    what = " ".join(f.sentence for f in soft_stops(found))
    return _("You override for the visit on %(day)s only: %(what)s") % {"day": day(on), "what": what}
