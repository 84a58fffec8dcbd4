"""Raising a flag, its page with its history, and its review: still true, ended, entered in error."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinic.formats import clock, day, moment
from clinic.models import AuditEvent
from clinic.permissions import needs
from treatments.forms.flags import ConfirmForm, EndForm, ErrorForm, FlagForm
from treatments.forms.layout import put_errors
from treatments.models import Appointment, Flag, Patient
from treatments.queries.staff import staff_names
from treatments.rules.vocabulary import AppointmentState, Severity
from treatments.services import flags
from treatments.services.stale import Stale
from treatments.views import stale
from treatments.views.flag_lines import flag_line, held_sentence
from treatments.views.frames import patient_frame, patient_of
from treatments.views.once import once
from treatments.views.returns import asked_return

ACTS: dict[str, tuple[type[forms.Form], Any]] = {
    "confirm": (ConfirmForm, gettext_lazy("Still true")),
    "end": (EndForm, gettext_lazy("End the flag")),
    "error": (ErrorForm, gettext_lazy("Entered in error")),
}
VERBS = {
    "flag.raised": gettext_lazy("Raised"),
    "flag.confirmed": gettext_lazy("Still true"),
    "flag.ended": gettext_lazy("Ended"),
    "flag.entered_in_error": gettext_lazy("Entered in error"),
}
DAYS = {
    "starts_on": gettext_lazy("since %(day)s"),
    "ends_on": gettext_lazy("ends %(day)s"),
    "review_on": gettext_lazy("ask again on %(day)s"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_flag")
def new(request: HttpRequest, public_id: str) -> HttpResponse:
    """Raise a flag. Without an end or a review day the clinic's usual review time for its kind is taken."""
    patient = patient_of(public_id)
    frame = patient_frame(patient)
    book, on = frame["book"], frame["on"]
    initial = {"kind": request.GET.get("kind", ""), "starts_on": on}
    form = FlagForm(request.POST or None, rules=book.contraindications, today=on, initial=initial)
    if request.method == "POST" and form.is_valid():
        typed, at = form.flag(), timezone.now()
        if not typed["ends_on"] and not typed["review_on"]:
            typed["review_on"] = flags.proposed_review(typed["kind"], on, book)
        try:
            by = request.user.get_username()
            flag = once(request, lambda: flags.raise_flag(patient=patient, **typed, by=by, at=at))
        except ValidationError as error:
            put_errors(form, error)
        else:
            label = book.contraindications[flag.kind].short_name
            messages.success(request, _raised(flag, label, patient))
            _say_held(request, patient, at)
            return redirect(asked_return(request) or flag)
    return render(request, "flags/new.html", frame | {"form": form, "next": asked_return(request)})


