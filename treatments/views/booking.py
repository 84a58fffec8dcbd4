"""Booking a visit: what is known beside what is chosen, and no way round a hard stop."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.formats import day, short_day
from clinic.models import Room
from clinic.permissions import needs
from treatments.forms.appointments import BookingForm
from treatments.models import Course, Patient
from treatments.rules.findings import Refused
from treatments.services import appointments
from treatments.views.decision import Question, decide, findings, read_key
from treatments.views.frames import patient_frame, patient_of
from treatments.views.override_page import decision_form, interruption, override_of
from treatments.views.visit_forms import (
    line,
    person,
    possible,
    prepares,
    say_refusal,
    typed,
    usual_practitioner,
    with_day,
)


@needs("treatments.add_appointment")
def book(request: HttpRequest, public_id: str) -> HttpResponse:
    """GET shows the form, filled in with ?course= and ?date=; POST books, or says what stands against it."""
    patient = patient_of(public_id)
    frame = patient_frame(patient)
    own = _courses(patient)
    if request.method != "POST":
        initial = _initial(request, patient, own, frame["on"])
        asked = _form(patient, own, frame["on"], data=_as_data(initial))
        return _page(request, frame, _form(patient, own, frame["on"], initial=initial), _question(patient, asked))
    form = _form(patient, own, frame["on"], data=with_day(request))
    question = _question(patient, form)
    if prepares(request):
        return _page(request, frame, _form(patient, own, frame["on"], initial=typed(form)), question)
    if not form.is_valid():
        return _page(request, frame, form, question, status=422)
    return _save(request, frame, question)


def _save(request: HttpRequest, frame: dict[str, Any], question: Question) -> HttpResponse:
    booking = question.booking()
    if booking is None:
        raise ValueError("A valid form makes a whole booking.")
    found, now = findings(question, frame["on"]), timezone.now()
    decision = decision_form(request, found)
    try:
        if decision and not decision.is_valid():
            possible(booking, at=now)
            return interruption(request, frame, question, decision, found)
        appointment = appointments.book(
            booking,
            by=person(request),
            at=now,
            override=override_of(decision, person(request)) if decision else None,
            acknowledged=request.POST.get("acknowledged") == read_key(found),
        )
    except (Refused, ValidationError) as error:
        decided = decide(question, frame, request)  # before errors take values away from the form
        status = say_refusal(question.form, error)
        return render(request, "booking/book.html", frame | {"form": question.form, "decision": decided}, status=status)
    messages.success(request, " ".join(filter(None, (line(_("Booked"), appointment), question.form.said))))
    return redirect(appointment)


@needs("treatments.add_appointment")
@require_POST
def check(request: HttpRequest, public_id: str) -> HttpResponse:
    """The panel beside the form for what is chosen so far."""
    patient = patient_of(public_id)
    frame = patient_frame(patient)
    form = _form(patient, _courses(patient), frame["on"], data=request.POST)
    decision = decide(_question(patient, form), frame, request)
    return render(request, "booking/_decision.html", {"decision": decision, "patient": patient, "announce": True})


def _form(patient: Patient, own: list[Course], on: date, **kwargs: Any) -> BookingForm:
    notes = {course.indication.code: _note(course, on) for course in own}
    return BookingForm(courses=own, notes=notes, usual=usual_practitioner(patient), **kwargs)


def _question(patient: Patient, form: BookingForm) -> Question:
    form.full_clean()
    return Question(patient, form.cleaned_data.get("chosen", ()), form.cleaned_data.get("product"), form)


def _page(
    request: HttpRequest, frame: dict[str, Any], form: BookingForm, question: Question, *, status: int = 200
) -> HttpResponse:
    context = frame | {"form": form, "decision": decide(question, frame, request)}
    return render(request, "booking/book.html", context, status=status)


# ---- what the form starts with ----


def _courses(patient: Patient) -> list[Course]:
    """The patient's own courses: running first, by the day on which they are due."""
    found = patient.courses.select_related("indication").order_by("pk")
    return sorted(found, key=lambda c: (c.stopped_on is not None, c.due_from or date.max, c.indication.name))


def _note(course: Course, on: date) -> str:
    if course.stopped_on:
        return _("stopped %(day)s") % {"day": day(course.stopped_on)}
    if course.due_from is None or course.overdue_from is None or course.due_until is None:
        return _("not treated here yet")
    said = {"from": short_day(course.due_from), "until": day(course.due_until)}
    if on < course.due_from:
        return _("window %(from)s to %(until)s") % said
    if on < course.overdue_from:
        return _("due, window %(from)s to %(until)s") % said
    return _("overdue, window %(from)s to %(until)s") % said


def _initial(request: HttpRequest, patient: Patient, own: list[Course], on: date) -> dict[str, Any]:
    asked = {code for text in request.GET.getlist("course") for code in text.split(",")}
    running = [course for course in own if not course.stopped_on]
    due = [c for c in running if c.due_from and c.due_from <= on] or (running if len(running) == 1 else [])
    chosen = [c for c in own if c.indication.code in asked] if asked else due
    known = {course.indication.code for course in own}
    usual, rooms = usual_practitioner(patient), Room.objects.filter(is_active=True, location__is_active=True)
    last_room = rooms.filter(appointments__patient=patient).order_by("-appointments__starts_at").first()
    only = list(rooms[:2])
    return {
        "indications": [course.indication.code for course in chosen],
        "others": sorted(asked - known),
        "product": chosen[0].product if len({course.product for course in chosen}) == 1 else "",
        "practitioner": usual.pk if usual else None,
        "room": last_room.pk if last_room else only[0].pk if len(only) == 1 else None,
        "on": _day(request.GET.get("date", ""), chosen, on),
        "minutes": 30,
    }


def _day(asked: str, chosen: list[Course], on: date) -> str:
    """The day asked for, else the first one of the window that is not over."""
    try:
        return date.fromisoformat(asked).isoformat()
    except ValueError:
        opens = [course.due_from for course in chosen if course.due_from]
        return max([on, *opens]).isoformat() if opens else ""


def _as_data(initial: dict[str, Any]) -> QueryDict:
    """What the form starts with, as if it had been posted, so that the panel speaks from the start."""
    data = QueryDict(mutable=True)
    for name, value in initial.items():
        data.setlist(name, [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else [])
    return data
