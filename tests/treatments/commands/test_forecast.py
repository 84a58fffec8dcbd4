"""`manage.py forecast`: the dates of one patient with their reasons."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from tests import factories
from tests.factories import BY, NOW
from treatments.models import Course
from treatments.services import courses, due_dates, effects

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("forecast", *args, stdout=out, skip_checks=True)
    return out.getvalue()


@pytest.fixture
def person():
    made = factories.patient(family_name="Marsh", given_name="Alina", source_id="old-7")
    factories.treated(made, date(2026, 6, 30), area="glabellar_lines")
    factories.treated(made, date(2026, 6, 30), area="chronic_migraine")
    return made


def test_json_gives_each_course_with_its_band_dates_and_reasons(person):
    found = json.loads(run(person.public_id, "--on", "2026-10-31", "--format", "json"))

    assert {name: found[name] for name in ("public_id", "source_id", "name", "on")} == {
        "public_id": person.public_id, "source_id": "old-7", "name": "MARSH, Alina", "on": "2026-10-31",
    }  # fmt: skip
    assert [(course["indication"], course["band"]) for course in found["courses"]] == [
        ("chronic_migraine", "overdue"), ("glabellar_lines", "overdue"),
    ]  # fmt: skip
    frown = found["courses"][1]
    assert frown["due_from"] == "2026-09-30"
    decided = {reason["about"]: reason["rule"] for reason in frown["reasons"] if reason["decided"]}
    assert decided["earliest_on"] == "minimum_interval"
    assert decided["due_until"] == "effect_high"
    assert decided["lapsed_from"] == "lapse"
    assert all(reason["source"] for reason in frown["reasons"])


def test_dates_and_reasons_are_those_that_are_stored(person):
    found = json.loads(run(person.public_id, "--format", "json"))["courses"]

    for stored, shown in zip(person.courses.order_by("indication__code"), found, strict=True):
        assert stored.reasons == shown["reasons"]
        for name in ("earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from", "last_treated_on"):
            assert getattr(stored, name).isoformat() == shown[name]


@pytest.mark.parametrize(
    ("on", "band", "reasons"),
    [("2026-07-31", "too_soon", []), ("2026-08-01", "on_hold", ["Pregnant"]), ("2026-09-01", "too_soon", [])],
)
def test_the_band_and_the_hold_are_of_the_day_asked_for(person, on: str, band: str, reasons: list[str]):
    factories.flag(person, starts_on=date(2026, 8, 1), ends_on=date(2026, 9, 1))

    frown = json.loads(run(person.public_id, "--on", on, "--format", "json"))["courses"][1]

    assert (frown["band"], frown["hold_reasons"]) == (band, reasons)


def test_a_stopped_course_is_stopped_from_its_day_on(person):
    courses.stop(Course.objects.get(indication__code="glabellar_lines"), reason="Moved away", by=BY, at=NOW)

    found = [json.loads(run(person.public_id, "--on", on, "--format", "json")) for on in ("2026-11-21", "2026-11-22")]

    assert [answer["courses"][1]["band"] for answer in found] == ["overdue", "stopped"]


def test_the_table_marks_what_decided(person):
    lines = run(person.public_id.lower(), "--on", "2026-10-31").splitlines()

    assert lines[0] == f"MARSH, Alina ({person.public_id}) on 2026-10-31"
    assert "glabellar_lines: overdue" in lines
    assert any(line.startswith("    * 2026-09-30  3 months after the last full treatment") for line in lines)


def test_somebody_without_a_course_has_no_dates():
    nobody = factories.patient()

    assert json.loads(run(nobody.public_id, "--format", "json"))["courses"] == []
    assert run(nobody.public_id).splitlines()[-1] == "No course is on record."


def test_an_unknown_number_ends_with_a_sentence_and_code_2():
    with pytest.raises(CommandError, match=r"No patient has the number “ZZZZZZ”\.") as refused:
        run("ZZZZZZ")

    assert refused.value.returncode == 2


def test_a_window_set_by_hand_and_what_was_learned_are_told_as_stored():
    person = factories.patient(at=NOW)
    for on in (date(2025, 1, 10), date(2025, 6, 10), date(2026, 6, 1)):
        given = factories.treated(person, on).courses.get()
        if on.year == 2025:
            said = effects.Said(worn_off_on=on + timedelta(days=120))
            effects.correct(given, said, by=BY, at=NOW)
    days = {"due_from": date(2026, 12, 1), "due_until": date(2026, 12, 20)}
    stored = due_dates.set_window(Course.objects.get(), **days, reason="Away", by=BY, at=NOW)

    [told] = json.loads(run(person.public_id, "--format", "json"))["courses"]

    assert told["learned"] == stored.learned
    assert told["learned"]["n"] == 2
    assert (told["due_from"], told["computed_from"]) == ("2026-12-01", stored.computed_from.isoformat())
    assert [r["rule"] for r in told["reasons"] if r["about"] == "due_from" and r["decided"]] == ["set_by_hand"]
