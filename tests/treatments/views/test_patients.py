"""The patients list, registering, amending, and the page of one patient."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Course, Patient
from treatments.rules.vocabulary import Side, TreatmentKind
from treatments.services import appointments, courses, patients, treatments

pytestmark = pytest.mark.django_db
NEW = {"given_name": "Mai", "family_name": "Sato", "born_on": "1992-05-11", "phone": "07700 900472"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(factories.staff(role))
    return client


@pytest.fixture
def injector() -> Client:
    return signed_in("injector")


def text_of(response) -> str:
    """The page as words: tags out, spaces single."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def visit(person: Patient, *, day: date = date(2026, 12, 1), hour: int = 10):
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(day.year, day.month, day.day, hour, 0, tzinfo=UTC),
        minutes=30,
    )
    return appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)


# ---- who may ----


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("patients", {"reception", "injector", "manager", "auditor"}),
        ("patient", {"reception", "injector", "manager", "auditor"}),
        ("patient_new", {"reception", "injector", "manager"}),
        ("patient_edit", {"reception", "injector", "manager"}),
        ("course_stop", {"injector", "manager"}),
    ],
)
@pytest.mark.parametrize("role", ["reception", "injector", "manager", "auditor"])
def test_who_may_open_which_page(name: str, may: set[str], role: str) -> None:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))
    args = {"patient": [person.public_id], "patient_edit": [person.public_id]}.get(name, [])
    args = [person.public_id, "glabellar_lines"] if name == "course_stop" else args

    response = signed_in(role).get(reverse(name, args=args))

    assert response.status_code == (200 if role in may else 403)


def test_nobody_sees_a_patient_without_signing_in(client: Client) -> None:
    url = factories.patient().get_absolute_url()

    response = client.get(url)

    assert (response.status_code, response["Location"]) == (302, f"{reverse('sign_in')}?next={url}")


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        ("reception", ["Book", "Edit", "Add flag", "Set date", "Still working"], ["Record treatment", "Stop"]),
        ("injector", ["Book", "Edit", "Add flag", "Record treatment", "Stop", "Set date", "Still working"], []),
        ("auditor", [], ["Book", "Edit", "Add flag", "Record treatment", "Stop", "Set date", "Still working"]),
    ],
)
def test_controls_that_a_role_may_not_use_are_not_shown(role: str, shown: list[str], hidden: list[str]) -> None:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))

    page = signed_in(role).get(person.get_absolute_url()).content.decode()

    controls = re.findall(r"<(?:a|button|summary)\b[^>]*>\s*([^<]+?)\s*<", page)
    assert [word for word in shown if word not in controls] == []
    assert [word for word in hidden if word in controls] == []


# ---- the list ----


def test_search_answers_by_post_and_puts_no_name_in_an_address(injector: Client) -> None:
    factories.patient(family_name="Sato", given_name="Mai")
    factories.patient(family_name="Bauer", given_name="Ilse")

    response = injector.post(reverse("patients"), {"q": "sato"})

    words = text_of(response)
    assert "1 patient , matching “sato”, by name." in words
    assert "Sato" not in "".join(re.findall(r'href="[^"]*"', response.content.decode()))
    assert ("SATO , Mai" in words, "BAUER" in words) == (True, False)


def test_a_patient_number_opens_its_patient(injector: Client) -> None:
    person = factories.patient()

    response = injector.post(reverse("patients"), {"q": f" {person.public_id.lower()} "})

    assert (response.status_code, response.headers["Location"]) == (302, person.get_absolute_url())


def test_the_first_hit_has_the_focus_so_that_enter_opens_it(injector: Client) -> None:
    for given in ("Anna", "Bela"):
        factories.patient(family_name="Sato", given_name=given)

    page = injector.post(reverse("patients"), {"q": "sato"}).content.decode()

    assert page.count(" autofocus") == 1
    assert "Anna" in page.split(" autofocus", 1)[1].split("</a>", 1)[0]


