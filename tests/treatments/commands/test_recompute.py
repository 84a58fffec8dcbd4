"""`manage.py recompute`: every stored date again from the facts."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.core.management import call_command

from tests import factories
from treatments.models import Course, CourseBlock

pytestmark = pytest.mark.django_db


def run() -> str:
    out = io.StringIO()
    call_command("recompute", stdout=out, skip_checks=True)
    return out.getvalue()


def test_nothing_differs_from_what_the_services_stored():
    for days in range(3):
        person = factories.patient()
        factories.treated(person, date(2026, 6, 1 + days))
        factories.treated(person, date(2026, 6, 1 + days), area="forehead_lines")
        factories.flag(person)

    assert run() == "6 courses recomputed, 0 differed.\n"


@pytest.mark.parametrize("wrong", [{"due_from": date(2030, 1, 1)}, {"reasons": []}, {"doubt": "Look at it."}])
def test_what_was_tampered_with_is_counted_and_put_right(wrong: dict):
    for day in (1, 2):
        factories.treated(factories.patient(), date(2026, 6, day))
    before = list(Course.objects.order_by("pk").values())
    Course.objects.filter(pk=before[0]["id"]).update(**wrong)

    assert run() == "2 courses recomputed, 1 differed.\n"
    assert list(Course.objects.order_by("pk").values()) == before
    assert run() == "2 courses recomputed, 0 differed.\n"


def test_a_block_that_was_lost_comes_back():
    person = factories.patient()
    factories.treated(person, date(2026, 6, 1))
    factories.flag(person)
    CourseBlock.objects.all().delete()

    assert run() == "1 courses recomputed, 1 differed.\n"
    assert CourseBlock.objects.get().label == "Pregnant"


def test_an_empty_clinic_has_nothing_to_recompute():
    assert run() == "0 courses recomputed, 0 differed.\n"
