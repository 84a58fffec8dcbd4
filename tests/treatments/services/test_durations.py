"""What staff decide for one course about the learned duration."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Course
from treatments.services import courses, durations
from treatments.services.stale import Stale

pytestmark = pytest.mark.django_db
T = date(2026, 8, 1)
USUAL = (date(2026, 11, 1), date(2026, 12, 1))


@pytest.fixture
def course() -> Course:
    person = factories.patient()
    factories.treated(person, T)
    return Course.objects.get(patient=person)


def window(course: Course) -> tuple[date | None, date | None]:
    return course.due_from, course.due_until


def test_pinned_days_set_the_window_until_they_are_taken_back(course):
    pinned = durations.pin(course, low_days=100, high_days=120, by=BY, at=NOW)
    free = durations.as_the_clinic(course, by=BY, at=NOW)

    assert window(pinned) == (T + timedelta(days=100), T + timedelta(days=120))
    assert window(free) == USUAL
    assert (free.pinned_low_days, free.pinned_high_days, free.version) == (None, None, course.version + 2)
    assert [event.details["now"] for event in AuditEvent.objects.filter(verb="course.duration").order_by("pk")] == [
        ["pinned", 100, 120],
        ["", None, None],
    ]
    assert courses.refresh([course.patient_id], on=TODAY) == 0


def test_pinned_days_never_open_the_window_before_the_earliest_day(course):
    pinned = durations.pin(course, low_days=30, high_days=40, by=BY, at=NOW)

    assert window(pinned) == (pinned.earliest_on, pinned.earliest_on + timedelta(days=10))


def test_deciding_what_holds_already_changes_nothing(course):
    durations.switch_off(course, by=BY, at=NOW)

    assert durations.switch_off(course, by=BY, at=NOW).version == course.version + 1


@pytest.mark.parametrize(("low", "high", "field"), [(0, 9, "low_days"), (90, 1101, "high_days"), (90, 89, "high_days")])
def test_days_that_cannot_be_are_refused_at_their_field(course, low, high, field):
    with pytest.raises(ValidationError) as refused:
        durations.pin(course, low_days=low, high_days=high, by=BY, at=NOW)

    assert list(refused.value.message_dict) == [field]


def test_who_decides_second_is_told(course):
    durations.switch_off(course, by=BY, at=NOW)

    with pytest.raises(Stale):
        durations.pin(course, low_days=100, high_days=120, by=BY, at=NOW, version=course.version)