def test_search_through_htmx_answers_the_list_alone(injector: Client) -> None:
    factories.patient(family_name="Sato")

    response = injector.post(reverse("patients"), {"q": "sato"}, headers={"HX-Request": "true"})

    assert response.templates[0].name == "patients/_list.html"
    assert "<html" not in response.content.decode()
    assert '<div id="status" hx-swap-oob="innerHTML">1 patient</div>' in response.content.decode()


def test_search_without_a_hit_says_what_to_do(injector: Client) -> None:
    words = text_of(injector.post(reverse("patients"), {"q": "marhs <b>"}))

    sentence = "No patient matches “marhs &lt;b&gt;”. Check the spelling, or search by date of birth or phone."
    assert sentence in words


def test_search_keeps_what_was_typed(injector: Client) -> None:
    page = injector.post(reverse("patients"), {"q": 'o"neil'}).content.decode()

    assert 'value="o&quot;neil"' in page


@pytest.mark.parametrize("text", ["\x00", "'", "x" * 5000, "31/02/1985", "%", "\u202e"])
def test_search_bears_anything(injector: Client, text: str) -> None:
    assert injector.post(reverse("patients"), {"q": text}).status_code == 200


def test_a_row_tells_two_people_apart(injector: Client) -> None:
    factories.patient(family_name="Marsh", given_name="Alina", born_on=date(1985, 7, 14), phone="+447700900471")
    factories.patient(family_name="Marsh", given_name="Anna", born_on=date(1990, 1, 2))
    factories.patient(family_name="Marsh", given_name="Bo", born_on=date(1990, 1, 2))

    response = injector.post(reverse("patients"), {"q": "marsh"})

    rows = response.context["rows"]
    said = [("Alina" in row, "Anna" in row, "Bo<" in row, "Similar name" in row) for row in rows]
    assert said == [(True, False, False, True), (False, True, False, True), (False, False, True, False)]
    assert "14-Jul-1985 (41y)" in rows[0]
    assert "ends 0471" in rows[0]


def test_a_row_shows_the_band_the_visit_and_the_stop(injector: Client) -> None:
    person = factories.patient(family_name="Marsh")
    factories.treated(person, date(2026, 7, 1))
    visit(person)
    factories.flag(person, starts_on=TODAY)

    (row,) = injector.post(reverse("patients"), {"q": "marsh"}).context["rows"]

    for shown in (
        "chip-on_hold", "Frown lines, 01-Oct to 01-Nov-2026", "01-Dec-2026 10:00", "Pregnant", "chip-hard_stop",
    ):  # fmt: skip
        assert shown in row


def test_a_name_with_signs_is_only_a_name_in_the_list(injector: Client) -> None:
    factories.patient(family_name="Marsh<script>", given_name="{} %s")

    page = injector.post(reverse("patients"), {"q": "marsh"}).content.decode()

    assert "MARSH&lt;SCRIPT&gt;" in page
    assert ", {} %s" in page


def test_while_somebody_types_ten_are_shown(injector: Client) -> None:
    for number in range(11):
        factories.patient(family_name="Marsh", given_name=f"Number{number}")

    response = injector.post(reverse("patients"), {"q": "marsh"}, headers={"HX-Request": "true"})

    assert len(response.context["rows"]) == 10
    assert "The first 10 are shown." in text_of(response)


def test_a_long_answer_is_cut_and_says_so(injector: Client) -> None:
    for number in range(51):
        factories.patient(family_name="Marsh", given_name=f"Number{number}")

    response = injector.post(reverse("patients"), {"q": "marsh"})

    assert len(response.context["rows"]) == 50
    assert "The first 50 are shown." in text_of(response)


def test_the_list_costs_as_many_queries_for_one_row_as_for_thirty(injector: Client, django_assert_num_queries) -> None:
    def person(name: str, number: int) -> None:
        made = factories.patient(family_name=name, given_name=f"N{number}")
        factories.treated(made, date(2026, 7, 1))
        factories.flag(made, "aminoglycoside", ends_on=date(2026, 12, 24))

    person("Single", 0)
    for number in range(30):
        person("Many", number)
    injector.get(reverse("patients"))

    for name, rows in (("single", 1), ("many", 30)):
        with django_assert_num_queries(7):
            response = injector.post(reverse("patients"), {"q": name})
        assert len(response.context["rows"]) == rows


