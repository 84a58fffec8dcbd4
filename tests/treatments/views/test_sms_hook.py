"""What the provider of text messages tells us: taken only with its signature, in time, and once."""

from __future__ import annotations

import json
import time

import pytest

from tests import factories
from tests.factories import NOW
from treatments.models import Message, PatientRequest
from treatments.views.sms_hook import signature

pytestmark = pytest.mark.django_db
PHONE = "+447700900123"


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.CLINIC_SMS_SECRET = "a secret that both sides know"


def told(client, *, at: float | None = None, sign: str | None = None, body: bytes | None = None, **fields):
    body = json.dumps(fields).encode() if body is None else body
    timestamp = str(int(time.time() if at is None else at))
    return client.post(
        "/hooks/sms/",
        body,
        content_type="application/json",
        headers={
            "X-Clinic-Timestamp": timestamp,
            "X-Clinic-Signature": f"sha256={signature(timestamp, body)}" if sign is None else sign,
        },
    )


def incoming(client, text: str = "Is there parking?", number: str = "in-1", **how):
    return told(client, **({"type": "incoming", "id": number, "from": PHONE, "text": text} | how))


def message(**fields) -> Message:
    defaults = {
        "key": "k", "kind": "tomorrow", "patient": factories.patient(), "text_code": "s7", "channel": "sms",
        "state": "sent", "sent_at": NOW, "made_by": "maya", "made_at": NOW, "not_before_at": NOW, "provider_ref": "P1",
    }  # fmt: skip
    return Message.objects.create(**(defaults | fields))


def test_a_text_message_comes_in(client):
    person = factories.patient(phone=PHONE)

    answer = incoming(client)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    row = PatientRequest.objects.get()
    assert (row.patient, row.words) == (person, "Is there parking?")


def test_stop_by_text_message(client):
    person = factories.patient(phone=PHONE)

    incoming(client, "STOP")

    person.refresh_from_db()
    assert person.contact_consent == "no"


def test_a_delivery_report_is_noted(client):
    row = message()

    answer = told(client, type="delivery", id="d-1", ref="P1", status="delivered")

    assert answer.status_code == 200
    row.refresh_from_db()
    assert row.delivery == "delivered"


def test_a_report_that_comes_before_the_number_is_noted_may_come_again(client):
    row = message(provider_ref="")

    early = told(client, type="delivery", id="d-1", ref="P1", status="delivered")

    assert early.status_code == 404
    row.refresh_from_db()
    assert (row.state, row.delivery) == ("sent", "")
    Message.objects.update(provider_ref="P1")
    assert told(client, type="delivery", id="d-1", ref="P1", status="delivered").json() == {"status": "ok"}
    row.refresh_from_db()
    assert row.delivery == "delivered"


def test_the_same_twice_counts_once(client):
    first, again = incoming(client), incoming(client)

    assert (first.json(), again.json()) == ({"status": "ok"}, {"status": "known"})
    assert PatientRequest.objects.count() == 1


def test_it_counts_once_also_when_it_is_signed_anew(client):
    incoming(client, at=time.time() - 60)
    incoming(client, at=time.time())

    assert PatientRequest.objects.count() == 1


@pytest.mark.parametrize("off", [-301, 302])
def test_an_old_request_sent_again_is_refused(client, off):
    answer = incoming(client, at=time.time() + off)

    assert (answer.status_code, answer.json()["error"]) == (403, "The timestamp is more than five minutes off.")
    assert not PatientRequest.objects.exists()


@pytest.mark.parametrize("sign", ["", "sha256=", "sha256=" + "0" * 64, "é", "sha1=abc"])
def test_without_the_right_signature_nothing_is_taken(client, sign):
    answer = incoming(client, sign=sign)

    assert answer.status_code == 403
    assert not PatientRequest.objects.exists()


def test_a_signature_of_another_body_is_refused(client):
    stamp = str(int(time.time()))

    assert incoming(client, sign=signature(stamp, b"{}")).status_code == 403


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"not json", "The body is not JSON."),
        (b"[]", "id is missing."),
        (b"{}", "id is missing."),
        (b'{"id": "1"}', "type must be delivery or incoming."),
        (b'{"id": "1", "type": "other"}', "type must be delivery or incoming."),
        (b'{"id": "1", "type": "incoming", "from": "+44"}', "text is missing."),
        (b'{"id": "1", "type": "delivery", "ref": 7, "status": "x"}', "ref is missing."),
    ],
)
def test_what_cannot_be_read_is_said(client, body, sentence):
    answer = told(client, body=body)

    assert (answer.status_code, answer.json()) == (400, {"error": sentence})


def test_a_body_without_end_is_not_read(client):
    assert told(client, body=b"x" * 17000).status_code == 413


def test_without_a_secret_the_door_is_closed(client, settings):
    settings.CLINIC_SMS_SECRET = ""

    assert incoming(client, sign="x").status_code == 404


def test_it_takes_nothing_but_posts(client):
    assert client.get("/hooks/sms/").status_code == 405
