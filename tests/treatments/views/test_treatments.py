"""The record page and its live check, the signed record, amending, voiding, treatments elsewhere."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, Flag, Injection, Patient, SafetyAnswer, Treatment
from treatments.rules.vocabulary import AppointmentState, TreatmentKind
from treatments.services import appointments, courses, effects, treatments
from treatments.services.effects import Said

pytestmark = pytest.mark.django_db
REASON = "It was given before anybody looked"
ROW = ("indication", "site", "side", "units")
GLABELLA = [
    ("glabellar_lines", "procerus", "", "4"),
    ("glabellar_lines", "corrugator", "left", "8"),
    ("glabellar_lines", "corrugator", "right", "8"),
]


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def injector() -> Client:
    return signed_in("injector")


def signed_in(role: str, **fields) -> Client:
    client = Client()
    client.force_login(factories.staff(role, **fields))
    return client


def ready(**fields) -> Patient:
    """A patient whose safety questions are answered with no today."""
    person = factories.patient(**fields)
    factories.answers(person)
    return person


def typed(rows=GLABELLA, **fields) -> dict[str, str]:
    """A record as the page posts it, ready to be signed."""
    data = {
        "performed_on": TODAY.isoformat(),
        "practitioner": str(fields.pop("practitioner", None) or factories.practitioner().pk),
        "kind": "full",
        "product": "botox",
        "lot_number": "C4821AB",
        "lot_expires_on": "2028-01-31",
        "vial_checked": "on",
        "note": "",
        "injections-TOTAL_FORMS": str(len(rows)),
        "injections-INITIAL_FORMS": "0",
        "sign": "1",
    }
    for number, row in enumerate(rows):
        data |= {f"injections-{number}-{name}": value for name, value in zip(ROW, row, strict=True)}
    return data | fields


def treat(person: Patient) -> str:
    return reverse("treat", args=[person.public_id])


def visit(person: Patient, *, on: date = TODAY, hour: int = 10, areas=("glabellar_lines",), **fields) -> Appointment:
    booking = appointments.Booking(
        patient=person,
        indications=tuple(factories.indication(code) for code in areas),
        practitioner=fields.pop("practitioner", None) or factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(on.year, on.month, on.day, hour, tzinfo=UTC),
        minutes=30,
        **fields,
    )
    return appointments.book(booking, by=factories.staff("reception"), at=timezone.now(), acknowledged=True)


def words(response) -> str:
    """The page as words: tags out, spaces single."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def value_of(response, name: str) -> str:
    """What a field of the page holds."""
    page = response.content.decode()
    if found := re.search(rf'<select name="{name}".*?</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)"[^>]*selected', found[0])
        return chosen[1] if chosen else ""
    if found := re.search(rf'<textarea name="{name}"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL):
        return found[1]
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    assert found, f"no field {name}"
    value = re.search(r'value="([^"]*)"', found[0])
    return value[1] if value else ""


def rows_of(response) -> list[tuple[str, ...]]:
    count = int(value_of(response, "injections-TOTAL_FORMS"))
    return [tuple(value_of(response, f"injections-{n}-{name}") for name in ROW) for n in range(count)]


# ---- who may ----


@pytest.mark.parametrize("role", ["reception", "manager", "auditor"])
def test_only_injectors_record(role):
    person, client = ready(), signed_in(role)
    treatment = factories.treated(person, TODAY)

    answers = [
        client.get(treat(person)),
        client.post(treat(person), typed()),
        client.post(reverse("treat_check", args=[person.public_id]), typed()),
        client.get(reverse("elsewhere", args=[person.public_id])),
        client.get(reverse("treatment_amend", args=[treatment.public_id])),
        client.post(reverse("treatment_void", args=[treatment.public_id]), {"reason": "Wrong patient altogether"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 6
    assert Treatment.objects.get().voided_at is None


@pytest.mark.parametrize("role", ["reception", "injector", "manager", "auditor"])
def test_every_role_reads_the_record_and_only_injectors_see_its_acts(role):
    treatment = factories.treated(ready(), TODAY)

    page = signed_in(role).get(treatment.get_absolute_url())

    assert page.status_code == 200
    shown = [name in words(page) for name in ("Amend", "Void")]
    assert shown == [role == "injector"] * 2


def test_nobody_records_without_signing_in():
    page = Client().get(treat(ready()))

    assert (page.status_code, page.url.startswith(reverse("sign_in"))) == (302, True)


@pytest.mark.parametrize("name", ["treat", "elsewhere", "treatment", "treatment_amend", "treatment_void"])
def test_an_unknown_number_is_not_found(injector, name):
    assert injector.get(reverse(name, args=["QQQQQQ"])).status_code == 404


# ---- what the page starts with ----


def test_a_new_patient_starts_with_today_and_blank_rows(injector):
    page = injector.get(treat(factories.patient()))

    assert value_of(page, "performed_on") == TODAY.isoformat()
    assert value_of(page, "product") == ""
    assert rows_of(page) == [("", "", "", "")] * 5
    assert "Not answered for this day yet" in words(page)


def test_the_visit_fills_in_who_and_what_for(injector):
    person, osei = ready(), factories.practitioner(name="R. Osei")
    booked = visit(person, areas=("glabellar_lines", "forehead_lines"), practitioner=osei, product=factories.product())

    page = injector.get(treat(person), {"visit": booked.public_id})

    assert (value_of(page, "practitioner"), value_of(page, "product")) == (str(osei.pk), "botox")
    assert [row[0] for row in rows_of(page)][:2] == ["glabellar_lines", "forehead_lines"]
    assert "For the visit at 10:00 with R. Osei" in words(page)


def test_a_visit_of_an_earlier_day_starts_with_its_own_day(injector):
    person = ready()
    with time_machine.travel(NOW - timedelta(days=2), tick=False):
        booked = visit(person, on=TODAY - timedelta(days=2))

    page = injector.get(treat(person), {"visit": booked.public_id.lower()})

    assert value_of(page, "performed_on") == "2026-11-20"
    assert "Recording for 20-Nov-2026, 2 days ago." in words(page)
    assert value_of(page, "visit") == booked.public_id


@pytest.mark.parametrize("ref", ["", "QQQQQQ", "V\x00", "'; --"])
def test_a_visit_nobody_knows_changes_nothing(injector, ref):
    page = injector.get(treat(ready()), {"visit": ref})

    assert (value_of(page, "performed_on"), value_of(page, "visit")) == (TODAY.isoformat(), "")


def test_the_visit_of_another_patient_is_not_taken(injector):
    theirs = visit(ready())

    page = injector.get(treat(ready()), {"visit": theirs.public_id})

    assert value_of(page, "visit") == ""


def test_an_injector_starts_as_the_one_who_injects():
    user = factories.staff("injector")
    mine = factories.practitioner(user=user)
    client = Client()
    client.force_login(user)

    page = client.get(treat(ready()))

    assert value_of(page, "practitioner") == str(mine.pk)


def test_the_lot_in_use_is_suggested_and_said_to_be_so(injector):
    factories.treated(ready(), TODAY, expires_on=date(2027, 5, 31))
    person = ready()
    factories.treated(person, date(2026, 5, 1))

    page = injector.get(treat(person))

    assert (value_of(page, "lot_number"), value_of(page, "lot_expires_on")) == ("C4821AB", "2027-05-31")
    assert "a suggestion: last used on 22-Nov-2026" in words(page)


@pytest.mark.parametrize(
    ("used_on", "expires_on"), [(TODAY - timedelta(days=30), date(2027, 5, 31)), (TODAY, TODAY - timedelta(days=1))]
)
def test_a_lot_of_long_ago_or_out_of_date_is_not_suggested(injector, used_on, expires_on):
    factories.treated(ready(), used_on, expires_on=expires_on)

    page = injector.get(treat(ready()), {"product": "botox"})

    assert (value_of(page, "product"), value_of(page, "lot_number")) == ("botox", "")


def test_repeat_last_fills_the_rows_in(injector):
    person = ready()
    factories.treated(person, date(2026, 5, 1), units="20")

    page = injector.get(treat(person), {"repeat": "1"})

    assert rows_of(page) == [("glabellar_lines", "procerus", "", "20")]
    assert "Filled in from the treatment of 01-May-2026" in words(page)


def test_repeat_last_is_refused_with_another_product(injector):
    person = ready()
    factories.treated(person, date(2026, 5, 1), brand="botox")

    page = injector.get(treat(person), {"repeat": "1", "product": "dysport"})

    assert rows_of(page) == [("", "", "", "")] * 5
    assert "Units differ between products, so it is not repeated with Dysport" in words(page)


def test_repeat_last_without_an_earlier_treatment_says_so(injector):
    assert "There is no earlier treatment to repeat" in words(injector.get(treat(ready()), {"repeat": "1"}))


@pytest.mark.parametrize(("product", "units"), [("botox", "4"), ("dysport", "10")])
def test_the_usual_pattern_has_the_units_of_its_product(injector, product, units):
    page = injector.get(treat(ready()), {"pattern": "glabellar_lines", "product": product})

    assert rows_of(page) == [
        ("glabellar_lines", "corrugator", "left", units),
        ("glabellar_lines", "corrugator", "left", units),
        ("glabellar_lines", "corrugator", "right", units),
        ("glabellar_lines", "corrugator", "right", units),
        ("glabellar_lines", "procerus", "", units),
    ]


def test_the_usual_pattern_leaves_unknown_units_empty(injector):
    page = injector.get(treat(ready()), {"pattern": "forehead_lines", "product": "dysport"})

    assert rows_of(page) == [("forehead_lines", "frontalis", "", "")] * 5
    assert "The usual units of this product are not known" in words(page)


def test_a_pattern_nobody_knows_is_said_to_be_none(injector):
    page = injector.get(treat(ready()), {"pattern": "nose"})

    assert "The catalogue has no usual pattern for this" in words(page)


# ---- filling in without script ----


def test_a_pattern_keeps_what_was_typed_for_other_areas(injector):
    rows = [("forehead_lines", "frontalis", "", "10"), ("glabellar_lines", "procerus", "", "99"), ("", "", "", "")]
    data = typed(rows, fill="glabellar_lines", note="Half typed")
    del data["sign"]

    page = injector.post(treat(ready()), data)

    assert rows_of(page)[0] == ("forehead_lines", "frontalis", "", "10")
    assert len(rows_of(page)) == 6
    assert value_of(page, "note") == "Half typed"
    assert "There is a problem" not in words(page)


def test_more_rows_keeps_what_was_typed(injector):
    data = typed([("glabellar_lines", "procerus", "", "4,5x")], more="1", lot_number="half")
    del data["sign"]

    page = injector.post(treat(ready()), data)

    assert rows_of(page)[0] == ("glabellar_lines", "procerus", "", "4,5x")
    assert rows_of(page)[1:] == [("glabellar_lines", "", "", "")] * 5
    assert value_of(page, "lot_number") == "half"


def test_check_without_script_shows_the_verdict_and_signs_nothing(injector):
    person = ready()
    data = typed(check="1")
    del data["sign"]

    page = injector.post(treat(person), data)

    assert "Clear. Nothing known against it" in words(page)
    assert rows_of(page) == GLABELLA
    assert not Treatment.objects.exists()


# ---- the live check ----


def check(client: Client, person: Patient, data: dict[str, str]):
    return client.post(reverse("treat_check", args=[person.public_id]), data, headers={"HX-Request": "true"})


def state_of(response) -> str:
    found = re.search(r'data-state="(\w+)"', response.content.decode())
    assert found
    return found[1]


def test_the_check_is_a_piece_of_the_page(injector):
    answer = check(injector, ready(), typed())

    assert "<html" not in answer.content.decode()
    assert state_of(answer) == "clear"
    assert 'hx-swap-oob="innerHTML"' in answer.content.decode()


def test_the_check_adds_up_by_area(injector):
    person = ready()
    factories.treated(person, date(2026, 5, 1), units="18")

    answer = check(injector, person, typed([*GLABELLA, ("forehead_lines", "frontalis", "", "4,5")]))

    assert "20 units Frown lines usual up to 20 · last time 18" in words(answer)
    assert "4.5 units Forehead lines" in words(answer)


def test_the_check_says_how_many_rows_it_could_not_read(injector):
    rows = [*GLABELLA, ("glabellar_lines", "procerus", "", "NaN"), ("", "frontalis", "", "4")]

    answer = check(injector, ready(), typed(rows))

    assert "2 rows are not complete yet" in words(answer)


def test_the_check_stops_with_a_flag_and_offers_the_incident_only(injector):
    person = ready()
    factories.flag(person, "pregnancy")

    answer = check(injector, person, typed())

    assert state_of(answer) == "blocked"
    assert 'value="incident"' in answer.content.decode()
    assert "record-sign" not in answer.content.decode()


def test_the_check_follows_the_answers_that_are_being_given(injector):
    person = factories.patient()

    open_, no, yes = (
        check(injector, person, typed(**fields))
        for fields in ({}, {"questions-asked_all": "on"}, {"questions-pregnancy": "yes"})
    )

    assert [state_of(answer) for answer in (open_, no, yes)] == ["cannot_tell", "clear", "blocked"]
    assert "Answer the safety questions, then sign. To do. The safety questions have not been answered" in words(open_)
    assert 'data-code="pregnancy"' in yes.content.decode()
    assert not SafetyAnswer.objects.exists()


def test_the_check_leaves_sign_in_reach_while_the_questions_are_still_to_be_answered(injector):
    answer = check(injector, factories.patient(), typed())

    assert "record-sign" in answer.content.decode()


def test_the_check_offers_no_signature_for_a_touch_up_out_of_range(injector):
    answer = check(injector, ready(), typed(kind="touch_up"))

    assert "This cannot be signed as a touch-up. Choose Full" in words(answer)
    assert 'name="sign"' not in answer.content.decode()


def test_the_check_doubts_a_lot_of_another_product(injector):
    factories.treated(ready(), TODAY, brand="dysport")

    answer = check(injector, ready(), typed())

    assert "Lot C4821AB was recorded with Dysport before, not with Botox" in words(answer)


def test_the_check_shows_the_patterns_of_the_chosen_product(injector):
    answer = check(injector, ready(), typed(product="dysport"))

    assert "Frown lines 5 × 10 = 50 U" in words(answer)


@pytest.mark.parametrize(
    "fields",
    [
        {"performed_on": "31/02/2026"},
        {"product": "nothing"},
        {"product": "bo\x00tox", "practitioner": "1\x00", "visit": "V\x00", "note": "\x00"},
        {"kind": "half"},
        {"lot_expires_on": "soon", "lot_number": "C\x00"},
        {"injections-TOTAL_FORMS": "1e9"},
        {"injections-TOTAL_FORMS": "999999999"},
        {"injections-0-side": "up", "injections-0-units": "1e9", "injections-0-indication": "\x00"},
        {"questions-pregnancy": "perhaps"},
        {"amends": "QQQQQQQQ\x00"},
    ],
)
def test_the_check_answers_whatever_is_typed(injector, fields):
    assert check(injector, ready(), typed(**fields)).status_code == 200


def test_the_check_only_answers_to_what_is_posted(injector):
    assert injector.get(reverse("treat_check", args=[ready().public_id])).status_code == 405


# ---- signing ----


def test_sign_stores_the_record_and_says_what_it_did(injector):
    person = ready(family_name="Marsh", given_name="Alina")

    page = injector.post(treat(person), typed(note="Tolerated well"), follow=True)

    treatment = Treatment.objects.get()
    assert page.redirect_chain == [(treatment.get_absolute_url(), 302)]
    assert "Signed: MARSH, Alina, 20 U Botox, lot C4821AB. Next due 22-Feb-2027 to 22-Mar-2027. Book next" in words(
        page
    )
    assert reverse("book", args=[person.public_id]) in page.content.decode()
    assert treatment.note == "Tolerated well"
    assert list(Injection.objects.values_list("site", "side", "units")) == [
        ("procerus", "", 4),
        ("corrugator", "left", 8),
        ("corrugator", "right", 8),
    ]


@pytest.mark.parametrize(
    ("units", "stored"), [("4,5", "4.5"), ("4.25", "4.25"), (" 4 ", "4"), ("4.", "4"), (".5", ".5")]
)
def test_units_are_read_as_people_write_them(injector, units, stored):
    injector.post(treat(ready()), typed([("glabellar_lines", "procerus", "", units)]))

    assert Injection.objects.get().units == Decimal(stored)


def test_blank_rows_count_for_nothing(injector):
    rows = [("", "", "", ""), *GLABELLA, ("glabellar_lines", "", "left", "")]

    injector.post(treat(ready()), typed(rows))

    assert Injection.objects.count() == 3


def test_a_day_may_be_typed_day_first(injector):
    person = factories.patient()
    factories.answers(person, on=date(2026, 11, 20))

    injector.post(treat(person), typed(performed_on="20/11/2026"))

    assert Treatment.objects.get().performed_on == date(2026, 11, 20)


def test_the_visit_of_the_day_is_done_even_where_nobody_named_it(injector):
    person = ready()
    booked = visit(person)

    injector.post(treat(person), typed())

    booked.refresh_from_db()
    assert booked.state == AppointmentState.DONE
    assert Treatment.objects.get().appointment == booked


def test_visits_that_are_now_too_early_are_named(injector):
    person = ready()
    visit(person, on=date(2026, 12, 1))

    page = injector.post(treat(person), typed(), follow=True)

    assert "The visit of 01-Dec-2026 was put on hold" in words(page)


def test_a_second_press_shows_the_record_and_doubles_nothing(injector):
    person, data = ready(), typed()
    injector.post(treat(person), data)

    page = injector.post(treat(person), data, follow=True)

    assert Treatment.objects.count() == 1
    assert page.redirect_chain == [(Treatment.objects.get().get_absolute_url(), 302)]
    assert "signed a moment ago. It is shown here and was not added again" in words(page)


# ---- bad input ----


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"performed_on": ""}, "Enter the day of the treatment."),
        ({"performed_on": "2026-11-23"}, "The day of the treatment must not be in the future."),
        ({"performed_on": "1985-07-13"}, "The day of the treatment must be after the date of birth."),
        ({"performed_on": "31/02/2026"}, "Date must be a real date, like 14/07/2026."),
        ({"practitioner": "0"}, "Choose who injected."),
        ({"practitioner": "9" * 40}, "Choose who injected."),
        ({"product": ""}, "Choose the product."),
        ({"product": "bo\x00tox"}, "Choose the product."),
        ({"kind": "half"}, "Choose full or touch-up."),
        ({"lot_number": "  "}, "Enter the lot number."),
        ({"lot_number": "C" * 41}, "Use 40 characters or fewer. This has 41."),
        ({"lot_expires_on": "soon"}, "Date must be a real date, like 14/07/2026."),
        ({"lot_expires_on": ""}, "Enter the expiry date that is printed on the vial."),
        ({"vial_checked": ""}, "Confirm that you checked the vial."),
        ({"note": "went\x00well"}, "Remove the hidden character at position 5."),
    ],
)
def test_every_field_says_what_is_wrong_with_it(injector, fields, sentence):
    page = injector.post(treat(ready()), typed(**fields))

    assert page.status_code == 200
    assert page.content.decode().count(sentence) == 2  # at the field and in the summary
    assert "There is a problem" in words(page)
    assert "<title>Error:" in page.content.decode()
    assert rows_of(page) == GLABELLA
    assert not Treatment.objects.exists()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("glabellar_lines", "procerus", "", "0"), "Units must be more than 0."),
        (("glabellar_lines", "procerus", "", "-4"), "Units must be more than 0."),
        (("glabellar_lines", "procerus", "", ""), "Enter units for procerus, or remove it."),
        (("glabellar_lines", "procerus", "", "NaN"), "Units must be a number, like 4."),
        (("glabellar_lines", "procerus", "", "Infinity"), "Units must be a number, like 4."),
        (("glabellar_lines", "procerus", "", "1e9"), "Units must be a number, like 4."),
        (("glabellar_lines", "procerus", "", "four"), "Units must be a number, like 4."),
        (("glabellar_lines", "procerus", "", "4\x00"), "Units must be a number, like 4."),
        (("glabellar_lines", "procerus", "", "."), "Units must be a number, like 4."),
        (("glabellar_lines", "procerus", "", "٤"), "Units must be a number, like 4."),
        (("glabellar_lines", "procerus", "", "4.005"), "Units can have two decimal places."),
        (("glabellar_lines", "procerus", "", "1,000"), "Units can have two decimal places."),
        (("glabellar_lines", "procerus", "", "30001"), "Units must be 30000 or fewer."),
        (("glabellar_lines", "", "", "4"), "Enter the site, or empty the units."),
        (("", "procerus", "", "4"), "Choose what it is for."),
        (("nose", "procerus", "", "4"), "Choose what it is for."),
        (("glabellar_lines", "pro\x00cerus", "", "4"), "Remove the hidden character at position 4."),
        (("glabellar_lines", "p" * 81, "", "4"), "Use 80 characters or fewer. This has 81."),
        (("cervical_dystonia", "trapezius", "", "400"), "Units for trapezius must be 50 or fewer."),
    ],
)
def test_every_row_says_what_is_wrong_with_it_and_is_kept(injector, row, sentence):
    rows = [*GLABELLA, row]

    page = injector.post(treat(ready()), typed(rows))

    assert f"Row 4: {sentence}" in words(page)
    assert page.content.decode().count(sentence) == 2
    assert rows_of(page)[:3] == GLABELLA
    assert rows_of(page)[3][1:] == row[1:]
    assert not Treatment.objects.exists()


