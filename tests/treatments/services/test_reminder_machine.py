"""Anything may happen between a claim that failed and its next try, or between two runs: nothing goes out against it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic.channels.base import Outgoing, Rejected, Unavailable, Unknown
from tests import factories, fakes
from tests.factories import BY, NOW
from treatments.models import Appointment, Course, Message, Patient, PatientMerge, Reminder
from treatments.queries import reminders as find
from treatments.queries.invariants import violations
from treatments.rules.findings import Refused
from treatments.rules.vocabulary import AppointmentState, Outcome
from treatments.services import (
    appointments,
    contacts,
    courses,
    flags,
    merges,
    messages,
    outbox,
    patients,
    reminders,
    treatments,
)

pytestmark = pytest.mark.django_db
EXAMPLES, STEPS = 5, 25
LAST = date(2026, 7, 25)
picks = st.integers(0, 2)


def may_be_written_to(patient: Patient, day: date) -> str:
    """What stands against a reminder, asked in other words than the product's: straight from the tables."""
    course = patient.courses.exclude(last_treated_on=None).first()
    live = [state.value for state in AppointmentState if state.is_live]
    reasons = {
        "died": patient.died_on is not None,
        "merged": patient.merged_into_id is not None,
        "no consent": patient.contact_consent != "yes",
        "a visit": patient.appointments.filter(state__in=live, on__gte=day).exists(),
        "a flag": any(f.starts_on <= day and (f.ends_on is None or f.ends_on > day) and not f.in_error
                      for f in patient.flags.all()),
        "nothing due": course is None or not patient.treatments.filter(voided_at=None, kind="full").exists(),
        "stopped": course is not None and course.stopped_on is not None,
        "snoozed": course is not None and course.snoozed_until is not None and course.snoozed_until > day,
    }  # fmt: skip
    return next((reason for reason, holds in reasons.items() if holds), "")


