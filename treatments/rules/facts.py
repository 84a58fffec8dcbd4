"""What the rules look at: the patient's history, the plan, and the rule book of the clinic. Plain values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from treatments.rules.duration import Prior
from treatments.rules.periods import Length, Period
from treatments.rules.vocabulary import (
    Answer,
    CourseDuration,
    IndicationKind,
    LearnedDuration,
    ScheduleKind,
    Severity,
    TreatmentKind,
)


@dataclass(frozen=True, slots=True)
class Given:
    """What one treatment gave to one course. `on` is the day, or the later end of a doubtful date.

    `units` is None where nobody knows (a treatment elsewhere). `product` and `unit_system` may be "" there too.
    """

    indication: str
    product: str
    unit_system: str
    units: Decimal | None
    on: date
    kind: TreatmentKind = TreatmentKind.FULL
    not_before_on: date | None = None
    sub_standard: bool = False
    elsewhere: bool = False
    voided: bool = False
    ref: str = ""
    repeat_from: date | None = None  # the minimum interval on both sides, as it was when this was signed
    previous_until: date | None = None
    worn_off_on: date | None = None  # what was said of the effect: gone on, still there on, seen gone on
    still_working_on: date | None = None
    seen_gone_on: date | None = None

    @property
    def effect_from(self) -> date:
        """The earlier end of a doubtful date: the effect may have begun then."""
        return self.not_before_on or self.on

    def order(self) -> tuple[date, str, str, Decimal, date, str]:
        """By day, then by what it says, so that the order in which rows were read decides nothing."""
        return self.on, self.indication, self.product, self.units or Decimal(0), self.effect_from, self.ref


@dataclass(frozen=True, slots=True)
class FlagFact:
    """A dated fact that bears on safety; `kind` is the code of a contraindication."""

    kind: str
    period: Period
    review_on: date | None = None
    ref: str = ""


@dataclass(frozen=True, slots=True)
class AnswerFact:
    """The patient's answer to one safety question; the latest one counts."""

    kind: str
    answer: Answer
    answered_on: date


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known about one patient. The order of treatments and flags means nothing.

    Of two answers to one question on one day, the one further back in `answers` was saved later and counts.
    """

    born_on: date
    died_on: date | None = None
    given: tuple[Given, ...] = ()
    flags: tuple[FlagFact, ...] = ()
    answers: tuple[AnswerFact, ...] = ()

    def counted(self) -> list[Given]:
        """What counts: treatments that were not voided, by day; within a day in an order that rows cannot change."""
        return sorted((g for g in self.given if not g.voided), key=Given.order)

    def full(self, indication: str) -> list[Given]:
        """Full treatments of one course, by day."""
        return [g for g in self.counted() if g.indication == indication and g.kind == TreatmentKind.FULL]


@dataclass(frozen=True, slots=True)
class SetWindow:
    """A window that a person set after the full treatment of `cycle_on`."""

    due_from: date
    due_until: date
    reason: str
    by: str
    set_on: date
    cycle_on: date

    def holds(self, last_on: date) -> bool:
        """Until a full treatment later than the one after which it was set."""
        return last_on <= self.cycle_on


@dataclass(frozen=True, slots=True)
class CourseChoice:
    """What staff decided for one course. `pinned`: from and until how many days after the treatment it is due."""

    window: SetWindow | None = None
    duration: CourseDuration = CourseDuration.CLINIC
    pinned: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class PlannedDose:
    """What somebody plans for one course. "" and None: not chosen yet. `most_at_site`: the largest single injection."""

    indication: str
    product: str = ""
    units: Decimal | None = None
    most_at_site: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A visit to be judged. `injecting` is True when the needle is next: questions must be answered that day.

    `recorded` is True for what has been given: it is also held to the intervals that were kept with other treatments.
    """

    doses: tuple[PlannedDose, ...]
    kind: TreatmentKind = TreatmentKind.FULL
    lot_expires_on: date | None = None
    lot_stopped: str = ""  # why, where the lot is in quarantine or recalled
    injecting: bool = False
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class ScheduleRule:
    """When the effect of one indication usually asks for the next visit."""

    kind: ScheduleKind
    effect_low: Length
    effect_high: Length
    lapse_after: Length
    touch_up_from_days: int
    touch_up_to_days: int
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class DurationRule:
    """How long the effect of a product family lasts in an indication, before anything is known of the patient."""

    prior: Prior
    source: str
    fair: bool  # several published figures agree; otherwise one figure, or an assumption


@dataclass(frozen=True, slots=True)
class LicenceRule:
    """What holds in this clinic for one product in one indication (product "": any product without its own row)."""

    product: str
    indication: str
    licensed: bool
    min_interval: Length
    min_age_years: int | None
    max_units_per_session: Decimal | None
    max_units_per_site: Decimal | None
    typical_units_high: Decimal | None
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class DoseLimitRule:
    """At most `units` of one unit system in a rolling window (None: in one session), over these indications (empty: all)."""

    code: str
    unit_system: str
    units: Decimal
    window: Length | None
    indications: frozenset[str]
    source: str
    verified: bool

    def covers(self, unit_system: str, indication: str) -> bool:
        return unit_system == self.unit_system and (not self.indications or indication in self.indications)


@dataclass(frozen=True, slots=True)
class ContraindicationRule:
    """A reason not to treat, or to take care; it matches if any of its three lists matches, or if all are empty."""

    code: str
    name: str
    short_name: str
    severity: Severity
    products: frozenset[str]
    indications: frozenset[str]
    kinds: frozenset[str]
    question: str
    next_step: str
    source: str
    verified: bool
    time_limited: bool = True
    review_after_days: int | None = None
    raised_by_hand: bool = True

    def applies_to(self, product: str, indication: str, kind: str) -> bool:
        if not (self.products or self.indications or self.kinds):
            return True
        return product in self.products or indication in self.indications or kind in self.kinds


@dataclass(frozen=True, slots=True)
class IndicationRule:
    code: str
    name: str
    short_name: str
    kind: IndicationKind
    schedule: ScheduleRule
    min_age_years: int | None


@dataclass(frozen=True, slots=True)
class ProductRule:
    code: str
    brand: str
    unit_system: str
    duration_family: str = ""


@dataclass(frozen=True)
class RuleBook:
    """The clinic's rules in force on a day, ready for look-up. Built by `queries.rulebook`."""

    indications: Mapping[str, IndicationRule]
    products: Mapping[str, ProductRule]
    licences: Mapping[tuple[str, str], LicenceRule]
    dose_limits: tuple[DoseLimitRule, ...]
    contraindications: Mapping[str, ContraindicationRule]
    answers_valid_days: int = 90
    elsewhere_lookback_days: int = 122
    token: str = ""
    questions: tuple[str, ...] = field(default=())
    durations: Mapping[tuple[str, str], DurationRule] = field(default_factory=dict)  # by indication and family
    learned_duration: LearnedDuration = LearnedDuration.SUGGEST

    def licence(self, product: str, indication: str) -> LicenceRule:
        """The product's own row for the indication, else the indication's row for any product."""
        return self.licences.get((product, indication)) or self.licences["", indication]
