"""The command on the sample file: flags in force, and what they say of treatments already there."""

import io
from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command

from clinic.models import AuditEvent
from tests import factories
from treatments.models import Course, CourseBlock, Flag, Treatment

DATA = Path(__file__).with_name("data")

pytestmark = pytest.mark.django_db


def run(table: str, **options) -> str:
    out = io.StringIO()
    call_command(
        f"import_{table}", DATA / f"{table}.csv", stdout=out, stderr=io.StringIO(), skip_checks=True, **options
    )
    return out.getvalue()


@pytest.fixture(autouse=True)
def history():
    factories.load_catalogue()
    for table in ("patients", "treatments"):
        run(table)


def test_all_flags_come_in_with_their_audit_rows():
    out = run("flags")

    assert "flags.csv: 4 rows read, 4 imported (4 flags), 0 already there, 0 rejected" in out
    assert sorted(Flag.objects.values_list("patient__source_id", "kind", "starts_on", "ends_on", "source")) == [
        ("p-1", "pregnancy", date(2015, 1, 3), date(2015, 8, 8), "condition list"),
        ("p-2", "myasthenia_gravis", date(2024, 7, 1), None, "letter"),
        ("p-3", "breastfeeding", date(2024, 5, 1), date(2024, 9, 1), "told clinician"),
        ("p-6", "breastfeeding", date(2024, 5, 1), None, "told clinician"),
    ]
    assert AuditEvent.objects.filter(verb="flag.imported").count() == 4


def test_courses_wait_until_the_flag_ends_and_stay_on_hold_without_an_end():
    run("flags")

    assert Course.objects.get(patient__source_id="p-3").earliest_on == date(2024, 9, 1)
    assert list(
        CourseBlock.objects.in_force(date(2025, 1, 1)).values_list("course__patient__source_id", flat=True)
    ) == ["p-2"]


def test_treatment_given_meanwhile_gets_the_warning_and_its_audit_row():
    out = run("flags")

    treatment = Treatment.objects.get(patient__source_id="p-3", performed_on=date(2024, 5, 10))
    assert {one["code"] for one in treatment.findings} == {"breastfeeding", "lot_expired"}
    assert f"Held on 10-May-2024, when treatment {treatment.public_id} was given" in out
    assert AuditEvent.objects.get(verb="treatment.findings_added").object_id == treatment.public_id


def test_second_run_and_dry_run_write_nothing():
    out = run("flags", dry_run=True)
    assert "4 imported (4 flags)" in out
    assert not Flag.objects.exists()
    assert not AuditEvent.objects.filter(verb="treatment.findings_added").exists()

    run("flags")
    before = AuditEvent.objects.count()
    out = run("flags")

    assert "0 imported (0 flags), 4 already there, 0 rejected" in out
    assert (Flag.objects.count(), AuditEvent.objects.count()) == (4, before)
