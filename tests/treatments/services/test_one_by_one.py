"""Messages that a person sends: true when they are asked for and when they go, once a day, taken back within three minutes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from tests.fakes import Provider
from treatments.models import Appointment, ClinicSettings, LotStop, Message, PatientLink, Treatment
from treatments.rules.vocabulary import AppointmentState, Reply
from treatments.services import appointments, lots, messages, one_by_one, patients, treatments
from treatments.services.one_by_one import LOT, MISSED, ON_HOLD, QUESTIONS
from treatments.services.visit_messages import Untrue

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LONG_AGO = NOW - 3 * DAY
LATER = NOW + 3 * MINUTE
REASON = "Recalled by the maker this morning"


@pytest.fixture(autouse=True)
def _telephone() -> None:
    ClinicSettings.objects.create(telephone="+442079460123")


@pytest.fixture
def visit(provider: Provider) -> Appointment:
    """Booked for next week; the patient has been told of it."""
    person = factories.patient(phone="+447700900123", email="alina@example.org")
    visit = factories.visit(person, at=LONG_AGO)
    messages.send_waiting(at=LONG_AGO + 3 * MINUTE)
    provider.sent.clear()
    return visit


@pytest.fixture
def held(visit: Appointment) -> Appointment:
    factories.flag(visit.patient, at=LONG_AGO)
    visit.refresh_from_db()
    assert visit.state == "on_hold"
    return visit


@pytest.fixture
def missed(provider: Provider) -> Appointment:
    person = factories.patient(phone="+447700900123")
    visit = factories.visit(person, NOW - 2 * 60 * MINUTE, at=LONG_AGO)
    visit = appointments.mark(visit, AppointmentState.MISSED, by=BY, at=NOW - 60 * MINUTE)
    messages.send_waiting(at=NOW - 50 * MINUTE)
    provider.sent.clear()
    return visit


@pytest.fixture
def given() -> Treatment:
    return factories.of_stopped_lot(REASON, at=LONG_AGO)


def said(provider: Provider, at=LATER) -> str:
    assert messages.send_waiting(at=at).counts["sent"] == 1
    return provider.sent[-1].text


def test_confirm_and_answer(provider: Provider, visit: Appointment):
    message = one_by_one.send(visit, QUESTIONS, by="maya", at=NOW)

    assert messages.send_waiting(at=LATER - timedelta(seconds=1)).counts == {}
    words = said(provider)

    start = "Alina, your visit at Harbour Skin Clinic is Tue 1 December, 10:00am. Confirm it and answer a few questions: http"
    assert words.startswith(start)
    assert PatientLink.objects.filter(purpose="visit", appointment=visit).count() == 2  # of the booking, and of this
    assert AuditEvent.objects.filter(verb="message.asked", by="maya", object_id=message.public_id).count() == 1


def test_speak_to_us_first(provider: Provider, held: Appointment):
    one_by_one.send(held, ON_HOLD, by=BY, at=NOW)

    assert said(provider) == (
        "Alina, we need to speak to you before your visit at Harbour Skin Clinic on Tue 1 December. Call 020 7946 0123."
    )


def test_we_missed_you(provider: Provider, missed: Appointment):
    one_by_one.send(missed, MISSED, by=BY, at=NOW)

    assert said(provider).startswith(
        "Alina, we missed you at Harbour Skin Clinic on Sun 22 November. Choose a new time: http"
    )
    assert PatientLink.objects.filter(purpose="due").count() == 1


def test_a_bad_lot(provider: Provider, given: Treatment):
    one_by_one.send(given, LOT, by=BY, at=NOW)

    assert said(provider) == (
        "Alina, Harbour Skin Clinic has important information about your visit on 1 November. "
        "Call us today on 020 7946 0123."
    )


def test_the_words_are_shown_before_and_make_no_link(visit: Appointment):
    links = PatientLink.objects.count()

    draft = one_by_one.draft(visit, QUESTIONS, at=NOW)

    assert (draft.way, draft.address, draft.quiet) == ("sms", "+447700900123", None)
    assert draft.words.body.startswith("Alina, your visit at Harbour Skin Clinic is Tue 1 December, 10:00am.")
    assert PatientLink.objects.count() == links


def test_the_same_is_sent_once_a_day(provider: Provider, visit: Appointment):
    one_by_one.send(visit, QUESTIONS, by=BY, at=NOW)

    with pytest.raises(Untrue, match="today already"):
        one_by_one.send(visit, QUESTIONS, by=BY, at=NOW + 60 * MINUTE)
    one_by_one.send(visit, QUESTIONS, by=BY, at=NOW + DAY)


def cancelled(visit: Appointment) -> None:
    appointments.cancel(visit, who="clinic", reason="By mistake", by=BY, at=NOW)


def put_on_hold(visit: Appointment) -> None:
    factories.flag(visit.patient)


def not_coming(visit: Appointment) -> None:
    Appointment.objects.filter(pk=visit.pk).update(reply=Reply.NOT_COMING.value, replied_at=NOW)


def died(visit: Appointment) -> None:
    patients.amend(visit.patient, changes={"died_on": TODAY}, by=BY, at=NOW)


def unreachable(visit: Appointment) -> None:
    patients.amend(visit.patient, changes={"phone": "", "email": ""}, by=BY, at=NOW)


@pytest.mark.parametrize("happened", [cancelled, put_on_hold, not_coming, died, unreachable])
def test_what_is_no_longer_true_of_a_booked_visit_is_not_said(provider: Provider, visit: Appointment, happened):
    message = one_by_one.send(visit, QUESTIONS, by=BY, at=NOW)
    happened(visit)
    visit.refresh_from_db()

    with pytest.raises(Untrue):
        one_by_one.draft(visit, QUESTIONS, at=NOW + DAY)
    messages.send_waiting(at=LATER)

    message.refresh_from_db()
    assert message.state == "dropped"
    assert [one for one in provider.sent if "questions" in one.text] == []


def test_a_visit_whose_time_has_come_meanwhile_is_not_asked_about(provider: Provider):
    visit = factories.visit(factories.patient(phone="+447700900123"), NOW + 2 * MINUTE, at=LONG_AGO)
    messages.send_waiting(at=LONG_AGO + 3 * MINUTE)
    one_by_one.send(visit, QUESTIONS, by=BY, at=NOW)

    assert messages.send_waiting(at=LATER).counts == {"not sent": 1}
    assert (one_by_one.code_of(visit, at=NOW), one_by_one.code_of(visit, at=LATER)) == (QUESTIONS, "")


def test_what_is_on_another_record_by_then_is_not_said(provider: Provider, given: Treatment):
    message = one_by_one.send(given, LOT, by=BY, at=NOW)
    Message.objects.update(patient=factories.patient(phone="+447700900124"))

    assert messages.send_waiting(at=LATER).counts == {"not sent": 1}
    message.refresh_from_db()
    assert message.why == "What it is about is not on this record any more."


def test_who_was_missed_and_has_a_new_time_is_not_asked_to_choose_one(provider: Provider, missed: Appointment):
    one_by_one.send(missed, MISSED, by=BY, at=NOW)
    factories.visit(missed.patient, at=NOW)

    assert messages.send_waiting(at=LATER).counts["not sent"] == 1
    assert [one for one in provider.sent if "missed" in one.text] == []


def test_who_was_missed_and_must_not_come_is_called_instead(missed: Appointment):
    factories.treated(missed.patient, date(2026, 7, 25))
    factories.flag(missed.patient)

    with pytest.raises(Untrue, match="A flag is in force"):
        one_by_one.send(missed, MISSED, by=BY, at=NOW)


def test_a_lot_that_is_used_again_alarms_nobody(provider: Provider, given: Treatment):
    one_by_one.send(given, LOT, by=BY, at=NOW)
    lots.lift(LotStop.objects.get(), reason="The maker has withdrawn the recall", by=BY, at=NOW)

    assert messages.send_waiting(at=LATER).counts == {"not sent": 1}
    with pytest.raises(Untrue, match="Its lot is not stopped"):
        one_by_one.draft(given, LOT, at=NOW + DAY)


def test_a_treatment_that_was_voided_alarms_nobody(provider: Provider, given: Treatment):
    one_by_one.send(given, LOT, by=BY, at=NOW)
    treatments.void(given, reason="Entered for the wrong patient", by=BY, at=NOW)

    assert messages.send_waiting(at=LATER).counts == {"not sent": 1}


@pytest.mark.parametrize("code", [ON_HOLD, LOT])
def test_nobody_is_asked_to_call_a_number_that_is_not_set(held: Appointment, given: Treatment, code: str):
    ClinicSettings.objects.update(telephone="")

    with pytest.raises(Untrue, match="telephone for patients is not set"):
        one_by_one.send(held if code == ON_HOLD else given, code, by=BY, at=NOW)


def test_it_waits_for_the_end_of_the_quiet_hours(provider: Provider, visit: Appointment):
    evening = NOW.replace(hour=20, minute=30)

    draft = one_by_one.draft(visit, QUESTIONS, at=evening)
    one_by_one.send(visit, QUESTIONS, by=BY, at=evening)

    assert draft.quiet == NOW + DAY
    assert messages.send_waiting(at=evening + 3 * MINUTE).counts == {"not sent": 1}
    assert "questions" in said(provider, NOW + DAY)


def test_taken_back_it_reaches_nobody_and_can_be_sent_again(provider: Provider, visit: Appointment):
    message = one_by_one.send(visit, QUESTIONS, by=BY, at=NOW)

    one_by_one.take_back(message, by="maya", at=NOW + MINUTE)

    assert messages.send_waiting(at=LATER).counts == {}
    one_by_one.send(visit, QUESTIONS, by=BY, at=NOW + 5 * MINUTE)
    with pytest.raises(ValidationError, match="has gone"):
        one_by_one.take_back(message, by="maya", at=NOW + 6 * MINUTE)


def test_a_message_that_nobody_asked_for_is_not_taken_back(provider: Provider):
    visit = factories.visit(factories.patient(phone="+447700900123"), at=NOW)

    with pytest.raises(ValidationError, match="Only a message that a person asked for"):
        one_by_one.take_back(Message.objects.get(appointment=visit), by=BY, at=NOW)
