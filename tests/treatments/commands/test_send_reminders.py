"""send_reminders and send_messages: what they print, and what they end with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from tests import factories, fakes
from tests.factories import NOW
from tests.fakes import Provider
from treatments.models import Message, MessageText, Patient

pytestmark = pytest.mark.django_db
BALANCE = """bucket          courses
sent            1
booked          1
on_hold         0
opted_out       0
not_asked       1
no_channel      0
quiet_hours     0
capped          0
snoozed         0
failed          0
uncertain       0
stopped         0
waiting         0
due courses     3
Told of tomorrow's visit: 0.
"""


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def provider() -> Iterator[Provider]:
    with fakes.provider() as taking:
        yield taking


def due(**fields: object) -> Patient:
    person = factories.patient(**({"phone": "+447700900123", "contact_consent": "yes"} | fields))
    factories.treated(person, date(2026, 7, 25))
    return person


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_run_prints_its_balance(provider: Provider):
    due()
    due(contact_consent="")
    factories.visit(due())

    assert said("send_reminders", "--on", "2026-11-22") == BALANCE
    assert len(provider.sent) == 1


def test_a_dry_run_prints_who_and_why_and_sends_nothing(provider: Provider):
    person, asked = due(), due(contact_consent="")

    lines = said("send_reminders", "--dry-run").splitlines()

    assert [line.split() for line in lines[:3]] == [
        ["patient", "course", "bucket", "why", "step", "way", "until"],
        [person.public_id, "glabellar_lines", "to_send", "due", "sms"],
        [asked.public_id, "glabellar_lines", "not_asked"],
    ]
    assert lines[3] == "2 due courses. Nothing was sent."
    assert (provider.sent, Message.objects.count()) == ([], 0)


def test_both_as_csv(provider: Provider):
    person = due()

    assert said("send_reminders", "--dry-run", "--format", "csv") == (
        f"patient,course,bucket,why,step,way,until\n{person.public_id},glabellar_lines,to_send,,due,sms,\n"
    )
    assert said("send_reminders", "--format", "csv").startswith("bucket,courses\nsent,1\n")


def test_a_day_that_has_not_come_can_only_be_looked_at(provider: Provider):
    due()

    with pytest.raises(CommandError, match="add --dry-run"):
        said("send_reminders", "--on", "2026-11-23")

    assert said("send_reminders", "--on", "2026-11-23", "--dry-run").endswith("1 due course. Nothing was sent.\n")


def test_what_went_wrong_ends_with_an_error(provider: Provider):
    due()
    MessageText.objects.filter(code="due").update(sms="{nonsense}")

    with pytest.raises(CommandError, match="1 went wrong"):
        said("send_reminders")


def test_the_minutes_job_says_what_it_did_and_nothing_where_there_was_nothing(provider: Provider):
    factories.visit(factories.patient(phone="+447700900123"))

    assert said("send_messages") == ""
    with time_machine.travel(NOW.replace(minute=4), tick=False):
        assert said("send_messages") == "sent: 1\n"


def test_the_minutes_job_names_what_a_person_has_to_look_at(provider: Provider):
    visit = factories.visit(factories.patient(phone="+447700900123"))
    Message.objects.filter(appointment=visit).update(state="claimed", claimed_by="somebody", claimed_at=NOW)

    with time_machine.travel(NOW.replace(minute=11), tick=False):
        assert said("send_messages") == "uncertain, for a person to look at: 1\n"
    assert Message.objects.get().state == "uncertain"
