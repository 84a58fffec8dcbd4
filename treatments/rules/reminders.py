"""Who is reminded on a day, and why somebody is not: one bucket for each due course, one message for each patient.

Pure: plain facts of one patient in, decisions out. What stands against a reminder is looked at in a fixed order, and
the first that holds names the bucket; so every due course is in exactly one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum

from treatments.rules.quiet_hours import is_quiet
from treatments.rules.vocabulary import Anchor, MessageState

SOON_DAYS = 21  # a course counts as due from here on, or from its plan's first step where that is earlier
SEEN_DAYS = 7  # whoever was here is left in peace
_NOT_REACHED = (MessageState.FAILED, MessageState.DROPPED)  # it failed, and maybe a person has left it at that


class Bucket(StrEnum):
    """Where a due course is after a run. `to_send` is there only before it."""

    TO_SEND = "to_send"
    SENT = "sent"
    BOOKED = "booked"
    ON_HOLD = "on_hold"
    OPTED_OUT = "opted_out"
    NOT_ASKED = "not_asked"
    NO_CHANNEL = "no_channel"
    QUIET_HOURS = "quiet_hours"
    CAPPED = "capped"
    SNOOZED = "snoozed"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    STOPPED = "stopped"
    WAITING = "waiting"


class Why(StrEnum):
    """The reason within a bucket, for those that have several."""

    NONE = ""
    DIED = "died"
    MERGED = "merged"
    STOPPED = "stopped"
    PLAN_OFF = "plan_off"
    BLOCKED = "blocked"
    VISIT_HELD = "visit_held"
    DOUBT = "doubt"
    SEEN = "seen"
    LATELY = "lately"
    MOST = "most"
    NEXT_STEP = "next_step"
    NO_MORE_STEPS = "no_more_steps"
    TRIED_AGAIN = "tried_again"


@dataclass(frozen=True, slots=True)
class Step:
    """So many days after (below zero: before) a date of the course. `ways`: the first one that is possible."""

    code: str
    anchor: Anchor
    offset: int
    ways: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    code: str
    sends: bool
    quiet_from: time
    quiet_until: time
    cap_days: int
    most_per_cycle: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A reminder that this cycle of the course already has. `on`: the day it went out, or was claimed.

    `refused`: the provider would not take it by its way, so that nothing arrived.
    """

    step: str
    state: MessageState
    on: date
    way: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class DueCourse:
    """`cycle_on`: the last full treatment. `told`: the reminders made since. `asked`: the step that a person asks for."""

    ref: int
    cycle_on: date
    due_from: date
    due_until: date
    plan: Plan
    stopped: bool = False
    doubtful: bool = False
    snoozed_until: date | None = None
    told: tuple[Told, ...] = ()
    asked: Step | None = None


@dataclass(frozen=True, slots=True)
class DuePatient:
    """What bears on all courses of a patient. `reached_on`: the last reminder of any course; `seen_on`: last here."""

    courses: tuple[DueCourse, ...]
    consent: bool | None = None
    ways: tuple[str, ...] = ()
    died: bool = False
    merged: bool = False
    blocked: bool = False
    visit_held: bool = False
    booked_on: date | None = None
    reached_on: date | None = None
    seen_on: date | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`until`: from when it may be otherwise, where that is known."""

    course: DueCourse
    bucket: Bucket
    why: Why = Why.NONE
    step: Step | None = None
    way: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """The one message to a patient: the text of the course that has waited longest, and every course it speaks for."""

    step: Step
    way: str
    about: DueCourse
    courses: tuple[tuple[DueCourse, Step], ...]


def decide(patient: DuePatient, *, on: date, clock: time) -> tuple[Decision, ...]:
    """The bucket of each due course on a day, at a time of the clinic's clock."""
    return tuple(_decided(course, patient, on, clock) for course in patient.courses)


def letter(decisions: Iterable[Decision]) -> Letter | None:
    """What is to be sent now: several due courses make one message."""
    now = [d for d in decisions if d.bucket == Bucket.TO_SEND and d.step is not None]
    if not now:
        return None
    first = min(now, key=lambda d: (d.course.due_until, d.course.due_from, d.course.ref))
    assert first.step is not None
    together = tuple((d.course, d.step) for d in now if d.step and first.way not in _refused_ways(d.course, d.step))
    return Letter(first.step, first.way, first.course, together)


def balance(decisions: Iterable[Decision]) -> dict[str, int]:
    """How many courses are in each bucket. They add up: nothing is in two, nothing in none."""
    counts = {bucket.value: 0 for bucket in Bucket}
    for decision in decisions:
        counts[decision.bucket.value] += 1
    return counts


def _decided(course: DueCourse, patient: DuePatient, on: date, clock: time) -> Decision:
    if any(told.state == MessageState.SENT and told.on == on for told in course.told):
        return Decision(course, Bucket.SENT)
    return _held_back(course, patient, on) or _by_step(course, patient, on, clock)


def _held_back(course: DueCourse, patient: DuePatient, on: date) -> Decision | None:
    """What stands against any reminder, whatever the step."""
    for applies, bucket, why, until in (
        (patient.died, Bucket.STOPPED, Why.DIED, None),
        (patient.merged, Bucket.STOPPED, Why.MERGED, None),
        (course.stopped, Bucket.STOPPED, Why.STOPPED, None),
        (not course.plan.sends, Bucket.STOPPED, Why.PLAN_OFF, None),
        (patient.blocked, Bucket.ON_HOLD, Why.BLOCKED, None),
        (patient.visit_held, Bucket.ON_HOLD, Why.VISIT_HELD, None),
        (course.doubtful, Bucket.ON_HOLD, Why.DOUBT, None),
        (patient.booked_on is not None, Bucket.BOOKED, Why.NONE, patient.booked_on),
        (patient.consent is False, Bucket.OPTED_OUT, Why.NONE, None),
        (_later(course.snoozed_until, on), Bucket.SNOOZED, Why.NONE, course.snoozed_until),
        (patient.consent is None, Bucket.NOT_ASKED, Why.NONE, None),
    ):
        if applies:
            return Decision(course, bucket, why, until=until)
    return None


