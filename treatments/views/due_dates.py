"""A due window set by hand, and back to the computed one; the learned duration of one course."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.formats import day
from clinic.permissions import needs
from treatments.forms.effects import DueForm, PinForm
from treatments.forms.layout import put_errors
from treatments.models import Course
from treatments.rules.vocabulary import CourseDuration
from treatments.services import due_dates, durations
from treatments.services.stale import Stale
from treatments.views import stale
from treatments.views.course_panel import learned_of
from treatments.views.effects import course_of
from treatments.views.frames import patient_frame
from treatments.views.returns import asked_return


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_appointment")
def set_window(request: HttpRequest, public_id: str, indication: str) -> HttpResponse:
    """Say from when to when the patient is asked in, with a reason; or use the computed window again."""
    course, clash = course_of(public_id, indication), None
    back = asked_return(request) or course.patient.get_absolute_url()
    by, at, version = request.user.get_username(), timezone.now(), stale.version_of(request)
    if request.POST.get("act") == "computed":
        try:
            course = due_dates.use_computed(course, by=by, at=at, version=version)
        except Stale as error:
            clash, form = _window_clash(error.now, None), _due_form(error.now)
        else:
            messages.success(request, _("%(name)s: the computed window holds, %(window)s.") % _said(course))
            return redirect(back)
    else:
        form = DueForm(request.POST) if request.method == "POST" else _due_form(course)
    if request.method == "POST" and clash is None and form.is_valid():
        typed = {name: form.cleaned_data[name] for name in ("due_from", "due_until", "reason")}
        try:
            course = due_dates.set_window(course, **typed, by=by, at=at, version=version)
        except ValidationError as error:
            put_errors(form, error)
        except Stale as error:
            clash = _window_clash(error.now, typed)
            form = DueForm(stale.newest(request.POST, error.now.version))
        else:
            messages.success(request, _("%(name)s: due %(window)s, set by hand.") % _said(course))
            return redirect(back)
    context = {
        "form": form,
        "course": course,
        "name": course.indication.short_name,
        "earliest": day(course.earliest_on),
        "computed": _window(course.computed_from or course.due_from, course.computed_until or course.due_until),
        "is_set": course.is_set_by_hand,
        "next": asked_return(request),
        "stale": clash,
        "has_errors": bool(clash or form.errors),
    }
    status = stale.STATUS if clash else 200
    return render(request, "patients/due_window.html", patient_frame(course.patient) | context, status=status)


def _due_form(course: Course) -> DueForm:
    known = {"due_from": course.due_from, "due_until": course.due_until, "version": course.version}
    return DueForm(initial=known | ({"reason": course.set_reason} if course.is_set_by_hand else {}))


def _window_clash(course: Course, typed: dict[str, Any] | None) -> stale.Clash:
    mine = typed or {"due_from": course.computed_from, "due_until": course.computed_until, "reason": ""}
    lines = [
        (_("Due from"), mine["due_from"], course.due_from),
        (_("Due until"), mine["due_until"], course.due_until),
        (_("Why"), mine["reason"], course.set_reason),
    ]
    return stale.clash(course, lines=lines, theirs=course.patient.get_absolute_url())


def _said(course: Course) -> dict[str, str]:
    return {"name": course.indication.short_name, "window": _window(course.due_from, course.due_until)}


def _window(due_from: Any, due_until: Any) -> str:
    return _("%(from)s to %(until)s") % {"from": day(due_from), "until": day(due_until)} if due_from else ""


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_course")
def duration(request: HttpRequest, public_id: str, indication: str) -> HttpResponse:
    """Pin the days of one course, switch the learned duration off for it, or leave it to the clinic."""
    course, clash = course_of(public_id, indication), None
    by, at, version = request.user.get_username(), timezone.now(), stale.version_of(request)
    asked = request.POST.get("act", "")
    form = PinForm(request.POST) if asked == "pin" else _pin_form(course)
    simple = {"off": durations.switch_off, "clinic": durations.as_the_clinic}
    try:
        if asked in simple:
            course = simple[asked](course, by=by, at=at, version=version)
            return _decided(request, course)
        if asked == "pin" and form.is_valid():
            days = {name: form.cleaned_data[name] for name in ("low_days", "high_days")}
            course = durations.pin(course, **days, by=by, at=at, version=version)
            return _decided(request, course)
    except Stale as error:
        course = course_of(public_id, indication)
        clash = stale.clash(
            course, lines=[(_("Learned duration"), "", decision(course))], theirs=error.now.patient.get_absolute_url()
        )
        form = PinForm(stale.newest(request.POST, course.version)) if asked == "pin" else _pin_form(course)
    except ValidationError as error:
        put_errors(form, error)
    frame = patient_frame(course.patient)
    context = {
        "form": form,
        "course": course,
        "name": course.indication.short_name,
        "now": decision(course),
        "learned": learned_of(course, frame["book"]),
        "version": course.version,
        "stale": clash,
        "has_errors": bool(clash or form.errors),
    }
    return render(request, "patients/duration.html", frame | context, status=stale.STATUS if clash else 200)


def _decided(request: HttpRequest, course: Course) -> HttpResponse:
    said = {"name": course.indication.short_name, "what": decision(course)}
    messages.success(request, _("%(name)s, learned duration: %(what)s") % said)
    return redirect(course.patient)


def _pin_form(course: Course) -> PinForm:
    days = course.learned.get("days") or [None] * 5
    low = course.pinned_low_days or days[1]
    high = course.pinned_high_days or days[3]
    return PinForm(initial={"low_days": low, "high_days": high, "version": course.version})


def decision(course: Course) -> str:
    """What holds for a course, as a sentence."""
    said = {"low": course.pinned_low_days, "high": course.pinned_high_days}
    return {
        CourseDuration.CLINIC: _("as the clinic does."),
        CourseDuration.OFF: _("off, the usual window holds."),
        CourseDuration.PINNED: _("pinned, day %(low)s to %(high)s after each treatment.") % said,
    }[CourseDuration(course.duration_mode)]