def test_a_record_without_a_site_is_not_signed(injector):
    page = injector.post(treat(ready()), typed([("glabellar_lines", "", "", "")]))

    assert "Add at least one site." in words(page)


def test_rows_without_their_count_lose_nothing_but_the_signature(injector):
    data = typed()
    del data["injections-TOTAL_FORMS"]

    page = injector.post(treat(ready()), data)

    assert page.status_code == 200
    assert not Treatment.objects.exists()


def test_what_is_typed_comes_back_as_text(injector):
    page = injector.post(treat(ready()), typed(lot_number="<b>C48</b>", vial_checked=""))

    assert "&lt;b&gt;C48&lt;/b&gt;" in page.content.decode()
    assert "<b>C48</b>" not in page.content.decode()


# ---- the gate at the signature ----


def test_a_stop_asks_for_the_reason_of_an_incident(injector):
    person = ready()
    factories.flag(person, "pregnancy")

    refused = injector.post(treat(person), typed())
    signed = injector.post(treat(person), typed(incident_reason=REASON, sign="incident"), follow=True)

    assert "Blocked. If it has already been given, say why in 10 characters or more." in words(refused)
    assert rows_of(refused) == GLABELLA
    assert Treatment.objects.get().incident_reason == REASON
    assert f"Recorded as an incident. {REASON}" in words(signed)


