"""Finding, registering and amending patients, and the page of one of them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.formats import count, day
from clinic.permissions import needs
from treatments.forms.layout import put_errors
from treatments.forms.patients import AmendPatientForm, NewPatientForm, StopForm, known
from treatments.models import Patient
from treatments.queries import patient_record
from treatments.queries import patients as find
from treatments.services import courses, patients
from treatments.views import patient_page, patient_rows, recent, stale
from treatments.views.frames import is_fragment, patient_frame, patient_of
from treatments.views.returns import asked_return

AT_MOST = 50


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.view_patient")
def index(request: HttpRequest) -> HttpResponse:
    """Search, by POST so that no name stands in an address; without words, whom this person opened last.

    A patient number opens its patient at once.
    """
    on, q = timezone.localdate(), " ".join(request.POST.get("q", "")[:100].split())
    opened = [] if q else recent.patients(request)
    found = list(find.search(q)[: AT_MOST + 1]) if q else opened or recent.registered()
    if [q.upper()] == [patient.public_id for patient in found] and not is_fragment(request):
        return redirect(found[0])
    context = {
        "q": q,
        "title": _("Found") if q else _("Opened last") if opened else _("Registered last"),
        "rows": patient_rows.rows(found[:AT_MOST], on=on),
        "count": count(len(found[:AT_MOST]), _("patient"), _("patients")),
        "rest": _(", matching “%(q)s”, by name") % {"q": q},
        "more": len(found) > AT_MOST,
        "at_most": AT_MOST,
    }
    return render(request, "patients/_list.html" if is_fragment(request) else "patients/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_patient")
def new(request: HttpRequest) -> HttpResponse:
    """Register a patient; whoever looks the same is shown first."""
    form, alike = NewPatientForm(request.POST or None), []
    if request.method == "POST" and form.is_valid():
        try:
            patient = patients.register(
                **form.typed(),
                different=form.cleaned_data["different"],
                by=request.user.get_username(),
                at=timezone.now(),
            )
        except ValidationError as error:
            put_errors(form, error)
        except patients.Resembles as error:
            alike = [patient_rows.person(other, on=timezone.localdate()) for other in error.others]
            form = NewPatientForm(request.POST, alike=True)
        else:
            messages.success(request, _("Registered: %(who)s.") % {"who": _named(patient)})
            return redirect(asked_return(request) or patient)
    context = {
        "form": form,
        "alike": alike,
        "alike_title": _alike_title(len(alike)),
        "has_errors": bool(form.is_bound and (form.errors or alike)),
        "next": asked_return(request),
        "back": asked_return(request) or reverse("patients"),
    }
    return render(request, "patients/new.html", context)


@require_http_methods(["GET", "HEAD"])
@needs("treatments.view_patient")
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Is it safe, when next, what was done: nine queries, however long the history is."""
    on = timezone.localdate()
    found = patient_record.of(public_id.upper(), on=on)
    if found is None:
        raise Http404
    treats = request.user.has_perm("treatments.add_treatment")
    response = render(request, "patients/show.html", patient_page.page(found, on=on, treats=treats))
    recent.remember(request, response, found.patient)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_patient")
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Amend a patient's data; a change by somebody else meanwhile is shown, and what was typed is kept."""
    patient = patient_of(public_id)
    form = AmendPatientForm(request.POST or None, initial=known(patient))
    changed: list[dict[str, Any]] = []
    if request.method == "POST" and form.is_valid():
        try:
            patient = patients.amend(
                patient,
                changes=form.typed(),
                version=form.cleaned_data["version"],
                reason=form.cleaned_data["reason"],
                by=request.user.get_username(),
                at=timezone.now(),
            )
        except ValidationError as error:
            put_errors(form, error)
        except patients.Changed:
            form, changed = stale.both(form, QueryDict(request.POST.urlencode(), mutable=True), patient)
        else:
            messages.success(request, _("Saved: %(who)s.") % {"who": _named(patient)})
            return redirect(asked_return(request) or patient)
    context = patient_frame(patient_of(public_id)) | {"form": form, "changed": changed, "next": asked_return(request)}
    return render(request, "patients/edit.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_course")
def stop_course(request: HttpRequest, public_id: str, indication: str) -> HttpResponse:
    """Stop a course with a reason, or let a stopped one run again."""
    patient = patient_of(public_id)
    course = patient.courses.select_related("indication", "patient").filter(indication__code=indication).first()
    if course is None:
        raise Http404
    resume = request.POST.get("act") == "resume"
    form = StopForm(None if resume else request.POST or None)
    if request.method == "POST" and (resume or form.is_valid()):
        reason = "" if resume else form.cleaned_data["reason"]
        courses.stop(course, reason=reason, by=request.user.get_username(), at=timezone.now())
        said = _("%(course)s runs again.") if resume else _("%(course)s is stopped. Nobody is asked in for it.")
        messages.success(request, said % {"course": course.indication.short_name})
        return redirect(patient)
    context = patient_frame(patient) | {"form": form, "course": course.indication.short_name}
    return render(request, "patients/stop.html", context)


def _named(patient: Patient) -> str:
    born = _("born %(day)s") % {"day": day(patient.born_on)}
    return f"{patient.list_name}, {born}, {patient.public_id}"


def _alike_title(number: int) -> str:
    if number == 1:
        return _("Somebody on record looks the same")
    return _("%(number)d people on record look the same") % {"number": number}
