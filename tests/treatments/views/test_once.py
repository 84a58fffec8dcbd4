"""Every form that makes something counts once, however often it is sent."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.db import connections
from django.test import Client
from django.urls import reverse

from clinic.models import User
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import (
    Appointment,
    Consent,
    Course,
    CourseTreatment,
    EarlierWish,
    Flag,
    FormToken,
    Patient,
    PatientMerge,
    SafetyAnswer,
    Treatment,
)

TEMPLATES = Path(settings.BASE_DIR) / "templates"
TOKEN = "0123456789abcdef" * 2

# Forms that need no token, and why. `version`: an edit form, whose second sending is out of date by itself.
WITHOUT = {
    "admin/base_site.html": "signs out, or sets the colours",
    "admin/clinic/closedday/suggest.html": "a day is closed once: the database has one row for each day and place",
    "calendar/free.html": "goes on to the form that books",
    "components/topbar.html": "searches, sets the colours or the morning e-mail, signs out",
    "confirmations/_row.html": "what the patient says of a visit: saying it again changes nothing",
    "confirmations/index.html": "a request is worked off once",
    "due/_more.html": "version",
    "earlier/ask.html": "a patient stands on the list once: asking again keeps the place",
    "earlier/list.html": "takes off the list; a second time there is nothing to take off",
    "flags/change.html": "version, in the form",
    "merges/search.html": "searches",
    "merges/undo.html": "a merge is undone once: the second time says so",
    "messages/_table.html": "decides on a message that waits for a person; a second time it does not",
    "patients/_consent.html": "withdraws; a second time there is nothing to withdraw",
    "patients/_courses.html": "version",
    "patients/due_window.html": "version, in the form",
    "patients/duration.html": "version, in the form",
    "patients/edit.html": "version, in the form",
    "patients/index.html": "searches",
    "patients/stop.html": "version",
    "public/birth.html": "proves who it is; nothing is made",
    "public/change.html": "one open request for each visit: asking again changes it",
    "public/check.html": "sends the answers; a second time they have been sent",
    "public/question.html": "keeps one answer of a draft",
    "public/stop.html": "stops reminders; a second time they have stopped",
    "public/visit.html": "comes, or does not: saying it again changes nothing",
    "registration/sign_in.html": "signs in",
    "today/day.html": "one step of a visit, which is refused where the visit has gone on",
    "treatments/void.html": "version, in the form",
    "visits/cancel.html": "version",
    "visits/check_in.html": "version",
    "visits/move.html": "version",
    "visits/override.html": "decides on a visit that is on hold; a second time it is not",
    "visits/visit.html": "version",
}
SEVERAL = {
    "admin/base_site.html": 2,
    "components/topbar.html": 4,
    "messages/_table.html": 3,
    "public/change.html": 2,
    "public/visit.html": 2,
    "patients/_courses.html": 2,
    "patients/duration.html": 3,
}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


# ---- every form ----


def forms() -> list[tuple[str, str]]:
    """The file and the text of every form that posts, wherever a template has one."""
    return [
        (path.relative_to(TEMPLATES).as_posix(), form)
        for path in sorted(TEMPLATES.rglob("*.html"))
        for form in re.findall(r"<form\b.*?</form>", path.read_text(), re.DOTALL)
        if 'method="post"' in form.split(">", 1)[0]
    ]


def test_every_form_that_posts_carries_a_token_or_needs_none():
    found = forms()

    without = Counter(name for name, form in found if "{% once %}" not in form)
    assert without == {name: SEVERAL.get(name, 1) for name in WITHOUT}
    assert {name for name, form in found if WITHOUT.get(name) == "version" and "version" not in form} == set()
    assert sum("{% once %}" in form for _name, form in found) >= 10


def test_a_token_stands_on_the_page_and_stays_when_the_form_comes_back(db: None):
    client, url = signed_in(factories.staff("reception")), reverse("patient_new")

    first, second = (re.findall(r'name="once" value="(\w+)"', client.get(url).content.decode()) for _i in range(2))
    back = client.post(url, {"once": first[0], "family_name": "Sato"}).content.decode()
    nonsense = client.post(url, {"once": '"><b>', "family_name": "Sato"}).content.decode()

    assert (len(first), len(second), first == second) == (1, 1, False)
    assert re.findall(r'name="once" value="(\w+)"', back) == first
    assert re.fullmatch(r"[0-9a-f]{32}", re.findall(r'name="once" value="([^"]*)"', nonsense)[0])


# ---- twice, one after the other ----


def new_patient() -> tuple[User, str, dict, type]:
    return (
        factories.staff("reception"),
        reverse("patient_new"),
        {"given_name": "Mai", "family_name": "Sato", "born_on": "1992-05-11", "different": "on"},
        Patient,
    )


def new_flag() -> tuple[User, str, dict, type]:
    url = reverse("flag_new", args=[factories.patient().public_id])
    return factories.staff("reception"), url, {"kind": "pregnancy", "starts_on": TODAY.isoformat()}, Flag


def answers() -> tuple[User, str, dict, type]:
    url = reverse("safety", args=[factories.patient().public_id])
    fields = signed_in(factories.staff("reception")).get(url).context["form"].questions
    return factories.staff("reception"), url, dict.fromkeys(fields, "no"), SafetyAnswer


def treatment() -> tuple[User, str, dict, type]:
    person = factories.patient()
    factories.answers(person)
    data = {
        "performed_on": TODAY.isoformat(),
        "practitioner": str(factories.practitioner().pk),
        "kind": "full",
        "product": "botox",
        "lot_number": "C4821AB",
        "lot_expires_on": "2028-01-31",
        "vial_checked": "on",
        "injections-TOTAL_FORMS": "1",
        "injections-INITIAL_FORMS": "0",
        "injections-0-indication": "glabellar_lines",
        "injections-0-site": "procerus",
        "injections-0-units": "20",
        "sign": "1",
    }
    return factories.staff("injector"), reverse("treat", args=[person.public_id]), data, Treatment


def elsewhere() -> tuple[User, str, dict, type]:
    url = reverse("elsewhere", args=[factories.patient().public_id])
    said = {"not_before_on": "2026-05-01", "indications": ["glabellar_lines"], "note": "Letter"}
    return factories.staff("injector"), url, said, Treatment


def visit() -> tuple[User, str, dict, type]:
    data = {
        "others": ["glabellar_lines"],
        "on": "2026-12-01",
        "starts": "10:00",
        "minutes": "30",
        "practitioner": str(factories.practitioner().pk),
        "room": str(factories.room().pk),
        "step": "confirm",
    }
    return factories.staff("reception"), reverse("book", args=[factories.patient().public_id]), data, Appointment


def consent() -> tuple[User, str, dict, type]:
    url = reverse("patient_consent", args=[factories.patient().public_id])
    return factories.staff("reception"), url, {"signed_on": TODAY.isoformat()}, Consent


def wish() -> tuple[User, str, dict, type]:
    url = reverse("earlier_ask", args=[factories.patient().public_id])
    return factories.staff("reception"), url, {"note": "Mornings"}, EarlierWish


def merge() -> tuple[User, str, dict, type]:
    url = reverse("merge_confirm", args=[factories.patient().public_id, factories.patient().public_id])
    return factories.staff("manager"), url, {"reason": "Said so herself, passport seen"}, PatientMerge


FORMS = [new_patient, new_flag, answers, treatment, elsewhere, visit, consent, wish, merge]


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMS)
def test_a_form_sent_twice_makes_one(form: Callable[[], tuple[User, str, dict, type]]):
    user, url, data, model = form()
    client, before = signed_in(user), model.objects.count()

    first = client.post(url, data | {"once": TOKEN})
    n_made, pks = model.objects.count() - before, set(model.objects.values_list("pk", flat=True))
    second = client.post(url, data | {"once": TOKEN}, follow=True)

    assert (first.status_code, n_made > 0) == (302, True)
    assert set(model.objects.values_list("pk", flat=True)) == pks
    if model is not EarlierWish:
        assert second.redirect_chain[0] == (first["Location"], 302)
        assert "It was saved already." in second.content.decode()


@pytest.mark.django_db
def test_what_was_changed_on_the_page_that_came_back_is_another_form_only_with_another_token():
    user, url, data, _model = new_patient()
    client = signed_in(user)

    client.post(url, data | {"once": TOKEN})
    client.post(url, data | {"once": TOKEN, "given_name": "Mei"})
    client.post(url, data | {"once": "f" * 32, "given_name": "Mei"})

    assert [row.given_name for row in Patient.objects.order_by("pk")] == ["Mai", "Mei"]


@pytest.mark.django_db
def test_a_refused_form_may_be_sent_again_with_its_token():
    user, url, data, _model = new_patient()
    client = signed_in(user)

    client.post(url, data | {"once": TOKEN, "born_on": "2999-01-01"})
    client.post(url, data | {"once": TOKEN})

    assert Patient.objects.get().born_on == date(1992, 5, 11)


@pytest.mark.django_db
def test_the_end_of_an_effect_counts_once():
    person = factories.patient()
    factories.treated(person, date(2026, 7, 1))
    url = reverse("effect_note", args=[person.public_id, "glabellar_lines"])
    client = signed_in(factories.staff("injector"))
    data = {"said": "worn_off_on", "on": "2026-10-20", "once": TOKEN}

    client.post(url, data | {"version": str(Course.objects.get().version)})
    again = client.post(url, data | {"version": str(Course.objects.get().version)}, follow=True)

    assert CourseTreatment.objects.get().worn_off_on == date(2026, 10, 20)
    assert "It was saved already." in again.content.decode()


# ---- twice, at the same moment ----


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", [new_patient, new_flag, visit])
def test_a_form_sent_four_times_at_once_makes_one(form: Callable[[], tuple[User, str, dict, type]]):
    factories.load_catalogue()
    user, url, data, model = form()
    clients, start, answers = [signed_in(user) for _i in range(4)], threading.Barrier(4), []

    def send(client: Client) -> None:
        try:
            start.wait(20)
            answers.append(client.post(url, data | {"once": TOKEN}))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    (made,) = model.objects.filter(pk__gt=0)
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, made.get_absolute_url())] * 4
    assert FormToken.objects.count() == 1
