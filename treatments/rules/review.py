"""The one gate. Every door asks `review()` before it books, records or imports; nothing else judges safety."""

from __future__ import annotations

from datetime import date

from treatments.rules import contraindications, doses, intervals
from treatments.rules.facts import Facts, Given, Plan, PlannedDose, RuleBook
from treatments.rules.findings import Finding, in_order, stops
from treatments.rules.periods import age_on, first_day_outside
from treatments.rules.vocabulary import IndicationKind, ScheduleKind, Severity, TreatmentKind


def review(plan: Plan, facts: Facts, book: RuleBook, *, on: date) -> list[Finding]:
    """All findings for one plan on the day it is for, heaviest first. Pure: the same for preview and save."""
    found = [
        *_death(facts, on),
        *contraindications.flag_findings(plan, facts, book, on=on),
        *contraindications.answer_findings(plan, facts, book, on=on),
        *doses.dose_findings(plan, facts, book, on=on),
        *_lot(plan, on),
        *_stopped_lot(plan),
        *_elsewhere(facts, book, on),
        *_first_ever(facts),
    ]
    for dose in plan.doses:
        found += _age(dose, facts, book, on)
        found += _licence(dose, book)
        if plan.kind == TreatmentKind.TOUCH_UP:
            found += _touch_up(dose, facts, book, on)
            continue
        spacing = _interval(dose, facts, book, on)
        found += spacing if stops(spacing) or not plan.recorded else [*spacing, *_kept_interval(dose, facts, book, on)]
    return in_order(found)


def review_without_treatment(facts: Facts, *, on: date) -> list[Finding]:
    """For a consultation, at which nothing is injected: only death stands against it."""
    return _death(facts, on)


def _death(facts: Facts, on: date) -> list[Finding]:
    if facts.died_on is None or on < facts.died_on:
        return []
    return [
        Finding(
            "died",
            Severity.HARD_STOP,
            f"The patient died on {facts.died_on:%d-%b-%Y}.",
            "Patient record",
            since=facts.died_on,
        )
    ]


def _age(dose: PlannedDose, facts: Facts, book: RuleBook, on: date) -> list[Finding]:
    found = []
    aesthetic = book.indications[dose.indication].kind == IndicationKind.AESTHETIC
    reached = intervals.age_reached(dose, facts, book)
    name = book.indications[dose.indication].short_name
    if reached and on < reached.day:
        rule = book.contraindications.get("under_age_cosmetic" if aesthetic else "under_age_therapeutic")
        found.append(
            Finding(
                "under_age_cosmetic" if aesthetic else "under_age_therapeutic",
                Severity.HARD_STOP if aesthetic else Severity.SOFT_STOP,
                f"{name}: the patient is {age_on(facts.born_on, on)} on this day, below the minimum age.",
                reached.source,
                reached.verified,
                until=reached.day,
                change=rule.next_step if rule else "",
                about=dose.indication,
            )
        )
    older = book.contraindications.get("over_65_aesthetic")
    if aesthetic and older and dose.product in older.products and age_on(facts.born_on, on) > 64:
        found.append(
            Finding(
                "over_65_aesthetic",
                older.severity,
                f"{name}: {older.name}.",
                older.source,
                older.verified,
                change=older.next_step,
                about=dose.indication,
            )
        )
    return found


def _interval(dose: PlannedDose, facts: Facts, book: RuleBook, on: date) -> list[Finding]:
    """Too soon after the last full treatment or, for a back-dated plan, too soon before the next one."""
    history, indication = facts.full(dose.indication), book.indications[dose.indication]
    before = next((g for g in reversed(history) if g.on <= on), None)
    after = next((g for g in history if g.on > on), None)
    found = []
    if before:
        rule = intervals.interval_rule(before, dose.product, book)
        ends_on = rule.min_interval.after(before.on)
        if on < ends_on:
            found.append(
                Finding(
                    "interval_not_elapsed",
                    Severity.SOFT_STOP,
                    f"{indication.short_name}: day {(on - before.on).days} after the last full treatment."
                    f" The minimum is {rule.min_interval}.",
                    rule.source,
                    rule.verified,
                    since=before.on,
                    until=ends_on,
                    change=f"Choose {ends_on:%d-%b-%Y} or later.",
                    about=dose.indication,
                )
            )
        if indication.schedule.kind == ScheduleKind.EXAMINATION:
            found.append(_examination(indication.short_name, before, indication.schedule.source, dose.indication))
    return found + (_interval_to_next(dose, after, book, on) if after else [])


