"""What the page of a visit shows: where it stands, what stands against it, what happened to it, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.formats import clock, day, long_day, moment
from treatments.models import Appointment, Course, OverrideReason
from treatments.queries import visits
from treatments.queries.staff import staff_names
from treatments.queries.visits import Event
from treatments.rules.findings import Finding, hard_stops, stops
from treatments.rules.review import review
from treatments.rules.vocabulary import AppointmentState, VerdictState
from treatments.services.courses import not_overridden
from treatments.views.decision import ways
from treatments.views.verdicts import Verdict, stored_line, verdict
from treatments.views.visit_forms import person

JUDGED = ("appointment.booked", "appointment.moved", "appointment.released", "appointment.overridden")


@dataclass(frozen=True)
class Step:
    """One thing to do next. `post`: a button that does it; otherwise a link to its page."""

    label: str
    url: str
    post: bool = False
    primary: bool = False


def appointment_of(public_id: str) -> Appointment:
    """The visit of an address, with all that its pages show."""
    courses = Prefetch("courses", Course.objects.select_related("indication").order_by("indication__name", "pk"))
    found = Appointment.objects.select_related("patient", "practitioner", "room__location", "product")
    return get_object_or_404(found.prefetch_related(courses), public_id=public_id.upper())


def context(request: HttpRequest, appointment: Appointment, frame: dict[str, Any], plan: Any) -> dict[str, Any]:
    """Everything on the page of a visit; `plan` is what the gate judges."""
    state = AppointmentState(appointment.state)
    found = review(plan, frame["facts"], frame["book"], on=appointment.on)
    standing = not_overridden(appointment, found) if state.is_live else []
    happened = visits.events(appointment)
    people = staff_names(_usernames(appointment, happened))
    held = state == AppointmentState.ON_HOLD
    return frame | {
        "visit": appointment,
        "heading": heading(appointment),
        "rows": _rows(appointment, people),
        "verdict": _verdict(found, standing, appointment.on) if state.is_live else None,
        "held": held,
        "standing": " ".join(f.sentence for f in standing),
        "override": _override(appointment, people),
        "known_then": _known_then(happened, people),
        "history": [_line(event, people) for event in happened],
        "steps": steps(request, appointment, standing, on=frame["on"]),
        "ways": ways(standing, frame["facts"], frame["book"], appointment.patient) if standing else [],
        "ask_a_prescriber": held and bool(standing) and not hard_stops(standing) and not person(request).is_prescriber,
        "treatments": list(appointment.treatments.valid().order_by("pk")),
    }


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
    """What the visit is for."""
    return ", ".join(course.indication.short_name for course in appointment.courses.all())


def place(appointment: Appointment) -> str:
    return f"{appointment.room.location.name}, {appointment.room.name}"


def _rows(appointment: Appointment, people: dict[str, str]) -> list[tuple[str, str]]:
    rows = [
        (_("For"), what(appointment)),
        (_("Product"), appointment.product.brand if appointment.product else _("As last time, or decided then")),
        (_("With"), appointment.practitioner.name),
        (_("Where"), place(appointment)),
        (_("Note"), appointment.note),
        (_("Booked"), _by(appointment.booked_by, appointment.booked_at, people)),
        (_("Cautions read by"), people.get(appointment.acknowledged_by, "")),
    ]
    if appointment.state != AppointmentState.BOOKED:
        changed = _by(appointment.state_by, appointment.state_at, people)
        rows.append((str(appointment.get_state_display()), changed))
    if appointment.state_reason and appointment.state != AppointmentState.ON_HOLD:
        rows.append((_("Reason"), appointment.state_reason))
    return [row for row in rows if row[1]]


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
        "appointment.done": _("Done"),
        "appointment.missed": _("Missed"),
        "appointment.cancelled": _("Cancelled"),
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


def _usernames(appointment: Appointment, happened: Iterable[Event]) -> set[str]:
    own = {appointment.booked_by, appointment.state_by, appointment.override_by, appointment.acknowledged_by}
    return {name for name in own | {event.by for event in happened} if name}


# ---- what comes next ----


def steps(request: HttpRequest, appointment: Appointment, standing: list[Finding], *, on: date) -> list[Step]:
    """The buttons of the page: by state, by day, and only what the person may do. The first is the next step."""
    user, state = person(request), AppointmentState(appointment.state)
    found: list[Step] = []
    if user.has_perm("treatments.change_appointment"):
        if state == AppointmentState.ON_HOLD:
            found += _off_hold(appointment, standing, is_prescriber=user.is_prescriber)
        found += _marks(
            appointment, state, on, treats=user.has_perm("treatments.add_treatment"), stopped=bool(standing)
        )
        if state.is_live:
            found += [
                Step(_("Move"), reverse("visit_move", args=[appointment.public_id])),
                Step(_("Cancel"), reverse("visit_cancel", args=[appointment.public_id])),
            ]
    if state in (AppointmentState.CANCELLED, AppointmentState.MISSED) and user.has_perm("treatments.add_appointment"):
        found.insert(0, Step(_("Rebook"), rebook_url(appointment), primary=True))
    return found


def _off_hold(appointment: Appointment, standing: list[Finding], *, is_prescriber: bool) -> list[Step]:
    if not standing:
        return [Step(_("Release"), reverse("visit_release", args=[appointment.public_id]), post=True, primary=True)]
    if is_prescriber and not hard_stops(standing):
        return [Step(_("Override…"), reverse("visit_override", args=[appointment.public_id]))]
    return []


def _marks(
    appointment: Appointment, state: AppointmentState, on: date, *, treats: bool, stopped: bool
) -> Iterable[Step]:
    def mark(label: str, to: AppointmentState, *, primary: bool = False) -> Step:
        return Step(label, reverse("visit_mark", args=[appointment.public_id, to.value]), post=True, primary=primary)

    come = appointment.on <= on
    if state == AppointmentState.ARRIVED and treats and not stopped:
        url = reverse("treat", args=[appointment.patient.public_id])
        yield Step(_("Treat"), f"{url}?{urlencode({'visit': appointment.public_id})}", primary=True)
    if state == AppointmentState.BOOKED and come:
        yield mark(_("Arrived"), AppointmentState.ARRIVED, primary=True)
    if state == AppointmentState.ARRIVED:
        yield mark(_("Done"), AppointmentState.DONE, primary=not treats)
    if state in (AppointmentState.BOOKED, AppointmentState.ON_HOLD) and come:
        yield mark(_("Missed"), AppointmentState.MISSED)
    if state in (AppointmentState.ARRIVED, AppointmentState.DONE, AppointmentState.MISSED):
        yield mark(_("Undo: booked again"), AppointmentState.BOOKED)


def rebook_url(appointment: Appointment) -> str:
    """Booking the same again."""
    asked = urlencode([("course", course.indication.code) for course in appointment.courses.all()])
    return f"{reverse('book', args=[appointment.patient.public_id])}?{asked}"


def was(appointment: Appointment) -> str:
    """The time that a move leaves, in one line."""
    said = {"day": day(appointment.on), "from": clock(appointment.starts_at), "to": clock(appointment.ends_at)}
    said |= {"who": appointment.practitioner.name, "where": place(appointment)}
    return _("%(day)s, %(from)s to %(to)s, %(who)s, %(where)s") % said
