"""`manage.py review`: the gate from the command line, with its exit codes."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from tests import factories
from treatments.models import Patient

pytestmark = pytest.mark.django_db


def run(person: Patient | str, *args: str, units: str = "20", product: str = "botox", area: str = "glabellar_lines"):
    out, code = io.StringIO(), 0
    public_id = person if isinstance(person, str) else person.public_id
    asked = ["--indication", area, "--product", product, "--units", units, "--on", "2026-11-22", *args]
    try:
        call_command("review", public_id, *asked, stdout=out, skip_checks=True)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, out.getvalue()


def verdict(person: Patient, *args: str, **more) -> tuple[int, dict]:
    code, said = run(person, *args, "--format", "json", **more)
    return code, json.loads(said)


@pytest.fixture
def person():
    made = factories.patient()
    factories.answers(made)
    factories.treated(made, date(2026, 6, 30))
    return made


def test_a_clear_plan_ends_with_0(person):
    code, found = verdict(person)

    assert (code, found["state"], found["first_clear_on"]) == (0, "clear", None)
    assert (found["public_id"], found["on"], found["findings"]) == (person.public_id, "2026-11-22", [])


def test_a_hard_stop_is_blocked_and_ends_with_3(person):
    flag = factories.flag(person, "breastfeeding")

    code, found = verdict(person)

    assert (code, found["state"]) == (3, "blocked")
    first = found["findings"][0]
    assert (first["code"], first["severity"], first["about"]) == ("breastfeeding", "hard_stop", flag.public_id)
    assert first["source"]


def test_a_soft_stop_is_blocked_too_and_says_the_first_clear_day(person):
    factories.treated(person, date(2026, 9, 1))

    code, found = verdict(person)

    assert (code, found["state"], found["first_clear_on"]) == (3, "blocked", "2026-12-01")
    assert [(f["code"], f["severity"]) for f in found["findings"]] == [("interval_not_elapsed", "soft_stop")]


@pytest.mark.parametrize(
    ("kind", "state"), [("anticoagulant_or_antiplatelet", "caution"), ("breastfeeding", "blocked")]
)
def test_only_what_is_blocked_ends_with_3(person, kind: str, state: str):
    factories.flag(person, kind)

    code, found = verdict(person)

    assert (found["state"], code) == (state, 3 if state == "blocked" else 0)


def test_questions_that_nobody_asked_leave_it_open():
    code, found = verdict(factories.patient())

    assert (code, found["state"]) == (0, "cannot_tell")


def test_free_spellings_are_understood(person):
    assert verdict(person, product="Botox", area="Frown lines", units="4,5") == verdict(person, units="4.5")


def test_units_stand_for_each_area_or_one_after_the_other(person):
    together = verdict(person, "--indication", "forehead_lines", units="300")[1]
    apart = verdict(person, "--indication", "forehead_lines", "--units", "150", units="150")[1]

    assert "cumulative_dose_exceeded" in {f["code"] for f in together["findings"]}
    assert "cumulative_dose_exceeded" not in {f["code"] for f in apart["findings"]}


@pytest.mark.parametrize(("on", "code"), [("2026-07-06", 3), ("2026-07-07", 0), ("2026-07-28", 0), ("2026-07-29", 3)])
def test_a_touch_up_has_its_own_days(person, on: str, code: int):
    assert run(person, "--kind", "touch_up", "--on", on)[0] == code


def test_the_table_reads_line_by_line(person):
    factories.flag(person, "breastfeeding")

    code, said = run(person)

    assert code == 3
    assert said.splitlines()[0] == f"{person.list_name} ({person.public_id}) on 2026-11-22: blocked"
    assert said.splitlines()[1].split()[:2] == ["hard_stop", "breastfeeding:"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        pytest.param({"person": "ZZZZZZ"}, "No patient has the number “ZZZZZZ”.", id="patient"),
        pytest.param({"area": "left knee"}, "No indication is called “left knee”. Known: ", id="indication"),
        pytest.param({"product": "Water"}, "No product is called “Water”. Known: ", id="product"),
    ],
)
def test_what_is_unknown_ends_with_a_sentence_and_code_2(person, more: dict, sentence: str):
    with pytest.raises(CommandError) as refused:
        run(**({"person": person} | more))

    assert str(refused.value).startswith(sentence)
    assert refused.value.returncode == 2


def test_units_and_areas_must_fit_together(person):
    with pytest.raises(CommandError, match=r"Give --units once, or once for each --indication\."):
        run(person, "--units", "10", "--units", "5", "--indication", "forehead_lines")
    with pytest.raises(CommandError, match=r"Give each --indication once\."):
        run(person, "--indication", "frown lines")


@pytest.mark.parametrize("text", ["NaN", "1e9", "-5", "0", "4.555", "twenty", "", "∞", "123456"])
def test_units_that_are_none_are_refused_in_words(person, text: str):
    with pytest.raises(CommandError, match=r"is no number of units\. Write it like 20 or 4\.5\."):
        run(person, units=text)
