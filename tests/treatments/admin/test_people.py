from datetime import date

import pytest

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import booking, said, url
from treatments.models import Appointment, Flag, Patient


def person(**fields):
    return {
        "family_name": "O'Neil-Ångström",
        "given_name": "Zoë",
        "preferred_name": "",
        "title": "",
        "born_on": "14/07/1985",
        "sex": "F",
        "phone": "07700 900123",
        "email": "zoe@example.org",
        "address": "",
        "city": "",
        "postcode": "",
        "contact_consent": "yes",
        "note": "",
    } | fields


def test_a_patient_is_registered_through_the_service(door, manager):
    answer = door.post(url("patient", "add"), person())

    patient = Patient.objects.get()
    assert answer.status_code == 302
    assert (patient.phone, patient.registered_on) == ("+447700900123", factories.TODAY)
    assert patient.search_keys.filter(key="angstrom").exists()
    assert AuditEvent.objects.get(verb="patient.registered").by == manager.username


def test_somebody_who_looks_the_same_is_named_until_somebody_says_they_differ(door):
    other = factories.patient(family_name="Oneil Angstrom", given_name="Zoe", born_on=date(1985, 7, 14))

    refused = door.post(url("patient", "add"), person())
    (error,) = said(refused)["__all__"]
    assert other.public_id in error
    assert f'href="{other.get_absolute_url()}"' in refused.content.decode()
    assert Patient.objects.count() == 1

    door.post(url("patient", "add"), person(different="on"))
    assert Patient.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"born_on": "14/07/2030"}, "born_on"),
        ({"born_on": "29/02/2027"}, "born_on"),
        ({"born_on": "14/07/1885"}, "born_on"),
        ({"family_name": "", "given_name": ""}, "family_name"),
        ({"family_name": "n" * 500}, "family_name"),
        ({"family_name": "a\x00b"}, "family_name"),
        ({"given_name": "left\u202eright"}, "given_name"),
        ({"phone": "12"}, "phone"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_bad_input_is_said_at_its_field_and_kept(door, fields, field):
    answer = door.post(url("patient", "add"), person(**fields))

    assert set(said(answer)) == {field}
    assert "zoe@example.org" in answer.content.decode() or field == "email"
    assert Patient.objects.count() == 0


@pytest.mark.parametrize("name", ["Nguyễn", "O'Brien", "مريم", "李", "Zoe\u0308"])
def test_names_of_any_script_are_kept(door, name):
    door.post(url("patient", "add"), person(family_name=name))

    assert Patient.objects.get().family_name == name


def test_a_patient_is_amended_through_the_service(door):
    patient = factories.patient(family_name="Marsh")
    data = person(family_name="Marsh-Lane", died_on="", seen_version="1")

    door.post(url("patient", "change", patient.pk), data)

    patient.refresh_from_db()
    assert (patient.family_name, patient.version) == ("Marsh-Lane", 2)
    assert AuditEvent.objects.get(verb="patient.amended").details["family_name"] == ["Marsh", "Marsh-Lane"]


def test_a_page_that_is_out_of_date_changes_nothing(door):
    patient = factories.patient(family_name="Marsh")
    there = url("patient", "change", patient.pk)
    door.post(there, person(family_name="First", died_on="", seen_version="1"))

    answer = door.post(there, person(family_name="Second", died_on="", seen_version="1"))

    patient.refresh_from_db()
    assert "while the page was open" in said(answer)["__all__"][0]
    assert patient.family_name == "First"


def test_a_death_before_the_birth_is_refused(door):
    patient = factories.patient()

    answer = door.post(url("patient", "change", patient.pk), person(died_on="01/01/1980", seen_version="1"))

    assert set(said(answer)) == {"died_on"}


@pytest.mark.parametrize("words", ["angstrom zoe", "14/07/1985", "07700 900123", "0123"])
def test_patients_are_found_as_in_the_app(door, words):
    door.post(url("patient", "add"), person())
    factories.patient(family_name="Else", born_on=date(1970, 1, 1))

    answer = door.get(url("patient", "changelist"), {"q": words})

    assert [row.given_name for row in answer.context["cl"].result_list] == ["Zoë"]


def test_a_patient_is_found_by_number_in_the_picker_of_a_visit(door):
    patient = factories.patient()
    factories.patient()

    answer = door.get(
        "/admin/autocomplete/",
        {"app_label": "treatments", "model_name": "appointment", "field_name": "patient", "term": patient.public_id},
    )

    assert [row["id"] for row in answer.json()["results"]] == [str(patient.pk)]


# ---- flags ----


def flag(patient, **fields):
    return {
        "patient": patient.pk,
        "kind": "pregnancy",
        "starts_on": "22/11/2026",
        "ends_on": "",
        "review_on": "02/04/2027",
        "source": "Patient",
        "note": "",
    } | fields


def test_a_flag_raised_here_holds_the_visits_it_covers(door):
    patient = factories.patient()
    door.post(url("appointment", "add"), booking(patient))

    door.post(url("flag", "add"), flag(patient))

    assert Flag.objects.get().kind == "pregnancy"
    assert Appointment.objects.get().state == "on_hold"
    assert AuditEvent.objects.filter(verb="flag.raised", patient_id=patient.public_id).count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"review_on": ""}, "review_on"),
        ({"ends_on": "01/11/2026"}, "ends_on"),
        ({"starts_on": "01/01/1980"}, "starts_on"),
        ({"kind": "under_age_cosmetic"}, "kind"),
        ({"kind": ""}, "kind"),
    ],
)
def test_a_flag_that_makes_no_sense_is_refused_at_its_field(door, fields, field):
    answer = door.post(url("flag", "add"), flag(factories.patient(), **fields))

    assert set(said(answer)) == {field}
    assert Flag.objects.count() == 0


