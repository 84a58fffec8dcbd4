"""Texts to patients: the fields, and the parts of a text message, counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.rules import texts

VALUES = {
    "first": "Alina",
    "clinic": "Harbour Skin Clinic",
    "phone": "020 7946 0123",
    "link": "https://example.org/v/x/",
}


def test_fields_are_filled_in():
    said = texts.fill("{first}, your next visit at {clinic} is due. Call {phone}.", VALUES)

    assert said == "Alina, your next visit at Harbour Skin Clinic is due. Call 020 7946 0123."


def test_what_a_field_brings_is_not_read_again():
    assert texts.fill("{first} {phone}", {"first": "{phone}", "phone": "1"}) == "{phone} 1"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{frist}, hello", "{frist} is not a field"),
        ("{first.__class__}", "{first.__class__} is not a field"),
        ("{}", "{} is not a field"),
        ("{with}", "{with} has no value"),
        ("Dear {first", "A brace stands alone"),
        ("Dear first}", "A brace stands alone"),
        ("{{first}}", "A brace stands alone"),
    ],
)
def test_a_wrong_field_is_named(text, named):
    with pytest.raises(ValueError, match=r"is not a field|has no value|stands alone") as refused:
        texts.fill(text, VALUES)

    assert str(refused.value).startswith(named)


@pytest.mark.parametrize(
    ("text", "units", "parts"),
    [
        ("", 0, 0),
        ("a", 1, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        ("£" * 160, 160, 1),
        ("€" * 80, 160, 1),
        ("€" * 81, 162, 2),
        ("a" + "€" * 152, 305, 2),  # 1 + 76 euros are 153, 76 more are 152
        ("€" * 152, 304, 2),  # 76 and a half would fit: 76 go into each part
        ("€" * 153, 306, 3),
        ("’", 1, 1),
        ("’" * 70, 70, 1),
        ("’" * 71, 71, 2),
        ("’" * 134, 134, 2),
        ("’" * 135, 135, 3),
        ("🙂" * 35, 70, 1),
        ("🙂" * 36, 72, 2),
        ("🙂" * 66, 132, 2),  # 33 in each part, the 67th unit stays empty
        ("🙂" * 67, 134, 3),
    ],
)
def test_parts_of_a_text_message(text, units, parts):
    found = texts.size(text)

    assert (found.units, found.parts, texts.sms_parts(text)) == (units, parts, parts)


def test_the_signs_that_make_a_message_longer_are_named():
    assert texts.size("Zoë said “yes”, Zoë").beyond == ("ë", "“", "”")


@given(st.text(max_size=400))
def test_every_part_holds_what_it_should(text):
    found = texts.size(text)
    most, joined = (70, 67) if found.beyond else (160, 153)

    assert (found.parts <= 1) == (found.units <= most)
    assert found.parts <= 1 or found.units <= found.parts * joined
    assert found.units > (found.parts - 1) * (joined - 1) or found.parts <= 2
