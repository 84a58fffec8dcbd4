from dataclasses import replace
from decimal import Decimal

import pytest

from tests.treatments.rules.book import (
    BLADDER,
    BOCOUTURE,
    BOOK,
    BOTOX,
    DOSE_LIMITS,
    DYSPORT,
    FOREHEAD,
    FROWN,
    MIGRAINE,
    UNDERARM,
    codes,
    day,
    facts,
    given,
    only,
    plan,
    planned,
    touch_up,
)
from treatments.rules.doses import dose_findings, fits_from, in_window, units
from treatments.rules.facts import DoseLimitRule, Given
from treatments.rules.periods import days, months
from treatments.rules.vocabulary import Severity

ROLLING, SESSION = DOSE_LIMITS


@pytest.mark.parametrize(
    ("on", "counted"),
    [
        pytest.param("2025-12-31", 0, id="day before"),
        pytest.param("2026-01-01", 100, id="the day"),
        pytest.param("2026-01-02", 100, id="day after"),
        pytest.param("2026-03-25", 100, id="its last day in the window"),
        pytest.param("2026-03-26", 0, id="day 84: it has left"),
    ],
)
def test_dose_counts_from_its_day_until_one_window_later(on: str, counted: int):
    assert in_window(ROLLING, [given("2026-01-01", units=100)], on=day(on)) == counted


@pytest.mark.parametrize(
    ("on", "counted"), [("2027-02-28", 100), ("2027-03-01", 0)], ids=["last day", "rolled forward: it has left"]
)
def test_window_of_calendar_months_rolls_forward(on: str, counted: int):
    calendar = replace(ROLLING, window=months(3))

    assert in_window(calendar, [given("2026-11-30", units=100)], on=day(on)) == counted


def test_session_limit_has_no_window():
    with pytest.raises(ValueError, match="no window"):
        in_window(SESSION, [], on=day("2026-01-01"))


@pytest.mark.parametrize(
    ("history", "counted"),
    [
        pytest.param([given("2026-01-01", units=100), given("2026-02-01", MIGRAINE, product=BOTOX, units=155)], 255,
                     id="two indications and two brands of one unit system"),
        pytest.param([given("2026-01-01", units=100), touch_up("2026-01-15", units=5)], 105, id="touch-up counts"),
        pytest.param([given("2026-01-01", units=100, sub_standard=True)], 100, id="sub-standard dose counts"),
        pytest.param([given("2026-01-01", units=100, elsewhere=True)], 100, id="treatment elsewhere counts"),
        pytest.param([given("2026-01-01", units=None)], 0, id="units nobody knows"),
        pytest.param([given("2026-01-01", product=DYSPORT, units=500)], 0, id="another unit system is never added"),
    ],
)  # fmt: skip
def test_units_of_one_system_count_whatever_they_were_for(history: list[Given], counted: int):
    assert in_window(ROLLING, history, on=day("2026-02-10")) == counted


def test_limit_for_some_indications_counts_only_these():
    bladder_only = replace(ROLLING, indications=frozenset({BLADDER}))
    history = [given("2026-01-01", units=100), given("2026-01-01", BLADDER, product=BOTOX, units=200)]

    assert in_window(bladder_only, history, on=day("2026-01-02")) == 200


@pytest.mark.parametrize(
    ("n_units", "on", "found"),
    [
        pytest.param(99, "2026-03-01", [], id="below"),
        pytest.param(100, "2026-03-01", [], id="exactly the limit"),
        pytest.param("100.5", "2026-03-01", ["cumulative_dose_exceeded"], id="half a unit over"),
        pytest.param(101, "2026-03-25", ["cumulative_dose_exceeded"], id="last day of the earlier dose"),
        pytest.param(101, "2026-03-26", [], id="the earlier dose has left"),
    ],
)
def test_400_units_in_84_days_over_all_indications(n_units: int | str, on: str, found: list[str]):
    history = facts(given("2026-01-01", MIGRAINE, product=BOTOX, units=300))

    findings = dose_findings(plan(planned(BLADDER, BOTOX, n_units)), history, BOOK, on=day(on))

    assert codes(findings) == found


