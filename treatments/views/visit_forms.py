"""What the forms of booking and moving a visit share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.formats import clock, day
from clinic.models import Practitioner, User
from treatments.forms.appointments import TimeForm
from treatments.forms.layout import put_errors
from treatments.models import Appointment, Patient
from treatments.rules.findings import Refused, stops
from treatments.services import diary, overrides
from treatments.services.diary import Booking, TimeTaken


def person(request: HttpRequest) -> User:
    """Who is signed in: the guard before each view has made sure that somebody is."""
    return cast("User", request.user)


def prepares(request: HttpRequest) -> bool:
    """A press that only asks: check without script, back from the override, or another day."""
    return request.POST.get("step") in ("check", "back") or "use_day" in request.POST


def with_day(request: HttpRequest) -> Any:
    """What was posted, with the day of the pressed "Choose … instead"."""
    data = request.POST.copy()
    if chosen := request.POST.get("use_day"):
        data["on"] = chosen
    return data


def typed(form: TimeForm) -> dict[str, Any]:
    """Everything as it was typed, for a form that is shown again without judging its fields yet."""
    return {name: form[name].data for name in form.fields}


def possible(booking: Booking, *, at: datetime, but: Appointment | None = None) -> None:
    """Refuse a time that cannot be had before anybody gives reasons for it."""
    diary.check(booking, at=at)
    diary.refuse_taken(booking, but=but)


def say_refusal(form: TimeForm, error: Refused | ValidationError) -> int:
    """What the service refused, in words on the form: times at their fields, the rest on top. The answer's status."""
    if isinstance(error, ValidationError):
        _put_starts_at(form, error)
    elif isinstance(error, TimeTaken):
        places = {"practitioner_busy": "practitioner", "room_busy": "room", "patient_busy": "starts"}
        for finding in error.findings:
            form.add_error(places[finding.code], finding.sentence)
    else:
        refusals = [f.sentence for f in error.findings if f.code in overrides.REFUSALS]
        stopped = [f.sentence for f in stops(error.findings) if f.code not in overrides.REFUSALS]
        for sentence in refusals or [_("Nothing was saved.") + " " + " ".join(stopped)]:
            form.add_error(None, sentence)
    return 409 if isinstance(error, TimeTaken) else 422


def _put_starts_at(form: TimeForm, error: ValidationError) -> None:
    """The services speak of one moment; here it is typed as a day and a time."""
    if not hasattr(error, "error_dict") or "starts_at" not in error.error_dict:
        put_errors(form, error)
        return
    today = form.cleaned_data["on"] == timezone.localdate()
    form.add_error("starts" if today else "on", error.error_dict.pop("starts_at"))
    put_errors(form, ValidationError(error.error_dict))


def line(done: str, appointment: Appointment) -> str:
    """One line with everything: Booked: MARSH, Alina, 14-Jul-2026, 10:00 to 10:30, R. Osei, Room 1."""
    return _("%(done)s: %(patient)s, %(day)s, %(from)s to %(to)s, %(who)s, %(room)s.") % {
        "done": done,
        "patient": appointment.patient.list_name,
        "day": day(appointment.on),
        "from": clock(appointment.starts_at),
        "to": clock(appointment.ends_at),
        "who": appointment.practitioner,
        "room": appointment.room,
    }


def usual_practitioner(patient: Patient) -> Practitioner | None:
    """Who treated the patient last and still works here."""
    given = patient.treatments.valid().filter(practitioner__is_active=True).select_related("practitioner")
    last = given.order_by("-performed_on", "-pk").first()
    return last.practitioner if last else None
