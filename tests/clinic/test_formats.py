from datetime import UTC, date, datetime

import pytest

from clinic import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [(date(2026, 7, 14), "14-Jul-2026"), (date(2024, 2, 29), "29-Feb-2024"), (None, "")],
)
def test_a_day(value, text):
    assert formats.day(value) == text


def test_a_day_without_its_year_and_with_its_weekday():
    assert formats.short_day(date(2026, 7, 4)) == "04-Jul"
    assert formats.short_day(None) == ""
    assert formats.long_day(date(2026, 7, 14)) == "Tuesday 14-Jul-2026"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 1, 14, 9, 5, tzinfo=UTC), "14-Jan-2026 09:05"),
        (datetime(2026, 7, 14, 9, 5, tzinfo=UTC), "14-Jul-2026 10:05"),  # summer time in London
        (datetime(2026, 7, 14, 23, 30, tzinfo=UTC), "15-Jul-2026 00:30"),
        (None, ""),
    ],
)
def test_a_moment_is_told_in_the_clinics_time(value, text):
    assert formats.moment(value) == text


def test_a_time_of_day():
    assert formats.clock(datetime(2026, 7, 14, 9, 5, tzinfo=UTC)) == "10:05"


@pytest.mark.parametrize(("number", "text"), [(0, "0 patients"), (1, "1 patient"), (2, "2 patients")])
def test_a_count(number, text):
    assert formats.count(number, "patient", "patients") == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+44 20", "'+44 20"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\tone", "'\tone"),
        (" =1", "' =1"),
        ("\r=1", "'\r=1"),
        ("O'NEIL, Ann", "O'NEIL, Ann"),
        ("2026-11-22", "2026-11-22"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, safe: str):
    assert formats.safe_cell(text) == safe
