"""Files like those an old system exports: seeded, of any size, with the spoilt rows that real ones have."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

PATIENTS = (
    "Id", "PREFIX", "FIRST", "LAST", "BIRTHDATE", "DEATHDATE", "GENDER", "ADDRESS", "CITY", "ZIP", "MOBILE", "EMAIL",
    "CONTACT_OK",
)  # fmt: skip
TREATMENTS = (
    "PATIENT", "DATE", "PRODUCT", "AREA", "UNITS", "LOT", "EXPIRY", "INJECTOR", "TYPE", "WORE_OFF", "NOTE",
)  # fmt: skip
FLAGS = ("PATIENT", "FLAG", "START", "STOP", "SOURCE")

LAST_DAY = date(2024, 11, 22)
SPELLINGS = {
    "botox": ("Botox", "BOTOX", "Botox 100U"),
    "xeomin": ("Xeomin", "XEOMIN"),
    "dysport": ("Dysport",),
    "glabellar_lines": ("Glabella", "glabella", "Frown lines"),
    "forehead_lines": ("Forehead", "forehead lines"),
    "lateral_canthal_lines": ("Crow's feet", "Crows feet", "LCL"),
    "chronic_migraine": ("Chronic migraine (PREEMPT)",),
    "cervical_dystonia": ("Cervical dystonia", "torticollis"),
}
UNITS = {"botox": "20", "xeomin": "20", "dysport": "50"}
FACE = ("glabellar_lines", "forehead_lines", "lateral_canthal_lines")
SPOILT = (
    ("date that does not exist", "DATE", "31/02/2024"),
    ("date in the future", "DATE", "05/05/2131"),
    ("unknown patient", "PATIENT", "no-such-patient"),
    ("unknown product", "PRODUCT", "Botulex Gold"),
    ("units not above zero", "UNITS", "-4"),
    ("units not a number", "UNITS", "lots"),
    ("units missing", "UNITS", ""),
    ("unknown area", "AREA", "Left elbow"),
    ("date before birth", "DATE", "01/01/1901"),
    ("units above any label", "UNITS", "4000"),
)


@dataclass
class Clinic:
    """The rows of the three files; `spoilt` holds those treatments that nobody can enter."""

    random: random.Random
    patients: list[dict[str, str]] = field(default_factory=list)
    treatments: list[dict[str, str]] = field(default_factory=list)
    flags: list[dict[str, str]] = field(default_factory=list)
    spoilt: list[dict[str, str]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        rows = [*self.treatments, *self.spoilt]
        self.random.shuffle(rows)
        for name, headings, some, encoding in (
            ("patients", PATIENTS, self.patients, "utf-8"),
            ("treatments", TREATMENTS, rows, "utf-8-sig"),
            ("flags", FLAGS, self.flags, "utf-8"),
        ):
            with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
                writer = csv.DictWriter(file, headings, restval="")
                writer.writeheader()
                writer.writerows(some)


def clinic(seed: int, n_patients: int = 60) -> Clinic:
    made = Clinic(random.Random(seed))
    for number in range(n_patients):
        _patient(made, f"old-{seed}-{number}", number)
    for _cause, column, value in SPOILT:
        made.spoilt.append(made.random.choice(made.treatments) | {column: value, "NOTE": "spoilt"})
    twice = next(row for row in made.treatments if row["TYPE"] == "Full")
    made.spoilt.append(dict(twice))
    return made


def _patient(made: Clinic, source_id: str, number: int) -> None:
    born_on = date(1950 + number % 50, 1 + number % 12, 1 + number % 28)
    if number % 12 == 5:
        born_on = made.random.choice((date(2007, 2, 28), date(2008, 2, 29), date(2006, 12, 31)))
    made.patients.append(
        {
            "Id": source_id,
            "FIRST": f"Given{number}",
            "LAST": f"Family{number}",
            "BIRTHDATE": born_on.isoformat(),
            "GENDER": "F",
            "CONTACT_OK": made.random.choice("YN ").strip(),
        }
    )
    _history(made, source_id, number)
    _flags(made, source_id, number)


def _history(made: Clinic, source_id: str, number: int) -> None:
    """Visits of the face with touch-ups around their limits; some patients also have neck or migraine treatments."""
    pick = made.random
    product = pick.choice(("botox", "botox", "xeomin", "dysport"))
    areas = pick.sample(FACE, pick.randint(1, 3))
    day = LAST_DAY - timedelta(days=pick.randint(30, 1500))
    while day <= LAST_DAY:
        for area in areas:
            _row(made, source_id, day, product, area, UNITS[product])
        after = pick.choice((None, None, 6, 7, 14, 28, 29))
        if after and day + timedelta(days=after) <= LAST_DAY:
            for area in areas[: pick.randint(1, len(areas))]:
                _row(made, source_id, day + timedelta(days=after), product, area, "4", kind="Touch-up")
        day += timedelta(days=pick.choice((70, 90, 92, 120, 123, 150, 400)))
        product = pick.choice((product, product, "botox"))
    if number % 3 == 0:
        day = LAST_DAY - timedelta(days=pick.randint(1, 700))
        while day <= LAST_DAY:
            _row(made, source_id, day, "botox", "chronic_migraine", pick.choice(("155", "195")))
            day += timedelta(days=pick.choice((77, 84, 85, 98, 99)))
    if number % 4 == 0:
        _row(made, source_id, LAST_DAY - timedelta(days=pick.randint(0, 120)), "botox", "cervical_dystonia", "250")


def _row(made: Clinic, source_id: str, day: date, product: str, area: str, units: str, *, kind: str = "Full") -> None:
    pick = made.random
    # The lot belongs to the day, so that all areas of a visit share it; some days it had expired, or did so that day.
    expires_on = {0: day - timedelta(days=1), 1: day}.get(day.toordinal() % 9, day + timedelta(days=300))
    made.treatments.append(
        {
            "PATIENT": source_id,
            "DATE": f"{day:%d/%m/%Y}",
            "PRODUCT": pick.choice(SPELLINGS[product]),
            "AREA": pick.choice(SPELLINGS[area]),
            "UNITS": units + pick.choice(("", ".0", "u", " U", ",0")),
            "LOT": f"L{day:%y%m%d}",
            "EXPIRY": f"{expires_on:%d/%m/%Y}",
            "INJECTOR": pick.choice(("R. Osei", "R. Osei", "T. Lin")) if area == "chronic_migraine" else "R. Osei",
            "TYPE": kind,
        }
    )


def _flags(made: Clinic, source_id: str, number: int) -> None:
    """Blocks that end before, on and after the day the floor allows; some start later, some have no end."""
    pick = made.random
    if number % 2:
        return
    starts_on = LAST_DAY + timedelta(days=pick.randint(-500, 120))
    for name in pick.sample(("Pregnancy", "Breastfeeding", "Aminoglycoside course"), pick.randint(1, 3)):
        ends_on = starts_on + timedelta(days=pick.choice((0, 14, 100, 280)))
        stop = "" if pick.random() < 0.15 else ends_on.isoformat()
        made.flags.append({"PATIENT": source_id, "FLAG": name, "START": starts_on.isoformat(), "STOP": stop})
        starts_on = ends_on + timedelta(days=pick.choice((0, 0, 1, -5)))
