"""What a person decides about a message, and what the provider says of it afterwards."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.channels.base import Rejected, Unknown
from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from tests.fakes import Provider
from treatments.models import Message
from treatments.services import appointments, messages, outbox, patients, reminders

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def uncertain(provider: Provider) -> Message:
    return reminded(provider, Unknown("The provider did not answer; it may have the message."))


@pytest.fixture
def failed(provider: Provider) -> Message:
    return reminded(provider, Rejected("The provider refuses this message (code 400)."))


@pytest.fixture
def sent(provider: Provider) -> Message:
    return reminded(provider, None)


def reminded(provider: Provider, trouble: Exception | None) -> Message:
    person = factories.patient(phone="+447700900123", contact_consent="yes")
    factories.treated(person, date(2026, 7, 25))
    provider.trouble = trouble
    reminders.run(on=TODAY, at=NOW, by=BY)
    provider.trouble = None
    return Message.objects.get()


def counts(at=NOW + DAY) -> dict[str, int]:
    found = reminders.balance(on=at.date(), at=at)
    return {name: number for name, number in found.items() if number}


def test_an_uncertain_one_is_marked_as_sent(provider: Provider, uncertain: Message):
    message = messages.mark_sent(uncertain, by="maya", at=NOW + MINUTE)

    assert (message.state, message.sent_at) == ("sent", uncertain.claimed_at)
    assert counts() == {"waiting": 1}
    assert AuditEvent.objects.filter(verb="message.marked_sent", by="maya").count() == 1


def test_an_uncertain_one_is_sent_again_if_it_is_still_true(provider: Provider, uncertain: Message):
    messages.send_again(uncertain, by="maya", at=NOW + MINUTE)

    assert messages.send_waiting(at=NOW + 3 * MINUTE).counts == {}
    assert messages.send_waiting(at=NOW + 4 * MINUTE).counts == {"sent": 1}
    assert [one.public_id for one in provider.sent] == [uncertain.public_id]
    assert AuditEvent.objects.filter(verb="message.sent_again", by="maya").count() == 1


def test_what_is_no_longer_true_is_not_sent_again(provider: Provider, uncertain: Message):
    messages.send_again(uncertain, by="maya", at=NOW + MINUTE)
    factories.visit(uncertain.patient, at=NOW + 2 * MINUTE)

    assert messages.send_waiting(at=NOW + 4 * MINUTE).counts == {"not sent": 1}
    assert provider.sent == []


def test_what_may_have_arrived_keeps_its_step_when_it_is_not_sent_again(provider: Provider, uncertain: Message):
    messages.send_again(uncertain, by="maya", at=NOW + MINUTE)
    visit = factories.visit(uncertain.patient, at=NOW + 2 * MINUTE)
    messages.send_waiting(at=NOW + 4 * MINUTE)

    uncertain.refresh_from_db()
    assert (uncertain.state, uncertain.reminders.count()) == ("uncertain", 1)
    assert uncertain.why.startswith("Not sent again: No longer to be sent")
    appointments.cancel(visit, who="clinic", reason="By mistake", by=BY, at=NOW + 4 * MINUTE)
    reminders.run(on=TODAY, at=NOW + 5 * MINUTE, by=BY)
    assert provider.sent == []
    assert counts(NOW + 5 * MINUTE) == {"uncertain": 1}


def test_a_failed_one_is_sent_again(provider: Provider, failed: Message):
    messages.send_again(failed, by="maya", at=NOW + MINUTE)

    assert messages.send_waiting(at=NOW + 4 * MINUTE).counts == {"sent": 1}


def test_a_refused_one_that_has_gone_another_way_is_not_sent_again(provider: Provider, failed: Message):
    patients.amend(failed.patient, changes={"email": "alina@example.org"}, by=BY, at=NOW)
    reminders.run(on=TODAY, at=NOW + MINUTE, by=BY)

    with pytest.raises(ValidationError, match="gone another way meanwhile"):
        messages.send_again(failed, by="maya", at=NOW + 2 * MINUTE)
    assert [one.to for one in provider.sent] == ["alina@example.org"]


def test_a_refused_one_that_is_sent_again_goes_no_other_way(provider: Provider, failed: Message):
    patients.amend(failed.patient, changes={"email": "alina@example.org"}, by=BY, at=NOW)
    messages.send_again(failed, by="maya", at=NOW + MINUTE)

    assert counts(NOW + MINUTE) == {"waiting": 1}
    assert messages.send_waiting(at=NOW + 4 * MINUTE).counts == {"sent": 1}
    assert [one.to for one in provider.sent] == ["+447700900123"]


@pytest.mark.parametrize("status", ["undelivered", "expired"])
def test_what_the_provider_could_not_deliver_goes_another_way(provider: Provider, sent: Message, status: str):
    patients.amend(sent.patient, changes={"email": "alina@example.org"}, by=BY, at=NOW)
    messages.delivered(sent.provider_ref, status, NOW + MINUTE)

    reminders.run(on=TODAY, at=NOW + 2 * MINUTE, by=BY)

    assert [one.to for one in provider.sent] == ["+447700900123", "alina@example.org"]


def test_a_failed_one_that_is_left_is_not_tried_by_the_next_run(provider: Provider, failed: Message):
    message = messages.leave(failed, by="maya", at=NOW + MINUTE)

    assert (message.state, message.why) == (
        "dropped", "Left unsent by a person: The provider refuses this message (code 400).",
    )  # fmt: skip
    reminders.run(on=TODAY, at=NOW + 2 * MINUTE, by=BY)
    assert provider.sent == []
    assert counts() == {"failed": 1}


@pytest.mark.parametrize(
    ("decide", "trouble"),
    [
        (messages.mark_sent, Unknown("No answer.")),
        (messages.send_again, Unknown("No answer.")),
        (messages.send_again, Rejected("Refused.")),
        (messages.leave, Rejected("Refused.")),
    ],
)
def test_what_a_person_decided_is_taken_back(provider: Provider, decide, trouble: Exception):
    before = reminded(provider, trouble)
    patients.amend(before.patient, changes={"email": "alina@example.org"}, by=BY, at=NOW)
    was = counts(NOW + 10 * MINUTE)
    decide(before, by="maya", at=NOW + MINUTE)

    messages.undo(before, by="maya", at=NOW + 2 * MINUTE)

    message = Message.objects.get()
    assert (message.state, message.why, message.sent_at) == (before.state, before.why, None)
    assert messages.send_waiting(at=NOW + 5 * MINUTE).counts == {}
    assert counts(NOW + 10 * MINUTE) == was
    assert AuditEvent.objects.filter(verb="message.undone", by="maya").count() == 1


def test_what_has_gone_is_not_taken_back(provider: Provider, failed: Message):
    messages.send_again(failed, by="maya", at=NOW)
    messages.send_waiting(at=NOW + 4 * MINUTE)

    with pytest.raises(ValidationError, match="Something has become of the message"):
        messages.undo(failed, by="maya", at=NOW + 5 * MINUTE)


def test_what_was_no_longer_to_be_sent_is_not_taken_back(provider: Provider, failed: Message):
    messages.send_again(failed, by="maya", at=NOW)
    factories.visit(failed.patient, at=NOW + 2 * MINUTE)
    messages.send_waiting(at=NOW + 4 * MINUTE)

    with pytest.raises(ValidationError, match="Something has become of the message"):
        messages.undo(failed, by="maya", at=NOW + 5 * MINUTE)


def test_what_nobody_has_decided_is_not_taken_back(provider: Provider, sent: Message):
    with pytest.raises(ValidationError, match="Something has become of the message"):
        messages.undo(sent, by="maya", at=NOW + MINUTE)


def test_what_the_provider_has_settled_since_is_not_taken_back(provider: Provider, uncertain: Message):
    messages.mark_sent(uncertain, by="maya", at=NOW + MINUTE)
    messages.delivered(uncertain.public_id, "delivered", NOW + 2 * MINUTE)

    with pytest.raises(ValidationError, match="Something has become of the message"):
        messages.undo(uncertain, by="maya", at=NOW + 3 * MINUTE)


@pytest.mark.parametrize("act", [messages.mark_sent, messages.leave, messages.send_again])
def test_what_is_settled_is_not_decided_again(provider: Provider, sent: Message, act):
    with pytest.raises(ValidationError, match="“sent” by now"):
        act(sent, by="maya", at=NOW)


@pytest.mark.parametrize("act", [messages.mark_sent, messages.send_again])
def test_a_second_press_changes_nothing(provider: Provider, uncertain: Message, act):
    act(uncertain, by="maya", at=NOW)

    with pytest.raises(ValidationError):
        act(uncertain, by="maya", at=NOW)


def test_the_provider_says_that_it_arrived(provider: Provider, sent: Message):
    assert messages.delivered(sent.provider_ref, "delivered", NOW + MINUTE) is True

    sent.refresh_from_db()
    assert (sent.state, sent.delivery, sent.delivery_at) == ("sent", "delivered", NOW + MINUTE)


def test_an_uncertain_one_that_arrived_is_certain(provider: Provider, uncertain: Message):
    assert messages.delivered(uncertain.public_id, "delivered", NOW + MINUTE) is True

    uncertain.refresh_from_db()
    assert uncertain.state == "sent"


def test_what_did_not_arrive_is_shown_as_failed(provider: Provider, sent: Message):
    messages.delivered(sent.provider_ref, "undelivered", NOW + MINUTE)

    sent.refresh_from_db()
    assert (sent.state, sent.why) == ("failed", "The provider could not deliver it.")
    assert counts() == {"failed": 1}


def test_what_arrives_after_all_is_sent(provider: Provider, sent: Message):
    left_at = sent.sent_at
    messages.delivered(sent.provider_ref, "failed", NOW + MINUTE)

    messages.delivered(sent.provider_ref, "delivered", NOW + 2 * MINUTE)

    sent.refresh_from_db()
    assert (sent.state, sent.why, sent.sent_at, sent.delivery) == ("sent", "", left_at, "delivered")


def test_what_arrived_does_not_fail_by_a_report_that_was_held_up(provider: Provider, sent: Message):
    messages.delivered(sent.provider_ref, "delivered", NOW + MINUTE)

    assert messages.delivered(sent.provider_ref, "failed", NOW + 2 * MINUTE) is True

    sent.refresh_from_db()
    assert (sent.state, sent.delivery) == ("sent", "delivered")


@pytest.mark.parametrize("reference", ["", "P-unknown"])
def test_a_number_that_is_not_ours(provider: Provider, sent: Message, reference: str):
    assert messages.delivered(reference, "delivered", NOW) is False


def test_no_more_than_asked_for_go_out_at_once(provider: Provider):
    for _number in range(3):
        factories.visit(factories.patient(phone="+447700900123"))

    assert messages.send_waiting(at=NOW + 5 * MINUTE, most=2).counts == {"sent": 2}
    assert messages.send_waiting(at=NOW + 6 * MINUTE, most=2).counts == {"sent": 1}


def test_one_that_fails_never_ends_the_others(provider: Provider):
    one, _other = (factories.visit(factories.patient(phone="+447700900123")) for _number in range(2))
    Message.objects.filter(appointment=one).update(key="visit:without:its:remembered time")

    assert messages.send_waiting(at=NOW + 5 * MINUTE).counts == {"error": 1, "sent": 1}
    put_off = Message.objects.get(appointment=one)
    assert (put_off.state, put_off.attempts, put_off.why) == ("waiting", 1, "ValueError")
    assert put_off.not_before_at >= NOW + 10 * MINUTE


def test_one_that_fails_does_not_stand_before_the_others_for_ever(provider: Provider):
    one = factories.visit(factories.patient(phone="+447700900123"))
    Message.objects.filter(appointment=one).update(key="visit:without:its:remembered time")
    messages.send_waiting(at=NOW + 5 * MINUTE, most=1)
    factories.visit(factories.patient(phone="+447700900124"))

    assert messages.send_waiting(at=NOW + 6 * MINUTE, most=1).counts == {"sent": 1}


def test_one_that_always_fails_is_given_up(provider: Provider):
    one = factories.visit(factories.patient(phone="+447700900123"))
    Message.objects.filter(appointment=one).update(key="visit:without:its:remembered time")

    for _time in range(outbox.MOST_ATTEMPTS):
        messages.send_waiting(at=Message.objects.get().not_before_at)

    message = Message.objects.get()
    assert (message.state, message.why) == ("failed", "Given up: ValueError")
    assert AuditEvent.objects.filter(verb="message.tried").count() == outbox.MOST_ATTEMPTS - 1
    assert AuditEvent.objects.filter(verb="message.failed", object_id=message.public_id).count() == 1


def test_a_claim_that_is_given_up_stands_in_the_trail(provider: Provider):
    factories.visit(factories.patient(phone="+447700900123"))
    Message.objects.update(state="claimed", claimed_by="somebody", claimed_at=NOW)

    assert outbox.give_up_stale(at=NOW + outbox.LEASE) == 1
    assert outbox.give_up_stale(at=NOW + outbox.LEASE) == 0

    event = AuditEvent.objects.get(verb="message.uncertain")
    assert (event.object_id, event.by) == (Message.objects.get().public_id, Message.objects.get().made_by)


def test_the_pauses_grow_up_to_four_hours():
    pauses = [outbox.pause_after(attempts) // MINUTE for attempts in range(1, 9)]

    assert pauses == [5, 10, 20, 40, 80, 160, 240, 240]
