"""Who is reminded on a day: each bucket with the day before and the day itself, and what holds for any facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.rules import reminders
from treatments.rules.reminders import Bucket, DueCourse, DuePatient, Plan, Step, Told, Why
from treatments.rules.vocabulary import Anchor, MessageState

FROM, UNTIL = date(2026, 12, 1), date(2027, 1, 1)
DAY, NOON = timedelta(days=1), time(12)
BOTH = ("sms", "email")
STEPS = (
    Step("due_soon", Anchor.DUE_FROM, -21, BOTH, "due_soon"),
    Step("due", Anchor.DUE_FROM, 14, BOTH, "due"),
    Step("closing", Anchor.DUE_UNTIL, -5, ("email",), "due"),
    Step("overdue", Anchor.DUE_UNTIL, 7, BOTH, "overdue"),
    Step("last", Anchor.DUE_FROM, 90, BOTH, "last"),
)
PLAN = Plan("usual", True, time(20), time(9), 14, 4, STEPS)
COURSE = DueCourse(ref=1, cycle_on=date(2026, 9, 1), due_from=FROM, due_until=UNTIL, plan=PLAN)
SENT, FAILED, UNCERTAIN = MessageState.SENT, MessageState.FAILED, MessageState.UNCERTAIN
COMES = FROM + 14 * DAY  # the day of the step "due"


def patient(course: DueCourse = COURSE, *others: DueCourse, **facts: Any) -> DuePatient:
    return DuePatient(**({"courses": (course, *others), "consent": True, "ways": BOTH} | facts))


def decided(on: date, clock: time = NOON, *, course: DueCourse = COURSE, **facts: Any) -> reminders.Decision:
    [decision] = reminders.decide(patient(course, **facts), on=on, clock=clock)
    return decision


@pytest.mark.parametrize(
    ("on", "step"),
    [
        (FROM - 22 * DAY, ""),
        (FROM - 21 * DAY, "due_soon"),
        (FROM - 1 * DAY, "due_soon"),
        (FROM, ""),  # what was to be said before the window is not said in it
        (FROM + 13 * DAY, ""),
        (FROM + 14 * DAY, "due"),
        (UNTIL - 6 * DAY, "due"),
        (UNTIL - 5 * DAY, "closing"),
        (UNTIL - 1 * DAY, "closing"),
        (UNTIL, "due"),  # back to what is still true
        (UNTIL + 6 * DAY, "due"),
        (UNTIL + 7 * DAY, "overdue"),
        (FROM + 89 * DAY, "overdue"),
        (FROM + 90 * DAY, "last"),
        (FROM + 300 * DAY, "last"),
    ],
)
def test_the_step_of_a_day(on, step):
    decision = decided(on)

    assert (decision.step.code if decision.step else "") == step
    assert decision.bucket == (Bucket.TO_SEND if step else Bucket.WAITING)


def test_before_a_step_it_says_when_and_after_the_last_that_there_is_none():
    waiting, ended = decided(FROM), decided(FROM + 91 * DAY, course=replace(COURSE, told=(told("last", 90),)))

    assert (waiting.bucket, waiting.why, waiting.until) == (Bucket.WAITING, Why.NEXT_STEP, COMES)
    assert (ended.bucket, ended.why, ended.until) == (Bucket.WAITING, Why.NO_MORE_STEPS, None)


def told(step: str, after: int, state: MessageState = SENT) -> Told:
    return Told(step, state, FROM + after * DAY)


def refusal(way: str, step: str = "due", state: MessageState = FAILED) -> Told:
    return Told(step, state, COMES, way, refused=True)


@pytest.mark.parametrize(
    ("said", "bucket", "way"),
    [
        ((refusal("sms"),), Bucket.TO_SEND, "email"),
        ((refusal("email"),), Bucket.TO_SEND, "sms"),
        ((refusal("sms"), refusal("email")), Bucket.FAILED, ""),
        ((refusal("sms", state=MessageState.DROPPED),), Bucket.FAILED, ""),  # somebody has left it at that
        ((refusal("sms", state=SENT),), Bucket.SENT, ""),  # the provider says that it arrived after all
        ((refusal("sms"), Told("due", UNCERTAIN, COMES, "email")), Bucket.UNCERTAIN, ""),
        ((Told("due", SENT, COMES - DAY, "email"), refusal("sms")), Bucket.WAITING, ""),
        ((Told("due", FAILED, COMES, "sms"),), Bucket.FAILED, ""),  # given up, not refused
        ((refusal("sms", "due_soon"),), Bucket.TO_SEND, "sms"),  # each step begins anew
        ((refusal("sms", "overdue"),), Bucket.FAILED, ""),  # an earlier one is never made up for
    ],
)
def test_a_refused_step_goes_by_the_ways_that_are_left(said, bucket, way):
    decision = decided(COMES, course=replace(COURSE, told=said))

    assert (decision.bucket, decision.way) == (bucket, way)


def test_a_refused_step_with_no_other_way_to_reach_them_has_failed():
    decision = decided(COMES, course=replace(COURSE, told=(refusal("sms"),)), ways=("sms",))

    assert (decision.bucket, decision.until) == (Bucket.FAILED, UNTIL - 5 * DAY)


def test_one_message_speaks_for_no_course_that_was_refused_its_way():
    other = replace(COURSE, ref=2, due_until=UNTIL + DAY, told=(refusal("sms"),))

    letter = reminders.letter(reminders.decide(patient(COURSE, other), on=COMES, clock=NOON))

    assert letter is not None
    assert (letter.way, [course.ref for course, _step in letter.courses]) == ("sms", [1])


@pytest.mark.parametrize(
    ("facts", "bucket", "why"),
    [
        ({}, Bucket.TO_SEND, Why.NONE),
        ({"died": True, "merged": True}, Bucket.STOPPED, Why.DIED),
        ({"merged": True, "blocked": True}, Bucket.STOPPED, Why.MERGED),
        ({"blocked": True, "visit_held": True}, Bucket.ON_HOLD, Why.BLOCKED),
        ({"visit_held": True, "booked_on": COMES}, Bucket.ON_HOLD, Why.VISIT_HELD),
        ({"booked_on": COMES, "consent": False}, Bucket.BOOKED, Why.NONE),
        ({"consent": False, "ways": ()}, Bucket.OPTED_OUT, Why.NONE),
        ({"consent": None, "ways": ()}, Bucket.NOT_ASKED, Why.NONE),
        ({"ways": ()}, Bucket.NO_CHANNEL, Why.NONE),
        ({"ways": ("email",)}, Bucket.TO_SEND, Why.NONE),
    ],
)
def test_what_stands_against_it_in_this_order(facts, bucket, why):
    decision = decided(COMES, **facts)

    assert (decision.bucket, decision.why) == (bucket, why)


@pytest.mark.parametrize(
    ("changes", "bucket", "why"),
    [
        ({"stopped": True}, Bucket.STOPPED, Why.STOPPED),
        ({"plan": replace(PLAN, sends=False)}, Bucket.STOPPED, Why.PLAN_OFF),
        ({"doubtful": True}, Bucket.ON_HOLD, Why.DOUBT),
        ({"snoozed_until": COMES + DAY}, Bucket.SNOOZED, Why.NONE),
        ({"snoozed_until": COMES}, Bucket.TO_SEND, Why.NONE),
        ({"plan": replace(PLAN, steps=())}, Bucket.WAITING, Why.NO_MORE_STEPS),
    ],
)
def test_what_stands_against_one_course(changes, bucket, why):
    decision = decided(COMES, course=replace(COURSE, **changes))

    assert (decision.bucket, decision.why) == (bucket, why)


@pytest.mark.parametrize(
    ("clock", "bucket"),
    [
        (time(8, 59, 59), Bucket.QUIET_HOURS),
        (time(9), Bucket.TO_SEND),
        (time(19, 59, 59), Bucket.TO_SEND),
        (time(20), Bucket.QUIET_HOURS),
        (time(0), Bucket.QUIET_HOURS),
    ],
)
def test_quiet_hours(clock, bucket):
    assert decided(COMES, clock).bucket == bucket


@pytest.mark.parametrize(("ago", "bucket"), [(0, Bucket.CAPPED), (13, Bucket.CAPPED), (14, Bucket.TO_SEND)])
def test_one_message_in_fourteen_days(ago, bucket):
    assert decided(COMES, reached_on=COMES - ago * DAY).bucket == bucket


def test_a_run_for_a_past_day_does_not_write_twice():
    assert decided(COMES, reached_on=COMES + 5 * DAY).bucket == Bucket.CAPPED


@pytest.mark.parametrize(("ago", "bucket"), [(0, Bucket.CAPPED), (6, Bucket.CAPPED), (7, Bucket.TO_SEND)])
def test_whoever_was_here_is_left_in_peace(ago, bucket):
    decision = decided(COMES, seen_on=COMES - ago * DAY)

    assert (decision.bucket, decision.why) == (bucket, Why.SEEN if bucket == Bucket.CAPPED else Why.NONE)


@pytest.mark.parametrize(
    ("state", "bucket"),
    [
        (SENT, Bucket.WAITING),
        (FAILED, Bucket.FAILED),
        (MessageState.DROPPED, Bucket.FAILED),
        (UNCERTAIN, Bucket.UNCERTAIN),
        (MessageState.CLAIMED, Bucket.WAITING),
        (MessageState.WAITING, Bucket.WAITING),
    ],
)
def test_a_step_that_has_its_reminder_has_no_second(state, bucket):
    course = replace(COURSE, told=(told("due", 14, state),))

    assert decided(COMES + 2 * DAY, course=course).bucket == bucket
    assert decided(UNTIL + 7 * DAY, course=course).bucket == Bucket.TO_SEND  # the next one has come


def test_what_went_out_today_is_sent_whatever_came_after():
    course = replace(COURSE, told=(told("due", 14),))

    assert decided(COMES, course=course, booked_on=COMES + DAY).bucket == Bucket.SENT
    assert decided(COMES + DAY, course=course).bucket == Bucket.WAITING


def test_an_earlier_step_is_never_made_up_for():
    course = replace(COURSE, told=(told("closing", 26),))

    assert decided(UNTIL, course=course).bucket == Bucket.WAITING  # not back to "due"


def test_four_messages_in_a_cycle_of_which_failed_ones_do_not_count():
    four = (told("due_soon", -20), told("due", 14), told("closing", 28), told("overdue", 40))
    three = (*four[:3], replace(four[3], state=FAILED))

    assert decided(FROM + 90 * DAY, course=replace(COURSE, told=four)).why == Why.MOST
    assert decided(FROM + 90 * DAY, course=replace(COURSE, told=three)).bucket == Bucket.TO_SEND


def test_the_first_way_that_is_possible():
    assert decided(COMES).way == "sms"
    assert decided(COMES, ways=("email",)).way == "email"
    assert decided(UNTIL - 5 * DAY).way == "email"
    assert decided(UNTIL - 5 * DAY, ways=("sms",)).bucket == Bucket.NO_CHANNEL


def test_several_courses_make_one_message_about_the_one_that_waits_longest():
    older = replace(COURSE, ref=2, due_from=FROM - 60 * DAY, due_until=UNTIL - 60 * DAY)
    snoozed = replace(COURSE, ref=3, snoozed_until=COMES + DAY)

    letter = reminders.letter(reminders.decide(patient(COURSE, older, snoozed), on=COMES, clock=NOON))

    assert letter is not None
    assert (letter.about, letter.step.code) == (older, "overdue")
    assert [(course.ref, step.code) for course, step in letter.courses] == [(1, "due"), (2, "overdue")]


def test_nobody_to_write_to_is_no_letter():
    assert reminders.letter(reminders.decide(patient(consent=None), on=COMES, clock=NOON)) is None


def test_courses_count_as_due_early_enough_for_their_first_step():
    early = replace(PLAN, steps=(Step("first", Anchor.DUE_FROM, -40, BOTH, "due"),))

    assert reminders.ahead([PLAN]) == 21
    assert reminders.ahead([PLAN, early]) == 40
    assert reminders.ahead([]) == 21


# ---- for any facts ----

days = st.integers(-40, 400).map(lambda n: FROM + n * DAY)
steps = st.builds(
    Step, st.sampled_from("abcdef"), st.sampled_from(Anchor), st.integers(-60, 200), st.sampled_from([BOTH, ("sms",)]),
    st.just("due"),
)  # fmt: skip
plans = st.builds(
    Plan, st.just("p"), st.booleans(), st.just(time(20)), st.just(time(9)), st.integers(1, 30), st.integers(1, 5),
    st.lists(steps, max_size=5, unique_by=lambda step: step.code).map(tuple),
)  # fmt: skip
tolds = st.lists(st.builds(Told, st.sampled_from("abcdef"), st.sampled_from(MessageState), days), max_size=3).map(tuple)
courses = st.builds(
    DueCourse, st.integers(1, 9), st.just(COURSE.cycle_on), st.just(FROM), st.integers(0, 60).map(lambda n: FROM + n * DAY),
    plans, st.booleans(), st.booleans(), st.none() | days, tolds,
)  # fmt: skip
people = st.builds(
    DuePatient, st.lists(courses, min_size=1, max_size=3, unique_by=lambda c: c.ref).map(tuple),
    st.sampled_from([True, True, False, None]), st.sampled_from([BOTH, ("sms",), ()]), st.booleans(), st.booleans(),
    st.booleans(), st.booleans(), st.none() | days, st.none() | days, st.none() | days,
)  # fmt: skip
clocks = st.times()


@given(people, days, clocks)
def test_every_due_course_is_in_exactly_one_bucket(person, on, clock):
    decisions = reminders.decide(person, on=on, clock=clock)

    assert [d.course for d in decisions] == list(person.courses)
    assert sum(reminders.balance(decisions).values()) == len(person.courses)


@given(people, days, clocks)
def test_nobody_is_written_to_against_what_is_known(person, on, clock):
    letter = reminders.letter(reminders.decide(person, on=on, clock=clock))

    if letter is not None:
        assert person.consent is True
        assert letter.way in person.ways
        assert not any((person.died, person.merged, person.blocked, person.visit_held, person.booked_on))
        assert time(9) <= clock < time(20)
        for course, step in letter.courses:
            assert not any((course.stopped, course.doubtful, not course.plan.sends))
            assert course.snoozed_until is None or course.snoozed_until <= on
            assert reminders.step_day(step, course) <= on
            assert step.code not in {told.step for told in course.told}


@given(people, days, clocks)
def test_another_reason_against_it_never_makes_a_message(person, on, clock):
    before = reminders.letter(reminders.decide(person, on=on, clock=clock))

    for reason in ({"died": True}, {"blocked": True}, {"booked_on": on}, {"consent": False}, {"reached_on": on}):
        after = reminders.letter(reminders.decide(replace(person, **reason), on=on, clock=clock))
        assert after is None or before is not None


@given(people, days, clocks)
def test_what_was_sent_is_not_sent_again(person, on, clock):
    letter = reminders.letter(reminders.decide(person, on=on, clock=clock))
    if letter is None:
        return
    sent = {course.ref: step for course, step in letter.courses}
    after = tuple(
        replace(c, told=(*c.told, Told(sent[c.ref].code, SENT, on))) if c.ref in sent else c for c in person.courses
    )

    again = reminders.decide(replace(person, courses=after, reached_on=on), on=on, clock=clock)

    assert reminders.letter(again) is None
    assert {d.course.ref for d in again if d.bucket == Bucket.SENT} >= set(sent)
