"""Who comes back after the first treatment, and when?"""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatments.queries import returns
from treatments.rules.returns import HORIZONS, Back, Beginning, retention
from treatments.rules.small_groups import FEWEST, hidden, is_small, share_is_shown
from treatments.rules.statistics import Step, Time, at_risk_at, kaplan_meier, median_time, share_at
from treatments.views.charts import CurveChart, CurvePoint, curve_chart
from treatments.views.report_frame import (
    COVERED,
    HIDDEN,
    SMALL_GROUPS,
    Asked,
    Cell,
    Column,
    Heat,
    HeatTable,
    Picture,
    Report,
    Table,
    n_people,
    not_enough,
    too_few,
)

NEEDED = 20
CURVE_WEEKS, QUARTER, MONTH = 104, 13, 4  # weeks
QUESTION = gettext_lazy("How many come back after their first treatment, and when?")
DEFINITION = (
    gettext_lazy(
        "A patient counts in the quarter of the first full treatment that was given here. Back means another "
        "full treatment here on a later day, for anything; touch-ups do not count. With an indication chosen: "
        "first and next treatment of that indication. With an injector chosen: patients whose first treatment "
        "was theirs."
    ),
    gettext_lazy(
        "A column is filled once its time has passed for the whole quarter. Patients who died before it passed,"
        " and had not been back, are left out of it."
    ),
    gettext_lazy(
        "The curve (Kaplan–Meier) counts those who have not been back as still waiting, for as long as they "
        "could have been: until today or their death. The tint around it is the 95 % range; the numbers under "
        "it say how many are still waiting then."
    ),
    SMALL_GROUPS,
)


