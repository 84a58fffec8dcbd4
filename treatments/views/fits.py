"""Who fits a time that has become free, with what to say and one press to book."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.formats import clock, day, short_day
from treatments.models import Appointment
from treatments.queries import fits
from treatments.queries.fits import Fit, Slot
from treatments.views.rows import address_of, born, phone_link


def freed(appointment: Appointment, *, at: datetime) -> dict[str, Any] | None:
    """3 people fit this time: None where the time is over, or somebody has it already."""
    slot = Slot(
        appointment.practitioner_id,
        appointment.room_id,
        appointment.starts_at,
        appointment.ends_at,
        appointment.on,
    )
    if not fits.is_free(slot, at=at):
        return None
    found = fits.fits(slot, today=timezone.localtime(at).date(), but=appointment.patient_id)
    number = len(found)
    heading = ngettext("%(n)d person fits this time", "%(n)d people fit this time", number) % {"n": number}
    return {
        "heading": heading if found else _("Nobody on the lists fits this time"),
        "when": f"{day(slot.on)}, {clock(slot.starts_at)}",
        "rows": [row(fit, slot) for fit in found],
    }


def row(fit: Fit, slot: Slot) -> dict[str, Any]:
    return {
        "name": fit.patient.list_name,
        "url": fit.patient.get_absolute_url(),
        "born": born(fit.patient.born_on, slot.on),
        "phone": phone_link(fit.patient.phone),
        "why": _why(fit),
        "ask": fit.ask,
        "book": _take(fit, slot),
        "label": _("Move here") if fit.visit else _("Book"),
    }


def _why(fit: Fit) -> str:
    if fit.wish:
        said = {"day": day(timezone.localtime(fit.wish.asked_at).date()), "note": fit.wish.note}
        words = _("Asked for an earlier time on %(day)s") % said
        if fit.visit:
            words += ", " + _("booked for %(day)s") % {"day": short_day(fit.visit.on)}
        return f"{words}: {fit.wish.note}" if fit.wish.note else words
    until = {"day": day(fit.due_until)}
    return _("Overdue, was due until %(day)s") % until if fit.overdue else _("Due, window until %(day)s") % until


def _take(fit: Fit, slot: Slot) -> str:
    """Booking at this very time, or moving the later visit to it."""
    start = timezone.localtime(slot.starts_at)
    at = {
        "date": start.date().isoformat(),
        "time": f"{start:%H:%M}",
        "with": str(slot.practitioner),
        "room": str(slot.room),
    }
    if fit.visit:
        return f"{address_of('visit_move')(fit.visit.public_id)}?{urlencode(at)}"
    asked = [*(("course", code) for code in fit.courses), *at.items()]
    return f"{address_of('book')(fit.patient.public_id)}?{urlencode(asked)}"
