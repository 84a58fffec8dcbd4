"""What is done with a booked visit by one press or one form: its steps of the day, release, override, cancel."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.formats import clock
from clinic.permissions import needs
from treatments.forms.appointments import CancelForm
from treatments.forms.layout import put_errors
from treatments.models import Appointment, WhatNext
from treatments.queries.staff import staff_names
from treatments.rules.findings import Refused, hard_stops
from treatments.rules.vocabulary import AppointmentState
from treatments.services import appointments, courses
from treatments.services.stale import Stale
from treatments.views import stale
from treatments.views.frames import patient_frame
from treatments.views.override_page import overridden, override_form, override_of
from treatments.views.privacy import is_private
from treatments.views.returns import asked_return
from treatments.views.rows import address_of
from treatments.views.today_rows import initials
from treatments.views.visit_forms import line, person
from treatments.views.visit_page import appointment_of, heading, show, state_label, was, what
from treatments.views.visit_steps import CANCEL_UNDO, rebook_url, treat_url

S = AppointmentState
MARKS = (S.BOOKED, S.ARRIVED, S.CHECKED, S.IN_ROOM, S.DONE, S.MISSED)


@needs("treatments.change_appointment")
@require_POST
def mark(request: HttpRequest, public_id: str, state: str) -> HttpResponse:
    """The next step of the day, or one step back. `then`: on to the record page."""
    if state not in MARKS:
        raise Http404
    appointment, now = appointment_of(public_id), timezone.now()
    before = S(appointment.state)
    if before == S.CANCELLED and now - appointment.state_at > CANCEL_UNDO:
        problem = _("It was cancelled more than three minutes ago. Rebook it instead.")
        return show(request, appointment, problem=problem, status=409)
    if state == S.CHECKED and before == S.ARRIVED:  # who has come is asked on the page of the check-in
        return redirect("visit_check_in", appointment.public_id)
    version, by = stale.version_of(request), person(request).username
    try:
        appointment = appointments.mark(appointment, S(state), by=by, at=now, version=version)
    except Stale as error:
        return second(request, error.appointment, S(state))
    except (Refused, ValidationError) as error:
        return refused(request, public_id, error)
    messages.success(request, marked(request, appointment, before))
    if request.POST.get("then") == "treat" and state == S.IN_ROOM:
        return redirect(treat_url(appointment))
    return redirect(asked_return(request) or appointment.get_absolute_url())


def marked(request: HttpRequest, appointment: Appointment, before: AppointmentState) -> str:
    """MARSH, Alina, 10:00: Arrived. Undo"""
    patient = appointment.patient
    private = is_private(request, timezone.now())
    who = initials(patient.family_name, patient.given_name) if private else patient.list_name
    said = {"who": who, "state": state_label(appointment), "time": clock(appointment.starts_at)}
    words = _("%(who)s, %(time)s: %(state)s.") % said
    came = before in (S.BOOKED, S.ARRIVED, S.CHECKED, S.IN_ROOM) and appointment.state != S.BOOKED
    return format_html("{} {}", words, _undo(request, appointment, before)) if came else words


def _undo(request: HttpRequest, appointment: Appointment, to: AppointmentState) -> SafeString:
    return format_html(
        '<form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="version" value="{}"><input type="hidden" name="next" value="{}">'
        "<button>{}</button></form>",
        address_of("visit_mark", to.value)(appointment.public_id),
        get_token(request),
        appointment.version,
        asked_return(request),
        _("Undo"),
    )


@needs("treatments.change_appointment")
@require_POST
def release(request: HttpRequest, public_id: str) -> HttpResponse:
    """Off hold, once nothing stands against the visit."""
    version, by = stale.version_of(request), person(request).username
    try:
        appointment = appointments.release(appointment_of(public_id), by=by, at=timezone.now(), version=version)
    except Stale as error:
        return second(request, error.appointment, S.BOOKED)
    except (Refused, ValidationError) as error:
        return refused(request, public_id, error)
    messages.success(request, line(_("Released, booked again"), appointment))
    return redirect(asked_return(request) or appointment.get_absolute_url())


def second(request: HttpRequest, now: Appointment, wanted: AppointmentState) -> HttpResponse:
    """Somebody else was quicker: say who and when, and nothing else happens."""
    said = {"state": state_label(now).lower(), "time": clock(now.state_at)}
    said["who"] = staff_names({now.state_by})[now.state_by]
    if now.state == wanted:
        problem = _("Already %(state)s at %(time)s by %(who)s.") % said
    else:
        changed = _("%(who)s changed this visit at %(time)s: it is %(state)s.") % said
        problem = f"{changed} {_('Nothing was changed by you.')}"
    if back := asked_return(request):
        private = is_private(request, timezone.now())
        patient = now.patient
        who = initials(patient.family_name, patient.given_name) if private else patient.list_name
        messages.warning(request, f"{who}, {clock(now.starts_at)}: {problem}")
        return redirect(back)
    return show(request, appointment_of(now.public_id), problem=problem, status=409)


def refused(request: HttpRequest, public_id: str, error: Refused | ValidationError) -> HttpResponse:
    """The visit as it is now, with the reason why nothing was done."""
    told = error.messages if isinstance(error, ValidationError) else [f.sentence for f in error.findings]
    problem = " ".join((_("Nothing was changed."), *told))
    return show(request, appointment_of(public_id), problem=problem, status=409)


@needs("treatments.change_appointment")
def override(request: HttpRequest, public_id: str) -> HttpResponse:
    """A prescriber decides on a visit on hold. Hard stops have no such page."""
    if not person(request).is_prescriber:
        raise PermissionDenied(_("Only a prescriber may override."))
    appointment, now = appointment_of(public_id), timezone.now()
    found = appointments.standing(appointment, at=now)
    standing = courses.not_overridden(appointment, found)
    form = override_form(request, found)
    if appointment.state != S.ON_HOLD or hard_stops(standing) or not standing or form is None:
        return show(request, appointment, problem=_("There is nothing to override on this visit."), status=409)
    if form.is_valid():
        try:
            decision, version = override_of(form, person(request)), stale.version_of(request)
            appointment = appointments.override(appointment, decision, at=now, version=version)
        except Stale as error:
            return second(request, error.appointment, S.BOOKED)
        except Refused as error:
            return refused(request, public_id, error)
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, line(_("Overridden, booked again"), appointment))
            return redirect(appointment)
    shown = patient_frame(appointment.patient) | overridden(request, found, appointment.on)
    shown |= {"visit": appointment, "of": was(appointment), "form": form}
    return render(request, "visits/override.html", shown, status=422 if form.errors else 200)


# ---- cancel ----


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_appointment")
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Free the time: who cancelled, why, and what next. Then the page of the visit says who fits there."""
    appointment = appointment_of(public_id)
    if not S(appointment.state).is_live:
        said = {"state": state_label(appointment).lower()}
        problem = _("The visit is %(state)s and can no longer be changed.") % said
        return show(request, appointment, problem=problem, status=409)
    form, clash = CancelForm(request.POST or None, initial={"version": appointment.version}), None
    if request.method == "POST" and form.is_valid():
        try:
            appointment = _cancelled(request, appointment, form)
        except Stale as error:
            clash = _clash(form, error.appointment)
            appointment = appointment_of(public_id)
            form = CancelForm(stale.newest(request.POST, appointment.version))
        except ValidationError as error:
            put_errors(form, error)
        else:
            again = appointment.what_next == WhatNext.REBOOK and request.user.has_perm("treatments.add_appointment")
            return redirect(rebook_url(appointment) if again else appointment.get_absolute_url())
    shown = patient_frame(appointment.patient) | {"visit": appointment, "form": form, "of": was(appointment)}
    shown |= {"what": what(appointment), "stale": clash}
    status = stale.STATUS if clash else 422 if form.errors else 200
    return render(request, "visits/cancel.html", shown, status=status)


def _cancelled(request: HttpRequest, appointment: Appointment, form: CancelForm) -> Appointment:
    said, before = form.cleaned_data, S(appointment.state)
    appointment = appointments.cancel(
        appointment,
        who=said["who"],
        reason=form.sentence(),
        what_next=said["what_next"],
        by=person(request).username,
        at=timezone.now(),
        version=said["version"],
    )
    words = line(state_label(appointment), appointment)
    may_come_back = before != S.ON_HOLD
    messages.success(
        request, format_html("{} {}", words, _undo(request, appointment, S.BOOKED)) if may_come_back else words
    )
    return appointment


def _clash(form: CancelForm, now: Appointment) -> stale.Clash:
    lines = [
        (_("Visit"), _("Cancel"), f"{state_label(now)}, {heading(now)}"),
        (form.fields["reason"].label, form.sentence(), now.state_reason),
    ]
    final = "" if S(now.state).is_live else _("It can no longer be cancelled.")
    return stale.clash(now, lines=lines, theirs=now.get_absolute_url(), final=final)
