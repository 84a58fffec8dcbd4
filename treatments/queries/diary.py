"""The diary of a day: each visit with what the gate says of it, in the same number of queries for one and for thirty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from treatments.models import Appointment, Course, Treatment
from treatments.queries import history, plans
from treatments.queries.rulebook import rulebook
from treatments.rules.contraindications import answer_state
from treatments.rules.findings import Finding
from treatments.rules.review import review
from treatments.rules.vocabulary import AppointmentState


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of the day. `answers`: the state of the safety questions on that day, and when they were asked.

    Only live visits are judged; the others have no findings.
    """

    appointment: Appointment
    treated: bool
    findings: tuple[Finding, ...] = ()
    answers: tuple[str, date | None] = ("", None)


def visits(day: date, *, today: date, practitioner: str = "") -> list[Visit]:
    """The visits of a day by time, of one practitioner (by name) or of all; judged by the rules of today."""
    rows = _of_day(day)
    found = list(rows.filter(practitioner__name=practitioner) if practitioner else rows)
    live = [a for a in found if AppointmentState(a.state).is_live]
    if not live:
        return [Visit(a, a.was_treated) for a in found]
    people = {a.patient_id: (a.patient.born_on, a.patient.died_on) for a in live}
    facts, book = history.facts_of(people, people=people), rulebook(today)
    judged = {
        a.pk: (
            tuple(review(plans.of_appointment(a), facts[a.patient_id], book, on=day)),
            answer_state(facts[a.patient_id], book, on=day),
        )
        for a in live
    }
    return [Visit(a, a.was_treated, *judged.get(a.pk, ())) for a in found]


def _of_day(day: date) -> QuerySet:
    courses = Course.objects.select_related("indication").defer("reasons", "stopped_reason").order_by("pk")
    given = Treatment.objects.valid().filter(appointment=OuterRef("pk"))
    return (
        Appointment.objects.filter(on=day)
        .select_related("patient", "practitioner", "room", "product")
        .defer("findings", "patient__note", "patient__address")
        .prefetch_related(Prefetch("courses", queryset=courses))
        .annotate(was_treated=Exists(given))
        .order_by("starts_at", "pk")
    )