def test_the_last_eight_opened_are_listed_latest_first(injector: Client) -> None:
    people = [factories.patient(given_name=f"N{number}") for number in range(10)]
    for person in people:
        injector.get(person.get_absolute_url())
    injector.get(people[5].get_absolute_url())

    response = injector.get(reverse("patients"))

    opened = [people[number].public_id for number in (5, 9, 8, 7, 6, 4, 3, 2)]
    assert [re.search(r'mono">(\w{6})<', row)[1] for row in response.context["rows"]] == opened
    assert response.context["title"] == "Opened last"


def test_nobody_sees_whom_somebody_else_opened_in_the_same_browser(injector: Client) -> None:
    person = factories.patient()
    injector.get(person.get_absolute_url())
    factories.patient(family_name="Newest")

    injector.force_login(factories.staff("reception"))
    response = injector.get(reverse("patients"))

    assert response.context["title"] == "Registered last"
    assert "NEWEST" in response.context["rows"][0]


# ---- registering ----


def test_registering_leads_to_the_patient_and_names_them(injector: Client) -> None:
    response = injector.post(reverse("patient_new"), NEW, follow=True)

    person = Patient.objects.get()
    assert response.redirect_chain == [(person.get_absolute_url(), 302)]
    assert (person.born_on, person.phone) == (date(1992, 5, 11), "+447700900472")
    assert f"Registered: SATO, Mai, born 11-May-1992, {person.public_id}." in text_of(response)


@pytest.mark.parametrize("typed", ["11/05/1992", "11.05.1992", "11 May 1992", "1992-05-11"])
def test_a_birth_date_is_read_day_first(injector: Client, typed: str) -> None:
    injector.post(reverse("patient_new"), NEW | {"born_on": typed})

    assert Patient.objects.get().born_on == date(1992, 5, 11)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("family_name", "", "Enter the family name."),
        ("family_name", "x" * 500, "Use 120 characters or fewer. This has 500."),
        ("family_name", "Sa\x00to", "Remove the hidden character at position 3."),
        ("given_name", "M\u202eai", "Remove the hidden character at position 2."),
        ("born_on", "", "Enter the date of birth."),
        ("born_on", "31/02/1992", "Date must be a real date, like 14/07/2026."),
        ("born_on", "29/02/2023", "Date must be a real date, like 14/07/2026."),
        ("born_on", "2026-11-23", "Date of birth must be in the past."),
        ("born_on", "0001-01-01", "Date must be between 1890 and 2199."),
        ("born_on", "1895-01-01", "Date of birth must be within the last 125 years."),
        ("phone", "12", "Enter a phone number with 10 or 11 digits, or start with + and the country code."),
        ("phone", "+" + "9" * 59, "Enter a phone number with 10 or 11 digits, or start with + and the country code."),
        ("email", "mai@", "Enter an e-mail address like name@example.org."),
        ("postcode", "x" * 13, "Use 12 characters or fewer. This has 13."),
        ("sex", "Q", "Select a valid choice. Q is not one of the available choices."),
    ],
)
def test_bad_input_gets_a_sentence_at_its_field_and_keeps_what_was_typed(
    injector: Client, field: str, typed: str, sentence: str
) -> None:
    response = injector.post(reverse("patient_new"), NEW | {field: typed, "address": "4 Quay Street"})

    form = response.context["form"]
    assert response.status_code == 200
    assert form.errors == {field: [sentence]}
    assert form[field].value() == typed
    assert 'value="4 Quay Street"' in response.content.decode()
    assert "Error: " in response.content.decode()
    assert not Patient.objects.exists()


