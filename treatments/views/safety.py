"""The safety questions of one patient, with their latest answers, and all flags."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.formats import day
from clinic.permissions import needs
from treatments.forms.flags import FIRST
from treatments.forms.layout import put_errors
from treatments.forms.safety import ANSWER_LABELS, AnswersForm
from treatments.models import Flag, Patient, SafetyAnswer
from treatments.queries.staff import staff_names
from treatments.rules.facts import RuleBook
from treatments.rules.vocabulary import Answer, AppointmentState
from treatments.services import patients
from treatments.views.flag_lines import by_state, held_sentence
from treatments.views.frames import patient_frame, patient_of
from treatments.views.once import once
from treatments.views.patient_page import tabs
from treatments.views.returns import asked_return


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.view_safetyanswer")
def safety(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """What was asked and answered; whoever may raise flags may also ask again."""
    if request.method == "POST":
        return _ask(request, public_id)
    patient = patient_of(public_id)
    return _page(request, patient, None)


@needs("treatments.add_flag")
def _ask(request: HttpRequest, public_id: str) -> HttpResponse:
    patient, at = patient_of(public_id), timezone.now()
    frame = patient_frame(patient)
    book = frame["book"]
    form = AnswersForm(request.POST, questions=ordered(book), rules=book.contraindications)
    if form.is_valid():
        try:
            by, answers, on = request.user.get_username(), form.answers(), frame["on"]
            raised = once(
                request,
                lambda: patients.answer_questions(patient, answers=answers, by=by, at=at, answered_on=on),
                url=asked_return(request) or request.path,
            )
        except ValidationError as error:
            put_errors(form, error)
        else:
            _say(request, patient, raised, book, at)
            return redirect(asked_return(request) or request.path)
    return _page(request, patient, form)


def _page(request: HttpRequest, patient: Patient, form: AnswersForm | None) -> HttpResponse:
    frame = patient_frame(patient)
    book, on = frame["book"], frame["on"]
    form = form or AnswersForm(questions=ordered(book), rules=book.contraindications)
    flags = list(patient.flags.order_by("-starts_on", "-pk"))
    found = by_state(flags, book, on=on)
    context = {
        "form": form,
        "questions": _questions(patient, form, flags, book, on=on),
        "asks": request.user.has_perm("treatments.add_flag"),
        "flags": found,
        "due": [line for line in found["active"] if line["is_due"]],
        "tabs": tabs(patient.public_id, "safety"),
        "next": asked_return(request),
        "valid_days": book.answers_valid_days,
    }
    return render(request, "safety/safety.html", frame | context)


def ordered(book: RuleBook) -> list[str]:
    """Pregnancy and breastfeeding first, then the heaviest."""
    rules = book.contraindications
    place = {code: number for number, code in enumerate(FIRST)}
    return sorted(
        book.questions, key=lambda c: (place.get(c, len(FIRST)), rules[c].severity.weight, rules[c].short_name)
    )


def _questions(
    patient: Patient, form: AnswersForm, flags: list[Flag], book: RuleBook, *, on: date
) -> list[dict[str, Any]]:
    """One line per question: the latest answer, its day and its age, and what the record says beside it."""
    latest: dict[str, SafetyAnswer] = {}
    for answer in patient.answers.filter(kind__in=book.questions).order_by("answered_on", "pk"):
        latest[answer.kind] = answer
    names = staff_names({answer.asked_by for answer in latest.values()})
    in_force = {
        flag.kind: flag
        for flag in flags
        if not flag.in_error and flag.starts_on <= on and (flag.ends_on is None or flag.ends_on > on)
    }
    stale_before = on - timedelta(days=book.answers_valid_days)
    return [
        {
            "code": code,
            "field": form[code],
            "question": book.contraindications[code].question,
            **_latest(latest.get(code), names, stale_before),
            "flag_url": in_force[code].get_absolute_url() if code in in_force else "",
            "flag": book.contraindications[code].short_name if code in in_force else "",
            "conflict": bool(code in in_force and code in latest and latest[code].answer == Answer.NO),
        }
        for code in form.questions
    ]


def _latest(answer: SafetyAnswer | None, names: dict[str, str], stale_before: date) -> dict[str, Any]:
    if answer is None:
        return {"answer": "", "state": "not_asked"}
    return {
        "answer": ANSWER_LABELS[Answer(answer.answer)],
        "value": answer.answer,
        "state": "out_of_date" if answer.answered_on < stale_before else "asked",
        "asked": day(answer.answered_on),
        "by": names[answer.asked_by],
    }


def _say(request: HttpRequest, patient: Patient, raised: list[Flag], book: RuleBook, at: datetime) -> None:
    messages.success(request, _("Answers saved: %(who)s.") % {"who": patient.list_name})
    if raised:
        labels = ", ".join(book.contraindications[flag.kind].short_name for flag in raised)
        messages.warning(request, _("Flags raised by the answers: %(flags)s.") % {"flags": labels})
    held = patient.appointments.filter(state=AppointmentState.ON_HOLD, state_at=at).order_by("starts_at", "pk")
    if sentence := held_sentence(held):
        messages.warning(request, sentence + " " + _("Tell reception."))
