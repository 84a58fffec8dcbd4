"""What every import of an old system's file shares: its run, its outcome, and writing that no single row can stop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import TypeVar

from django.db import DataError, IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from treatments.models import Appointment, Patient
from treatments.models.fields import new_public_id
from treatments.services import courses
from treatments.services.import_files import Problem, Row, Sheet, Spoilt

CHUNK = 200  # rows of one transaction: short enough for the clinic to go on booking meanwhile
T = TypeVar("T")


def quietly(_n_done: int, _n_rows: int) -> None:
    """No progress line."""


@dataclass(frozen=True)
class Run:
    """How a file is to be imported, by whom and when."""

    by: str
    at: datetime
    date_order: str = "dmy"
    dry_run: bool = False
    progress: Callable[[int, int], None] = quietly

    @property
    def on(self) -> date:
        return timezone.localtime(self.at).date()


@dataclass
class Outcome:
    """What became of every row: imported, already there, or rejected. Warnings are about rows that came in."""

    sheet: Sheet
    n_imported: int = 0
    n_known: int = 0
    n_made: int = 0
    rejects: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rejects += self.sheet.broken

    @property
    def n_rows(self) -> int:
        return len(self.sheet.rows) + len(self.sheet.broken)

    def reject(self, row: Row, name: str, sentence: str) -> None:
        self.rejects.append(self._problem(row, name, sentence))

    def warn(self, row: Row, name: str, sentence: str) -> None:
        self.warnings.append(self._problem(row, name, sentence))

    def in_order(self) -> Outcome:
        self.rejects.sort(key=lambda problem: problem.line)
        self.warnings.sort(key=lambda problem: problem.line)
        return self

    def _problem(self, row: Row, name: str, sentence: str) -> Problem:
        return Problem(row.line, self.sheet.heading(name), row.text(name), sentence, row.original)


@dataclass(frozen=True, slots=True)
class Person:
    """A patient whom rows of a file are about."""

    pk: int
    public_id: str
    source_id: str
    born_on: date
    died_on: date | None


def people(sheet: Sheet) -> dict[str, Person]:
    """The patients that the rows name, by the old system's id; of a record that was merged, the one that was kept."""
    found: dict[str, Person] = {}
    for some in chunks(sorted({row.text("patient") for row in sheet.rows})):
        for named in Patient.objects.filter(source_id__in=some).select_related("merged_into"):
            kept = named
            while kept.merged_into is not None:
                kept = kept.merged_into
            if named.source_id:
                found[named.source_id] = Person(kept.pk, kept.public_id, named.source_id, kept.born_on, kept.died_on)
    return found


def person_of(row: Row, known: dict[str, Person]) -> Person:
    """The patient whom a row is about. `Spoilt` where the id is missing or nobody has it."""
    source_id = row.text("patient")
    if not source_id:
        raise Spoilt("patient", _("The patient's id is missing."))
    if source_id not in known:
        raise Spoilt("patient", _("No patient has this id. Import the patients first."))
    return known[source_id]


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some


def chunks_of_groups(groups: Iterable[list[T]], size: int = CHUNK) -> Iterator[list[list[T]]]:
    """Whole groups, together about `size` items: what belongs to one patient is written at once."""
    some: list[list[T]] = []
    for group in groups:
        some.append(group)
        if sum(map(len, some)) >= size:
            yield some
            some = []
    if some:
        yield some


def hold(ids: Collection[int]) -> None:
    """Hold these patients until what is written for them stands. Refused where one was merged since the file was read."""
    rows = Patient.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    if any(row.merged_into_id for row in rows):
        raise IntegrityError(_("A patient was merged into another one meanwhile."))


def write(items: Sequence[T], save: Callable[[Sequence[T]], None]) -> list[T]:
    """Save all in one transaction; where the database refuses, each alone. Returns those that it refused even so."""
    try:
        with transaction.atomic():
            save(items)
    except (IntegrityError, DataError):
        if len(items) == 1:
            return list(items)
        return [refused for item in items for refused in write([item], save)]
    return []


def fresh_ids(model: type[models.Model], n: int) -> list[str]:
    """Public ids that no row has: among many rows a chance id would meet an old one sooner or later."""
    found: set[str] = set()
    while len(found) < n:
        some = {new_public_id() for _i in range(n - len(found))}
        found |= some - set(model._default_manager.filter(public_id__in=some).values_list("public_id", flat=True))
    return list(found)


def facts_changed(ids: Collection[int], run: Run) -> None:
    """New dates for the courses of these patients, and their future visits judged again."""
    courses.refresh(ids, on=run.on)
    booked = Appointment.objects.upcoming(run.on).filter(patient__in=ids).values("patient")
    for patient in Patient.objects.filter(pk__in=booked).order_by("pk"):
        courses.rejudge(patient, by=run.by, at=run.at)
