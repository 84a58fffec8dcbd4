"""The page of a visit: where it stands, what is missing, what stands against it, what happened to it, what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.formats import clock, day, long_day, moment
from treatments.models import Appointment, Course, OverrideReason, VisitOverride
from treatments.queries import consents, diary, visits
from treatments.queries.staff import staff_names
from treatments.queries.visits import Event
from treatments.rules.findings import Finding, hard_stops, stops
from treatments.rules.vocabulary import AppointmentState, VerdictState
from treatments.services import one_by_one
from treatments.services.courses import not_overridden
from treatments.views import ready
from treatments.views.decision import ways
from treatments.views.fits import freed
from treatments.views.frames import patient_frame
from treatments.views.message_rows import ABOUT
from treatments.views.reply_words import WORDS
from treatments.views.verdicts import Verdict, stored_line, verdict
from treatments.views.visit_steps import OVER, Able, steps
from treatments.views.visit_steps import rebook_url as rebook_url

JUDGED = ("appointment.booked", "appointment.moved", "appointment.released", "appointment.overridden")


LATE = timedelta(hours=24)  # a visit cancelled within them was cancelled late


def appointment_of(public_id: str) -> Appointment:
    """The visit of an address, with all that its pages show."""
    courses = Prefetch("courses", Course.objects.select_related("indication").order_by("indication__name", "pk"))
    found = Appointment.objects.select_related("patient", "practitioner", "room__location", "product", "service")
    return get_object_or_404(found.prefetch_related(courses), public_id=public_id.upper())


def show(request: HttpRequest, appointment: Appointment, *, problem: str = "", status: int = 200) -> HttpResponse:
    """The page of a visit; `problem`: why nothing was done."""
    shown = context(request, appointment, patient_frame(appointment.patient), at=timezone.now())
    return render(
        request, "visits/visit.html", shown | {"problem": problem, "has_errors": bool(problem)}, status=status
    )


def context(request: HttpRequest, appointment: Appointment, frame: dict[str, Any], *, at: datetime) -> dict[str, Any]:
    """Everything on the page of a visit."""
    state, on = AppointmentState(appointment.state), frame["on"]
    treatments = list(appointment.treatments.valid().order_by("pk"))
    signed = consents.states([appointment.patient_id], appointment.on).get(appointment.patient_id, consents.NONE)
    judged = diary.judge(appointment, frame["facts"], frame["book"], signed, treated=bool(treatments))
    found = list(judged.findings)
    standing = not_overridden(appointment, found) if state.is_live else []
    happened = visits.events(appointment)
    decisions = list(appointment.overrides.order_by("-at", "-pk"))
    people = staff_names(_usernames(appointment, happened) | {row.by for row in decisions})
    held, able = state == AppointmentState.ON_HOLD, Able.of(request.user)
    own = appointment.get_absolute_url()
    return frame | {
        "visit": appointment,
        "state": state_label(appointment),
        "state_line": _state_line(appointment, people),
        "over": state in OVER,
        "heading": heading(appointment),
        "rows": _rows(appointment, people),
        "verdict": _verdict(found, standing, appointment.on) if state.is_live else None,
        "gaps": ready.gaps(judged, today=on) if state.is_live else [],
        "held": held,
        "standing": " ".join(f.sentence for f in standing),
        "override": _override(appointment, people),
        "decisions": [_decision(row, people) for row in decisions],
        "known_then": _known_then(happened, people),
        "history": [_line(event, people) for event in happened],
        "steps": [step for step in steps(judged, able, today=on, now=at) if step.url != own],
        "ways": ways(standing, frame["facts"], frame["book"], appointment.patient) if standing else [],
        "ask_a_prescriber": held and bool(standing) and not hard_stops(standing) and not able.prescribe,
        "treatments": treatments,
        "message": ABOUT.get(one_by_one.code_of(appointment, at=at), ""),
        "freed": freed(appointment, at=at) if state == AppointmentState.CANCELLED and able.book else None,
    }


def state_label(appointment: Appointment) -> str:
    """The state in words; cancelled less than a day before is a word of its own, and so is missed."""
    late = appointment.state_at > appointment.starts_at - LATE
    if appointment.state == AppointmentState.CANCELLED and late:
        return _("Cancelled late")
    return str(appointment.get_state_display())


def _state_line(appointment: Appointment, people: dict[str, str]) -> str:
    """Booked 02-Jul-2026 14:10 by T. Lin. Arrived 10:12 by M. Fox."""
    said = [_("Booked %(by)s.") % {"by": _by(appointment.booked_by, appointment.booked_at, people)}]
    if appointment.checked_at:
        said.append(_("Checked in %(by)s.") % {"by": _by(appointment.checked_by, appointment.checked_at, people)})
    if appointment.state not in (AppointmentState.BOOKED, AppointmentState.CHECKED):
        changed = _by(appointment.state_by, appointment.state_at, people)
        said.append(_("%(state)s %(by)s.") % {"state": state_label(appointment), "by": changed})
    return " ".join(said)


def _verdict(found: list[Finding], standing: list[Finding], on: date) -> Verdict:
    """The panel of now. Stops that were all overridden are still shown, but they stop no longer."""
    panel = verdict(found, on=on)
    if standing or not stops(found):
        return panel
    said = _("Overridden for %(day)s. It may go ahead; the injector reads this first.") % {"day": day(on)}
    return replace(panel, state=VerdictState.CAUTION.value, headline=said)


def heading(appointment: Appointment) -> str:
    """Tuesday 14-Jul-2026, 10:00 to 10:30."""
    said = {"day": long_day(appointment.on), "from": clock(appointment.starts_at), "to": clock(appointment.ends_at)}
    return _("%(day)s, %(from)s to %(to)s") % said


def what(appointment: Appointment) -> str:
    """What a visit is for; of a kind of visit at which nothing is injected, its name."""
    areas = ", ".join(course.indication.short_name for course in appointment.courses.all())
    if appointment.service and not appointment.service.is_treatment:
        return f"{appointment.service.name}: {areas}" if areas else appointment.service.name
    return areas


def place(appointment: Appointment) -> str:
    return f"{appointment.room.location.name}, {appointment.room.name}"


def _rows(appointment: Appointment, people: dict[str, str]) -> list[tuple[str, str]]:
    rows = [
        (_("For"), what(appointment)),
        (_("Product"), appointment.product.brand if appointment.product else _("As last time, or decided then")),
        (_("With"), appointment.practitioner.name),
        (_("Where"), place(appointment)),
        (_("The patient says"), _answer(appointment)),
        (_("Note"), appointment.note),
        (_("Cautions read by"), people.get(appointment.acknowledged_by, "")),
        (_("Identity"), appointment.identity_note),
    ]
    if appointment.what_next and appointment.state in OVER:
        rows.append((_("What next"), str(appointment.get_what_next_display())))
    if appointment.state_reason and appointment.state != AppointmentState.ON_HOLD:
        rows.append((_("Reason"), appointment.state_reason))
    return [row for row in rows if row[1]]


def _answer(appointment: Appointment) -> str:
    """Confirmed, 14-Jul-2026 10:12; with the time that was wished for, which goes by the name of the answer."""
    if not appointment.reply:
        return ""
    asked = appointment.requests.filter(wish=appointment.reply, wished_at__isnull=False).order_by("-at").first()
    wished = _("would like %(when)s") % {"when": moment(asked.wished_at)} if asked else ""
    said_at = moment(appointment.replied_at)
    return ", ".join(part for part in (str(WORDS[appointment.reply]), said_at, wished) if part)


def _by(username: str, at: Any, people: dict[str, str]) -> str:
    return _("%(at)s by %(who)s") % {"at": moment(at), "who": people.get(username, username)}


def _override(appointment: Appointment, people: dict[str, str]) -> dict[str, str]:
    if not appointment.override_by:
        return {}
    return {
        "by": _by(appointment.override_by, appointment.override_at, people),
        "reason": str(appointment.get_override_reason_display()),
        "words": appointment.override_words,
    }


def _decision(row: VisitOverride, people: dict[str, str]) -> dict[str, str]:
    """A decision of a prescriber on this visit, also one that was for a day it has left since."""
    return {
        "by": _by(row.by, row.at, people),
        "on": day(row.on),
        "reason": str(row.get_reason_display()),
        "words": row.words,
    }


def _known_then(happened: Iterable[Event], people: dict[str, str]) -> dict[str, Any]:
    """What the gate said when somebody last decided on the visit."""
    last = next((e for e in happened if e.verb in JUDGED and "was" not in e.details), None)
    if last is None:
        return {}
    return {"when": _by(last.by, last.at, people), "findings": [stored_line(row) for row in last.findings]}


def _line(event: Event, people: dict[str, str]) -> dict[str, str]:
    words = {
        "appointment.booked": _("Booked again") if "was" in event.details else _("Booked"),
        "appointment.moved": _("Moved"),
        "appointment.held": _("Put on hold"),
        "appointment.released": _("Released"),
        "appointment.overridden": _("Overridden"),
        "appointment.arrived": _("Arrived"),
        "appointment.checked": _("Checked in"),
        "appointment.in_room": _("In room"),
        "appointment.done": _("Done"),
        "appointment.missed": _("Missed"),
        "appointment.cancelled": _("Cancelled"),
        "appointment.replied": _("The patient says: %(what)s") % {"what": _reply(event)},
        "appointment.called": _("Called, nobody answered"),
    }
    code, _colon, rest = event.reason.partition(": ")
    listed = dict(OverrideReason.choices).get(code)
    told = f"{listed}: {rest}" if listed else event.reason
    reason = told or " ".join(f["sentence"] for f in event.findings if event.verb == "appointment.held")
    return {
        "at": moment(event.at),
        "what": words.get(event.verb, event.verb),
        "by": people.get(event.by, event.by),
        "reason": reason,
    }


def _reply(event: Event) -> str:
    return str(WORDS.get(event.details.get("reply", ""), ""))


def _usernames(appointment: Appointment, happened: Iterable[Event]) -> set[str]:
    own = {appointment.booked_by, appointment.state_by, appointment.override_by, appointment.acknowledged_by}
    return {name for name in own | {event.by for event in happened} if name}


def was(appointment: Appointment) -> str:
    """The time that a move leaves, in one line."""
    said = {"day": day(appointment.on), "from": clock(appointment.starts_at), "to": clock(appointment.ends_at)}
    said |= {"who": appointment.practitioner.name, "where": place(appointment)}
    return _("%(day)s, %(from)s to %(to)s, %(who)s, %(where)s") % said