def test_a_date_that_a_browser_cannot_show_comes_back_as_it_was_typed(injector: Client) -> None:
    page = injector.post(reverse("patient_new"), NEW | {"born_on": "31/02/1992"}).content.decode()

    (field,) = re.findall(r'<input[^>]*name="born_on"[^>]*>', page)
    assert ('type="text"' in field, 'value="31/02/1992"' in field) == (True, True)


@pytest.mark.parametrize("name", ["José\u0301", "O'Brien", "ليلى", "x" * 120])
def test_names_are_kept_and_shown_as_typed(injector: Client, name: str) -> None:
    response = injector.post(reverse("patient_new"), NEW | {"given_name": name}, follow=True)

    assert Patient.objects.get().given_name == name
    assert response.context["banner"]["patient"]["given_name"] == name


def test_born_on_a_leap_day(injector: Client) -> None:
    response = injector.post(reverse("patient_new"), NEW | {"born_on": "29/02/2000"}, follow=True)

    assert "29-Feb-2000 (26y)" in text_of(response)


def test_somebody_who_looks_the_same_stops_registering_until_it_is_decided(injector: Client) -> None:
    known = factories.patient(family_name="Sato", given_name="Mai", born_on=date(1992, 5, 11))

    stopped = injector.post(reverse("patient_new"), NEW)
    words = text_of(stopped)
    went_on = injector.post(reverse("patient_new"), NEW | {"different": "on"})

    assert "Somebody on record looks the same" in words
    assert f"SATO , Mai · born 11-May-1992 (34y) · {known.public_id}" in words
    assert f'href="{known.get_absolute_url()}"' in stopped.content.decode()
    assert "These are different people" in words
    assert stopped.context["form"]["phone"].value() == NEW["phone"]
    other = Patient.objects.exclude(pk=known.pk).get()
    assert went_on["Location"] == other.get_absolute_url()


def test_the_tick_for_different_people_is_not_offered_beforehand(injector: Client) -> None:
    assert "These are different people" not in text_of(injector.get(reverse("patient_new")))


@pytest.mark.parametrize(
    ("wanted", "leads_to"), [("/today/", "/today/"), ("https://evil.example/", None), ("//evil.example", None)]
)
def test_a_return_address_off_this_site_is_ignored(injector: Client, wanted: str, leads_to: str | None) -> None:
    response = injector.post(reverse("patient_new"), NEW | {"next": wanted})

    assert response["Location"] == (leads_to or Patient.objects.get().get_absolute_url())


# ---- amending ----


def as_typed(person: Patient, **changes: str) -> dict[str, str]:
    kept = {"given_name": person.given_name, "family_name": person.family_name, "born_on": person.born_on.isoformat()}
    return kept | {"sex": person.sex, "version": str(person.version)} | changes


def test_amending_saves_and_says_so(injector: Client) -> None:
    person = factories.patient()

    response = injector.post(
        reverse("patient_edit", args=[person.public_id]),
        as_typed(person, family_name="Okafor", contact_consent="yes", note="Mornings", reason="Married"),
        follow=True,
    )

    person.refresh_from_db()
    assert (person.family_name, person.contact_consent, person.note) == ("Okafor", "yes", "Mornings")
    assert AuditEvent.objects.get(verb="patient.amended").reason == "Married"
    assert "Saved: OKAFOR, Alina, born 14-Jul-1985" in text_of(response)


def test_a_death_is_recorded_and_nothing_more_is_offered(injector: Client) -> None:
    person = factories.patient()

    response = injector.post(
        reverse("patient_edit", args=[person.public_id]), as_typed(person, died_on="2026-03-03"), follow=True
    )

    words = text_of(response)
    assert "Died 03-Mar-2026 · age at death 40y" in words
    assert ("Record treatment" in words, reverse("book", args=[person.public_id]) in response.content.decode()) == (
        False,
        False,
    )