def test_over_the_limit_is_a_hard_stop_that_shows_the_sum_and_when_it_fits():
    history = facts(given("2026-01-01", MIGRAINE, product=BOTOX, units=155), given("2026-01-20", units=200))

    found = only(dose_findings(plan(planned(BLADDER, BOTOX, 100)), history, BOOK, on=day("2026-02-01")),
                 "cumulative_dose_exceeded")  # fmt: skip

    assert found.severity == Severity.HARD_STOP
    assert found.sentence == ("355 units already given + 100 planned = 455 units within 84 days. The limit is 400.")
    assert (found.until, found.about, found.source) == (day("2026-03-26"), "allergan_84_days", "limit source")


def test_several_planned_doses_of_one_visit_are_added():
    visit = plan(planned(MIGRAINE, BOTOX, 200), planned(BLADDER, BOTOX, 201))

    found = only(dose_findings(visit, facts(), BOOK, on=day("2026-02-01")), "cumulative_dose_exceeded")

    assert (found.sentence, found.until) == ("401 units within 84 days. The limit is 400.", None)


def test_planned_doses_of_two_unit_systems_are_never_added():
    visit = plan(planned(MIGRAINE, BOTOX, 300), planned(FROWN, DYSPORT, 300))

    assert "cumulative_dose_exceeded" not in codes(dose_findings(visit, facts(), BOOK, on=day("2026-02-01")))


def test_voided_treatment_counts_for_no_dose():
    history = facts(given("2026-01-01", MIGRAINE, product=BOTOX, units=400, voided=True))

    assert dose_findings(plan(planned(BLADDER, BOTOX, 100)), history, BOOK, on=day("2026-01-02")) == []


@pytest.mark.parametrize(
    ("on", "found"),
    [
        pytest.param("2025-12-08", [], id="84 days before: the windows only touch"),
        pytest.param("2025-12-09", ["cumulative_dose_exceeded"], id="83 days before"),
        pytest.param("2026-03-01", ["cumulative_dose_exceeded"], id="the same day"),
    ],
)
def test_back_dated_dose_is_judged_with_what_was_given_after_it(on: str, found: list[str]):
    history = facts(given("2026-03-02", MIGRAINE, product=BOTOX, units=350), given("2026-03-01", units=1))

    findings = dose_findings(plan(planned(BLADDER, BOTOX, 60)), history, BOOK, on=day(on))

    assert codes(findings) == found


@pytest.mark.parametrize(
    ("doses", "history", "found"),
    [
        pytest.param([planned(FROWN, BOCOUTURE, 64)], [], False, id="exactly the limit"),
        pytest.param([planned(FROWN, BOCOUTURE, 65)], [], True, id="one over"),
        pytest.param([planned(FROWN, BOCOUTURE, 40), planned(FOREHEAD, BOCOUTURE, 25)], [], True, id="two areas"),
        pytest.param([planned(FROWN, BOCOUTURE, 40)], [given("2026-02-01", FOREHEAD, product=BOCOUTURE, units=25)], True,
                     id="recorded earlier the same day"),
        pytest.param([planned(FROWN, BOCOUTURE, 40)], [given("2026-01-31", FOREHEAD, product=BOCOUTURE, units=25)], False,
                     id="given the day before"),
        pytest.param([planned(UNDERARM, BOCOUTURE, 65)], [], False, id="an indication it does not name"),
        pytest.param([planned(FROWN, DYSPORT, 65)], [], False, id="another unit system"),
    ],
)  # fmt: skip
def test_session_limit_over_several_areas(doses: list, history: list[Given], found: bool):
    findings = dose_findings(plan(*doses), facts(*history), BOOK, on=day("2026-02-01"))

    assert ("cumulative_dose_exceeded" in codes(findings)) is found


