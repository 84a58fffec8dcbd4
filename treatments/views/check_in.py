"""The check-in: the patient stands at the desk. Who they are, whether anything has changed, and the consent."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.formats import day
from clinic.permissions import needs
from treatments.forms.check_in import CheckInForm
from treatments.forms.layout import put_errors
from treatments.forms.safety import ANSWER_LABELS
from treatments.models import Appointment
from treatments.queries import consents
from treatments.rules.contraindications import answer_state
from treatments.rules.facts import Facts
from treatments.rules.findings import Refused
from treatments.rules.vocabulary import Answer, AppointmentState
from treatments.services import appointments, patients
from treatments.services.stale import Stale
from treatments.views.frames import patient_frame
from treatments.views.returns import asked_return
from treatments.views.rows import national
from treatments.views.safety import ordered
from treatments.views.visit_acts import marked, refused, second
from treatments.views.visit_forms import person
from treatments.views.visit_page import appointment_of, heading, show, state_label, what

S = AppointmentState


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_appointment")
def check_in(request: HttpRequest, public_id: str) -> HttpResponse:
    """Arrived -> checked in; a yes raises its flag, and the visit goes on hold instead."""
    appointment = appointment_of(public_id)
    frame = patient_frame(appointment.patient)
    form = _form(request, appointment, frame)
    if why := _why_not(appointment):
        _keep_answers(request, appointment, form)
        return show(request, appointment_of(public_id), problem=why, status=409)
    if request.method == "POST" and form.is_valid():
        try:
            appointment = appointments.check_in(
                appointment,
                by=person(request).username,
                at=timezone.now(),
                identified=form.identified,
                identity_note=form.cleaned_data["identity_note"],
                answers=form.given(),
                consent_signed=form.cleaned_data.get("consent", False),
                effect=form.cleaned_data.get("effect", ""),
                version=form.cleaned_data["version"],
            )
        except Stale as error:
            _keep_answers(request, appointment, form)
            return second(request, error.appointment, S.CHECKED)
        except Refused as error:
            _keep_answers(request, appointment, form)
            return refused(request, public_id, error)
        except ValidationError as error:
            put_errors(form, error)
        else:
            return _checked(request, appointment)
    return render(request, "visits/check_in.html", _page(request, appointment, frame, form), status=_status(form))


def _keep_answers(request: HttpRequest, appointment: Appointment, form: CheckInForm) -> None:
    """What the patient has said counts, also where the visit itself cannot be checked in any more."""
    if request.method == "POST" and form.is_valid() and (answers := form.given()):
        by, at = person(request).username, timezone.now()
        patients.answer_questions(
            appointment.patient, answers=answers, by=by, at=at, answered_on=timezone.localtime(at).date()
        )
        messages.info(request, _("The answers to the safety questions were saved."))


def _why_not(appointment: Appointment) -> str:
    """Why a visit cannot be checked in, "" where it can."""
    if appointment.on != timezone.localdate():
        return _("The visit is on another day. Move it to today first.")
    if appointment.state not in (S.BOOKED, S.ARRIVED):
        return _("The visit is %(state)s: there is nothing to check in.") % {"state": state_label(appointment).lower()}
    return ""


def _status(form: CheckInForm) -> int:
    return 422 if form.errors else 200


def _form(request: HttpRequest, appointment: Appointment, frame: dict[str, Any]) -> CheckInForm:
    facts, book, on = frame["facts"], frame["book"], frame["on"]
    state, _asked_on = answer_state(facts, book, on=on)
    in_force = {flag.kind for flag in facts.flags if flag.period.covers(on)}
    latest = {given.kind: given.answer for given in facts.answers}
    # What somebody said yes or "not sure" to and no flag says so is open: only asking it again will do.
    settled = all(latest.get(code) == Answer.NO or code in in_force for code in book.questions)
    same = {code: Answer.YES if code in in_force else Answer.NO for code in book.questions}
    asks = appointment.is_treatment and bool(book.questions) and request.user.has_perm("treatments.add_flag")
    signed = consents.states([appointment.patient_id], on).get(appointment.patient_id, consents.NONE)
    frame["consent"] = signed
    may_sign = request.user.has_perm("treatments.add_consent")
    return CheckInForm(
        request.POST if request.method == "POST" else None,
        initial={"version": appointment.version},
        questions=ordered(book),
        rules=book.contraindications,
        same=same if state == "asked" and settled else None,
        asks=asks,
        asks_consent=appointment.is_treatment and not signed.holds and may_sign,
        asks_effect=_treated_before(appointment, facts, on=on),
    )


def _treated_before(appointment: Appointment, facts: Facts, *, on: date) -> bool:
    """Whether an area of the visit has had a full treatment before today, of whose effect somebody can speak."""
    areas = {course.indication.code for course in appointment.courses.all()}
    return any(given.on < on for area in areas for given in facts.full(area))


def _page(request: HttpRequest, appointment: Appointment, frame: dict[str, Any], form: CheckInForm) -> dict[str, Any]:
    patient, book = appointment.patient, frame["book"]
    _state, asked_on = answer_state(frame["facts"], book, on=frame["on"])
    latest = {given.kind: given for given in frame["facts"].answers}
    return frame | {
        "visit": appointment,
        "heading": heading(appointment),
        "what": what(appointment),
        "form": form,
        "asked_on": day(asked_on),
        "signed": day(frame["consent"].signed_on),
        "questions": [
            {
                "field": form[code],
                "question": book.contraindications[code].question,
                "latest": ANSWER_LABELS[latest[code].answer] if code in latest else "",
                "asked": day(latest[code].answered_on) if code in latest else "",
            }
            for code in form.questions
        ],
        "phone": national(patient.phone) if patient.phone else "",
        "edit_url": reverse("patient_edit", args=[patient.public_id]),
        "may_edit": request.user.has_perm("treatments.change_patient"),
        "next": asked_return(request),
    }


def _checked(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    if appointment.state == S.ON_HOLD:
        words = _("The answers are saved, and the visit is on hold: do not let it go ahead.")
        messages.warning(request, f"{words} {_('Tell the injector; below is what can be done.')}")
        return redirect(appointment)
    messages.success(request, marked(request, appointment, S.ARRIVED))
    return redirect(asked_return(request) or "today")