def test_a_stale_save_shows_what_changed_and_keeps_what_was_typed(injector: Client) -> None:
    person = factories.patient(city="Harbour", note="")
    other = factories.staff("reception", first_name="Tom", last_name="Lin")
    patients.amend(person, changes={"city": "Quay", "postcode": "HB1"}, by=other.username, at=NOW)

    response = injector.post(
        reverse("patient_edit", args=[person.public_id]), as_typed(person, city="Mill", note="Mine")
    )

    words, form = text_of(response), response.context["form"]
    assert response.status_code == 409
    assert "Tom Lin changed this at 09:00. Your changes are not saved." in words
    assert "Town Mill Quay Postcode not changed by you HB1" in words
    assert [(row.label, row.mine, row.now) for row in response.context["stale"].lines] == [
        ("Town", "Mill", "Quay"),
        ("Postcode", "", "HB1"),
    ]
    assert re.findall(r'<button class="btn[^>]*>(Save[^<]*)<', response.content.decode()) == ["Save mine"] * 2
    assert f'href="{person.get_absolute_url()}">Keep theirs</a>' in response.content.decode()
    values = [form[name].value() for name in ("city", "postcode", "note", "version")]
    assert values == ["Mill", "HB1", "Mine", "2"]
    person.refresh_from_db()
    assert (person.city, person.note) == ("Quay", "")


def test_saving_again_after_a_stale_save_undoes_nobodys_work(injector: Client) -> None:
    person = factories.patient(city="Harbour")
    patients.amend(person, changes={"postcode": "HB1"}, by="somebody", at=NOW)
    url = reverse("patient_edit", args=[person.public_id])
    form = injector.post(url, as_typed(person, city="Mill")).context["form"]

    injector.post(url, {name: form[name].value() or "" for name in form.fields})

    person.refresh_from_db()
    assert (person.city, person.postcode, person.version) == ("Mill", "HB1", 3)


def test_bad_input_while_amending_changes_nothing(injector: Client) -> None:
    person = factories.patient()

    response = injector.post(
        reverse("patient_edit", args=[person.public_id]), as_typed(person, died_on="2026-11-23", city="Mill")
    )

    assert response.context["form"].errors == {"died_on": ["Date of death must not be in the future."]}
    assert response.context["form"]["city"].value() == "Mill"
    assert Patient.objects.get().city == ""


# ---- the page of one patient ----


def test_lower_case_opens_the_same_page(injector: Client) -> None:
    person = factories.patient()

    assert injector.get(f"/patients/{person.public_id.lower()}/").context["patient"] == person


def test_an_unknown_number_is_not_found(injector: Client) -> None:
    assert injector.get("/patients/AAAAAA/").status_code == 404


def test_the_page_answers_in_order(injector: Client) -> None:
    person = factories.patient()
    factories.answers(person)
    factories.treated(person, date(2026, 8, 1))

    page = injector.get(person.get_absolute_url()).content.decode()

    found = [page.index(f"{heading}</h2>") for heading in ("Safe to treat today?", "When next?", "What was done?")]
    assert found == sorted(found)
    assert len(re.findall(r"<h1[^>]*>\s*<a", page)) == 1


def test_the_verdict_is_that_of_the_gate(injector: Client) -> None:
    person = factories.patient()
    factories.answers(person)
    factories.treated(person, date(2026, 8, 1))
    url = person.get_absolute_url()

    clear = injector.get(url).context["verdict"].state
    factories.flag(person, "anticoagulant_or_antiplatelet")
    caution = injector.get(url).context["verdict"].state
    factories.flag(person, "pregnancy")
    blocked = injector.get(url)

    assert (clear, caution, blocked.context["verdict"].state) == ("clear", "caution", "blocked")
    assert "Blocked on 22-Nov-2026. This stop has no override." in text_of(blocked)
    assert "Review the questions and flags" in text_of(blocked)


def test_reception_is_sent_to_a_clinician_when_it_is_blocked() -> None:
    person = factories.patient()
    factories.flag(person)

    words = text_of(signed_in("reception").get(person.get_absolute_url()))

    assert "Ask a clinician: only they can review or end a flag." in words


