"""The benchmarks run, and what they measure on is a clinic as the product itself would have stored it. Nothing is timed."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.benchmarks import cases, measure, run
from tests.benchmarks.measure import interleaved, table
from treatments.models import Appointment, Course, CourseBlock, Patient
from treatments.queries import due_report, patients
from treatments.rules.vocabulary import Band
from treatments.services import courses

SCALE = 0.001
pytestmark = pytest.mark.django_db


def test_the_generated_clinic_is_one_that_the_product_could_have_stored():
    clinic = cases.clinic_of(SCALE)
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
    cases.clinic_of(SCALE).grow_to(100)

    taken = list(Appointment.objects.values_list("practitioner", "starts_at"))
    assert len(taken) == len(set(taken)) > 50


@pytest.mark.parametrize("name", run.NAMES)
def test_each_benchmark_prints_its_table(name: str, monkeypatch):
    monkeypatch.setattr(measure, "ROUND_SECONDS", 0)  # each side once a round

    printed = cases.CASES[name](SCALE, 1)

    assert "CPU ms" in printed
    assert set(run.NAMES) == set(cases.CASES)


def test_every_side_has_its_turn_and_the_first_is_the_ruler():
    ran: list[str] = []

    figures = interleaved({"one": lambda: ran.append("one"), "two": lambda: ran.append("two")}, rounds=5)

    assert set(ran) == {"one", "two"}
    assert [figure.name for figure in figures] == ["one", "two"]
    assert table("Title", figures).splitlines()[3].split()[-2:] == ["1.00", "1.00"]
