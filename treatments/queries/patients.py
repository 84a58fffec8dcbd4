"""Finding patients: by name in any order and without accents, birth date, phone, patient number."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet

from clinic import phones
from treatments.models import Patient, SearchKey
from treatments.rules.words import fold

_DATE_FORMS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d %B %Y",
    "%d/%m/%y",
    "%d %b %y",
)
_LAST_KEY = "\U0010ffff"


def keys_of(patient: Patient) -> set[str]:
    """Every word by which the patient is found: what `search` compares the beginning of."""
    names = fold(f"{patient.family_name} {patient.given_name} {patient.preferred_name}").split()
    keys = {name[:120] for name in names} | {patient.public_id.casefold(), patient.born_on.isoformat()}
    if digits := _digits(patient.phone):
        keys |= {digits, digits[-4:]}
    return keys


_COLUMNS = ("id", "public_id", "family_name", "given_name", "preferred_name", "born_on", "died_on", "phone")
_FIRST = f"""
SELECT {", ".join(_COLUMNS)} FROM treatments_patient WHERE merged_into_id IS NULL AND {{where}}
ORDER BY family_name, given_name, id LIMIT %s"""  # noqa: S608  names of columns
_BEGINS = "id IN (SELECT patient_id FROM treatments_searchkey WHERE key >= %s AND key < %s)"


def first(text: str, at_most: int) -> list[Patient]:
    """The first of those whom `search` finds, with the columns of a list row; others are read when asked for.

    Asked at every key that is pressed: the statement is written out, as building it costs more than it does.
    """
    words, born_on = _words(text), as_date(text)
    where = "born_on = %s" if born_on else " AND ".join([_BEGINS] * len(words))
    values: list[Any] = [born_on] if born_on else [end for word in words for end in (word, word + _LAST_KEY)]
    if not values:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FIRST.format(where=where), [*values, at_most])
        return [Patient.from_db(connection.alias, _COLUMNS, row) for row in cursor.fetchall()]


def search(text: str) -> QuerySet[Patient]:
    """Patients of whom every word of `text` begins a name, a phone number, a patient number or is the birth date.

    Records that were merged into another one are left out. Reads index ranges only: its cost does not grow with the
    table.
    """
    found = Patient.objects.filter(merged_into__isnull=True).order_by("family_name", "given_name", "pk")
    born_on = as_date(text)
    if born_on:
        return found.filter(born_on=born_on)
    words = _words(text)
    if not words:
        return found.none()
    for word in words:
        begins = SearchKey.objects.filter(key__gte=word, key__lt=word + _LAST_KEY)
        found = found.filter(pk__in=begins.values("patient"))
    return found


def _words(text: str) -> list[str]:
    """What the keys are compared with: at most six words, or the digits of a telephone number."""
    return [_digits(text)] if _looks_like_phone(text) else fold(text).split()[:6]


def resembling(
    *, family_name: str, given_name: str, born_on: date, phone: str, but: int | None = None
) -> list[Patient]:
    """Who might be the same person: born the same day, and the same names in any order or the same phone."""
    names = sorted_names(family_name, given_name)
    same_day = Patient.objects.filter(born_on=born_on, merged_into__isnull=True).order_by("pk")
    return [
        other
        for other in same_day
        if other.pk != but
        and (sorted_names(other.family_name, other.given_name) == names or (phone and other.phone == phone))
    ]


def sorted_names(family_name: str, given_name: str) -> list[str]:
    """The folded words of a name, in an order that does not depend on which of them is the family's."""
    return sorted(fold(f"{family_name} {given_name}").split())


def as_date(text: str) -> date | None:
    """A birth date in any common order, day first: 14/7/85, 14 jul 1985, 1985-07-14. None for anything else."""
    cleaned = " ".join(text.split())
    if not 3 <= sum(map(str.isdigit, cleaned)) <= 8:  # a name or a telephone number
        return None
    for form in _DATE_FORMS:
        try:
            day = datetime.strptime(cleaned, form).date()  # noqa: DTZ007  a civil date has no zone
        except ValueError:
            continue
        # Two digits: 16 to 99 are the last century, as for nearly everybody a clinic treats.
        return day.replace(year=day.year - 100) if "%y" in form and day.year > 2015 else day
    return None


def _looks_like_phone(text: str) -> bool:
    return bool(re.fullmatch(r"[+\d\s()./-]+", text.strip())) and len(_digits(text)) >= 4


def _digits(text: str) -> str:
    """The national number's digits without leading zeros, so that every spelling of a number meets."""
    try:
        number = phones.national(phones.read(text))
    except ValidationError:
        number = text
    return re.sub(r"\D", "", number).lstrip("0")