def test_unasked_questions_leave_the_verdict_open(injector: Client) -> None:
    response = injector.get(factories.patient().get_absolute_url())

    assert response.context["verdict"].state == "cannot_tell"
    assert "Ask the safety questions" in text_of(response)


def test_each_course_has_its_picture_its_reasons_and_its_visit(injector: Client) -> None:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))
    factories.treated(person, date(2026, 6, 1), area="lateral_canthal_lines")
    visit(person)

    shown = injector.get(person.get_absolute_url()).context["courses"]

    assert [(c["name"], c["band"], c["bar"].sentence) for c in shown] == [
        ("Crow's feet", "overdue", "Day 174: overdue by 52 days. The window closed 01-Oct-2026."),
        ("Frown lines", "due", "Day 113: due. The window is open until 01-Dec-2026. Visit booked 01-Dec-2026."),
    ]
    assert [(r["rule"], r["date"]) for r in shown[1]["reasons"] if r["decided"]] == [
        ("Earliest day", "01-Nov-2026"),
        ("Due from", "01-Nov-2026"),
        ("Due from", "01-Nov-2026"),
        ("Due until", "01-Dec-2026"),
        ("Overdue from", "02-Dec-2026"),
        ("Lapsed from", "01-Aug-2027"),
    ]
    assert (shown[0]["visit"], shown[1]["visit"]["day"]) == (None, "01-Dec-2026")


def test_a_held_course_says_what_holds_it_until_when(injector: Client) -> None:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))
    factories.flag(person, "pregnancy", starts_on=date(2026, 11, 1))
    factories.flag(person, "aminoglycoside", starts_on=date(2026, 11, 10), ends_on=date(2026, 11, 30))

    (course,) = injector.get(person.get_absolute_url()).context["courses"]

    assert course["bar"].sentence == (
        "Day 113: on hold. Pregnant since 01-Nov-2026, ask again on 02-Apr-2027."
        " Aminoglycoside antibiotic since 10-Nov-2026, until 30-Nov-2026."
    )


def test_treatments_stand_newest_first_with_what_is_odd_about_them(injector: Client) -> None:
    person = factories.patient()
    first = factories.treated(person, date(2026, 3, 1), expires_on=date(2026, 2, 1))
    second = factories.treated(person, date(2026, 8, 1))
    factories.treated(person, date(2026, 8, 15), units="4.5", kind=TreatmentKind.TOUCH_UP)
    treatments.void(second, reason="Entered for the wrong patient", by="inj", at=NOW)

    response = injector.get(person.get_absolute_url())

    rows = response.context["treatments"]
    assert [(row["day"], str(row["kind"]), row["courses"][0]["units"]) for row in rows] == [
        ("15-Aug-2026", "Touch-up", "4.5 U"),
        ("01-Aug-2026", "Full", "20 U"),
        ("01-Mar-2026", "Full", "20 U"),
    ]
    assert (rows[1]["voided"], rows[1]["void_reason"]) == (True, "Entered for the wrong patient")
    assert (rows[2]["sub_standard"], rows[2]["url"]) == (True, first.get_absolute_url())
    assert '<span class="struck">01-Aug-2026</span>' in response.content.decode()


def test_one_treatment_of_two_areas_is_one_row_with_its_sites(injector: Client) -> None:
    person = factories.patient()
    record = treatments.Record(
        performed_on=date(2026, 8, 1),
        kind=TreatmentKind.FULL,
        product=factories.product(),
        lot_number="C4821AB",
        lot_expires_on=date(2030, 1, 31),
        lines=(
            treatments.Line("glabellar_lines", "procerus", Decimal(4)),
            treatments.Line("glabellar_lines", "corrugator", Decimal(8), Side.LEFT),
            treatments.Line("lateral_canthal_lines", "orbicularis oculi", Decimal(12), Side.RIGHT),
        ),
    )
    treatments.sign(
        record, patient=person, by="inj", at=NOW, acknowledged=True, incident_reason="Recorded from paper notes"
    )

    (row,) = injector.get(person.get_absolute_url()).context["treatments"]

    assert row["courses"] == [
        {"name": "Frown lines", "units": "12 U", "sites": "procerus 4 · corrugator left 8"},
        {"name": "Crow's feet", "units": "12 U", "sites": "orbicularis oculi right 12"},
    ]


