"""What is learned is kept with the course, in the transaction of what it is learned from."""

from datetime import date, timedelta

import pytest

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import ClinicSettings, Course, CourseTreatment, Patient, Treatment
from treatments.rules.vocabulary import LearnedDuration
from treatments.services import catalogue, courses, effects, treatments
from treatments.services.effects import Said

pytestmark = pytest.mark.django_db
DAYS = (date(2025, 1, 10), date(2025, 6, 10), date(2026, 8, 1))


def given_on(person: Patient, on: date) -> CourseTreatment:
    return CourseTreatment.objects.get(treatment__patient=person, treatment__performed_on=on)


@pytest.fixture
def person() -> Patient:
    """Two cycles of 130 days, and one that is running."""
    person = factories.patient()
    for on in DAYS:
        factories.treated(person, on)
    for on in DAYS[:2]:
        said = Said(worn_off_on=on + timedelta(days=130))
        effects.correct(given_on(person, on), said, by=BY, at=NOW)
    return person


def course_of(person: Patient) -> Course:
    return Course.objects.get(patient=person)


def apply() -> None:
    ClinicSettings.objects.create(learned_duration=LearnedDuration.APPLY.value)
    catalogue.rules_changed(by=BY, at=NOW)


def test_what_was_noted_is_learned_at_once_and_kept_as_plain_values(person):
    learned = course_of(person).learned

    assert (learned["n"], learned["n_exact"], learned["usual"]) == (2, 2, [91, 122])
    assert learned["cycles"] == [["2025-01-10", 130, 130], ["2025-06-10", 130, 130]]
    assert 120 < learned["days"][2] < 130
    assert courses.refresh([person.pk], on=TODAY) == 0


def test_suggesting_moves_no_window(person):
    course = course_of(person)

    assert (course.due_from, course.due_until) == (date(2026, 11, 1), date(2026, 12, 1))
    assert [row["decided"] for row in course.reasons if row["rule"] == "learned"] == [False, False]


def test_applying_sets_the_window_of_every_course_that_has_learned(person):
    apply()
    course = course_of(person)
    low, high = course.learned["days"][1], course.learned["days"][3]

    assert (course.due_from, course.due_until) == (DAYS[2] + timedelta(days=low), DAYS[2] + timedelta(days=high))
    assert [row["decided"] for row in course.reasons if row["rule"] == "learned"] == [True, True]
    assert courses.refresh([person.pk], on=TODAY) == 0


def test_taking_an_observation_back_takes_what_it_taught_with_it(person):
    for on in DAYS[:2]:
        effects.correct(given_on(person, on), Said(), by=BY, at=NOW)

    assert course_of(person).learned == {}


def test_a_voided_treatment_teaches_nothing(person):
    treatments.void(Treatment.objects.get(performed_on=DAYS[0]), reason="Entered for the wrong patient", by=BY, at=NOW)

    assert course_of(person).learned["n"] == 1


def test_a_course_of_which_nothing_was_said_keeps_nothing():
    person = factories.patient()
    factories.treated(person, DAYS[2])

    assert course_of(person).learned == {}
