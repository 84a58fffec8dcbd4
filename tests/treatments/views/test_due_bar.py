"""The geometry of the next-due picture, in tables: what stands where, and the sentence beside it."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from treatments.rules.vocabulary import Band
from treatments.views.due_bar import Dates, DueBar, due_bar

T = date(2026, 1, 15)
DATES = Dates(
    earliest_on=date(2026, 4, 15),
    due_from=date(2026, 4, 15),
    due_until=date(2026, 5, 15),
    overdue_from=date(2026, 5, 16),
    lapsed_from=date(2027, 1, 15),
    last_treated_on=T,
)


def bar(on: date, band: Band = Band.DUE, *, dates: Dates = DATES, size: str = "panel", **more) -> DueBar:
    return due_bar(dates, on=on, band=band, name="Frown lines", ref="7KX2Q9", size=size, **more)


def marks(drawn: DueBar) -> dict[str, float]:
    return {mark.kind: mark.x for mark in drawn.marks}


@pytest.mark.parametrize("size", ["row", "panel"])
@pytest.mark.parametrize(
    ("on", "more"),
    [
        pytest.param(T, {}, id="treated today"),
        pytest.param(T - timedelta(days=30), {}, id="before the treatment"),
        pytest.param(date(2026, 5, 1), {}, id="in the window"),
        pytest.param(date(2026, 5, 1), {"returns": [date(2026, 1, 29)] * 40}, id="40 touch-ups"),
        pytest.param(date(2026, 5, 1), {"booked_on": date(2026, 5, 1)}, id="booked today"),
        pytest.param(date(2026, 5, 1), {"booked_on": date(2028, 5, 1)}, id="booked far away"),
        pytest.param(date(2040, 5, 1), {}, id="lapsed for years"),
        pytest.param(date(2026, 5, 1), {"hold": "Pregnant."}, id="on hold"),
    ],
)
def test_everything_lies_on_the_axis_and_segments_follow_one_another(on: date, more: dict, size: str):
    drawn = bar(on, size=size, **more)

    assert all(0 <= mark.x <= 100 for mark in drawn.marks)
    assert all(0 <= tick.x <= 100 for tick in drawn.ticks)
    assert drawn.segments[0].x == 0
    for before, after in pairwise(drawn.segments):
        assert after.x == pytest.approx(before.x + before.width, abs=0.02)
    last = drawn.segments[-1]
    assert last.x + last.width == pytest.approx(100, abs=0.02)


@pytest.mark.parametrize(
    ("on", "classes"),
    [
        pytest.param(date(2026, 5, 1), ["too_soon", "due_soon", "due", "overdue"], id="axis ends before the lapse"),
        pytest.param(date(2027, 3, 1), ["too_soon", "due_soon", "due", "overdue", "lapsed"], id="lapsed"),
    ],
)
def test_segments_are_the_bands_in_their_order(on: date, classes: list[str]):
    assert [segment.cls for segment in bar(on).segments] == classes


def test_the_last_21_days_before_the_window_are_due_soon():
    soon = bar(date(2026, 5, 1)).segments[1]

    days = (DATES.overdue_from - T).days
    assert soon.cls == "due_soon"
    assert soon.width / bar(date(2026, 5, 1)).segments[2].width == pytest.approx(21 / (days - 90), abs=0.01)


def test_a_course_on_hold_has_no_band_and_says_why():
    drawn = bar(date(2026, 5, 1), Band.ON_HOLD, hold="Pregnant, review 02-Apr-2027.")

    assert {segment.cls for segment in drawn.segments} == {"on_hold"}
    assert drawn.sentence == "Day 106: on hold. Pregnant, review 02-Apr-2027."


def test_a_sub_standard_dose_leaves_no_window_of_its_own():
    at_once = DATES._replace(due_until=DATES.due_from, overdue_from=DATES.due_from + timedelta(days=1))

    drawn = bar(date(2026, 4, 15), dates=at_once)

    assert [segment.cls for segment in drawn.segments] == ["too_soon", "due_soon", "due", "overdue"]
    assert drawn.segments[2].width > 0


def test_today_moves_along_the_axis_and_stops_at_its_end():
    places = [marks(bar(on))["today"] for on in (T, date(2026, 4, 15), date(2026, 5, 16), date(2027, 6, 1))]

    assert places == sorted(places)
    assert places[0] == 0
    assert marks(bar(date(2040, 1, 1)))["today"] == 100


@pytest.mark.parametrize(
    ("on", "booked_on"),
    [
        pytest.param(date(2026, 5, 1), date(2026, 5, 20), id="on the axis"),
        pytest.param(date(2026, 5, 1), date(2030, 5, 20), id="visit beyond the axis"),
        pytest.param(date(2040, 5, 1), date(2040, 5, 20), id="both beyond the axis"),
    ],
)
def test_a_visit_to_come_stands_after_today(on: date, booked_on: date):
    placed = marks(bar(on, booked_on=booked_on))

    assert placed["today"] < placed["booked"] <= 100


def test_touch_ups_are_ticks_after_the_treatment_only():
    drawn = bar(date(2026, 5, 1), returns=[T - timedelta(days=200), T, T + timedelta(days=14)])

    assert [mark.kind for mark in drawn.marks] == ["treated", "return", "today"]


def test_a_row_has_no_letters_and_a_panel_has_words_days_and_a_table():
    row, panel = (bar(date(2026, 5, 1), size=size, booked_on=date(2026, 5, 20)) for size in ("row", "panel"))

    assert (row.ticks, row.table) == ([], [])
    assert not any(mark.label for mark in row.marks)
    assert not any(segment.label for segment in row.segments)
    assert [tick.label for tick in panel.ticks][:2] == ["15-Jan-2026", "15-Apr"]
    assert dict(panel.table) == {
        "Last full treatment": "15-Jan-2026",
        "Earliest day": "15-Apr-2026",
        "Due from": "15-Apr-2026",
        "Due until": "15-May-2026",
        "Overdue from": "16-May-2026",
        "Lapsed from": "15-Jan-2027",
        "Visit booked": "20-May-2026",
    }


def test_ticks_never_run_into_each_other():
    short = DATES._replace(due_from=date(2026, 5, 14), earliest_on=date(2026, 5, 14))

    ticks = bar(date(2026, 5, 14), dates=short).ticks

    assert all(after.x - before.x >= 16 for before, after in pairwise(ticks))


@pytest.mark.parametrize(
    ("on", "band", "sentence"),
    [
        (date(2026, 2, 1), Band.TOO_SOON,
         "Day 17: too soon. Earliest 15-Apr-2026; window 15-Apr-2026 to 15-May-2026."),
        (date(2026, 4, 14), Band.POSSIBLE,
         "Day 89: in effect. Window opens 15-Apr-2026, in 1 day, and closes 15-May-2026."),
        (date(2026, 4, 15), Band.DUE, "Day 90: due. The window is open until 15-May-2026."),
        (date(2026, 5, 16), Band.OVERDUE, "Day 121: overdue by 1 day. The window closed 15-May-2026."),
        (date(2026, 5, 17), Band.OVERDUE, "Day 122: overdue by 2 days. The window closed 15-May-2026."),
        (date(2027, 1, 15), Band.LAPSED, "Day 365: lapsed since 15-Jan-2027. A new consultation is needed."),
        (date(2026, 5, 16), Band.NEEDS_REVIEW, "Day 121: the record must be looked at first."),
        (date(2026, 5, 16), Band.STOPPED, "Stopped: nobody is asked in for this course."),
    ],
)  # fmt: skip
def test_the_sentence_says_the_whole_picture(on: date, band: Band, sentence: str):
    assert bar(on, band).sentence == sentence


def test_every_band_has_a_sentence_and_a_booked_visit_ends_it():
    for band in Band:
        assert bar(date(2026, 5, 1), band, booked_on=date(2026, 5, 4)).sentence.endswith("Visit booked 04-May-2026.")


# ---- the patient's own range ----


@pytest.mark.parametrize("size", ["row", "panel"])
def test_the_own_range_is_a_bracket_with_a_dot_and_is_said(size: str):
    own = (date(2026, 4, 20), date(2026, 5, 1), date(2026, 5, 12))

    drawn = bar(date(2026, 5, 1), size=size, personal=own)

    assert drawn.bracket is not None
    assert drawn.bracket.x < drawn.bracket.best_x < drawn.bracket.x + drawn.bracket.width
    assert drawn.bracket.best_x == marks(drawn)["today"]
    assert drawn.sentence.endswith("By this patient's own cycles the effect goes between 20-Apr-2026 and 12-May-2026.")
    assert drawn.table == [] or ("Own range", "20-Apr-2026 to 12-May-2026") in drawn.table


def test_without_an_own_range_there_is_no_bracket():
    assert bar(date(2026, 5, 1)).bracket is None


def test_an_own_range_beyond_the_axis_ends_with_it():
    drawn = bar(date(2026, 5, 1), personal=(date(2025, 1, 1), date(2026, 5, 1), date(2030, 1, 1)))

    assert drawn.bracket is not None
    assert (drawn.bracket.x, drawn.bracket.width) == (0, 100)
