"""Named cases, and every clock change of eleven years in every zone, found by bisecting offsets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from treatments.rules.wall_clock import first_moment, last_moment, moments, next_existing

NOTHING, MINUTE = timedelta(0), timedelta(minutes=1)
DAYS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(4019)]  # to the first of January 2037


@dataclass(frozen=True)
class Change:
    zone: ZoneInfo
    at: datetime  # the first moment with the new offset
    before: timedelta
    after: timedelta

    @property
    def shift(self) -> timedelta:
        return abs(self.after - self.before)

    @property
    def begins(self) -> datetime:
        """The first wall-clock time that is skipped or comes twice."""
        return self.at.replace(tzinfo=None) + min(self.before, self.after)

    @property
    def ends(self) -> datetime:
        """The first wall-clock time after those."""
        return self.begins + self.shift

    def inside(self) -> list[datetime]:
        return [self.begins, self.begins + self.shift / 2, self.ends - MINUTE]


def offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset()


def changes_of(zone: ZoneInfo) -> Iterator[Change]:
    offsets = [offset(moment, zone) for moment in DAYS]
    for n, (before, after) in enumerate(pairwise(offsets)):
        if before == after:
            continue
        low, high = 0, 24 * 3600  # seconds of that day
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(DAYS[n] + timedelta(seconds=middle), zone) == before else (low, middle)
        yield Change(zone, DAYS[n] + timedelta(seconds=high), before, after)


@cache
def all_changes() -> list[Change]:
    return [change for key in sorted(available_timezones()) for change in changes_of(ZoneInfo(key))]


def forward() -> list[Change]:
    return [change for change in all_changes() if change.after > change.before]


def back() -> list[Change]:
    return [change for change in all_changes() if change.after < change.before]


def at(shown: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    return moments(shown.date(), shown.time(), zone)


def test_the_table_holds_every_zone_and_both_kinds_of_change():
    assert len(available_timezones()) >= 590
    assert len(all_changes()) > 4000
    # a zone goes forward as often as back, but for one that changes its rules for good
    assert abs(len(forward()) - len(back())) < 60


def test_a_time_the_clocks_skip_is_no_moment():
    found = [(change, shown) for change in forward() for shown in change.inside() if at(shown, change.zone)]

    assert found == []


def test_after_a_skipped_time_the_clock_shows_the_end_of_the_gap():
    wrong = [
        change
        for change in forward()
        for shown in change.inside()
        if (shows := next_existing(shown.date(), shown.time(), change.zone)).replace(tzinfo=None) != change.ends
        or shows.astimezone(UTC) != change.at
    ]

    assert wrong == []


def test_a_repeated_time_is_two_moments_one_shift_apart():
    wrong = [
        (change, shown)
        for change in back()
        for shown in change.inside()
        if at(shown, change.zone)
        != (shown.replace(tzinfo=UTC) - change.before, shown.replace(tzinfo=UTC) - change.after)
    ]

    assert wrong == []


def test_the_two_moments_lie_on_either_side_of_the_change():
    wrong = [
        (change, shown)
        for change in back()
        for shown in change.inside()
        if not (pair := at(shown, change.zone))[0] < change.at <= pair[1] or pair[1] - pair[0] != change.shift
    ]

    assert wrong == []


def test_just_before_and_just_after_a_change_a_time_is_one_moment():
    wrong = [
        change
        for change in all_changes()
        if at(change.begins - MINUTE, change.zone) != ((change.begins - MINUTE).replace(tzinfo=UTC) - change.before,)
        or at(change.ends, change.zone) != (change.ends.replace(tzinfo=UTC) - change.after,)
    ]

    assert wrong == []


def test_every_moment_shows_the_day_and_time_asked_for():
    asked = [
        (change.zone, shown)
        for change in all_changes()
        for shown in (change.begins - MINUTE, *change.inside(), change.ends)
    ]
    wrong = [
        (zone, shown)
        for zone, shown in asked
        for moment in at(shown, zone)
        if moment.tzinfo is not UTC or moment.astimezone(zone).replace(tzinfo=None, fold=0) != shown
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        pytest.param("Europe/London", "2026-07-14", "10:30", ["2026-07-14T09:30"], id="an ordinary day"),
        pytest.param("Europe/London", "2026-03-29", "00:59", ["2026-03-29T00:59"], id="before the gap"),
        pytest.param("Europe/London", "2026-03-29", "01:30", [], id="in the gap"),
        pytest.param("Europe/London", "2026-03-29", "02:00", ["2026-03-29T01:00"], id="after the gap"),
        pytest.param(
            "Europe/London", "2026-10-25", "01:30", ["2026-10-25T00:30", "2026-10-25T01:30"], id="the hour that repeats"
        ),
        pytest.param("Europe/London", "2026-10-25", "02:00", ["2026-10-25T02:00"], id="after it"),
        pytest.param(
            "Australia/Lord_Howe", "2026-04-05", "01:45", ["2026-04-04T14:45", "2026-04-04T15:15"], id="half an hour"
        ),
        pytest.param("Pacific/Apia", "2011-12-30", "10:00", [], id="a whole day that never was"),
        pytest.param("Asia/Kathmandu", "2026-01-01", "00:00", ["2025-12-31T18:15"], id="the day before in UTC"),
        pytest.param("Asia/Tokyo", "0001-01-01", "01:00", [], id="before the calendar begins"),
        pytest.param("America/New_York", "9999-12-31", "23:00", [], id="after the calendar ends"),
    ],
)
def test_a_wall_clock_time_is_these_moments(zone: str, day: str, clock: str, expected: list[str]):
    found = moments(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))

    assert found == tuple(datetime.fromisoformat(f"{each}+00:00") for each in expected)


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        pytest.param("Europe/London", "2026-03-29", "01:30", "2026-03-29T02:00:00+01:00", id="an hour forward"),
        pytest.param("Europe/London", "2026-03-29", "00:30", "2026-03-29T00:30:00+00:00", id="it exists"),
        pytest.param("Europe/London", "2026-10-25", "01:30", "2026-10-25T01:30:00+01:00", id="twice: the earlier"),
        pytest.param("America/Nuuk", "2026-03-28", "23:30", "2026-03-29T00:00:00-01:00", id="the next day"),
        pytest.param("Pacific/Apia", "2011-12-30", "10:00", "2011-12-31T00:00:00+14:00", id="after a skipped day"),
    ],
)
def test_the_next_time_that_exists(zone: str, day: str, clock: str, expected: str):
    found = next_existing(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))

    assert found.isoformat() == expected


@pytest.mark.parametrize(
    ("day", "clock", "opens", "closes"),
    [
        pytest.param("2026-07-14", "09:00", "2026-07-14T08:00", "2026-07-14T08:00", id="an ordinary day"),
        pytest.param("2026-03-29", "01:30", "2026-03-29T01:00", "2026-03-29T01:00", id="skipped: the end of the gap"),
        pytest.param("2026-10-25", "01:30", "2026-10-25T00:30", "2026-10-25T01:30", id="repeated: both hours are open"),
    ],
)
def test_hours_open_at_the_first_and_close_at_the_last_moment(day: str, clock: str, opens: str, closes: str):
    shown = date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo("Europe/London")

    assert first_moment(*shown) == datetime.fromisoformat(f"{opens}+00:00")
    assert last_moment(*shown) == datetime.fromisoformat(f"{closes}+00:00")
