"""The safety page: what was asked and answered, asking again, and all flags."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Flag, Patient, SafetyAnswer
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import Answer
from treatments.services import appointments, flags

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def person() -> Patient:
    return factories.patient(family_name="Sato", given_name="Mai")


@pytest.fixture
def injector() -> Client:
    return signed_in("injector")


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(factories.staff(role, first_name="Rhea", last_name="Osei"))
    return client


def url(person: Patient) -> str:
    return reverse("safety", args=[person.public_id])


def no_to_each(**given: str) -> dict[str, str]:
    return dict.fromkeys(rulebook(TODAY).questions, "no") | given


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def line(response, code: str) -> dict:
    return next(question for question in response.context["questions"] if question["code"] == code)


@pytest.mark.parametrize(
    ("role", "opens", "asks"),
    [("reception", 200, 302), ("injector", 200, 302), ("manager", 200, 302), ("auditor", 200, 403)],
)
def test_who_may_look_and_who_may_ask(person: Patient, role: str, opens: int, asks: int) -> None:
    client = signed_in(role)

    page, asked = client.get(url(person)), client.post(url(person), no_to_each())

    assert (page.status_code, asked.status_code) == (opens, asks)
    assert ('type="radio"' in page.content.decode()) == (asks == 302)
    assert SafetyAnswer.objects.exists() == (asks == 302)


def test_every_question_is_asked_pregnancy_and_breastfeeding_first_and_none_is_answered_beforehand(
    injector: Client, person: Patient
) -> None:
    response = injector.get(url(person))

    asked = [question["code"] for question in response.context["questions"]]
    page = response.content.decode()
    assert (asked[:2], set(asked)) == (["pregnancy", "breastfeeding"], set(rulebook(TODAY).questions))
    assert (page.count('type="radio"'), " checked" in page) == (3 * len(asked), False)
    assert {question["state"] for question in response.context["questions"]} == {"not_asked"}


def test_answers_are_saved_for_today_under_the_name_of_who_asked(injector: Client, person: Patient) -> None:
    response = injector.post(url(person), no_to_each(acute_illness_or_fever="not_sure"), follow=True)

    assert "Answers saved: SATO, Mai." in text_of(response)
    shown = line(response, "acute_illness_or_fever")
    assert (str(shown["answer"]), shown["asked"], shown["by"]) == ("Not sure", "22-Nov-2026", "Rhea Osei")
    assert SafetyAnswer.objects.count() == len(rulebook(TODAY).questions)


def test_a_question_left_open_gets_a_sentence_and_the_others_keep_their_answer(
    injector: Client, person: Patient
) -> None:
    typed = no_to_each(breastfeeding="yes")
    del typed["pregnancy"]

    response = injector.post(url(person), typed)

    form = response.context["form"]
    assert form.errors == {"pregnancy": ["Pregnant: choose an answer."]}
    assert form["breastfeeding"].value() == "yes"
    assert text_of(response).count("Pregnant: choose an answer.") == 2  # on top and at the question
    assert not SafetyAnswer.objects.exists()


def test_an_answer_that_is_none_is_refused(injector: Client, person: Patient) -> None:
    response = injector.post(url(person), no_to_each(pregnancy="perhaps"))

    assert response.context["form"].errors == {"pregnancy": ["Pregnant: choose No, Yes or Not sure."]}
    assert not SafetyAnswer.objects.exists()


def test_a_yes_raises_its_flag_and_holds_visits_and_the_page_says_so(injector: Client, person: Patient) -> None:
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(2026, 12, 1, 10, 0, tzinfo=UTC),
        minutes=30,
    )
    visit = appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)

    response = injector.post(url(person), no_to_each(pregnancy="yes"), follow=True)

    visit.refresh_from_db()
    words = text_of(response)
    assert (person.flags.get().kind, visit.state) == ("pregnancy", "on_hold")
    assert "Flags raised by the answers: Pregnant." in words
    assert "One visit was put on hold: 01-Dec-2026 10:00. Tell reception." in words


def test_no_to_all_needs_its_tick(injector: Client, person: Patient) -> None:
    refused = injector.post(url(person), {"all_no": "1"})
    n_refused = SafetyAnswer.objects.count()
    injector.post(url(person), {"all_no": "1", "asked_all": "on"})

    sentence = "Tick that all questions were asked today and answered no."
    assert (refused.context["form"].errors, n_refused) == ({"asked_all": [sentence]}, 0)
    assert set(SafetyAnswer.objects.values_list("answer", "answered_on")) == {("no", TODAY)}
    assert SafetyAnswer.objects.count() == len(rulebook(TODAY).questions)


def test_no_to_all_refuses_beside_another_answer(injector: Client, person: Patient) -> None:
    response = injector.post(url(person), {"all_no": "1", "asked_all": "on", "pregnancy": "yes"})

    assert response.context["form"].errors == {
        "pregnancy": ["This says something else than no. Save the answers instead."]
    }
    assert not SafetyAnswer.objects.exists()


@pytest.mark.parametrize(("days", "state"), [(0, "asked"), (90, "asked"), (91, "out_of_date")])
def test_an_answer_is_out_of_date_after_ninety_days(injector: Client, person: Patient, days: int, state: str) -> None:
    factories.answers(person, on=TODAY - timedelta(days=days))

    response = injector.get(url(person))

    assert line(response, "pregnancy")["state"] == state
    assert ("Out of date" in text_of(response)) == (state == "out_of_date")


def test_the_latest_of_two_answers_of_one_day_counts(injector: Client, person: Patient) -> None:
    factories.answers(person)
    factories.answers(person, pregnancy=Answer.NOT_SURE)

    assert str(line(injector.get(url(person)), "pregnancy")["answer"]) == "Not sure"


def test_a_no_beside_a_flag_stands_beside_it_and_ends_nothing(injector: Client, person: Patient) -> None:
    flag = factories.flag(person)

    response = injector.post(url(person), no_to_each(), follow=True)

    shown = line(response, "pregnancy")
    assert (shown["conflict"], shown["flag_url"]) == (True, flag.get_absolute_url())
    assert "The record says yes: Pregnant . It stays until a clinician decides." in text_of(response)
    assert Flag.objects.get().ends_on is None


def test_flags_are_parted_into_those_that_hold_those_due_and_those_that_ended(
    injector: Client, person: Patient
) -> None:
    month_ago = TODAY - timedelta(days=30)
    factories.flag(person, "anticoagulant_or_antiplatelet")
    factories.flag(person, "infection_at_site", starts_on=month_ago, review_on=TODAY)
    ended = factories.flag(person, "aminoglycoside", starts_on=month_ago, ends_on=TODAY)
    wrong = factories.flag(person, "breastfeeding", starts_on=month_ago)
    flags.enter_in_error(wrong, reason="Meant for another patient", by="inj", at=NOW)

    response = injector.get(url(person))

    context = response.context
    assert [each["label"] for each in context["flags"]["active"]] == ["Infection at the site", "Blood thinners"]
    assert [each["label"] for each in context["due"]] == ["Infection at the site"]
    assert {each["url"] for each in context["flags"]["ended"]} == {ended.get_absolute_url(), wrong.get_absolute_url()}
    assert "Infection at the site was to be asked again on 22-Nov-2026." in text_of(response)


def test_the_page_costs_as_many_queries_for_one_asking_as_for_thirty(
    injector: Client, person: Patient, django_assert_num_queries
) -> None:
    factories.answers(person, on=date(2026, 1, 1))
    factories.flag(person)
    injector.get(url(person))
    with django_assert_num_queries(11):
        injector.get(url(person))

    for days in range(30):
        factories.answers(person, on=date(2026, 1, 2) + timedelta(days=days))
        factories.flag(person, "acute_illness_or_fever", ends_on=TODAY + timedelta(days=days))

    with django_assert_num_queries(11):
        injector.get(url(person))


@pytest.mark.parametrize(("wanted", "leads_to"), [("/today/", "/today/"), ("https://evil.example/", "")])
def test_a_return_address_off_this_site_is_ignored(
    injector: Client, person: Patient, wanted: str, leads_to: str
) -> None:
    response = injector.post(url(person), no_to_each(next=wanted))

    assert response["Location"] == (leads_to or url(person))
