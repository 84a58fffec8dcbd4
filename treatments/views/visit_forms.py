"""What the forms of booking and moving a visit share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.formats import clock, day, moment
from clinic.models import User
from treatments.forms.layout import put_errors
from treatments.forms.times import TimeForm
from treatments.models import Appointment
from treatments.queries import slots
from treatments.queries.staff import staff_names
from treatments.rules.findings import Finding, Refused, stops
from treatments.services import diary, overrides
from treatments.services.diary import Booking, TimeTaken


def person(request: HttpRequest) -> User:
    """Who is signed in: the guard before each view has made sure that somebody is."""
    return cast("User", request.user)


PRESSES = ("use_day", "take", "use_service", "use_with", "month")
STEPS = ("check", "back", "why")


def prepares(request: HttpRequest) -> bool:
    """A press that only asks: check without script, back from the override, another day, month, time or service."""
    return request.POST.get("step") in STEPS or any(name in request.POST for name in PRESSES)


def pressed(request: HttpRequest) -> QueryDict:
    """What was posted, with what the pressed button stands for in place of what was chosen before."""
    data, asked = request.POST.copy(), request.POST
    if "use_day" in asked:
        data["on"], data["slot"] = asked["use_day"], ""
    if "take" in asked:
        data["slot"], data["starts"] = asked["take"], ""
    if "use_service" in asked:
        data["service"], data["slot"] = asked["use_service"], ""
    if "use_with" in asked:
        data["practitioner"], data["slot"] = asked["use_with"], ""
    return data


def typed(form: TimeForm) -> dict[str, Any]:
    """Everything as it was typed, for a form that is shown again without judging its fields yet."""
    return {name: form[name].data for name in form.fields}


def without_slot(form: TimeForm) -> QueryDict:
    """What was posted but for the offered time, which has gone; its day stays chosen."""
    data = cast("QueryDict", form.data).copy()
    data["slot"] = ""
    if form.starts_at:
        data["on"] = timezone.localtime(form.starts_at).date().isoformat()
    return data


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
        for finding, sentence in zip(error.findings, taken_by(error, form), strict=True):
            place = "slot" if form.offered else places.get(finding.code, "starts")
            if sentence not in form.errors.get(place, ()):
                form.add_error(place, sentence)
    else:
        refusals = [f.sentence for f in error.findings if f.code in overrides.REFUSALS]
        stopped = [f.sentence for f in stops(error.findings) if f.code not in overrides.REFUSALS]
        for sentence in refusals or [_("Nothing was saved.") + " " + " ".join(stopped)]:
            form.add_error(None, sentence)
    return 409 if isinstance(error, TimeTaken) else 422


def taken_by(error: TimeTaken, form: TimeForm) -> list[str]:
    """Why the time cannot be had, with who took it and when: 14:30 was booked at 14:05 by T. Lin."""
    starts_at = form.starts_at
    return [_taken_by(finding, starts_at, brief=bool(form.offered)) for finding in error.findings]


def _taken_by(finding: Finding, starts_at: datetime | None, *, brief: bool) -> str:
    row = slots.booked(finding.about) if finding.about else None
    if row is None or starts_at is None or finding.code == "patient_busy":
        return finding.sentence
    by, at = row
    same_day = timezone.localtime(at).date() == timezone.localdate()
    said = {"time": clock(starts_at), "at": clock(at) if same_day else moment(at), "who": staff_names({by})[by]}
    sentence = _("%(time)s was booked at %(at)s by %(who)s.") % said
    return sentence if brief else f"{sentence} {finding.sentence}"


def _put_starts_at(form: TimeForm, error: ValidationError) -> None:
    """The services speak of one moment; here it is typed as a day and a time."""
    if not hasattr(error, "error_dict") or "starts_at" not in error.error_dict:
        put_errors(form, error)
        return
    today = form.cleaned_data["on"] == timezone.localdate()
    place = "slot" if form.offered else "starts" if today else "on"
    form.add_error(place, error.error_dict.pop("starts_at"))
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