@pytest.mark.parametrize(
    ("n_units", "expected"),
    [
        pytest.param(80, None, id="usual"),
        pytest.param("80.5", ("above_usual_dose", Severity.CAUTION), id="above the usual"),
        pytest.param(100, ("above_usual_dose", Severity.CAUTION), id="exactly the label's most"),
        pytest.param("100.5", ("session_limit_exceeded", Severity.SOFT_STOP), id="over the label's most"),
        pytest.param(None, None, id="not chosen yet"),
    ],
)
def test_licence_has_a_usual_dose_and_a_most(n_units: int | str | None, expected: tuple | None):
    findings = dose_findings(plan(planned(UNDERARM, BOTOX, n_units)), facts(), BOOK, on=day("2026-02-01"))

    assert [(f.code, f.severity) for f in findings] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("on", "found"),
    [
        pytest.param("2025-12-31", False, id="before it was given"),
        pytest.param("2026-01-01", True, id="the same day"),
        pytest.param("2026-05-02", True, id="day 121"),
        pytest.param("2026-05-03", False, id="day 122"),
    ],
)
def test_recent_product_of_another_system_is_a_caution_and_no_sum(on: str, found: bool):
    history = facts(given("2026-01-01", product=DYSPORT, units=500))

    findings = dose_findings(plan(planned(MIGRAINE, BOTOX, 155)), history, BOOK, on=day(on))

    assert [(f.code, f.severity) for f in findings] == [("different_product_recently", Severity.CAUTION)] * found


@pytest.mark.parametrize(
    ("history", "n_units", "expected"),
    [
        pytest.param([], 400, None, id="nothing given"),
        pytest.param([given("2026-01-01", units=200)], 200, None, id="fits exactly"),
        pytest.param([given("2026-01-01", units=200)], "200.5", "2026-03-26", id="fits when it has left"),
        pytest.param([given("2026-01-01", units=200), given("2026-01-31", units=200)], 200, "2026-03-26",
                     id="fits when the first has left"),
        pytest.param([given("2026-01-01", units=200), given("2026-01-31", units=200)], 201, "2026-04-25",
                     id="fits when both have left"),
        pytest.param([given("2026-01-01", units=350), given("2026-03-30", units=10)], 100, "2026-03-26",
                     id="a later small dose leaves the day as it is"),
        pytest.param([given("2026-01-01", units=350), given("2026-08-01", units=350)], 100, "2026-10-24",
                     id="a gap in between does not count: it would not go on fitting"),
        pytest.param([given("2026-01-01", units=350)], 401, None, id="never fits, waiting does not help"),
        pytest.param([given("2026-01-01", units=350)], None, None, id="units not chosen yet"),
        pytest.param([given("2026-01-01", product=DYSPORT, units=1000)], 400, None, id="another unit system"),
    ],
)  # fmt: skip
def test_first_day_on_which_the_planned_units_fit(
    history: list[Given], n_units: int | str | None, expected: str | None
):
    fits = fits_from(planned(BLADDER, BOTOX, n_units), facts(*history), BOOK)

    assert fits == ((day(expected), ROLLING) if expected else None)


def test_latest_of_several_limits_decides():
    longer = DoseLimitRule("bladder_120_days", "allergan_unit", Decimal(100), days(120), frozenset({BLADDER}), "", True)
    both = replace(BOOK, dose_limits=(longer, ROLLING))
    history = facts(given("2026-01-01", BLADDER, product=BOTOX, units=350))

    assert fits_from(planned(BLADDER, BOTOX, 100), history, both) == (day("2026-05-01"), longer)


@pytest.mark.parametrize(
    ("value", "text"), [("20", "20"), ("20.00", "20"), ("4.50", "4.5"), ("400", "400"), ("1.5E+3", "1500"), ("0", "0")]
)
def test_units_are_written_as_people_write_them(value: str, text: str):
    assert units(Decimal(value)) == text
