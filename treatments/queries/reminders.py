"""Who is due to be reminded on a day, and every fact that bears on it, read in a handful of queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from clinic.channels import registry
from treatments.models import (
    Appointment,
    ContactConsent,
    ContactPlan,
    ContactStep,
    Course,
    CourseBlock,
    Message,
    Patient,
    Reminder,
    Schedule,
    Treatment,
)
from treatments.models.appointments import LIVE
from treatments.rules import reminders
from treatments.rules.reminders import SEEN_DAYS, DueCourse, DuePatient, Plan, Step, Told
from treatments.rules.vocabulary import Anchor, AppointmentState, MessageState

REMINDER = "reminder"  # the kind of a message that reminds somebody who is due
REACHED = [s.value for s in (MessageState.SENT, MessageState.CLAIMED, MessageState.UNCERTAIN, MessageState.WAITING)]
_CONSENT = {ContactConsent.YES.value: True, ContactConsent.NO.value: False}
_WAS_HERE = (AppointmentState.ARRIVED, AppointmentState.CHECKED, AppointmentState.IN_ROOM)  # where nobody has closed it
_LONGEST_WINDOW = 366  # days that a window may have been open before its course lapses


@dataclass(frozen=True, slots=True)
class Plans:
    """The clinic's plans as they stand, by the row of the plan; None is the usual one."""

    by_id: Mapping[int | None, Plan]
    steps: Mapping[tuple[str, str], int]  # plan and step -> the step's row

    @property
    def ahead(self) -> int:
        return reminders.ahead(self.by_id.values())


def plans() -> Plans:
    """Every plan with its steps in use, in two queries."""
    rows = ContactPlan.objects.prefetch_related("steps__text").order_by("pk")
    by_id: dict[int | None, Plan] = {}
    steps: dict[tuple[str, str], int] = {}
    for row in rows:
        in_use = [step for step in row.steps.all() if step.is_active]
        by_id[row.pk] = Plan(
            code=row.code,
            sends=row.is_active,
            quiet_from=row.quiet_from,
            quiet_until=row.quiet_until,
            cap_days=row.cap_days,
            most_per_cycle=row.most_per_cycle,
            steps=tuple(Step(s.code, Anchor(s.anchor), s.offset_days, _ways(s), s.text.code) for s in in_use),
        )
        steps |= {(row.code, step.code): step.pk for step in row.steps.all()}
        if row.is_usual:
            by_id[None] = by_id[row.pk]
    return Plans(by_id, steps)


def _ways(step: ContactStep) -> tuple[str, ...]:
    """Its ways, in its order, but for those that its text has no words for."""
    return tuple(way for way in step.channels if way in step.text.ways)


def due_courses(on: date, plans: Plans, *, today: date) -> QuerySet[Course]:
    """Courses that are due on a day or will be within the plans' reach: read by their dates.

    None that has lapsed, by that day or by today: nobody is reminded for a day that has long gone.
    """
    months = Schedule.objects.aggregate(most=Max("lapse_after_months"))["most"] or 0
    first = on - timedelta(days=31 * (months + 1) + _LONGEST_WINDOW)
    dates = Q(due_from__gt=first, due_from__lte=on + timedelta(days=plans.ahead), lapsed_from__gt=max(on, today))
    return Course.objects.filter(dates, due_until__isnull=False, last_treated_on__isnull=False)


def due_patients(on: date, plans: Plans, *, today: date) -> list[int]:
    """The patients with a due course, in the order of their rows."""
    return sorted(set(due_courses(on, plans, today=today).order_by().values_list("patient", flat=True)))


def facts_of(patients: Collection[int], *, on: date, today: date, plans: Plans, but: int = 0) -> dict[int, DuePatient]:
    """What bears on the reminders of these patients. `but`: a message that is looked past, because it is being decided."""
    courses = _courses(patients, on, today, plans, but)
    found = {
        pk: DuePatient(
            courses=tuple(courses[pk]),
            consent=_CONSENT.get(consent),
            ways=reachable(phone, email),
            died=died_on is not None,
            merged=merged_into is not None,
        )
        for pk, consent, phone, email, died_on, merged_into in Patient.objects.filter(pk__in=courses).values_list(
            "pk", "contact_consent", "phone", "email", "died_on", "merged_into"
        )
    }
    for patient, changes in _beside(list(courses), on, today, but).items():
        found[patient] = replace(found[patient], **changes)
    return found