def test_a_short_reason_is_kept_and_asked_for_again(injector):
    person = ready()
    factories.flag(person, "pregnancy")

    page = injector.post(treat(person), typed(incident_reason="oops"))

    assert value_of(page, "incident_reason") == "oops"
    assert not Treatment.objects.exists()


def test_a_caution_asks_for_its_tick(injector):
    person = ready()
    factories.flag(person, "anticoagulant_or_antiplatelet")

    refused = injector.post(treat(person), typed())
    injector.post(treat(person), typed(acknowledged="on"))

    assert "Confirm that you have read the cautions." in words(refused)
    assert Treatment.objects.count() == 1


def test_a_touch_up_out_of_range_is_never_signed(injector):
    page = injector.post(treat(ready()), typed(kind="touch_up", incident_reason=REASON, acknowledged="on"))

    assert "This cannot be a touch-up. Record it as full." in words(page)
    assert not Treatment.objects.exists()


def test_a_touch_up_in_its_range_is_signed(injector):
    person = ready()
    factories.treated(person, TODAY - timedelta(days=14))

    injector.post(treat(person), typed(GLABELLA[:1], kind="touch_up"))

    assert Treatment.objects.latest("pk").kind == TreatmentKind.TOUCH_UP


def test_an_expired_lot_is_an_incident_and_sub_standard(injector):
    data = typed(lot_expires_on="2026-11-21", incident_reason=REASON)

    page = injector.post(treat(ready()), data, follow=True)

    assert Treatment.objects.get().sub_standard
    assert "Sub-standard dose." in words(page)


