"""Does the effect last longer with each treatment? From what patients told and staff saw, honest about how few they are."""

from __future__ import annotations

from collections import defaultdict

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatments.queries import returns
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import RuleBook
from treatments.rules.returns import cycles as in_cycles
from treatments.rules.returns import lasted
from treatments.rules.small_groups import FEWEST, is_small
from treatments.rules.statistics import Estimate, Time, kaplan_meier, median_time
from treatments.views.chart_groups import Row, rows_chart
from treatments.views.report_frame import (
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
    too_few,
)

NEEDED = 20
LAST = 5  # this treatment and all later ones stand together
WEEKS = 32
TICKS = tuple((week, str(week)) for week in range(0, WEEKS + 1, 4))
QUESTION = gettext_lazy("Does the effect last longer with each treatment?")
DEFINITION = (
    gettext_lazy(
        "How long the effect of a full treatment lasted counts where somebody said or saw it: gone on a day is "
        "exact; still working on a day means longer than that; seen gone after it was seen working counts in "
        "the middle between the two. Seen gone alone says too little and is left out, as are sub-standard doses"
        " and treatments elsewhere. A return visit is no observation."
    ),
    gettext_lazy(
        "The number is that of the full treatment in its course, treatments elsewhere counted in. The median is"
        " that of the Kaplan–Meier curve, so that effects which still last count as lasting; the line is its 95"
        " % range, open where it cannot be told yet."
    ),
    gettext_lazy(
        "Patients who come for a fifth time are not those who came once: whoever was disappointed stays away. A"
        " longer effect in later treatments may show who stayed, not what the treatment does. Each number needs"
        " at least five observed ends."
    ),
    SMALL_GROUPS,
)

Groups = dict[str, dict[int, list[Time]]]


def build(asked: Asked) -> Report:
    book, groups = rulebook(asked.on), _observed(asked)
    total = sum(len(times) for numbers in groups.values() for times in numbers.values())
    if total < NEEDED:
        return Report(_few(total, asked), missing=not_enough(total, NEEDED, of=_("observations")), empty=not total)
    drawn = sorted(
        (code for code, numbers in groups.items() if sum(map(len, numbers.values())) >= NEEDED),
        key=lambda code: _name(code, book),
    )
    pictures = [_picture(code, groups[code], book) for code in drawn]
    answers = [said for code in drawn if (said := _answer(code, groups[code], book))]
    answer = " ".join(answers) or _("That cannot be told yet: too few effects have been seen to end, %(words)s.") % {
        "words": asked.words()
    }
    return Report(answer, pictures=pictures, tables=[_table(groups, book)])


def _observed(asked: Asked) -> Groups:
    """The observations on treatments of the period, by indication and number of the treatment."""
    groups: Groups = defaultdict(lambda: defaultdict(list))
    scope = asked.scope
    for cycle in in_cycles(returns.doses(scope)):
        dose = cycle.dose
        if dose.on < scope.first or scope.injector not in ("", dose.injector):
            continue
        if scope.indication in ("", dose.indication) and (time := lasted(dose)):
            groups[dose.indication][min(cycle.number, LAST)].append(Time(time.value // 7, time.ended))
    return groups


def _few(total: int, asked: Asked) -> str:
    if total:
        return too_few(asked, of=_("observations"))
    return _("Nobody has said or seen yet how long an effect lasted, for treatments %(words)s.") % {
        "words": asked.words()
    }


def _name(code: str, book: RuleBook) -> str:
    return book.indications[code].short_name if code in book.indications else code


def _median(times: list[Time]) -> Estimate | None:
    """The median where enough ends were seen."""
    if sum(time.ended for time in times) < FEWEST:
        return None
    return median_time(kaplan_meier(times))


def _number(number: int) -> str:
    if number == LAST:
        return _("%(n)dth treatment and later") % {"n": LAST}
    return {1: _("1st treatment"), 2: _("2nd treatment"), 3: _("3rd treatment"), 4: _("4th treatment")}[number]


def _answer(code: str, numbers: dict[int, list[Time]], book: RuleBook) -> str:
    """The first and the last number that can be compared, and whether their ranges are apart."""
    known = {number: found for number, times in sorted(numbers.items()) if (found := _median(times))}
    if len(known) < 2:
        return ""
    (first, one), *_between, (last, other) = known.items()
    said = {
        "name": _name(code, book),
        "first": _number(first).lower(),
        "one": one.value,
        "last": _number(last).lower(),
        "other": other.value,
    }
    apart = (one.high is not None and other.low is not None and one.high < other.low) or (
        other.high is not None and one.low is not None and other.high < one.low
    )
    told = _("%(name)s: %(one)d weeks after the %(first)s, %(other)d after the %(last)s") % said
    return told + (
        _("; more than chance alone would do.") if apart else _("; no difference that chance could not make.")
    )


def _said(times: list[Time]) -> str:
    ended = sum(time.ended for time in times)
    found = _median(times)
    if len(times) < FEWEST:
        return str(HIDDEN)
    seen = _("n = %(n)d, %(ended)s ended") % {"n": len(times), "ended": covered(ended, gone=is_small(ended))}
    return _("%(weeks)d weeks (%(seen)s)") % {"weeks": found.value, "seen": seen} if found else seen


def _picture(code: str, numbers: dict[int, list[Time]], book: RuleBook) -> Picture:
    rows = []
    for number, times in sorted(numbers.items()):
        found = _median(times)
        if found is None:
            rows.append(Row(_number(number), _said(times), None))
            continue
        high = WEEKS if found.high is None else found.high
        rows.append(Row(_number(number), _said(times), found.value, found.low or 0, high))
    name = _name(code, book)
    chart = rows_chart(
        rows,
        ref=f"duration-{code.replace('_', '-')}",
        title=_("Weeks of effect by number of the treatment, %(name)s") % {"name": name.lower()},
        sentence=_answer(code, numbers, book) or _("%(name)s: too few effects have been seen to end.") % {"name": name},
        until=WEEKS,
        ticks=TICKS,
        heading=_("%(name)s, weeks of effect") % {"name": name},
    )
    return Picture("components/charts/rows.html", chart)


def _table(groups: Groups, book: RuleBook) -> Table:
    columns = [
        Column(_("Indication")), Column(_("Treatment")), Column(_("Observations"), True), Column(_("Seen to end"), True),
        Column(_("Median, weeks"), True), Column(_("95 % range, weeks")),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for code in sorted(groups, key=lambda code: _name(code, book)):
        for number, times in sorted(groups[code].items()):
            found = _median(times)
            small = len(times) < FEWEST
            ended = sum(time.ended for time in times)
            rows.append([
                _name(code, book), _number(number), HIDDEN if small else len(times),
                None if small else covered(ended, gone=is_small(ended)), found.value if found else None, _range(found),
            ])  # fmt: skip
    return Table("numbers", _("By indication and number of the treatment"), columns, rows, folded=True)


def _range(found: Estimate | None) -> Cell:
    if found is None:
        return None
    low = "?" if found.low is None else str(found.low)
    return f"{low} – {'?' if found.high is None else found.high}"
