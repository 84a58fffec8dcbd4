"""Visits still to come that lie outside what the clinic has said since: hours, closed days, who injects what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from clinic.formats import clock
from clinic.models import WorkingHours
from treatments.models import Appointment
from treatments.queries import hours
from treatments.queries.hours import WorkDay

_KNOWINGLY = ("outside_hours", "clinic_closed")


@dataclass(frozen=True, slots=True)
class Outside:
    """One visit and why it is here; `knowingly`: it was booked so, by somebody who had read the caution."""

    visit: Appointment
    why: str
    knowingly: bool


def visits_outside(on: date) -> list[Outside]:
    """The live visits from that day on, by time. As many queries for one as for thirty."""
    coming = Appointment.objects.upcoming(on)
    last = coming.aggregate(last=Max("on"))["last"]
    if last is None:
        return []
    work = hours.work_days(on, last)
    with_hours = set(WorkingHours.objects.order_by().values_list("practitioner", flat=True).distinct())
    found = []
    for visit in _rows(coming):
        if why := _why(visit, work[visit.on], has_hours=visit.practitioner_id in with_hours) or _not_theirs(visit):
            found.append(Outside(visit, why, _knowingly(visit.findings)))
    return found


def _rows(coming: QuerySet[Appointment]) -> Iterable[Appointment]:
    rows = coming.select_related("patient", "practitioner", "room__location", "service")
    return rows.prefetch_related("courses__indication__injectors").order_by("starts_at", "pk")


def _why(visit: Appointment, work: WorkDay, *, has_hours: bool) -> str:
    here = visit.room.location_id
    if name := work.closed_everywhere or work.closed.get(here, ""):
        return _("Closed: %(why)s") % {"why": name}
    if visit.practitioner_id in work.away:
        why = work.away[visit.practitioner_id]
        return _("Away: %(why)s") % {"why": why} if why else _("Away")
    mine = [desk for desk in work.desks if desk.practitioner == visit.practitioner_id]
    spans = [desk.open for desk in mine if desk.location == here]
    if not has_hours or any(span.starts_at <= visit.starts_at and visit.ends_at <= span.ends_at for span in spans):
        return ""
    if spans:
        told = ", ".join(f"{clock(span.starts_at)} to {clock(span.ends_at)}" for span in spans)
        return _("Works here %(hours)s") % {"hours": told}
    return _("Works elsewhere") if mine else _("Does not work on that day")


def _not_theirs(visit: Appointment) -> str:
    for course in visit.courses.all():
        injectors = course.indication.injectors.all()
        if visit.is_treatment and injectors and visit.practitioner not in injectors:
            return _("Does not inject %(what)s") % {"what": course.indication.short_name}
    return ""


def _knowingly(findings: list[dict[str, Any]]) -> bool:
    return any(finding.get("code") in _KNOWINGLY for finding in findings)
