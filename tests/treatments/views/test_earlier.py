"""The list of those who would come earlier."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse

from tests import factories
from tests.factories import BY, NOW
from treatments.models import Appointment, EarlierWish
from treatments.services import appointments, earlier

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reception(client):
    client.force_login(factories.staff("reception"))
    return client


def booked(person=None) -> Appointment:
    wanted = appointments.Booking(
        patient=person or factories.patient(phone="+447700900114"),
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(2026, 12, 10, 10, 0, tzinfo=UTC),
        minutes=30,
    )
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


def url(name: str, visit: Appointment) -> str:
    return reverse(name, args=[visit.patient.public_id])


def test_a_wish_is_put_on_the_list_with_the_visit_that_would_move(reception):
    visit = booked()
    data = {
        "visit": visit.public_id,
        "practitioner": visit.practitioner_id,
        "not_before_on": "2026-11-25",
        "note": "Mornings",
    }

    response = reception.post(url("earlier_ask", visit), data, follow=True)

    wish = EarlierWish.objects.get()
    assert (wish.appointment, wish.practitioner, wish.not_before_on, wish.note) == (
        visit, visit.practitioner, date(2026, 11, 25), "Mornings",
    )  # fmt: skip
    assert response.redirect_chain == [(visit.get_absolute_url(), 302)]
    html = reception.get(reverse("earlier")).content.decode()
    for text in (
        visit.patient.list_name,
        "07700 900114",
        "Mornings",
        "not before 25-Nov-2026",
        "10-Dec-2026 10:00",
        "1 patient",
    ):
        assert text in html, text
    assert f'href="{reverse("visit_move", args=[visit.public_id])}"' in html


def test_asking_again_keeps_the_place_and_shows_what_was_said(reception):
    visit = booked()
    earlier.ask(visit.patient, by=BY, at=NOW, note="Mornings")

    page = reception.get(url("earlier_ask", visit))
    reception.post(url("earlier_ask", visit), {"note": "Any time"})

    assert "On the list since 22-Nov-2026" in page.content.decode()
    assert page.context["form"]["note"].value() == "Mornings"
    assert [wish.note for wish in EarlierWish.objects.all()] == ["Any time"]


@pytest.mark.parametrize(
    "change", [{"practitioner": "999999"}, {"practitioner": "x"}, {"not_before_on": "31/02/2026"}, {"note": "a\x00b"}, {"note": "x" * 201}]
)  # fmt: skip
def test_what_cannot_be_is_said_at_the_field_and_kept(reception, change):
    visit = booked()

    response = reception.post(url("earlier_ask", visit), {"note": "Mornings", "visit": "\x00"} | change)

    assert (response.status_code, list(response.context["form"].errors)) == (422, list(change))
    assert not EarlierWish.objects.exists()


def test_closing_takes_it_off_and_only_once(reception):
    visit = booked()
    earlier.ask(visit.patient, by=BY, at=NOW)

    first = reception.post(url("earlier_close", visit))
    second = reception.post(url("earlier_close", visit))

    assert (first.status_code, second.status_code) == (302, 404)
    assert EarlierWish.objects.get().ended_why == "closed"
    assert "Nobody has asked for an earlier time." in reception.get(reverse("earlier")).content.decode()


def test_who_only_reads_sees_the_list_and_changes_nothing(client):
    client.force_login(factories.staff("auditor"))
    visit = booked()
    earlier.ask(visit.patient, by=BY, at=NOW)

    html = client.get(reverse("earlier")).content.decode()

    assert visit.patient.list_name in html
    assert "/close/" not in html
    assert client.post(url("earlier_close", visit)).status_code == 403
    assert client.get(url("earlier_ask", visit)).status_code == 403


@pytest.mark.parametrize("number", [1, 30])
def test_the_list_costs_the_same_queries(reception, django_assert_num_queries, number):
    for _n in range(number):
        earlier.ask(booked().patient, by=BY, at=NOW)
    for wish in EarlierWish.objects.all():
        EarlierWish.objects.filter(pk=wish.pk).update(appointment=wish.patient.appointments.get())

    with django_assert_num_queries(4):
        html = reception.get(reverse("earlier")).content.decode()

    assert html.count('class="row-name"') == number
