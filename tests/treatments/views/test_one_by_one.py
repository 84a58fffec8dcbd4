"""The page that sends one message by hand: its words first, one press, Undo; and the pages that lead there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client

from tests import factories
from tests.factories import BY, NOW
from treatments.models import Appointment, ClinicSettings, Message, Treatment
from treatments.services import appointments

pytestmark = pytest.mark.django_db
LONG_AGO = NOW - timedelta(days=3)
REASON = "Recalled by the maker this morning"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    ClinicSettings.objects.create(telephone="+442079460123")
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(factories.staff("reception", username="maya"))
    return client


@pytest.fixture
def visit() -> Appointment:
    person = factories.patient(phone="+447700900123")
    visit = factories.visit(person, at=LONG_AGO)
    Message.objects.all().delete()  # of the booking, which has gone
    return visit


@pytest.fixture
def given() -> Treatment:
    return factories.of_stopped_lot(REASON, at=LONG_AGO)


def words(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def page_of(about: Appointment | Treatment) -> str:
    return f"{about.get_absolute_url()}message/"


def test_the_words_are_read_before_they_go(desk: Client, visit: Appointment):
    page = words(desk.get(page_of(visit)))

    assert "Confirm and answer What the patient reads Text message, 07700 900123 , 2 parts" in page
    assert "Alina, your visit at Harbour Skin Clinic is Tue 1 December, 10:00am. Confirm it" in page
    assert not Message.objects.exists()


def test_an_e_mail_has_its_subject_and_no_parts(desk: Client):
    visit = factories.visit(factories.patient(email="alina@example.org"), at=LONG_AGO)

    page = words(desk.get(page_of(visit)))

    assert "E-mail, alina@example.org Harbour Skin Clinic: please confirm your visit on Tuesday 1 December" in page
    assert " part" not in page.partition("What the patient reads")[2].partition("Send")[0]


def test_one_press_sends_it_and_one_takes_it_back(desk: Client, visit: Appointment):
    page = desk.post(page_of(visit), follow=True)

    message = Message.objects.get()
    assert page.redirect_chain == [(visit.get_absolute_url(), 302)]
    said = f"{visit.patient.list_name}: the message goes in three minutes, if it is still true then. Undo"
    assert said in words(page)
    assert (message.kind, message.state, message.made_by) == ("questions", "waiting", "maya")
    back = desk.post(f"/messages/{message.public_id}/take-back/", follow=True)
    assert "The message was taken back. Nobody was written to." in words(back)
    again = desk.post(f"/messages/{message.public_id}/take-back/", follow=True)
    assert "The message has gone, or is on its way. Nothing was changed." in words(again)


def test_a_second_press_is_refused_in_words(desk: Client, visit: Appointment):
    desk.post(page_of(visit))

    answer = desk.post(page_of(visit))

    assert answer.status_code == 409
    assert "Nothing is sent. It was sent today already, or waits to go." in words(answer)
    assert Message.objects.count() == 1


def test_in_quiet_hours_the_page_says_when_it_goes(client: Client, visit: Appointment):
    with time_machine.travel(NOW.replace(hour=21), tick=False):
        client.force_login(factories.staff("reception"))
        page = words(client.get(page_of(visit)))

    assert "These are quiet hours: it goes when they end, 23-Nov-2026 09:00." in page


def test_the_visit_leads_to_what_its_state_asks_for(desk: Client, visit: Appointment):
    assert "Send message: Confirm and answer" in words(desk.get(visit.get_absolute_url()))
    factories.flag(visit.patient, at=LONG_AGO)
    assert "Send message: Speak to us first" in words(desk.get(visit.get_absolute_url()))
    assert "we need to speak to you before your visit" in words(desk.get(page_of(visit)))
    Appointment.objects.update(state="missed")
    assert "Send message: Missed visit" in words(desk.get(visit.get_absolute_url()))


def test_of_a_cancelled_visit_there_is_nothing_to_send(desk: Client, visit: Appointment):
    appointments.cancel(visit, who="clinic", reason="By mistake", by=BY, at=NOW)

    assert "Send message" not in words(desk.get(visit.get_absolute_url()))
    assert desk.get(page_of(visit)).status_code == 404


def test_the_treatment_of_a_stopped_lot_says_so_and_leads_there(desk: Client, given: Treatment):
    page = words(desk.get(given.get_absolute_url()))

    assert f"Lot {given.lot_number} is stopped. {REASON} Send message to the patient" in page
    assert "has important information about your visit on 1 November. Call us today" in words(desk.get(page_of(given)))
    assert desk.post(page_of(given)).url == given.get_absolute_url()


def test_without_a_stopped_lot_nobody_is_alarmed(desk: Client):
    given = factories.treated(factories.patient(phone="+447700900123"), date(2026, 11, 1))

    assert "is stopped" not in words(desk.get(given.get_absolute_url()))
    assert "Its lot is not stopped." in words(desk.get(page_of(given)))
    assert desk.post(page_of(given)).status_code == 409


@pytest.mark.parametrize(
    ("role", "status"), [("reception", 200), ("injector", 200), ("manager", 200), ("auditor", 403)]
)
def test_who_may(client: Client, visit: Appointment, given: Treatment, role: str, status: int):
    client.force_login(factories.staff(role))

    assert [client.get(page_of(about)).status_code for about in (visit, given)] == [status] * 2
    assert client.post(page_of(visit)).status_code == (302 if status == 200 else 403)
    assert client.post("/messages/AAAAAAAAAA/take-back/").status_code == (404 if status == 200 else 403)
    assert ("Send message" in words(client.get(visit.get_absolute_url()))) == (status == 200)


def test_nobody_without_signing_in(client: Client, visit: Appointment):
    assert client.get(page_of(visit)).url.startswith("/login/")


@pytest.mark.parametrize("address", ["/visits/AAAAAA/message/", "/treatments/AAAAAA/message/"])
def test_nothing_there(desk: Client, address: str):
    assert desk.get(address).status_code == 404
