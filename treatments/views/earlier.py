"""Patients who would come earlier: the list, asking for it, and taking somebody off it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.formats import clock, day
from clinic.permissions import needs
from treatments.forms.layout import put_errors
from treatments.forms.visits import EarlierForm
from treatments.models import Appointment, EarlierWish
from treatments.queries import earlier as found
from treatments.rules.vocabulary import AppointmentState
from treatments.services import earlier
from treatments.views.frames import patient_frame, patient_of
from treatments.views.returns import asked_return
from treatments.views.rows import born, phone_link
from treatments.views.visit_page import what


@require_safe
@needs("treatments.view_earlierwish")
def index(request: HttpRequest) -> HttpResponse:
    rows = list(found.wishes()[: found.AT_MOST + 1])
    number = min(len(rows), found.AT_MOST)
    context = {
        "count": ngettext("%(n)d patient", "%(n)d patients", number) % {"n": number},
        "rows": [_row(wish) for wish in rows[: found.AT_MOST]],
        "more": len(rows) > found.AT_MOST,
        "updated": clock(timezone.now()),
    }
    return render(request, "earlier/list.html", context)


def _row(wish: EarlierWish) -> dict[str, Any]:
    patient, visit = wish.patient, wish.appointment
    live = bool(visit and AppointmentState(visit.state).is_live)
    return {
        "public_id": patient.public_id,
        "name": patient.list_name,
        "url": patient.get_absolute_url(),
        "born": born(patient.born_on, timezone.localdate()),
        "phone": phone_link(patient.phone),
        "asked": day(timezone.localtime(wish.asked_at).date()),
        "with": wish.practitioner.name if wish.practitioner else _("Anyone"),
        "not_before": day(wish.not_before_on),
        "note": wish.note,
        "visit": _booked(visit) if visit and live else "",
        "visit_url": visit.get_absolute_url() if visit and live else "",
        "step_url": reverse("visit_move", args=[visit.public_id]) if visit and live else _book(patient.public_id),
        "step": _("Move") if live else _("Book"),
    }


def _book(public_id: str) -> str:
    return reverse("book", args=[public_id])


def _booked(visit: Appointment) -> str:
    return f"{day(visit.on)} {clock(visit.starts_at)}, {visit.practitioner.name}"


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_earlierwish")
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """On to the list; `?visit=` names the one that would move. Who is on it already keeps the place."""
    patient = patient_of(public_id)
    asked = request.POST.get("visit") or request.GET.get("visit") or ""
    visit = found.next_visit(patient, timezone.localdate(), public_id=asked[:12])
    known = EarlierWish.objects.filter(patient=patient, ended_at__isnull=True).first()
    initial = (
        {"practitioner": known.practitioner_id, "not_before_on": known.not_before_on, "note": known.note}
        if known
        else {}
    )
    form = EarlierForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            earlier.ask(
                patient, by=request.user.get_username(), at=timezone.now(), appointment=visit, **form.cleaned_data
            )
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, _("On the list for an earlier time: %(who)s.") % {"who": patient.list_name})
            return redirect(asked_return(request) or visit or patient)
    context = {
        "form": form,
        "visit": visit,
        "booked": f"{_booked(visit)}: {what(visit)}" if visit else "",
        "known": day(timezone.localtime(known.asked_at).date()) if known else "",
        "next": asked_return(request),
    }
    status = 422 if form.errors else 200
    return render(request, "earlier/ask.html", patient_frame(patient) | context, status=status)


@require_POST
@needs("treatments.change_earlierwish")
def close(request: HttpRequest, public_id: str) -> HttpResponse:
    """Off the list: the patient no longer wants it."""
    patient = patient_of(public_id)
    wish = EarlierWish.objects.filter(patient=patient, ended_at__isnull=True).first()
    if wish is None:
        raise Http404
    earlier.close(wish, by=request.user.get_username(), at=timezone.now())
    messages.success(request, _("No longer on the list for an earlier time: %(who)s.") % {"who": patient.list_name})
    return redirect(asked_return(request) or "earlier")
