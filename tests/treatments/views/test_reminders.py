"""The pages of reminders: who would be written to, one press that sends, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinic.models import User
from tests import factories, fakes
from tests.factories import BY, NOW, TODAY
from tests.fakes import Provider
from treatments.models import Message, Patient, ReminderRun
from treatments.services import patients, reminders
from treatments.views import reminders as pages

pytestmark = pytest.mark.django_db
TOKEN = "0" * 32


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def provider() -> Iterator[Provider]:
    with fakes.provider() as taking:
        yield taking


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(factories.staff("reception", username="maya"))
    return client


def due(**fields: Any) -> Patient:
    person = factories.patient(**({"phone": "+447700900123", "contact_consent": "yes"} | fields))
    factories.treated(person, date(2026, 7, 25))
    return person


def test_the_preview_names_who_is_written_to_and_who_is_held_back(desk: Client):
    due(family_name="Adeyemi")
    factories.treated(due(family_name="Chen"), date(2026, 7, 25), area="lateral_canthal_lines", units="12")
    factories.visit(due(family_name="Quinn"))

    page = desk.get("/reminders/")

    assert page.context["answer"] == "2 messages would go out now; 1 due course is held back or waits."
    assert [(line["name"], line["about"], line["text"], line["way"]) for line in page.context["letters"]] == [
        ("ADEYEMI, Alina", "Frown lines", "Reminder: due", "Text message"),
        ("CHEN, Alina", "Crow's feet, Frown lines", "Reminder: due", "Text message"),
    ]
    [group] = page.context["groups"]
    assert (group["slug"], group["count"], group["rows"][0]["name"]) == ("booked", 1, "QUINN, Alina")
    assert group["rows"][0]["why"] == "Visit on 01-Dec-2026"
    assert "1 of 4 due courses; each is in one group." in page.content.decode()
    assert Message.objects.filter(kind="reminder").count() == 0


def test_a_visit_counts_for_every_due_course_and_the_page_says_so(desk: Client):
    person = due()
    factories.treated(person, date(2026, 7, 25), area="forehead_lines", units="8")
    factories.visit(person)  # for the frown lines alone

    page = desk.get("/reminders/")

    [group] = page.context["groups"]
    assert (group["slug"], group["count"]) == ("booked", 2)
    assert "It counts for every due course of theirs, for reminders are per patient" in page.content.decode()


def test_nobody_due(desk: Client):
    page = desk.get("/reminders/")

    assert "Nobody is due, and nobody will be within three weeks." in page.content.decode()
    assert "Send " not in page.content.decode().split("<main")[1].split("How this is decided")[0]


def test_one_press_sends_and_shows_the_balance(desk: Client, provider: Provider):
    due()
    patients.amend(due(), changes={"contact_consent": "no"}, by=BY, at=NOW)

    page = desk.post("/reminders/send/", {"once": TOKEN}, follow=True)

    run = ReminderRun.objects.get()
    assert page.redirect_chain == [(f"/reminders/runs/{run.pk}/", 302)]
    assert (run.by, run.counts["sent"], run.counts["opted_out"]) == ("maya", 1, 1)
    assert page.context["due"] == 2
    assert [row["patient_id"] for row in page.context["rows"]] == [Message.objects.get().patient.public_id]
    assert len(provider.sent) == 1


def test_a_second_press_sends_nothing_and_shows_the_same_run(desk: Client, provider: Provider):
    due()
    desk.post("/reminders/send/", {"once": TOKEN})

    page = desk.post("/reminders/send/", {"once": TOKEN}, follow=True)

    assert page.redirect_chain == [(f"/reminders/runs/{ReminderRun.objects.get().pk}/", 302)]
    assert len(provider.sent) == 1


def test_a_long_run_stops_where_nobody_waits_any_longer(desk: Client, provider: Provider, monkeypatch):
    due(), due()
    monkeypatch.setattr(pages, "PATIENCE", timedelta(microseconds=1))

    page = desk.post("/reminders/send/", {"once": TOKEN}, follow=True)

    assert (page.context["left"], provider.sent) == (2, [])
    assert "2 due courses are left" in page.content.decode()
    assert "Send the rest" in page.content.decode()


def test_the_page_misses_the_job_that_nobody_sees(desk: Client):
    assert any("never been sent" in said for said in desk.get("/reminders/").context["warnings"])
    ReminderRun.objects.create(on=TODAY, by="send_reminders", started_at=NOW, finished_at=NOW)

    with time_machine.travel(NOW + timedelta(hours=26), tick=False):
        desk.force_login(User.objects.get(username="maya"))
        assert not any("last sent" in said for said in desk.get("/reminders/").context["warnings"])
    with time_machine.travel(NOW + timedelta(hours=26, minutes=1), tick=False):
        said = desk.get("/reminders/").context["warnings"]
    assert "Reminders were last sent on 22-Nov-2026 09:00." in said[0]


@pytest.mark.parametrize(("minutes", "missed"), [(14, 0), (15, 1)])
def test_the_page_misses_the_job_of_every_minute(desk: Client, minutes: int, missed: int):
    factories.visit(factories.patient(phone="+447700900123"))
    Message.objects.update(not_before_at=NOW - timedelta(minutes=minutes))

    warnings = desk.get("/reminders/").context["warnings"]

    said = "1 message has waited for more than 15 minutes. The job that sends every minute may have stopped"
    assert len([warning for warning in warnings if warning.startswith(said)]) == missed


def test_the_page_says_what_is_not_set_up(desk: Client, settings):
    settings.CHANNELS = {"sms": "off", "email": "off"}

    warnings = " ".join(desk.get("/reminders/").context["warnings"])

    assert "No way to send messages is set up" in warnings
    assert "telephone for patients is not set" in warnings


def test_a_run_that_did_not_come_to_its_end(desk: Client):
    run = ReminderRun.objects.create(on=TODAY, by="maya", started_at=NOW)

    assert "ended before its end" in desk.get(f"/reminders/runs/{run.pk}/").content.decode()


def test_the_list_of_runs(desk: Client, provider: Provider):
    assert "No reminders have been sent from here yet." in desk.get("/reminders/runs/").content.decode()
    due()
    reminders.run(on=TODAY, at=NOW, by="send_reminders")

    [row] = desk.get("/reminders/runs/").context["rows"]
    assert (row["by"], row["due"], row["sent"], row["on"]) == ("the daily job", 1, 1, "22-Nov-2026")


def test_no_such_run(desk: Client):
    assert desk.get("/reminders/runs/999/").status_code == 404


@pytest.mark.parametrize(
    ("role", "sees", "sends"),
    [("reception", 200, 302), ("manager", 200, 302), ("auditor", 200, 403), ("injector", 403, 403)],
)
def test_who_may(client: Client, provider: Provider, role: str, sees: int, sends: int):
    client.force_login(factories.staff(role))
    due()

    assert [client.get(url).status_code for url in ("/reminders/", "/reminders/runs/")] == [sees, sees]
    assert ("Send 1 message" in client.get("/reminders/").content.decode()) == (sends == 302)
    assert client.post("/reminders/send/", {"once": TOKEN}).status_code == sends
    assert len(provider.sent) == (sends == 302)


def test_sending_is_a_post(desk: Client):
    assert desk.get("/reminders/send/").status_code == 405


@pytest.mark.parametrize("people", [1, 3])
def test_the_preview_costs_the_same_for_any_number(desk: Client, people: int, django_assert_num_queries):
    for _number in range(people):
        due()
        factories.visit(due())
    desk.get("/reminders/")

    with django_assert_num_queries(23):
        desk.get("/reminders/")


@pytest.mark.parametrize("people", [1, 3])
def test_a_run_costs_the_same_for_any_number(desk: Client, provider: Provider, people: int, django_assert_num_queries):
    for _number in range(people):
        due()
    run = reminders.run(on=TODAY, at=datetime.fromisoformat("2026-11-22T09:00:00+00:00"), by=BY)
    desk.get(f"/reminders/runs/{run.pk}/")

    with django_assert_num_queries(7):
        desk.get(f"/reminders/runs/{run.pk}/")
