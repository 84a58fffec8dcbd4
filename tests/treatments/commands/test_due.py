"""`manage.py due`: one row per course, as a table, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.services import appointments, patients

pytestmark = pytest.mark.django_db
HEADER = [
    "public_id", "source_id", "name", "indication", "last_treated_on", "earliest_on", "due_from", "due_until",
    "overdue_from", "lapsed_from", "band", "booked_on", "hold_reasons", "window", "set_by", "set_on", "set_reason",
    "computed_from", "computed_until",
]  # fmt: skip


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("due", *args, stdout=out, skip_checks=True)
    return out.getvalue()


def rows(*args: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(run("--on", TODAY.isoformat(), "--format", "csv", *args))))


@pytest.fixture
def people():
    """An overdue person who is booked, one on hold, and one who has died."""
    overdue = factories.patient(family_name="Adeyemi", given_name="Tola", source_id="old-1")
    held = factories.patient(family_name="Bauer", given_name="Ilse", source_id="old-2")
    dead = factories.patient(family_name="Costa", given_name="Ana")
    for person in (overdue, held, dead):
        factories.treated(person, date(2026, 6, 30))
    booking = appointments.Booking(
        patient=overdue, indications=(factories.indication(),), practitioner=factories.practitioner(),
        room=factories.room(), starts_at=datetime(2026, 12, 1, 10, 0, tzinfo=UTC), minutes=30,
    )  # fmt: skip
    appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)
    factories.flag(held)
    factories.flag(held, "aminoglycoside", ends_on=date(2026, 12, 1))
    patients.amend(dead, changes={"died_on": date(2026, 11, 1)}, by=BY, at=NOW)
    return overdue, held, dead


def test_csv_has_the_columns_and_one_row_per_course_by_name(people):
    overdue, held, dead = people
    dates = {
        "indication": "glabellar_lines", "last_treated_on": "2026-06-30", "earliest_on": "2026-09-30",
        "due_from": "2026-09-30", "due_until": "2026-10-30", "overdue_from": "2026-10-31", "lapsed_from": "2027-06-30",
        "window": "computed", "set_by": "", "set_on": "", "set_reason": "", "computed_from": "", "computed_until": "",
    }  # fmt: skip

    found = rows()

    assert list(found[0]) == HEADER
    assert found == [
        {"public_id": overdue.public_id, "source_id": "old-1", "name": "ADEYEMI, Tola", **dates,
         "band": "overdue", "booked_on": "2026-12-01", "hold_reasons": ""},
        {"public_id": held.public_id, "source_id": "old-2", "name": "BAUER, Ilse", **dates,
         "band": "on_hold", "booked_on": "", "hold_reasons": "Aminoglycoside antibiotic; Pregnant"},
        {"public_id": dead.public_id, "source_id": "", "name": "COSTA, Ana", **dates,
         "band": "stopped", "booked_on": "", "hold_reasons": ""},
    ]  # fmt: skip


def test_json_and_table_say_the_same(people):
    found = json.loads(run("--on", TODAY.isoformat(), "--format", "json"))
    table = run("--on", TODAY.isoformat()).splitlines()

    assert found == rows()
    assert table[0].split() == HEADER
    assert [line.split()[0] for line in table[1:-1]] == [person.public_id for person in people]
    assert table[-1] == "3 courses"


def test_nothing_on_record_is_an_empty_report():
    assert rows() == []
    assert json.loads(run("--format", "json")) == []
    assert run().splitlines()[1:] == ["0 courses"]


@pytest.mark.parametrize(
    ("asked", "bands"),
    [
        (["--band", "overdue"], ["overdue"]),
        (["--band", "overdue", "stopped"], ["overdue", "stopped"]),
        (["--band", "overdue", "--band", "on_hold"], ["overdue", "on_hold"]),
        (["--band", "due"], []),
    ],
)
def test_bands_can_be_asked_for(people, asked: list[str], bands: list[str]):
    assert [row["band"] for row in rows(*asked)] == bands


def test_the_day_is_today_unless_it_is_named(people):
    with time_machine.travel(datetime(2026, 10, 31, 9, 0, tzinfo=UTC)):
        assert "overdue" in run("--band", "overdue")
    with time_machine.travel(datetime(2026, 10, 30, 9, 0, tzinfo=UTC)):
        assert "overdue  " not in run("--band", "overdue").partition("\n")[2]


@pytest.mark.parametrize("text", ["2026-02-31", "31/12/2026", "today", ""])
def test_a_day_that_is_none_is_refused_in_words(text: str):
    with pytest.raises(CommandError, match=r"is not a real date\. Write it like 2026-11-22\."):
        run("--on", text)


def test_a_name_is_never_a_formula_in_the_file():
    factories.treated(factories.patient(family_name="=HYPERLINK(1)", given_name="Ann"), date(2026, 6, 30))

    assert rows()[0]["name"] == "'=HYPERLINK(1), Ann"
    assert json.loads(run("--format", "json"))[0]["name"] == "=HYPERLINK(1), Ann"


def test_names_of_every_script_pass_through():
    factories.treated(factories.patient(family_name="ליבנה", given_name="O’Néill “Ó”"), date(2026, 6, 30))

    assert rows()[0]["name"] == "ליבנה, O’Néill “Ó”"


def test_a_reader_that_leaves_early_is_no_error(people, tmp_path):
    """`due | head -1` ends quietly."""
    program = (
        "import django; django.setup()\n"
        "from treatments.management.commands import due\n"
        "due.rows = lambda day, bands: (('x' * 400,) * 19 for _n in range(20000))\n"
        "due.Command().run_from_argv(['manage.py', 'due', '--skip-checks', '--on', '2026-11-22'])\n"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(root)}

    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root, env=environment
    ) as reading:
        assert reading.stdout
        assert reading.stdout.readline().startswith(b"public_id")
        reading.stdout.close()
        assert reading.stderr
        said = reading.stderr.read()

    assert (reading.returncode, said) == (0, b"")
