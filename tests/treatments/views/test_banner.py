"""The banner over every page about one patient: who it is, every flag in force, and how fresh the answers are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.template.loader import render_to_string
from django.test import Client

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Patient
from treatments.queries import history
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import Answer
from treatments.services import flags, patients
from treatments.views.banner import banner

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def shown(person: Patient, *, on: date = TODAY) -> dict:
    person = Patient.objects.get(pk=person.pk)
    return banner(person, history.facts(person), rulebook(on), on=on)


def html(person: Patient, **more: object) -> str:
    found = shown(person)
    return render_to_string("components/banner.html", found | more)


# ---- who ----


def test_a_person_is_named_with_what_tells_two_people_apart():
    person = factories.patient(
        family_name="Marsh", given_name="Alina", preferred_name="Lina", title="Ms", born_on=date(1985, 7, 14),
        phone="+447700900114", email="a@example.org", address="5 Mill Lane", city="Westerpool", postcode="HB9 3LD",
        contact_consent="yes",
    )  # fmt: skip

    assert shown(person)["patient"] == {
        "family_name": "MARSH",
        "given_name": "Alina",
        "title": "Ms",
        "preferred_name": "Lina",
        "public_id": person.public_id,
        "born": "14-Jul-1985",
        "age": "41y",
        "sex": "Female",
        "died": "",
        "age_at_death": "",
        "url": f"/patients/{person.public_id}/",
        "contacts": [
            ("Mobile", "07700 900114", "tel:+447700900114"),
            ("E-mail", "a@example.org", "mailto:a@example.org"),
            ("Address", "5 Mill Lane, Westerpool, HB9 3LD", ""),
            ("Reminders", "Yes", ""),
        ],
    }


def test_what_is_not_known_is_not_shown():
    person = factories.patient(sex="")

    found = shown(person)["patient"]
    assert found["sex"] == ""
    assert [label for label, _value, _href in found["contacts"]] == ["Reminders"]
    assert "Gender" not in html(person)


def test_the_age_changes_on_the_birthday():
    person = factories.patient(born_on=date(2008, 2, 29))

    ages = [shown(person, on=on)["patient"]["age"] for on in (date(2026, 2, 28), date(2026, 3, 1))]

    assert ages == ["17y", "18y"]


def test_a_death_stands_first_with_the_age_at_it():
    person = factories.patient(born_on=date(1947, 4, 23))
    patients.amend(person, changes={"died_on": date(2026, 1, 26)}, by=BY, at=NOW)

    page = html(person)

    assert "Died 26-Jan-2026 · age at death 78y" in " ".join(page.split())
    assert page.index("banner-died") < page.index("banner-name")
    assert "(79y)" not in page


def test_names_are_escaped_and_keep_their_own_direction():
    page = html(factories.patient(family_name="<script>", given_name="ليلى"))

    assert "<script>" not in page
    assert '<bdi><span class="family">&lt;SCRIPT&gt;</span>, ليلى</bdi>' in page


# ---- flags ----


def test_every_flag_in_force_is_shown_worst_first_then_longest_standing():
    person = factories.patient()
    factories.flag(person, "anticoagulant_or_antiplatelet", starts_on=TODAY - 400 * DAY)
    factories.flag(person, "aminoglycoside", starts_on=TODAY - 3 * DAY, ends_on=TODAY + 5 * DAY)
    factories.flag(person, "breastfeeding", starts_on=TODAY - 2 * DAY)
    factories.flag(person, "pregnancy", starts_on=TODAY - 5 * DAY)

    found = shown(person)["flags"]

    assert [flag["severity"] for flag in found] == ["hard_stop", "hard_stop", "soft_stop", "caution"]
    assert [flag["label"] for flag in found[:2]] == ["Pregnant", "Breastfeeding"]
    assert (found[0]["since"], found[0]["until"], found[0]["review"]) == ("17-Nov-2026", "", "02-Apr-2027")
    assert (found[2]["until"], found[2]["review"]) == ("27-Nov-2026", "")


def test_a_flag_leads_to_its_page_and_is_said_in_words():
    person = factories.patient()
    flag = factories.flag(person)

    page = " ".join(html(person).split())

    assert f'href="/flags/{flag.public_id}/"' in page
    assert "Blocked: Pregnant" in page
    assert "since 22-Nov-2026 · review 02-Apr-2027" in page


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "n_shown"),
    [
        (TODAY, TODAY + DAY, 1),
        (TODAY - DAY, TODAY, 0),  # the first day on which it no longer holds
        (TODAY + DAY, TODAY + 2 * DAY, 0),
    ],
)
def test_a_flag_shows_from_its_first_to_its_last_day(starts_on: date, ends_on: date, n_shown: int):
    person = factories.patient()
    factories.flag(person, starts_on=starts_on, ends_on=ends_on)

    assert len(shown(person)["flags"]) == n_shown


def test_a_flag_entered_in_error_is_not_shown():
    person = factories.patient()
    flags.enter_in_error(factories.flag(person), reason="Mixed up with her sister", by=BY, at=NOW)

    assert shown(person)["flags"] == []


def test_a_dozen_flags_are_all_shown():
    person = factories.patient()
    kinds = [code for code, rule in rulebook(TODAY).contraindications.items() if rule.raised_by_hand][:12]
    for kind in kinds:
        factories.flag(person, kind)

    assert html(person).count('class="chip chip-') - html(person).count("chip-not_asked") == len(kinds) == 12


# ---- answers ----


def test_nobody_asked():
    person = factories.patient()

    assert shown(person)["answers"] == {
        "state": "not_asked",
        "text": "Not asked",
        "url": f"/patients/{person.public_id}/safety/",
    }


def test_nothing_known_is_said_only_when_everything_was_answered_with_no():
    person = factories.patient()
    factories.answers(person)

    found = shown(person)["answers"]
    assert (found["state"], found["text"]) == ("asked", "None known, asked 22-Nov-2026")


@pytest.mark.parametrize("answer", [Answer.NOT_SURE, Answer.YES])
def test_an_answer_that_is_not_no_is_never_called_none_known(answer: Answer):
    person = factories.patient()
    factories.answers(person, pregnancy=answer)

    assert shown(person)["answers"]["text"] == "Asked 22-Nov-2026"


def test_with_a_flag_on_record_nothing_is_called_none_known():
    person = factories.patient()
    factories.answers(person)
    factories.flag(person, "anticoagulant_or_antiplatelet", starts_on=TODAY + DAY)

    assert shown(person)["answers"]["text"] == "Asked 22-Nov-2026"


@pytest.mark.parametrize(("age", "state"), [(90, "asked"), (91, "out_of_date")])
def test_answers_go_stale(age: int, state: str):
    person = factories.patient()
    factories.answers(person, on=TODAY - age * DAY)

    found = shown(person)["answers"]
    asked = f"{TODAY - age * DAY:%d-%b-%Y}"
    assert found["state"] == state
    assert found["text"] == {
        "asked": f"None known, asked {asked}",
        "out_of_date": f"Out of date, asked {asked}",
    }[state]  # fmt: skip


# ---- on the page ----


def test_the_banner_asks_the_database_for_nothing(django_assert_num_queries):
    person = factories.patient()
    factories.flag(person)
    facts, book = history.facts(person), rulebook(TODAY)

    with django_assert_num_queries(0):
        render_to_string("components/banner.html", banner(person, facts, book, on=TODAY))


def test_every_page_about_a_patient_has_it_and_no_other_page(client: Client):
    client.force_login(factories.staff("manager"))
    person = factories.patient()
    flag = factories.flag(person)
    with time_machine.travel(NOW, tick=False):
        for page in ("", "edit/", "safety/", "flags/new/", "book/"):
            assert b'class="banner"' in client.get(f"/patients/{person.public_id}/{page}").content, page
        assert b'class="banner"' in client.get(f"/flags/{flag.public_id}/").content
        for address in ("/patients/", "/today/", "/due/", "/patients/new/"):
            assert b'class="banner"' not in client.get(address).content, address
