"""The consent of a patient: noted, shown, withdrawn."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Consent
from treatments.services import consents

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def url(name: str, person) -> str:
    return reverse(name, args=[person.public_id])


@pytest.fixture
def reception(client):
    client.force_login(factories.staff("reception"))
    return client


def test_a_consent_is_recorded_and_stands_on_the_patients_page(reception):
    person = factories.patient()
    before = reception.get(person.get_absolute_url()).content.decode()

    response = reception.post(
        url("patient_consent", person), {"signed_on": "2026-07-02", "once": "a" * 32}, follow=True
    )
    reception.post(url("patient_consent", person), {"signed_on": "2026-07-02", "once": "a" * 32})

    assert "none on record" in before
    assert url("patient_consent", person) in before
    assert Consent.objects.get().signed_on.isoformat() == "2026-07-02"
    html = response.content.decode()
    assert "signed 02-Jul-2026" in html
    assert "Record signed consent" not in html


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Enter the day on which the consent was signed."),
        ("31/02/2026", "Date must be a real date, like 14/07/2026."),
        ("2026-11-23", "The day must not be in the future."),
        ("\x00", "Date must be a real date, like 14/07/2026."),
    ],
)
def test_a_day_that_cannot_be_is_said_at_the_field(reception, text, sentence):
    person = factories.patient()

    response = reception.post(url("patient_consent", person), {"signed_on": text})

    assert response.status_code == 422
    assert response.context["form"].errors == {"signed_on": [sentence]}
    assert not Consent.objects.exists()


def test_an_old_consent_is_out_of_date_on_the_page(reception):
    person = factories.patient()
    consents.sign(person, signed_on=TODAY - timedelta(days=366), by=BY, at=NOW)

    html = reception.get(person.get_absolute_url()).content.decode()

    assert "signed 21-Nov-2025" in html
    assert "Record signed consent" in html


def test_an_injector_withdraws_and_reception_may_not(client):
    person = factories.patient()
    consents.sign(person, signed_on=TODAY, by=BY, at=NOW)

    client.force_login(factories.staff("reception"))
    refused = client.post(url("consent_withdraw", person))
    shown = "Withdraw" in client.get(person.get_absolute_url()).content.decode()
    client.force_login(factories.staff("injector"))
    page = client.get(person.get_absolute_url()).content.decode()
    client.post(url("consent_withdraw", person))
    again = client.post(url("consent_withdraw", person), follow=True)

    assert (refused.status_code, shown) == (403, False)
    assert "Withdraw" in page
    assert Consent.objects.get().withdrawn_on == TODAY
    assert "There is no consent to withdraw." in again.content.decode()
    assert client.get(url("consent_withdraw", person)).status_code == 405


def test_who_only_reads_records_nothing(client):
    client.force_login(factories.staff("auditor"))
    person = factories.patient()

    assert client.post(url("patient_consent", person), {"signed_on": "2026-07-02"}).status_code == 403
    assert not Consent.objects.exists()
