"""The command on the sample file: rejects, warnings on the record, courses and their dates."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clinic.models import AuditEvent, Practitioner
from tests import factories
from treatments.models import Course, CourseTreatment, Injection, Treatment

DATA = Path(__file__).with_name("data")
EXPECTED_REJECTS = [
    ("5", "AREA", "Left elbow"), ("10", "", ""), ("12", "DATE", "31/02/2024"), ("13", "DATE", "05/05/2131"),
    ("14", "PATIENT", "nobody"), ("15", "PRODUCT", "Botulex Gold"), ("16", "UNITS", "'-4"), ("17", "UNITS", "lots"),
    ("18", "UNITS", ""), ("19", "DATE", "01/01/1901"), ("20", "UNITS", "4000"),
]  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def patients():
    factories.load_catalogue()
    call_command("import_patients", DATA / "patients.csv", verbosity=0, skip_checks=True)


def run(table="treatments", **options) -> str:
    out = io.StringIO()
    call_command(
        f"import_{table}", DATA / f"{table}.csv", stdout=out, stderr=io.StringIO(), skip_checks=True, **options
    )
    return out.getvalue()


def test_each_spoilt_row_is_rejected_and_takes_no_other_with_it(tmp_path):
    out = run(rejects=tmp_path / "rejects.csv")

    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["column"], row["value"]) for row in rows] == EXPECTED_REJECTS
    assert rows[1]["sentence"] == "The same row as line 9: it counts once."
    assert "treatments.csv: 19 rows read, 8 imported (7 treatments), 0 already there, 11 rejected" in out


def test_rows_of_one_day_product_and_type_are_one_treatment():
    run()

    full = Treatment.objects.get(patient__source_id="p-1", kind="full")
    assert sorted(full.courses.values_list("course__indication__code", "units", "worn_off_on")) == [
        ("glabellar_lines", 20, date(2024, 9, 6)),
        ("lateral_canthal_lines", 24, None),
    ]
    assert (full.product.code, full.lot_number, full.lot_expires_on) == ("botox", "C4821", date(2026, 3, 31))
    touch_up = Treatment.objects.get(patient__source_id="p-1", kind="touch_up")
    assert (touch_up.performed_on, touch_up.note) == (date(2024, 5, 24), "small top up")


def test_courses_have_the_dates_that_follow():
    run()

    canthal = Course.objects.get(patient__source_id="p-1", indication__code="lateral_canthal_lines")
    migraine = Course.objects.get(patient__source_id="p-3")
    assert (canthal.due_from, canthal.due_until) == (date(2024, 8, 10), date(2024, 9, 10))
    assert (migraine.last_treated_on, migraine.last_effective_on) == (date(2024, 5, 10), date(2024, 2, 15))
    assert migraine.earliest_on == migraine.due_from == date(2024, 8, 2)


def test_expired_lot_comes_in_as_sub_standard_with_its_warning_listed():
    out = run()

    treatment = Treatment.objects.get(lot_number="OLD1")
    assert treatment.sub_standard
    assert [one["code"] for one in treatment.findings] == ["lot_expired"]
    assert "line 9, EXPIRY [01/01/2019]: The lot expired on 01-Jan-2019." in out


def test_safety_questions_that_nobody_asked_are_no_warning():
    run()

    assert Treatment.objects.get(patient__source_id="p-4").findings == []


def test_every_treatment_has_its_audit_row_and_injectors_are_kept_as_gone():
    run()

    audited = AuditEvent.objects.filter(verb="treatment.imported").values_list("object_id", flat=True)
    assert sorted(audited) == sorted(Treatment.objects.values_list("public_id", flat=True))
    assert sorted(Practitioner.objects.values_list("name", "is_active")) == [
        ("M. Ito", False), ("R. Osei", False), ("T. Lin", False),
    ]  # fmt: skip


def test_second_run_and_dry_run_write_nothing():
    out = run(dry_run=True)
    assert "8 imported (7 treatments), 0 already there, 11 rejected" in out
    assert not Treatment.objects.exists()
    assert not Course.objects.exists()

    run()
    tables = (Treatment, CourseTreatment, Injection, Course, AuditEvent)
    before = [model.objects.count() for model in tables]
    out = run()

    assert "0 imported (0 treatments), 8 already there, 11 rejected" in out
    assert [model.objects.count() for model in tables] == before


def test_stored_dates_are_those_of_the_facts():
    run()
    run("flags")
    out = io.StringIO()

    call_command("recompute", stdout=out, skip_checks=True)

    assert out.getvalue() == "5 courses recomputed, 0 differed.\n"


def test_without_a_catalogue_the_command_says_what_to_run(monkeypatch):
    from treatments.models import CatalogueState  # noqa: PLC0415  beside its only use

    CatalogueState.objects.all().delete()

    with pytest.raises(CommandError, match="load_catalogue"):
        run()