def build(asked: Asked) -> Report:
    people = returns.beginnings(asked.scope, on=asked.on)
    if len(people) < NEEDED:
        missing = not_enough(len(people), NEEDED, of=_("first treatments"))
        return Report(_few(len(people), asked), missing=missing, empty=not people)
    times = [Time(time.value // 7, time.ended) for time in (person.time(on=asked.on) for person in people)]
    rows = retention(people, on=asked.on)
    answer = _answer(people, times, asked)
    return Report(
        answer,
        heat=_heat(rows),
        pictures=[Picture("components/charts/curve.html", _curve(times, answer))],
        tables=[_quarters(rows), _steps(times)],
    )


def _few(number: int, asked: Asked) -> str:
    if not number:
        return _("Nobody had a first treatment %(words)s.") % {"words": asked.words()}
    return too_few(asked, of=_("first treatments"))


def _answer(people: list[Beginning], times: list[Time], asked: Asked) -> str:
    steps = kaplan_meier(times)
    middle = median_time(steps)
    back = [b for b in (person.back_within(12, on=asked.on) for person in people) if b is not None]
    said = _("Of %(people)s first treated %(words)s, %(share)d %% were back by week 20") % {
        "people": n_people(len(people)),
        "words": asked.words(),
        "share": round(100 * (1 - share_at(steps, 20))),
    }
    if middle:
        said += _(", half of them by week %(week)d") % {"week": middle.value}
    if share_is_shown(sum(back), len(back)):
        said += _("; %(share)d %% of those seen for a year were back within it") % {
            "share": round(100 * sum(back) / len(back))
        }
    return f"{said}."


def _quarter(start: date) -> str:
    return f"{start.year} Q{(start.month + 2) // 3}"


def _covered(rows: dict[date, tuple[int, list[Back]]]) -> dict[date, list[Cell]]:
    """What each cell shows: the number who were back, or why it is not shown. None: not yet.

    The answer tells of all quarters together, so in each column one hidden number hides another.
    """
    cells: dict[date, list[Cell]] = {start: [] for start in rows}
    sizes = _sizes(rows)
    for column in range(len(HORIZONS)):
        backs = [(start, number, line[column]) for start, (number, line) in rows.items()]
        gone = hidden([back.part for _start, _number, back in backs], total_shown=True)
        for place, (start, number, back) in enumerate(backs):
            if not back.whole:
                cells[start].append(None)
            elif is_small(number) or not share_is_shown(back.part, back.whole):
                cells[start].append(HIDDEN)
            else:
                cells[start].append(COVERED if place in gone or sizes[start] is COVERED else back.part)
    return cells


def _sizes(rows: dict[date, tuple[int, list[Back]]]) -> dict[date, Cell]:
    """How many patients began in each quarter. Their sum stands in the answer, so one hidden number hides another."""
    numbers = [number for number, _backs in rows.values()]
    gone = hidden(numbers, total_shown=True)
    return {
        start: number if place not in gone else HIDDEN if is_small(number) else COVERED
        for place, (start, number) in enumerate(zip(rows, numbers, strict=True))
    }


def _heat(rows: dict[date, tuple[int, list[Back]]]) -> HeatTable:
    cells, sizes = _covered(rows), _sizes(rows)
    head = [_("First treated"), *(_("within %(n)d months") % {"n": months} for months in HORIZONS)]
    table = HeatTable(_("Back within, by quarter of the first treatment"), head)
    for start, (_number, backs) in rows.items():
        line = [_heat_cell(cell, back) for cell, back in zip(cells[start], backs, strict=True)]
        table.rows.append((_quarter(start), str(sizes[start]), line))
    return table


def _heat_cell(cell: Cell, back: Back) -> Heat:
    if cell is None:
        return Heat(_("not yet"), "", "none")
    if not isinstance(cell, int):
        return Heat(str(cell), "", "hidden")
    share = back.part / back.whole
    of = _("%(part)d of %(whole)d") % {"part": back.part, "whole": back.whole}
    return Heat(f"{100 * share:.0f} %", of, str(min(5, int(share * 6))))


def _quarters(rows: dict[date, tuple[int, list[Back]]]) -> Table:
    cells, sizes = _covered(rows), _sizes(rows)
    columns = [Column(_("Quarter of first treatment")), Column(_("Patients"), True)]
    columns += [Column(_("Back within %(n)d months") % {"n": months}, True) for months in HORIZONS]
    lines = [[_quarter(start), sizes[start], *cells[start]] for start in rows]
    return Table("quarters", _("Back within, by quarter of the first treatment"), columns, lines, folded=True)


def _until(times: list[Time]) -> int:
    """The last week until which at least five are still waiting: beyond it the curve would tell of single people."""
    waited = sorted((time.value for time in times), reverse=True)
    return min(CURVE_WEEKS, max(MONTH, waited[FEWEST - 1]))


def _ticks(until: int) -> list[int]:
    return list(range(0, until + 1, QUARTER if until > 2 * QUARTER else MONTH))


def _curve(times: list[Time], answer: str) -> CurveChart:
    steps, until, middle = kaplan_meier(times), _until(times), median_time(kaplan_meier(times))
    return curve_chart(
        [CurvePoint(step.time, 1 - step.share, 1 - step.high, 1 - step.low) for step in steps],
        ref="return-curve",
        title=_("Share of patients who were back, by week after the first treatment"),
        sentence=answer,
        until=until,
        ticks=[
            (week, str(week) if week else _("week %(n)d") % {"n": week}, at_risk_at(times, week))
            for week in _ticks(until)
        ],
        half=(middle.value, _("half by week %(n)d") % {"n": middle.value}) if middle else None,
        at_risk_label=_("Still waiting then:"),
    )


def _steps(times: list[Time]) -> Table:
    """The curve in numbers, where the picture names its weeks."""
    steps = kaplan_meier(times)
    columns = [
        Column(_("Week"), True), Column(_("Were back, %"), True), Column(_("at least, %"), True),
        Column(_("at most, %"), True), Column(_("Still waiting"), True),
    ]  # fmt: skip
    lines: list[list[Cell]] = []
    for week in _ticks(_until(times))[1:]:
        known = next((step for step in reversed(steps) if step.time <= week), Step(0, 0, 0, 1.0, 1.0, 1.0))
        shares = [round(100 * (1 - share)) for share in (known.share, known.high, known.low)]
        lines.append([week, *shares, at_risk_at(times, week)])
    return Table("curve", _("The curve in numbers"), columns, lines, folded=True)