def test_too_much_at_one_site_can_be_recorded_once_it_has_happened(injector):
    rows = [("cervical_dystonia", "trapezius", "left", "60")]

    injector.post(treat(ready()), typed(rows, incident_reason=REASON))

    treatment = Treatment.objects.get()
    assert treatment.incident_reason == REASON
    assert "site_limit_exceeded" in {row["code"] for row in treatment.findings}


# ---- the safety questions inside the record ----


def answered(answer: str = "no", **other: str) -> dict[str, str]:
    from treatments.queries.rulebook import rulebook  # noqa: PLC0415  after Django's setup

    given = dict.fromkeys(rulebook(TODAY).questions, answer) | other
    return {f"questions-{code}": value for code, value in given.items()}


LAST = TODAY - timedelta(days=120)
ASKED = "Had the effect of last time worn off?"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, (None, None, None)),
        ({"effect": "", "effect_on": "2026-11-01"}, (None, None, None)),
        ({"effect": "still_working_on"}, (None, TODAY, None)),
        ({"effect": "seen_gone_on", "effect_on": "2026-11-01"}, (None, None, TODAY)),
        ({"effect": "worn_off_on", "effect_on": "2026-11-01"}, (date(2026, 11, 1), None, None)),
    ],
)
def test_the_effect_of_last_time_is_noted_with_the_signature(injector, said, kept):
    person = ready()
    last = factories.treated(person, LAST).courses.get()
    other = factories.treated(person, LAST, area="forehead_lines", units="8").courses.get()
    assert ASKED in words(injector.get(treat(person)))

    injector.post(treat(person), typed(**said))

    last.refresh_from_db()
    other.refresh_from_db()
    assert Treatment.objects.filter(patient=person).count() == 3
    assert (last.worn_off_on, last.still_working_on, last.seen_gone_on) == kept
    assert (other.worn_off_on, other.still_working_on, other.seen_gone_on) == (None, None, None)
    assert courses.refresh([person.pk], on=TODAY) == 0


