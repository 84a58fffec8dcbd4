"""A clinic's acts in any order, against a small model of who is booked when: the same operations as in the soak."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.factories import TODAY
from tests.soak.operations import Clinic, Desk
from treatments.models import Appointment
from treatments.queries.invariants import violations
from treatments.rules.findings import Refused, TimeTaken
from treatments.services import courses, diary

pytestmark = pytest.mark.django_db
EXAMPLES, STEPS = 12, 30
FREE = ("missed", "cancelled")

Span = tuple[datetime, datetime]


class Day(RuleBasedStateMachine):
    """`booked` is the model: visit -> who, where and when, as the acts that succeeded left it."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.clinic = Clinic.built(4)
        self.booked: dict[int, tuple[set[tuple[str, int]], Span]] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    # ---- the diary, with what the model expects ----

    @rule(data=st.data())
    def book(self, data: st.DataObject) -> None:
        self._placed(data, lambda desk: desk.book())

    @precondition(lambda self: self.booked)
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        self._placed(data, lambda desk: desk.move())

    @precondition(lambda self: self.booked)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        visit = self._desk(data).cancel()
        if visit:
            assert (visit.state, self.booked.pop(visit.pk, None) is not None) == ("cancelled", True)

    @precondition(lambda self: self.booked)
    @rule(data=st.data(), name=st.sampled_from(("step", "release", "override")))
    def another_state(self, data: st.DataObject, name: str) -> None:
        visit = self._tried(data, name)
        if visit and visit.state in FREE:
            del self.booked[visit.pk]
        elif visit and visit.pk not in self.booked:  # it has come back, so its time must have been free
            self._goes_in(visit)

    # ---- facts and records ----

    @rule(data=st.data(), name=st.sampled_from(("flag", "end_flag", "change_birth", "void", "record_elsewhere")))
    def a_fact_changes(self, data: st.DataObject, name: str) -> None:
        self._tried(data, name)

    @rule(data=st.data(), name=st.sampled_from(("record", "amend")))
    def what_happened_is_recorded(self, data: st.DataObject, name: str) -> None:
        """Never refused: `_tried` would take it, this does not."""
        treatment = getattr(self._desk(data), name)()
        if treatment and treatment.appointment_id:
            treatment.appointment.refresh_from_db()
            assert (treatment.appointment.state in FREE) == (treatment.appointment_id not in self.booked)

    @rule(data=st.data(), name=st.sampled_from(("merge", "merge", "undo_merge")))
    def records_become_one_or_two(self, data: st.DataObject, name: str) -> None:
        self._tried(data, name)
        for visit in Appointment.objects.filter(pk__in=self.booked):  # the visits have gone over, with their times
            whom, when = self.booked[visit.pk]
            self.booked[visit.pk] = {one for one in whom if one[0] != "patient"} | {("patient", visit.patient_id)}, when

    # ---- what always holds ----

    @invariant()
    def nothing_is_violated(self) -> None:
        assert violations(connection) == []

    @invariant()
    def the_diary_is_the_model(self) -> None:
        rows = Appointment.objects.exclude(state__in=FREE)
        assert {visit.pk: _taken_by(visit) for visit in rows} == self.booked

    @invariant()
    def dates_are_as_the_facts_say(self) -> None:
        assert courses.refresh([person.pk for person in self.clinic.people], on=TODAY) == 0

    # ---- helpers ----

    def _desk(self, data: st.DataObject) -> Desk:
        def pick(options: Sequence[Any]) -> Any:
            return data.draw(st.sampled_from(options))

        return Desk(self.clinic, pick)

    def _tried(self, data: st.DataObject, name: str) -> Any:
        try:
            return getattr(self._desk(data), name)()
        except (Refused, ValidationError):
            return None

    def _placed(self, data: st.DataObject, act: Callable[[Desk], Appointment | None]) -> None:
        """A time is taken exactly where the model says so."""
        try:
            visit = act(self._desk(data))
        except TimeTaken as error:
            for finding in error.findings:
                assert Appointment.objects.get(public_id=finding.about).pk in self.booked
        except (Refused, ValidationError):
            pass
        else:
            if visit:
                self._goes_in(visit)

    def _goes_in(self, visit: Appointment) -> None:
        whom, when = _taken_by(visit)
        others = [taken for pk, taken in self.booked.items() if pk != visit.pk]
        assert not [other for other in others if other[0] & whom and _meet(other[1], when)]
        self.booked[visit.pk] = whom, when


def _taken_by(visit: Appointment) -> tuple[set[tuple[str, int]], Span]:
    whom = {("practitioner", visit.practitioner_id), ("room", visit.room_id), ("patient", visit.patient_id)}
    return whom, (visit.starts_at, visit.ends_at)


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def walk(*phases: Phase) -> None:
    run_state_machine_as_test(
        Day,
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


def test_a_clinics_day_in_any_order():
    walk(Phase.generate, Phase.shrink)


def test_the_model_and_the_diary_part_where_the_diary_looks_away(monkeypatch):
    """The control: without the look at the diary, the same walk fails."""
    monkeypatch.setattr(diary, "refuse_taken", lambda *_args, **_kwargs: None)
    monkeypatch.setattr("clinic.guards.violated", lambda _error: None)

    with pytest.raises(IntegrityError, match="once"):
        walk(Phase.generate)