def _interval_to_next(dose: PlannedDose, after: Given, book: RuleBook, on: date) -> list[Finding]:
    products = (dose.product or after.product, after.product)
    rule = intervals.longer_interval(on, dose.indication, products, book)
    if rule.min_interval.after(on) <= after.on:
        return []
    return [
        Finding(
            "interval_to_next_not_elapsed",
            Severity.SOFT_STOP,
            f"{book.indications[dose.indication].short_name}: the next full treatment is recorded on"
            f" {after.on:%d-%b-%Y}, {(after.on - on).days} days after this day. The minimum is {rule.min_interval}.",
            rule.source,
            rule.verified,
            change="Check the day. If it was given so, record it as an incident with its reason.",
            about=dose.indication,
        )
    ]


def _kept_interval(dose: PlannedDose, facts: Facts, book: RuleBook, on: date) -> list[Finding]:
    """Too close by the interval kept with another treatment, which may be longer than today's, or not with the nearest."""
    near = [
        g
        for g in facts.full(dose.indication)
        if (g.on <= on and g.repeat_from and g.repeat_from > on)
        or (g.on > on and g.previous_until and g.previous_until < on)
    ]
    return [
        Finding(
            "interval_kept_not_elapsed",
            Severity.SOFT_STOP,
            f"{book.indications[dose.indication].short_name}: too close to the full treatment of {g.on:%d-%b-%Y},"
            " by the minimum interval that was kept with it.",
            "Treatment record",
            since=g.on,
            until=g.repeat_from if g.on <= on else None,
            change="Check the day. If it was given so, record it as an incident with its reason.",
            about=dose.indication,
        )
        for g in near[:1]
    ]


def _examination(name: str, before: Given, source: str, about: str) -> Finding:
    return Finding(
        "examination_decides",
        Severity.CAUTION,
        f"{name}: an examination decides on a repeat; the effect of {before.on:%d-%b-%Y} must have gone.",
        source,
        change="Examine first, then confirm.",
        about=about,
    )


def _touch_up(dose: PlannedDose, facts: Facts, book: RuleBook, on: date) -> list[Finding]:
    if in_touch_up_range(dose.indication, facts, book, on=on):
        return []
    indication = book.indications[dose.indication]
    schedule = indication.schedule
    return [
        Finding(
            "touch_up_out_of_range",
            Severity.HARD_STOP,
            f"{indication.short_name}: a touch-up is given {schedule.touch_up_from_days} to {schedule.touch_up_to_days}"
            " days after a full treatment.",
            "Schedule of this clinic",
            change="Record it as a full treatment.",
            about=dose.indication,
        )
    ]


def in_touch_up_range(indication: str, facts: Facts, book: RuleBook, *, on: date) -> bool:
    """True where a touch-up on this day lies in the day range (both ends included) after the last full treatment."""
    schedule = book.indications[indication].schedule
    before = next((g for g in reversed(facts.full(indication)) if g.on <= on), None)
    return before is not None and schedule.touch_up_from_days <= (on - before.on).days <= schedule.touch_up_to_days


def _licence(dose: PlannedDose, book: RuleBook) -> list[Finding]:
    if not dose.product:
        return []
    rule = book.licence(dose.product, dose.indication)
    if rule.product and rule.licensed:
        return []
    brand, name = book.products[dose.product].brand, book.indications[dose.indication].short_name
    return [
        Finding(
            "off_label",
            Severity.INFORM,
            f"{brand} has no licence for {name.lower()} here: off label.",
            rule.source,
            rule.verified,
            about=dose.indication,
        )
    ]


def _lot(plan: Plan, on: date) -> list[Finding]:
    if plan.lot_expires_on is None or on <= plan.lot_expires_on:
        return []
    return [
        Finding(
            "lot_expired",
            Severity.HARD_STOP,
            f"The lot expired on {plan.lot_expires_on:%d-%b-%Y}.",
            "Lot record",
            since=plan.lot_expires_on,
            change="Use a lot that is in date.",
        )
    ]


def _stopped_lot(plan: Plan) -> list[Finding]:
    if not plan.lot_stopped:
        return []
    return [
        Finding(
            "lot_stopped",
            Severity.HARD_STOP,
            f"The lot must not be used: {plan.lot_stopped}",
            "Lot record",
            change="Use another lot, and keep this one apart.",
        )
    ]


def _elsewhere(facts: Facts, book: RuleBook, on: date) -> list[Finding]:
    ends_on = first_day_outside(on, intervals.elsewhere_periods(facts, book))
    if ends_on == on:
        return []
    rule = book.contraindications.get("recent_toxin_elsewhere")
    return [
        Finding(
            "recent_toxin_elsewhere",
            Severity.SOFT_STOP,
            f"Treated at another clinic less than {book.elsewhere_lookback_days} days before: wait until"
            f" {ends_on:%d-%b-%Y}.",
            rule.source if rule else "Clinic policy",
            rule.verified if rule else False,
            until=ends_on,
            change=rule.next_step if rule else "",
        )
    ]


def _first_ever(facts: Facts) -> list[Finding]:
    if facts.counted():
        return []
    return [Finding("first_treatment", Severity.INFORM, "First treatment known for this patient.", "Patient record")]
