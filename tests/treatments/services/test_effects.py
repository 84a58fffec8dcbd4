"""What was said of an effect: added, corrected, taken back, and never against itself."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Course, CourseTreatment
from treatments.rules.vocabulary import TreatmentKind
from treatments.services import effects, treatments
from treatments.services.effects import Said

pytestmark = pytest.mark.django_db
T = date(2026, 7, 1)


@pytest.fixture
def course() -> Course:
    person = factories.patient()
    factories.treated(person, T)
    return Course.objects.get(patient=person)


def note(course: Course, **said) -> Said:
    return effects.said_of(effects.note(course, by=BY, at=NOW, **said))


@pytest.mark.parametrize("name", ["worn_off_on", "still_working_on", "seen_gone_on"])
def test_what_is_noted_is_kept_and_can_be_taken_back(course, name):
    said = note(course, **{name: date(2026, 10, 1)})
    given = CourseTreatment.objects.get()

    taken_back = effects.correct(given, Said(), by=BY, at=NOW)

    assert said == Said(**{name: date(2026, 10, 1)})
    assert effects.said_of(taken_back) == effects.said_of(CourseTreatment.objects.get()) == Said()
    assert [event.details for event in AuditEvent.objects.filter(verb="effect.noted").order_by("pk")] == [
        {name: [None, "2026-10-01"]},
        {name: ["2026-10-01", None]},
    ]


def test_it_is_a_change_of_the_course(course):
    note(course, still_working_on=TODAY)

    assert Course.objects.get().version == course.version + 1


def test_saying_the_same_again_changes_nothing(course):
    note(course, still_working_on=TODAY)
    note(course, still_working_on=TODAY)

    assert Course.objects.get().version == course.version + 1
    assert AuditEvent.objects.filter(verb="effect.noted").count() == 1


@pytest.mark.parametrize(
    ("on", "allowed"),
    [(T - timedelta(days=1), False), (T, True), (TODAY, True), (TODAY + timedelta(days=1), False)],
)
@pytest.mark.parametrize("name", ["worn_off_on", "still_working_on", "seen_gone_on"])
def test_an_effect_is_spoken_of_between_its_treatment_and_today(course, name, on, allowed):
    try:
        note(course, **{name: on})
        refused = []
    except ValidationError as error:
        refused = list(error.message_dict)

    assert refused == ([] if allowed else [name])


def test_it_is_that_of_the_last_full_treatment(course):
    factories.treated(course.patient, date(2026, 10, 20))
    factories.treated(course.patient, date(2026, 11, 10), kind=TreatmentKind.TOUCH_UP)

    given = effects.note(course, still_working_on=TODAY, by=BY, at=NOW)

    assert given.treatment.performed_on == date(2026, 10, 20)


def test_a_voided_treatment_has_no_effect(course):
    given = CourseTreatment.objects.select_related("treatment").get()
    treatments.void(given.treatment, reason="Entered for the wrong patient", by=BY, at=NOW)

    with pytest.raises(ValidationError, match="No full treatment"):
        note(course, still_working_on=TODAY)
    with pytest.raises(ValidationError, match="has been voided"):
        effects.correct(given, Said(still_working_on=TODAY), by=BY, at=NOW)


def test_nothing_is_said_of_an_effect_after_the_next_treatment(course):
    first = CourseTreatment.objects.get()
    factories.treated(course.patient, date(2026, 10, 20))

    effects.correct(first, Said(still_working_on=date(2026, 10, 20)), by=BY, at=NOW)
    with pytest.raises(ValidationError, match="between the treatment, 01-Jul-2026, and 20-Oct-2026"):
        effects.correct(first, Said(worn_off_on=date(2026, 10, 21)), by=BY, at=NOW)


@pytest.mark.parametrize(
    ("known", "new", "together"),
    [
        (Said(still_working_on=T), Said(worn_off_on=TODAY), Said(TODAY, T, None)),
        (Said(still_working_on=TODAY), Said(worn_off_on=TODAY), Said(TODAY, None, None)),
        (Said(worn_off_on=T), Said(still_working_on=TODAY), Said(None, TODAY, None)),
        (Said(worn_off_on=TODAY), Said(still_working_on=T), Said(TODAY, T, None)),
        (Said(still_working_on=T), Said(seen_gone_on=TODAY), Said(None, T, TODAY)),
        (Said(seen_gone_on=T), Said(still_working_on=TODAY), Said(None, TODAY, None)),
        (Said(worn_off_on=TODAY), Said(seen_gone_on=T), Said(None, None, T)),
        (Said(worn_off_on=T), Said(seen_gone_on=TODAY), Said(T, None, TODAY)),
        (Said(seen_gone_on=T), Said(worn_off_on=TODAY), Said(TODAY, None, None)),
    ],
)
def test_what_is_said_last_takes_back_what_contradicts_it(known, new, together):
    assert effects.together(known, new) == together


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Said(worn_off_on=T, still_working_on=TODAY), "still_working_on"),
        (Said(seen_gone_on=T, still_working_on=T), "still_working_on"),
        (Said(worn_off_on=TODAY, seen_gone_on=T), "seen_gone_on"),
    ],
)
def test_a_correction_that_contradicts_itself_is_refused_at_its_field(course, said, field):
    with pytest.raises(ValidationError) as refused:
        effects.correct(CourseTreatment.objects.get(), said, by=BY, at=NOW)

    assert list(refused.value.message_dict) == [field]
