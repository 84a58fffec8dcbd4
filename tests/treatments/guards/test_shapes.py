"""Values that no day, time or number of units can be, by plain SQL on both engines."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from tests.treatments.guards.world import NECK, Raw, World, change, copy, refused_by

pytestmark = pytest.mark.django_db


def stored(sql: str) -> bool:
    """True where the database takes it: the guard, a check, or the type itself may refuse."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError:
        return False
    return True


DAYS = ("2027-02-30", "2027-13-01", "2027-00-10", "abc", "", "infinity", "-infinity", "2300-01-01", "0044-03-15")
SPELLINGS = ("2027-1-5", "2027-01-05T00:00:00", " 2027-01-05", "20270105", "2461046.5", "2027-01-05 00:00:00")


@pytest.mark.parametrize("text", DAYS)
@pytest.mark.parametrize(
    ("row", "column"),
    [("ada", "born_on"), ("ada", "died_on"), ("ended", "ends_on"), ("ended", "review_on"), ("given", "worn_off_on"),
     ("given", "still_working_on"), ("given", "seen_gone_on"),
     ("later", "on")],
)  # fmt: skip
def test_no_day_that_is_none(world: World, row: str, column: str, text: str):
    assert not stored(change(getattr(world, row), **{column: text}))


@pytest.mark.parametrize("text", DAYS)
@pytest.mark.parametrize("column", ["performed_on", "not_before_on", "lot_expires_on"])
def test_no_treatment_on_a_day_that_is_none(world: World, column: str, text: str):
    assert not stored(copy(world.given.treatment, **{column: text}))


@pytest.mark.sqlite
@pytest.mark.parametrize("text", SPELLINGS)
def test_one_spelling_of_a_day(world: World, text: str):
    """Text is compared as text: a day in another spelling would stand before or after where it belongs."""
    assert refused_by(change(world.ada, born_on=text)) == "patient_shape"
    assert refused_by(change(world.ended, ends_on=text)) == "flag_shape"
    assert refused_by(change(world.later, on=text)) == "visit_shape"


@pytest.mark.parametrize("ends_at", ["2026-12-01 14:30:30", "2026-12-01 14:30:00.5", "2026-12-01 22:01:00"])
def test_whole_minutes_and_eight_hours_at_most(world: World, ends_at: str):
    assert refused_by(change(world.later, ends_at=ends_at)) == "visit_shape"


@pytest.mark.parametrize(
    "ends_at", ["2026-12-01 14:00:00", "2026-12-01 13:00:00", "infinity", "abc", "2026-12-01 24:30:00"]
)
def test_no_end_that_is_none(world: World, ends_at: str):
    assert not stored(change(world.later, ends_at=ends_at))


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01T14:15:00",
        "2026-12-01 14:15",
        "2026-12-01 14:15:00+00:00",
        "2026-12-01 14:15:00Z",
        "2027-02-30 14:15:00",
    ],
)
def test_one_spelling_of_a_moment(world: World, text: str):
    """With a T for the space, a visit once slipped through a comparison of text."""
    assert refused_by(change(world.later, starts_at=text)) == "visit_shape"


@pytest.mark.parametrize(
    ("on", "stands"), [("2026-11-29", False), ("2026-11-30", True), ("2026-12-02", True), ("2026-12-03", False)]
)
def test_the_day_of_a_visit_is_at_most_one_from_that_of_its_time_in_utc(world: World, on: str, stands: bool):
    assert refused_by(change(world.later, on=on)) == (None if stands else "visit_shape")


@pytest.mark.parametrize("units", ["'NaN'", "'Infinity'", "'-Infinity'", "'abc'", "0", "-4", "30000.01", "1e9", "''"])
def test_no_units_that_nobody_could_give(world: World, units: str):
    neck = world.course_of(world.dan, NECK).pk

    assert not stored(copy(world.injection, units=Raw(units)))
    assert not stored(copy(world.given, course_id=neck, units=Raw(units)))
    assert stored(copy(world.given, course_id=neck))


@pytest.mark.sqlite
@pytest.mark.parametrize("units", ["33.335", "x'20'", "9e999"])
def test_no_units_that_would_be_another_number_elsewhere(world: World, units: str):
    neck = world.course_of(world.dan, NECK).pk

    assert refused_by(copy(world.injection, units=Raw(units))) == "injection_shape"
    assert refused_by(copy(world.given, course_id=neck, units=Raw(units))) == "given_shape"


@pytest.mark.parametrize("units", ["0.01", "2.5", "33.33", "29999.99", "30000"])
def test_units_that_somebody_could_give(world: World, units: str):
    assert stored(copy(world.injection, units=Raw(units)))
