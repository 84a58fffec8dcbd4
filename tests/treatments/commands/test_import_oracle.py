"""Courses after an import against dates worked out from the raw rows, with no line of the product's own arithmetic."""

from __future__ import annotations

import csv
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from clinic import guards
from tests import factories
from tests.treatments.commands import legacy_clinic
from treatments.models import Course, Treatment

AREAS = {spelling: code for code, names in legacy_clinic.SPELLINGS.items() for spelling in names}
ALLERGAN = "botox"
# interval, effect low, effect high, youngest age: months as ("m", n), days as ("d", n)
NUMBERS = {
    **dict.fromkeys(legacy_clinic.FACE, (("m", 3), ("m", 3), ("m", 4), 18)),
    "chronic_migraine": (("d", 84), ("d", 84), ("d", 98), 18),
    "cervical_dystonia": (("d", 70), ("d", 84), ("d", 112), 12),
}


def later(day: date, length: tuple[str, int]) -> date:
    unit, n = length
    if unit == "d":
        return day + timedelta(days=n)
    year, month = day.year + (day.month - 1 + n) // 12, (day.month - 1 + n) % 12 + 1
    if day.day <= monthrange(year, month)[1]:
        return date(year, month, day.day)
    return date(year + (month == 12), month % 12 + 1, 1)


def civil(text: str) -> date:
    day, month, year = text.split("/")
    return date(int(year), int(month), int(day))


class Given:
    def __init__(self, row: dict[str, str]) -> None:
        self.patient, self.area, self.product = row["PATIENT"], AREAS[row["AREA"]], AREAS[row["PRODUCT"]]
        self.on = civil(row["DATE"])
        self.expired = self.on > civil(row["EXPIRY"])
        self.units = Decimal(row["UNITS"].strip("uU ").replace(",", "."))
        self.full = row["TYPE"] == "Full"


def courses_of(clinic: legacy_clinic.Clinic) -> dict[tuple[str, str], list[Given]]:
    """What each course was given, by day; a touch-up outside days 7 to 28 after a full treatment is a full one."""
    found: dict[tuple[str, str], list[Given]] = defaultdict(list)
    for given in sorted((Given(row) for row in clinic.treatments), key=lambda g: (g.on, not g.full)):
        course = found[given.patient, given.area]
        if not given.full:
            before = [g.on for g in course if g.full]
            given.full = not before or not 7 <= (given.on - before[-1]).days <= 28
        course.append(given)
    return found


def fits_from(day: date, units: Decimal, given: list[Given]) -> date:
    """The day after the last one on which these units would make more than 400 within 84 days."""
    counted = [g for g in given if g.product == ALLERGAN]
    for ahead in range(400, -1, -1):
        on = day + timedelta(days=ahead)
        if units + sum(g.units for g in counted if 0 <= (on - g.on).days < 84) > 400:
            return on + timedelta(days=1)
    return day


def expected(clinic: legacy_clinic.Clinic) -> Iterator[tuple[tuple[str, str], tuple[date | None, ...]]]:
    courses = courses_of(clinic)
    everything: dict[str, list[Given]] = defaultdict(list)
    for (patient, _area), given in courses.items():
        everything[patient] += given
    born = {row["Id"]: date.fromisoformat(row["BIRTHDATE"]) for row in clinic.patients}
    blocks = defaultdict(list)
    for row in clinic.flags:
        if row["STOP"]:
            blocks[row["PATIENT"]].append((date.fromisoformat(row["START"]), date.fromisoformat(row["STOP"])))
    for (patient, area), given in courses.items():
        interval, low, high, age = NUMBERS[area]
        full = [g for g in given if g.full]
        last, effective = full[-1], [g for g in full if not g.expired]
        earliest = max(later(last.on, interval), later(born[patient], ("m", 12 * age)))
        if last.product == ALLERGAN:
            earliest = max(earliest, fits_from(last.on, last.units, everything[patient]))
        while inside := [stop for start, stop in blocks[patient] if start <= earliest < stop]:
            earliest = max(inside)
        due_from = due_until = earliest
        if effective:
            opens, closes = later(effective[-1].on, low), later(effective[-1].on, high)
            due_from = max(earliest, opens)
            due_until = earliest + (closes - opens) if earliest > opens else closes
        overdue = due_until + timedelta(days=1)
        lapsed = max(later(last.on, ("m", 12)), overdue)
        yield (
            (patient, area),
            (last.on, effective[-1].on if effective else None, earliest, due_from, due_until, overdue, lapsed),
        )


