"""Booking a visit: what is known beside what is chosen, the times that are free, and no way round a hard stop."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.permissions import needs
from treatments.models import Appointment
from treatments.rules.findings import Refused, TimeTaken
from treatments.services import appointments
from treatments.views.booking_desk import Desk, as_data, initial_of, without_hours
from treatments.views.decision import Question, decide, findings, read_key
from treatments.views.once import once
from treatments.views.override_page import decision_form, interruption, override_of
from treatments.views.slot_asked import as_typed
from treatments.views.slot_hold import answer_check, answer_hold, answer_times, keep
from treatments.views.slots import choose
from treatments.views.visit_forms import line, person, possible, prepares, pressed, say_refusal, typed
from treatments.views.visit_page import appointment_of
from treatments.views.visit_steps import rebook_url

UNDO = timedelta(minutes=3)


@needs("treatments.add_appointment")
def book(request: HttpRequest, public_id: str) -> HttpResponse:
    """GET shows the form, filled in with ?course=, ?date= and the like; POST books, or says what stands against it."""
    desk = Desk(public_id)
    if request.method != "POST":
        return _start(request, desk)
    question = desk.question(pressed(request))
    if prepares(request):
        taken = keep(request, question, desk.frame)
        context = desk.context(request, question, desk.form(initial=typed(question.form)), near=bool(taken))
        return render(request, "booking/book.html", context | {"taken": taken})
    if not question.form.is_valid():
        return render(request, "booking/book.html", desk.context(request, question, question.form), status=422)
    return _save(request, desk, question)


def _start(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The form as it opens, on the day of the best time where no day is asked for."""
    initial = initial_of(request, desk)
    question = desk.question(as_data(initial))
    times = choose(question, desk.frame, request, usual=desk.usual)
    if not times.has_hours:
        initial |= without_hours(desk, initial) | as_typed(initial["slot"])
        question = desk.question(as_data(initial))
    else:
        initial["on"] = times.on
    context = {"form": desk.form(initial=initial), "times": times, "starts_here": True}
    context["decision"] = decide(question, desk.frame, request, has_hours=times.has_hours)
    return render(request, "booking/book.html", desk.frame | context)


def _save(request: HttpRequest, desk: Desk, question: Question) -> HttpResponse:
    booking = question.booking()
    if booking is None:
        raise ValueError("A valid form makes a whole booking.")
    found, now, by = findings(question, desk.frame, booking=booking), timezone.now(), person(request)
    decision = decision_form(request, found)
    try:
        if decision and not decision.is_valid():
            possible(booking, at=now)
            return interruption(request, desk.frame, question, decision, found)
        override = override_of(decision, by) if decision else None
        read = request.POST.get("acknowledged") == read_key(found)
        appointment = once(
            request, lambda: appointments.book(booking, by=by, at=now, override=override, acknowledged=read)
        )
    except (Refused, ValidationError) as error:
        context = desk.context(request, question, question.form, near=isinstance(error, TimeTaken))
        status = say_refusal(question.form, error)  # last: errors take values away from the form
        return render(request, "booking/book.html", context, status=status)
    messages.success(request, _with_undo(request, appointment))
    return redirect(appointment)


def _with_undo(request: HttpRequest, appointment: Appointment) -> str:
    return format_html(
        '{} <form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="version" value="{}"><button>{}</button></form>',
        line(_("Booked"), appointment),
        reverse("book_undo", args=[appointment.public_id]),
        get_token(request),
        appointment.version,
        _("Undo"),
    )


@needs("treatments.add_appointment")
@require_POST
def undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take back a booking that was made a moment ago and not touched since."""
    appointment, problem = taken_back(request, public_id)
    if problem:
        messages.error(request, problem)
        return redirect(appointment)
    messages.success(request, line(_("Booking undone"), appointment))
    return redirect(rebook_url(appointment))


def taken_back(request: HttpRequest, public_id: str) -> tuple[Appointment, str]:
    """The visit after a booking was undone, or as it is with the sentence that says why it was not."""
    appointment, now = appointment_of(public_id), timezone.now()
    version = request.POST.get("version", "")
    if now - appointment.booked_at > UNDO:
        return appointment, _("The booking is older than three minutes. Cancel the visit instead.")
    try:
        undone = appointments.cancel(
            appointment,
            who="clinic",
            reason=_("Booked by mistake"),
            by=person(request).username,
            at=now,
            version=int(version) if version.isdecimal() else 0,
        )
    except appointments.Stale:
        return appointment, _("The visit has changed since it was booked. Nothing was undone.")
    except ValidationError as error:
        return appointment, " ".join(error.messages)
    return undone, ""


# ---- pieces of the page ----


@needs("treatments.add_appointment")
@require_POST
def check(request: HttpRequest, public_id: str) -> HttpResponse:
    """The panel beside the form for what is chosen so far."""
    return answer_check(request, Desk(public_id))


@needs("treatments.add_appointment")
@require_POST
def times(request: HttpRequest, public_id: str) -> HttpResponse:
    """The times and the panel after a change of what, with whom or where."""
    return answer_times(request, Desk(public_id))


@needs("treatments.add_appointment")
@require_POST
def hold(request: HttpRequest, public_id: str) -> HttpResponse:
    """A time is chosen: keep it for five minutes, and answer with the panel. Where it has gone, with the times."""
    return answer_hold(request, Desk(public_id))
