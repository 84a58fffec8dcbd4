"""Text messages that come in: what acts by itself, and what a person reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOW
from treatments.models import Appointment, ContactConsent, Patient, PatientRequest
from treatments.services import incoming

pytestmark = pytest.mark.django_db
PHONE = "+447700900123"


@pytest.fixture
def person() -> Patient:
    return factories.patient(phone=PHONE)


@pytest.fixture
def visit(person) -> Appointment:
    return factories.visit(person)


def heard(words: str, phone: str = PHONE) -> str:
    return incoming.text(phone, words, at=NOW).value


@pytest.mark.parametrize(
    "words", ["STOP", "stop", " Stop. ", "Stop please", "please stop", "STOP ALL", "Stop texts", "UNSUBSCRIBE", "quit"]
)
def test_stop_stops(person, words):
    assert heard(words) == "stopped"

    person.refresh_from_db()
    assert person.contact_consent == ContactConsent.NO
    assert not PatientRequest.objects.exists()


@pytest.mark.parametrize("words", ["Stop by at 5?", "I can't stop thinking about it", "CANCEL", "cancel my visit", ""])
def test_what_is_not_plainly_stop_is_read_by_a_person(person, words):
    assert heard(words) == "to_read"

    person.refresh_from_db()
    assert person.contact_consent == ""
    row = PatientRequest.objects.get()
    assert (row.patient, row.words, row.wish, row.way) == (person, words, "words", "sms")


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("YES", "coming"),
        ("y", "coming"),
        ("C", "coming"),
        ("Yes!", "coming"),
        ("No", "not_coming"),
        ("n.", "not_coming"),
    ],
)
def test_yes_and_no_answer_the_next_visit(visit, words, reply):
    assert heard(words) == reply

    visit.refresh_from_db()
    assert visit.reply == reply
    assert visit.state == "booked"


def test_the_number_is_known_in_any_spelling(visit):
    assert heard("yes", "07700 900123") == "coming"


def test_yes_without_a_visit_is_read_by_a_person(person):
    assert heard("yes") == "to_read"


def test_yes_to_one_of_two_visits_is_read_by_a_person(visit):
    factories.visit(visit.patient, visit.starts_at + timedelta(days=1))

    assert heard("yes") == "to_read"
    visit.refresh_from_db()
    assert visit.reply == ""


def test_a_visit_far_ahead_is_not_meant(person):
    factories.visit(person, NOW + timedelta(days=40))

    assert heard("no") == "to_read"


def test_a_shared_number_stops_for_all_and_answers_for_none(visit):
    sister = factories.patient(phone=PHONE, given_name="Ruth")
    factories.visit(sister, visit.starts_at + timedelta(hours=1))

    assert heard("yes") == "to_read"
    row = PatientRequest.objects.get()
    assert (row.patient, row.phone) == (None, PHONE)

    assert heard("stop") == "stopped"
    assert set(Patient.objects.values_list("contact_consent", flat=True)) == {"no"}


@pytest.mark.parametrize("phone", ["+447700900999", "ClinicInfo", "", "\0"])
def test_a_number_that_nobody_has_is_read_too(person, phone):
    assert heard("STOP", phone) == "to_read"

    assert PatientRequest.objects.get().patient is None
    person.refresh_from_db()
    assert person.contact_consent == ""


def test_hidden_and_endless_words_are_kept_as_far_as_they_can_be(person):
    heard("a\0b" * 2000)

    assert PatientRequest.objects.get().words == ("ab" * 2000)[:2000]
