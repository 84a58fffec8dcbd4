"""The page of a visit, and everything that is done to a booked one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.formats import clock, moment
from clinic.permissions import needs
from treatments.forms.appointments import CancelForm, MoveForm
from treatments.forms.layout import put_errors
from treatments.models import Appointment
from treatments.queries import plans
from treatments.queries.staff import staff_names
from treatments.rules.findings import Refused, hard_stops
from treatments.rules.vocabulary import AppointmentState
from treatments.services import appointments, courses
from treatments.services.appointments import Stale
from treatments.views.decision import Question, decide, findings, read_key
from treatments.views.frames import patient_frame
from treatments.views.override_page import decision_form, interruption, overridden, override_form, override_of
from treatments.views.returns import asked_return
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
from treatments.views.visit_page import appointment_of, context, heading, was, what

MARKS = (AppointmentState.ARRIVED, AppointmentState.DONE, AppointmentState.MISSED, AppointmentState.BOOKED)


@needs("treatments.view_appointment")
@require_safe
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    return _show(request, appointment_of(public_id))


def _show(request: HttpRequest, appointment: Appointment, *, problem: str = "", status: int = 200) -> HttpResponse:
    frame = patient_frame(appointment.patient)
    shown = context(request, appointment, frame, plans.of_appointment(appointment))
    return render(
        request, "visits/visit.html", shown | {"problem": problem, "has_errors": bool(problem)}, status=status
    )


@needs("treatments.change_appointment")
@require_POST
def mark(request: HttpRequest, public_id: str, state: str) -> HttpResponse:
    """Arrived, done, missed, or booked again."""
    if state not in MARKS:
        raise Http404
    appointment = appointment_of(public_id)
    before = AppointmentState(appointment.state)
    try:
        appointment = appointments.mark(
            appointment, AppointmentState(state), by=person(request).username, at=timezone.now()
        )
    except (Refused, ValidationError) as error:
        return _refused(request, public_id, error)
    messages.success(request, _marked(request, appointment, undo=before == AppointmentState.BOOKED))
    return redirect(asked_return(request) or appointment.get_absolute_url())


def _marked(request: HttpRequest, appointment: Appointment, *, undo: bool) -> str:
    said = {"who": appointment.patient.list_name, "state": appointment.get_state_display()}
    words = _("%(who)s, %(time)s: %(state)s.") % (said | {"time": clock(appointment.starts_at)})
    if not undo:
        return words
    return format_html(
        '{} <form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="next" value="{}"><button>{}</button></form>',
        words,
        reverse("visit_mark", args=[appointment.public_id, AppointmentState.BOOKED.value]),
        get_token(request),
        asked_return(request),
        _("Undo"),
    )


@needs("treatments.change_appointment")
@require_POST
def release(request: HttpRequest, public_id: str) -> HttpResponse:
    """Off hold, once nothing stands against the visit."""
    try:
        appointment = appointments.release(appointment_of(public_id), by=person(request).username, at=timezone.now())
    except (Refused, ValidationError) as error:
        return _refused(request, public_id, error)
    messages.success(request, line(_("Released, booked again"), appointment))
    return redirect(appointment)


def _refused(request: HttpRequest, public_id: str, error: Refused | ValidationError) -> HttpResponse:
    """The visit as it is now, with the reason why nothing was done."""
    told = error.messages if isinstance(error, ValidationError) else [f.sentence for f in error.findings]
    problem = " ".join((_("Nothing was changed."), *told))
    return _show(request, appointment_of(public_id), problem=problem, status=409)


@needs("treatments.change_appointment")
def override(request: HttpRequest, public_id: str) -> HttpResponse:
    """A prescriber decides on a visit on hold. Hard stops have no such page."""
    if not person(request).is_prescriber:
        raise PermissionDenied(_("Only a prescriber may override."))
    appointment, now = appointment_of(public_id), timezone.now()
    found = appointments.standing(appointment, at=now)
    standing = courses.not_overridden(appointment, found)
    form = override_form(request, found)
    if appointment.state != AppointmentState.ON_HOLD or hard_stops(standing) or not standing or form is None:
        return _show(request, appointment, problem=_("There is nothing to override on this visit."), status=409)
    if form.is_valid():
        try:
            appointment = appointments.override(appointment, override_of(form, person(request)), at=now)
        except Refused as error:
            return _refused(request, public_id, error)
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, line(_("Overridden, booked again"), appointment))
            return redirect(appointment)
    shown = patient_frame(appointment.patient) | overridden(request, found, appointment.on)
    shown |= {"visit": appointment, "of": was(appointment), "form": form}
    return render(request, "visits/override.html", shown, status=422 if form.errors else 200)


@needs("treatments.change_appointment")
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Free the time: who cancelled, and why."""
    appointment = appointment_of(public_id)
    if not AppointmentState(appointment.state).is_live:
        return _over(request, appointment)
    form = CancelForm(request.POST or None, initial={"version": appointment.version})
    if request.method == "POST" and form.is_valid():
        try:
            appointment = appointments.cancel(
                appointment,
                who=form.cleaned_data["who"],
                reason=form.sentence(),
                by=person(request).username,
                at=timezone.now(),
                version=form.cleaned_data["version"],
            )
        except Stale as stale:
            form = _on_newest(form, stale.appointment)
            appointment = appointment_of(public_id)
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, line(_("Cancelled"), appointment))
            return redirect(appointment)
    shown = patient_frame(appointment.patient) | {"visit": appointment, "form": form, "of": was(appointment)}
    shown["what"] = what(appointment)
    return render(request, "visits/cancel.html", shown, status=422 if form.errors else 200)


