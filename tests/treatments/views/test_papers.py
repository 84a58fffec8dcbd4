"""What leaves as PDF: the due list to telephone by, the record of a patient for a referral letter."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import CourseTreatment, Patient
from treatments.services import consents, treatments
from treatments.views.paper import Column, Paper

pytestmark = pytest.mark.django_db
EUROPEAN = "Ğüneş Łukasz Őrsi Ştefan Ţepeș Ŷ Źdźbło Žižka ß ẞ ąęėįųū ÅØĐþð ŋ Ŀ Ѓ Жуков Παπαδόπουλος O’Neill – …"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def written(monkeypatch) -> list[str]:
    """Every piece of text that goes onto the paper."""
    said: list[str] = []
    words = Paper.words

    def note(self: Paper, text: str) -> str:
        found = words(self, text)
        said.append(found)
        return found

    monkeypatch.setattr(Paper, "words", note)
    return said


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(factories.staff(role, first_name="Ruth", last_name="Osei"))
    return client


@pytest.fixture
def sheet() -> Iterator[Paper]:
    made = Paper(clinic="Quay Clinic", title="Due list", by="Ruth Osei", at=NOW)
    yield made
    made.close()


# ---- letters ----


def test_every_european_letter_is_in_the_typeface(sheet: Paper):
    assert sheet.words(EUROPEAN) == EUROPEAN
    assert not sheet.incomplete


@pytest.mark.parametrize(
    ("name", "printed"),
    [("אברהם", "[?]"), ("محمد علي", "[?] [?]"), ("王小明", "[?]"), ("Lee 李", "Lee [?]"), ("a\u0328", "ą")],
)
def test_letters_that_are_missing_are_said_to_be(sheet: Paper, name: str, printed: str):
    assert sheet.words(name) == printed
    assert sheet.incomplete == ("[?]" in printed)


def test_the_document_ends_with_a_word_on_missing_letters(sheet: Paper, written: list[str]):
    sheet.paragraph("אברהם")

    assert sheet.bytes_of().startswith(b"%PDF-")
    assert any("letters that this typeface does not have" in text for text in written)


def test_a_decomposed_name_is_written_as_one_letter_each(sheet: Paper):
    assert sheet.words(unicodedata.normalize("NFD", "Őrsi Ğ")) == "Őrsi Ğ"


def test_rows_never_part_and_heads_come_again_on_each_page(sheet: Paper, written: list[str]):
    sheet.table_of(
        [Column("Number", 30), Column("Words", 60)], [[str(n), "one\ntwo\nthree"] for n in range(60)], bold=(0,)
    )

    assert sheet.page_no() > 2
    assert written.count("Number") == sheet.page_no()


# ---- the due list ----


def overdue(**fields) -> Patient:
    person = factories.patient(phone="+447700900123", **fields)
    factories.treated(person, date(2026, 5, 4))
    return person


@pytest.mark.parametrize(
    ("role", "status"), [("reception", 200), ("injector", 200), ("manager", 200), ("auditor", 200)]
)
def test_who_may_take_the_due_list(role: str, status: int):
    assert signed_in(role).get("/due/overdue/print.pdf").status_code == status


def test_the_due_list_has_what_a_call_needs(written: list[str]):
    person = overdue(family_name="Őrsi", given_name="Ğülben")

    response = signed_in("reception").get("/due/overdue/print.pdf")

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="due-overdue-2026-11-22.pdf"'
    page = "\n".join(written)
    for said in (
        "Due list: overdue, 22-Nov-2026", "1 course, overdue, to be called", "ŐRSI, Ğülben", person.public_id, "07700 900123",
        "79 days past", "☐ No answer   ☐ Left message", "Contains patient information", "printed by Ruth Osei, 22-Nov-2026 09:00",
    ):  # fmt: skip
        assert said in page
    event = AuditEvent.objects.get(verb="due_list.exported")
    assert (event.details["format"], event.details["rows"]) == ("pdf", 1)


def test_people_on_hold_have_their_reason_and_no_box_for_a_call(written: list[str]):
    person = overdue(family_name="Sato")
    factories.flag(person, "pregnancy", starts_on=date(2026, 9, 14), review_on=date(2027, 2, 26))

    signed_in("reception").get("/due/on-hold/print.pdf")

    page = "\n".join(written)
    assert "Pregnant, review 26-Feb-2027" in page
    assert "SATO" in page
    assert "☐" not in page


def test_the_typeface_says_nothing_to_the_log(caplog: pytest.LogCaptureFixture):
    overdue()

    with caplog.at_level(logging.INFO):
        signed_in("reception").get("/due/overdue/print.pdf")

    assert [record.name for record in caplog.records if record.name.startswith("fontTools")] == []


def test_the_due_list_keeps_to_the_filters_and_tabs_there_are(written: list[str]):
    overdue()

    response = signed_in("reception").get("/due/overdue/print.pdf", {"indication": "chronic_migraine"})

    assert response.status_code == 200
    assert "Nobody is on this list." in written
    kept = AuditEvent.objects.get(verb="due_list.exported").details
    assert (kept["indication"], kept["practitioner"], kept["booked"], kept["order"]) == (
        "chronic_migraine",
        "",
        "no",
        "",
    )
    assert signed_in("reception").get("/due/everything/print.pdf").status_code == 404


@pytest.mark.parametrize("number", [1, 12])
def test_the_due_list_costs_the_same_queries_whatever_the_number(django_assert_num_queries, number: int):
    for _n in range(number):
        overdue()
    client = signed_in("reception")
    client.get("/due/overdue/print.pdf")

    with django_assert_num_queries(DUE_QUERIES):
        client.get("/due/overdue/print.pdf")


DUE_QUERIES = 12  # the rows of four reasons, one after the other


# ---- the record ----


@pytest.mark.parametrize(
    ("role", "status"), [("injector", 200), ("reception", 403), ("manager", 403), ("auditor", 403)]
)
def test_the_record_is_for_those_who_may_see_doses(role: str, status: int):
    person = overdue()

    assert signed_in(role).get(f"/patients/{person.public_id}/record.pdf").status_code == status


def test_the_record_says_who_what_was_given_and_why_next(written: list[str]):
    person = overdue(family_name="Sato", given_name="Mai", title="Ms")
    consents.sign(person, signed_on=date(2026, 5, 4), by="maya", at=NOW)
    factories.answers(person, on=TODAY - timedelta(days=2))
    factories.flag(person, "aminoglycoside", ends_on=date(2026, 12, 5), note="Gentamicin until Friday")
    CourseTreatment.objects.update(worn_off_on=date(2026, 8, 20))
    wrong = factories.treated(person, date(2026, 1, 5), units="12.5")
    treatments.void(wrong, reason="Entered for the wrong patient", by="osei", at=NOW)

    response = signed_in("injector").get(f"/patients/{person.public_id.lower()}/record.pdf")

    assert response["Content-Disposition"] == f'attachment; filename="record-{person.public_id}-2026-11-22.pdf"'
    page = " ".join(written)
    for said in (
        "SATO, Mai (Ms)", "signed 04-May-2026", "Gentamicin until Friday", "C4821AB", "procerus 20", "12.5", "VOIDED: Entered for",
        "gone on 20-Aug-2026", "Overdue from", "decides", "Are you pregnant",
    ):  # fmt: skip
        assert said in page, said
    event = AuditEvent.objects.get(verb="patient.exported")
    assert (event.patient_id, event.details) == (person.public_id, {"format": "pdf"})


def test_a_new_patient_has_a_record_that_says_there_is_nothing_yet(written: list[str]):
    person = factories.patient(family_name="אברהם", given_name="")

    response = signed_in("injector").get(f"/patients/{person.public_id}/record.pdf")

    assert response.content.startswith(b"%PDF-")
    assert {"No treatment is on record.", "No fact that bears on safety is on record.", "not asked", "[?]"} <= set(
        written
    )


def test_nobody_has_no_record():
    assert signed_in("injector").get("/patients/AAAAAA/record.pdf").status_code == 404
