"""The last message of a cycle, which a person sends after calls without an answer.

It is the last step of the course's plan, sent before its day: so the step is taken, and no run sends it again. What
stands against a reminder stands against it, when it goes as well as when it is asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from treatments.models import ContactAttempt, Course, Message, MessageText, Reminder
from treatments.models.fields import new_long_id
from treatments.queries import reminders as find
from treatments.queries.reminders import REMINDER
from treatments.rules import reminders as rules
from treatments.rules.reminders import Bucket, Decision, DueCourse, DuePatient
from treatments.rules.vocabulary import Outcome
from treatments.services import outbox, people, wording
from treatments.services.acts import act
from treatments.services.visit_messages import UNDO
from treatments.services.wording import Words

_GOES = (Bucket.TO_SEND, Bucket.QUIET_HOURS)


@dataclass(frozen=True, slots=True)
class Offer:
    """What the gate says of the last message now, and its words where it may go."""

    decision: Decision
    words: Words | None = None


def offer(course: Course, *, at: datetime) -> Offer | None:
    """None where the course is not due, or its plan has no steps."""
    decision, _others = _decided(course, at=at)
    if decision is None or decision.step is None or decision.bucket not in _GOES:
        return Offer(decision) if decision else None
    text = MessageText.objects.get(code=decision.step.text)
    day = wording.short(decision.course.due_from)
    return Offer(decision, wording.shown(text, course.patient, way=decision.way, day=day))


@act
def send(course: Course, *, by: str, at: datetime) -> Message:
    """In three minutes, if nothing stands against it then. ValidationError where something does now.

    It speaks for every course of the patient whose window has opened.
    """
    patient = people.locked(course.patient)
    decision, others = _decided(course, at=at)
    if decision is None or decision.step is None or decision.bucket not in _GOES:
        raise ValidationError(_("The last message cannot be sent to this patient now."))
    about, step = decision.course, decision.step
    message = Message.objects.create(
        public_id=new_long_id(),
        key=f"{REMINDER}:{about.ref}:{about.cycle_on}:{step.code}:{decision.way}",
        kind=REMINDER,
        patient=patient,
        text_code=step.text,
        channel=decision.way,
        address=wording.address_of(patient, decision.way),
        made_by=by,
        made_at=at,
        not_before_at=at + UNDO,
        too_late_at=at + outbox.KEPT,
    )
    _keep_steps(message, [decision, *others])
    outbox.said(message, "message.asked", by=by, at=at)
    return message


def asked(about: DuePatient, courses: Collection[int]) -> DuePatient:
    """The facts, with the last step asked for in these courses. A rest after a call that nobody answered is over by it."""
    not_now = set(_not_now(courses))
    return replace(about, courses=tuple(_asked(c, not_now) if c.ref in courses else c for c in about.courses))


def _asked(course: DueCourse, not_now: set[int]) -> DueCourse:
    until = course.snoozed_until if course.ref in not_now else None
    return replace(course, asked=rules.last_step(course), snoozed_until=until)


def _not_now(courses: Collection[int]) -> list[int]:
    """Those whose patients have last said “not now” or “will call”, which is theirs to say."""
    said = ContactAttempt.objects.filter(course__in=courses, undone_at__isnull=True).order_by("at", "pk")
    last = dict(said.values_list("course", "outcome"))
    return [course for course, outcome in last.items() if outcome in (Outcome.NOT_NOW, Outcome.WILL_CALL)]


def _keep_steps(message: Message, decisions: list[Decision]) -> None:
    rows = find.plans().steps
    Reminder.objects.bulk_create(
        Reminder(
            course_id=d.course.ref,
            cycle_on=d.course.cycle_on,
            step_id=rows[d.course.plan.code, d.step.code],
            message=message,
        )
        for d in decisions
        if d.step
    )


def _decided(course: Course, *, at: datetime) -> tuple[Decision | None, list[Decision]]:
    """What is decided on this course, and the patient's others that the same message can speak for."""
    shown, plans = timezone.localtime(at), find.plans()
    today = shown.date()
    about = find.facts_of([course.patient_id], on=today, today=today, plans=plans).get(course.patient_id)
    if about is None:
        return None, []
    open_now = {other.ref for other in about.courses if other.due_from <= today or other.ref == course.pk}
    decisions = rules.decide(asked(about, open_now), on=today, clock=shown.time())
    found = next((d for d in decisions if d.course.ref == course.pk and d.course.asked), None)
    others = [d for d in decisions if d.course.ref in open_now - {course.pk} and d.bucket in _GOES]
    return found, [d for d in others if found and d.way == found.way]