def test_the_effect_of_last_time_is_of_the_day_of_the_treatment(injector):
    person = ready()
    last, day = factories.treated(person, LAST).courses.get(), TODAY - timedelta(days=2)
    factories.answers(person, on=day)

    injector.post(treat(person), typed(effect="seen_gone_on", performed_on=day.isoformat()))

    last.refresh_from_db()
    assert last.seen_gone_on == day


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("", "Enter the day on which the effect was gone, or choose “Not known”."),
        ("2026-02-31", "Date must be a real date"),
        ("2026-01-01", "The day must lie between the treatment, 25-Jul-2026, and today."),
        ("2026-11-23", "The day must lie between the treatment, 25-Jul-2026, and today."),
    ],
)
def test_a_day_on_which_no_effect_went_is_refused_at_its_field_and_nothing_is_signed(injector, on, sentence):
    person = ready()
    factories.treated(person, LAST)

    page = injector.post(treat(person), typed(effect="worn_off_on", effect_on=on))

    assert sentence in words(page)
    assert "effect_on" in page.context["draft"].form.errors
    assert Treatment.objects.filter(patient=person).count() == 1


def test_what_was_typed_of_the_effect_is_kept_by_a_press_that_fills_rows(injector):
    person = ready()
    factories.treated(person, LAST)

    data = typed(effect="worn_off_on", effect_on="2026-11-01", fill="repeat")
    del data["sign"]

    page = injector.post(treat(person), data)

    assert value_of(page, "effect_on") == "2026-11-01"


