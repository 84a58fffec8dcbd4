"""The clinic's settings, and the windows that follow a change a few patients at a time."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import ClinicSettings, Course, Patient
from treatments.queries.learned import patients_who_taught, would_move
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import CourseDuration, LearnedDuration
from treatments.services import clinic_settings, courses, effects
from treatments.services.effects import Said
from treatments.services.stale import Stale

pytestmark = pytest.mark.django_db
DAYS = (date(2025, 1, 10), date(2025, 6, 10), date(2026, 8, 1))
USUAL = (date(2026, 11, 1), date(2026, 12, 1))


@pytest.fixture
def person() -> Patient:
    return taught()


def taught(cycles: int = 2) -> Patient:
    person = factories.patient()
    for on in DAYS:
        factories.treated(person, on)
    for given in [row for t in person.treatments.order_by("performed_on") for row in t.courses.all()][:cycles]:
        gone_on = given.treatment.performed_on + timedelta(days=130)
        effects.correct(given, Said(worn_off_on=gone_on), by=BY, at=NOW)
    return person


def put(setting: LearnedDuration, **more) -> ClinicSettings:
    return clinic_settings.amend(changes={"learned_duration": setting.value}, by=BY, at=NOW, **more)


def window(person: Patient) -> tuple[date | None, date | None]:
    course = Course.objects.get(patient=person)
    return course.due_from, course.due_until


def test_without_a_row_it_is_suggested():
    assert rulebook(TODAY).learned_duration == LearnedDuration.SUGGEST


def test_a_change_moves_the_windows_once_it_is_saved(person, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        put(LearnedDuration.APPLY)
    days = Course.objects.get(patient=person).learned["days"]

    assert window(person) == (DAYS[2] + timedelta(days=days[1]), DAYS[2] + timedelta(days=days[3]))
    with django_capture_on_commit_callbacks(execute=True):
        put(LearnedDuration.OFF)
    assert window(person) == USUAL
    assert courses.refresh([person.pk], on=TODAY) == 0


def test_a_treatment_recorded_meanwhile_goes_by_the_new_setting_at_once(person):
    put(LearnedDuration.APPLY)  # its windows have not followed yet

    assert window(person) == USUAL
    courses.fact_changed(person, by=BY, at=NOW)
    assert window(person) != USUAL


def test_what_a_crash_leaves_is_kept_and_finished(person):
    put(LearnedDuration.APPLY)  # the process dies before its windows follow

    assert clinic_settings.owed() == 1
    assert clinic_settings.rewrite(on=TODAY) == 1
    assert window(person) != USUAL
    assert clinic_settings.owed() == 0


def test_a_change_made_while_windows_follow_stays_owed(person, monkeypatch):
    put(LearnedDuration.APPLY)
    monkeypatch.setattr(courses, "refresh", lambda *_of, **_on: put(LearnedDuration.OFF).version)

    clinic_settings.rewrite(on=TODAY)

    assert clinic_settings.owed() == 2


@pytest.mark.parametrize("command", ["recompute", "send_reminders"])
def test_the_commands_finish_what_a_crash_left(person, command, provider):
    put(LearnedDuration.APPLY)

    call_command(command, stdout=StringIO())

    assert window(person) != USUAL
    assert clinic_settings.owed() == 0


def test_the_telephone_alone_moves_nothing(person, django_capture_on_commit_callbacks):
    token = rulebook(TODAY).token
    with django_capture_on_commit_callbacks() as later:
        row = clinic_settings.amend(changes={"telephone": "020 7946 0123"}, by=BY, at=NOW)

    assert (row.telephone, later, rulebook(TODAY).token) == ("+442079460123", [], token)


def test_saving_what_holds_already_writes_nothing(person):
    put(LearnedDuration.OFF)

    assert put(LearnedDuration.OFF).version == 1
    assert AuditEvent.objects.filter(verb="settings.amended").count() == 1


def test_who_saves_second_is_told():
    seen = put(LearnedDuration.OFF).version
    put(LearnedDuration.APPLY)

    with pytest.raises(Stale):
        put(LearnedDuration.SUGGEST, version=seen)
    assert ClinicSettings.objects.get().learned_duration == "apply"


def test_what_cannot_be_is_refused():
    with pytest.raises(ValidationError):
        clinic_settings.amend(changes={"learned_duration": "always"}, by=BY, at=NOW)


def test_what_would_move_is_what_moves(person, django_capture_on_commit_callbacks):
    pinned, one_cycle, plain = taught(), taught(cycles=1), factories.patient()
    factories.treated(plain, DAYS[2])
    Course.objects.filter(patient=pinned).update(
        duration_mode=CourseDuration.PINNED.value, pinned_low_days=95, pinned_high_days=120
    )
    courses.refresh([pinned.pk], on=TODAY)

    foreseen = {
        move.course.patient_id: (move.due_from, move.due_until) for move in would_move(LearnedDuration.APPLY, on=TODAY)
    }
    with django_capture_on_commit_callbacks(execute=True):
        put(LearnedDuration.APPLY)

    assert foreseen == {person.pk: window(person)}
    assert patients_who_taught() == sorted([person.pk, pinned.pk, one_cycle.pk])
    assert would_move(LearnedDuration.APPLY, on=TODAY) == []