def test_visits_are_parted_into_coming_and_past(injector: Client) -> None:
    person = factories.patient()
    coming = visit(person)
    cancelled = visit(person, day=date(2026, 12, 8))
    appointments.cancel(cancelled, who="patient", reason="Away", by="rec", at=NOW)

    context = injector.get(person.get_absolute_url()).context

    assert [row["url"] for row in context["coming"]] == [coming.get_absolute_url()]
    assert [(row["url"], row["state"]) for row in context["past"]] == [(cancelled.get_absolute_url(), "cancelled")]


@pytest.mark.parametrize("number", [1, 30])
def test_the_page_costs_nine_queries_whatever_the_number_of_treatments(
    injector: Client, django_assert_num_queries, number: int
) -> None:
    person = factories.patient()
    factories.answers(person)
    for months in range(number):
        factories.treated(person, date(2026, 8, 1) - timedelta(days=95 * months))
        if months % 5 == 0:
            visit(person, day=date(2026, 12, 1 + months // 5))
    factories.flag(person, "aminoglycoside", ends_on=date(2026, 12, 24))
    injector.get(person.get_absolute_url())

    with django_assert_num_queries(9):
        response = injector.get(person.get_absolute_url())

    assert len(response.context["treatments"]) == number


# ---- stopping a course ----


def stop_url(person: Patient) -> str:
    return reverse("course_stop", args=[person.public_id, "glabellar_lines"])


def test_stopping_needs_a_reason_and_keeps_the_course(injector: Client) -> None:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))

    refused = injector.post(stop_url(person), {"reason": "  "})
    still_running = Course.objects.get().stopped_on
    injector.post(stop_url(person), {"reason": "Moved away"})

    course = Course.objects.get()
    assert refused.context["form"].errors == {"reason": ["Say why the course is stopped."]}
    assert (still_running, course.stopped_on, course.stopped_reason) == (None, TODAY, "Moved away")
    shown = injector.get(person.get_absolute_url())
    assert "Stopped on 22-Nov-2026: Moved away" in text_of(shown)
    assert shown.context["courses"][0]["band"] == "stopped"


def test_a_stopped_course_runs_again(injector: Client) -> None:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))
    courses.stop(Course.objects.get(), reason="Moved away", by="inj", at=NOW)

    response = injector.post(stop_url(person), {"act": "resume"}, follow=True)

    assert Course.objects.get().stopped_on is None
    assert "Frown lines runs again." in text_of(response)


def test_reception_may_not_stop_a_course_by_hand() -> None:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))

    response = signed_in("reception").post(stop_url(person), {"reason": "Moved away"})

    assert (response.status_code, Course.objects.get().stopped_on) == (403, None)


def test_whoever_stops_a_course_second_sees_what_the_first_one_said(injector: Client) -> None:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))
    other = factories.staff("injector", first_name="Tom", last_name="Lin")
    version = Course.objects.get().version
    courses.stop(Course.objects.get(), reason="Moved away", by=other.username, at=NOW)

    response = injector.post(stop_url(person), {"reason": "Wishes no more", "version": version})

    course = Course.objects.get()
    assert (response.status_code, course.stopped_reason) == (409, "Moved away")
    assert "Tom Lin changed this at 09:00." in text_of(response)
    assert "Why Wishes no more Moved away" in text_of(response)
    assert (response.context["form"]["reason"].value(), response.context["form"]["version"].value()) == (
        "Wishes no more",
        str(course.version),
    )


def test_a_course_that_the_patient_does_not_have_is_not_found(injector: Client) -> None:
    assert injector.get(stop_url(factories.patient())).status_code == 404
