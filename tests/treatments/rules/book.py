"""A small rule book with round numbers, and builders whose every default is dull."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from treatments.rules.duration import Prior
from treatments.rules.facts import (
    AnswerFact,
    ContraindicationRule,
    DoseLimitRule,
    DurationRule,
    Facts,
    FlagFact,
    Given,
    IndicationRule,
    LicenceRule,
    Plan,
    PlannedDose,
    ProductRule,
    RuleBook,
    ScheduleRule,
)
from treatments.rules.findings import Finding
from treatments.rules.periods import Length, Period, days, months, weeks
from treatments.rules.vocabulary import Answer, IndicationKind, LearnedDuration, ScheduleKind, Severity, TreatmentKind

FROWN, FOREHEAD, UNDERARM = "glabellar_lines", "forehead_lines", "axillary_hyperhidrosis"
MIGRAINE, SQUINT, BLADDER = "chronic_migraine", "strabismus", "overactive_bladder"
BOTOX, BOTOX_COSMETIC, DYSPORT, BOCOUTURE = "botox", "botox_cosmetic", "dysport", "bocouture"
SYSTEMS = {
    BOTOX: "allergan_unit",
    BOTOX_COSMETIC: "allergan_unit",
    DYSPORT: "speywood_unit",
    BOCOUTURE: "merz_unit",
}
QUESTIONS = ("pregnancy", "breastfeeding", "anticoagulants")


def day(text: str) -> date:
    return date.fromisoformat(text)


def days_around(text: str) -> tuple[date, date, date]:
    """The day before, the day, the day after."""
    return day(text) - timedelta(days=1), day(text), day(text) + timedelta(days=1)


def schedule(
    kind: ScheduleKind = ScheduleKind.WINDOW, low: Length | None = None, high: Length | None = None
) -> ScheduleRule:
    return ScheduleRule(kind, low or months(3), high or months(4), months(12), 7, 28, "effect source", True)


def licence(product: str, indication: str, interval: Length, **more) -> LicenceRule:
    dull = {
        "licensed": True,
        "min_age_years": None,
        "max_units_per_session": None,
        "max_units_per_site": None,
        "typical_units_high": None,
        "source": "licence source",
        "verified": True,
    }
    return LicenceRule(product, indication, min_interval=interval, **{**dull, **more})


def contraindication(code: str, severity: Severity, **more) -> ContraindicationRule:
    """One that bears on everything, unless told."""
    name = code.replace("_", " ").capitalize()
    lists = {key: frozenset(more.pop(key, ())) for key in ("products", "indications", "kinds")}
    question = f"{name}?" if code in QUESTIONS else ""
    dull = {"question": question, "next_step": f"Next step of {code}.", "source": f"{code} source", "verified": True}
    return ContraindicationRule(code, name, name, severity, **lists, **{**dull, **more})


CONTRAINDICATIONS = [
    contraindication("pregnancy", Severity.HARD_STOP),
    contraindication("breastfeeding", Severity.HARD_STOP),
    contraindication("aminoglycosides", Severity.SOFT_STOP),
    contraindication("anticoagulants", Severity.CAUTION),
    contraindication("needle_fear", Severity.INFORM),
    contraindication("urinary_infection", Severity.HARD_STOP, indications=[BLADDER]),
    contraindication("milk_allergy", Severity.HARD_STOP, products=[DYSPORT]),
    contraindication("unmet_expectations", Severity.SOFT_STOP, kinds=[IndicationKind.AESTHETIC]),
    contraindication("under_age_cosmetic", Severity.HARD_STOP, kinds=[IndicationKind.AESTHETIC]),
    contraindication("under_age_therapeutic", Severity.SOFT_STOP, kinds=[IndicationKind.THERAPEUTIC]),
    contraindication("over_65_aesthetic", Severity.CAUTION, products=[BOCOUTURE]),
    contraindication("recent_toxin_elsewhere", Severity.SOFT_STOP),
]

INDICATIONS = [
    IndicationRule(FROWN, "Frown lines", "Frown lines", IndicationKind.AESTHETIC, schedule(), 18),
    IndicationRule(FOREHEAD, "Forehead lines", "Forehead lines", IndicationKind.AESTHETIC, schedule(), 18),
    IndicationRule(
        UNDERARM,
        "Underarm sweating",
        "Underarm sweating",
        IndicationKind.THERAPEUTIC,
        schedule(low=days(180), high=days(240)),
        None,
    ),
    IndicationRule(
        MIGRAINE,
        "Chronic migraine",
        "Migraine",
        IndicationKind.THERAPEUTIC,
        schedule(ScheduleKind.FIXED, days(84), days(98)),
        None,
    ),
    IndicationRule(
        SQUINT,
        "Squint",
        "Squint",
        IndicationKind.THERAPEUTIC,
        schedule(ScheduleKind.EXAMINATION, days(7), days(14)),
        12,
    ),
    IndicationRule(BLADDER, "Overactive bladder", "Bladder", IndicationKind.THERAPEUTIC, schedule(), None),
]

LICENCES = [
    licence("", FROWN, months(3), licensed=False),
    licence(BOTOX_COSMETIC, FROWN, months(3), typical_units_high=Decimal(20), min_age_years=18),
    licence(DYSPORT, FROWN, weeks(16), min_age_years=18),
    licence(BOCOUTURE, FROWN, months(3), min_age_years=18),
    licence("", FOREHEAD, months(3), licensed=False),
    licence(BOCOUTURE, FOREHEAD, months(3), licensed=False),
    licence("", UNDERARM, weeks(20), licensed=False),
    licence(BOTOX, UNDERARM, weeks(16), max_units_per_session=Decimal(100), typical_units_high=Decimal(80)),
    licence("", MIGRAINE, weeks(12), licensed=False),
    licence(BOTOX, MIGRAINE, weeks(12)),
    licence("", SQUINT, days(7), licensed=False),
    licence("", BLADDER, weeks(12)),
]

DOSE_LIMITS = (
    DoseLimitRule("allergan_84_days", "allergan_unit", Decimal(400), days(84), frozenset(), "limit source", True),
    DoseLimitRule(
        "merz_face_session", "merz_unit", Decimal(64), None, frozenset({FROWN, FOREHEAD}), "session source", True
    ),
)

BOOK = RuleBook(
    indications={rule.code: rule for rule in INDICATIONS},
    products={code: ProductRule(code, code.replace("_", " ").title(), system) for code, system in SYSTEMS.items()},
    licences={(rule.product, rule.indication): rule for rule in LICENCES},
    dose_limits=DOSE_LIMITS,
    contraindications={rule.code: rule for rule in CONTRAINDICATIONS},
    answers_valid_days=90,
    elsewhere_lookback_days=122,
    questions=QUESTIONS,
)


FAMILIES = {BOTOX: "type_a", BOTOX_COSMETIC: "type_a", DYSPORT: "type_a", BOCOUTURE: "type_c"}
PRIOR = Prior(120, 0.17, 0.17, 60, 240)


def with_durations(book: RuleBook, setting: LearnedDuration = LearnedDuration.SUGGEST) -> RuleBook:
    """The book with priors for the frown lines and migraine, none for anything else."""
    products = {code: replace(rule, duration_family=FAMILIES[code]) for code, rule in book.products.items()}
    rules = {
        (FROWN, "type_a"): DurationRule(PRIOR, "duration source", fair=True),
        (FROWN, "type_c"): DurationRule(replace(PRIOR, median_days=160), "duration source", fair=False),
        (MIGRAINE, "type_a"): DurationRule(
            replace(PRIOR, median_days=77, floor_days=42), "duration source", fair=False
        ),
    }
    return replace(book, products=products, durations=rules, learned_duration=setting)


def with_severity(code: str, severity: Severity) -> RuleBook:
    """The book of a clinic that changed one rule's severity."""
    changed = replace(BOOK.contraindications[code], severity=severity)
    return replace(BOOK, contraindications={**BOOK.contraindications, code: changed})


