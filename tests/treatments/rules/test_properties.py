"""What holds for every history, and the forecast worked out a second time, day by day."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.treatments.rules.book import (
    BOOK,
    BOTOX,
    BOTOX_COSMETIC,
    DYSPORT,
    FROWN,
    MIGRAINE,
    SYSTEMS,
    UNDERARM,
    answers,
)
from treatments.rules.facts import Facts, FlagFact, Given, Plan, PlannedDose
from treatments.rules.findings import Finding, stops, verdict_state
from treatments.rules.intervals import band_on, forecast
from treatments.rules.periods import Period
from treatments.rules.review import review
from treatments.rules.vocabulary import TreatmentKind, VerdictState

pytest.importorskip("hypothesis")
from hypothesis import assume, given, settings
from hypothesis import strategies as st

quick = settings(max_examples=30, deadline=None, database=None, derandomize=True)

ONE_DAY = timedelta(days=1)
STOPS = ("pregnancy", "breastfeeding", "aminoglycosides")
OF_THE_FLOOR = {
    "interval_not_elapsed", "interval_to_next_not_elapsed", "cumulative_dose_exceeded", "recent_toxin_elsewhere",
    "under_age_cosmetic", "under_age_therapeutic",
}  # fmt: skip
WEIGHT = [VerdictState.CLEAR, VerdictState.CAUTION, VerdictState.CANNOT_TELL, VerdictState.BLOCKED]

# Each treatment and each flag is read out of one number: drawing every part by itself takes ten times as long.
COURSES = [(FROWN, BOTOX_COSMETIC), (FROWN, DYSPORT), (MIGRAINE, BOTOX), (UNDERARM, BOTOX)]
UNITS = [Decimal(n) for n in (20, 100, 155, 200, 250)]
KINDS = [TreatmentKind.FULL, TreatmentKind.FULL, TreatmentKind.TOUCH_UP]
SUB_STANDARD, ELSEWHERE, DOUBTFUL_DAYS = [False, False, True], [False, False, False, True], range(60)
FLAGS = [*STOPS, "anticoagulants", "milk_allergy"]
SPANS = [None, *range(400)]
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(1000)]


def drawn(build: Callable, *choices: Sequence) -> st.SearchStrategy:
    """`build` with one of each of the choices."""

    def read(number: int) -> object:
        parts = []
        for each in choices:
            number, place = divmod(number, len(each))
            parts.append(each[place])
        return build(*parts)

    return st.integers(0, math.prod(map(len, choices)) - 1).map(read)


def _given(
    on: date,
    what: tuple[str, str],
    units: Decimal,
    kind: TreatmentKind,
    sub_standard: bool,
    elsewhere: bool,
    doubt: int,
) -> Given:
    begins_on = on - timedelta(days=doubt) if elsewhere else None
    indication, product = what
    return Given(indication, product, SYSTEMS[product], units, on, kind, begins_on, sub_standard, elsewhere)


def _flag(starts_on: date, kind: str, n_days: int | None) -> FlagFact:
    return FlagFact(kind, Period(starts_on, None if n_days is None else starts_on + timedelta(days=n_days)))


def _facts(born_on: date, history: list[Given], flags: list[FlagFact], asked_on: date | None) -> Facts:
    history = [replace(each, ref=f"T{n}") for n, each in enumerate(history)]
    flags = [replace(each, ref=f"F{n}") for n, each in enumerate(flags)]
    return Facts(born_on, None, tuple(history), tuple(flags), answers(asked_on) if asked_on else ())


dates = st.sampled_from(DAYS)
treatments = drawn(_given, DAYS, COURSES, UNITS, KINDS, SUB_STANDARD, ELSEWHERE, DOUBTFUL_DAYS)
flags = drawn(_flag, DAYS, FLAGS, SPANS)
stop_flags = drawn(_flag, DAYS, STOPS, SPANS)
births = st.sampled_from([date(1980, 5, 5), date(2007, 3, 31), date(2008, 2, 29)])
patients = st.builds(
    _facts, births, st.lists(treatments, max_size=6), st.lists(flags, max_size=4), st.sampled_from([None, *DAYS])
)
indications = st.sampled_from([FROWN, MIGRAINE, UNDERARM])


def _plan(indication: str, patient: Facts) -> Plan:
    """What the forecast supposes: the last full treatment again."""
    found = forecast(indication, patient, BOOK)
    return Plan((PlannedDose(indication, found.product, found.units),))


def _judge(plan: Plan, patient: Facts, on: date) -> list[Finding]:
    return review(plan, patient, BOOK, on=on)


# ---- what holds always ----


@quick
@given(indications, patients)
def test_dates_of_a_forecast_are_in_order(indication: str, patient: Facts):
    found = forecast(indication, patient, BOOK)
    assume(found.due_from)

    assert found.earliest_on <= found.due_from <= found.due_until < found.overdue_from <= found.lapsed_from


@quick
@given(indications, patients)
def test_every_date_is_the_day_of_its_deciding_reason(indication: str, patient: Facts):
    found = forecast(indication, patient, BOOK)

    about = {
        name: getattr(found, name) for name in ("earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from")
    }
    decided = {(reason.about, reason.day) for reason in found.reasons if reason.decided}

    assert decided == {(name, on) for name, on in about.items() if on}


@quick
@given(indications, patients, flags, dates)
def test_another_flag_opens_nothing_sooner(indication: str, patient: Facts, extra: FlagFact, on: date):
    flagged = replace(patient, flags=(*patient.flags, extra))
    plan = _plan(indication, patient)

    before, after = _judge(plan, patient, on), _judge(plan, flagged, on)

    assert forecast(indication, flagged, BOOK).earliest_on >= forecast(indication, patient, BOOK).earliest_on
    assert WEIGHT.index(verdict_state(after)) >= WEIGHT.index(verdict_state(before))
    assert set(before) <= set(after)


@quick
@given(indications, patients, stop_flags, st.integers(1, 300), dates)
def test_flag_that_starts_earlier_opens_nothing_sooner(
    indication: str, patient: Facts, late: FlagFact, n_days: int, on: date
):
    earlier = replace(late, period=replace(late.period, starts_on=late.period.starts_on - timedelta(days=n_days)))
    as_told, as_corrected = (replace(patient, flags=(*patient.flags, each)) for each in (late, earlier))
    plan = _plan(indication, patient)

    earliest = [forecast(indication, each, BOOK).earliest_on for each in (as_told, as_corrected)]
    weights = [WEIGHT.index(verdict_state(_judge(plan, each, on))) for each in (as_told, as_corrected)]

    assert earliest == sorted(earliest)
    assert weights == sorted(weights)


@quick
@given(indications, patients, treatments, dates)
def test_voided_treatment_changes_nothing(indication: str, patient: Facts, extra: Given, on: date):
    voided = replace(patient, given=(replace(extra, voided=True, ref="VOID"), *patient.given))
    plan = _plan(indication, patient)

    assert forecast(indication, voided, BOOK) == forecast(indication, patient, BOOK)
    assert _judge(plan, voided, on) == _judge(plan, patient, on)


@quick
@given(indications, patients, dates, st.data())
def test_order_of_facts_is_irrelevant(indication: str, patient: Facts, on: date, data: st.DataObject):
    shuffled = replace(
        patient,
        given=tuple(data.draw(st.permutations(patient.given))),
        flags=tuple(data.draw(st.permutations(patient.flags))),
        answers=tuple(data.draw(st.permutations(patient.answers))),
    )
    plan = _plan(indication, patient)

    assert forecast(indication, shuffled, BOOK) == forecast(indication, patient, BOOK)
    assert _judge(plan, shuffled, on) == _judge(plan, patient, on)


@quick
@given(indications, patients)
def test_review_and_forecast_agree_on_the_earliest_day(indication: str, patient: Facts):
    found, plan = forecast(indication, patient, BOOK), _plan(indication, patient)
    assume(any(reason.decided and reason.rule != "no_floor" for reason in found.reasons))

    def stopped_on(on: date) -> list[Finding]:
        """What stops on a day, but for open-ended flags: they hold the course and move nothing."""
        return [f for f in stops(_judge(plan, patient, on)) if f.code in OF_THE_FLOOR or f.until]

    assert stopped_on(found.earliest_on) == []
    assert stopped_on(found.earliest_on - ONE_DAY) != []


@quick
@given(indications, patients, dates)
def test_bands_never_go_back(indication: str, patient: Facts, on: date):
    found = replace(forecast(indication, patient, BOOK), blocks=(), doubt="")
    order = ["too_soon", "possible", "due", "overdue", "lapsed"]

    places = [order.index(band_on(found, on + timedelta(days=n))) for n in range(0, 800, 20)]

    assert places == sorted(places)


# ---- the forecast a second time: nothing but a walk over days ----


def _months_later(on: date, n: int) -> date:
    year, month = on.year + (on.month - 1 + n) // 12, (on.month - 1 + n) % 12 + 1
    try:
        return date(year, month, on.day)
    except ValueError:
        return date(year + month // 12, month % 12 + 1, 1)


INTERVAL = {
    (FROWN, BOTOX_COSMETIC): lambda on: _months_later(on, 3),
    (FROWN, DYSPORT): lambda on: on + timedelta(days=112),
    (MIGRAINE, BOTOX): lambda on: on + timedelta(days=84),
    (UNDERARM, BOTOX): lambda on: on + timedelta(days=112),
}
EFFECT = {
    FROWN: lambda on: (_months_later(on, 3), _months_later(on, 4)),
    MIGRAINE: lambda on: (on + timedelta(days=84), on + timedelta(days=98)),
    UNDERARM: lambda on: (on + timedelta(days=180), on + timedelta(days=240)),
}


def _over_limit_on(patient: Facts, last: Given) -> set[date]:
    """Days on which the last units again would be more than 400 allergan units with those of the last 84 days."""
    per_day: Counter[date] = Counter()
    for dose in patient.given:
        if dose.product != DYSPORT:
            per_day.update({dose.on + timedelta(days=n): int(dose.units or 0) for n in range(84)})
    return set() if last.product == DYSPORT else {on for on, n in per_day.items() if n + int(last.units or 0) > 400}


def _walk_to_earliest(last: Given, patient: Facts) -> date:
    too_many = _over_limit_on(patient, last)
    elsewhere_on = [dose.on for dose in patient.given if dose.elsewhere]
    stopping = [
        f.period for f in patient.flags if f.kind in STOPS or (f.kind == "milk_allergy" and last.product == DYSPORT)
    ]
    too_soon = INTERVAL[last.indication, last.product](last.on)
    of_age = _months_later(patient.born_on, 18 * 12) if last.indication == FROWN else patient.born_on
    on, floor_reached = last.on, False
    while True:
        floor_reached = floor_reached or not (
            on < too_soon
            or on < of_age
            or any(on <= bad for bad in too_many)
            or any(on < treated_on + timedelta(days=122) for treated_on in elsewhere_on)
        )
        if floor_reached and not any(p.ends_on and p.starts_on <= on < p.ends_on for p in stopping):
            return on
        on += ONE_DAY


@quick
@given(indications, patients)
def test_forecast_agrees_with_a_walk_over_days(indication: str, patient: Facts):
    full = [dose for dose in patient.given if dose.indication == indication and dose.kind == TreatmentKind.FULL]
    assume(full and len({dose.on for dose in full}) == len(full))
    last = max(full, key=lambda dose: dose.on)
    began = [dose.not_before_on or dose.on for dose in full if not dose.sub_standard]

    earliest = _walk_to_earliest(last, patient)
    low, high = EFFECT[indication](max(began)) if began else (earliest, earliest)
    due_until = high if earliest <= low else earliest + (high - low)
    lapsed_from = max(_months_later(last.on, 12), due_until + ONE_DAY)

    found = forecast(indication, patient, BOOK)
    assert (found.earliest_on, found.due_from, found.due_until) == (earliest, max(earliest, low), due_until)
    assert (found.overdue_from, found.lapsed_from) == (due_until + ONE_DAY, lapsed_from)
