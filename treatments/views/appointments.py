"""The page of a booked visit."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic.permissions import needs
from treatments.models import Appointment
from treatments.views import visit_page
from treatments.views.visit_page import appointment_of, state_label


@needs("treatments.view_appointment")
@require_safe
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    return visit_page.show(request, appointment_of(public_id))


def over(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    """The page of a visit that has ended, for somebody who wanted to change it."""
    said = {"state": state_label(appointment).lower()}
    problem = _("The visit is %(state)s and can no longer be changed.") % said
    return visit_page.show(request, appointment, problem=problem, status=409)
