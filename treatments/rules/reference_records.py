"""The records of the medical catalogue, as the files in `reference/` hold them. Import them from `reference`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from treatments.rules.periods import Length
from treatments.rules.vocabulary import IndicationKind, Jurisdiction, ScheduleKind, Severity

Codes = tuple[str, ...]


class Evidence(StrEnum):
    """Where a contraindication comes from; several may hold, by jurisdiction."""

    LABEL_CONTRAINDICATION = "label_contraindication"
    LABEL_WARNING = "label_warning"
    LABEL_INTERACTION = "label_interaction"
    LABEL_DOSING_LIMIT = "label_dosing_limit"
    LAW_OR_REGULATOR = "law_or_regulator"
    GUIDELINE = "guideline"
    PUBLISHED_STUDY = "published_study"
    CLINIC_POLICY = "clinic_policy"


class Population(StrEnum):
    ADULT = "adult"  # 18 and older
    PAEDIATRIC = "paediatric"  # under 18
    TWELVE_AND_OVER = "twelve_and_over"


class Better(StrEnum):
    LOWER = "lower"
    HIGHER = "higher"
    DEPENDS = "depends"


class Confidence(StrEnum):
    FAIR = "fair"  # several figures that agree
    WEAK = "weak"  # one figure, or an assumed centre or spread


@dataclass(frozen=True, slots=True)
class DayRange:
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Threshold:
    measure: str
    below: Decimal | None = None
    above: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Source:
    code: str
    title: str
    kind: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    code: str
    brand: str
    nonproprietary_name: str
    manufacturer: str
    unit_system: str
    duration_family: str
    unit_label: str
    form: str
    sources: Codes
    aliases: tuple[str, ...] = ()
    vial_units: Mapping[Jurisdiction, tuple[int, ...]] = field(default_factory=dict)
    excipients: tuple[str, ...] = ()
    contains_human_albumin: bool | None = None
    contains_cows_milk_protein: bool | None = None
    needs_reconstitution: bool = True
    storage_unopened: str = ""
    storage_reconstituted: str = ""
    use_within_hours: int | None = None
    note: str = ""
    spellings: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """One row of a usual injection plan of a product. `sides` = 2: the figures are for each side."""

    product: str
    muscle: str
    sides: int = 1
    sites_low: int | None = None
    sites_high: int | None = None
    units_per_site_low: Decimal | None = None
    units_per_site_high: Decimal | None = None
    total_units_low: Decimal | None = None
    total_units_high: Decimal | None = None
    max_units_per_site: Decimal | None = None
    ml_per_site: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Indication:
    code: str
    name: str
    short_name: str
    kind: IndicationKind
    schedule: ScheduleKind
    effect_low: Length
    effect_high: Length
    lapse_after: Length
    min_age_years: int
    sources: Codes
    set_interval: Length | None = None  # the minimum interval whatever a licence says
    least_interval: Length | None = None  # no licence may go below it
    touch_up_from_days: int = 7
    touch_up_to_days: int = 28
    muscles: tuple[str, ...] = ()
    needs_before: tuple[str, ...] = ()
    onset_days: DayRange | None = None
    peak_days: DayRange | None = None
    effect_days: DayRange | None = None
    sites: tuple[Site, ...] = ()
    outcome_measures: Codes = ()
    note: str = ""
    spellings: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Licence:
    product: str
    indication: str
    jurisdictions: tuple[Jurisdiction, ...]
    sources: Codes
    min_age_years: int | None = None
    max_age_years: int | None = None
    min_interval: Length | None = None
    policy_min_interval: Length | None = None
    max_units_per_session: Decimal | None = None
    max_units_per_site: Decimal | None = None
    typical_units_low: Decimal | None = None
    typical_units_high: Decimal | None = None
    sites: int | None = None
    units_per_site: Decimal | None = None
    condition: str = ""
    note: str = ""
    unverified: tuple[str, ...] = ()

    def states_interval_for(self, jurisdiction: Jurisdiction) -> bool:
        """Whether `min_interval` was checked for that country; a mark `min_interval.UK_EU` doubts those two only."""
        for mark in self.unverified:
            name, _, countries = mark.partition(".")
            if name in ("*", "min_interval", "jurisdictions") and (
                not countries or jurisdiction in countries.split("_")
            ):
                return False
        return self.min_interval is not None


@dataclass(frozen=True, slots=True)
class IntervalVariant:
    """What one national text says of an interval; `jurisdiction` may be a country beyond those of the clinic (FR)."""

    product: str
    indication: str
    jurisdiction: str
    length: Length
    text: str
    sources: Codes
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DoseLimit:
    """With both `units` and `units_per_kg` the lower holds. No window: one session. No indications: all together."""

    code: str
    unit_system: str
    jurisdiction: str
    population: Population
    scope: str
    sources: Codes
    units: Decimal | None = None
    units_per_kg: Decimal | None = None
    window: Length | None = None
    indications: Codes = ()
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DurationPrior:
    """How long the effect lasts before anything is known of the patient. The spreads are those of the logarithm."""

    indication: str
    product_family: str
    median_days: int
    log_sigma_between: Decimal
    log_sigma_within: Decimal
    floor_days: int
    ceiling_days: int
    learn_drift: Decimal
    learn_drift_sd: Decimal
    confidence: Confidence
    sources: Codes
    based_on: Codes = ()
    note: str = ""
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contraindication:
    """Applies to everything if products, indications and kinds are all empty, else if any of the three matches."""

    code: str
    name: str
    short_name: str
    severity: Severity
    time_limited: bool
    raised_by_hand: bool
    next_step: str
    evidence: tuple[Evidence, ...]
    sources: Codes
    products: Codes = ()
    indications: Codes = ()
    kinds: tuple[IndicationKind, ...] = ()
    review_after_days: int | None = None
    review_after: str = ""
    lookback_days: int | None = None
    threshold: Threshold | None = None
    question: str = ""
    note: str = ""
    spellings: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AdverseEventKind:
    code: str
    name: str
    serious: bool
    escalate: bool
    sources: Codes
    spread_of_toxin: bool = False
    escalate_if: str = ""
    onset_days: DayRange | None = None
    resolution_days: DayRange | None = None
    rates: str = ""
    next_step: str = ""
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutcomeMeasure:
    code: str
    name: str
    minimum: Decimal
    maximum: Decimal
    better: Better
    sources: Codes
    step: Decimal | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    alert_above: Decimal | None = None
    responder_rule: str = ""
    indications: Codes = ()
    note: str = ""
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole catalogue. The `*_spellings` map every folded spelling to one code."""

    sources: Mapping[str, Source]
    products: Mapping[str, Product]
    indications: Mapping[str, Indication]
    contraindications: Mapping[str, Contraindication]
    adverse_events: Mapping[str, AdverseEventKind]
    outcome_measures: Mapping[str, OutcomeMeasure]
    licences: tuple[Licence, ...]
    interval_variants: tuple[IntervalVariant, ...]
    dose_limits: tuple[DoseLimit, ...]
    duration_priors: tuple[DurationPrior, ...]
    product_spellings: Mapping[str, str]
    indication_spellings: Mapping[str, str]
    contraindication_spellings: Mapping[str, str]
