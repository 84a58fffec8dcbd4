"""Overrides, merges, consents and wishes are looked up here and written elsewhere."""

import pytest

from tests import factories
from tests.treatments.admin import test_lists
from tests.treatments.admin.forms import url
from treatments.models import ClosedMonth, Consent, EarlierWish, PatientMerge, VisitOverride

MODELS = {"consent": Consent, "earlierwish": EarlierWish, "patientmerge": PatientMerge, "visitoverride": VisitOverride}


@pytest.fixture
def rows(manager):
    for name in MODELS:
        test_lists.MAKE[f"treatments_{name}"](1)
    return {name: model.objects.get() for name, model in MODELS.items()}


def person_of(row):
    return {PatientMerge: lambda: row.kept, VisitOverride: lambda: row.appointment.patient}.get(
        type(row), lambda: row.patient
    )()


@pytest.mark.parametrize("name", MODELS)
def test_they_are_found_by_patient_and_only_read(door, rows, name):
    row, other = rows[name], factories.patient()
    there = url(name, "change", row.pk)

    page = door.get(there).content.decode()
    found = door.get(url(name, "changelist"), {"q": person_of(row).public_id}).context["cl"].result_list
    none = door.get(url(name, "changelist"), {"q": other.public_id}).context["cl"].result_list

    assert person_of(row).get_absolute_url() in page
    assert (list(found), list(none)) == ([row], [])
    for answer in (
        door.post(there, {}),
        door.get(url(name, "add")),
        door.post(url(name, "delete", row.pk), {"post": "yes"}),
    ):
        assert answer.status_code == 403


def test_an_override_says_who_decided_and_why(door, rows):
    page = door.get(url("visitoverride", "changelist")).content.decode()

    assert "Agreed with the surgeon" in page
    assert rows["visitoverride"].by in page


def test_a_merge_is_found_by_the_number_that_is_gone(door, rows):
    gone = rows["patientmerge"].gone

    found = door.get(url("patientmerge", "changelist"), {"q": gone.public_id}).context["cl"].result_list

    assert list(found) == [rows["patientmerge"]]


@pytest.mark.parametrize(("state", "n"), [("open", 1), ("ended", 0), ("x", 1)])
def test_wishes_are_parted_by_state(door, rows, state, n):
    assert len(door.get(url("earlierwish", "changelist"), {"state": state}).context["cl"].result_list) == n


def test_a_closed_month_is_only_read(door):
    test_lists.MAKE["treatments_closedmonth"](9)
    row = ClosedMonth.objects.get()
    there = url("closedmonth", "change", row.pk)

    page = door.get(there).content.decode()

    assert "early: 9" in page
    for answer in (
        door.post(there, {}),
        door.get(url("closedmonth", "add")),
        door.post(url("closedmonth", "delete", row.pk)),
    ):
        assert answer.status_code == 403