def what_is_untrue(message: Message, day: date) -> str:
    """What a message says of a visit that is not so."""
    visit, patient = message.appointment, message.patient
    shown = timezone.localtime(visit.starts_at)
    said = f"{shown.hour % 12}:{shown:%M}{'am' if shown.hour < 12 else 'pm'}"
    reasons = {
        "died": patient.died_on is not None,
        "merged": patient.merged_into_id is not None,
        "somebody else's": visit.patient_id != patient.pk,
        "its state": visit.state != ("cancelled" if message.kind == "cancelled" else "booked"),
        "its time": message.kind != "cancelled" and said not in message.body,
        "its day": message.kind == "tomorrow" and visit.on != day + timedelta(days=1),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


class Outbox(RuleBasedStateMachine):
    """Three patients who are due, a provider that sometimes is away, and a clinic that goes on working."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.fake = fakes.provider()
        self.provider = self.fake.__enter__()
        self.provider.meanwhile = self._looked_at
        self.at, self.wrong = NOW + timedelta(hours=2), list[str]()
        self.taken = list[tuple[str, date]]()
        self.room, self.by = factories.room(), factories.staff("reception")
        self.people: list[Patient] = []

    @initialize()
    def three_people_who_are_due(self) -> None:
        for number in range(3):
            email = f"person{number}@example.org"
            person = factories.patient(phone=f"+44770090012{number}", email=email, contact_consent="yes")
            factories.treated(person, LAST)
            self.people.append(person)

    def teardown(self) -> None:
        self.fake.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    # ---- sending ----

    @rule()
    def run(self) -> None:
        reminders.run(on=self._today(), at=self.at, by=BY)

    @rule(minutes=st.sampled_from([1, 6, 60]))
    def try_again(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        messages.send_waiting(at=self.at)

    @rule(trouble=st.sampled_from([None, Unavailable("away"), Rejected("wrong number"), Unknown("no answer")]))
    def the_provider(self, trouble: Exception | None) -> None:
        self.provider.trouble = trouble

    @rule(days=st.sampled_from([1, 7, 15]))
    def days_pass(self, days: int) -> None:
        self.at = (self.at + timedelta(days=days)).replace(hour=11, minute=0)

    # ---- what happens meanwhile ----

    @rule(pick=picks, days=st.sampled_from([2, 20]))
    def book(self, pick: int, days: int) -> None:
        start = datetime.combine(self._today() + timedelta(days=days), datetime.min.time(), UTC).replace(hour=9)
        self._tried(
            lambda p: factories.visit(p, start + timedelta(minutes=30 * pick), room=self.room, at=self.at), pick
        )

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        def cancelled(patient: Patient) -> None:
            for visit in Appointment.objects.upcoming(self._today()).filter(patient=patient):
                appointments.cancel(visit, who="clinic", reason="By mistake", by=BY, at=self.at)

        self._tried(cancelled, pick)

    @rule(pick=picks)
    def move(self, pick: int) -> None:
        def moved(patient: Patient) -> None:
            for visit in Appointment.objects.upcoming(self._today()).filter(patient=patient):
                factories.moved(visit, visit.starts_at + timedelta(days=1), at=self.at)

        self._tried(moved, pick)

    @rule(pick=picks)
    def flag(self, pick: int) -> None:
        self._tried(lambda p: factories.flag(p, starts_on=self._today(), at=self.at, review_on=date(2028, 1, 1)), pick)

    @rule(pick=picks)
    def the_flag_ends(self, pick: int) -> None:
        def ended(patient: Patient) -> None:
            for flag in patient.flags.filter(ends_on=None, in_error=False):
                flags.end(flag, ends_on=self._today(), by=BY, at=self.at)

        self._tried(ended, pick)

    @rule(pick=picks, consent=st.sampled_from(["no", "yes", ""]))
    def consent(self, pick: int, consent: str) -> None:
        self._tried(lambda p: patients.amend(p, changes={"contact_consent": consent}, by=BY, at=self.at), pick)

    @rule(pick=picks)
    def die(self, pick: int) -> None:
        self._tried(lambda p: patients.amend(p, changes={"died_on": self._today()}, by=BY, at=self.at), pick)

    @rule(pick=picks)
    def merge(self, pick: int) -> None:
        kept, gone = self.people[pick], self.people[(pick + 1) % 3]
        self._tried(
            lambda _p: merges.merge(kept, gone, reason="Said so herself, passport seen", by=BY, at=self.at), pick
        )

    @rule(pick=picks)
    def void(self, pick: int) -> None:
        def voided(patient: Patient) -> None:
            for given in patient.treatments.valid():
                treatments.void(given, reason="Entered for the wrong patient", by=BY, at=self.at)

        self._tried(voided, pick)

    @rule(pick=picks)
    def stop(self, pick: int) -> None:
        self._tried(lambda p: courses.stop(p.courses.get(), reason="Does not want it", by=BY, at=self.at), pick)

    @rule(pick=picks, days=st.sampled_from([0, 30]))
    def snooze(self, pick: int, days: int) -> None:
        """Until a day; with none, what was said last is taken back."""

        def snoozed(patient: Patient) -> None:
            course, until = patient.courses.get(), self._today() + timedelta(days=days)
            if days:
                contacts.log(course, outcome=Outcome.NOT_NOW, until=until, reason="Away", by=BY, at=self.at)
            elif said := course.attempts.filter(undone_at__isnull=True).first():
                contacts.undo(said, by=BY, at=self.at)

        self._tried(snoozed, pick)

    @rule(pick=picks)
    def treated(self, pick: int) -> None:
        """A full treatment that nobody knew of: its step “due” has come, too."""
        self._tried(lambda p: factories.treated(p, self._today() - timedelta(days=125), at=self.at), pick)

    @rule()
    def the_merge_is_undone(self) -> None:
        done = PatientMerge.objects.filter(undone_at__isnull=True).first()
        if done:
            self._tried(lambda _p: merges.undo(done, by=BY, at=self.at), 0)

    @rule()
    def a_person_sends_again(self) -> None:
        message = Message.objects.filter(state__in=["uncertain", "failed"]).order_by("pk").first()
        if message:
            self._tried(lambda _p: messages.send_again(message, by=BY, at=self.at), 0)

    @rule()
    def a_person_changes_their_mind(self) -> None:
        message = Message.objects.filter(state="waiting").order_by("pk").last()
        if message:
            self._tried(lambda _p: messages.undo(message, by=BY, at=self.at), 0)

    # ---- what always holds ----

    @invariant()
    def nobody_was_written_to_against_what_was_known(self) -> None:
        assert self.wrong == []

    @invariant()
    def nobody_was_written_to_twice_within_the_days_of_the_plan(self) -> None:
        days: dict[str, list[date]] = {}
        for to, day in self.taken:
            days.setdefault(to, []).append(day)
        gaps = [later - day for found in days.values() for day, later in pairwise(found)]
        assert [gap for gap in gaps if gap < timedelta(days=14)] == []

    @invariant()
    def every_due_course_is_in_one_bucket(self) -> None:
        day, plans = self._today(), find.plans()
        counts = reminders.balance(on=day, at=self.at)
        assert sum(counts.values()) - counts[reminders.LEFT] == find.due_courses(day, plans, today=day).count()

    @invariant()
    def no_step_of_a_cycle_twice(self) -> None:
        rows = Reminder.objects.filter(message__state__in=find.REACHED).order_by()
        assert not rows.values("course", "cycle_on", "step").annotate(number=Count("pk")).filter(number__gt=1)

    @invariant()
    def what_is_kept_of_courses_is_as_the_facts_say(self) -> None:
        assert courses.refresh([person.pk for person in self.people], on=self._today()) == 0

    @invariant()
    def nothing_is_violated(self) -> None:
        assert violations(connection) == []
        assert Reminder.objects.filter(message__state="claimed").count() == 0

    # ---- helpers ----

    def _looked_at(self, outgoing: Outgoing) -> None:
        """At the moment at which the provider gets a message, nothing may stand against it."""
        message = Message.objects.select_related("patient", "appointment").get(public_id=outgoing.public_id)
        if message.kind != find.REMINDER:
            if lie := what_is_untrue(message, self._today()):
                self.wrong.append(f"{message.patient} was told of a visit: {lie}")
            return
        if reason := may_be_written_to(message.patient, self._today()):
            self.wrong.append(f"{message.patient} was written to: {reason}")
        if not isinstance(self.provider.trouble, Unavailable | Rejected):
            self.taken.append((outgoing.to, self._today()))

    def _today(self) -> date:
        return self.at.date()

    def _tried(self, act: Any, pick: int) -> None:
        patient = self.people[pick]
        patient.refresh_from_db()
        try:
            with transaction.atomic():
                act(patient)
        except (Refused, ValidationError, Course.DoesNotExist, Course.MultipleObjectsReturned):
            pass


def walk(*phases: Phase) -> None:
    run_state_machine_as_test(
        Outbox,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=phases,
        ),
    )


def test_nothing_goes_out_against_what_has_happened_since():
    walk(Phase.generate, Phase.shrink)


def test_the_walk_sees_a_message_that_was_decided_too_early(monkeypatch):
    """The control: a retry that does not ask again writes to somebody who was booked meanwhile, and the walk notices."""

    def settle(message: Message, *, at: datetime) -> outbox.Claimed:
        return outbox.Claimed(message)

    monkeypatch.setattr(reminders, "settle", settle)
    walked = Outbox()
    try:
        walked.three_people_who_are_due()
        walked.the_provider(Unavailable("away"))
        walked.run()
        walked.book(0, 20)
        walked.the_provider(None)
        walked.try_again(6)
    finally:
        walked.teardown()

    assert [said.partition(": ")[2] for said in walked.wrong] == ["a visit"]
