"""What every report is made of: a question, its answer in a sentence, pictures, tables, and how it is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.formats import day, moment
from treatments.forms.reports import ReportFilters
from treatments.queries.returns import Scope
from treatments.rules.small_groups import FEWEST, is_small

Words = str | Promise


class Hidden:
    """A number that is not shown, because a person could be guessed from it."""

    def __str__(self) -> str:
        return _("fewer than %(n)d") % {"n": FEWEST}


class Covered:
    """A number that is not shown, because it would give away a hidden one beside it."""

    def __str__(self) -> str:
        return _("not shown")


HIDDEN, COVERED = Hidden(), Covered()


class Link(NamedTuple):
    text: str
    url: str


class Column(NamedTuple):
    """`numeric`: its cells end at one line."""

    label: Words
    numeric: bool = False


Cell = str | int | float | date | datetime | Link | Hidden | Covered | None


@dataclass
class Table:
    """`folded`: the numbers of a picture, in a fold right after it."""

    slug: str
    caption: Words
    columns: Sequence[Column]
    rows: list[list[Cell]] = field(default_factory=list)
    folded: bool = False
    note: str = ""


class Heat(NamedTuple):
    """A cell of a table that is a picture too: its number decides, its tint follows. `tint`: 0 to 5, or a word."""

    text: str
    sub: str
    tint: str


@dataclass
class HeatTable:
    caption: Words
    head: list[str]
    rows: list[tuple[str, str, list[Heat]]] = field(default_factory=list)


class Picture(NamedTuple):
    """A drawing and the template that draws it."""

    template: str
    chart: Any


@dataclass
class Report:
    """`answer` answers the question in one sentence. `missing`: why there is no picture, "" where there is one."""

    answer: str
    pictures: list[Picture] = field(default_factory=list)
    heat: HeatTable | None = None
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: str = ""
    empty: bool = False
    file: str = ""

    @property
    def main(self) -> Table | None:
        """The table that is the report's CSV file: the one that is named, else the first."""
        return next(
            (table for table in self.tables if table.slug == self.file), self.tables[0] if self.tables else None
        )


@dataclass(frozen=True)
class Asked:
    """What the address asks for, by whom. `own`: the injector whose figures alone may be seen, None
    for everybody's. `names`: patients may be named."""

    on: date
    at: datetime
    form: ReportFilters
    names: bool
    own: str | None
    username: str
    weeks: int = 8
    scope: Scope = field(default_factory=lambda: Scope(date.min, date.min))

    @property
    def whole_clinic(self) -> bool:
        return self.own is None and not self.scope.indication and not self.scope.injector

    def words(self) -> str:
        """The period and what it is narrowed to, for a sentence."""
        said = [_("from %(first)s to %(last)s") % {"first": day(self.scope.first), "last": day(self.scope.last)}]
        if self.scope.indication and "indication" in self.form.fields:
            choices = dict(self.form.fields["indication"].choices)  # type: ignore[attr-defined]
            said.append(str(choices.get(self.scope.indication, self.scope.indication)).lower())
        if self.scope.injector and self.own is None:
            said.append(self.scope.injector)
        return ", ".join(said)


@dataclass(frozen=True)
class Kind:
    """One question. `permission`: who may ask it; `own`: an injector may ask it about their own work.

    `usual_days`: the period where none is asked for. `definition`: how it is counted, one paragraph each.
    """

    slug: str
    question: Words
    build: Callable[[Asked], Report]
    definition: Sequence[Words]
    fields: Sequence[str] = ("first", "last", "indication", "injector")
    permission: str = "treatments.view_closedmonth"
    own: bool = True
    usual_days: int = 365


SMALL_GROUPS = gettext_lazy(
    "Groups under five are not shown where a person could be guessed; a number beside a hidden one is left out where the "
    "two would tell each other."
)


def not_enough(have: int, needed: int, *, of: str) -> str:
    """The sentence that stands where a picture would say more than is known."""
    said = {"of": of, "n": HIDDEN if is_small(have) else have, "needed": needed}
    return _("Not enough %(of)s yet: %(n)s of %(needed)d needed for this picture.") % said


def too_few(asked: Asked, *, of: str) -> str:
    """The answer where there are some, and too few to say more than that."""
    return _("There are not enough %(of)s to answer this, %(words)s.") % {"of": of, "words": asked.words()}


def covered(number: int, *, gone: bool) -> Cell:
    """A number, or why it is not shown. `gone`: by `small_groups.hidden`."""
    return number if not gone else HIDDEN if is_small(number) else COVERED


def share(part: int, whole: int) -> str:
    """18 of 24, 75 %."""
    if not whole:
        return _("none")
    return _("%(part)d of %(whole)d, %(share)d %%") % {
        "part": part,
        "whole": whole,
        "share": round(100 * part / whole),
    }


def n_people(number: int) -> str:
    return ngettext("%(n)d person", "%(n)d people", number) % {"n": number}


def plain(cell: Cell) -> str | int | float | date:
    """A cell as a file holds it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{timezone.localtime(cell):%Y-%m-%d %H:%M}"
    if isinstance(cell, Link):
        return int(cell.text) if cell.text.isdecimal() else cell.text
    return cell if isinstance(cell, int | float | date) else str(cell)


def shown(cell: Cell) -> dict[str, Any]:
    """A cell as a page shows it."""
    if isinstance(cell, Link):
        return {"text": cell.text, "url": cell.url}
    if isinstance(cell, Hidden | Covered):
        return {"text": str(cell), "hatched": True}
    if isinstance(cell, float):
        return {"text": f"{cell:.1f}"}
    if isinstance(cell, datetime):
        return {"text": moment(cell)}
    return {"text": day(cell) if isinstance(cell, date) else "" if cell is None else str(cell)}
