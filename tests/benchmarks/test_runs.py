"""The benchmarks run, and what they measure on is a clinic as the product itself would have stored it. Nothing is timed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import factories
from tests.benchmarks import cases, cases_pages, measure, peer, run, server
from tests.benchmarks.diary import Diary
from tests.benchmarks.measure import Asked, interleaved, table
from tests.benchmarks.people import form_with
from tests.benchmarks.race import Race
from treatments.models import Appointment, Course, CourseBlock, Patient
from treatments.queries import due_report, patients
from treatments.rules.vocabulary import Band
from treatments.services import courses

SCALE = 0.001
pytestmark = pytest.mark.django_db


def test_the_generated_clinic_is_one_that_the_product_could_have_stored():
    clinic = cases_pages.clinic_of(SCALE)
    clinic.grow_to(40)
    clinic.grow_to(100)

    people = list(Patient.objects.order_by("pk"))
    assert len(people) == 100
    assert courses.refresh([person.pk for person in people], on=clinic.on) == 0
    assert set(people[7].search_keys.values_list("key", flat=True)) == patients.keys_of(people[7])
    bands = Counter(row[10] for row in due_report.rows(clinic.on))
    assert set(bands) >= {Band.TOO_SOON, Band.DUE, Band.OVERDUE, Band.LAPSED}
    assert CourseBlock.objects.exists()
    assert bands.total() == Course.objects.count()


def test_no_two_visits_of_one_injector_overlap():
    cases_pages.clinic_of(SCALE).grow_to(100)

    taken = list(Appointment.objects.values_list("practitioner", "starts_at"))
    assert len(taken) == len(set(taken)) > 50


def test_the_diary_fills_one_day_after_the_other():
    diary = Diary(timezone.localdate())
    diary.grow_to(300)
    diary.grow_to(600)

    days = Counter(Appointment.objects.values_list("on", flat=True))

    assert days == {diary.full_day + timedelta(days=n): number for n, number in enumerate((280, 280, 40))}


@pytest.mark.parametrize("name", run.IN_PROCESS)
def test_each_benchmark_prints_its_table(name: str, monkeypatch):
    monkeypatch.setattr(measure, "ROUND_SECONDS", 0)  # each side once a round

    printed = cases.CASES[name](Asked(SCALE, rounds=1))

    assert "CPU ms" in printed
    assert set(run.NAMES) == set(cases.CASES)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", run.SERVED)
def test_each_benchmark_of_a_running_server_prints_its_table(name: str, monkeypatch):
    monkeypatch.setattr(measure, "ROUND_SECONDS", 0)
    monkeypatch.setattr(server, "WORKERS", 2 if name == "race" else 1)
    factories.load_catalogue()

    printed = cases.CASES[name](Asked(SCALE, rounds=1))

    assert ("1 in 1 rounds" if name == "race" else "CPU ms") in printed
    assert ("finds 0 violations" if name == "race" else peer.VERSION) in printed


def test_a_time_that_two_got_is_a_missed_race():
    race = Race("door", rounds=2, booked=Counter({1: 1, 2: 1}), statuses=Counter({"booked": 3, "refused": 1}))
    broken = Race("door", rounds=1, booked=Counter({1: 1}), statuses=Counter({"booked": 1, "answered 500": 1}))
    won = Race("door", rounds=2, booked=Counter({1: 2}), statuses=Counter({"booked": 2, "refused": 2}))

    assert [each.lost for each in (race, broken, won)] == [True, True, False]


def test_a_form_is_sent_as_a_browser_would():
    page = """<form method="post"><input name="gone"></form><form method="post" action="/there/">
      <input type="hidden" name="once" value="0f"><input type="checkbox" name="tick" value="a" checked>
      <input type="checkbox" name="tick" value="b"><select name="who"><option value="1"><option value="2" selected></select>
      <textarea name="note">two words</textarea><button name="step" value="x">Go</button></form>"""

    form = form_with("who", page)

    assert form.action == "/there/"
    assert form.filled(note="other") == [("once", "0f"), ("tick", "a"), ("who", "2"), ("note", "other")]


def test_every_side_has_its_turn_and_the_first_is_the_ruler():
    ran: list[str] = []

    figures = interleaved({"one": lambda: ran.append("one"), "two": lambda: ran.append("two")}, rounds=5)

    assert set(ran) == {"one", "two"}
    assert [figure.name for figure in figures] == ["one", "two"]
    assert table("Title", figures).splitlines()[3].split()[-2:] == ["1.00", "1.00"]