def _later(day: date | None, on: date) -> bool:
    return day is not None and day > on


def _by_step(course: DueCourse, patient: DuePatient, on: date, clock: time) -> Decision:
    step, plan = course.asked or current_step(course, on), course.plan
    following = next_step(course, on)
    until = step_day(following, course) if following else None
    if step is None:
        why = Why.NEXT_STEP if following else Why.NO_MORE_STEPS
        return Decision(course, Bucket.WAITING, why, until=until)
    way = first_of(_ways_left(course, step), patient.ways)
    said = _already(course, step)
    if said and not (way and _may_go_another_way(said, step)):
        return _after(said, course, until)
    if len([told for told in course.told if told.state not in _NOT_REACHED]) >= plan.most_per_cycle:
        return Decision(course, Bucket.CAPPED, Why.MOST, step)
    if _within(patient.seen_on, SEEN_DAYS, on):
        return Decision(course, Bucket.CAPPED, Why.SEEN, step, until=_plus(patient.seen_on, SEEN_DAYS))
    if _within(patient.reached_on, plan.cap_days, on):
        return Decision(course, Bucket.CAPPED, Why.LATELY, step, until=_plus(patient.reached_on, plan.cap_days))
    if not way:
        return Decision(course, Bucket.NO_CHANNEL, step=step)
    if is_quiet(clock, plan.quiet_from, plan.quiet_until):
        return Decision(course, Bucket.QUIET_HOURS, step=step, way=way)
    return Decision(course, Bucket.TO_SEND, step=step, way=way)


def _after(told: Told, course: DueCourse, until: date | None) -> Decision:
    """The current step, or a later one, has its reminder: where that stands."""
    if told.state in _NOT_REACHED:
        return Decision(course, Bucket.FAILED, until=until)
    if told.state == MessageState.UNCERTAIN:
        return Decision(course, Bucket.UNCERTAIN, until=until)
    if told.state in (MessageState.WAITING, MessageState.CLAIMED):
        return Decision(course, Bucket.WAITING, Why.TRIED_AGAIN)
    why = Why.NEXT_STEP if until else Why.NO_MORE_STEPS
    return Decision(course, Bucket.WAITING, why, until=until)


def _within(day: date | None, days: int, on: date) -> bool:
    """On a day that lies before the other one, too: a run for a past day does not write to people twice."""
    return day is not None and (on - day).days < days


def _plus(day: date | None, days: int) -> date | None:
    return day + timedelta(days=days) if day else None


# ---- steps ----


def step_day(step: Step, course: DueCourse) -> date:
    """The first day on which the step may go out."""
    anchor = course.due_from if step.anchor == Anchor.DUE_FROM else course.due_until
    return anchor + timedelta(days=step.offset)


def current_step(course: DueCourse, on: date) -> Step | None:
    """The latest step that has come. What was to be said before a date is no longer said from that date on."""
    come = [step for step in _in_order(course) if step_day(step, course) <= on and not _is_past(step, course, on)]
    return come[-1] if come else None


def next_step(course: DueCourse, on: date) -> Step | None:
    """The first step that is still to come."""
    return next((step for step in _in_order(course) if step_day(step, course) > on), None)


def last_step(course: DueCourse) -> Step | None:
    """The one after which the plan says nothing more."""
    return next(reversed(_in_order(course)), None)


def _in_order(course: DueCourse) -> list[Step]:
    return sorted(course.plan.steps, key=lambda step: (step_day(step, course), step.code))


def _is_past(step: Step, course: DueCourse, on: date) -> bool:
    return step.offset < 0 and on >= step_day(step, course) - timedelta(days=step.offset)


def _already(course: DueCourse, step: Step) -> Told | None:
    """The reminder of this step or of a later one, where there is any: an earlier one is never made up for.

    One that was refused says less than one of the same step that went another way.
    """
    places = {one.code: place for place, one in enumerate(_in_order(course))}
    reached = [told for told in course.told if places.get(told.step, -1) >= places[step.code]]
    return max(reached, key=lambda told: (places[told.step], not told.refused), default=None)


def _may_go_another_way(told: Told, step: Step) -> bool:
    """It was refused, nobody has left it at that, and it is this step that has come."""
    return told.refused and told.state == MessageState.FAILED and told.step == step.code


def _refused_ways(course: DueCourse, step: Step) -> list[str]:
    return [told.way for told in course.told if told.refused and told.step == step.code]


def _ways_left(course: DueCourse, step: Step) -> list[str]:
    refused = _refused_ways(course, step)
    return [way for way in step.ways if way not in refused]


def ahead(plans: Iterable[Plan]) -> int:
    """How many days before its window a course counts as due, so that no step comes before its course."""
    offsets = [-step.offset for plan in plans for step in plan.steps if step.anchor == Anchor.DUE_FROM]
    return max([SOON_DAYS, *offsets])


def first_of(ways: Sequence[str], possible: Sequence[str]) -> str:
    """The first way of an order that is possible, or ""."""
    return next((way for way in ways if way in possible), "")
