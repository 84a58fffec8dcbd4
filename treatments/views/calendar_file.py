"""A visit as an iCalendar file. It says when and where, never what for."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from clinic.permissions import needs
from treatments.models import Appointment
from treatments.queries import telephone
from treatments.rules.vocabulary import AppointmentState
from treatments.views.rows import national
from treatments.views.visit_page import appointment_of


@require_safe
@needs("treatments.view_appointment")
def of_visit(request: HttpRequest, public_id: str) -> HttpResponse:
    """The same file for staff, to send on or to keep."""
    return calendar_file(appointment_of(public_id), at=timezone.now())


def calendar_file(visit: Appointment, *, at: datetime) -> HttpResponse:
    answer = HttpResponse(as_calendar(visit, at=at), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="visit-{visit.public_id}.ics"'
    return answer


def as_calendar(visit: Appointment, *, at: datetime) -> bytes:
    """Opened again after a change, it takes the place of the older one: the same UID, a higher SEQUENCE."""
    zone = timezone.get_current_timezone()
    calendar, event = Calendar(), Event()
    calendar.add("prodid", "-//Treatment schedule//visit//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    event.add("uid", f"{visit.public_id}@{urlsplit(settings.CLINIC_URL).hostname}")
    event.add("sequence", visit.version)
    event.add("dtstamp", at)
    event.add("dtstart", visit.starts_at.astimezone(zone))
    event.add("dtend", visit.ends_at.astimezone(zone))
    event.add("summary", _("Visit: %(clinic)s") % {"clinic": settings.CLINIC_NAME})
    place = visit.room.location
    event.add("location", ", ".join(part for part in (settings.CLINIC_NAME, place.name, place.address) if part))
    if number := telephone.for_patients():
        event.add("description", _("To change it, call %(phone)s.") % {"phone": national(number)})
    takes_place = AppointmentState(visit.state).takes_time
    event.add("status", "CONFIRMED" if takes_place else "CANCELLED")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return calendar.to_ical()
