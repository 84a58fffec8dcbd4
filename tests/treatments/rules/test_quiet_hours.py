"""Quiet hours: half-open, across midnight, and when the clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.rules.quiet_hours import is_quiet, quiet_ends

LONDON = ZoneInfo("Europe/London")
EVENING, MORNING = time(20), time(9)


@pytest.mark.parametrize(
    ("clock", "across", "within"),
    [
        (time(0), True, False),
        (time(8, 59), True, False),
        (time(9), False, True),
        (time(12), False, True),
        (time(19, 59), False, True),
        (time(20), True, False),
        (time(23, 59), True, False),
    ],
)
def test_across_midnight_and_within_a_day(clock, across, within):
    assert is_quiet(clock, EVENING, MORNING) is across
    assert is_quiet(clock, MORNING, EVENING) is within


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (datetime(2026, 11, 22, 12, tzinfo=UTC), None),
        (datetime(2026, 11, 22, 20, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC)),
        (datetime(2026, 11, 23, 3, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC)),
        # The clocks go forward at 01:00 UTC on 29 March and back on 25 October.
        (datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 8, tzinfo=UTC)),
        (datetime(2026, 3, 29, 7, 59, tzinfo=UTC), datetime(2026, 3, 29, 8, tzinfo=UTC)),
        (datetime(2026, 3, 29, 8, tzinfo=UTC), None),
        (datetime(2026, 10, 24, 21, tzinfo=UTC), datetime(2026, 10, 25, 9, tzinfo=UTC)),
    ],
)
def test_when_they_end(at, ends):
    assert quiet_ends(at, EVENING, MORNING, LONDON) == ends


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (datetime(2026, 3, 29, 0, 45, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),  # 01:30 is skipped
        (datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # 01:15, the first
        (datetime(2026, 10, 25, 1, 15, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),  # 01:15, the second
    ],
)
def test_when_they_end_in_an_hour_that_is_skipped_or_comes_twice(at, ends):
    assert quiet_ends(at, time(0, 30), time(1, 30), LONDON) == ends


@given(
    st.integers(0, 365 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n)),
    st.times(),
    st.times(),
)
def test_after_their_end_they_do_not_hold(at, begins, ends):
    begins, ends = begins.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0)
    if begins == ends:
        return
    at = at.replace(microsecond=0)

    until = quiet_ends(at, begins, ends, LONDON)

    assert (until is None) == (not is_quiet(at.astimezone(LONDON).time(), begins, ends))
    assert until is None or until > at
