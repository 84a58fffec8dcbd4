"""`manage.py load_demo`: a clinic day that shows everything, with people who do not exist, into an empty database only."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_django
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from clinic import phones
from clinic.models import ClosedDay, HoursException, Practitioner, User
from tests import factories
from treatments.models import (
    Appointment,
    Consent,
    Course,
    EarlierWish,
    Flag,
    LotStop,
    Patient,
    PatientMerge,
    Service,
    Treatment,
)
from treatments.queries import due_counts, due_report
from treatments.queries.due_tabs import TABS, Filters
from treatments.queries.outside_hours import Outside, visits_outside
from treatments.rules.vocabulary import AppointmentState, Band

LEAP_DAY_JUST_AFTER_MIDNIGHT = datetime(2028, 2, 29, 0, 5, tzinfo=UTC)
TODAY = LEAP_DAY_JUST_AFTER_MIDNIGHT.date()  # a Tuesday
SATURDAY_NIGHT = datetime(2028, 3, 4, 23, 50, tzinfo=UTC)
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
    outside: list[Outside]
    services: list[dict]
    consents: set[int]
    wishes: list[dict]
    stops: list[dict]
    merges: list[dict]
    closed: list[date]
    tabs: dict[str, int]


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
        outside=visits_outside(timezone.localdate()),
        services=list(Service.objects.values()),
        consents=set(Consent.objects.values_list("patient", flat=True)),
        wishes=list(EarlierWish.objects.values()),
        stops=list(LotStop.objects.values()),
        merges=list(PatientMerge.objects.values()),
        closed=list(ClosedDay.objects.values_list("on", flat=True)),
        tabs=due_counts.counts(timezone.localdate(), Filters()),
    )


def _counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Patient, Course, Treatment, Appointment, Flag, User, Practitioner))


def test_every_band_is_there(demo: Loaded):
    assert set(demo.bands) == set(Band)
    assert min(demo.bands[band] for band in (Band.DUE, Band.OVERDUE, Band.TOO_SOON)) >= 10


def test_every_tab_of_the_call_list_has_somebody(demo: Loaded):
    assert set(demo.tabs) == set(TABS)
    assert all(demo.tabs.values()), demo.tabs


def test_every_use_of_the_clinic_is_there(demo: Loaded):
    assert demo.courses >= {
        "glabellar_lines", "forehead_lines", "lateral_canthal_lines", "axillary_hyperhidrosis", "cervical_dystonia",
        "blepharospasm", "strabismus", "chronic_migraine", "overactive_bladder",
    }  # fmt: skip


def test_visits_are_in_every_state_and_the_day_has_a_full_diary(demo: Loaded):
    assert {visit["state"] for visit in demo.visits} == set(AppointmentState)
    assert (
        12 <= sum(visit["on"] == TODAY and visit["state"] not in ("missed", "cancelled") for visit in demo.visits) <= 18
    )


def test_the_next_days_are_busy_and_the_next_weeks_have_room(demo: Loaded):
    of_day = Counter(visit["on"] for visit in demo.visits)
    week = [TODAY + timedelta(days=n) for n in (1, 2, 3, 6, 7)]  # Wednesday to Friday, Monday and Tuesday

    assert all(6 <= of_day[on] <= 10 for on in week), of_day
    assert max(of_day) == TODAY + timedelta(days=21)
    assert all(on.weekday() < 5 for on in of_day)
    assert demo.closed == [TODAY + timedelta(days=16)]
    assert of_day[demo.closed[0]] == 0


def test_every_visit_has_a_service_and_lies_inside_the_hours(demo: Loaded):
    assert demo.outside == []
    assert {visit["service_id"] for visit in demo.visits} == {service["id"] for service in demo.services}
    assert {(service["minutes"], service["prepare_minutes"], service["is_treatment"]) for service in demo.services} == {
        (30, 0, True), (45, 10, True), (20, 0, False), (15, 0, False),
    }  # fmt: skip


def test_people_have_consented_wish_and_were_checked_in(demo: Loaded):
    treated = {given["patient_id"] for given in demo.treatments if not given["elsewhere"]}
    visiting = {visit["patient_id"] for visit in demo.visits if visit["on"] == TODAY}
    checked = [visit for visit in demo.visits if visit["state"] in ("checked", "in_room")]

    assert len(demo.consents) > 0.9 * len(treated)
    assert visiting - demo.consents, "somebody of today has still to sign"
    assert len(demo.wishes) == 2
    assert all(wish["appointment_id"] and wish["ended_at"] is None for wish in demo.wishes)
    assert [visit["checked_by"] for visit in checked] == ["maya", "maya"]


def test_a_lot_is_stopped_that_nobody_got_and_a_pair_is_merged(demo: Loaded):
    [stop], [merge] = demo.stops, demo.merges

    assert stop["lot_number"] not in {given["lot_number"] for given in demo.treatments}
    assert merge["undone_at"] is None
    assert [person["merged_into_id"] for person in demo.people if person["merged_into_id"]] == [merge["kept_id"]]


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


@pytest.mark.django_db
@time_machine.travel(SATURDAY_NIGHT, tick=False)
def test_loaded_at_a_weekend_everybody_works_an_extra_day():
    run()

    assert visits_outside(SATURDAY_NIGHT.date()) == []
    assert HoursException.objects.filter(on=SATURDAY_NIGHT.date(), why="Extra day").count() == 5
    assert set(Appointment.objects.values_list("state", flat=True)) == set(AppointmentState)


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
