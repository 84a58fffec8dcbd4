"""Who would take a time that has become free: those who asked to come earlier, then those who are due.

The same handful of queries, whatever the number of patients.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from django.db.models import Exists, OuterRef, Q, QuerySet

from treatments.models import Appointment, Course, CourseTreatment, EarlierWish, Indication, Patient
from treatments.queries import history, plans
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import Facts, RuleBook
from treatments.rules.findings import stops
from treatments.rules.review import review, review_without_treatment
from treatments.rules.vocabulary import AppointmentState, TreatmentKind

SHOWN = 3
_WISHES, _DUE = 20, 60  # how many are judged at most: the oldest wishes, those who are due the longest
_QUESTIONS = ("questions_not_asked", "questions_out_of_date")


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that is free, with whom and where."""

    practitioner: int
    room: int
    starts_at: datetime
    ends_at: datetime
    on: date

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at


@dataclass(frozen=True, slots=True)
class Fit:
    """A patient who fits. `visit`: the later visit that would move here; `wish` or `overdue_from`/`due_until`: why."""

    patient: Patient
    courses: tuple[str, ...]
    visit: Appointment | None = None
    wish: EarlierWish | None = None
    due_until: date | None = None
    overdue: bool = False
    ask: bool = False


def is_free(slot: Slot, *, at: datetime) -> bool:
    """True while the time lies ahead and nobody has taken it."""
    whom = Q(practitioner=slot.practitioner) | Q(room=slot.room)
    taken = Appointment.objects.taking_time().filter(whom, starts_at__lt=slot.ends_at, ends_at__gt=slot.starts_at)
    return slot.starts_at > at and not taken.exists()


def fits(slot: Slot, *, today: date, but: int | None = None, limit: int = SHOWN) -> list[Fit]:
    """The first few who fit: not blocked on that day, reachable by phone, and the time is long enough for them.

    A patient whose questions are open is named too: a visit may be booked so, and who is due was mostly asked long ago.
    `but` is the patient who has just given the time up.
    """
    allowed = frozenset(
        Indication.objects.filter(Q(injectors__isnull=True) | Q(injectors=slot.practitioner)).values_list(
            "pk", flat=True
        )
    )
    found = [fit for fit in (*_wishing(slot, allowed), *_due(slot, allowed, today)) if fit.patient.pk != but]
    once = {fit.patient.pk: fit for fit in reversed(found)}  # who asked stands before who is only due
    ordered = [fit for fit in found if once[fit.patient.pk] is fit]
    people = {fit.patient.pk: (fit.patient.born_on, fit.patient.died_on) for fit in ordered}
    if not people:
        return []
    facts, book, courses = history.facts_of(people, people=people), rulebook(today), _courses(ordered)
    judged = (_judged(fit, slot, facts[fit.patient.pk], book, courses[fit.patient.pk]) for fit in ordered)
    return list(islice((fit for fit in judged if fit), limit))


def _wishing(slot: Slot, allowed: frozenset[int]) -> list[Fit]:
    """Those on the earlier-visit list whom this time would help: their visit lies later, or they have none."""
    rows = (
        EarlierWish.objects.filter(ended_at__isnull=True)
        .exclude(patient__phone="")
        .filter(Q(practitioner__isnull=True) | Q(practitioner=slot.practitioner))
        .filter(Q(not_before_on__isnull=True) | Q(not_before_on__lte=slot.on))
        .filter(patient__merged_into__isnull=True)
        .filter(~Exists(_busy(slot)))
        .select_related("patient", "appointment", "appointment__service", "appointment__product")
        .prefetch_related("appointment__courses__indication")
        .order_by("asked_at", "pk")[:_WISHES]
    )
    found = []
    for wish in rows:
        visit = wish.appointment if wish.appointment and AppointmentState(wish.appointment.state).is_live else None
        if visit is None or _helps(visit, slot, allowed):
            codes = tuple(course.indication.code for course in visit.courses.all()) if visit else ()
            found.append(Fit(wish.patient, codes, visit=visit, wish=wish))
    return found


def _helps(visit: Appointment, slot: Slot, allowed: frozenset[int]) -> bool:
    """True where a visit lies later, is as short as the time, and is for what this practitioner injects."""
    later = visit.state == AppointmentState.BOOKED and visit.starts_at > slot.starts_at
    short = visit.ends_at - visit.starts_at <= slot.length
    return later and short and all(course.indication_id in allowed for course in visit.courses.all())


def _busy(slot: Slot) -> QuerySet[Appointment]:
    """Visits of the same patient that the time would meet."""
    return Appointment.objects.taking_time().filter(
        patient=OuterRef("patient"), starts_at__lt=slot.ends_at, ends_at__gt=slot.starts_at
    )


def _due(slot: Slot, allowed: frozenset[int], today: date) -> list[Fit]:
    """This practitioner's patients who are due or overdue on that day and have no visit; the longest due first."""
    last = CourseTreatment.objects.filter(
        course=OuterRef("pk"),
        treatment__practitioner=slot.practitioner,
        treatment__performed_on=OuterRef("last_treated_on"),
        treatment__kind=TreatmentKind.FULL.value,
        treatment__voided_at__isnull=True,
    )
    coming = Appointment.objects.upcoming(today).filter(patient=OuterRef("patient"))
    rows = (
        Course.objects.callable(slot.on)
        .filter(due_from__lte=slot.on, lapsed_from__gt=slot.on, indication__in=allowed)
        .filter(Exists(last), ~Exists(coming), patient__merged_into__isnull=True)
        .exclude(patient__phone="")
        .select_related("patient", "indication")
        .defer("reasons")
        .order_by("due_from", "pk")[:_DUE]
    )
    grouped: dict[int, list[Course]] = {}
    for course in rows:
        grouped.setdefault(course.patient_id, []).append(course)
    return [
        Fit(
            same[0].patient,
            tuple(course.indication.code for course in same),
            due_until=same[0].due_until,
            overdue=any(c.overdue_from and c.overdue_from <= slot.on for c in same),
        )
        for same in grouped.values()
    ]


def _courses(found: Iterable[Fit]) -> dict[int, list[Course]]:
    """The courses of everybody who may fit, in one query."""
    by_patient: dict[int, list[Course]] = {fit.patient.pk: [] for fit in found}
    rows = Course.objects.filter(patient__in=list(by_patient)).select_related("indication").defer("reasons")
    for course in rows.order_by("pk"):
        by_patient[course.patient_id].append(course)
    return by_patient


def _judged(fit: Fit, slot: Slot, facts: Facts, book: RuleBook, courses: list[Course]) -> Fit | None:
    """The fit with what is open about it, None where the gate says no or cannot say yes for another reason."""
    wanted = [course for course in courses if course.indication.code in fit.courses]
    if not fit.courses:  # on the list without a visit: for what is due then
        wanted = [c for c in courses if c.stopped_on is None and c.due_from and c.due_from <= slot.on]
    if fit.visit and not fit.visit.is_treatment:
        findings = review_without_treatment(facts, on=slot.on)
    elif not wanted:
        return None
    else:
        product = fit.visit.product.code if fit.visit and fit.visit.product else ""
        findings = review(plans.of_courses(wanted, product=product), facts, book, on=slot.on)
    if stops(findings) or any(f.unknown and f.code not in _QUESTIONS for f in findings):
        return None
    codes = tuple(course.indication.code for course in wanted)
    ask = any(f.code in _QUESTIONS for f in findings)
    return Fit(fit.patient, codes, fit.visit, fit.wish, fit.due_until, fit.overdue, ask)
