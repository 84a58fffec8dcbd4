"""Noting what is true of an effect in two presses, correcting it, and taking it back in one."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.formats import day
from clinic.permissions import needs
from treatments.forms.effects import SAID, EffectForm, NoteForm
from treatments.forms.layout import put_errors
from treatments.models import Course, CourseTreatment
from treatments.services import effects
from treatments.services.effects import Said
from treatments.services.stale import Stale
from treatments.views import stale
from treatments.views.frames import patient_frame, patient_of
from treatments.views.once import once
from treatments.views.returns import asked_return


@require_POST
@needs("treatments.change_coursetreatment")
def note(request: HttpRequest, public_id: str, indication: str) -> HttpResponse:
    """From the patient's page: what is true of the last effect, on a day."""
    course = course_of(public_id, indication)
    form, back = NoteForm(request.POST), asked_return(request) or course.patient.get_absolute_url()
    given = effects.latest(course, on=timezone.localdate())
    if given is None:
        raise Http404
    if not form.is_valid():
        typed = {str(request.POST.get("said", "")): request.POST.get("on", "")}
        return _page(request, given, _bound(given, typed, course.version))
    said, before = {form.cleaned_data["said"]: form.cleaned_data["on"]}, effects.said_of(given)
    by, at = request.user.get_username(), timezone.now()
    try:
        given = once(
            request,
            lambda: effects.note(course, by=by, at=at, version=form.cleaned_data["version"], **said),
            url=back,
        )
    except Stale:
        return _second(request, given.pk, effects.together(before, Said(**said)))
    except ValidationError as error:
        bound = _bound(given, said, course.version)
        put_errors(bound, error)
        return _page(request, given, bound)
    _say_saved(request, given, before)
    return redirect(back)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_coursetreatment")
def effect(request: HttpRequest, public_id: str, indication: str) -> HttpResponse:
    """All that is known of the effect of one treatment in one course; also where Undo goes."""
    given = _given(treatment__public_id=public_id.upper(), course__indication__code=indication)
    if request.method != "POST":
        return _page(request, given, EffectForm(initial=_days(given) | {"version": given.course.version}))
    form, before = EffectForm(request.POST), effects.said_of(given)
    if not form.is_valid():
        return _page(request, given, form)
    said = Said(**{name: form.cleaned_data[name] for name in SAID})
    by, at = request.user.get_username(), timezone.now()
    back = asked_return(request) or given.treatment.patient.get_absolute_url()
    try:
        given = once(
            request,
            lambda: effects.correct(given, said, by=by, at=at, version=form.cleaned_data["version"]),
            url=back,
        )
    except Stale:
        return _second(request, given.pk, said)
    except ValidationError as error:
        put_errors(form, error)
        return _page(request, given, form)
    if request.POST.get("undo"):
        messages.success(request, _("Taken back: %(what)s.") % {"what": line(given)})
    else:
        _say_saved(request, given, before)
    return redirect(back)


def course_of(public_id: str, indication: str) -> Course:
    """The course of an address; of a merged record: on to the one that was kept."""
    patient = patient_of(public_id)
    courses = Course.objects.select_related("patient", "indication")
    return get_object_or_404(courses, patient=patient, indication__code=indication)


def line(given: CourseTreatment) -> str:
    """Frown lines, treated 14-Mar-2026: effect gone on 18-Jun-2026"""
    said = [
        sentence % {"day": day(value)}
        for sentence, value in (
            (_("effect gone on %(day)s"), given.worn_off_on),
            (_("still working on %(day)s"), given.still_working_on),
            (_("gone when seen on %(day)s"), given.seen_gone_on),
        )
        if value
    ]
    about = {"name": given.course.indication.short_name, "day": day(given.treatment.performed_on)}
    return _("%(name)s, treated %(day)s") % about + ": " + (", ".join(said) or _("nothing is noted of the effect"))


def _given(**key: Any) -> CourseTreatment:
    rows = CourseTreatment.objects.select_related("treatment__patient", "course__indication", "course__patient")
    return get_object_or_404(rows, **key)


def _days(given: CourseTreatment) -> dict[str, date | None]:
    return {name: getattr(given, name) for name in SAID}


def _bound(given: CourseTreatment, typed: dict[str, Any], version: int) -> EffectForm:
    """The form of all three days with what was pressed on top of what is known."""
    data = {name: value.isoformat() if value else "" for name, value in _days(given).items()}
    data |= {name: value.isoformat() if isinstance(value, date) else value for name, value in typed.items()}
    form = EffectForm({**data, "version": str(version)})
    form.is_valid()
    return form


def _page(request: HttpRequest, given: CourseTreatment, form: EffectForm, **more: Any) -> HttpResponse:
    context = patient_frame(given.treatment.patient) | {
        "form": form,
        "course": given.course.indication.short_name,
        "treated": day(given.treatment.performed_on),
        "action": reverse("effect", args=[given.treatment.public_id, given.course.indication.code]),
        "has_errors": bool(form.errors),
        "stale": None,
        **more,
    }
    return render(request, "patients/effect.html", context, status=stale.STATUS if more.get("stale") else 200)


def _second(request: HttpRequest, pk: int, said: Said) -> HttpResponse:
    """Somebody changed the course meanwhile: both versions, and what was said here is kept."""
    given = _given(pk=pk)
    course = given.course
    stopped = _("stopped since %(day)s") % {"day": day(course.stopped_on)} if course.stopped_on else ""
    lines: list[tuple[Any, Any, Any]] = [
        (label, getattr(said, name) or _("no day"), getattr(given, name))
        for name, label in SAID.items()
        if getattr(said, name) != getattr(given, name)
    ]
    lines.append((_("Course"), "", stopped))
    clash = stale.clash(course, given.treatment, lines=lines, theirs=given.treatment.patient.get_absolute_url())
    typed = {name: getattr(said, name) or "" for name in SAID}
    return _page(request, given, _bound(given, typed, course.version), stale=clash, has_errors=True)


def _say_saved(request: HttpRequest, given: CourseTreatment, before: Said) -> None:
    """Saved: what, with Undo."""
    given.course.refresh_from_db(fields=["version"])
    days = format_html(
        "".join('<input type="hidden" name="{}" value="{}">' for _name in SAID),
        *(part for name in SAID for part in (name, getattr(before, name) or "")),
    )
    undo = format_html(
        '<form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">{}'
        '<input type="hidden" name="version" value="{}"><input type="hidden" name="undo" value="1"><button>{}</button></form>',
        reverse("effect", args=[given.treatment.public_id, given.course.indication.code]),
        get_token(request),
        days,
        given.course.version,
        _("Undo"),
    )
    messages.success(request, format_html("{} {}", _("Saved: %(what)s.") % {"what": line(given)}, undo))
