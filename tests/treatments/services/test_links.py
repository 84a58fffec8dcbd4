"""Links for patients: what makes one, what finds it again, and everything that ends it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core import signing

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW
from treatments.models import Appointment, PatientLink
from treatments.services import appointments, links, merges, patients

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def visit() -> Appointment:
    return factories.visit(factories.patient())


def made(visit: Appointment) -> str:
    return links.make(visit.patient, "visit", at=NOW, appointment=visit)


def text_of(address: str) -> str:
    return address.partition("/v/")[2].partition("/")[0]


def test_the_address_leads_back_to_the_patient_and_the_visit(visit, settings):
    settings.CLINIC_URL = "https://clinic.example.org"

    address = made(visit)

    assert address.startswith("https://clinic.example.org/v/")
    assert len(text_of(address)) == 31  # 22 random signs, a dot, 8 of the signature: it stands in text messages
    found = links.find(text_of(address), at=NOW)
    assert (found.patient, found.appointment, found.purpose) == (visit.patient, visit, "visit")


def test_no_two_links_are_the_same(visit):
    assert len({made(visit) for _i in range(20)}) == 20


def test_a_forged_link_never_reaches_the_database(visit, django_assert_num_queries):
    text = text_of(made(visit))
    forged = [
        "", ".", "x", "A" * 31, text[:-1] + ("A" if text[-1] != "A" else "B"), "B" + text[1:], text.replace(".", ""),
        signing.Signer(sep=".").sign("A" * 22),
    ]  # fmt: skip

    with django_assert_num_queries(0):
        for wrong in forged:
            with pytest.raises(links.Ended):
                links.find(wrong, at=NOW)


def test_a_signature_of_another_installation_is_refused(visit, settings, django_assert_num_queries):
    text = text_of(made(visit))
    settings.SECRET_KEY = "another clinic's key, just as long as it has to be to sign anything"

    with django_assert_num_queries(0), pytest.raises(links.Ended):
        links.find(text, at=NOW)


def test_it_lasts_until_a_week_after_the_visit(visit):
    text = text_of(made(visit))
    last = visit.ends_at + timedelta(days=7)

    assert links.find(text, at=last - MINUTE)
    with pytest.raises(links.Ended):
        links.find(text, at=last)


@pytest.mark.parametrize(("purpose", "days"), [("due", 90), ("stop", 400)])
def test_other_links_last_by_their_purpose(purpose, days):
    text = text_of(links.make(factories.patient(), purpose, at=NOW))

    assert links.find(text, at=NOW + timedelta(days=days) - MINUTE)
    with pytest.raises(links.Ended):
        links.find(text, at=NOW + timedelta(days=days))


def test_the_address_that_stops_reminders_takes_one_request(client):
    address = links.make(factories.patient(), "stop", at=NOW)

    assert address.endswith("/stop/")
    assert client.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 204


def test_a_link_for_a_visit_needs_the_visit(visit):
    with pytest.raises(ValueError, match="needs the visit"):
        links.make(visit.patient, "visit", at=NOW)
    with pytest.raises(ValueError, match="no other link has one"):
        links.make(visit.patient, "due", at=NOW, appointment=visit)


def test_moving_the_visit_ends_the_link_and_moving_it_back_revives_it(visit):
    text, was = text_of(made(visit)), visit.starts_at

    moved = factories.moved(visit, was + timedelta(hours=2))
    with pytest.raises(links.Ended):
        links.find(text, at=NOW)

    factories.moved(moved, was)
    assert links.find(text, at=NOW)


def test_a_visit_on_hold_keeps_its_link(visit):
    text = text_of(made(visit))

    factories.flag(visit.patient)

    visit.refresh_from_db()
    assert visit.state == "on_hold"
    assert links.find(text, at=NOW)


def test_cancelling_ends_the_link(visit):
    text = text_of(made(visit))

    appointments.cancel(visit, who="patient", reason="Is ill", by=BY, at=NOW)

    with pytest.raises(links.Ended):
        links.find(text, at=NOW)
    assert links.known(text)


def test_death_ends_every_link_of_the_patient(visit):
    text = text_of(made(visit))

    patients.amend(visit.patient, changes={"died_on": date(2026, 11, 20)}, by=BY, at=NOW)

    with pytest.raises(links.Ended):
        links.find(text, at=NOW)


def test_the_link_of_a_merged_record_shows_the_record_that_was_kept(visit):
    gone = visit.patient
    kept = factories.patient(family_name="Marsh", born_on=gone.born_on)
    text = text_of(made(visit))

    merges.merge(kept, gone, reason="Registered twice by mistake", by=BY, at=NOW)

    assert links.find(text, at=NOW).patient == kept


@pytest.mark.parametrize("changes", [{"phone": "+447700900999"}, {"phone": ""}, {"email": "other@example.org"}])
def test_another_number_or_address_ends_every_link_that_went_to_the_old_one(changes):
    person = factories.patient(phone="07700 900123", email="alina@example.org")
    texts = [text_of(made(factories.visit(person))), text_of(links.make(person, "due", at=NOW))]

    patients.amend(person, changes=changes, by=BY, at=NOW)

    for text in texts:
        with pytest.raises(links.Ended):
            links.find(text, at=NOW)


@pytest.mark.parametrize("changes", [{"phone": "+447700900999"}, {"city": "Harbour Bay"}])
def test_a_number_where_none_was_ends_no_link(visit, changes):
    text = text_of(made(visit))

    patients.amend(visit.patient, changes=changes, by=BY, at=NOW)

    assert links.find(text, at=NOW)


def test_answers_that_were_never_sent_go_with_their_link(visit):
    made(visit)
    PatientLink.objects.update(draft={"given": {"pregnancy": "yes"}})

    links.forget_drafts(at=visit.ends_at + timedelta(days=6))
    assert PatientLink.objects.get().draft
    links.forget_drafts(at=visit.ends_at + timedelta(days=8))
    assert PatientLink.objects.get().draft == {}


def test_a_link_can_be_ended(visit):
    text = text_of(made(visit))
    link = links.find(text, at=NOW)

    links.end(link, by=BY, at=NOW)
    links.end(link, by=BY, at=NOW)

    with pytest.raises(links.Ended):
        links.find(text, at=NOW)
    assert AuditEvent.objects.filter(verb="link.ended").count() == 1


def test_five_wrong_dates_of_birth_close_what_needs_one(visit):
    link = links.find(text_of(made(visit)), at=NOW)
    right = visit.patient.born_on

    assert links.prove(link, right, at=NOW)
    for _i in range(5):
        assert not links.prove(link, right + timedelta(days=1), at=NOW)

    with pytest.raises(links.TooManyTries):
        links.prove(link, right, at=NOW)
    assert PatientLink.objects.get().failed_tries == 5
    refused = AuditEvent.objects.filter(verb="link.refused").order_by("pk")
    assert [row.details["tries"] for row in refused] == [1, 2, 3, 4, 5]
    assert str(right.year) not in str([row.details for row in refused])
