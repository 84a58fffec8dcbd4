"""The check-in: identity, what has changed, consent; and what a yes does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, Consent, Flag, SafetyAnswer, Service
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import Answer, AppointmentState
from treatments.services import appointments, consents, flags

pytestmark = pytest.mark.django_db
TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reception(client: Client) -> Client:
    client.force_login(factories.staff("reception"))
    return client


def person(*, asked_days_ago: int | None = 10, signed: bool = True, **answers: Answer):
    made = factories.patient()
    if asked_days_ago is not None:
        factories.answers(made, on=TODAY - timedelta(days=asked_days_ago), **answers)
    if signed:
        consents.sign(made, signed_on=TODAY, by=BY, at=NOW)
    return made


def booked(patient, *, days: int = 0, **fields) -> Appointment:
    defaults = {
        "indications": (factories.indication(),),
        "practitioner": factories.practitioner(),
        "room": factories.room(),
        "starts_at": TEN + timedelta(days=days),
        "minutes": 30,
    }
    at = fields.pop("at", NOW)
    wanted = appointments.Booking(patient=patient, **(defaults | fields))
    return appointments.book(wanted, by=factories.staff("reception"), at=at, acknowledged=True)


def url(visit: Appointment) -> str:
    return reverse("visit_check_in", args=[visit.public_id])


def typed(visit: Appointment, **fields) -> dict:
    return {"name_said": "on", "birth_said": "on", "changed": "same", "version": visit.version} | fields


def answers_of(patient, *, on=TODAY) -> dict[str, str]:
    return dict(SafetyAnswer.objects.filter(patient=patient, answered_on=on).values_list("kind", "answer"))


def state(visit: Appointment) -> str:
    visit.refresh_from_db()
    return visit.state


def test_two_ticks_and_nothing_changed_check_in_and_store_the_answers_of_the_day(reception):
    visit = booked(person())

    response = reception.post(url(visit), typed(visit), follow=True)

    assert (state(visit), visit.checked_at, visit.identity_note) == ("checked", NOW, "")
    assert answers_of(visit.patient) == dict.fromkeys(rulebook(TODAY).questions, "no")
    said = str(next(iter(response.context["messages"])))
    assert said.startswith(f"{visit.patient.list_name}, 10:00: Checked in.")
    assert f'action="{reverse("visit_mark", args=[visit.public_id, "arrived"])}"' in said
    assert response.redirect_chain == [("/today/", 302)]


def test_still_the_same_keeps_a_flag_in_force_and_raises_no_other(reception):
    someone = person(asked_days_ago=None)
    factories.flag(someone, "anticoagulant_or_antiplatelet")
    factories.answers(someone, on=TODAY, anticoagulant_or_antiplatelet=Answer.YES)
    visit = booked(someone)

    reception.post(url(visit), typed(visit))

    assert state(visit) == "checked"
    assert answers_of(someone)["anticoagulant_or_antiplatelet"] == "yes"
    assert Flag.objects.filter(patient=someone).count() == 1


def test_an_ended_flag_is_a_no_when_nothing_has_changed_since(reception):
    someone = person(asked_days_ago=None)
    factories.answers(someone, on=TODAY - timedelta(days=20), aminoglycoside=Answer.YES, at=NOW - timedelta(days=20))
    flags.end(Flag.objects.get(patient=someone), ends_on=TODAY - timedelta(days=5), by=BY, at=NOW)
    visit = booked(someone)

    html = reception.get(url(visit)).content.decode()

    assert "No, all answers are still the same" not in html
    assert "The answers are out of date or open" in html


def test_not_asked_here_stores_nothing(reception):
    visit = booked(person())

    reception.post(url(visit), typed(visit, changed="later"))

    assert state(visit) == "checked"
    assert answers_of(visit.patient) == {}


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"name_said": ""}, "identity_note", "Tick both identity checks, or say why you cannot."),
        (
            {"birth_said": "", "identity_note": "  "},
            "identity_note",
            "Tick both identity checks, or say why you cannot.",
        ),
        ({"changed": ""}, "changed", "Choose whether anything has changed since the questions were answered."),
        ({"changed": "x"}, "changed", "Choose whether anything has changed since the questions were answered."),
        ({"birth_said": "", "identity_note": "a\x00b"}, "identity_note", "Remove the hidden character at position 2."),
        ({"version": "x"}, "version", "Enter a whole number."),
    ],
)
def test_what_is_missing_is_said_at_the_field_and_nothing_happens(reception, fields, field, sentence):
    visit = booked(person())

    response = reception.post(url(visit), typed(visit, **fields))

    assert response.status_code == 422
    assert response.context["form"].errors == {field: [sentence]}
    assert (state(visit), answers_of(visit.patient)) == ("booked", {})


def test_who_cannot_be_identified_is_checked_in_with_the_reason(reception):
    visit = booked(person())

    reception.post(url(visit), typed(visit, name_said="", identity_note="Came with her mother, no paper"))

    assert (state(visit), visit.identity_note) == ("checked", "Came with her mother, no paper")


@pytest.mark.parametrize("meanwhile", [AppointmentState.ARRIVED, AppointmentState.MISSED])
def test_what_the_patient_said_counts_also_where_a_colleague_was_quicker(reception, meanwhile):
    visit = booked(person(asked_days_ago=None), at=NOW - timedelta(days=1))
    answers = dict.fromkeys(rulebook(TODAY).questions, "no") | {"pregnancy": "yes"}
    sent = typed(visit, changed="changed", **answers)
    appointments.mark(visit, meanwhile, by="lin", at=NOW)

    page = reception.post(url(visit), sent, follow=True).content.decode()

    assert "The answers to the safety questions were saved." in page
    assert Flag.objects.get(patient=visit.patient).kind == "pregnancy"
    assert answers_of(visit.patient)["pregnancy"] == "yes"


@pytest.mark.parametrize("days", [None, 91])
def test_answers_out_of_date_leave_no_way_but_asking_them_all(reception, days):
    visit = booked(person(asked_days_ago=days))

    page = reception.get(url(visit))
    refused = reception.post(url(visit), typed(visit))

    assert [value for value, _label in page.context["form"].fields["changed"].choices] == ["changed", "later"]
    assert list(refused.context["form"].errors) == ["changed"]


def test_the_full_set_needs_an_answer_to_each_question(reception):
    visit = booked(person())
    kinds = rulebook(TODAY).questions
    some = dict.fromkeys(kinds[1:], "no")

    missing = reception.post(url(visit), typed(visit, changed="changed", **some))
    reception.post(url(visit), typed(visit, changed="changed", **dict.fromkeys(kinds, "no")))

    assert (missing.status_code, list(missing.context["form"].errors)) == (422, [kinds[0]])
    assert missing.context["form"][kinds[1]].data == "no"
    assert state(visit) == "checked"
    assert answers_of(visit.patient) == dict.fromkeys(kinds, "no")


def test_all_no_is_one_tick_that_may_not_contradict(reception):
    visit = booked(person(asked_days_ago=None))

    against = reception.post(url(visit), typed(visit, changed="changed", asked_all="on", pregnancy="yes"))
    reception.post(url(visit), typed(visit, changed="changed", asked_all="on"))

    assert list(against.context["form"].errors) == ["pregnancy"]
    assert state(visit) == "checked"
    assert set(answers_of(visit.patient).values()) == {"no"}


def test_a_yes_raises_its_flag_and_holds_the_visit_and_says_what_to_do(reception):
    visit = booked(person())
    said = dict.fromkeys(rulebook(TODAY).questions, "no") | {"pregnancy": "yes"}

    response = reception.post(url(visit), typed(visit, changed="changed", **said), follow=True)

    assert state(visit) == "on_hold"
    assert Flag.objects.get(patient=visit.patient).kind == "pregnancy"
    assert response.redirect_chain == [(visit.get_absolute_url(), 302)]
    assert "the visit is on hold: do not let it go ahead" in response.content.decode()
    assert "End or correct the flag: Pregnant" in response.content.decode()


def test_a_missing_consent_is_recorded_with_the_tick_and_not_without(reception):
    ticked, plain, held = booked(person(signed=False)), booked(person(signed=False)), booked(person())

    reception.post(url(ticked), typed(ticked, consent="on"))
    reception.post(url(plain), typed(plain))

    assert Consent.objects.get(patient=ticked.patient).signed_on == TODAY
    assert not Consent.objects.filter(patient=plain.patient).exists()
    assert "consent" in reception.get(url(booked(person(signed=False)))).context["form"].fields
    assert "consent" not in reception.get(url(held)).context["form"].fields


def test_a_consultation_asks_who_it_is_and_no_more(reception):
    talk = Service.objects.create(name="Consultation", is_treatment=False, minutes=20)
    visit = booked(factories.patient(), service=talk, indications=())

    page = reception.get(url(visit))
    reception.post(url(visit), {"name_said": "on", "birth_said": "on", "version": visit.version})

    assert set(page.context["form"].fields) == {"name_said", "birth_said", "identity_note", "version"}
    assert state(visit) == "checked"
    assert answers_of(visit.patient) == {}


def test_the_second_person_hears_who_checked_in_first(reception):
    visit = booked(person())
    lin = factories.staff("reception", first_name="T.", last_name="Lin")
    old = typed(visit, next="/today/")
    appointments.mark(visit, AppointmentState.ARRIVED, by=lin.username, at=NOW)

    stale = reception.post(url(visit), old, follow=True)
    visit.refresh_from_db()
    appointments.check_in(visit, by=lin.username, at=NOW, identified=True)
    late = reception.post(url(visit), old)

    assert "T. Lin changed this visit at 09:00: it is arrived." in stale.content.decode()
    assert late.status_code == 409
    assert "The visit is checked in: there is nothing to check in." in late.content.decode()


@pytest.mark.parametrize("days", [-1, 1])
def test_another_day_has_no_check_in(reception, days):
    visit = booked(person(), days=days, at=NOW - timedelta(days=2))

    response = reception.get(url(visit))

    assert response.status_code == 409
    assert "The visit is on another day. Move it to today first." in response.content.decode()


def test_what_stands_against_it_is_said_and_nothing_is_written(reception):
    visit = booked(person())
    factories.flag(visit.patient, "pregnancy")

    response = reception.post(url(visit), typed(visit, consent="on"))

    assert response.status_code == 409
    assert state(visit) == "on_hold"


def test_a_mark_alone_never_skips_the_check_of_identity(reception):
    visit = booked(person())
    appointments.mark(visit, AppointmentState.ARRIVED, by=BY, at=NOW)

    response = reception.post(reverse("visit_mark", args=[visit.public_id, "checked"]))

    assert response.url == url(visit)
    assert state(visit) == "arrived"


def test_who_only_reads_may_not(client):
    client.force_login(factories.staff("auditor"))
    visit = booked(person())

    assert client.get(url(visit)).status_code == 403
    assert client.post(url(visit), typed(visit)).status_code == 403
    assert state(visit) == "booked"


# ---- the effect of last time ----


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("", (None, None)),
        ("still_working_on", (TODAY, None)),
        ("seen_gone_on", (None, TODAY)),
    ],
)
def test_the_effect_of_last_time_is_noted_with_the_check_in(reception, said, kept):
    someone = person()
    given = factories.treated(someone, TODAY - timedelta(days=120)).courses.get()
    visit = booked(someone)

    page = reception.get(url(visit)).content.decode()
    reception.post(url(visit), typed(visit, effect=said))

    given.refresh_from_db()
    assert "Is the effect of last time still there?" in page
    assert state(visit) == "checked"
    assert (given.still_working_on, given.seen_gone_on) == kept


def test_who_was_never_treated_is_not_asked_for_an_effect(reception):
    visit = booked(person())

    page = reception.get(url(visit)).content.decode()
    reception.post(url(visit), typed(visit, effect="seen_gone_on"))

    assert "Is the effect of last time still there?" not in page
    assert state(visit) == "checked"
