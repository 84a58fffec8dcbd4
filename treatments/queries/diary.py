"""The diary of a day: each visit with what the gate says of it, in the same number of queries for one and for thirty."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum

from clinic.models import AuditEvent
from treatments.models import Appointment, Course, Treatment
from treatments.queries import consents, history, plans
from treatments.queries.consents import ConsentState
from treatments.queries.rulebook import rulebook
from treatments.rules.contraindications import answer_state
from treatments.rules.facts import Facts, RuleBook
from treatments.rules.findings import Finding
from treatments.rules.review import review, review_without_treatment
from treatments.rules.vocabulary import AppointmentState

MOST_HELD = 50  # of the coming days; more than that is a clinic that has stopped deciding


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of the day. `answers`: the state of the safety questions on that day, and when they were asked.

    Only live visits are judged; the others have no findings.
    """

    appointment: Appointment
    treated: bool
    findings: tuple[Finding, ...] = ()
    answers: tuple[str, date | None] = ("", None)
    consent: ConsentState = consents.NONE


class HeldVisit(NamedTuple):
    """A visit of a coming day that waits for a decision."""

    public_id: str
    on: date
    starts_at: datetime
    reason: str
    patient_id: str
    family_name: str
    given_name: str
    born_on: date
    practitioner: str
    room: str


def visits(day: date, *, today: date, practitioner: str = "") -> list[Visit]:
    """The visits of a day by time, of one practitioner (by name) or of all; judged by the rules of today."""
    rows = _of_day(day)
    found = list(rows.filter(practitioner__name=practitioner) if practitioner else rows)
    live = [a for a in found if AppointmentState(a.state).is_live]
    if not live:
        return [Visit(a, a.was_treated) for a in found]
    people = {a.patient_id: (a.patient.born_on, a.patient.died_on) for a in live}
    facts, book = history.facts_of(people, people=people), rulebook(today)
    signed = consents.states(people, day)
    judged = {
        a.pk: judge(a, facts[a.patient_id], book, signed.get(a.patient_id, consents.NONE), treated=a.was_treated)
        for a in live
    }
    return [judged.get(a.pk) or Visit(a, a.was_treated) for a in found]


def judge(
    appointment: Appointment, facts: Facts, book: RuleBook, consent: ConsentState, *, treated: bool = False
) -> Visit:
    """A live visit with what the gate says of it on its day."""
    if appointment.is_treatment:
        found = review(plans.of_appointment(appointment), facts, book, on=appointment.on)
    else:
        found = review_without_treatment(facts, on=appointment.on)
    return Visit(appointment, treated, tuple(found), answer_state(facts, book, on=appointment.on), consent)


def held_after(day: date, *, practitioner: str = "") -> list[HeldVisit]:
    """The visits on hold of the days after that one, the next first."""
    rows = Appointment.objects.filter(on__gt=day, state=AppointmentState.ON_HOLD).order_by("starts_at", "pk")
    if practitioner:
        rows = rows.filter(practitioner__name=practitioner)
    return [
        HeldVisit(*row)
        for row in rows.values_list(
            "public_id", "on", "starts_at", "state_reason", "patient__public_id", "patient__family_name",
            "patient__given_name", "patient__born_on", "practitioner__name", "room__name",
        )[:MOST_HELD]
    ]  # fmt: skip


def stamp(day: date, *more: object) -> str:
    """Changes whenever anything on the day sheet does: a visit, its patient, what they answered or signed. One query.

    Everything that is done about a patient leaves its mark in the audit trail; the sums notice a visit that has gone.
    """
    last = AuditEvent.objects.filter(patient_id=OuterRef("patient__public_id")).order_by("-pk").values("pk")[:1]
    rows = Appointment.objects.filter(Q(on=day) | Q(on__gt=day, state=AppointmentState.ON_HOLD)).order_by()
    found = rows.annotate(act=Subquery(last)).aggregate(
        number=Count("pk"), which=Sum("pk"), versions=Sum("version"), last=Max("act"), acts=Sum("act")
    )
    parts = (day, *sorted(found.items()), *more)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def _of_day(day: date) -> QuerySet:
    courses = Course.objects.select_related("indication").defer("reasons", "stopped_reason").order_by("pk")
    given = Treatment.objects.valid().filter(appointment=OuterRef("pk"))
    return (
        Appointment.objects.filter(on=day)
        .select_related("patient", "practitioner", "room", "product", "service")
        .defer("findings", "patient__note", "patient__address")
        .prefetch_related(Prefetch("courses", queryset=courses))
        .annotate(was_treated=Exists(given))
        .order_by("starts_at", "pk")
    )
