"""How long is it from one treatment to the next, and how many come too early?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.formats import day
from treatments.models.patients import list_name
from treatments.queries import returns
from treatments.queries.returns import Person
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import LicenceRule, RuleBook
from treatments.rules.returns import Cycle, Dose
from treatments.rules.returns import cycles as in_cycles
from treatments.rules.small_groups import FEWEST, hidden, is_small
from treatments.rules.statistics import quantile
from treatments.views.chart_groups import Strip, strips_chart
from treatments.views.report_frame import (
    HIDDEN,
    SMALL_GROUPS,
    Asked,
    Cell,
    Column,
    Link,
    Picture,
    Report,
    Table,
    covered,
    not_enough,
    too_few,
)

NEEDED = 20
MOST_WEEKS, HALF_YEAR = 104, 26
QUESTION = gettext_lazy("How long is it from one treatment to the next?")
DEFINITION = (
    gettext_lazy(
        "Every two full treatments of one course that follow each other make an interval; it counts on the day "
        "of the second one. Both were given here, on days that are known. Touch-ups and voided treatments do "
        "not count. With an injector chosen: intervals that end with a treatment of theirs."
    ),
    gettext_lazy(
        "The line is the minimum interval of the catalogue for the product used most; the table names its "
        "source. A treatment is early where it was given before the minimum interval that was counted when the "
        "one before it was signed."
    ),
    gettext_lazy(
        "The middle half leaves out the shortest and the longest quarter. Longer than two years stands at the end."
    ),
    SMALL_GROUPS,
)


@dataclass
class Group:
    """The intervals of one indication, in days."""

    days: list[int] = field(default_factory=list)
    early: list[Cycle] = field(default_factory=list)
    products: Counter = field(default_factory=Counter)


def found(asked: Asked) -> dict[str, Group]:
    """The intervals that end in the period, by indication."""
    groups: dict[str, Group] = defaultdict(Group)
    scope = asked.scope
    for cycle in in_cycles(returns.doses(scope)):
        after = cycle.after
        if after is None or cycle.days is None or after.on < scope.first:
            continue
        if scope.indication not in ("", after.indication) or scope.injector not in ("", after.injector):
            continue
        group = groups[after.indication]
        group.days.append(cycle.days)
        group.products[cycle.dose.product] += 1
        if cycle.early:
            group.early.append(cycle)
    for group in groups.values():
        group.days.sort()
    return groups


def build(asked: Asked) -> Report:
    groups = found(asked)
    total, n_early = sum(len(g.days) for g in groups.values()), sum(len(g.early) for g in groups.values())
    if total < NEEDED:
        few = too_few(asked, of=_("intervals")) if total else _nobody(asked)
        return Report(few, missing=not_enough(total, NEEDED, of=_("intervals")), empty=not total)
    answer, book, sizes, earlies = _answer(groups, total, n_early, asked), rulebook(asked.on), *_numbers(groups)
    drawn = sorted((c for c in groups if isinstance(sizes[c], int)), key=lambda code: -len(groups[code].days))
    strips = [_strip(code, groups[code], book, marks=isinstance(earlies[code], int)) for code in drawn]
    longest = max((week for strip in strips for week in strip.weeks), default=1)
    until = min(MOST_WEEKS, HALF_YEAR * -(-longest // HALF_YEAR))
    title = _("Weeks from one full treatment to the next, by indication")
    pictures = []
    if strips:
        chart = strips_chart(strips, ref="intervals", title=title, sentence=answer, until=until)
        pictures.append(Picture("components/charts/strips.html", chart))
    missing = "" if strips else _("There is no picture: it would tell how many are in a group under five.")
    return Report(answer, pictures=pictures, tables=[_table(groups, book, asked)], missing=missing)


def _numbers(groups: dict[str, Group]) -> tuple[dict[str, Cell], dict[str, Cell]]:
    """By indication the intervals and the early ones, as they are shown: the sums of both stand in the answer."""
    found: list[dict[str, Cell]] = []
    for numbers in ([len(g.days) for g in groups.values()], [len(g.early) for g in groups.values()]):
        gone = hidden(numbers, total_shown=True)
        places = enumerate(zip(groups, numbers, strict=True))
        found.append({code: covered(number, gone=place in gone) for place, (code, number) in places})
    return found[0], found[1]


def _nobody(asked: Asked) -> str:
    return _("Nobody had a second treatment %(words)s.") % {"words": asked.words()}


def _answer(groups: dict[str, Group], total: int, n_early: int, asked: Asked) -> str:
    days = sorted(length for group in groups.values() for length in group.days)
    numbers = ngettext("%(n)d interval", "%(n)d intervals", total) % {"n": total}
    said = _("The middle one of %(numbers)s %(words)s is %(weeks).1f weeks") % {
        "numbers": numbers,
        "words": asked.words(),
        "weeks": quantile(days, 0.5) / 7,
    }
    if not n_early:
        return said + _("; none was shorter than the minimum interval.")
    if is_small(n_early):
        return said + _("; %(few)s were shorter than the minimum interval.") % {"few": HIDDEN}
    early = ngettext("%(n)d was shorter", "%(n)d were shorter", n_early) % {"n": n_early}
    return said + _("; %(early)s than the minimum interval.") % {"early": early}


def _floor(code: str, group: Group, book: RuleBook) -> LicenceRule:
    return book.licence(group.products.most_common(1)[0][0], code)


def _name(code: str, book: RuleBook) -> str:
    return book.indications[code].short_name if code in book.indications else code


def _strip(code: str, group: Group, book: RuleBook, *, marks: bool) -> Strip:
    """`marks`: the early ones are told apart."""
    floor = _floor(code, group, book)
    weeks = [length // 7 for length in group.days]
    early = frozenset(cycle.days // 7 for cycle in group.early if marks and cycle.days is not None)
    middle = quantile(group.days, 0.5) / 7
    return Strip(
        _name(code, book),
        _("%(n)d intervals") % {"n": len(group.days)},
        weeks,
        early,
        quantile(group.days, 0.25) / 7,
        middle,
        quantile(group.days, 0.75) / 7,
        floor.min_interval.rough_days / 7,
        _("at least %(length)s") % {"length": floor.min_interval},
        _("%(weeks).1f weeks") % {"weeks": middle},
    )


def _table(groups: dict[str, Group], book: RuleBook, asked: Asked) -> Table:
    columns = [
        Column(_("Indication")), Column(_("Intervals"), True), Column(_("Middle, weeks"), True),
        Column(_("Middle half, weeks")), Column(_("Too early"), True), Column(_("Minimum interval")), Column(_("Source")),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    sizes, earlies = _numbers(groups)
    for code in sorted(groups, key=lambda code: _name(code, book)):
        group, floor = groups[code], _floor(code, groups[code], book)
        brand = book.products[floor.product].brand if floor.product in book.products else _("any product")
        length = _("%(length)s, %(brand)s") % {"length": floor.min_interval, "brand": brand}
        rows.append(
            [
                _name(code, book),
                sizes[code],
                *_spread(group.days),
                _early(earlies[code], code, asked),
                length,
                floor.source,
            ]
        )
    return Table("indications", _("By indication"), columns, rows, folded=True)


def _spread(days: Sequence[int]) -> list[Cell]:
    if len(days) < FEWEST:
        return [None, None]
    low, middle, high = (quantile(days, share) / 7 for share in (0.25, 0.5, 0.75))
    return [round(middle, 1), f"{low:.1f} – {high:.1f}"]


def _early(number: Cell, code: str, asked: Asked) -> Cell:
    """How many; for whoever may see names with the way to their list."""
    if not number or not asked.names:
        return number
    data = {"first": asked.scope.first.isoformat(), "last": asked.scope.last.isoformat(), "indication": code}
    if asked.scope.injector and asked.own is None:
        data["injector"] = asked.scope.injector
    return Link(str(number), f"{reverse('report_early')}?{urlencode(data)}")


def early_columns() -> list[Column]:
    return [
        Column(_("Day")), Column(_("Patient")), Column(_("For")), Column(_("Injector")), Column(_("Treated before on")),
        Column(_("Not again before")), Column(_("Days too early"), True),
    ]  # fmt: skip


def early_row(cycle: Cycle, after: Dose, person: Person, names: dict[str, str]) -> list[Cell]:
    """A line of the list of early treatments."""
    floor = cycle.dose.not_again_before
    name = f"{list_name(person.family_name, person.given_name)} {person.public_id}"
    return [
        Link(day(after.on), reverse("treatment", args=[after.ref])),
        Link(name, reverse("patient", args=[person.public_id])),
        names.get(after.indication, after.indication),
        after.injector,
        cycle.dose.on,
        floor,
        (floor - after.on).days if floor else None,
    ]
