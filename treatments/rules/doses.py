"""Dose limits: units of one unit system in a rolling window or a session. Unit systems are never mixed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from treatments.rules.facts import DoseLimitRule, Facts, Given, LicenceRule, Plan, PlannedDose, RuleBook
from treatments.rules.findings import Finding
from treatments.rules.vocabulary import Severity


def in_window(limit: DoseLimitRule, given: Iterable[Given], *, on: date) -> Decimal:
    """Units that count against a rolling limit on a day.

    A dose counts from its day on and leaves on the day that lies one whole window after it: with 84 days, a dose
    of 1 January counts until 25 March and has left on 26 March.
    """
    if limit.window is None:
        raise ValueError("A session limit has no window.")
    return sum(
        (g.units for g in given if g.units and _counts(limit, g) and g.on <= on < limit.window.after(g.on)),
        Decimal(0),
    )


def fits_from(dose: PlannedDose, facts: Facts, book: RuleBook) -> tuple[date, DoseLimitRule] | None:
    """The first day from which the planned units fit under every rolling limit, and go on fitting.

    None where they have fitted all along, where no limit bears on them, or where they can never fit (then
    `dose_findings` says so: waiting does not help).
    """
    if dose.units is None or dose.product not in book.products:
        return None
    system = book.products[dose.product].unit_system
    latest: tuple[date, DoseLimitRule] | None = None
    for limit in book.dose_limits:
        if limit.window is None or not limit.covers(system, dose.indication):
            continue
        first = _fits_for_good(limit, dose.units, facts.counted())
        if first and (latest is None or first > latest[0]):
            latest = (first, limit)
    return latest


def dose_findings(plan: Plan, facts: Facts, book: RuleBook, *, on: date) -> list[Finding]:
    """Rolling and session limits, the licence's own ceiling, and doses above the usual."""
    found: list[Finding] = []
    for limit in book.dose_limits:
        planned = _planned(limit, plan, book)
        if planned:
            found += _limit_findings(limit, planned, facts, on=on)
    for dose in plan.doses:
        found += _licence_findings(dose, book)
    return found + _other_system_findings(plan, facts, book, on=on)


def _counts(limit: DoseLimitRule, given: Given) -> bool:
    return limit.covers(given.unit_system, given.indication)


def _planned(limit: DoseLimitRule, plan: Plan, book: RuleBook) -> Decimal:
    return sum(
        (
            dose.units
            for dose in plan.doses
            if dose.units
            and dose.product in book.products
            and limit.covers(book.products[dose.product].unit_system, dose.indication)
        ),
        Decimal(0),
    )


def _limit_findings(limit: DoseLimitRule, planned: Decimal, facts: Facts, *, on: date) -> list[Finding]:
    """Judges the day itself and, for a back-dated plan, every later day whose window reaches back to it."""
    if limit.window is None:
        same_day = sum((g.units for g in facts.counted() if g.units and g.on == on and _counts(limit, g)), Decimal(0))
        return [_over(limit, same_day, planned, "in one session", None)] if same_day + planned > limit.units else []
    given = facts.counted()
    window_ends = limit.window.after(on)
    later = [g.on for g in given if on < g.on < window_ends and _counts(limit, g)]
    for day in [on, *later]:
        counted = in_window(limit, given, on=day)
        if counted + planned > limit.units:
            until = _fits_for_good(limit, planned, given)
            return [_over(limit, counted, planned, f"within {limit.window}", until)]
    return []


def _fits_for_good(limit: DoseLimitRule, planned: Decimal, given: list[Given]) -> date | None:
    """The day after the last one on which the planned units do not fit; None where there is no such day."""
    if limit.window is None or planned > limit.units:
        return None
    room = limit.units - planned
    spans = [(g.on, limit.window.after(g.on), g.units) for g in given if g.units and _counts(limit, g)]
    if sum(units for *_, units in spans) <= room:
        return None
    days = sorted({day for starts_on, ends_on, _units in spans for day in (starts_on, ends_on)})
    too_many = [day for day in days if sum(units for begins, ends, units in spans if begins <= day < ends) > room]
    return next(day for day in days if day > too_many[-1]) if too_many else None


def _over(limit: DoseLimitRule, counted: Decimal, planned: Decimal, span: str, until: date | None) -> Finding:
    total = counted + planned
    before = f"{units(counted)} units already given + {units(planned)} planned = " if counted else ""
    return Finding(
        "cumulative_dose_exceeded",
        Severity.HARD_STOP,
        f"{before}{units(total)} units {span}. The limit is {units(limit.units)}.",
        limit.source,
        limit.verified,
        until=until,
        change="Plan fewer units, or wait until earlier doses have left the window." if until else "Plan fewer units.",
        about=limit.code,
    )


def _licence_findings(dose: PlannedDose, book: RuleBook) -> list[Finding]:
    if not dose.units:
        return []
    rule, name = book.licence(dose.product, dose.indication), book.indications[dose.indication].short_name
    found = _site_findings(dose, rule, name)
    if rule.max_units_per_session and dose.units > rule.max_units_per_session:
        found.append(
            Finding(
                "session_limit_exceeded",
                Severity.SOFT_STOP,
                f"{name}: {units(dose.units)} units. The label's most for one session is"
                f" {units(rule.max_units_per_session)}.",
                rule.source,
                rule.verified,
                change="Plan fewer units, or a prescriber overrides with a reason.",
                about=dose.indication,
            )
        )
    elif rule.typical_units_high and dose.units > rule.typical_units_high:
        found.append(
            Finding(
                "above_usual_dose",
                Severity.CAUTION,
                f"{name}: {units(dose.units)} units. Usual are up to {units(rule.typical_units_high)}.",
                rule.source,
                rule.verified,
                change="Check the units.",
                about=dose.indication,
            )
        )
    return found


def _site_findings(dose: PlannedDose, rule: LicenceRule, name: str) -> list[Finding]:
    if not dose.most_at_site or not rule.max_units_per_site or dose.most_at_site <= rule.max_units_per_site:
        return []
    return [
        Finding(
            "site_limit_exceeded",
            Severity.SOFT_STOP,
            f"{name}: {units(dose.most_at_site)} units at one site. The most for one site is"
            f" {units(rule.max_units_per_site)}.",
            rule.source,
            rule.verified,
            change="Divide the units over more sites.",
            about=dose.indication,
        )
    ]


def _other_system_findings(plan: Plan, facts: Facts, book: RuleBook, *, on: date) -> list[Finding]:
    systems = {book.products[d.product].unit_system for d in plan.doses if d.product in book.products}
    recent = [
        g
        for g in facts.counted()
        if g.unit_system and g.unit_system not in systems and 0 <= (on - g.on).days < book.elsewhere_lookback_days
    ]
    if not systems or not recent:
        return []
    last = recent[-1]
    brand = book.products[last.product].brand if last.product in book.products else "Another product"
    return [
        Finding(
            "different_product_recently",
            Severity.CAUTION,
            f"{brand} was given {(on - last.on).days} days before. Effects of different products may add up;"
            " their units cannot be added.",
            "Label warnings on different botulinum toxin products close together",
            since=last.on,
            change="The injector judges the remaining effect.",
        )
    ]


def units(value: Decimal) -> str:
    """Units as people write them: 20, 4.5, 1500."""
    return f"{value.normalize():f}"