@require_http_methods(["GET", "HEAD"])
@needs("treatments.view_flag")
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """One flag: what it does, who said so, what was done with it, and the visits that are on hold."""
    flag = _flag_of(public_id)
    frame = patient_frame(flag.patient)
    held = Appointment.objects.upcoming(frame["on"]).filter(patient=flag.patient, state=AppointmentState.ON_HOLD)
    rule = frame["book"].contraindications.get(flag.kind)
    context = {
        "flag": flag_line(flag, frame["book"], on=frame["on"]),
        "rule": rule,
        "no_override": bool(rule and rule.severity == Severity.HARD_STOP),
        "acts": [
            (reverse("flag_change", args=[flag.public_id, act]), ACTS[act][1]) for act in _acts(flag, frame["on"])
        ],
        "history": _history(flag),
        "held": [
            {
                "url": visit.get_absolute_url(),
                "day": day(visit.on),
                "time": clock(visit.starts_at),
                "why": visit.state_reason,
            }
            for visit in held.order_by("starts_at", "pk")
        ],
    }
    return render(request, "flags/show.html", frame | context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_flag")
def change(request: HttpRequest, public_id: str, act: str) -> HttpResponse:
    """Review a flag: confirm, end, or say that it never was true."""
    if act not in ACTS:
        raise Http404
    flag = _flag_of(public_id)
    frame = patient_frame(flag.patient)
    version, clash = stale.version_of(request), None
    if act not in _acts(flag, frame["on"]) and version in (None, flag.version):
        messages.warning(
            request, _("This flag has ended or was entered in error. It can no longer be changed like this.")
        )
        return redirect(flag)
    form_class, title = ACTS[act]
    form = form_class(request.POST or None, initial=_proposed(flag, frame) | {"version": flag.version})
    if request.method == "POST" and form.is_valid():
        try:
            _do(act, flag, form.cleaned_data, by=request.user.get_username(), at=timezone.now())
        except ValidationError as error:
            put_errors(form, error)
        except Stale as error:
            flag = error.now
            clash = _clash(flag, form.cleaned_data, possible=act in _acts(flag, frame["on"]))
            form = form_class(stale.newest(request.POST, flag.version))
        else:
            label = flag_line(flag, frame["book"], on=frame["on"])["label"]
            messages.success(request, _("%(flag)s: %(act)s.") % {"flag": label, "act": str(title).lower()})
            if act == "end" and flag.kind == "pregnancy":
                messages.info(request, _("Now ask about breastfeeding."))
            return redirect(asked_return(request) or flag)
    line = flag_line(flag, frame["book"], on=frame["on"])
    context = {"form": form, "act": act, "title": title, "flag": line, "stale": clash, "next": asked_return(request)}
    context["has_errors"] = bool(clash or form.errors)
    return render(request, "flags/change.html", frame | context, status=stale.STATUS if clash else 200)


def _clash(flag: Flag, typed: dict[str, Any], *, possible: bool) -> stale.Clash:
    """What was typed beside the flag as somebody else has left it."""
    lines = [
        (_("Ended on"), typed.get("ends_on"), flag.ends_on),
        (_("Ask again on"), typed.get("review_on"), flag.review_on),
        (_("Entered in error"), "", _("yes") if flag.in_error else ""),
        (_("Why"), typed["reason"], flag.error_reason),
    ]
    final = "" if possible else _("This flag has ended or was entered in error. It can no longer be changed like this.")
    return stale.clash(flag, lines=lines, theirs=flag.get_absolute_url(), final=final)


def _proposed(flag: Flag, frame: dict[str, Any]) -> dict[str, Any]:
    """Ended today, or asked again: on the day that is planned already, else after the usual time for its kind."""
    on: date = frame["on"]
    planned = flag.review_on if flag.review_on and flag.review_on > on else None
    known = flag.kind in frame["book"].contraindications
    usual = flags.proposed_review(flag.kind, on, frame["book"]) if known else None
    return {"ends_on": flag.ends_on or on, "review_on": planned or usual}


def _do(act: str, flag: Flag, typed: dict[str, Any], *, by: str, at: datetime) -> None:
    reason, version = typed["reason"], typed["version"]
    if act == "confirm":
        flags.confirm(flag, review_on=typed["review_on"], reason=reason, by=by, at=at, version=version)
    elif act == "end":
        flags.end(flag, ends_on=typed["ends_on"], reason=reason, by=by, at=at, version=version)
    else:
        flags.enter_in_error(flag, reason=reason, by=by, at=at, version=version)


def _flag_of(public_id: str) -> Flag:
    return get_object_or_404(Flag.objects.select_related("patient"), public_id=public_id.upper())


def _acts(flag: Flag, on: date) -> list[str]:
    """What can still be done: nothing once it was entered in error, and nobody confirms what has ended."""
    if flag.in_error:
        return []
    return ["end", "error"] if flag.ends_on and flag.ends_on <= on else ["confirm", "end", "error"]


def _raised(flag: Flag, label: str, patient: Patient) -> str:
    said = {"flag": label, "who": patient.list_name, "since": day(flag.starts_on)}
    sentence = _("Flag raised: %(flag)s, since %(since)s, %(who)s.") % said
    if flag.review_on:
        sentence += " " + _("Ask again on %(day)s.") % {"day": day(flag.review_on)}
    return sentence


def _say_held(request: HttpRequest, patient: Patient, at: datetime) -> None:
    """Which visits this very act put on hold."""
    held = patient.appointments.filter(state=AppointmentState.ON_HOLD, state_at=at).order_by("starts_at", "pk")
    if sentence := held_sentence(held):
        messages.warning(request, sentence + " " + _("Tell reception."))


def _history(flag: Flag) -> list[dict[str, str]]:
    events = list(AuditEvent.objects.filter(object_type="flag", object_id=flag.public_id).order_by("-at", "-pk"))
    names = staff_names({event.by for event in events})
    return [
        {
            "at": moment(event.at),
            "by": names[event.by],
            "what": str(VERBS.get(event.verb, event.verb)),
            "days": ", ".join(
                str(DAYS[name]) % {"day": day(datetime.fromisoformat(value).date())}
                for name, value in event.details.items()
                if name in DAYS and value
            ),
            "reason": event.reason,
        }
        for event in events
    ]
