"""Moving a visit to another time: judged like a new visit."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.formats import moment
from clinic.permissions import needs
from treatments.forms.times import MoveForm
from treatments.models import Appointment
from treatments.queries import slots
from treatments.queries.staff import staff_names
from treatments.rules.findings import Refused, TimeTaken
from treatments.rules.vocabulary import AppointmentState
from treatments.services import appointments
from treatments.views.appointments import over
from treatments.views.booking_desk import as_data
from treatments.views.decision import Question, decide, findings, read_key, told
from treatments.views.frames import patient_frame
from treatments.views.override_page import decision_form, interruption, override_of
from treatments.views.slot_asked import as_typed, asked_slot
from treatments.views.slot_hold import answer_check, answer_hold, answer_times, keep
from treatments.views.slots import Chooser, choose
from treatments.views.visit_forms import (
    line,
    person,
    possible,
    prepares,
    pressed,
    say_refusal,
    typed,
    without_slot,
)
from treatments.views.visit_page import appointment_of, heading, was, what


class _Move:
    """What every page of moving one visit starts from."""

    def __init__(self, public_id: str) -> None:
        self.visit: Appointment = appointment_of(public_id)
        self.frame: dict[str, Any] = patient_frame(self.visit.patient)
        practitioners, self.usual = slots.practitioners_and_usual(self.visit.patient)
        self.shared: dict[str, Any] = {
            "usual": self.usual,
            "practitioners": practitioners,
            "rooms": slots.rooms(),
            "length": (self.visit.ends_at - self.visit.starts_at).seconds // 60,
        }

    @property
    def is_over(self) -> bool:
        return not AppointmentState(self.visit.state).is_live

    def form(self, **kwargs: Any) -> MoveForm:
        return MoveForm(**self.shared, **kwargs)

    def question(self, data: QueryDict) -> Question:
        form = self.form(data=data)
        form.full_clean()
        own = list(self.visit.courses.all())
        indications = tuple(course.indication for course in own)
        visit = self.visit
        return Question(visit.patient, indications, visit.product, form, own, service=visit.service, visit=visit)

    def about(self) -> dict[str, Any]:
        return {"patient": self.visit.patient, "visit": self.visit, "was": was(self.visit)}

    def context(
        self, request: HttpRequest, question: Question, form: MoveForm, *, near: bool = False
    ) -> dict[str, Any]:
        wanted = question.form.starts_at if near else None
        if near and question.form.offered:
            question = self.question(without_slot(question.form))
        times = choose(question, self.frame, request, usual=self.usual, near=wanted)
        return self.shown(request, question, form, times)

    def shown(self, request: HttpRequest, question: Question, form: MoveForm, times: Chooser) -> dict[str, Any]:
        shown = {"visit": self.visit, "was": was(self.visit), "what": what(self.visit), "form": form, "times": times}
        return self.frame | shown | {"decision": decide(question, self.frame, request, has_hours=times.has_hours)}


@needs("treatments.change_appointment")
def move(request: HttpRequest, public_id: str) -> HttpResponse:
    """GET shows the times that are free; POST moves, or says what stands against it."""
    moved = _Move(public_id)
    if moved.is_over:
        return over(request, moved.visit)
    if request.method != "POST":
        return _start(request, moved)
    question = moved.question(pressed(request))
    if prepares(request):
        taken = keep(request, question, moved.frame)
        context = moved.context(request, question, moved.form(initial=typed(question.form)), near=bool(taken))
        return render(request, "visits/move.html", context | {"taken": taken})
    if not question.form.is_valid():
        return render(request, "visits/move.html", moved.context(request, question, _form(question)), status=422)
    return _save(request, moved, question)


def _start(request: HttpRequest, moved: _Move) -> HttpResponse:
    """The page as it opens: on the day of the best time or, where nobody has set working hours, on the old time."""
    initial, slot = _initial(moved), asked_slot(request)
    initial["slot"] = slot
    question = moved.question(as_data(initial | {"on": request.GET.get("date", "")}))
    times = choose(question, moved.frame, request, usual=moved.usual)
    if times.has_hours:
        initial["on"] = times.on
    else:
        initial |= _old_time(moved) | as_typed(slot)
        question = moved.question(as_data(initial))
    context = moved.shown(request, question, moved.form(initial=initial), times)
    return render(request, "visits/move.html", context | {"starts_here": True})


def _form(question: Question) -> MoveForm:
    form = question.form
    assert isinstance(form, MoveForm)
    return form


def _save(request: HttpRequest, moved: _Move, question: Question) -> HttpResponse:
    booking, now, by = question.booking(), timezone.now(), person(request)
    if booking is None:
        raise ValueError("A valid form makes a whole booking.")
    found = findings(question, moved.frame, booking=booking)
    decision = decision_form(request, found)
    try:
        if decision and not decision.is_valid():
            possible(booking, at=now, but=moved.visit)
            return interruption(request, moved.frame | {"visit": moved.visit}, question, decision, found)
        appointment = appointments.move(
            moved.visit,
            practitioner=booking.practitioner,
            room=booking.room,
            starts_at=booking.starts_at,
            minutes=booking.minutes,
            by=by,
            at=now,
            override=override_of(decision, by) if decision else None,
            acknowledged=request.POST.get("acknowledged") == read_key(found),
            version=question.form.cleaned_data["version"],
        )
    except appointments.Stale:
        return _stale(request, moved.visit.public_id, told(booking))
    except (Refused, ValidationError) as error:
        context = moved.context(request, question, _form(question), near=isinstance(error, TimeTaken))
        status = say_refusal(question.form, error)  # last: errors take values away from the form
        return render(request, "visits/move.html", context, status=status)
    messages.success(request, line(_("Moved"), appointment))
    return redirect(appointment)


def _stale(request: HttpRequest, public_id: str, chosen: str) -> HttpResponse:
    """Somebody was quicker: the visit as it is now beside what was chosen, on a form of the version of now."""
    data = request.POST.copy()
    moved = _Move(public_id)
    now = moved.visit
    if moved.is_over:
        return over(request, now)
    data["version"] = str(now.version)
    question = moved.question(data)
    context = moved.context(request, question, _form(question))
    said = {"who": staff_names({now.state_by})[now.state_by], "at": moment(now.state_at)}
    said |= {"now": heading(now), "state": str(now.get_state_display()).lower()}
    sentence = _("%(who)s changed this visit at %(at)s. Your changes are not saved. It is now %(state)s, %(now)s.")
    question.form.add_error(None, f"{sentence % said} {_('Compare, then save again.')}")
    context["both"] = {"now": f"{was(now)}. {now.get_state_display()}.", "chosen": chosen}
    return render(request, "visits/move.html", context, status=409)


# ---- pieces of the page ----


@needs("treatments.change_appointment")
@require_POST
def check(request: HttpRequest, public_id: str) -> HttpResponse:
    """The panel beside the form for the time chosen so far."""
    return answer_check(request, _Move(public_id))


@needs("treatments.change_appointment")
@require_POST
def times(request: HttpRequest, public_id: str) -> HttpResponse:
    """The times and the panel after a change of with whom or where."""
    return answer_times(request, _Move(public_id))


@needs("treatments.change_appointment")
@require_POST
def hold(request: HttpRequest, public_id: str) -> HttpResponse:
    """A time is chosen: keep it for five minutes, and answer with the panel. Where it has gone, with the times."""
    return answer_hold(request, _Move(public_id))


def _initial(moved: _Move) -> dict[str, Any]:
    """With the same practitioner, in any room; the time is still to be chosen."""
    here = {each.pk for each in moved.shared["practitioners"]}
    return {
        "practitioner": moved.visit.practitioner_id if moved.visit.practitioner_id in here else None,
        "minutes": moved.shared["length"],
        "version": moved.visit.version,
    }


def _old_time(moved: _Move) -> dict[str, Any]:
    start = timezone.localtime(moved.visit.starts_at)
    return {"room": moved.visit.room_id, "on": start.date().isoformat(), "starts": f"{start:%H:%M}"}