def given(on: str | date, indication: str = FROWN, **more) -> Given:
    """A full treatment with 20 units of Botox Cosmetic, unless told."""
    on = day(on) if isinstance(on, str) else on
    if isinstance(more.get("not_before_on"), str):
        more["not_before_on"] = day(more["not_before_on"])
    product = more.pop("product", BOTOX_COSMETIC)
    units = more.pop("units", 20)
    amount = None if units is None else Decimal(units)
    return Given(indication, product, more.pop("unit_system", SYSTEMS.get(product, "")), amount, on, **more)


def elsewhere(on: str, not_before_on: str | None = None, indication: str = FROWN, **more) -> Given:
    """A full treatment at another clinic, of which nobody knows more than when."""
    return given(on, indication, product="", units=None, elsewhere=True, not_before_on=not_before_on, **more)


def touch_up(on: str, indication: str = FROWN, **more) -> Given:
    return given(on, indication, kind=TreatmentKind.TOUCH_UP, **{"units": 4, **more})


def flag(kind: str, starts_on: str, ends_on: str | None = None, ref: str = "") -> FlagFact:
    return FlagFact(kind, Period(day(starts_on), day(ends_on) if ends_on else None), ref=ref)


def answers(on: str | date, **other: Answer) -> tuple[AnswerFact, ...]:
    """Every question answered "no" on one day, but for `other`."""
    on = day(on) if isinstance(on, str) else on
    return tuple(AnswerFact(kind, other.get(kind, Answer.NO), on) for kind in QUESTIONS)


def facts(*history: Given, born: str = "1985-06-15", died: str | None = None, **more) -> Facts:
    return Facts(day(born), day(died) if died else None, given=history, **more)


def planned(indication: str = FROWN, product: str = BOTOX_COSMETIC, units: int | str | None = 20) -> PlannedDose:
    return PlannedDose(indication, product, None if units is None else Decimal(units))


def plan(*doses: PlannedDose, **more) -> Plan:
    """A full treatment of the frown lines, unless told."""
    return Plan(doses or (planned(),), **more)


def codes(findings: Iterable[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def only(findings: Iterable[Finding], code: str) -> Finding:
    """The one finding with this code."""
    (found,) = (finding for finding in findings if finding.code == code)
    return found
