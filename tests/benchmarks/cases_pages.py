"""What is measured, but for the call list: pages against a signed-in page that does nothing, SQL against the bare statement, imports against csv."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from clinic import permissions
from clinic.models import User
from tests.benchmarks.generator import SEED, Clinic
from tests.benchmarks.measure import Asked, SignedIn, interleaved, pages, rates, rows, sql_of, table
from tests.treatments.commands import legacy_clinic
from treatments.models import Appointment, Patient, Treatment
from treatments.queries import patients as find

FULL = 100_000  # patients at scale 1
EMPTY = "signed-in empty view"


def clinic_of(scale: float) -> Clinic:
    return Clinic(timezone.localdate(), n_staff=max(4, int(FULL * scale / 2500)))


def signed_in() -> SignedIn:
    permissions.make_roles()
    user = User.objects.create(username="benchmark")
    user.groups.add(Group.objects.get(name="reception"))
    return SignedIn(user)


@pages()
def patient(asked: Asked) -> str:
    """P10: the page of somebody with one treatment, and of the one with the most."""
    clinic_of(asked.scale).grow_to(int(FULL * asked.scale))
    person = signed_in()
    by_length = Patient.objects.annotate(n=Count("treatments")).order_by("n", "pk").values_list("public_id", "n")
    sides: dict[str, Callable[[], object]] = {EMPTY: lambda: person.get("/nothing/")}
    for public_id, number in (by_length.first(), by_length.last()):
        address = f"/patients/{public_id}/"
        person.get(address)  # the second visit, whom this person opened last does not change any more
        n_queries = len(sql_of(lambda address=address: person.get(address)))
        name = f"patient page, {number} treatments, {n_queries} statements"
        sides[name] = lambda address=address: person.get(address)
    return table(f"The patient page, {size()}", interleaved(sides, rounds=asked.rounds))


@pages()
def search(asked: Asked) -> str:
    """P11, P3: search by name among a tenth of the patients and among all."""
    clinic, person, parts = clinic_of(asked.scale), signed_in(), []
    for number in (int(FULL * asked.scale / 10), int(FULL * asked.scale)):
        clinic.grow_to(number)
        someone = Patient.objects.order_by("pk")[number // 2]
        typed = {"full name": f"{someone.given_name} {someone.family_name}", "five letters": someone.family_name[:5],
                 "two letters": someone.family_name[:2], "telephone": someone.phone}  # fmt: skip
        sides: dict[str, Callable[[], object]] = {EMPTY: lambda: person.get("/nothing/")}
        for name, text in typed.items():
            sides[f"typed: {name}"] = lambda text=text: person.type_into("/patients/", q=text)
        parts.append(table(f"Search, {size()}", interleaved(sides, rounds=asked.rounds)))
        prefix = someone.family_name[:5].lower()
        sent = sql_of(lambda prefix=prefix: list(find.search(prefix)[:51]))
        by_sql = {
            "bare prefix range": lambda prefix=prefix: rows(_BARE_SEARCH.format(first=prefix, after=prefix + "~")),
            "the page's statement": lambda sent=sent: rows(*sent),
            "contains, no index": lambda prefix=prefix: rows(_BY_SCAN.format(text=prefix)),
        }
        parts.append(table("SQL of five letters", interleaved(by_sql, rounds=asked.rounds)))
    return "\n".join(parts)


def imports(asked: Asked) -> str:
    """P12: each file of an old system against reading it with csv; every import is taken back again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        legacy_clinic.clinic(SEED, max(10, int(FULL * asked.scale / 20))).write(folder)
        parts = []
        for file in ("patients", "treatments", "flags"):
            path = folder / f"{file}.csv"
            n_rows = len(_read(path))
            sides = {"csv.DictReader": lambda path=path: _read(path), f"import_{file}": _importing(file, path)}
            figures = interleaved(sides, rounds=asked.rounds)
            parts.append(table(f"{file}: {n_rows:,} rows", figures) + rates(n_rows, figures, "rows"))
            call_command(f"import_{file}", path, verbosity=0)  # what the next file is about
    return "\n".join(parts)


def _importing(file: str, path: Path) -> Callable[[], None]:
    def run() -> None:
        with transaction.atomic():
            call_command(f"import_{file}", path, verbosity=0)
            transaction.set_rollback(True)

    return run


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def size() -> str:
    numbers = (
        f"{model.objects.count():,} {model._meta.verbose_name_plural}" for model in (Patient, Treatment, Appointment)
    )
    return ", ".join(numbers)


_BARE_SEARCH = """
SELECT DISTINCT p.id, p.public_id, p.family_name, p.given_name, p.born_on, p.phone FROM treatments_searchkey k
JOIN treatments_patient p ON p.id = k.patient_id WHERE k.key >= '{first}' AND k.key < '{after}'
ORDER BY p.family_name, p.given_name, p.id LIMIT 51"""
_BY_SCAN = """
SELECT p.id, p.public_id, p.family_name, p.given_name, p.born_on, p.phone FROM treatments_patient p
WHERE lower(p.family_name) LIKE '%{text}%' OR lower(p.given_name) LIKE '%{text}%'
ORDER BY p.family_name, p.given_name, p.id LIMIT 51"""
