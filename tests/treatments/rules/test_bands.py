import pytest

from tests.treatments.rules.book import (
    BOOK,
    BOTOX,
    DYSPORT,
    FROWN,
    UNDERARM,
    day,
    days_around,
    elsewhere,
    facts,
    flag,
    given,
    touch_up,
)
from treatments.rules.facts import Facts, FlagFact, Given
from treatments.rules.intervals import band_on, forecast
from treatments.rules.vocabulary import Band

T = "2026-01-15"  # earliest and due from 15 April, due until 15 May, lapsed from 15 January
PREGNANT = flag("pregnancy", "2026-06-01", "2026-07-01")
DOUBTFUL = elsewhere(T, "2026-01-01")


def band(patient: Facts, on: str, *, stopped: bool = False) -> Band:
    return band_on(forecast(FROWN, patient, BOOK), day(on), stopped=stopped)


@pytest.mark.parametrize(
    ("changes_on", "before", "after"),
    [
        pytest.param("2026-04-15", Band.TOO_SOON, Band.DUE, id="due_from"),
        pytest.param("2026-05-16", Band.DUE, Band.OVERDUE, id="overdue_from"),
        pytest.param("2027-01-15", Band.OVERDUE, Band.LAPSED, id="lapsed_from"),
    ],
)
def test_band_changes_on_the_day_and_not_before(changes_on: str, before: Band, after: Band):
    found = forecast(FROWN, facts(given(T)), BOOK)

    assert [band_on(found, on) for on in days_around(changes_on)] == [before, after, after]


def test_possible_is_between_the_earliest_day_and_due_from():
    late_effect = forecast(UNDERARM, facts(given(T, UNDERARM, product=BOTOX)), BOOK)

    # 16 weeks are up on 7 May, 180 days on 14 July
    assert [band_on(late_effect, on) for on in days_around("2026-05-07")] == [
        Band.TOO_SOON,
        Band.POSSIBLE,
        Band.POSSIBLE,
    ]
    assert [band_on(late_effect, on) for on in days_around("2026-07-14")] == [Band.POSSIBLE, Band.DUE, Band.DUE]


def test_course_without_a_full_treatment_is_possible_from_its_earliest_day():
    never = forecast(FROWN, facts(born="2008-04-15"), BOOK)

    assert [band_on(never, on) for on in days_around("2026-04-15")] == [Band.TOO_SOON, Band.POSSIBLE, Band.POSSIBLE]


@pytest.mark.parametrize(
    ("kind", "during"),
    [
        pytest.param("pregnancy", Band.ON_HOLD, id="hard stop"),
        pytest.param("aminoglycosides", Band.ON_HOLD, id="soft stop"),
        pytest.param("anticoagulants", Band.OVERDUE, id="a caution holds nothing"),
        pytest.param("urinary_infection", Band.OVERDUE, id="bears on another indication"),
    ],
)
def test_course_is_on_hold_exactly_while_a_stop_of_a_flag_is_in_force(kind: str, during: Band):
    flagged = facts(given(T), flags=(flag(kind, "2026-06-01", "2026-07-01"),))

    found = [band(flagged, on) for on in ("2026-05-31", "2026-06-01", "2026-06-30", "2026-07-01")]

    assert found == [Band.OVERDUE, during, during, Band.OVERDUE]


def test_open_ended_block_holds_the_course_but_moves_no_date():
    held, free = facts(given(T), flags=(flag("pregnancy", "2026-03-01"),)), facts(given(T))

    assert band(held, "2030-01-01") == Band.ON_HOLD
    assert forecast(FROWN, held, BOOK).due_from == forecast(FROWN, free, BOOK).due_from == day("2026-04-15")


def test_nobody_is_overdue_the_morning_after_a_block_ends():
    blocked = facts(given(T), flags=(flag("pregnancy", "2026-03-01", "2026-07-01"),))

    assert [band(blocked, on) for on in ("2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01")] == [
        Band.ON_HOLD, Band.DUE, Band.DUE, Band.OVERDUE,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("history", "flags", "stopped", "on", "expected"),
    [
        pytest.param([DOUBTFUL], (PREGNANT,), True, "2026-06-15", Band.STOPPED, id="stopped before all"),
        pytest.param([DOUBTFUL], (PREGNANT,), False, "2026-06-15", Band.ON_HOLD, id="on hold before needs review"),
        pytest.param([DOUBTFUL], (PREGNANT,), False, "2028-06-15", Band.NEEDS_REVIEW, id="needs review before lapsed"),
        pytest.param([DOUBTFUL], (), False, "2026-01-20", Band.NEEDS_REVIEW, id="needs review before too soon"),
        pytest.param([given(T)], (PREGNANT,), False, "2028-06-15", Band.LAPSED, id="lapsed before overdue"),
        pytest.param([given(T)], (PREGNANT,), False, "2026-08-15", Band.OVERDUE, id="overdue before due"),
        pytest.param([given(T)], (PREGNANT,), False, "2026-04-20", Band.DUE, id="due before possible"),
        pytest.param([given(T)], (PREGNANT,), False, "2026-02-01", Band.TOO_SOON, id="too soon"),
    ],
)
def test_first_band_that_matches_wins(
    history: list[Given], flags: tuple[FlagFact, ...], stopped: bool, on: str, expected: Band
):
    assert band(facts(*history, flags=flags), on, stopped=stopped) == expected


@pytest.mark.parametrize(
    ("history", "died", "sentence"),
    [
        pytest.param([given(T)], None, "", id="nothing doubtful"),
        pytest.param([elsewhere(T)], None, "", id="elsewhere on a known day"),
        pytest.param([elsewhere(T, T)], None, "", id="elsewhere, both ends on one day"),
        pytest.param([DOUBTFUL], None, "The date of the treatment elsewhere is doubtful: 01-Jan-2026 to 15-Jan-2026.",
                     id="elsewhere, a range"),
        pytest.param([DOUBTFUL, given("2026-05-01")], None, "", id="a treatment here since makes it history"),
        pytest.param([elsewhere(T, "2026-01-01", voided=True)], None, "", id="voided"),
        pytest.param([given(T), given(T, product=DYSPORT)], None,
                     "Full treatments with different products are recorded on 15-Jan-2026.", id="two products on one day"),
        pytest.param([given(T), given(T)], None, "", id="two lots of one product on one day"),
        pytest.param([given(T), given(T, product=DYSPORT), given("2026-05-01")], None, "", id="contradiction long past"),
        pytest.param([given(T), given(T, voided=True)], None, "", id="two on one day, one voided"),
        pytest.param([given(T), touch_up(T)], None, "", id="full and touch-up on one day"),
        pytest.param([given(T)], "2026-01-15", "", id="died that day"),
        pytest.param([given(T)], "2026-01-14", "A treatment is recorded on 15-Jan-2026, after the patient's death.",
                     id="treated after death"),
    ],
)  # fmt: skip
def test_doubt_says_what_somebody_must_look_at(history: list[Given], died: str | None, sentence: str):
    assert forecast(FROWN, facts(*history, died=died), BOOK).doubt == sentence
