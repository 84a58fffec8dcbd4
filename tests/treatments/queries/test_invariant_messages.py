"""The checker sees a message that went out twice, lost its step, or is about somebody else's visit."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from tests import factories, fakes
from tests.factories import BY, NOW, TODAY
from treatments.models import Message, Patient, Reminder
from treatments.queries.invariant_messages import broken
from treatments.services import reminders

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Patient:
    """Somebody who was reminded."""
    person = factories.patient(phone="+447700900123", contact_consent="yes")
    factories.treated(person, date(2026, 7, 25))
    with fakes.provider():
        reminders.run(on=TODAY, at=NOW, by=BY)
    return person


def another(**fields: Any) -> Message:
    message = Message.objects.get()
    message.pk, message._state.adding = None, True
    for name, value in ({"public_id": "SECOND", "key": "another"} | fields).items():
        setattr(message, name, value)
    message.save()
    return message


def test_a_sound_outbox_has_nothing(person: Patient):
    assert list(broken(connection)) == []


def test_a_step_that_went_out_twice(person: Patient):
    """The unique key keeps it out of the table; a copy without the key stands in front of it."""
    again = another()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE treatments_reminder AS SELECT * FROM treatments_reminder")
        cursor.execute(
            "INSERT INTO treatments_reminder (id, course_id, cycle_on, step_id, message_id, refused) "
            "SELECT id + 1, course_id, cycle_on, step_id, %s, refused FROM treatments_reminder",
            [again.pk],
        )

    [(rule, sentence)] = broken(connection)

    assert rule == "reminder_once"
    assert "has 2 messages for step due" in sentence


def test_a_message_without_its_step(person: Patient):
    Reminder.objects.all().delete()

    assert [rule for rule, _sentence in broken(connection)] == ["reminder_step"]


def test_a_visit_that_was_told_of_twice(person: Patient):
    visit = factories.visit(person, datetime(2026, 12, 1, 10, tzinfo=UTC))
    about = {"kind": "tomorrow", "appointment": visit, "run": None, "patient": person}
    Message.objects.filter(kind="visit").delete()
    another(key="tomorrow:X:2026-12-01", **about)
    message = Message.objects.get(public_id="SECOND")
    message.pk, message.public_id, message.key = None, "THIRD", "tomorrow:again:X:2026-12-01"
    message._state.adding = True
    message.save()

    assert [rule for rule, _sentence in broken(connection)] == ["reminder_once"]


def test_a_message_about_somebody_elses_visit(person: Patient):
    visit = factories.visit(factories.patient())
    Message.objects.filter(appointment=visit).update(patient=person)

    [(rule, sentence)] = broken(connection)

    assert rule == "message_patient"
    assert person.public_id in sentence