@needs("treatments.change_appointment")
def move(request: HttpRequest, public_id: str) -> HttpResponse:
    """Another time, judged like a new visit."""
    appointment = appointment_of(public_id)
    if not AppointmentState(appointment.state).is_live:
        return _over(request, appointment)
    frame = patient_frame(appointment.patient)
    if request.method != "POST":
        return _move_page(request, frame, appointment, MoveForm(initial=_as_now(appointment)))
    form = _move_form(appointment, with_day(request))
    if prepares(request):
        return _move_page(request, frame, appointment, form, show=MoveForm(initial=typed(form)))
    if not form.is_valid():
        return _move_page(request, frame, appointment, form, status=422)
    return _save_move(request, frame, appointment, form)


def _save_move(request: HttpRequest, frame: dict[str, Any], appointment: Appointment, form: MoveForm) -> HttpResponse:
    question, now = _moved(appointment, form), timezone.now()
    booking, found = question.booking(), findings(question, frame["on"])
    if booking is None:
        raise ValueError("A valid form makes a whole booking.")
    decision = decision_form(request, found)
    try:
        if decision and not decision.is_valid():
            possible(booking, at=now, but=appointment)
            return interruption(request, frame | {"visit": appointment}, question, decision, found)
        appointment = appointments.move(
            appointment,
            practitioner=booking.practitioner,
            room=booking.room,
            starts_at=booking.starts_at,
            minutes=booking.minutes,
            by=person(request),
            at=now,
            override=override_of(decision, person(request)) if decision else None,
            acknowledged=request.POST.get("acknowledged") == read_key(found),
            version=form.cleaned_data["version"],
        )
    except Stale as stale:
        newest = appointment_of(appointment.public_id)
        return _move_page(request, frame, newest, _on_newest(form, stale.appointment), status=409)
    except (Refused, ValidationError) as error:
        decided = decide(question, frame, request)  # before errors take values away from the form
        status = say_refusal(form, error)
        return _move_page(request, frame, appointment, form, status=status, decided=decided)
    messages.success(request, " ".join(filter(None, (line(_("Moved"), appointment), form.said))))
    return redirect(appointment)


@needs("treatments.change_appointment")
@require_POST
def check(request: HttpRequest, public_id: str) -> HttpResponse:
    """The panel beside the form for the time chosen so far."""
    appointment = appointment_of(public_id)
    form = _move_form(appointment, request.POST)
    decision = decide(_moved(appointment, form), patient_frame(appointment.patient), request)
    shown = {"decision": decision, "patient": appointment.patient, "visit": appointment, "announce": True}
    return render(request, "booking/_decision.html", shown)


def _move_form(appointment: Appointment, data: Any) -> MoveForm:
    form = MoveForm(data, usual=usual_practitioner(appointment.patient))
    form.full_clean()
    return form


def _moved(appointment: Appointment, form: MoveForm) -> Question:
    indications = tuple(course.indication for course in appointment.courses.all())
    return Question(appointment.patient, indications, appointment.product, form, visit=appointment)


def _as_now(appointment: Appointment) -> dict[str, Any]:
    start = timezone.localtime(appointment.starts_at)
    return {
        "practitioner": appointment.practitioner_id,
        "room": appointment.room_id,
        "on": start.date().isoformat(),
        "starts": f"{start:%H:%M}",
        "minutes": int((appointment.ends_at - appointment.starts_at).total_seconds() // 60),
        "version": appointment.version,
    }


def _move_page(
    request: HttpRequest,
    frame: dict[str, Any],
    appointment: Appointment,
    form: MoveForm,
    *,
    show: MoveForm | None = None,
    status: int = 200,
    decided: Any = None,
) -> HttpResponse:
    asked = form if form.is_bound else _move_form(appointment, _as_now(appointment))
    shown = frame | {"visit": appointment, "was": was(appointment), "what": what(appointment), "form": show or form}
    shown["decision"] = decided or decide(_moved(appointment, asked), frame, request)
    return render(request, "visits/move.html", shown, status=status)


def _on_newest(form: Any, newest: Appointment) -> Any:
    """The form on the version of now, with everything typed, and the sentence that says who was quicker."""
    data = form.data.copy()
    data["version"] = str(newest.version)
    again = type(form)(data)
    again.is_valid()
    said = {"who": staff_names({newest.state_by})[newest.state_by], "at": moment(newest.state_at)}
    said |= {"now": heading(newest), "state": str(newest.get_state_display()).lower()}
    sentence = _("%(who)s changed this visit at %(at)s. Your changes are not saved. It is now %(state)s, %(now)s.")
    again.add_error(None, f"{sentence % said} {_('Compare, then save again.')}")
    return again


def _over(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    said = {"state": str(appointment.get_state_display()).lower()}
    problem = _("The visit is %(state)s and can no longer be changed.") % said
    return _show(request, appointment, problem=problem, status=409)
