"""The forecast of a course: when its next visit may be, should be, and when it is late; each date with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from treatments.rules import doses
from treatments.rules.contraindications import Block, blocks
from treatments.rules.cycles import Learned, learn
from treatments.rules.facts import CourseChoice, Facts, Given, LicenceRule, PlannedDose, RuleBook
from treatments.rules.periods import Period, add_months, first_day_outside
from treatments.rules.reasons import CLINIC_SCHEDULE, Candidate, Reason, listed
from treatments.rules.vocabulary import Band, IndicationKind
from treatments.rules.windows import window


@dataclass(frozen=True, slots=True)
class Forecast:
    """The dates of one course. `earliest_on` alone is known before a full treatment; the others are None then."""

    indication: str
    earliest_on: date
    last_treated_on: date | None = None
    last_effective_on: date | None = None
    due_from: date | None = None
    due_until: date | None = None
    overdue_from: date | None = None
    lapsed_from: date | None = None
    product: str = ""
    units: Decimal | None = None
    reasons: tuple[Reason, ...] = ()
    blocks: tuple[Block, ...] = ()
    doubt: str = ""  # why a person must look at the record, "" where nothing is doubtful
    computed_from: date | None = None  # the window without the one that was set by hand; None where none is
    computed_until: date | None = None
    learned: Learned | None = None


NOTHING_CHOSEN = CourseChoice()


def forecast(
    indication: str,
    facts: Facts,
    book: RuleBook,
    *,
    planned: PlannedDose | None = None,
    choice: CourseChoice = NOTHING_CHOSEN,
) -> Forecast:
    """The dates of a course from the facts and the rules alone; no day enters it, so nothing goes stale overnight.

    What `planned` leaves open is taken from the last full treatment: its product, its units. `choice` is what staff
    decided for the course.
    """
    history = facts.full(indication)
    last = history[-1] if history else None
    effective = max((g for g in history if not g.sub_standard), key=lambda g: g.effect_from, default=None)
    dose = _chosen(planned or PlannedDose(indication), last)
    floor = _floor(last, dose, facts, book)
    course_blocks = blocks(facts, book, indication=indication, product=dose.product)
    earliest, reasons = _earliest(floor, course_blocks)
    known = Forecast(
        indication,
        earliest,
        product=dose.product,
        units=dose.units,
        reasons=tuple(reasons),
        blocks=tuple(course_blocks),
        doubt=_doubt(history, facts),
    )
    if last is None:
        return known
    learned = learn(indication, facts, book)
    opens = window(earliest, effective, indication, book, last_on=last.on, choice=choice, learned=learned)
    overdue_from = opens.due_until + timedelta(days=1)
    late = Candidate("day_after_window", "The day after the last good day, above", overdue_from, CLINIC_SCHEDULE)
    lapsed_from, lapse_reasons = _lapse(last, overdue_from, indication, book)
    computed_from, computed_until = opens.computed or (None, None)
    return replace(
        known,
        last_treated_on=last.on,
        last_effective_on=effective.effect_from if effective else None,
        due_from=opens.due_from,
        due_until=opens.due_until,
        overdue_from=overdue_from,
        lapsed_from=lapsed_from,
        reasons=(*reasons, *opens.reasons, *listed("overdue_from", [late], overdue_from), *lapse_reasons),
        computed_from=computed_from,
        computed_until=computed_until,
        learned=learned,
    )


def _chosen(dose: PlannedDose, last: Given | None) -> PlannedDose:
    """The plan; until somebody plans, what the last full treatment was."""
    if last is None:
        return dose
    units = dose.units
    if units is None and dose.product in ("", last.product):
        units = last.units
    return PlannedDose(dose.indication, dose.product or last.product, units)


def interval_rule(last: Given, product: str, book: RuleBook) -> LicenceRule:
    """Whose minimum interval holds after `last`: the longer one of the last product's and the planned product's.

    Where no product has been chosen yet, the last one stands for it, as in the forecast.
    """
    return longer_interval(last.on, last.indication, (last.product, product or last.product), book)


def longer_interval(day: date, indication: str, products: tuple[str, str], book: RuleBook) -> LicenceRule:
    """The licence of the two products that asks for the longer interval after `day`."""
    rules = [book.licence(product, indication) for product in products]
    return max(rules, key=lambda rule: rule.min_interval.after(day))


def _interval_ends(last: Given, product: str, book: RuleBook) -> Candidate:
    rule = interval_rule(last, product, book)
    return Candidate(
        "minimum_interval",
        f"{rule.min_interval} after the last full treatment on {last.on:%d-%b-%Y}",
        rule.min_interval.after(last.on),
        rule.source,
        rule.verified,
    )


def age_reached(dose: PlannedDose, facts: Facts, book: RuleBook) -> Candidate | None:
    """The birthday on which the minimum age of the indication or the licence is reached."""
    indication = book.indications[dose.indication]
    years = book.licence(dose.product, dose.indication).min_age_years or indication.min_age_years
    if indication.kind == IndicationKind.AESTHETIC:
        years = max(years or 0, 18)
    if not years:
        return None
    code = "under_age_cosmetic" if indication.kind == IndicationKind.AESTHETIC else "under_age_therapeutic"
    rule = book.contraindications.get(code)
    return Candidate(
        "minimum_age",
        f"The patient turns {years}",
        add_months(facts.born_on, years * 12),
        rule.source if rule else "Licence",
        rule.verified if rule else False,
    )


def elsewhere_periods(facts: Facts, book: RuleBook) -> list[Period]:
    """The look-back after each treatment at another clinic, from the earlier end of a doubtful date on."""
    lookback = timedelta(days=book.elsewhere_lookback_days)
    return [Period(g.effect_from, g.on + lookback) for g in facts.counted() if g.elsewhere]


def _elsewhere_ends(facts: Facts, book: RuleBook) -> Candidate | None:
    """When the look-back after the last treatment at another clinic is over."""
    last_on = max((g.on for g in facts.counted() if g.elsewhere), default=None)
    if last_on is None:
        return None
    rule = book.contraindications.get("recent_toxin_elsewhere")
    return Candidate(
        "recent_toxin_elsewhere",
        f"{book.elsewhere_lookback_days} days after the treatment elsewhere ({last_on:%d-%b-%Y})",
        last_on + timedelta(days=book.elsewhere_lookback_days),
        rule.source if rule else "Clinic policy",
        rule.verified if rule else False,
    )


def _floor(last: Given | None, dose: PlannedDose, facts: Facts, book: RuleBook) -> list[Candidate]:
    found = [age_reached(dose, facts, book), _elsewhere_ends(facts, book)]
    if last:
        found.append(_interval_ends(last, dose.product, book))
    fits = doses.fits_from(dose, facts, book)
    if fits and dose.units and (last is None or fits[0] > last.on):
        day, limit = fits
        sentence = f"{doses.units(dose.units)} units fit under {doses.units(limit.units)} within {limit.window}"
        found.append(Candidate("cumulative_dose", sentence, day, limit.source, limit.verified))
    return [c for c in found if c] or [
        Candidate("no_floor", "No minimum age or interval is known", facts.born_on, "Catalogue", False)
    ]


def _earliest(floor: list[Candidate], course_blocks: list[Block]) -> tuple[date, list[Reason]]:
    floor_on = max(c.day for c in floor)
    earliest = first_day_outside(floor_on, [b.period for b in course_blocks])
    moved = earliest > floor_on
    candidates = list(floor)
    for block in course_blocks:
        ends_on = block.period.ends_on
        if moved and ends_on and floor_on < ends_on <= earliest and block.period.starts_on < earliest:
            sentence = f"{block.label} until {ends_on:%d-%b-%Y}"
            candidates.append(Candidate("block_ends", sentence, ends_on, block.source, block.verified))
    return earliest, listed("earliest_on", candidates, earliest)


def _lapse(last: Given, overdue_from: date, indication: str, book: RuleBook) -> tuple[date, list[Reason]]:
    schedule = book.indications[indication].schedule
    lapse = Candidate(
        "lapse",
        f"{schedule.lapse_after} after the last full treatment: a new consultation is needed",
        schedule.lapse_after.after(last.on),
        CLINIC_SCHEDULE,
    )
    late = Candidate("overdue_first", "Never before it is overdue", overdue_from, CLINIC_SCHEDULE)
    lapsed_from = max(lapse.day, overdue_from)
    return lapsed_from, listed("lapsed_from", [lapse, late], lapsed_from)


def _doubt(history: list[Given], facts: Facts) -> str:
    """Why somebody must look at the records before anyone is called; "" where nothing is doubtful."""
    last = history[-1] if history else None
    if last and last.elsewhere and last.not_before_on and last.not_before_on != last.on:
        return f"The date of the treatment elsewhere is doubtful: {last.not_before_on:%d-%b-%Y} to {last.on:%d-%b-%Y}."
    if last and len({g.product for g in history if g.on == last.on}) > 1:
        return f"Full treatments with different products are recorded on {last.on:%d-%b-%Y}."
    if facts.died_on and last and last.on > facts.died_on:
        return f"A treatment is recorded on {last.on:%d-%b-%Y}, after the patient's death."
    return ""


def band_on(forecast: Forecast, day: date, *, stopped: bool = False) -> Band:
    """Where the course stands on a day; the first that matches. `stopped`: by a person, or the patient has died."""
    if stopped:
        return Band.STOPPED
    if any(block.period.covers(day) for block in forecast.blocks):
        return Band.ON_HOLD
    if forecast.doubt:
        return Band.NEEDS_REVIEW
    late = ((forecast.lapsed_from, Band.LAPSED), (forecast.overdue_from, Band.OVERDUE), (forecast.due_from, Band.DUE))
    for from_on, band in late:
        if from_on and from_on <= day:
            return band
    return Band.POSSIBLE if forecast.earliest_on <= day else Band.TOO_SOON
