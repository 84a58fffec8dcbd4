"""Noting what is true of an effect on the patient's page, correcting it, and taking it back in one press."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import BY, NOW
from treatments.models import Course, CourseTreatment, Patient
from treatments.services import courses, effects
from treatments.services.effects import Said

pytestmark = pytest.mark.django_db
T = date(2026, 7, 1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def person() -> Patient:
    person = factories.patient(family_name="Marsh", given_name="Alina")
    factories.treated(person, T)
    return person


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(factories.staff(role))
    return client


def words(page) -> str:
    text = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page.content.decode(), flags=re.DOTALL)
    return " ".join(text.split())


def note(client: Client, person: Patient, said: str, on: str = "2026-11-22", area: str = "glabellar_lines", **more):
    url = reverse("effect_note", args=[person.public_id, area])
    return client.post(url, {"said": said, "on": on, **more}, follow=True)


def edit_url(area: str = "glabellar_lines") -> str:
    return reverse("effect", args=[CourseTreatment.objects.get().treatment.public_id, area])


def known() -> Said:
    return effects.said_of(CourseTreatment.objects.get())


@pytest.mark.parametrize("role", ["reception", "injector", "manager"])
@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("worn_off_on", "effect gone on 22-Nov-2026"),
        ("still_working_on", "still working on 22-Nov-2026"),
        ("seen_gone_on", "gone when seen on 22-Nov-2026"),
    ],
)
def test_one_press_notes_what_is_true_today_and_says_so(person, role, said, line):
    page = note(signed_in(role), person, said)

    assert known() == Said(**{said: date(2026, 11, 22)})
    assert page.redirect_chain == [(person.get_absolute_url(), 302)]
    assert f"Saved: Frown lines, treated 01-Jul-2026: {line}." in words(page)
    assert f"{line[0].upper()}{line[1:]}, after 21 weeks." in words(page)


def test_undo_is_one_press_and_brings_back_what_was_there(person):
    client = signed_in("reception")
    effects.note(Course.objects.get(), still_working_on=date(2026, 9, 1), by=BY, at=NOW)

    page = note(client, person, "seen_gone_on")
    form = page.content.decode().split('class="notice notice-success"')[1].split("</form>")[0]
    data = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    action = re.search(r'action="([^"]+)"', form).group(1)
    undone = client.post(action, data, follow=True)

    assert known() == Said(still_working_on=date(2026, 9, 1))
    assert "Taken back: Frown lines, treated 01-Jul-2026: still working on 01-Sep-2026." in words(undone)


def test_undo_after_somebody_else_noted_something_is_shown_to_a_person(person):
    client = signed_in("reception")
    note(client, person, "still_working_on")
    seen = Course.objects.get().version
    note(signed_in("injector"), person, "worn_off_on")

    page = client.post(edit_url(), {"version": seen, "undo": "1"})

    assert page.status_code == 409
    assert known().worn_off_on == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("2026-06-30", "The day must lie between the treatment, 01-Jul-2026, and today."),
        ("2026-11-23", "The day must lie between the treatment, 01-Jul-2026, and today."),
        ("soon", "Date must be a real date, like 14/07/2026."),
    ],
)
def test_a_day_that_cannot_be_is_said_at_its_field_and_kept(person, on, sentence):
    page = note(signed_in("reception"), person, "still_working_on", on)

    assert page.status_code == 200
    assert sentence in words(page)
    assert f'value="{on}"' in page.content.decode()
    assert "There is a problem" in words(page)
    assert known() == Said()


def test_nothing_pressed_is_a_sentence_and_no_crash(person):
    page = note(signed_in("reception"), person, "purple")

    assert page.status_code == 200
    assert known() == Said()


@pytest.mark.parametrize(("role", "status"), [("auditor", 403), ("reception", 200), ("injector", 200)])
def test_who_may_note_it(person, role, status):
    client = signed_in(role)

    assert note(client, person, "worn_off_on").status_code == status
    assert client.get(edit_url()).status_code == status
    assert ("How is the effect?" in words(client.get(person.get_absolute_url()))) == (status == 200)


def test_what_was_not_given_is_not_found(person):
    client = signed_in("injector")
    courses.ensure(person, [factories.indication("forehead_lines")], on=NOW.date())

    assert note(client, person, "worn_off_on", area="forehead_lines").status_code == 404
    assert note(client, person, "worn_off_on", area="chronic_migraine").status_code == 404
    assert client.get(edit_url("chronic_migraine")).status_code == 404


def test_the_page_of_one_effect_shows_what_is_known_and_takes_it_back(person):
    client = signed_in("injector")
    note(client, person, "still_working_on", "2026-09-01")
    note(client, person, "worn_off_on", "2026-10-01")

    page = client.get(edit_url())
    version = Course.objects.get().version
    client.post(
        edit_url(), {"worn_off_on": "2026-10-03", "still_working_on": "", "seen_gone_on": "", "version": version}
    )

    assert 'value="2026-09-01"' in page.content.decode()
    assert 'value="2026-10-01"' in page.content.decode()
    assert known() == Said(worn_off_on=date(2026, 10, 3))


def test_days_that_contradict_each_other_are_refused_at_the_field(person):
    page = signed_in("injector").post(edit_url(), {"worn_off_on": "2026-10-03", "still_working_on": "2026-10-03"})

    assert "The effect cannot be there on a day on which it had gone." in words(page)
    assert known() == Said()


def test_two_people_at_one_effect_see_both_versions(person):
    seen = Course.objects.get().version
    note(signed_in("injector"), person, "worn_off_on", "2026-10-01")

    page = note(signed_in("reception"), person, "still_working_on", version=seen)

    assert page.status_code == 409
    assert "Your changes are not saved." in words(page)
    assert known() == Said(worn_off_on=date(2026, 10, 1))
    assert 'value="2026-11-22"' in page.content.decode()


def test_the_record_of_a_treatment_says_what_is_known_of_its_effect(person):
    client = signed_in("injector")
    note(client, person, "worn_off_on", "2026-10-01")

    page = client.get(CourseTreatment.objects.get().treatment.get_absolute_url())

    assert "Effect gone on 01-Oct-2026, after 13 weeks." in words(page)
    assert edit_url() in page.content.decode()
