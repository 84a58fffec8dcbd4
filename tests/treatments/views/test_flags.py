"""Raising a flag, its page, and its review."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment, Flag, Patient
from treatments.services import appointments, flags

pytestmark = pytest.mark.django_db
PREGNANT = {"kind": "pregnancy", "starts_on": "2026-11-20", "review_on": "2027-04-02"}


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


def new_url(person: Patient) -> str:
    return reverse("flag_new", args=[person.public_id])


def change_url(flag: Flag, act: str) -> str:
    return reverse("flag_change", args=[flag.public_id, act])


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def visit(person: Patient, day: int) -> Appointment:
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(2026, 12, day, 10, 0, tzinfo=UTC),
        minutes=30,
    )
    return appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)


# ---- who may ----


@pytest.mark.parametrize(
    ("role", "raises", "sees", "changes"),
    [
        ("reception", 200, 200, 403),
        ("injector", 200, 200, 200),
        ("manager", 200, 200, 403),
        ("auditor", 403, 200, 403),
    ],
)
def test_who_may_raise_see_and_change(person: Patient, role: str, raises: int, sees: int, changes: int) -> None:
    flag, client = factories.flag(person), signed_in(role)

    codes = [
        client.get(page).status_code for page in (new_url(person), flag.get_absolute_url(), change_url(flag, "end"))
    ]

    assert codes == [raises, sees, changes]


@pytest.mark.parametrize("role", ["reception", "manager", "auditor"])
@pytest.mark.parametrize("act", ["confirm", "end", "error"])
def test_nobody_but_a_clinician_changes_a_flag_by_hand(person: Patient, role: str, act: str) -> None:
    flag = factories.flag(person)
    typed = {"ends_on": "2026-11-22", "review_on": "2027-05-01", "reason": "Long enough a reason"}

    response = signed_in(role).post(change_url(flag, act), typed)

    flag.refresh_from_db()
    assert (response.status_code, flag.ends_on, flag.review_on, flag.in_error) == (403, None, date(2027, 4, 2), False)


def test_reception_is_told_whom_to_ask(person: Patient) -> None:
    response = signed_in("reception").get(factories.flag(person).get_absolute_url())

    assert "Ask a clinician to review or end this flag." in text_of(response)
    assert change_url(Flag.objects.get(), "end") not in response.content.decode()


# ---- raising ----


def test_pregnancy_and_breastfeeding_are_offered_first_with_what_they_do(injector: Client, person: Patient) -> None:
    groups = injector.get(new_url(person)).context["form"].fields["kind"].choices

    effect, kinds = groups[1]
    assert (str(effect), [code for code, _label in kinds[:2]]) == (
        "Stops treatment, no override",
        ["pregnancy", "breastfeeding"],
    )
    offered = {code for _effect, kinds in groups[1:] for code, _label in kinds}
    assert ("aminoglycoside" in offered, "under_age_cosmetic" in offered) == (True, False)


def test_raising_saves_and_leads_to_the_flag(injector: Client, person: Patient) -> None:
    typed = PREGNANT | {"source": "Patient, by phone", "note": "Twelfth week"}

    response = injector.post(new_url(person), typed, follow=True)

    flag = Flag.objects.get()
    assert response.redirect_chain == [(flag.get_absolute_url(), 302)]
    assert (flag.starts_on, flag.review_on, flag.source) == (date(2026, 11, 20), date(2027, 4, 2), "Patient, by phone")
    assert "Flag raised: Pregnant, since 20-Nov-2026, SATO, Mai. Ask again on 02-Apr-2027." in text_of(response)


def test_raising_lists_the_visits_that_it_put_on_hold(injector: Client, person: Patient) -> None:
    first, second = visit(person, 1), visit(person, 8)

    response = injector.post(new_url(person), PREGNANT, follow=True)

    words = text_of(response)
    assert "2 visits were put on hold: 01-Dec-2026 10:00, 08-Dec-2026 10:00. Tell reception." in words
    assert [each["url"] for each in response.context["held"]] == [first.get_absolute_url(), second.get_absolute_url()]


def test_without_an_end_or_a_review_the_usual_time_is_taken(injector: Client, person: Patient) -> None:
    injector.post(new_url(person), {"kind": "infection_at_site", "starts_on": "2026-11-22"})

    assert Flag.objects.get().review_on == TODAY + timedelta(days=14)


def test_an_expected_birth_proposes_the_review_and_what_to_ask_then(injector: Client, person: Patient) -> None:
    typed = {"kind": "pregnancy", "starts_on": "2026-11-20", "expected_on": "2027-06-30", "note": "First child"}

    injector.post(new_url(person), typed)

    flag = Flag.objects.get()
    assert (flag.review_on, flag.ends_on) == (date(2027, 6, 30), None)
    assert flag.note == "Expected 30-Jun-2027; then ask about breastfeeding.\nFirst child"


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"kind": ""}, "kind", "Choose what the flag is about."),
        ({"kind": "under_age_cosmetic"}, "kind", "Choose what the flag is about."),
        ({"starts_on": ""}, "starts_on", "Enter when it started; today, where nobody knows."),
        ({"starts_on": "31/11/2026"}, "starts_on", "Date must be a real date, like 14/07/2026."),
        ({"starts_on": "1980-01-01"}, "starts_on", "The start must be the same as or after the date of birth."),
        (
            {"ends_on": "2026-11-19"},
            "ends_on",
            "End date must be the same as or after 20-Nov-2026 when it started.",
        ),
        ({"review_on": "2026-11-22"}, "review_on", "The day to ask again must be after today."),
        ({"review_on": "9999-12-31"}, "review_on", "Date must be between 1890 and 2199."),
        (
            {"expected_on": "2026-11-20"},
            "expected_on",
            "The expected date must be after the day the pregnancy was known.",
        ),
        (
            {"kind": "breastfeeding", "expected_on": "2027-06-30"},
            "expected_on",
            "Only a pregnancy has an expected date. Leave it empty.",
        ),
        ({"source": "x" * 500}, "source", "Use 80 characters or fewer. This has 500."),
        ({"note": "a\x00b"}, "note", "Remove the hidden character at position 2."),
    ],
)
def test_bad_input_gets_a_sentence_at_its_field_and_keeps_what_was_typed(
    injector: Client, person: Patient, typed: dict[str, str], field: str, sentence: str
) -> None:
    response = injector.post(new_url(person), PREGNANT | {"source": "Kept"} | typed)

    form = response.context["form"]
    assert (response.status_code, form.errors) == (200, {field: [sentence]})
    assert {name: form[name].value() for name in typed} == typed
    assert ("source" in typed) or form["source"].value() == "Kept"
    assert not Flag.objects.exists()


# ---- its page ----


def test_the_page_says_that_nobody_overrides_a_hard_stop(injector: Client, person: Patient) -> None:
    hard = injector.get(factories.flag(person, "breastfeeding").get_absolute_url())
    soft = injector.get(factories.flag(person, "aminoglycoside").get_absolute_url())

    sentence = "Nobody can override this stop."
    assert (sentence in text_of(hard), sentence in text_of(soft)) == (True, False)


def test_the_page_shows_the_whole_history(injector: Client, person: Patient) -> None:
    flag = factories.flag(person)
    flags.confirm(flag, review_on=date(2027, 6, 1), by="inj", at=NOW + timedelta(hours=1), reason="Seen")
    flags.end(flag, ends_on=date(2026, 12, 1), by="inj", at=NOW + timedelta(hours=2))

    history = injector.get(flag.get_absolute_url()).context["history"]

    assert [(row["at"], row["what"], row["days"], row["reason"]) for row in history] == [
        ("22-Nov-2026 11:00", "Ended", "ends 01-Dec-2026", ""),
        ("22-Nov-2026 10:00", "Still true", "ask again on 01-Jun-2027", "Seen"),
        ("22-Nov-2026 09:00", "Raised", "since 22-Nov-2026", ""),
    ]


def test_the_page_costs_as_many_queries_for_one_event_as_for_thirty(
    injector: Client, person: Patient, django_assert_num_queries
) -> None:
    flag = factories.flag(person)
    injector.get(flag.get_absolute_url())
    with django_assert_num_queries(11):
        injector.get(flag.get_absolute_url())

    for number in range(30):
        flags.confirm(flag, review_on=date(2027, 6, 1), by=f"person{number}", at=NOW)

    with django_assert_num_queries(11):
        injector.get(flag.get_absolute_url())


def test_lower_case_opens_the_same_flag(injector: Client, person: Patient) -> None:
    flag = factories.flag(person)

    assert injector.get(f"/flags/{flag.public_id.lower()}/").status_code == 200
    assert injector.get("/flags/AAAAAA/").status_code == 404


# ---- its review ----


def test_still_true_sets_the_next_review(injector: Client, person: Patient) -> None:
    flag = factories.flag(person)

    response = injector.post(change_url(flag, "confirm"), {"review_on": "2027-05-01", "reason": "Seen"}, follow=True)

    flag.refresh_from_db()
    assert (flag.review_on, flag.ends_on) == (date(2027, 5, 1), None)
    assert "Pregnant: still true." in text_of(response)


def test_ending_a_pregnancy_reminds_of_breastfeeding(injector: Client, person: Patient) -> None:
    flag = factories.flag(person)

    response = injector.post(change_url(flag, "end"), {"ends_on": "22/11/2026"}, follow=True)

    flag.refresh_from_db()
    assert flag.ends_on == TODAY
    assert "Now ask about breastfeeding." in text_of(response)


def test_entered_in_error_is_struck_through_and_offers_nothing_more(injector: Client, person: Patient) -> None:
    flag = factories.flag(person)

    response = injector.post(change_url(flag, "error"), {"reason": "Meant for another patient"}, follow=True)

    assert response.context["acts"] == []
    assert "Entered in error, so it counts nowhere: Meant for another patient" in text_of(response)
    assert '<span class="struck">Pregnant</span>' in response.content.decode()


@pytest.mark.parametrize(
    ("act", "typed", "errors"),
    [
        ("confirm", {"review_on": ""}, {"review_on": ["Enter when to ask again."]}),
        ("confirm", {"review_on": "2026-11-22"}, {"review_on": ["The next review must be after today."]}),
        ("end", {"ends_on": ""}, {"ends_on": ["Enter when it ended."]}),
        (
            "end",
            {"ends_on": "2026-11-21"},
            {"ends_on": ["End date must be the same as or after 22-Nov-2026 when it started."]},
        ),
        ("error", {"reason": ""}, {"reason": ["Say why it was entered in error."]}),
        ("error", {"reason": "oops"}, {"reason": ["Say in 10 characters or more why it was entered in error."]}),
        ("error", {"reason": "x" * 501}, {"reason": ["Use 500 characters or fewer. This has 501."]}),
    ],
)
def test_a_refused_review_keeps_what_was_typed(
    injector: Client, person: Patient, act: str, typed: dict[str, str], errors: dict[str, list[str]]
) -> None:
    flag = factories.flag(person)

    response = injector.post(change_url(flag, act), typed)

    form = response.context["form"]
    flag.refresh_from_db()
    assert (form.errors, {name: form[name].value() for name in typed}) == (errors, typed)
    assert (flag.ends_on, flag.review_on, flag.in_error) == (None, date(2027, 4, 2), False)
    assert not AuditEvent.objects.exclude(verb="flag.raised").filter(object_type="flag").exists()


@pytest.mark.parametrize("act", ["confirm", "end", "error"])
def test_a_flag_entered_in_error_can_no_longer_be_changed(injector: Client, person: Patient, act: str) -> None:
    flag = factories.flag(person)
    flags.enter_in_error(flag, reason="Meant for another patient", by="inj", at=NOW)

    response = injector.post(
        change_url(flag, act), {"ends_on": "2026-11-22", "review_on": "2027-05-01", "reason": "Another reason"}
    )

    flag.refresh_from_db()
    assert (response["Location"], flag.ends_on) == (flag.get_absolute_url(), None)


def test_an_ended_flag_is_not_confirmed(injector: Client, person: Patient) -> None:
    flag = factories.flag(person, ends_on=TODAY)

    injector.post(change_url(flag, "confirm"), {"review_on": "2027-05-01"})

    flag.refresh_from_db()
    assert flag.review_on is None


def test_an_unknown_act_is_not_found(injector: Client, person: Patient) -> None:
    assert injector.get(change_url(factories.flag(person), "weaken")).status_code == 404
