"""A window set by hand: with author, reason and end, never too early, over with the next full treatment."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Course
from treatments.services import courses, due_dates, treatments

pytestmark = pytest.mark.django_db
T = date(2026, 8, 1)
USUAL = (date(2026, 11, 1), date(2026, 12, 1))
CHOSEN = (date(2026, 12, 20), date(2027, 1, 10))


@pytest.fixture
def course() -> Course:
    person = factories.patient()
    factories.treated(person, T)
    return Course.objects.get(patient=person)


def put(course: Course, due_from=CHOSEN[0], due_until=CHOSEN[1], reason="Holiday until Christmas") -> Course:
    return due_dates.set_window(course, due_from=due_from, due_until=due_until, reason=reason, by=BY, at=NOW)


def window(course: Course) -> tuple[date | None, date | None]:
    return course.due_from, course.due_until


def computed(course: Course) -> tuple[date | None, date | None]:
    return course.computed_from, course.computed_until


def test_a_window_set_by_hand_rules_and_the_computed_one_stands_beside_it(course):
    changed = put(course)

    assert window(changed) == CHOSEN
    assert computed(changed) == USUAL
    assert changed.overdue_from == date(2027, 1, 11)
    assert (changed.set_by, changed.set_reason, changed.set_cycle_on) == (BY, "Holiday until Christmas", T)
    decided = [row["sentence"] for row in changed.reasons if row["rule"] == "set_by_hand" and row["decided"]]
    assert decided == ["Set by tester on 22-Nov-2026: Holiday until Christmas"] * 2
    assert courses.refresh([course.patient_id], on=TODAY) == 0


def test_the_computed_window_can_be_used_again(course):
    put(course)
    changed = due_dates.use_computed(course, by=BY, at=NOW)

    assert (window(changed), computed(changed)) == (USUAL, (None, None))
    assert (changed.set_from, changed.set_by, changed.set_reason) == (None, "", "")
    assert list(AuditEvent.objects.filter(verb__startswith="course.").order_by("pk").values_list("verb", "reason")) == [
        ("course.due_set", "Holiday until Christmas"),
        ("course.due_computed", ""),
    ]


def test_using_the_computed_one_where_nothing_was_set_changes_nothing(course):
    assert due_dates.use_computed(course, by=BY, at=NOW).version == course.version


def test_the_next_full_treatment_ends_it(course):
    put(course, due_from=date(2026, 11, 5))
    treatment = factories.treated(course.patient, date(2026, 11, 10))

    course.refresh_from_db()
    after = window(course), computed(course)
    treatments.void(treatment, reason="Entered for the wrong patient", by=BY, at=NOW)
    course.refresh_from_db()

    assert after == ((date(2027, 2, 10), date(2027, 3, 10)), (None, None))
    assert window(course) == (date(2026, 11, 5), CHOSEN[1])


def test_a_block_moves_it_as_a_whole(course):
    put(course)

    factories.flag(course.patient, starts_on=date(2026, 10, 20), ends_on=date(2027, 2, 1))

    course.refresh_from_db()
    assert course.earliest_on == date(2027, 2, 1)
    assert window(course) == (date(2027, 2, 1), date(2027, 2, 22))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"due_from": USUAL[0] - timedelta(days=1)}, "due_from"),
        ({"due_until": CHOSEN[0] - timedelta(days=1)}, "due_until"),
        ({"due_from": date(2026, 11, 2), "due_until": TODAY - timedelta(days=1)}, "due_until"),
        ({"due_until": date(2029, 1, 1)}, "due_until"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "Holiday\x00"}, "reason"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(course, changed, field):
    with pytest.raises(ValidationError) as refused:
        put(course, **changed)

    assert list(refused.value.message_dict) == [field]
    course.refresh_from_db()
    assert window(course) == USUAL


def test_a_course_without_a_treatment_has_no_window_to_set():
    [course] = courses.ensure(factories.patient(), [factories.indication()], on=TODAY)

    with pytest.raises(ValidationError, match="nothing is due"):
        put(course)
