"""Public ids that nobody misreads, and text that holds every name but nothing that hides."""

from __future__ import annotations

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, connection, transaction

from tests import factories
from treatments.models import Patient
from treatments.models.fields import PUBLIC_ID_ALPHABET, PhoneField, new_public_id, no_hidden_characters


def test_public_ids_have_six_characters_that_nobody_misreads():
    made = [new_public_id() for _n in range(2000)]

    assert {len(public_id) for public_id in made} == {6}
    assert set("".join(made)) == set(PUBLIC_ID_ALPHABET)
    assert not set(PUBLIC_ID_ALPHABET) & set("0O1IL8B5S2ZUV")
    assert PUBLIC_ID_ALPHABET.upper() == PUBLIC_ID_ALPHABET


def test_public_ids_differ():
    assert len({new_public_id() for _n in range(2000)}) > 1990


@pytest.mark.django_db
def test_a_public_id_is_made_once_and_asked_of_nobody():
    person = factories.patient()

    assert person.public_id == Patient.objects.get().public_id
    assert not Patient._meta.get_field("public_id").editable
    assert Patient._meta.get_field("public_id").unique


# ---- hidden characters ----


@pytest.mark.parametrize(
    "char",
    [
        pytest.param("\x00", id="NUL"),
        pytest.param("\x01", id="control"),
        pytest.param("\x0b", id="vertical tab"),
        pytest.param("\x1b", id="escape"),
        pytest.param("\x1f", id="unit separator"),
        pytest.param("\x7f", id="delete"),
        pytest.param("\ud800", id="first lone surrogate"),
        pytest.param("\udfff", id="last lone surrogate"),
        pytest.param("\u202a", id="left-to-right embedding"),
        pytest.param("\u202b", id="right-to-left embedding"),
        pytest.param("\u202d", id="left-to-right override"),
        pytest.param("\u202e", id="right-to-left override"),
        pytest.param("\u2066", id="left-to-right isolate"),
        pytest.param("\u2069", id="pop isolate"),
    ],
)
def test_what_hides_is_refused_with_its_place(char: str):
    with pytest.raises(ValidationError) as refused:
        no_hidden_characters(f"Marsh{char}")

    assert refused.value.messages == ["Remove the hidden character at position 6."]


NAMES = [
    pytest.param("Zoe\u0308", id="combining mark"),
    pytest.param("Nguye\u0302\u0303n", id="two combining marks"),
    pytest.param("O'Dowd", id="apostrophe"),
    pytest.param("O’Dowd", id="typographic apostrophe"),
    pytest.param("كريم", id="Arabic"),
    pytest.param("כהן", id="Hebrew"),
    pytest.param("עמ\u200fa", id="right-to-left mark"),
    pytest.param("می\u200cخواهم", id="zero-width non-joiner, which Persian needs"),
    pytest.param("क\u094d\u200dष", id="zero-width joiner, which Hindi needs"),
    pytest.param("佐藤", id="Chinese characters"),
    pytest.param("𠮷野", id="beyond the basic plane"),
    pytest.param("Smith-Jones\u00a0Jr.", id="no-break space"),
    pytest.param("x" * 120, id="as long as the field"),
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_people_are_accepted(name: str):
    no_hidden_characters(name)


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_names_come_back_from_the_database_as_they_went_in(name: str):
    person = factories.patient(family_name=name)

    kept = Patient.objects.get(pk=person.pk).family_name

    assert unicodedata.normalize("NFC", kept) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("text", ["", "one\ntwo", "one\r\ntwo", "one\ttwo"])
def test_lines_and_tabs_of_a_note_are_accepted(text: str):
    no_hidden_characters(text)


@pytest.mark.parametrize("field", ["family_name", "given_name", "preferred_name", "title", "address", "city", "note"])
def test_every_text_of_a_patient_refuses_what_hides(field: str):
    with pytest.raises(ValidationError):
        Patient._meta.get_field(field).clean("a\x00b", None)


# ---- phone numbers ----


def test_a_phone_number_is_kept_as_e164():
    assert PhoneField().clean("07700 900123", None) == "+447700900123"
    assert PhoneField(blank=True).clean("", None) == ""


@pytest.mark.parametrize("text", ["call her", "12", "\x00"])
def test_what_is_no_phone_number_is_refused(text: str):
    with pytest.raises(ValidationError):
        PhoneField().clean(text, None)


# ---- what the engines do with it ----


@pytest.mark.django_db
def test_the_text_that_is_refused_is_text_that_one_engine_cannot_keep():
    """PostgreSQL has no NUL in text: without the validator a page would work on one engine and break on the other."""
    if connection.vendor == "postgresql":
        with pytest.raises((ValueError, DataError), match="NUL"), transaction.atomic():
            Patient.objects.filter(family_name="a\x00b").exists()
    else:
        assert not Patient.objects.filter(family_name="a\x00b").exists()
