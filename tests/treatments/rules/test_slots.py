"""Cases with names, properties, and the free times worked out a second time, minute by minute."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from treatments.rules.best_times import DayPart, DayWord, Reason, Wish, best, day_word, part_of_day
from treatments.rules.obstacles import Obstacle, ObstacleCode, why_not
from treatments.rules.slots import (
    Ask,
    DayFacts,
    Desk,
    Offer,
    RoomAt,
    Span,
    Taken,
    Who,
    Why,
    common,
    offers,
    united,
    without,
)

pytest.importorskip("hypothesis")
from hypothesis import given, settings
from hypothesis import strategies as st

quick = settings(max_examples=100, deadline=None, database=None, derandomize=True)

DAY = date(2026, 8, 11)
OSEI, LIN = 1, 2
HARBOUR, PARK = 1, 2
BLUE, GREEN, FAR = 11, 12, 21
ALINA, BRUNO = 101, 102
ROOMS = (RoomAt(BLUE, HARBOUR), RoomAt(GREEN, HARBOUR), RoomAt(FAR, PARK))


def at(clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return datetime(2026, 8, 11, tzinfo=UTC) + timedelta(hours=int(hours), minutes=int(minutes))


def span(text: str) -> Span:
    """ "09:00-10:00" """
    start, end = text.split("-")
    return Span(at(start), at(end))


def spans(text: str) -> list[Span]:
    return [span(each) for each in text.split()]


def desk(open_: str, practitioner: int = OSEI, location: int = HARBOUR) -> Desk:
    return Desk(practitioner, location, span(open_))


def taken(
    text: str,
    why: Why = Why.VISIT,
    *,
    practitioner: int | None = None,
    room: int | None = None,
    patient: int | None = None,
) -> Taken:
    return Taken(span(text), practitioner, room, patient, why)


def facts(*desks: Desk, taken: Iterable[Taken] = (), rooms: Iterable[RoomAt] = ROOMS, closed: str = "") -> DayFacts:
    return DayFacts(DAY, desks or (desk("09:00-11:00"),), tuple(rooms), tuple(taken), closed)


def ask(**changes) -> Ask:
    usual = {"patient": ALINA, "minutes": 30, "practitioners": frozenset({OSEI, LIN}), "step_minutes": 30}
    return Ask(**usual | changes)


def starts(found: Iterable[Offer]) -> str:
    return " ".join(f"{each.starts_at:%H:%M}" for each in found)


# ---- the algebra of spans ----


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("10:00-11:00 09:00-09:30", "09:00-09:30 10:00-11:00", id="in order"),
        pytest.param("09:00-10:00 09:30-11:00", "09:00-11:00", id="overlapping become one"),
        pytest.param("09:00-10:00 10:00-11:00", "09:00-11:00", id="touching become one"),
        pytest.param("09:00-12:00 10:00-11:00", "09:00-12:00", id="one inside another"),
        pytest.param("09:00-09:00 11:00-10:00", "", id="empty ones go"),
    ],
)
def test_united(given_: str, expected: str):
    assert united(spans(given_)) == spans(expected)


@pytest.mark.parametrize(
    ("open_", "gone", "expected"),
    [
        pytest.param("09:00-12:00", "", "09:00-12:00", id="nothing taken"),
        pytest.param("09:00-12:00", "10:00-10:30", "09:00-10:00 10:30-12:00", id="out of the middle"),
        pytest.param("09:00-12:00", "08:00-09:30 11:00-13:00", "09:30-11:00", id="over both ends"),
        pytest.param("09:00-12:00", "09:00-12:00", "", id="all of it"),
        pytest.param("09:00-12:00", "08:00-09:00 12:00-13:00", "09:00-12:00", id="what only touches takes nothing"),
        pytest.param("09:00-10:00 11:00-12:00", "09:30-11:30", "09:00-09:30 11:30-12:00", id="across two"),
        pytest.param("09:00-12:00", "10:00-10:00", "09:00-12:00", id="an empty span takes nothing"),
    ],
)
def test_without(open_: str, gone: str, expected: str):
    assert without(spans(open_), spans(gone)) == spans(expected)


def test_common_is_the_time_in_both():
    assert common(spans("09:00-11:00 13:00-15:00"), spans("10:00-14:00")) == spans("10:00-11:00 13:00-14:00")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param("08:00-09:00", False, id="ends as it begins"),
        pytest.param("08:00-09:01", True, id="a minute in"),
        pytest.param("09:10-09:20", True, id="inside"),
        pytest.param("10:00-11:00", False, id="begins as it ends"),
        pytest.param("09:30-09:30", False, id="empty"),
    ],
)
def test_spans_overlap_when_they_share_time(other: str, expected: bool):
    assert span("09:00-10:00").overlaps(span(other)) is expected
    assert span(other).overlaps(span("09:00-10:00")) is expected


def test_a_span_is_kept_in_utc():
    east = timezone(timedelta(hours=2))

    kept = Span(datetime(2026, 8, 11, 11, tzinfo=east), datetime(2026, 8, 11, 11, 30, tzinfo=east))

    assert kept == span("09:00-09:30")
    assert kept.starts_at.tzinfo is UTC
    assert kept.minutes == 30


def test_a_span_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="ends_at needs a time zone"):
        Span(at("09:00"), datetime(2026, 8, 11, 10))  # noqa: DTZ001


# ---- offers ----

VISIT = {"practitioner": LIN, "room": GREEN, "patient": BRUNO}  # touches neither Osei nor Alina


@pytest.mark.parametrize(
    ("day", "wanted", "expected"),
    [
        pytest.param(facts(), ask(), "09:00 09:30 10:00 10:30", id="all that is open"),
        pytest.param(facts(closed="Holiday"), ask(), "", id="a closed day"),
        pytest.param(facts(), ask(minutes=45), "09:00 09:30 10:00", id="a longer visit ends in time"),
        pytest.param(facts(), ask(minutes=121), "", id="longer than the day"),
        pytest.param(facts(desk("09:10-10:10")), ask(step_minutes=15), "09:10 09:25 09:40", id="grid from the opening"),
        pytest.param(facts(), ask(not_before=at("09:31")), "10:00 10:30", id="not before"),
        pytest.param(facts(), ask(not_before=at("10:00")), "10:00 10:30", id="from exactly then"),
        pytest.param(
            facts(taken=[taken("09:20-09:40", practitioner=OSEI)]), ask(), "10:00 10:30", id="practitioner taken"
        ),
        pytest.param(
            facts(taken=[taken("09:30-10:00", patient=ALINA)]), ask(), "09:00 10:00 10:30", id="patient taken"
        ),
        pytest.param(
            facts(taken=[taken("09:30-10:00", Why.PREPARATION, patient=ALINA)]),
            ask(),
            "09:00 09:30 10:00 10:30",
            id="preparation does not take the patient",
        ),
        pytest.param(
            facts(taken=[taken("09:30-10:30", **VISIT)]), ask(), "09:00 09:30 10:00 10:30", id="somebody else's visit"
        ),
        pytest.param(
            facts(taken=[taken("09:30-10:30", Why.HELD, room=BLUE), taken("10:00-11:00", room=GREEN)]),
            ask(),
            "09:00 09:30 10:30",
            id="no room left",
        ),
        pytest.param(facts(taken=[taken("09:00-10:00", Why.CLOSED)]), ask(), "10:00 10:30", id="the clinic is closed"),
        pytest.param(facts(), ask(prepare_minutes=10), "09:30 10:00 10:30", id="preparation lies in the open hours"),
        pytest.param(
            facts(taken=[taken("09:30-10:00", practitioner=OSEI)]),
            ask(prepare_minutes=10),
            "10:30",
            id="preparation needs the practitioner",
        ),
        pytest.param(
            facts(taken=[taken("09:30-10:00", room=BLUE)]),
            ask(prepare_minutes=10, rooms=frozenset({BLUE})),
            "10:30",
            id="preparation needs the room",
        ),
        pytest.param(
            facts(taken=[taken("09:30-10:00", patient=ALINA)]),
            ask(prepare_minutes=10),
            "10:00 10:30",
            id="preparation does not need the patient",
        ),
        pytest.param(facts(), ask(rooms=frozenset({FAR})), "", id="no suitable room there"),
        pytest.param(facts(), ask(practitioners=frozenset({LIN})), "", id="nobody may do it"),
        pytest.param(facts(), ask(location=PARK), "", id="nobody works there"),
        pytest.param(
            facts(desk("09:00-09:45"), desk("09:45-10:30")), ask(), "09:00 09:30 10:00", id="desks that touch"
        ),
        pytest.param(facts(desk("09:00-09:45"), desk("10:10-10:40")), ask(), "09:00 10:10", id="desks with a break"),
    ],
)
def test_free_starts(day: DayFacts, wanted: Ask, expected: str):
    assert starts(offers(day, wanted)) == expected


def test_the_usual_practitioner_comes_first_at_each_time():
    day = facts(desk("09:00-10:00", OSEI), desk("09:00-10:00", LIN))

    found = offers(day, ask(usual_practitioner=LIN))

    assert [(f"{each.starts_at:%H:%M}", each.practitioner) for each in found] == [
        ("09:00", LIN), ("09:00", OSEI), ("09:30", LIN), ("09:30", OSEI),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(ask(), [BLUE, GREEN], id="the lowest number that is free"),
        pytest.param(ask(room=GREEN), [GREEN, GREEN], id="the room asked for where it is free"),
        pytest.param(ask(room=BLUE), [BLUE, GREEN], id="another where it is not"),
        pytest.param(ask(room=FAR), [BLUE, GREEN], id="never a room of another location"),
        pytest.param(ask(room=BLUE, rooms=frozenset({GREEN})), [GREEN, GREEN], id="never an unsuitable one"),
    ],
)
def test_the_room_of_an_offer(wanted: Ask, expected: list[int]):
    day = facts(desk("09:00-10:00"), taken=[taken("09:30-10:00", room=BLUE)])

    assert [each.room for each in offers(day, wanted)] == expected


def test_an_offer_has_a_room_of_the_location_where_its_practitioner_works():
    day = facts(desk("09:00-09:30", OSEI, HARBOUR), desk("09:00-09:30", LIN, PARK))

    assert offers(day, ask()) == [
        Offer(at("09:00"), at("09:30"), OSEI, BLUE),
        Offer(at("09:00"), at("09:30"), LIN, FAR),
    ]


def test_somebody_put_in_two_places_at_once_is_offered_in_the_first():
    day = facts(desk("09:00-09:30", OSEI, PARK), desk("09:00-09:30", OSEI, HARBOUR))

    assert offers(day, ask()) == [Offer(at("09:00"), at("09:30"), OSEI, BLUE)]


LONDON = ZoneInfo("Europe/London")


def night_the_clocks_go_back(clock: str) -> datetime:
    """ "00:30" in UTC: 01:30 on the wall, for the first time. At 01:00 in UTC it is 01:00 on the wall once more."""
    return datetime.fromisoformat(f"2026-10-25T{clock}+00:00")


def test_while_the_clocks_go_back_times_follow_each_other_without_a_gap():
    night = Span(night_the_clocks_go_back("00:00"), night_the_clocks_go_back("01:30"))
    first = night_the_clocks_go_back("00:20").astimezone(LONDON)

    found = offers(facts(Desk(OSEI, HARBOUR, night)), ask(not_before=first))

    assert [(each.starts_at, each.ends_at) for each in found] == [
        (night_the_clocks_go_back("00:30"), night_the_clocks_go_back("01:00")),
        (night_the_clocks_go_back("01:00"), night_the_clocks_go_back("01:30")),
    ]
    assert {each.starts_at.tzinfo for each in found} == {UTC}


def test_a_visit_over_the_change_of_the_clocks_keeps_its_length():
    night = Span(night_the_clocks_go_back("00:00"), night_the_clocks_go_back("01:30"))
    start = night_the_clocks_go_back("00:45").astimezone(LONDON)

    assert why_not(facts(Desk(OSEI, HARBOUR, night)), ask(step_minutes=15), start) == []


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"step_minutes": 0}, {"prepare_minutes": -1}])
def test_a_visit_of_no_length_is_refused(wrong: dict[str, int]):
    with pytest.raises(ValueError, match="at least a minute"):
        ask(**wrong)


def test_a_month_of_twenty_practitioners_takes_no_minute_loops():
    everybody = range(20)
    visits = [(who, n) for who in everybody for n in range(0, 16, 2)]
    day = facts(
        *(desk("09:00-17:00", who) for who in everybody),
        rooms=[RoomAt(room, HARBOUR) for room in everybody],
        taken=[
            Taken(Span(at("9:00") + n * timedelta(minutes=30), at("9:30") + n * timedelta(minutes=30)), who, who, 1000 + n, Why.VISIT)
            for who, n in visits
        ],
    )  # fmt: skip
    wanted = ask(step_minutes=15, practitioners=frozenset(everybody))

    began = process_time()
    found = [offers(day, wanted) for _ in range(30)]

    assert process_time() - began < 0.5
    assert {len(each) for each in found} == {20 * 8}


# ---- why not ----


def obstacle(code: ObstacleCode, until: str, who: Who, number: int | None = None) -> Obstacle:
    return Obstacle(code, at(until) if until else None, who, number)


CODE = ObstacleCode


@pytest.mark.parametrize(
    ("day", "wanted", "expected"),
    [
        pytest.param(facts(), ask(), [], id="it is offered"),
        pytest.param(facts(), ask(not_before=at("10:01")), [obstacle(CODE.PAST, "10:01", Who.CLINIC)], id="past"),
        pytest.param(facts(closed="Holiday"), ask(), [obstacle(CODE.CLOSED_DAY, "", Who.CLINIC)], id="closed all day"),
        pytest.param(
            facts(taken=[taken("09:30-10:15", Why.CLOSED)]),
            ask(),
            [obstacle(CODE.CLOSED_DAY, "10:15", Who.CLINIC)],
            id="closed for a while",
        ),
        pytest.param(
            facts(desk("10:30-12:00")),
            ask(practitioner=OSEI),
            [obstacle(CODE.NOT_WORKING, "10:30", Who.PRACTITIONER, OSEI)],
            id="not yet working",
        ),
        pytest.param(
            facts(desk("08:00-10:00")),
            ask(),
            [obstacle(CODE.NOT_WORKING, "", Who.PRACTITIONER)],
            id="nobody works any more",
        ),
        pytest.param(
            facts(taken=[taken("09:00-12:00", Why.AWAY, practitioner=OSEI)]),
            ask(),
            [obstacle(CODE.AWAY, "12:00", Who.PRACTITIONER, OSEI)],
            id="away",
        ),
        pytest.param(
            facts(taken=[taken("09:45-10:15", practitioner=OSEI), taken("10:15-10:30", practitioner=OSEI)]),
            ask(),
            [obstacle(CODE.PRACTITIONER_BUSY, "10:30", Who.PRACTITIONER, OSEI)],
            id="practitioner busy until the last of two visits ends",
        ),
        pytest.param(
            facts(taken=[taken("10:00-10:15", Why.HELD, practitioner=OSEI)]),
            ask(),
            [obstacle(CODE.HELD, "10:15", Who.PRACTITIONER, OSEI)],
            id="held",
        ),
        pytest.param(
            facts(taken=[taken("10:00-10:10", Why.PREPARATION, practitioner=OSEI)]),
            ask(),
            [obstacle(CODE.PREPARATION, "10:10", Who.PRACTITIONER, OSEI)],
            id="preparation for another visit",
        ),
        pytest.param(
            facts(taken=[taken("09:30-10:00", practitioner=OSEI)]),
            ask(prepare_minutes=10),
            [obstacle(CODE.PREPARATION, "10:10", Who.PRACTITIONER, OSEI)],
            id="no time left to prepare",
        ),
        pytest.param(
            facts(desk("10:00-11:00")),
            ask(prepare_minutes=10),
            [obstacle(CODE.PREPARATION, "10:10", Who.PRACTITIONER, OSEI)],
            id="no time to prepare before work begins",
        ),
        pytest.param(
            facts(taken=[taken("10:15-10:45", practitioner=OSEI)]),
            ask(),
            [obstacle(CODE.TOO_SHORT, "10:15", Who.PRACTITIONER, OSEI)],
            id="free, but not long enough",
        ),
        pytest.param(
            facts(desk("09:00-10:20")),
            ask(),
            [obstacle(CODE.TOO_SHORT, "10:20", Who.PRACTITIONER, OSEI)],
            id="work ends too early",
        ),
        pytest.param(
            facts(taken=[taken("09:30-10:00", practitioner=OSEI), taken("10:15-10:45", practitioner=OSEI)]),
            ask(prepare_minutes=10),
            [
                obstacle(CODE.PREPARATION, "10:10", Who.PRACTITIONER, OSEI),
                obstacle(CODE.TOO_SHORT, "10:15", Who.PRACTITIONER, OSEI),
            ],
            id="too short at both ends",
        ),
        pytest.param(
            facts(taken=[taken("09:45-10:10", patient=ALINA)]),
            ask(prepare_minutes=30),
            [obstacle(CODE.PATIENT_BUSY, "10:10", Who.PATIENT, ALINA)],
            id="patient busy",
        ),
        pytest.param(
            facts(taken=[taken("10:00-10:30", room=BLUE), taken("09:30-10:15", room=GREEN)]),
            ask(),
            [obstacle(CODE.ROOM_BUSY, "10:15", Who.ROOM, GREEN)],
            id="every room busy: the one that is free soonest",
        ),
        pytest.param(
            facts(taken=[taken("10:15-11:00", room=BLUE), taken("10:20-11:00", room=GREEN)]),
            ask(),
            [obstacle(CODE.TOO_SHORT, "10:20", Who.ROOM, GREEN)],
            id="every room too short: the one that is free longest",
        ),
        pytest.param(facts(taken=[taken("10:00-10:30", room=BLUE)]), ask(), [], id="one room busy, another free"),
        pytest.param(
            facts(), ask(rooms=frozenset({FAR})), [obstacle(CODE.ROOM_BUSY, "", Who.ROOM)], id="no suitable room"
        ),
        pytest.param(
            facts(),
            ask(practitioner=OSEI, practitioners=frozenset({LIN})),
            [obstacle(CODE.NOT_ALLOWED, "", Who.PRACTITIONER, OSEI)],
            id="may not do it",
        ),
        pytest.param(
            facts(), ask(practitioners=frozenset()), [obstacle(CODE.NOT_ALLOWED, "", Who.PRACTITIONER)], id="nobody may"
        ),
        pytest.param(
            facts(desk("09:50-11:00"), taken=[taken("10:00-10:30", practitioner=OSEI)]),
            ask(),
            [obstacle(CODE.PRACTITIONER_BUSY, "10:30", Who.PRACTITIONER, OSEI)],
            id="off the grid is told of free times only",
        ),
        pytest.param(facts(desk("09:50-11:00")), ask(), [obstacle(CODE.OFF_GRID, "", Who.CLINIC)], id="off the grid"),
        pytest.param(
            facts(taken=[taken("09:30-10:30", practitioner=OSEI, patient=ALINA)]),
            ask(),
            [
                obstacle(CODE.PATIENT_BUSY, "10:30", Who.PATIENT, ALINA),
                obstacle(CODE.PRACTITIONER_BUSY, "10:30", Who.PRACTITIONER, OSEI),
            ],
            id="two at once",
        ),
        pytest.param(
            facts(desk("09:00-11:00"), desk("09:00-11:00", LIN), taken=[taken("10:00-10:30", practitioner=OSEI)]),
            ask(),
            [],
            id="anybody may: the other one is free",
        ),
        pytest.param(
            facts(desk("09:00-11:00"), desk("13:00-15:00", LIN), taken=[taken("10:00-10:30", practitioner=OSEI)]),
            ask(),
            [obstacle(CODE.PRACTITIONER_BUSY, "10:30", Who.PRACTITIONER, OSEI)],
            id="anybody may: only those who work then are named",
        ),
        pytest.param(
            facts(taken=[taken("10:00-10:30", Why.AWAY, practitioner=OSEI), taken("10:00-11:00", practitioner=OSEI)]),
            ask(),
            [obstacle(CODE.AWAY, "11:00", Who.PRACTITIONER, OSEI)],
            id="away weighs more than the visit that stands there",
        ),
    ],
)
def test_why_ten_o_clock_is_not_offered(day: DayFacts, wanted: Ask, expected: list[Obstacle]):
    assert why_not(day, wanted, at("10:00")) == expected


# ---- best times ----


@pytest.mark.parametrize(
    ("day", "window", "expected"),
    [
        pytest.param("2026-08-11", (None, None), DayWord.NO_WINDOW, id="no window"),
        pytest.param("2026-08-09", ("2026-08-10", "2026-08-20"), DayWord.TOO_SOON, id="the day before"),
        pytest.param("2026-08-10", ("2026-08-10", "2026-08-20"), DayWord.IN_WINDOW, id="the first day"),
        pytest.param("2026-08-20", ("2026-08-10", "2026-08-20"), DayWord.IN_WINDOW, id="the last good day"),
        pytest.param("2026-08-21", ("2026-08-10", "2026-08-20"), DayWord.LATE, id="the day after"),
        pytest.param("2030-01-01", ("2026-08-10", None), DayWord.IN_WINDOW, id="without an end"),
        pytest.param("2020-01-01", (None, "2026-08-20"), DayWord.IN_WINDOW, id="without a start"),
    ],
)
def test_the_word_for_a_day(day: str, window: tuple[str | None, str | None], expected: DayWord):
    first, last = (date.fromisoformat(each) if each else None for each in window)

    assert day_word(date.fromisoformat(day), first, last) == expected


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        pytest.param(time(0), DayPart.MORNING, id="midnight"),
        pytest.param(time(11, 59), DayPart.MORNING, id="before noon"),
        pytest.param(time(12), DayPart.AFTERNOON, id="noon"),
        pytest.param(time(16, 59), DayPart.AFTERNOON, id="before five"),
        pytest.param(time(17), DayPart.EVENING, id="five"),
    ],
)
def test_the_part_of_the_day(clock: time, expected: DayPart):
    assert part_of_day(clock) == expected


def local(text: str, practitioner: int = LIN, room: int = BLUE) -> tuple[date, time, Offer]:
    """ "11 10:00": a day of August 2026, in a clinic whose clock shows UTC; the 11th is a Tuesday."""
    day, clock = text.split()
    start = datetime(2026, 8, int(day), tzinfo=UTC).replace(hour=int(clock[:2]), minute=int(clock[3:]))
    return start.date(), start.time(), Offer(start, start + timedelta(minutes=30), practitioner, room)


WISH = Wish(date(2026, 8, 10), date(2026, 8, 20), OSEI, weekday=1, hour_minute=time(10))


def chosen(found: list[tuple[Offer, tuple[Reason, ...]]]) -> list[str]:
    return [f"{offer.starts_at:%d %H:%M}" for offer, _reasons in found]


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        pytest.param(local("05 15:00"), [], id="none"),
        pytest.param(local("10 15:00"), [Reason.IN_WINDOW], id="in the window"),
        pytest.param(local("05 15:00", OSEI), [Reason.USUAL_PRACTITIONER], id="usual practitioner"),
        pytest.param(local("25 15:00"), [Reason.SAME_WEEKDAY], id="a Tuesday, as before"),
        pytest.param(local("26 11:00"), [Reason.SAME_TIME], id="an hour later than usual"),
        pytest.param(local("26 09:00"), [Reason.SAME_TIME], id="an hour earlier"),
        pytest.param(local("26 11:01"), [], id="more than an hour later"),
        pytest.param(
            local("11 10:00", OSEI),
            [Reason.IN_WINDOW, Reason.USUAL_PRACTITIONER, Reason.SAME_WEEKDAY, Reason.SAME_TIME],
            id="all of them",
        ),
    ],
)
def test_the_reasons_for_a_time(offer: tuple[date, time, Offer], expected: list[Reason]):
    found = dict(best([local("01 18:00"), offer], WISH))

    assert found[offer[2]] == tuple(expected)


def test_the_earliest_time_says_that_nothing_is_free_before():
    found = best([local("02 15:00"), local("01 15:00"), local("01 15:00", 3)], Wish())

    assert found == [
        (local("01 15:00")[2], (Reason.FIRST_FREE,)),
        (local("02 15:00")[2], ()),
        (local("01 15:00", 3)[2], (Reason.FIRST_FREE,)),
    ]


def test_the_window_weighs_more_than_the_practitioner_and_that_more_than_weekday_and_hour():
    late_as_before, late_usual, in_window = local("25 10:00"), local("26 15:00", OSEI), local("19 15:00")

    assert chosen(best([late_as_before, late_usual, in_window], WISH)) == ["19 15:00", "26 15:00", "25 10:00"]


def test_among_equals_the_earliest_is_best():
    assert chosen(best([local("14 15:00"), local("13 15:00"), local("12 15:00")], WISH, n=2)) == [
        "12 15:00",
        "13 15:00",
    ]


def test_a_second_time_of_a_day_only_makes_up_the_number():
    tuesday = [local("11 10:00", OSEI), local("11 10:30", OSEI)]

    assert chosen(best([*tuesday, local("13 15:00")], WISH, n=2)) == ["11 10:00", "13 15:00"]
    assert chosen(best([*tuesday, local("13 15:00")], WISH)) == ["11 10:00", "13 15:00", "11 10:30"]


def test_without_free_times_nothing_is_best():
    assert best([], WISH) == []


# ---- properties ----

# Everything lies on steps of five minutes between 08:00 and 12:00: small enough to collide all the time.
TICK = 5
TICKS = st.integers(0, 48)


def tick(n: int) -> datetime:
    return at("08:00") + timedelta(minutes=TICK * n)


some_span = st.tuples(TICKS, TICKS).map(lambda ends: Span(tick(min(ends)), tick(max(ends))))
some_spans = st.lists(some_span, max_size=5)
working_hours = st.tuples(st.integers(0, 24), st.integers(24, 48)).map(lambda ends: Span(tick(ends[0]), tick(ends[1])))
some_desk = st.builds(
    Desk, st.sampled_from([OSEI, LIN]), st.sampled_from([HARBOUR, PARK]), st.one_of(working_hours, some_span)
)
some_taken = st.builds(
    Taken,
    st.tuples(TICKS, st.integers(1, 9)).map(lambda each: Span(tick(each[0]), tick(sum(each)))),
    st.sampled_from([None, OSEI, LIN]),
    st.sampled_from([None, BLUE, GREEN, FAR]),
    st.sampled_from([None, ALINA, BRUNO]),
    st.sampled_from(Why),
)
some_day = st.builds(
    DayFacts,
    st.just(DAY),
    st.lists(some_desk, max_size=4),
    st.just(ROOMS),
    st.lists(some_taken, max_size=6),
    st.sampled_from(["", "", "", "", "Holiday"]),
)
some_ask = st.builds(
    Ask,
    patient=st.sampled_from([ALINA, None]),
    minutes=st.sampled_from([5, 20, 45]),
    prepare_minutes=st.sampled_from([0, 10]),
    practitioner=st.sampled_from([None, None, OSEI]),
    location=st.sampled_from([None, None, PARK]),
    room=st.sampled_from([None, GREEN]),
    rooms=st.sampled_from([frozenset(), frozenset({BLUE, FAR})]),
    practitioners=st.sampled_from([frozenset({OSEI, LIN}), frozenset({LIN})]),
    step_minutes=st.sampled_from([5, 10, 15]),
    not_before=st.sampled_from([None, None, tick(20)]),
    usual_practitioner=st.sampled_from([None, LIN]),
)


def minutes_of(each: Span) -> set[int]:
    """The minutes of the day that lie in a span, those before midnight counted below nought."""
    midnight = at("00:00")
    return set(
        range((each.starts_at - midnight) // timedelta(minutes=1), (each.ends_at - midnight) // timedelta(minutes=1))
    )


def all_minutes(many: Iterable[Span]) -> set[int]:
    return set().union(*(minutes_of(each) for each in many))


@quick
@given(some_spans, some_spans)
def test_what_is_free_and_what_is_taken_make_up_what_is_open(open_: list[Span], gone: list[Span]):
    free, used = without(open_, gone), common(open_, gone)

    assert all_minutes(free) | all_minutes(used) == all_minutes(open_)
    assert not all_minutes(free) & all_minutes(gone)
    assert all_minutes(used) <= all_minutes(gone)
    assert united(free) == free
    assert united(used) == used


def by_the_minute(day: DayFacts, wanted: Ask) -> set[tuple[datetime, int, int]]:
    """Start, practitioner and location of what is free, found by looking at every minute."""
    found = set()
    for practitioner in wanted.practitioners:
        for location in (HARBOUR, PARK):
            at_work = [
                each.open for each in day.desks if (each.practitioner, each.location) == (practitioner, location)
            ]
            open_ = all_minutes(at_work)
            for n in open_:
                opens = n
                while opens - 1 in open_:
                    opens -= 1
                start = at("00:00") + timedelta(minutes=n)
                if (n - opens) % wanted.step_minutes == 0 and fits(day, wanted, start, practitioner, location, open_):
                    found.add((start, practitioner, location))
    return found


def fits(day: DayFacts, wanted: Ask, start: datetime, practitioner: int, location: int, open_: set[int]) -> bool:
    asked_for = wanted.practitioner in (None, practitioner) and wanted.location in (None, location)
    past = wanted.not_before is not None and start < wanted.not_before
    whole = minutes_of(Span(start - wanted.preparation, start + wanted.length))
    rooms = [
        each.room for each in day.rooms if each.location == location and each.room in (wanted.rooms or {each.room})
    ]
    return (
        not day.closed
        and asked_for
        and not past
        and whole <= open_
        and not any(blocks(each, practitioner, wanted, start, whole) for each in day.taken)
        and any(all(each.room != room or not whole & minutes_of(each.span) for each in day.taken) for room in rooms)
    )


def blocks(each: Taken, practitioner: int, wanted: Ask, start: datetime, whole: set[int]) -> bool:
    gone = minutes_of(each.span)
    if each.practitioner == practitioner or (each.practitioner, each.room, each.patient) == (None, None, None):
        return bool(gone & whole)
    of_patient = each.patient is not None and each.patient == wanted.patient and each.why != Why.PREPARATION
    return of_patient and bool(gone & minutes_of(Span(start, start + wanted.length)))


@quick
@given(some_day, some_ask)
def test_the_offers_are_those_found_minute_by_minute(day: DayFacts, wanted: Ask):
    found = offers(day, wanted)

    assert {(each.starts_at, each.practitioner) for each in found} == {
        (start, who) for start, who, _where in by_the_minute(day, wanted)
    }
    assert len({(each.starts_at, each.practitioner) for each in found}) == len(found)


@quick
@given(some_day, some_ask)
def test_no_offer_overlaps_what_is_taken(day: DayFacts, wanted: Ask):
    for offer in offers(day, wanted):
        whole = Span(offer.starts_at - wanted.preparation, offer.ends_at)
        in_the_way = [each for each in day.taken if each.span.overlaps(whole)]

        assert all(each.practitioner != offer.practitioner and each.room != offer.room for each in in_the_way)


@quick
@given(some_day, some_ask)
def test_there_is_an_obstacle_exactly_where_there_is_no_offer(day: DayFacts, wanted: Ask):
    offered = {each.starts_at for each in offers(day, wanted)}
    every_start = [tick(n) for n in range(-2, 52)]

    assert {start for start in every_start if not why_not(day, wanted, start)} == offered


@quick
@given(some_day, some_ask, some_taken)
def test_taking_more_never_frees_a_time(day: DayFacts, wanted: Ask, more: Taken):
    before = {(each.starts_at, each.practitioner) for each in offers(day, wanted)}
    after = {(each.starts_at, each.practitioner) for each in offers(replace(day, taken=[*day.taken, more]), wanted)}

    assert after <= before


@quick
@given(some_day, some_ask, st.randoms(use_true_random=False))
def test_the_order_of_the_facts_changes_nothing(day: DayFacts, wanted: Ask, random):
    shuffled = [random.sample(each, len(each)) for each in (list(day.desks), list(day.rooms), list(day.taken))]
    other = DayFacts(day.on, *shuffled, day.closed)

    assert offers(other, wanted) == offers(day, wanted)
    assert [why_not(other, wanted, tick(n)) for n in range(49)] == [why_not(day, wanted, tick(n)) for n in range(49)]
