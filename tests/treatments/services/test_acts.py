"""An act is one transaction: run again when it met another one, and never a bare error of the database's guard."""

from datetime import timedelta
from itertools import chain, repeat
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction

from clinic import guards
from tests import factories
from treatments.models import Appointment, MessageText, Patient, fields
from treatments.rules.findings import Refused, TimeTaken
from treatments.services import acts
from treatments.services.acts import act


class Serialization(Exception):
    sqlstate = "40001"


def met_another() -> OperationalError:
    error = OperationalError("could not serialize access due to concurrent update")
    error.__cause__ = Serialization()
    return error


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(acts.time, "sleep", lambda _seconds: None)


@pytest.mark.django_db(transaction=True)
def test_it_is_run_again_until_it_goes_through_and_writes_once(quick):
    factories.load_catalogue()
    tries = []

    @act
    def verb():
        factories.patient(family_name="Once")
        tries.append(1)
        if len(tries) < 3:
            raise met_another()

    verb()

    assert (len(tries), Patient.objects.filter(family_name="Once").count()) == (3, 1)


@pytest.mark.django_db(transaction=True)
def test_after_the_last_try_it_says_so_and_nothing_is_saved(quick):
    tries = []

    @act
    def verb():
        tries.append(1)
        raise met_another()

    with pytest.raises(ValidationError, match="Nothing was saved: try again"):
        verb()
    assert len(tries) == acts.TRIES


@pytest.mark.django_db(transaction=True)
def test_another_error_of_the_database_is_not_hidden():
    @act
    def verb():
        raise OperationalError("disk I/O error")

    with pytest.raises(OperationalError, match="disk"):
        verb()


@pytest.mark.django_db(transaction=True)
def test_inside_a_larger_act_only_the_larger_one_is_run_again(quick):
    tries = {"inner": 0, "outer": 0}

    @act
    def inner():
        tries["inner"] += 1
        if tries["inner"] == 1:
            raise met_another()

    @act
    def outer():
        tries["outer"] += 1
        inner()

    outer()

    assert tries == {"inner": 2, "outer": 2}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("guard", "kind", "code"),
    [
        ("visit_practitioner_once", TimeTaken, "practitioner_busy"),
        ("visit_room_once", TimeTaken, "room_busy"),
        ("visit_patient_once", TimeTaken, "patient_busy"),
        ("visit_hard_stop", Refused, "visit_hard_stop"),
        ("flag_kept", Refused, "flag_kept"),
    ],
)
def test_what_a_guard_refuses_is_said_in_words(monkeypatch, guard, kind, code):
    monkeypatch.setattr(guards, "violated", lambda _error: guard)

    @act
    def verb():
        raise IntegrityError("guard")

    with pytest.raises(kind) as refusal:
        verb()

    [found] = refusal.value.findings
    assert found.code == code
    assert found.sentence.endswith(".")
    assert not connection.needs_rollback


@pytest.mark.django_db
def test_a_constraint_that_is_no_guard_stays_an_error():
    @act
    def verb():
        raise IntegrityError("UNIQUE constraint failed: treatments_course.patient_id")

    with pytest.raises(IntegrityError), transaction.atomic():
        verb()


@pytest.fixture
def ids(monkeypatch):
    """The next public ids, sign by sign; all A after them."""

    def come(*wanted: str) -> None:
        signs = chain("".join(wanted), repeat("A"))
        monkeypatch.setattr(fields, "secrets", SimpleNamespace(choice=lambda _alphabet: next(signs)))

    return come


@pytest.mark.django_db
def test_a_patient_whose_number_is_taken_gets_the_next_one(ids):
    taken = factories.patient()

    ids(taken.public_id, taken.public_id, "7KX3Q9")

    assert factories.patient(family_name="Okafor").public_id == "7KX3Q9"
    assert Patient.objects.count() == 2


@pytest.mark.django_db
def test_a_visit_whose_number_is_taken_gets_the_next_one(ids):
    taken, other = factories.visit(factories.patient()), factories.patient(family_name="Okafor")
    room, practitioner = taken.room, taken.practitioner
    start = taken.starts_at + timedelta(days=1)

    ids(taken.public_id, "7KX3Q9")
    visit = factories.visit(other, start, room=room, practitioner=practitioner)

    assert (visit.public_id, visit.patient) == ("7KX3Q9", other)
    assert Appointment.objects.count() == 2


@pytest.mark.django_db
def test_where_every_number_is_taken_it_is_an_error(ids):
    taken = factories.patient()

    ids(*[taken.public_id] * acts.IDS, "7KX3Q9")

    with pytest.raises(IntegrityError, match="public_id"):
        factories.patient(family_name="Okafor")
    assert Patient.objects.count() == 1


@pytest.mark.django_db
def test_another_row_that_is_there_already_is_not_tried_again():
    factories.load_catalogue()
    tries = []

    @act
    def verb():
        tries.append(1)
        MessageText.objects.create(code="due", name="Again")

    with pytest.raises(IntegrityError, match="code"):
        verb()
    assert len(tries) == 1
