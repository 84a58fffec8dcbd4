"""The command on the sample file: what it prints, writes, rejects, and the codes it ends with."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clinic.models import AuditEvent
from treatments.models import Patient

FILE = Path(__file__).with_name("data") / "patients.csv"

pytestmark = pytest.mark.django_db


def run(path=FILE, **options) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("import_patients", path, stdout=out, stderr=err, skip_checks=True, **options)
    return out.getvalue(), err.getvalue()


def test_four_rows_are_rejected_and_the_others_come_in(tmp_path):
    rejects = tmp_path / "rejects.csv"

    out, err = run(rejects=rejects)

    with rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["column"], row["value"], row["Id"]) for row in rows] == [
        ("9", "Id", "dup-1", "dup-1"),
        ("10", "BIRTHDATE", "1985-02-30", "bad-date"),
        ("11", "BIRTHDATE", "2131-01-01", "future"),
        ("12", "LAST", "", "noname"),
    ]
    assert f"MARSH, Alina ({Patient.objects.get(source_id='p-1').public_id}), line 2" in rows[0]["sentence"]
    assert "patients.csv: 10 rows read, 6 imported (6 patients), 0 already there, 4 rejected, 2 warnings." in out
    assert err == "10 of 10 rows\n"
    assert AuditEvent.objects.filter(verb="patient.imported").count() == Patient.objects.count() == 6


def test_every_column_finds_its_place():
    run()

    bjorn, derek = Patient.objects.get(source_id="p-2"), Patient.objects.get(source_id="p-4")
    assert (bjorn.given_name, bjorn.family_name, bjorn.address) == ("Björn", "O'Neil-Ångström", "Flat 3 9 Mill Road")
    assert (bjorn.city, bjorn.postcode, bjorn.phone, bjorn.contact_consent) == ("Bentley", "DN5", "+447700900102", "no")
    assert (derek.title, derek.born_on, derek.died_on, derek.sex) == ("Mr.", date(1950, 11, 30), date(2024, 1, 31), "M")
    assert Patient.objects.get(source_id="p-3").contact_consent == ""


def test_formula_is_a_name_and_a_bad_address_stays_out_with_a_warning():
    out, _err = run()

    vale = Patient.objects.get(source_id="p-5")
    assert (vale.given_name, vale.phone, vale.email) == ('=HYPERLINK("x")', "", "")
    assert "line 7, MOBILE [12]:" in out
    assert "line 7, EMAIL [not an address]: Enter a valid email address. Came in without it." in out


def test_second_run_adds_nothing():
    run()

    out, _err = run()

    assert "0 imported (0 patients), 6 already there, 4 rejected, 0 warnings." in out
    assert Patient.objects.count() == 6


def test_dry_run_reports_the_same_and_writes_nothing():
    out, _err = run(dry_run=True)

    assert "10 rows read, 6 imported (6 patients), 0 already there, 4 rejected, 2 warnings." in out
    assert "Nothing was written: this was a dry run." in out
    assert not Patient.objects.exists()
    assert not AuditEvent.objects.exists()


def test_rejected_rows_are_printed_where_no_file_was_asked_for():
    out, _err = run()

    assert "line 10, BIRTHDATE [1985-02-30]: 1985-02-30 is a date that does not exist." in out


def test_rejects_file_is_harmless_in_a_spreadsheet_and_can_be_imported_again(tmp_path):
    bad, rejects = tmp_path / "old.csv", tmp_path / "rejects.csv"
    bad.write_text("Id,FIRST,LAST,BIRTHDATE,MOBILE\n1,=1+1,@Sum,1985-02-30,+44 7700 900123\n")
    run(bad, rejects=rejects)

    text = rejects.read_text()
    assert text.splitlines()[1].endswith(",1,'=1+1,'@Sum,1985-02-30,'+44 7700 900123")
    rejects.write_text(text.replace("1985-02-30", "1985-02-28"))
    run(rejects)

    patient = Patient.objects.get()
    assert (patient.given_name, patient.family_name, patient.phone) == ("=1+1", "@Sum", "+447700900123")


@pytest.mark.parametrize("content", [None, b"", b"Id,FIRST,LAST\n1,Ann,Oxley\n", b"\x89PNG\r\n\x1a\n\0\0"])
def test_file_that_cannot_be_read_ends_with_2_and_a_sentence(tmp_path, content):
    path = tmp_path / "old.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CommandError, match=r"old\.csv") as caught:
        run(path)

    assert caught.value.returncode == 2
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("rejects", ["nowhere/rejects.csv", "old.csv"])
def test_rejects_file_that_cannot_be_written_stops_before_anything_is_imported(tmp_path, rejects):
    path = tmp_path / "old.csv"
    path.write_bytes(FILE.read_bytes())

    with pytest.raises(CommandError) as caught:
        run(path, rejects=tmp_path / rejects)

    assert caught.value.returncode == 2
    assert not Patient.objects.exists()
    assert path.read_bytes() == FILE.read_bytes()


def test_progress_counts_up_on_one_line_of_a_terminal():
    terminal = io.StringIO()
    terminal.isatty = lambda: True

    call_command("import_patients", FILE, stdout=io.StringIO(), stderr=terminal, skip_checks=True)

    assert terminal.getvalue() == "\r10 of 10 rows\n"


def test_date_order_settles_slashes(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("Id,FIRST,LAST,BIRTHDATE\n1,Ann,Oxley,03/02/1985\n")

    run(path, date_order="mdy")

    assert Patient.objects.get().born_on == date(1985, 3, 2)
