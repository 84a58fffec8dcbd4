"""A message's words for one patient: the clinic's text with its fields, by the way that it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import phones
from treatments.models import Appointment, MessageText, Patient
from treatments.queries import telephone
from treatments.rules import texts
from treatments.services import links

_NEW_TIME = ("cancelled", "missed")  # texts whose link leads to a new time


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    body: str
    stop_url: str = ""


def address_of(patient: Patient, way: str) -> str:
    return {"sms": patient.phone, "email": patient.email}.get(way, "")


def of_reminder(text: MessageText, patient: Patient, *, way: str, due_from: date, at: datetime) -> Words:
    """Words for somebody who is due, with the link that stops reminders."""
    return _filled(
        text,
        patient,
        way,
        {"day": lambda: short(due_from), "link": lambda: links.make(patient, links.DUE, at=at)},
        stop=lambda: links.make(patient, links.STOP, at=at),
    )


def shown(text: MessageText, patient: Patient, *, way: str, **values: str) -> Words:
    """The words as they would go, for somebody who looks at them first. No link is made."""
    fixed = {name: partial(str, value) for name, value in values.items()}
    return _filled(text, patient, way, {"link": links.example, "stop": links.example, **fixed})


def of_visit(text: MessageText, visit: Appointment, *, way: str, starts_at: datetime, at: datetime) -> Words:
    """Words about a visit. One that goes ahead has a page of its own; for one that does not it is a new time."""
    patient = visit.patient

    def link() -> str:
        if text.code in _NEW_TIME:
            return links.make(patient, links.DUE, at=at)
        return links.make(patient, links.VISIT, at=at, appointment=visit)

    fixed = {name: partial(str, value) for name, value in visit_values(visit, starts_at, way=way).items()}
    return _filled(text, patient, way, {**fixed, "link": link})


def visit_values(visit: Appointment, starts_at: datetime, *, way: str) -> dict[str, str]:
    """What the fields say of a visit: a text message has no room for the whole name of a day."""
    local = timezone.localtime(starts_at)
    weekday = f"{local:%a}" if way == "sms" else f"{local:%A}"
    return {"day": f"{weekday} {short(local.date())}", "time": _time(local), "with": visit.practitioner.name}


def _filled(
    text: MessageText,
    patient: Patient,
    way: str,
    more: dict[str, Callable[[], str]],
    *,
    stop: Callable[[], str] | None = None,
) -> Words:
    """Only the fields that the words use are made: a link is a row."""
    words, subject = (text.sms, "") if way == "sms" else (text.email, text.subject)
    sources: dict[str, Callable[[], str]] = {
        "first": lambda: patient.preferred_name or patient.given_name or patient.family_name,
        "clinic": lambda: settings.CLINIC_NAME,
        "phone": lambda: phones.national(telephone.for_patients()) or _("the clinic"),
        **more,
    }
    if stop:
        sources["stop"] = stop
    needed = {*texts.used(words), *texts.used(subject)} | ({"stop"} if stop and way == "email" else set())
    fields = {name: sources[name]() for name in needed if name in sources}
    return Words(texts.fill(subject, fields)[:200], texts.fill(words, fields).strip(), fields.get("stop", ""))


def short(day: date) -> str:
    """14 July."""
    return f"{day.day} {day:%B}"


def _time(shown: datetime) -> str:
    return f"{shown.hour % 12 or 12}:{shown:%M}{'am' if shown.hour < 12 else 'pm'}"
