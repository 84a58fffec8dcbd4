"""Values that no day, time or number of units can be, looked for in all of storage. Part of `invariants`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(\+00)?")
_UNITS = re.compile(r"\d{1,5}(\.\d\d?0*)?")
_MOST_UNITS, _LONGEST = 30000, timedelta(hours=8)

_VISITS = """
SELECT public_id, CAST("on" AS text), CAST(starts_at AS text), CAST(ends_at AS text) FROM treatments_appointment
"""
# Rule, the row's name, its days in text.
_DAYS = (
    ("patient_shape", "SELECT public_id, CAST(born_on AS text), CAST(died_on AS text) FROM treatments_patient"),
    (
        "flag_shape",
        "SELECT public_id, CAST(starts_on AS text), CAST(ends_on AS text), CAST(review_on AS text) FROM treatments_flag",
    ),
    (
        "treatment_shape",
        "SELECT public_id, CAST(performed_on AS text), CAST(not_before_on AS text), CAST(lot_expires_on AS text)"
        " FROM treatments_treatment",
    ),
    (
        "given_shape",
        "SELECT id, CAST(worn_off_on AS text), CAST(repeat_from AS text), CAST(previous_until AS text)"
        " FROM treatments_coursetreatment",
    ),
)
_NUMBERS = (
    ("given_shape", "SELECT id, CAST(units AS text) FROM treatments_coursetreatment WHERE units IS NOT NULL"),
    ("injection_shape", "SELECT id, CAST(units AS text) FROM treatments_injection"),
)


def day_of(text: str) -> date | None:
    """The day that a column's text says, or None where it says none in the one spelling."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def moment_of(text: str) -> datetime | None:
    """The moment in UTC that a column's text says, or None where it says none in the one spelling."""
    try:
        moment = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment else None


def broken(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    """Rule and sentence of every value that has not the shape it should."""
    yield from _visits(connection)
    for rule, sql in _DAYS:
        for name, *days in _rows(connection, sql):
            wrong = [text for text in days if text is not None and not _plausible(day_of(text))]
            for text in wrong:
                yield rule, _("Row %(row)s has %(text)s where a day should be.") % {"row": name, "text": text}
    for rule, sql in _NUMBERS:
        for name, text in _rows(connection, sql):
            if not (_UNITS.fullmatch(text) and 0 < float(text) <= _MOST_UNITS):
                yield rule, _("Row %(row)s has %(text)s units.") % {"row": name, "text": text}
    for (name,) in _rows(connection, "SELECT id FROM treatments_injection WHERE site = ''"):
        yield "injection_shape", _("Injection %(row)s has no site.") % {"row": name}


def _plausible(day: date | None) -> bool:
    return day is not None and 1800 <= day.year < 2200


def _visits(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    for name, day, starts, ends in _rows(connection, _VISITS):
        on, starts_at, ends_at = day_of(day), moment_of(starts), moment_of(ends)
        if on is None or starts_at is None or ends_at is None:
            wrong = _("has no real day or time")
        elif not timedelta(0) < ends_at - starts_at <= _LONGEST:
            wrong = _("ends before it starts, or after more than eight hours")
        elif any(moment.second or moment.microsecond for moment in (starts_at, ends_at)):
            wrong = _("is not in whole minutes")
        elif abs(on - starts_at.date()) > timedelta(days=1) or not _plausible(on):
            wrong = _("is kept under a day far from its time")
        else:
            continue
        yield (
            "visit_shape",
            _("Visit %(visit)s %(wrong)s: %(day)s, %(starts)s to %(ends)s.")
            % {"visit": name, "wrong": wrong, "day": day, "starts": starts, "ends": ends},
        )


def _rows(connection: BaseDatabaseWrapper, sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()