def test_the_effect_is_asked_only_where_somebody_can_speak_of_one(injector):
    new, today, said, amended = ready(), ready(), ready(), ready()
    factories.treated(today, TODAY)
    effects.correct(factories.treated(said, LAST).courses.get(), Said(still_working_on=TODAY), by=BY, at=NOW)
    factories.treated(amended, LAST)
    again = factories.treated(amended, TODAY)

    pages = [injector.get(treat(person)) for person in (new, today, said)]
    pages.append(injector.get(reverse("treatment_amend", args=[again.public_id])))

    assert [ASKED in words(page) for page in pages] == [False] * 4
    assert injector.post(treat(new), typed(effect="seen_gone_on")).status_code == 302


def test_answers_are_saved_with_the_signature(injector):
    person = factories.patient()

    injector.post(treat(person), typed(**answered()))

    assert Treatment.objects.get().incident_reason == ""
    assert set(SafetyAnswer.objects.filter(patient=person).values_list("answer", "answered_on")) == {("no", TODAY)}


def test_all_asked_and_answered_no_is_one_tick(injector):
    person = factories.patient()

    injector.post(treat(person), typed(**{"questions-asked_all": "on"}))

    assert Treatment.objects.count() == 1
    assert set(SafetyAnswer.objects.values_list("answer", flat=True)) == {"no"}


def test_the_questions_are_not_asked_twice_a_day(injector):
    page = injector.get(treat(ready()))

    assert "questions-pregnancy" not in page.content.decode()


def test_an_answer_that_is_missing_is_asked_for(injector):
    data = typed(**answered())
    del data["questions-pregnancy"]

    page = injector.post(treat(factories.patient()), data)

    assert "choose an answer." in words(page)
    assert re.search(r'name="questions-breastfeeding" value="no"[^>]*checked', page.content.decode())
    assert not Treatment.objects.exists()
    assert not SafetyAnswer.objects.exists()


