"""The pages of messages: what a person decides with one press, and what a patient was told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client

from clinic.channels.base import Rejected, Unknown
from tests import factories, fakes
from tests.factories import BY, NOW, TODAY
from tests.fakes import Provider
from treatments.models import Message, PatientLink
from treatments.services import messages, reminders

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def provider() -> Iterator[Provider]:
    with fakes.provider() as taking:
        yield taking


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(factories.staff("reception", username="maya"))
    return client


def reminded(provider: Provider, trouble: Exception | None, family_name: str = "Marsh") -> Message:
    person = factories.patient(family_name=family_name, phone="+447700900123", contact_consent="yes")
    factories.treated(person, date(2026, 7, 25))
    provider.trouble = trouble
    reminders.run(on=TODAY, at=NOW + Message.objects.count() * timedelta(minutes=1), by=BY)
    provider.trouble = None
    return Message.objects.get(patient=person)


def test_the_words_are_read_without_what_opens_the_patients_page(desk: Client, provider: Provider):
    message = reminded(provider, None)

    page = desk.get(f"/patients/{message.patient.public_id}/messages/").content.decode()

    assert PatientLink.objects.get().token in message.body
    assert PatientLink.objects.get().token not in page
    assert "Choose a time: http" in page
    assert "/v/…" in page


def test_nothing_to_look_at(desk: Client):
    assert "No message has failed, and none is uncertain." in desk.get("/messages/").content.decode()


def test_failed_and_uncertain_ones_with_what_can_be_done(desk: Client, provider: Provider):
    failed = reminded(provider, Rejected("The provider refuses this message (code 400)."))
    uncertain = reminded(provider, Unknown("The provider did not answer; it may have the message."), "Okafor")
    reminded(provider, None, "Quinn")

    page = desk.get("/messages/")

    rows = page.context["rows"]
    assert [(row["public_id"], row["state_label"], row["may_mark_sent"], row["may_leave"]) for row in rows] == [
        (failed.public_id, "Failed", False, True),
        (uncertain.public_id, "Uncertain", True, False),
    ]
    assert rows[0]["why"] == "The provider refuses this message (code 400)."
    assert page.context["tabs"][1]["count"] == 2


@pytest.mark.parametrize(
    ("act", "trouble", "state", "said"),
    [
        ("mark-sent", Unknown("?"), "sent", "Counted as sent: MARSH, Alina."),
        ("send-again", Unknown("?"), "waiting", "It goes out again in three minutes"),
        ("send-again", Rejected("No"), "waiting", "It goes out again in three minutes"),
        ("leave", Rejected("No"), "dropped", "Left unsent: MARSH, Alina."),
    ],
)
def test_one_press(desk: Client, provider: Provider, act: str, trouble: Exception, state: str, said: str):
    message = reminded(provider, trouble)

    page = desk.post(f"/messages/{message.public_id}/{act}/", follow=True)

    message.refresh_from_db()
    assert message.state == state
    assert page.redirect_chain == [("/messages/", 302)]
    assert said in page.content.decode()


@pytest.mark.parametrize(
    ("act", "trouble", "state"),
    [
        ("mark-sent", Unknown("?"), "uncertain"),
        ("send-again", Rejected("No"), "failed"),
        ("leave", Rejected("No"), "failed"),
    ],
)
def test_a_press_is_undone_by_one_press(desk: Client, provider: Provider, act: str, trouble: Exception, state: str):
    message = reminded(provider, trouble)
    undo = f"/messages/{message.public_id}/undo/"
    assert undo in desk.post(f"/messages/{message.public_id}/{act}/", follow=True).content.decode()

    page = desk.post(undo, follow=True).content.decode()

    assert "It waits for a person again: MARSH, Alina." in page
    assert undo not in page
    message.refresh_from_db()
    assert (message.state, message.why) == (state, str(trouble))


def test_a_second_press_says_how_it_stands(desk: Client, provider: Provider):
    message = reminded(provider, Unknown("?"))
    desk.post(f"/messages/{message.public_id}/mark-sent/")

    page = desk.post(f"/messages/{message.public_id}/send-again/", follow=True)

    assert "The message is “sent” by now. Nothing was changed." in page.content.decode()


@pytest.mark.parametrize("address", ["/messages/AAAAAA/leave/", "/messages/{}/shred/"])
def test_no_such_message_or_act(desk: Client, provider: Provider, address: str):
    message = reminded(provider, Rejected("No"))

    assert desk.post(address.format(message.public_id)).status_code == 404


def test_what_a_patient_was_told(desk: Client, provider: Provider):
    message = reminded(provider, None)
    visit = factories.visit(message.patient, at=NOW + timedelta(minutes=1))
    messages.delivered(message.provider_ref, "delivered", LATER)
    messages.send_waiting(at=LATER)

    page = desk.get(f"/patients/{message.patient.public_id}/messages/")

    booked, reminder = page.context["rows"]
    assert (booked["about"], booked["visit_url"]) == ("Visit booked", f"/visits/{visit.public_id}/")
    assert (reminder["about"], reminder["state_label"], reminder["address"]) == ("Reminder", "Sent", "07700 900123")
    assert reminder["delivery"] == "The provider says: delivered, 22-Nov-2026 09:05"
    assert "you are due for your next visit" in page.content.decode()
    assert "May we send reminders? Yes." in page.content.decode()


def test_a_patient_who_was_told_nothing(desk: Client):
    person = factories.patient()

    page = desk.get(f"/patients/{person.public_id}/messages/").content.decode()

    assert "Nothing has been sent to this patient from here." in page


@pytest.mark.parametrize(
    ("role", "list_", "decides"),
    [("reception", 200, 302), ("manager", 200, 302), ("auditor", 200, 403), ("injector", 403, 403)],
)
def test_who_may(client: Client, provider: Provider, role: str, list_: int, decides: int):
    client.force_login(factories.staff(role))
    message = reminded(provider, Rejected("No"))

    assert client.get("/messages/").status_code == list_
    assert client.get(f"/patients/{message.patient.public_id}/messages/").status_code == 200
    for act in ("leave", "undo", "send-again", "undo"):
        assert client.post(f"/messages/{message.public_id}/{act}/").status_code == decides
    message.refresh_from_db()
    assert message.state == "failed"


@pytest.mark.parametrize("number", [1, 3])
def test_the_pages_cost_the_same_for_any_number(
    desk: Client, provider: Provider, number: int, django_assert_num_queries
):
    for _number in range(number):
        message = reminded(provider, Rejected("No"), "Marsh" * (_number + 1))
    factories.visit(message.patient)
    desk.get("/messages/")
    desk.get(f"/patients/{message.patient.public_id}/messages/")

    with django_assert_num_queries(5):
        desk.get("/messages/")
    with django_assert_num_queries(9):
        desk.get(f"/patients/{message.patient.public_id}/messages/")
