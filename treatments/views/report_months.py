"""The months of a report: closed ones as they were stored, with what changed since; open ones as they are now."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.formats import day
from treatments.queries import closed_months
from treatments.queries.closed_months import Closed, Late
from treatments.queries.month_figures import AS_THEY_STOOD, MONTHLY, Figures, months
from treatments.rules.periods import add_months
from treatments.rules.returns import quarter_of
from treatments.rules.small_groups import hidden, is_small
from treatments.services.months import closes_on
from treatments.views.report_frame import COVERED, Asked, Cell, Column, Kind, Table, covered

LABELS = {
    "intervals": {
        "treatments": gettext_lazy("Full treatments"),
        "returns": gettext_lazy("Returns"),
        "early": gettext_lazy("Too early"),
        "middle_days": gettext_lazy("Middle interval, days"),
    },
    "on-time": {"ended": gettext_lazy("Windows that ended"), "on_time": gettext_lazy("On time")},
    "retention": {
        "reached": gettext_lazy("First year over"),
        "back": gettext_lazy("Back within it"),
    },
    "overrides": {"overrides": gettext_lazy("Overrides"), "prescribers": gettext_lazy("Prescribers")},
    "contacts": {
        "sent": gettext_lazy("Reminders sent"),
        "failed": gettext_lazy("Failed"),
        "contacts": gettext_lazy("Calls logged"),
    },
    "due": {
        "due": gettext_lazy("Due"),
        "overdue": gettext_lazy("Overdue"),
        "lapsed": gettext_lazy("Lapsed"),
    },
    "data-quality": {
        "all": gettext_lazy("Patients"),
        "phone": gettext_lazy("No telephone number"),
        "questions": gettext_lazy("Questions never asked"),
        "reminders": gettext_lazy("Reminders not asked"),
        "window": gettext_lazy("No window"),
        "doubt": gettext_lazy("Doubtful"),
    },
}
SLUG, OPEN = "months", 3  # so many stand open, earlier ones in a fold
MOST_MONTHS = 12  # the latest ones of the period
OF_PATIENTS = {  # figures in which a small number could point to a person
    "intervals": ("early",),
    "on-time": ("ended", "on_time"),
    "retention": ("reached", "back"),
}
BEHIND = {"middle_days": "returns"}  # what so few are behind tells of single people
CLOSING = gettext_lazy(
    "A month closes on the 3rd of the next one. Its figures then stay as they are; later changes are listed under them."
)


def table(kind: Kind, asked: Asked) -> Table | None:
    """The whole months of the period; None where they are not the clinic's, or none is over."""
    if not asked.whole_clinic:
        return None
    if kind.slug in MONTHLY:
        return _counted(kind, asked)
    return _stood(kind, asked) if kind.slug in AS_THEY_STOOD else None


def _counted(kind: Kind, asked: Asked) -> Table | None:
    wanted = months(asked.scope.first, min(asked.scope.last, asked.on))[-MOST_MONTHS:]
    if not wanted:
        return None
    last = add_months(wanted[-1], 1) - timedelta(days=1)
    now = MONTHLY[kind.slug](wanted[0], last, asked.at)
    closed = closed_months.closed(kind.slug, wanted[0], last)
    late = closed_months.late_changes({m: c.closed_at for m, c in closed.items()}) if kind.slug == "intervals" else {}
    figures = {month: closed[month].figures if month in closed else now.get(month, {}) for month in wanted}
    cells, cells_now = _cells(kind.slug, figures), _cells(kind.slug, {month: now.get(month, {}) for month in wanted})
    rows: list[list[Cell]] = []
    for month in reversed(wanted):
        names = [name for name in LABELS[kind.slug] if now.get(month, {}).get(name, 0) != figures[month].get(name, 0)]
        changed = {name: cells_now[month][name] for name in names}
        state = _state(kind.slug, month, closed.get(month), changed, late.get(month), asked.on)
        rows.append([f"{month:%b-%Y}", *cells[month].values(), state])
    columns = [
        Column(_("Month")),
        *(Column(label, True) for label in LABELS[kind.slug].values()),
        Column(_("State, and what changed since")),
    ]
    return Table(SLUG, _("By month, for the whole clinic"), columns, rows, note=str(CLOSING))


def _cells(slug: str, figures: dict[date, Figures]) -> dict[date, dict[str, Cell]]:
    """What is shown of each month, or why it is not."""
    cells: dict[date, dict[str, Cell]] = {month: {} for month in figures}
    for name in LABELS[slug]:
        numbers = {month: found.get(name, 0) for month, found in figures.items()}
        gone = _gone(slug, numbers) if name in OF_PATIENTS.get(slug, ()) else set()
        for month, number in numbers.items():
            known, few = name in figures[month], is_small(figures[month].get(BEHIND.get(name, ""), 0))
            cells[month][name] = (COVERED if few else covered(number, gone=month in gone)) if known else None
    return cells


def _gone(slug: str, numbers: dict[date, int]) -> set[date]:
    """The months whose number is not shown. The sum of all may stand in the answer, and that of each quarter in the
    table above, so in both one hidden number hides another."""
    sums = [list(numbers)]
    if slug == "retention":
        sums += [list(quarter) for _first, quarter in groupby(numbers, key=quarter_of)]
    return {one[place] for one in sums for place in hidden([numbers[month] for month in one], total_shown=True)}


def _state(slug: str, month: date, closed: Closed | None, now: dict[str, Cell], late: Late | None, on: date) -> str:
    """`now`: the figures that would be others now."""
    if closed is None:
        last = closes_on(month)
        return _("Open, closes on %(day)s") % {"day": day(last)} if last >= on else _("Was never closed")
    said = _("Closed %(day)s.") % {"day": day(timezone.localtime(closed.closed_at).date())}
    changed = [
        _("%(label)s would now be %(number)s") % {
            "label": str(LABELS[slug][name]).lower() if n else str(LABELS[slug][name]),
            "number": str(number),
        }
        for n, (name, number) in enumerate(now.items())
    ]  # fmt: skip
    what = _late(late) if late else ""
    if not changed and not what:
        return said
    parts = ([_("Since closed: %(what)s.") % {"what": what}] if what else []) + (
        [f"{', '.join(changed)}."] if changed else []
    )
    return " ".join([said, *parts])


def _late(late: Late) -> str:
    words = [
        ngettext("%(n)d treatment added", "%(n)d treatments added", late.added) % {"n": late.added}
        if late.added
        else "",
        _("%(n)d amended") % {"n": late.amended} if late.amended else "",
        _("%(n)d voided") % {"n": late.voided} if late.voided else "",
    ]
    return ", ".join(word for word in words if word)


def _stood(kind: Kind, asked: Asked) -> Table | None:
    """Figures that nobody can count again: as they stood when each of the last twelve months closed."""
    closed: dict[date, Any] = closed_months.closed(kind.slug, date(asked.on.year - 1, asked.on.month, 1), asked.on)
    if not closed:
        return None
    rows: list[list[Cell]] = [
        [f"{month:%b-%Y}", *(row.figures.get(name) for name in LABELS[kind.slug]), row.closed_at]
        for month, row in sorted(closed.items(), reverse=True)
    ]
    columns = [Column(_("Month")), *(Column(label, True) for label in LABELS[kind.slug].values()), Column(_("As of"))]
    return Table(SLUG, _("As it stood when each month closed"), columns, rows)