def test_a_yes_is_kept_even_where_the_signature_is_refused(injector):
    person = factories.patient()

    page = injector.post(treat(person), typed(**answered(pregnancy="yes")))

    assert not Treatment.objects.exists()
    assert Flag.objects.get(patient=person).kind == "pregnancy"
    assert "The answers to the safety questions have been saved" in words(page)
    assert "Blocked: Pregnant" in words(page)
    assert rows_of(page) == GLABELLA


def test_unanswered_questions_do_not_keep_an_incident_out_of_the_record(injector):
    refused = injector.post(treat(factories.patient()), typed())
    injector.post(treat(Patient.objects.get()), typed(incident_reason=REASON))

    assert "Answer the safety questions for this day, or record it as an incident." in words(refused)
    assert 'value="incident"' in refused.content.decode()
    assert Treatment.objects.get().incident_reason == REASON


# ---- the signed record ----


def test_the_record_shows_everything(injector):
    person = ready()
    injector.post(treat(person), typed(note="Tolerated well", practitioner=factories.practitioner(name="R. Osei").pk))
    treatment = Treatment.objects.get()

    page = words(injector.get(treatment.get_absolute_url()))

    for what in (
        treatment.public_id,
        "22-Nov-2026",
        "Full",
        "Botox",
        "C4821AB",
        "31-Jan-2028",
        "R. Osei",
        "Tolerated well",
    ):
        assert what in page
    assert "Procerus – 4" in page
    assert "Corrugator Left 8" in page
    assert "Total 20 U Botox" in page
    assert "Signed Injector Person" in page
    assert "First treatment known for this patient." in page


def test_the_number_of_a_record_may_be_written_small(injector):
    treatment = factories.treated(ready(), TODAY)

    assert injector.get(reverse("treatment", args=[treatment.public_id.lower()])).status_code == 200


def test_a_voided_record_says_so_and_offers_nothing(injector):
    treatment = factories.treated(ready(), TODAY)
    treatments.void(treatment, reason="Entered for the wrong patient", by=BY, at=NOW)

    page = injector.get(treatment.get_absolute_url())

    assert "Voided. It counts nowhere." in words(page)
    assert "Entered for the wrong patient" in words(page)
    assert "Amend" not in words(page)


def test_a_record_with_many_injections_takes_no_more_queries(injector):
    def queries(n: int) -> int:
        lines = tuple(treatments.Line("glabellar_lines", f"site {number}", Decimal(1)) for number in range(n))
        record = treatments.Record(TODAY, TreatmentKind.FULL, factories.product(), "C1", date(2028, 1, 31), lines)
        person = ready()
        treatment = treatments.sign(record, patient=person, by=BY, at=NOW)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            injector.get(treatment.get_absolute_url())
        return len(seen)

    assert queries(1) == queries(20)


# ---- amending ----


def amend(treatment: Treatment) -> str:
    return reverse("treatment_amend", args=[treatment.public_id])


def test_amending_starts_with_the_record_as_it_is(injector):
    person = ready()
    injector.post(treat(person), typed(note="Tolerated well"))
    treatment = Treatment.objects.get()

    page = injector.get(amend(treatment))

    assert rows_of(page) == GLABELLA
    assert (value_of(page, "lot_number"), value_of(page, "note")) == ("C4821AB", "Tolerated well")
    assert not re.search(r'name="vial_checked"[^>]*\schecked', page.content.decode())
    assert "Clear. Nothing known against it" in words(page)


def test_amending_makes_a_version_with_its_differences_marked(injector):
    person = ready()
    injector.post(treat(person), typed())
    first = Treatment.objects.get()
    rows = [*GLABELLA[:2], ("glabellar_lines", "corrugator", "right", "6")]

    page = injector.post(amend(first), typed(rows, lot_number="C9999ZZ", reason="The lot was misread"), follow=True)

    second = Treatment.objects.get(amends=first)
    assert page.redirect_chain == [(second.get_absolute_url(), 302)]
    assert "<ins>C9999ZZ</ins> <del>C4821AB</del>" in page.content.decode()
    assert "Corrugator new in this version Right 6" in words(page)
    assert "Corrugator in the version before Right 8" in words(page)
    assert "Version 1 voided" in words(page)
    assert "The lot was misread" in words(page)
    old = words(injector.get(first.get_absolute_url()))
    assert "Replaced by a later version" in old
    assert "Corrugator Right 8" in old


def test_amending_needs_its_reason_and_keeps_what_was_typed(injector):
    treatment = factories.treated(ready(), TODAY)

    page = injector.post(amend(treatment), typed(reason="short", note="Typed"))

    assert "Say in 10 characters or more why it is amended." in words(page)
    assert (value_of(page, "reason"), value_of(page, "note")) == ("short", "Typed")
    assert Treatment.objects.count() == 1


