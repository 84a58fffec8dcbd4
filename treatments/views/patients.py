"""Finding, registering and amending patients, and the page of one of them."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.formats import count, day
from clinic.permissions import needs
from treatments.forms.layout import put_errors
from treatments.forms.patients import AmendPatientForm, NewPatientForm, StopForm, known
from treatments.models import Course, Patient, Treatment
from treatments.queries import patient_record
from treatments.queries import patients as find
from treatments.services import courses, patients
from treatments.services.stale import Stale
from treatments.views import patient_page, patient_rows, recent, stale
from treatments.views.frames import is_fragment, patient_frame, patient_of, refuse_merged
from treatments.views.merges import merges_of
from treatments.views.once import once
from treatments.views.returns import asked_return

AT_MOST, WHILE_TYPING = 50, 10  # patients in the list; Enter shows more than the first ten


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.view_patient")
def index(request: HttpRequest) -> HttpResponse:
    """Search, by POST so that no name stands in an address; without words, whom this person opened last.

    A patient number opens its patient at once.
    """
    on, q = timezone.localdate(), " ".join(request.POST.get("q", "")[:100].split())
    opened = [] if q else recent.patients(request)
    at_most = WHILE_TYPING if is_fragment(request) else AT_MOST
    found = find.first(q, at_most + 1) if q else opened or recent.registered()
    if [q.upper()] == [patient.public_id for patient in found] and not is_fragment(request):
        return redirect(found[0])
    context = {
        "q": q,
        "title": _("Found") if q else _("Opened last") if opened else _("Registered last"),
        "rows": patient_rows.rows(found[:at_most], on=on, focus_first=bool(q) and not is_fragment(request)),
        "count": count(len(found[:at_most]), _("patient"), _("patients")),
        "rest": _(", matching “%(q)s”, by name") % {"q": q},
        "more": len(found) > at_most,
        "at_most": at_most,
    }
    return render(request, "patients/_list.html" if is_fragment(request) else "patients/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_patient")
def new(request: HttpRequest) -> HttpResponse:
    """Register a patient; whoever looks the same is shown first."""
    form, alike = NewPatientForm(request.POST or None), []
    if request.method == "POST" and form.is_valid():
        try:
            by, at, typed = request.user.get_username(), timezone.now(), form.typed()
            different = form.cleaned_data["different"]
            patient = once(request, lambda: patients.register(**typed, different=different, by=by, at=at))
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
    refuse_merged(found.patient)
    treats = request.user.has_perm("treatments.add_treatment")
    context = patient_page.page(found, on=on, treats=treats)
    if request.user.has_perm("treatments.view_patientmerge"):
        context["merges"] = merges_of(found.patient)
    response = render(request, "patients/show.html", context)
    recent.remember(request, response, found.patient)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_patient")
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Amend a patient's data; a change by somebody else meanwhile is shown, and what was typed is kept."""
    patient = patient_of(public_id)
    form = AmendPatientForm(request.POST or None, initial=known(patient))
    clash: stale.Clash | None = None
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
        except Stale:
            form, clash = stale.both(form, request.POST, patient)
        else:
            messages.success(request, _("Saved: %(who)s.") % {"who": _named(patient)})
            return redirect(asked_return(request) or patient)
    context = {"form": form, "stale": clash, "has_errors": bool(clash or form.errors), "next": asked_return(request)}
    frame = patient_frame(patient_of(public_id))
    return render(request, "patients/edit.html", frame | context, status=stale.STATUS if clash else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_course")
def stop_course(request: HttpRequest, public_id: str, indication: str) -> HttpResponse:
    """Stop a course with a reason, or let a stopped one run again."""
    patient = patient_of(public_id)
    course = patient.courses.select_related("indication", "patient").filter(indication__code=indication).first()
    if course is None:
        raise Http404
    clash, resume = None, request.POST.get("act") == "resume"
    form = StopForm(None if resume else request.POST or None, initial={"version": course.version})
    if request.method == "POST" and (resume or form.is_valid()):
        reason = "" if resume else form.cleaned_data["reason"]
        by, at, version = request.user.get_username(), timezone.now(), stale.version_of(request)
        try:
            courses.stop(course, reason=reason, by=by, at=at, version=version)
        except Stale as error:
            clash = _stop_clash(error.now, reason)
            form = StopForm(stale.newest(request.POST, error.now.version))
        else:
            said = _("%(course)s runs again.") if resume else _("%(course)s is stopped. Nobody is asked in for it.")
            messages.success(request, said % {"course": course.indication.short_name})
            return redirect(patient)
    context = {"form": form, "course": course.indication.short_name, "stale": clash, "resume": resume}
    status = stale.STATUS if clash else 200
    return render(request, "patients/stop.html", patient_frame(patient) | context, status=status)


def _stop_clash(course: Course, reason: str) -> stale.Clash:
    stopped = _("stopped since %(day)s") % {"day": day(course.stopped_on)} if course.stopped_on else _("running")
    lines = [
        (_("Course"), _("stopped") if reason else _("runs again"), stopped),
        (_("Why"), reason, course.stopped_reason),
    ]
    given = Treatment.objects.filter(courses__course=course)
    return stale.clash(course, *given, lines=lines, theirs=course.patient.get_absolute_url())


def _named(patient: Patient) -> str:
    born = _("born %(day)s") % {"day": day(patient.born_on)}
    return f"{patient.list_name}, {born}, {patient.public_id}"


def _alike_title(number: int) -> str:
    if number == 1:
        return _("Somebody on record looks the same")
    return _("%(number)d people on record look the same") % {"number": number}
