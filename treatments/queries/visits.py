"""Reads about visits: who is taken when on a day, and what happened to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from clinic.models import AuditEvent, Practitioner, Room
from treatments.models import Appointment, Flag, Patient
from treatments.queries.staff import staff_names


@dataclass(frozen=True, slots=True)
class Taken:
    """One live visit of the day; `of` names whom of the three asked for it takes."""

    starts_at: datetime
    ends_at: datetime
    of: frozenset[str]


@dataclass(frozen=True, slots=True)
class Event:
    """One act on a visit, from the audit trail."""

    at: datetime
    by: str
    verb: str
    reason: str
    details: dict[str, Any]
    findings: list[dict[str, Any]]


def taken(
    day: date,
    *,
    patient: Patient,
    practitioner: Practitioner | None,
    room: Room | None,
    but: Appointment | None = None,
) -> list[Taken]:
    """The live visits of a day that take the practitioner, the room or the patient, by time."""
    wanted = {
        "patient": patient.pk,
        "practitioner": practitioner.pk if practitioner else None,
        "room": room.pk if room else None,
    }
    anyone = Q()
    for name, pk in wanted.items():
        if pk:
            anyone |= Q(**{name: pk})
    rows = Appointment.objects.live().filter(anyone, on=day)
    if but:
        rows = rows.exclude(pk=but.pk)
    found = rows.order_by("starts_at", "pk").values_list(
        "starts_at", "ends_at", "patient_id", "practitioner_id", "room_id"
    )
    return [
        Taken(starts_at, ends_at, frozenset(name for name, pk in zip(wanted, pks, strict=True) if pk == wanted[name]))
        for starts_at, ends_at, *pks in found
    ]


def events(appointment: Appointment) -> list[Event]:
    """What happened to a visit, latest first."""
    rows = AuditEvent.objects.filter(
        patient_id=appointment.patient.public_id, object_type="appointment", object_id=appointment.public_id
    )
    return [
        Event(*row)
        for row in rows.order_by("-at", "-pk").values_list("at", "by", "verb", "reason", "details", "findings")
    ]


def raised(refs: Iterable[str]) -> dict[str, tuple[str, datetime]]:
    """Flag number -> who raised it, and when."""
    rows = list(Flag.objects.filter(public_id__in=refs).values_list("public_id", "raised_by", "raised_at"))
    people = staff_names({by for _ref, by, _at in rows}) if rows else {}
    return {ref: (people[by], at) for ref, by, at in rows}
