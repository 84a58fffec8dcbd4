"""How many are treated again on time? By indication and injector, on one scale, in the order of their names."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from treatments.queries.month_figures import windows
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import RuleBook
from treatments.rules.returns import FIXED_GRACE_DAYS
from treatments.rules.small_groups import hidden, is_small, share_is_shown
from treatments.rules.statistics import wilson
from treatments.views.chart_groups import Row, rows_chart
from treatments.views.report_frame import (
    COVERED,
    HIDDEN,
    SMALL_GROUPS,
    Asked,
    Cell,
    Column,
    Picture,
    Report,
    Table,
    covered,
    not_enough,
    share,
    too_few,
)

NEEDED = 20
SHARES = ((0, "0 %"), (25, "25 %"), (50, "50 %"), (75, "75 %"), (100, "100 %"))
QUESTION = gettext_lazy("How many are treated again on time?")
DEFINITION = (
    gettext_lazy(
        "Each full treatment opens a window by the schedule of its indication, or as it was set by hand. It "
        "counts on the last good day of that window. On time: the next full treatment of the course was given "
        "by that day, and not before the minimum interval."
    ),
    gettext_lazy(
        "Fixed schedules name one day; %(n)d more days count as on time. Examinations instead of a repeat, sub-"
        "standard doses, treatments elsewhere or on doubtful days, and courses that were stopped before their "
        "window ended are left out."
    ),
    gettext_lazy(
        "The injector is the one who gave the treatment that opened the window. Patients differ from injector "
        "to injector: this is no ranking, and the line shows how far chance alone may have moved a share (95 %,"
        " Wilson)."
    ),
    SMALL_GROUPS,
)


def definition() -> list[str]:
    return [str(words).replace("%(n)d", str(FIXED_GRACE_DAYS)) for words in DEFINITION]


def build(asked: Asked) -> Report:
    book = rulebook(asked.on)
    whole, timely = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for cycle, _until, on_time in windows(asked.scope, on=asked.on, book=book):
        key = cycle.dose.indication, cycle.dose.injector or _("not recorded")
        whole[key] += 1
        timely[key] += on_time
    total, part = whole.total(), timely.total()
    if not total:
        return Report(_("No window ended %(words)s.") % {"words": asked.words()}, empty=True,
                      missing=not_enough(0, NEEDED, of=_("windows")))  # fmt: skip
    if total < NEEDED:
        return Report(too_few(asked, of=_("windows")), missing=not_enough(total, NEEDED, of=_("windows")))
    answer = _answer(part, total, asked)
    return Report(answer, pictures=_pictures(whole, timely, book), tables=[_table(whole, timely, book)])


def _answer(part: int, total: int, asked: Asked) -> str:
    number = ngettext("%(n)d window", "%(n)d windows", total) % {"n": total}
    said = {"number": number, "words": asked.words(), "part": part, "share": round(100 * part / total)}
    if is_small(part):
        return _("Of %(number)s that ended %(words)s, %(few)s saw the next treatment on time.") % (
            said | {"few": HIDDEN}
        )
    return _("Of %(number)s that ended %(words)s, %(part)d saw the next treatment on time: %(share)d %%.") % said


def _name(code: str, book: RuleBook) -> str:
    return book.indications[code].short_name if code in book.indications else code


Cells = list[tuple[str, Cell, Cell]]


def _people(code: str, whole: Counter, timely: Counter) -> Cells:
    """The injectors of an indication by name, with how many windows ended and how many were on time.

    The sum of all stands beside them: what it would tell of a group under five is not shown either.
    """
    people = sorted(who for area, who in whole if area == code)
    sizes, parts = [whole[code, who] for who in people], [timely[code, who] for who in people]
    if code in _covered_codes(whole, timely):
        return [(who, covered(size, gone=True), COVERED) for who, size in zip(people, sizes, strict=True)]
    total = len(people) > 1
    gone = hidden(sizes, total_shown=total) | hidden(parts, total_shown=total)
    lines: Cells = []
    for place, who in enumerate(people):
        size, part = sizes[place], parts[place]
        if place in gone or not share_is_shown(part, size):
            small = is_small(size) or is_small(part)
            lines.append((who, HIDDEN if is_small(size) else size, HIDDEN if small else COVERED))
        else:
            lines.append((who, size, part))
    return lines


def _covered_codes(whole: Counter, timely: Counter) -> set[str]:
    """The indications of which nothing is shown: the sum of all in the answer would tell of one under five."""
    codes = sorted({code for code, _who in whole})
    gone: set[int] = set()
    for numbers in (whole, timely):
        sums = [sum(number for (area, _who), number in numbers.items() if area == code) for code in codes]
        gone |= hidden(sums, total_shown=len(codes) > 1)
    return {codes[place] for place in gone} if len(codes) > 1 else set()


def _codes(whole: Counter, book: RuleBook) -> list[str]:
    return sorted({code for code, _who in whole}, key=lambda code: _name(code, book))


def _pictures(whole: Counter, timely: Counter, book: RuleBook) -> list[Picture]:
    """One panel for each indication of which something may be shown, all on one scale; the injectors by name."""
    pictures = []
    for code in _codes(whole, book):
        people = _people(code, whole, timely)
        size = sum(number for (area, _who), number in whole.items() if area == code)
        part = sum(number for (area, _who), number in timely.items() if area == code)
        rows = [_row(*line) for line in people]
        if len(people) > 1 and share_is_shown(part, size) and code not in _covered_codes(whole, timely):
            rows.insert(0, _row(_("All"), size, part))
        if all(row.value is None for row in rows):
            continue
        chart = rows_chart(
            rows,
            ref=f"on-time-{code.replace('_', '-')}",
            title=_("Treated again on time, %(name)s") % {"name": _name(code, book).lower()},
            sentence=f"{_name(code, book)}: {'; '.join(f'{row.name} {row.said}' for row in rows)}.",
            until=100,
            ticks=SHARES,
            heading=_name(code, book),
        )
        pictures.append(Picture("components/charts/rows.html", chart))
    return pictures


def _row(name: str, size: Cell, part: Cell) -> Row:
    if not (isinstance(size, int) and isinstance(part, int)):
        return Row(name, str(part), None)
    low, high = wilson(part, size)
    return Row(name, share(part, size), 100 * part / size, 100 * low, 100 * high)


def _table(whole: Counter, timely: Counter, book: RuleBook) -> Table:
    columns = [
        Column(_("Indication")), Column(_("Injector")), Column(_("Windows that ended"), True),
        Column(_("On time"), True), Column(_("Share, %"), True), Column(_("95 % range, %")),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for code in _codes(whole, book):
        for who, size, part in _people(code, whole, timely):
            if isinstance(size, int) and isinstance(part, int):
                low, high = (round(100 * end) for end in wilson(part, size))
                rows.append([_name(code, book), who, size, part, round(100 * part / size), f"{low} – {high}"])
            else:
                rows.append([_name(code, book), who, size, part, None, None])
    return Table("injectors", _("By indication and injector"), columns, rows, folded=True)
