"""What holds for every history of observations, whatever the clinic and staff decided about them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.treatments.rules.book import (
    BOCOUTURE,
    BOOK,
    BOTOX_COSMETIC,
    FROWN,
    MIGRAINE,
    SYSTEMS,
    facts,
    flag,
    with_durations,
)
from treatments.rules.facts import CourseChoice, Facts, Given, SetWindow
from treatments.rules.intervals import Forecast, forecast
from treatments.rules.vocabulary import CourseDuration, LearnedDuration, TreatmentKind

pytest.importorskip("hypothesis")
from hypothesis import assume, given, settings
from hypothesis import strategies as st

quick = settings(max_examples=40, deadline=None, database=None, derandomize=True)
BOOKS = {setting: with_durations(BOOK, setting) for setting in LearnedDuration}
DATES = ("earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from", "computed_from", "computed_until")


def _after(on: date, n_days: int | None) -> date | None:
    return None if n_days is None else on + timedelta(days=n_days)


def _given(on: date, indication: str, kind: TreatmentKind, product: str, marks: tuple[bool, bool], said) -> Given:
    gone, still, seen = (_after(on, n_days) for n_days in said)
    sub_standard, doubtful = marks
    return Given(
        indication, product, SYSTEMS[product], 20, on, kind,
        not_before_on=on - timedelta(days=10) if doubtful else None, sub_standard=sub_standard, elsewhere=doubtful,
        worn_off_on=gone, still_working_on=still, seen_gone_on=seen,
    )  # fmt: skip


days_after = st.one_of(st.none(), st.integers(-5, 400))
treatments = st.builds(
    _given,
    st.dates(date(2023, 1, 1), date(2026, 6, 1)),
    st.sampled_from([FROWN, FROWN, FROWN, MIGRAINE]),
    st.sampled_from([TreatmentKind.FULL] * 4 + [TreatmentKind.TOUCH_UP]),
    st.sampled_from([BOTOX_COSMETIC] * 4 + [BOCOUTURE]),
    st.tuples(st.sampled_from([False] * 4 + [True]), st.sampled_from([False] * 4 + [True])),
    st.tuples(days_after, days_after, days_after),
)
patients = st.lists(treatments, min_size=1, max_size=8).map(
    lambda rows: facts(
        *(replace(row, ref=f"T{n}") for n, row in enumerate(rows)),
        flags=(flag("pregnancy", "2024-05-01", "2025-01-01"),),
    )
)
indications = st.sampled_from([FROWN, MIGRAINE])
settings_of_clinics = st.sampled_from(LearnedDuration)
windows = st.builds(
    lambda opens, n_days, cycle: SetWindow(opens, opens + timedelta(days=n_days), "Holiday", "rosei", opens, cycle),
    st.dates(date(2023, 1, 1), date(2027, 6, 1)),
    st.integers(0, 60),
    st.dates(date(2023, 1, 1), date(2026, 6, 1)),
)
choices = st.builds(
    CourseChoice,
    st.one_of(st.none(), windows),
    st.sampled_from(CourseDuration),
    st.tuples(st.integers(0, 200), st.integers(200, 400)),
)


def dates(found: Forecast) -> list[date | None]:
    return [getattr(found, name) for name in DATES]


@quick
@given(indications, patients, settings_of_clinics, choices)
def test_no_observation_and_no_decision_opens_the_window_before_the_earliest_day(
    indication: str, patient: Facts, setting: LearnedDuration, choice: CourseChoice
):
    found = forecast(indication, patient, BOOKS[setting], choice=choice)
    unsaid = replace(
        patient,
        given=tuple(replace(g, worn_off_on=None, still_working_on=None, seen_gone_on=None) for g in patient.given),
    )

    assert found.earliest_on == forecast(indication, unsaid, BOOK).earliest_on
    assume(found.due_from)
    assert found.earliest_on <= found.due_from <= found.due_until < found.overdue_from <= found.lapsed_from
    if found.computed_from:
        assert found.earliest_on <= found.computed_from <= found.computed_until


@quick
@given(indications, patients, choices)
def test_where_the_clinic_only_suggests_or_has_it_off_no_date_is_moved(
    indication: str, patient: Facts, choice: CourseChoice
):
    plain = dates(forecast(indication, patient, BOOK, choice=choice))

    for setting in (LearnedDuration.OFF, LearnedDuration.SUGGEST):
        assert dates(forecast(indication, patient, BOOKS[setting], choice=choice)) == plain


@quick
@given(patients, settings_of_clinics)
def test_a_fixed_schedule_is_moved_by_nothing_that_is_learned(patient: Facts, setting: LearnedDuration):
    assert dates(forecast(MIGRAINE, patient, BOOKS[setting])) == dates(forecast(MIGRAINE, patient, BOOK))


@quick
@given(indications, patients, settings_of_clinics, choices, st.data())
def test_the_order_of_rows_decides_nothing(
    indication: str, patient: Facts, setting: LearnedDuration, choice: CourseChoice, data: st.DataObject
):
    shuffled = replace(patient, given=tuple(data.draw(st.permutations(patient.given))))

    assert forecast(indication, shuffled, BOOKS[setting], choice=choice) == forecast(
        indication, patient, BOOKS[setting], choice=choice
    )


@quick
@given(indications, patients, settings_of_clinics, choices)
def test_every_date_is_the_day_of_its_deciding_reason(
    indication: str, patient: Facts, setting: LearnedDuration, choice: CourseChoice
):
    found = forecast(indication, patient, BOOKS[setting], choice=choice)
    known = {name: getattr(found, name) for name in DATES[:5]}

    decided = {(reason.about, reason.day) for reason in found.reasons if reason.decided}

    assert decided == {(name, on) for name, on in known.items() if on}