def test_a_voided_record_cannot_be_amended(injector):
    treatment = factories.treated(ready(), TODAY)
    treatments.void(treatment, reason="Entered for the wrong patient", by=BY, at=NOW)

    page = injector.get(amend(treatment), follow=True)
    posted = injector.post(amend(treatment), typed(reason="The lot was misread"))

    assert "has been voided and can no longer be changed" in words(page)
    assert "has been voided and can no longer be changed" in words(posted)
    assert Treatment.objects.count() == 1


def test_amending_pressed_twice_makes_one_version(injector):
    treatment, data = factories.treated(ready(), TODAY), typed(reason="The lot was misread")
    injector.post(amend(treatment), data)

    page = injector.post(amend(treatment), data, follow=True)

    assert "signed a moment ago" in words(page)
    assert Treatment.objects.count() == 2


def test_the_live_check_of_an_amendment_leaves_the_old_version_out(injector):
    person = ready()
    treatment = factories.treated(person, TODAY)

    answer = check(injector, person, typed(amends=treatment.public_id))

    assert state_of(answer) == "clear"


# ---- voiding ----


def test_voiding_interrupts_and_needs_a_reason(injector):
    treatment = factories.treated(ready(family_name="Marsh"), TODAY)
    url = reverse("treatment_void", args=[treatment.public_id])

    asked = injector.get(url)
    short = injector.post(url, {"reason": "oops"})

    assert "MARSH, Alina: 20 U Botox on 22-Nov-2026 will count nowhere any more" in words(asked)
    assert "Say in 10 characters or more why it is voided." in words(short)
    assert value_of(short, "reason") == "oops"
    treatment.refresh_from_db()
    assert treatment.voided_at is None


def test_voiding_says_what_was_voided(injector):
    treatment = factories.treated(ready(family_name="Marsh"), TODAY)
    url = reverse("treatment_void", args=[treatment.public_id])

    page = injector.post(url, {"reason": "Entered for the wrong patient"}, follow=True)
    again = injector.post(url, {"reason": "Entered for the wrong patient"}, follow=True)

    assert "Voided: MARSH, Alina, treatment of 22-Nov-2026." in words(page)
    assert "has been voided and can no longer be changed" in words(again)


# ---- elsewhere ----


def elsewhere(person: Patient, **fields) -> tuple[str, dict[str, object]]:
    data = {
        "not_before_on": "2026-09-01",
        "performed_on": "2026-09-30",
        "indications": ["glabellar_lines"],
        "product": "botox",
        "units": "20",
        "note": "Told by the patient",
    }
    return reverse("elsewhere", args=[person.public_id]), data | fields


def test_a_treatment_elsewhere_is_recorded_with_both_ends_of_its_day(injector):
    person = ready()

    page = injector.post(*elsewhere(person))

    treatment = Treatment.objects.get()
    assert page.url == person.get_absolute_url()
    assert (treatment.not_before_on, treatment.performed_on) == (date(2026, 9, 1), date(2026, 9, 30))
    shown = words(injector.get(treatment.get_absolute_url()))
    assert "Treatment elsewhere, 30-Sep-2026" in shown
    assert "between 01-Sep-2026 and 30-Sep-2026" in shown


def test_a_known_day_and_unknown_units_are_enough(injector):
    injector.post(
        *elsewhere(ready(), performed_on="", product="", units="", indications=["glabellar_lines", "forehead_lines"])
    )

    treatment = Treatment.objects.get()
    assert (treatment.performed_on, treatment.not_before_on, treatment.product) == (date(2026, 9, 1), None, None)
    assert treatment.courses.count() == 2


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"not_before_on": ""}, "Enter the day, or the first day it may have been."),
        ({"not_before_on": "2026-10-01"}, "The first possible day must be the same as or before the last."),
        ({"performed_on": "2026-11-23"}, "The day must not be in the future."),
        ({"performed_on": "31/02/2026"}, "Date must be a real date, like 14/07/2026."),
        ({"indications": []}, "Choose what was treated."),
        ({"indications": ["nose"]}, "Choose from the list."),
        ({"product": ""}, "Choose the product: units without a product mean nothing."),
        ({"units": "NaN"}, "Units must be a number, like 4."),
        ({"indications": ["glabellar_lines", "forehead_lines"]}, "Units belong to one area."),
        ({"note": "told\x00me"}, "Remove the hidden character at position 5."),
    ],
)
def test_elsewhere_says_what_is_wrong_and_keeps_the_rest(injector, fields, sentence):
    page = injector.post(*elsewhere(ready(), **fields))

    assert page.status_code == 200
    assert sentence in words(page)
    assert fields.keys() & {"note"} or value_of(page, "note") == "Told by the patient"
    assert not Treatment.objects.exists()


def test_elsewhere_is_voided_but_not_amended(injector):
    injector.post(*elsewhere(ready()))
    treatment = Treatment.objects.get()

    page = injector.get(amend(treatment), follow=True)
    injector.post(reverse("treatment_void", args=[treatment.public_id]), {"reason": "It was another patient"})

    assert "not amended: void it and record it again" in words(page)
    treatment.refresh_from_db()
    assert treatment.voided_at is not None
