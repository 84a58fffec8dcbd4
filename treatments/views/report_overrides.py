"""What was overridden, by whom and why? And is a rule overridden so often that the rule may be wrong?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from treatments.models import OverrideReason
from treatments.models.appointments import STATE_LABELS
from treatments.models.patients import list_name
from treatments.queries import overrides
from treatments.queries.overrides import OverrideRow
from treatments.queries.rulebook import rulebook
from treatments.queries.staff import staff_names
from treatments.rules.statistics import wilson
from treatments.rules.vocabulary import AppointmentState
from treatments.views.chart_groups import Row, rows_chart
from treatments.views.report_frame import Asked, Cell, Column, Link, Picture, Report, Table, not_enough, share

AT_MOST = 500
NEEDED, OFTEN = 20, 30  # visits on which a rule stood; per cent of them overridden from which on it may be wrong
SHARES = ((0, "0 %"), (OFTEN, f"{OFTEN} %"), (60, "60 %"), (100, "100 %"))
QUESTION = gettext_lazy("What was overridden, by whom and why?")
RULES = {
    "interval_not_elapsed": gettext_lazy("Minimum interval"),
    "interval_to_next_not_elapsed": gettext_lazy("Minimum interval to the next treatment"),
    "recent_toxin_elsewhere": gettext_lazy("Recent treatment elsewhere"),
    "under_age_therapeutic": gettext_lazy("Minimum age"),
    "session_limit_exceeded": gettext_lazy("Most units for one session"),
    "site_limit_exceeded": gettext_lazy("Most units for one site"),
}
DEFINITION = (
    gettext_lazy(
        "Each decision counts on the day it was made, whatever became of the visit. A decision about two rules "
        "counts once for each of them. Only soft stops can be overridden; a hard stop never appears here."
    ),
    gettext_lazy(
        "The share of a rule: of the visits booked in the period on which it stood as a soft stop, those that a"
        " prescriber let go on. Bookings that were given up leave no trace, so the true share is lower. A rule "
        "overridden on more than %(often)d %% of at least %(n)d visits is marked: the rule may be wrong."
    ),
)


def definition() -> list[str]:
    return [
        str(words).replace("%(often)d", str(OFTEN)).replace("%%", "%").replace("%(n)d", str(NEEDED))
        for words in DEFINITION
    ]


def build(asked: Asked) -> Report:
    scope = asked.scope
    rows = overrides.decided(scope.first, scope.last)
    rows = [row for row in rows if asked.own is None or row.by == asked.username]
    people, rules = staff_names({row.by for row in rows}), labels(rows, asked.on)
    rows = _narrowed(rows, people, rules, asked)
    answer = _answer(rows, asked)
    if not rows:
        return Report(answer, empty=True)
    stood = overrides.stops(scope.first, scope.last) if asked.own is None else {}
    overridden: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        for code in row.rules:
            overridden[code].add(row.visit_pk)
    visits = {code: len(overridden[code] | stood.get(code, set())) for code in overridden}
    by_rule, by_person = _by_rule(rows, overridden, visits, rules, asked), _by_person(rows, people)
    report = Report(answer, file="decisions", tables=[_each(rows, people, rules, asked), by_rule, by_person])
    most = max(visits.values())
    if asked.own is None and most >= NEEDED:
        report.pictures = [_picture(overridden, visits, rules, answer)]
        by_rule.folded = True
        report.tables = [by_rule, by_person, report.tables[0]]
    elif asked.own is None:
        report.missing = not_enough(most, NEEDED, of=_("visits under one rule"))
        report.tables = [by_rule, by_person, report.tables[0]]
    return report


def _narrowed(
    rows: list[OverrideRow], people: dict[str, str], rules: dict[str, str], asked: Asked
) -> list[OverrideRow]:
    """Those of one person or about one rule, which can only be chosen among those that there are."""
    for name, choices in (("by", people), ("rule", rules)):
        asked.form.put(name, [("", _("All")), *sorted(choices.items(), key=lambda pair: pair[1])])
    asked.form.full_clean()
    said = asked.form.cleaned_data
    return overrides.narrowed(rows, by=said.get("by", ""), rule=said.get("rule", ""))


def labels(rows: Iterable[OverrideRow], on: date) -> dict[str, str]:
    """Code -> the name of the rule."""
    known = rulebook(on).contraindications
    codes = {code for row in rows for code in row.rules}
    plain = {code: code.replace("_", " ").capitalize() for code in codes}
    return {
        code: str(RULES.get(code) or (known[code].short_name if code in known else words))
        for code, words in plain.items()
    }


def _answer(rows: list[OverrideRow], asked: Asked) -> str:
    n_people = len({row.by for row in rows})
    said = {
        "words": asked.words(),
        "number": ngettext("%(n)d override", "%(n)d overrides", len(rows)) % {"n": len(rows)},
        "people": ngettext("%(n)d prescriber", "%(n)d prescribers", n_people) % {"n": n_people},
    }
    if not rows:
        return _("No rule was overridden %(words)s.") % said
    return _("%(number)s by %(people)s, %(words)s.") % said


def _may_be_wrong(overridden: int, visits: int) -> bool:
    return visits >= NEEDED and 100 * overridden > OFTEN * visits


def _picture(overridden: dict[str, set[int]], visits: dict[str, int], rules: dict[str, str], answer: str) -> Picture:
    rows = []
    for code in sorted(visits, key=lambda code: rules[code]):
        part, whole = len(overridden[code]), visits[code]
        if whole < NEEDED:
            said = _("%(n)d of %(needed)d visits needed") % {"n": whole, "needed": NEEDED}
            rows.append(Row(rules[code], said, None))
            continue
        low, high = wilson(part, whole)
        rows.append(Row(rules[code], share(part, whole), 100 * part / whole, 100 * low, 100 * high))
    heading = _("Overridden, of the visits on which the rule stood")
    chart = rows_chart(
        rows, ref="overrides", title=heading, sentence=answer, until=100, ticks=SHARES, heading=heading,
        limit=(OFTEN, _("Above %(often)d %%: the rule may be wrong") % {"often": OFTEN}),
    )  # fmt: skip
    return Picture("components/charts/rows.html", chart)


def _by_rule(
    rows: list[OverrideRow],
    overridden: dict[str, set[int]],
    visits: dict[str, int],
    rules: dict[str, str],
    asked: Asked,
) -> Table:
    columns = [Column(_("Rule")), Column(_("Overrides"), True)]
    if asked.own is None:
        columns += [Column(_("Visits under it"), True), Column(_("Mark"))]
    lines: list[list[Cell]] = []
    for code, number in overrides.by_rule(rows):
        line: list[Cell] = [rules[code], number]
        if asked.own is None:
            mark = _("Rule may be wrong") if _may_be_wrong(len(overridden[code]), visits[code]) else ""
            line += [visits[code], mark]
        lines.append(line)
    return Table("rules", _("By rule"), columns, lines)


def _by_person(rows: list[OverrideRow], people: dict[str, str]) -> Table:
    numbers = Counter(people[row.by] for row in rows)
    columns = [Column(_("Prescriber")), Column(_("Overrides"), True)]
    return Table("prescribers", _("By prescriber"), columns, [[name, numbers[name]] for name in sorted(numbers)])


def _each(rows: list[OverrideRow], people: dict[str, str], rules: dict[str, str], asked: Asked) -> Table:
    columns = [
        Column(_("Decided")), Column(_("Prescriber")), Column(_("Patient")), Column(_("Visit")), Column(_("Is now")),
        Column(_("Overridden rule")), Column(_("Reason")), Column(_("In own words")),
    ]  # fmt: skip
    lines: list[list[Cell]] = []
    for row in rows[:AT_MOST]:
        patient: Cell = row.patient
        if asked.names:
            name = f"{list_name(row.family_name, row.given_name)} {row.patient}"
            patient = Link(name, reverse("patient", args=[row.patient]))
        reason = OverrideReason(row.reason).label if row.reason in OverrideReason.values else row.reason
        lines.append([
            row.at, people[row.by], patient, Link(f"{row.on:%d-%b-%Y}", reverse("visit", args=[row.visit])),
            str(STATE_LABELS[AppointmentState(row.visit_state)]), ", ".join(rules[code] for code in row.rules),
            str(reason), row.words if asked.names else "",
        ])  # fmt: skip
    left = max(0, len(rows) - AT_MOST)
    note = _("The latest %(most)d are listed, %(left)d more are not.") % {"most": AT_MOST, "left": left} if left else ""
    return Table("decisions", _("Each decision, latest first"), columns, lines, note=note)
