"""`manage.py load_demo`: a clinic day that shows everything, with people who do not exist, into an empty database only."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import pytest_django
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from clinic import phones
from clinic.models import Practitioner, User
from tests import factories
from treatments.models import Appointment, Course, Flag, Patient, Treatment
from treatments.queries import due_report
from treatments.rules.vocabulary import AppointmentState, Band

LEAP_DAY_JUST_AFTER_MIDNIGHT = datetime(2028, 2, 29, 0, 5, tzinfo=UTC)
STAFF = {"maya": "reception", "osei": "injector", "lin": "injector", "ito": "manager", "bell": "auditor"}


def run(*options: str) -> str:
    out = io.StringIO()
    call_command("load_demo", *options, stdout=out, skip_checks=True)
    return out.getvalue()


# ---- what it loads: once for all tests, at an awkward moment, and then forgotten again ----


@dataclass
class Loaded:
    said: str
    said_again: str
    refused: str
    recomputed: str
    n_before: tuple[int, ...]
    n_after: tuple[int, ...]
    bands: Counter
    courses: set[str]
    people: list[dict]
    staff: list[dict]
    visits: list[dict]
    flags: list[str]
    treatments: list[dict]


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[Loaded]:
    with django_db_blocker.unblock(), time_machine.travel(LEAP_DAY_JUST_AFTER_MIDNIGHT, tick=False):
        with transaction.atomic():
            factories.load_catalogue()  # where tests with real transactions have emptied the tables before
            loaded = _load()
            transaction.set_rollback(True)
        yield loaded


def _load() -> Loaded:
    said, n_before, out = run(), _counts(), io.StringIO()
    said_again = run("--if-empty")
    with pytest.raises(CommandError) as refused:
        run()
    call_command("recompute", stdout=out, skip_checks=True)
    users = User.objects.filter(username__in=STAFF)
    return Loaded(
        said,
        said_again,
        str(refused.value),
        out.getvalue(),
        n_before,
        _counts(),
        bands=Counter(row[10] for row in due_report.rows(timezone.localdate())),
        courses=set(Course.objects.values_list("indication__code", flat=True)),
        people=list(Patient.objects.values()),
        staff=list(users.values("username", "email", "is_staff", "is_prescriber", "groups__name")),
        visits=list(Appointment.objects.values()),
        flags=list(Flag.objects.values_list("kind", flat=True)),
        treatments=list(Treatment.objects.values()),
    )


def _counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Patient, Course, Treatment, Appointment, Flag, User, Practitioner))


def test_every_band_is_there(demo: Loaded):
    assert set(demo.bands) == set(Band)
    assert min(demo.bands[band] for band in (Band.DUE, Band.OVERDUE, Band.TOO_SOON)) >= 10


def test_every_use_of_the_clinic_is_there(demo: Loaded):
    assert demo.courses >= {
        "glabellar_lines", "forehead_lines", "lateral_canthal_lines", "axillary_hyperhidrosis", "cervical_dystonia",
        "blepharospasm", "strabismus", "chronic_migraine", "overactive_bladder",
    }  # fmt: skip


def test_visits_are_in_every_state_and_the_day_has_a_full_diary(demo: Loaded):
    assert {visit["state"] for visit in demo.visits} == set(AppointmentState)
    assert sum(visit["on"] == LEAP_DAY_JUST_AFTER_MIDNIGHT.date() for visit in demo.visits) >= 12


def test_a_visit_on_hold_says_why(demo: Loaded):
    held = [visit for visit in demo.visits if visit["state"] == "on_hold"]

    assert held
    assert all(visit["state_reason"] == "Pregnancy." for visit in held)


def test_an_override_is_whole(demo: Loaded):
    [visit] = [visit for visit in demo.visits if visit["override_by"]]

    assert (visit["override_by"], visit["override_reason"], visit["state"]) == ("osei", "medicine_ended", "booked")
    assert visit["override_words"]
    assert visit["override_codes"]


def test_flags_of_every_weight_are_there(demo: Loaded):
    assert {"pregnancy", "breastfeeding", "aminoglycoside", "anticoagulant_or_antiplatelet"} <= set(demo.flags)


def test_nothing_was_given_against_the_gate(demo: Loaded):
    assert len(demo.treatments) > 100
    assert [given["public_id"] for given in demo.treatments if given["incident_reason"]] == []
    assert any(given["elsewhere"] and given["not_before_on"] for given in demo.treatments)
    assert any(given["kind"] == "touch_up" for given in demo.treatments)


def test_nobody_in_it_exists(demo: Loaded):
    for person in demo.people:
        assert person["email"].endswith("@example.org")
        assert re.fullmatch(r"07700 900\d{3}", phones.national(person["phone"]))
        assert person["source_id"] is None
    assert len({person["phone"] for person in demo.people}) == len(demo.people) >= 60
    assert all(user["email"].endswith("@example.org") for user in demo.staff)


def test_the_staff_have_their_roles_and_the_sign_ins_are_printed(demo: Loaded):
    assert {user["username"]: user["groups__name"] for user in demo.staff} == STAFF
    assert [user["username"] for user in demo.staff if user["is_prescriber"]] == ["osei"]
    assert {user["username"] for user in demo.staff if user["is_staff"]} == {"ito", "bell"}
    assert "all with the password: harbour demo clinic" in demo.said
    assert all(re.search(rf"^  {name} ", demo.said, re.MULTILINE) for name in STAFF)
    assert f"Demo clinic loaded: {len(demo.people)} patients." in demo.said


def test_the_stored_dates_are_what_the_facts_say(demo: Loaded):
    assert demo.recomputed.endswith(" courses recomputed, 0 differed.\n")
    assert demo.recomputed.startswith(f"{demo.n_before[1]} ")


def test_a_second_load_adds_nothing(demo: Loaded):
    assert demo.n_after == demo.n_before
    assert "Demo clinic loaded" not in demo.said_again
    assert "Demo sign-ins" in demo.said_again
    assert "empty database only" in demo.refused


# ---- what it refuses ----


@pytest.mark.django_db
@pytest.mark.parametrize("options", [[], ["--if-empty"]])
def test_it_does_not_belong_into_production(settings, options: list[str]):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="known passwords"):
        run(*options)

    assert (Patient.objects.count(), User.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_patients_on_record_stay_alone():
    factories.patient()

    with pytest.raises(CommandError, match="empty database only"):
        run()

    assert (Patient.objects.count(), User.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_with_if_empty_patients_on_record_are_no_error_and_no_sign_in_is_promised():
    factories.patient()

    assert run("--if-empty") == ""
    assert (Patient.objects.count(), User.objects.count()) == (1, 0)
