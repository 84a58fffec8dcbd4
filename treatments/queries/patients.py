"""Finding patients: by name in any order and without accents, birth date, phone, patient number."""

from __future__ import annotations

import re
from datetime import date, datetime

from django.core.exceptions import ValidationError
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


def search(text: str) -> QuerySet[Patient]:
    """Patients of whom every word of `text` begins a name, a phone number, a patient number or is the birth date.

    Reads index ranges only, so its cost does not grow with the table.
    """
    found = Patient.objects.order_by("family_name", "given_name", "pk")
    born_on = as_date(text)
    if born_on:
        return found.filter(born_on=born_on)
    words = [_digits(text)] if _looks_like_phone(text) else fold(text).split()
    if not words:
        return found.none()
    for word in words[:6]:
        begins = SearchKey.objects.filter(key__gte=word, key__lt=word + _LAST_KEY)
        found = found.filter(pk__in=begins.values("patient"))
    return found


def resembling(
    *, family_name: str, given_name: str, born_on: date, phone: str, but: int | None = None
) -> list[Patient]:
    """Who might be the same person: born the same day, and the same names in any order or the same phone."""
    names = sorted_names(family_name, given_name)
    same_day = Patient.objects.filter(born_on=born_on).order_by("pk")
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