def stored() -> dict[tuple[str, str], tuple[date | None, ...]]:
    rows = Course.objects.values_list(
        "patient__source_id", "indication__code", "last_treated_on", "last_effective_on", "earliest_on", "due_from",
        "due_until", "overdue_from", "lapsed_from",
    )  # fmt: skip
    return {(patient, area): tuple(days) for patient, area, *days in rows}


def rejected(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def bring_in(folder: Path, *tables: str) -> None:
    for table in tables:
        rejects = folder / f"{table}-rejects.csv"
        call_command(f"import_{table}", folder / f"{table}.csv", rejects=rejects, verbosity=0, skip_checks=True)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [7, 11, 2025])
def test_dates_of_every_course_are_those_of_an_independent_calculation(seed, tmp_path):
    factories.load_catalogue()
    clinic = legacy_clinic.clinic(seed)
    clinic.write(tmp_path)

    bring_in(tmp_path, "patients", "treatments", "flags")

    assert stored() == dict(expected(clinic))
    assert len(rejected(tmp_path / "treatments-rejects.csv")) == len(clinic.spoilt)
    assert rejected(tmp_path / "patients-rejects.csv") == rejected(tmp_path / "flags-rejects.csv") == []


@pytest.mark.django_db
def test_flags_first_or_treatments_first_gives_the_same_dates_and_warnings(tmp_path):
    factories.load_catalogue()
    clinic = legacy_clinic.clinic(3)
    clinic.write(tmp_path)

    bring_in(tmp_path, "patients", "flags", "treatments")

    assert stored() == dict(expected(clinic))
    flags_first = warnings_by_day()
    assert any("pregnancy" in codes for codes in flags_first.values())

    with guards.lifted():
        for model in (Course.appointments.through, *models_of_treatments()):
            model.objects.all().delete()
    bring_in(tmp_path, "treatments", "flags")

    assert stored() == dict(expected(clinic))
    assert warnings_by_day() == flags_first


def models_of_treatments() -> list:
    from treatments.models import CourseTreatment, Flag, Injection  # noqa: PLC0415  beside their only use

    return [Injection, CourseTreatment, Treatment, Course, Flag]


def warnings_by_day() -> dict[str, list[str]]:
    rows = Treatment.objects.values_list("source_key", "findings")
    return {key: sorted(one["code"] for one in findings) for key, findings in rows}


@pytest.mark.django_db
def test_data_set_holds_what_the_calculation_must_get_right():
    """The comparison above proves nothing about what does not occur in it."""
    clinics = [legacy_clinic.clinic(seed) for seed in (7, 11, 2025)]
    dates = [(key, days, clinic) for clinic in clinics for key, days in expected(clinic)]

    touch_ups = {
        (given.on - max(g.on for g in course if g.full and g.on < given.on)).days
        for clinic in clinics
        for course in courses_of(clinic).values()
        for given in course
        if given.units <= 4 and any(g.full and g.on < given.on for g in course)
    }
    moved_by_block = [k for k, d, c in dates if any(row["STOP"] == d[2].isoformat() for row in c.flags)]
    held_back_by_dose = [k for k, d, _c in dates if k[1] == "chronic_migraine" and d[2] > d[0] + timedelta(days=84)]

    assert touch_ups >= {6, 7, 14, 28, 29}
    assert {key[1] for key, _days, _clinic in dates} == set(NUMBERS)
    assert any(days[0] != days[1] for _key, days, _clinic in dates), "no expired lot at the end of a course"
    assert any(days[1] is None for _key, days, _clinic in dates), "no course without an effective treatment"
    assert len(moved_by_block) > 3
    assert held_back_by_dose
