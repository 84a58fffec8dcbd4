"""Finding people: what is typed at the desk, in the ways in which people type it."""

from datetime import date

import pytest
from django.db import connection

from tests import factories
from treatments.models import Patient
from treatments.queries import patients as find
from treatments.services import patients

pytestmark = pytest.mark.django_db


def found(text: str) -> list[str]:
    return [patient.family_name for patient in find.search(text)]


@pytest.fixture
def angstrom() -> Patient:
    factories.patient(family_name="Marsh", given_name="Alina", born_on=date(1990, 1, 2), phone="+447700900999")
    return factories.patient(
        family_name="O'Neil-Ångström",
        given_name="Zoë Marie",
        preferred_name="Zizi",
        born_on=date(1985, 7, 14),
        phone="+447700900471",
    )


@pytest.mark.parametrize(
    "text",
    [
        "O'Neil-Ångström",
        "oneil angstrom",
        "ANGSTROM oneil",
        "zoe angstrom",
        "ang mar zo",
        "O’Neil",
        "zizi",
        "Zoe\u0308",  # e and a combining diaeresis
        "14/07/1985",
        "14/7/85",
        "14.07.1985",
        "1985-07-14",
        "14 jul 1985",
        "14-Jul-1985",
        "07700 900471",
        "+44 7700 900 471",
        "0044 7700 900471",
        "7700900471",
        "(07700) 900-471",
        "0471",
    ],
)
def test_search_finds_one_person_however_it_is_typed(angstrom: Patient, text: str) -> None:
    assert found(text) == ["O'Neil-Ångström"]


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_search_finds_the_patient_number(angstrom: Patient, spelling) -> None:
    assert found(spelling(angstrom.public_id)) == ["O'Neil-Ångström"]


@pytest.mark.parametrize(
    "text", ["", "   ", "'", "--", "marshal", "oneil marsh", "31/02/1985", "\x00", "%", "_", "x" * 500, "zoe\x00v"]
)
def test_search_finds_nobody_for_what_fits_nobody(angstrom: Patient, text: str) -> None:
    assert found(text) == []


def test_search_finds_names_of_other_scripts() -> None:
    factories.patient(family_name="كريم", given_name="ليلى")
    factories.patient(family_name="Иванова", given_name="Ольга")

    assert found("ليلى كريم") == ["كريم"]
    assert found("ИВАНОВА") == ["Иванова"]


def test_search_follows_a_changed_name() -> None:
    person = factories.patient(family_name="Bauer", given_name="Ilse")

    patients.amend(person, changes={"family_name": "Okafor"}, by="tester", at=factories.NOW)

    assert (found("bauer"), found("okafor ilse")) == ([], ["Okafor"])


def test_search_costs_one_query_however_many_words(angstrom: Patient, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        list(find.search("zoe marie oneil angstrom"))


def test_resembling_needs_the_same_day_and_the_same_names_or_phone(angstrom: Patient) -> None:
    same_day = {"born_on": date(1985, 7, 14), "phone": ""}

    by_name = find.resembling(family_name="Angstrom Oneil", given_name="Marie Zoe", **same_day)
    by_phone = find.resembling(family_name="Other", given_name="Name", born_on=date(1985, 7, 14), phone="+447700900471")
    by_neither = find.resembling(family_name="Other", given_name="Name", **same_day)
    other_day = find.resembling(
        family_name="O'Neil-Ångström", given_name="Zoë Marie", born_on=date(1985, 7, 15), phone="+447700900471"
    )

    assert (by_name, by_phone, by_neither, other_day) == ([angstrom], [angstrom], [], [])


@pytest.mark.postgres
def test_search_keys_sort_by_code_point_whatever_the_servers_language():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT collation_name FROM information_schema.columns"
            " WHERE table_name = 'treatments_searchkey' AND column_name = 'key'"
        )
        assert cursor.fetchone() == ("C",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ang",
        "zoe",
        "Å oneil",
        "zoe marie oneil angstrom",
        "14/7/1985",
        "0471",
        "07700 900",
        "x%",
        "'; --",
        "zzz",
    ],
)
def test_the_first_ones_are_those_of_the_search(angstrom: Patient, text: str) -> None:
    for number in range(3):
        factories.patient(family_name=f"Angel{number}", given_name="Zoe", born_on=angstrom.born_on)

    assert find.first(text, 3) == list(find.search(text)[:3])


def test_the_first_ones_bring_what_a_row_shows(angstrom: Patient, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        (found,) = find.first("angstrom", 10)
        shown = (found.public_id, found.list_name, found.born_on, found.died_on, found.phone, found.get_absolute_url())

    assert shown[0] == angstrom.public_id