def reachable(phone: str, email: str) -> tuple[str, ...]:
    """The ways by which a patient with these can be written to, of those that the clinic has set up."""
    has = {"sms": phone, "email": email}
    return tuple(way for way in registry.ways() if has.get(way))


def _courses(patients: Collection[int], on: date, today: date, plans: Plans, but: int) -> dict[int, list[DueCourse]]:
    found: dict[int, list[DueCourse]] = defaultdict(list)
    rows: list[Any] = list(
        due_courses(on, plans, today=today)
        .filter(patient__in=list(patients))
        .order_by("patient", "pk")
        .values_list(
            "patient", "pk", "last_treated_on", "due_from", "due_until", "indication__contact_plan", "stopped_on",
            "doubt", "snoozed_until",
        )
    )  # fmt: skip
    told = _told([row[1] for row in rows], but)
    for patient, pk, cycle_on, due_from, due_until, plan, stopped_on, doubt, snoozed_until in rows:
        its_plan = plans.by_id.get(plan) or plans.by_id.get(None)
        if its_plan is None:
            continue
        found[patient].append(
            DueCourse(
                ref=pk,
                cycle_on=cycle_on,
                due_from=due_from,
                due_until=due_until,
                plan=its_plan,
                stopped=stopped_on is not None,
                doubtful=bool(doubt),
                snoozed_until=snoozed_until,
                told=tuple(one for since, one in told[pk] if since >= cycle_on),
            )
        )
    return found


def _told(courses: list[int], but: int) -> dict[int, list[tuple[date, Told]]]:
    """Every reminder of a course with its cycle. One of a later cycle, whose treatment is void by now, was sent in this."""
    found: dict[int, list[tuple[date, Told]]] = defaultdict(list)
    rows = Reminder.objects.filter(course__in=courses).exclude(message=but)
    for course, cycle_on, step, state, way, refused, sent_at, made_at in rows.order_by("pk").values_list(
        "course", "cycle_on", "step__code", "message__state", "message__channel", "refused", "message__sent_at",
        "message__made_at",
    ):  # fmt: skip
        told = Told(step, MessageState(state), _day(sent_at or made_at), way, refused)
        found[course].append((cycle_on, told))
    return found


def _beside(patients: list[int], on: date, today: date, but: int) -> dict[int, dict[str, Any]]:
    """Blocks, visits, earlier messages and treatments: a query each."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    blocks = CourseBlock.objects.in_force(max(on, today)).filter(course__patient__in=patients)
    for patient in blocks.filter(course__stopped_on__isnull=True).order_by().values_list("course__patient", flat=True):
        found[patient]["blocked"] = True
    for patient, day, state in _visits(patients, min(on, today)):
        _note_visit(found[patient], day, state, first=min(on, today))
    written = Message.objects.filter(patient__in=patients, kind=REMINDER, state__in=REACHED).exclude(pk=but).order_by()
    for patient, at in written.values_list("patient").annotate(at=Max(Coalesce("sent_at", "made_at"))):
        found[patient]["reached_on"] = _day(at)
    since = min(on, today) - timedelta(days=SEEN_DAYS)
    seen = Treatment.objects.valid().filter(patient__in=patients, performed_on__gt=since).order_by()
    for patient, day in seen.values_list("patient").annotate(day=Max("performed_on")):
        found[patient]["seen_on"] = max(day, found[patient].get("seen_on", day))
    return found


def _visits(patients: list[int], first: date) -> Iterable[tuple[int, date, str]]:
    since = first - timedelta(days=SEEN_DAYS)
    states = [*LIVE, AppointmentState.DONE.value]
    rows = Appointment.objects.filter(patient__in=patients, on__gt=since, state__in=states)
    return rows.order_by("on", "pk").values_list("patient", "on", "state")


def _note_visit(about: dict[str, Any], day: date, state: str, *, first: date) -> None:
    """Booked or held from that day on, or somebody who was here lately."""
    if state == AppointmentState.DONE or (day < first and state in _WAS_HERE):
        about["seen_on"] = day
    elif day < first:
        return
    elif state == AppointmentState.ON_HOLD:
        about["visit_held"] = True
    else:
        about.setdefault("booked_on", day)


def _day(at: datetime) -> date:
    return timezone.localtime(at).date()