def test_a_manager_raises_flags_and_does_not_end_them(door):
    there = url("flag", "change", factories.flag(factories.patient()).pk)

    assert door.get(there).status_code == 200
    assert door.post(there, {"act_on": "end", "ends_on": "22/11/2026"}).status_code == 403


@pytest.fixture
def clinician(client):
    client.force_login(factories.staff("injector", is_staff=True))
    return client


def test_a_clinician_ends_confirms_and_corrects_flags(clinician):
    ended, confirmed, wrong = (factories.flag(factories.patient()) for _i in range(3))

    clinician.post(url("flag", "change", ended.pk), {"act_on": "end", "ends_on": "23/11/2026", "reason": ""})
    clinician.post(url("flag", "change", confirmed.pk), {"act_on": "confirm", "review_on": "01/06/2027", "reason": ""})
    clinician.post(url("flag", "change", wrong.pk), {"act_on": "error", "reason": "Raised for the wrong patient"})

    for row in (ended, confirmed, wrong):
        row.refresh_from_db()
    assert (ended.ends_on, ended.in_error) == (date(2026, 11, 23), False)
    assert (confirmed.review_on, confirmed.ends_on) == (date(2027, 6, 1), None)
    assert wrong.in_error


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"act_on": "end"}, "ends_on"),
        ({"act_on": "confirm"}, "review_on"),
        ({"act_on": "confirm", "review_on": "22/11/2026"}, "review_on"),
        ({"act_on": "error", "reason": "oops"}, "reason"),
        ({}, "act_on"),
    ],
)
def test_a_review_without_its_facts_changes_nothing(clinician, fields, field):
    row = factories.flag(factories.patient())

    answer = clinician.post(url("flag", "change", row.pk), {"reason": ""} | fields)

    row.refresh_from_db()
    assert set(said(answer)) == {field}
    assert (row.ends_on, row.review_on, row.in_error) == (None, date(2027, 4, 2), False)


def test_a_flag_entered_in_error_is_only_read(clinician):
    row = factories.flag(factories.patient())
    clinician.post(url("flag", "change", row.pk), {"act_on": "error", "reason": "Raised for the wrong patient"})

    assert clinician.post(url("flag", "change", row.pk), {"act_on": "end", "ends_on": "23/11/2026"}).status_code == 403
    assert "Raised for the wrong patient" in clinician.get(url("flag", "change", row.pk)).content.decode()


@pytest.mark.parametrize(
    ("state", "kinds"), [("in_force", {"pregnancy"}), ("ended", {"breastfeeding"}), ("in_error", set())]
)
def test_flags_are_filtered_by_what_they_are_today(door, state, kinds):
    patient = factories.patient()
    factories.flag(patient, "pregnancy")
    factories.flag(patient, "breastfeeding", starts_on=date(2026, 1, 1), ends_on=factories.TODAY)

    answer = door.get(url("flag", "changelist"), {"state": state})

    assert {row.kind for row in answer.context["cl"].result_list} == kinds
