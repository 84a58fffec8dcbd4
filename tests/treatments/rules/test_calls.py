"""Whom to call first, and who is to be booked again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from treatments.rules import calls
from treatments.rules.calls import CourseVisit, Rank
from treatments.rules.vocabulary import AppointmentState, IndicationKind

S = AppointmentState
FACE, THERAPY = IndicationKind.AESTHETIC, IndicationKind.THERAPEUTIC


def visit(state: AppointmentState, on: int, *, booked: int = 1, changed: int | None = None, wanted: bool = True):
    """A visit on a day of November, booked and last changed on others."""
    changed = changed or booked
    return CourseVisit(
        state,
        date(2026, 11, on),
        datetime(2026, 11, booked, 9, tzinfo=UTC),
        datetime(2026, 11, changed, 10, tzinfo=UTC),
        date(2026, 11, changed),
        wanted,
    )


@pytest.mark.parametrize(
    ("kind", "n_full", "held", "rank"),
    [
        (FACE, 4, True, Rank.HELD_VISIT),
        (THERAPY, 0, True, Rank.HELD_VISIT),
        (THERAPY, 2, False, Rank.MID_COURSE),
        (THERAPY, 1, False, Rank.FIRST_CYCLE),
        (FACE, 1, False, Rank.FIRST_CYCLE),
        (FACE, 2, False, Rank.OTHER),
        (THERAPY, 0, False, Rank.OTHER),
    ],
)
def test_the_reason_ranks_a_course(kind: IndicationKind, n_full: int, held: bool, rank: Rank):
    assert calls.rank(kind, n_full=n_full, held=held) == rank


@pytest.mark.parametrize("state", [S.BOOKED, S.ARRIVED, S.CHECKED, S.IN_ROOM])
def test_a_course_is_booked_until_its_last_visit_that_goes_ahead(state: AppointmentState):
    assert calls.booked_until([visit(state, 20), visit(S.BOOKED, 10), visit(S.ON_HOLD, 25)]) == date(2026, 11, 20)


@pytest.mark.parametrize("state", [S.ON_HOLD, S.DONE, S.MISSED, S.CANCELLED])
def test_no_other_visit_makes_a_course_booked(state: AppointmentState):
    assert calls.booked_until([visit(state, 20)]) is None


def test_only_visits_on_hold_are_held():
    assert calls.held_until([visit(S.ON_HOLD, 20), visit(S.BOOKED, 25)]) == date(2026, 11, 20)
    assert calls.held_until([visit(S.BOOKED, 25)]) is None


@pytest.mark.parametrize(
    ("visits", "treated_on", "since"),
    [
        pytest.param([], None, None, id="no visit"),
        pytest.param([visit(S.CANCELLED, 20, changed=12)], None, 12, id="cancelled"),
        pytest.param([visit(S.MISSED, 12, changed=13)], None, 13, id="missed"),
        pytest.param([visit(S.CANCELLED, 20, changed=12, wanted=False)], None, None, id="nothing more is wanted"),
        pytest.param(
            [visit(S.MISSED, 5, changed=5), visit(S.CANCELLED, 20, changed=12, wanted=False)], None, None,
            id="the latest counts",
        ),
        pytest.param([visit(S.CANCELLED, 20, changed=12), visit(S.BOOKED, 18, booked=13)], None, None, id="booked since"),
        pytest.param([visit(S.CANCELLED, 20, changed=12), visit(S.DONE, 16, booked=13)], None, None, id="done since"),
        pytest.param([visit(S.CANCELLED, 20, changed=12), visit(S.BOOKED, 24)], None, None, id="a later visit stands"),
        pytest.param([visit(S.CANCELLED, 20, changed=12), visit(S.DONE, 4)], None, 12, id="done long before"),
        pytest.param(
            [visit(S.CANCELLED, 20, changed=12), visit(S.CANCELLED, 22, booked=13, changed=14)], None, 14,
            id="booked and cancelled again",
        ),
        pytest.param([visit(S.CANCELLED, 20, changed=12)], 12, None, id="treated on that day"),
        pytest.param([visit(S.CANCELLED, 20, changed=12)], 11, 12, id="treated before"),
        pytest.param([visit(S.MISSED, 12, changed=13)], 12, None, id="missed by the records alone"),
    ],
)  # fmt: skip
def test_who_is_to_be_booked_again(visits: list[CourseVisit], treated_on: int | None, since: int | None):
    treated = date(2026, 11, treated_on) if treated_on else None

    assert calls.rebook_since(visits, last_treated_on=treated) == (date(2026, 11, since) if since else None)
