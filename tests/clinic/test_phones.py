import pytest
from django.core.exceptions import ValidationError

from clinic import phones


@pytest.mark.parametrize(
    "text",
    [
        "07700 900123",
        "07700900123",
        " 07700-900-123 ",
        "(07700) 900 123",
        "+44 7700 900123",
        "+44 (0)7700 900123",
        "0044 7700 900123",
        "+447700900123",
        "\u0660\u0667\u0667\u0660\u0660 900123",  # the beginning in Arabic-Indic digits
    ],
)
def test_every_spelling_is_one_number(text: str):
    assert phones.read(text) == "+447700900123"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("020 7946 0018", "+442079460018"),
        ("+1 202-555-0143", "+12025550143"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("00 49 30 123456", "+4930123456"),
    ],
)
def test_land_lines_and_other_countries(text: str, number: str):
    assert phones.read(text) == number


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0"])
def test_nothing_is_no_number(text: str):
    assert phones.read(text) == ""


@pytest.mark.parametrize(
    "text",
    ["12", "077", "07700", "900123", "7946 0018", "07700 900123 9001", "call her", "+", "+999 12345678", "0" * 300,
     "\x00", "07700\ud800"],
)  # fmt: skip
def test_what_cannot_be_a_number_gets_a_sentence(text: str):
    with pytest.raises(ValidationError, match="Enter a phone number with 10 or 11 digits"):
        phones.read(text)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+447700900123", "07700 900123"),
        ("+442079460018", "020 7946 0018"),
        ("+12025550143", "+1 202-555-0143"),
        ("not a number", "not a number"),
        ("", ""),
    ],
)
def test_home_numbers_are_shown_as_they_are_dialled(number: str, shown: str):
    assert phones.national(number) == shown


@pytest.mark.parametrize("text", ["07700 900123", "+1 202-555-0143", "020 7946 0018"])
def test_what_is_shown_reads_as_the_same_number(text: str):
    number = phones.read(text)

    assert phones.read(phones.national(number)) == number


def test_the_country_is_a_setting(settings):
    settings.CLINIC_PHONE_REGION = "US"

    assert phones.read("(202) 555-0143") == "+12025550143"
    assert phones.national("+12025550143") == "(202) 555-0143"
    assert phones.national("+447700900123") == "+44 7700 900123"
