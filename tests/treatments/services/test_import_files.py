"""Files and cells of an old system: what is understood, and the sentence for what is not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from treatments.services import import_cells, import_files
from treatments.services.import_files import Row, Spoilt, Unreadable

PATIENTS = "Id,FIRST,LAST,BIRTHDATE"


def read(folder: Path, *lines: str | bytes) -> import_files.Sheet:
    path = folder / "old.csv"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return import_files.read(path, "patients")


def row(text: str) -> Row:
    return Row(2, {"cell": text}, (text,))


# ---- files ----


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_read_finds_the_delimiter(tmp_path, delimiter):
    lines = ["Id,FIRST,LAST,BIRTHDATE".replace(",", delimiter), "1,Ann,Oxley,1985-02-03".replace(",", delimiter)]

    sheet = read(tmp_path, *lines)

    assert sheet.rows[0].cells == {
        "source_id": "1", "given_name": "Ann", "family_name": "Oxley", "born_on": "1985-02-03",
    }  # fmt: skip


def test_read_takes_a_byte_order_mark_away(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbf" + PATIENTS.encode(), "1,Ann,Oxley,1985-02-03").columns["source_id"] == 0


def test_read_takes_utf_16_of_a_spreadsheet(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text(f"{PATIENTS}\n1,Åsa,Oxley,1985-02-03".replace(",", "\t"), encoding="utf-16")

    assert import_files.read(path, "patients").rows[0].text("given_name") == "Åsa"


def test_read_says_which_lines_were_windows_1252_and_keeps_the_others(tmp_path):
    sheet = read(tmp_path, PATIENTS, "1,Åsa,Oxley,1985-02-03", "2,Åsa,Øster,1985-02-03".encode("cp1252"))

    assert [one.text("given_name") for one in sheet.rows] == ["Åsa", "Åsa"]
    assert sheet.notes == ["Not UTF-8, so read as Windows-1252: 1 lines (3)."]


def test_read_knows_headings_in_other_words_and_names_those_it_leaves_out(tmp_path):
    sheet = read(tmp_path, "Patient number;Shoe size;Surname;Forename;Date of Birth", "1;39;Oxley;Ann;1985-02-03")

    assert sheet.rows[0].text("family_name") == "Oxley"
    assert sheet.notes == ["Columns that are not read: Shoe size."]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([""], "old.csv is empty."),
        (["", " , ,", ""], "old.csv is empty."),
        ([b"PK\x03\x04rest"], "old.csv is a workbook. Save it as CSV and import that."),
        (["Id,FIRST,BIRTHDATE", "1,Ann,1985-02-03"], "old.csv has no column LAST in its heading row (line 1)."),
    ],
)
def test_read_refuses_what_is_no_such_file_with_a_sentence(tmp_path, lines, sentence):
    with pytest.raises(Unreadable, match=f"^{sentence.replace('(', '[(]').replace(')', '[)]')}"):
        read(tmp_path, *lines)


def test_read_refuses_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Unreadable, match="cannot be read: No such file or directory"):
        import_files.read(tmp_path / "nothing.csv", "patients")


def test_line_numbers_are_those_of_the_file_where_cells_and_blank_lines_take_several(tmp_path):
    sheet = read(
        tmp_path,
        "",
        PATIENTS + ",ADDRESS",
        '1,Ann,Oxley,1985-02-03,"Flat 3',
        '9 Mill Road"',
        "",
        "2,Una,Marsh,1985-02-03,",
    )

    assert [(one.line, one.text("address")) for one in sheet.rows] == [(3, "Flat 3 9 Mill Road"), (6, "")]


def test_open_quotation_mark_takes_no_other_row_with_it(tmp_path):
    sheet = read(tmp_path, PATIENTS, '1,"Ann,Oxley,1985-02-03', "2,Una,Marsh,1985-02-03", '3,Bo,"Hill",1985-02-03')

    assert [one.line for one in sheet.rows] == [3, 4]
    assert [(one.line, one.sentence) for one in sheet.broken] == [
        (2, "A quotation mark is opened and not closed, or a cell is far too long.")
    ]


def test_rows_with_too_many_cells_or_hidden_characters_are_rejected_alone(tmp_path):
    sheet = read(
        tmp_path, PATIENTS, "1,Ann,Oxley,1985-02-03,more", "2,A\0nn,Oxley,1985-02-03", "3,Una,Marsh,1985-02-03", "4,Bo"
    )

    assert [one.line for one in sheet.rows] == [4, 5]
    assert [(one.line, one.column, one.sentence) for one in sheet.broken] == [
        (2, "", "The row has 5 cells, the heading row 4."),
        (3, "FIRST", "Remove the hidden character at position 2."),
    ]


# ---- cells ----


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-11-09", "mdy", date(2026, 11, 9)),
        ("2026-11-09 00:00:00", "dmy", date(2026, 11, 9)),
        ("2026/11/09", "dmy", date(2026, 11, 9)),
        ("09/11/2026", "dmy", date(2026, 11, 9)),
        ("09/11/2026", "mdy", date(2026, 9, 11)),
        ("9.11.2026", "dmy", date(2026, 11, 9)),
        ("9 Nov 2026", "mdy", date(2026, 11, 9)),
        ("29/02/2024", "dmy", date(2024, 2, 29)),
        ("", "dmy", None),
    ],
)
def test_day(text, order, day):
    assert import_cells.day(row(text), "cell", order) == day


@pytest.mark.parametrize(
    ("text", "order", "sentence"),
    [
        ("30/02/2026", "dmy", "30/02/2026 is a date that does not exist."),
        ("13/01/2026", "mdy", "13/01/2026 is a date that does not exist."),
        ("29/02/2026", "dmy", "29/02/2026 is a date that does not exist."),
        ("09/11/26", "dmy", "09/11/26 is not a date. Write it like 2026-11-22."),
        ("09/11/2026", "ymd", "09/11/2026 is not a date. Write it like 2026-11-22."),
        ("soon", "dmy", "soon is not a date. Write it like 2026-11-22."),
    ],
)
def test_day_that_cannot_be(text, order, sentence):
    with pytest.raises(Spoilt) as caught:
        import_cells.day(row(text), "cell", order)

    assert caught.value.sentence == sentence


def test_expiry_by_month_is_its_last_day():
    assert import_cells.expiry(row("02/2028"), "cell", "dmy") == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("20", "20"),
        ("20.0", "20"),
        ("20u", "20"),
        ("20 U", "20"),
        ("20,5", "20.5"),
        ("4.25 units", "4.25"),
        ("007", "7"),
    ],
)
def test_units(text, units):
    assert import_cells.units(row(text), "cell") == Decimal(units)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The units are missing."),
        ("lots", "lots is not a number of units."),
        ("NaN", "NaN is not a number of units."),
        ("1e9", "1e9 is not a number of units."),
        ("-4", "Units must be above zero, not -4."),
        ("0", "Units must be above zero, not 0."),
        ("1,500", "1,500 may mean 1 or thousands. Write it without a mark."),
        ("4.255", "4.255 may mean 4 or thousands. Write it without a mark."),
        ("4.2555", "4.2555 has more than two decimals."),
    ],
)
def test_units_that_cannot_be(text, sentence):
    with pytest.raises(Spoilt) as caught:
        import_cells.units(row(text), "cell")

    assert caught.value.sentence == sentence
