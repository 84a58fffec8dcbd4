"""Which window rules: set by hand, pinned, learned or the usual one; none opens before the earliest day."""

from datetime import timedelta

import pytest

from tests.treatments.rules.book import BOOK, FROWN, MIGRAINE, day, facts, flag, given, with_durations
from treatments.rules import windows
from treatments.rules.facts import CourseChoice, Facts, SetWindow
from treatments.rules.intervals import Forecast, forecast
from treatments.rules.vocabulary import CourseDuration, LearnedDuration

T = "2026-01-15"
USUAL = ("2026-04-15", "2026-05-15")


def set_window(due_from: str, due_until: str, cycle_on: str = T) -> CourseChoice:
    return CourseChoice(SetWindow(day(due_from), day(due_until), "Holiday", "rosei", day("2026-02-01"), day(cycle_on)))


def window(found: Forecast) -> tuple[str, str]:
    return str(found.due_from), str(found.due_until)


def computed(found: Forecast) -> tuple[str, str]:
    return str(found.computed_from), str(found.computed_until)


def test_the_window_set_by_hand_rules_and_both_are_among_the_reasons():
    found = forecast(FROWN, facts(given(T)), BOOK, choice=set_window("2026-06-01", "2026-06-20"))

    assert (window(found), computed(found)) == (("2026-06-01", "2026-06-20"), USUAL)
    assert [(r.rule, r.day.isoformat(), r.decided) for r in found.reasons if r.about == "due_from"] == [
        ("earliest_day", "2026-04-15", False),
        ("effect_low", "2026-04-15", False),
        ("set_by_hand", "2026-06-01", True),
    ]
    assert [(r.rule, r.day.isoformat(), r.decided) for r in found.reasons if r.about == "due_until"] == [
        ("effect_high", "2026-05-15", False),
        ("set_by_hand", "2026-06-20", True),
    ]
    assert str(found.overdue_from) == "2026-06-21"


def test_a_candidate_that_does_not_count_never_decides_even_on_the_same_day():
    found = forecast(FROWN, facts(given(T)), BOOK, choice=set_window("2026-04-20", USUAL[1]))

    assert [(r.rule, r.decided) for r in found.reasons if r.about == "due_until"] == [
        ("effect_high", False),
        ("set_by_hand", True),
    ]


@pytest.mark.parametrize(
    ("history", "rules"),
    [((T,), True), (("2025-10-01",), True), ((T, "2026-05-20"), False)],
)
def test_it_holds_until_a_later_full_treatment(history, rules):
    patient = facts(*(given(on) for on in history))
    found = forecast(FROWN, patient, BOOK, choice=set_window("2026-09-01", "2026-09-20"))

    assert (window(found) == ("2026-09-01", "2026-09-20")) == rules
    assert (found.computed_from is not None) == rules


def test_it_never_opens_before_the_earliest_day_and_keeps_its_days():
    held = facts(given(T), flags=(flag("pregnancy", "2026-03-01", "2026-12-01"),))
    found = forecast(FROWN, held, BOOK, choice=set_window("2026-06-01", "2026-06-20"))

    assert window(found) == ("2026-12-01", "2026-12-20")
    assert [(r.rule, r.decided) for r in found.reasons if r.about == "due_until"] == [
        ("effect_high", False),
        ("window_kept", True),
    ]


def test_a_fixed_schedule_can_be_set_by_hand_as_well():
    found = forecast(MIGRAINE, facts(given(T, MIGRAINE)), BOOK, choice=set_window("2026-05-01", "2026-05-20"))

    assert window(found) == ("2026-05-01", "2026-05-20")


def test_a_course_without_a_full_treatment_has_no_window():
    assert forecast(FROWN, facts(), BOOK, choice=set_window("2026-05-01", "2026-05-20")).due_from is None


# ---- what the effect teaches ----

SUGGEST, APPLY = with_durations(BOOK), with_durations(BOOK, LearnedDuration.APPLY)
OFF = with_durations(BOOK, LearnedDuration.OFF)


def taught(after: int = 130, cycles: int = 2, indication: str = FROWN, last: str = T) -> Facts:
    """So many cycles whose effect had gone after so many days, then a full treatment."""
    days = [day("2022-01-01") + timedelta(days=200 * n) for n in range(cycles)]
    past = [given(on, indication, worn_off_on=on + timedelta(days=after)) for on in days]
    return facts(*past, given(last, indication))


def rules(found: Forecast, about: str) -> list[tuple[str, bool]]:
    return [(r.rule, r.decided) for r in found.reasons if r.about == about]


def test_applied_it_sets_the_window_to_the_quartiles_of_the_next_cycle():
    found = forecast(FROWN, taught(), APPLY)
    low, high = found.learned.found.at_25, found.learned.found.at_75

    assert (found.due_from, found.due_until) == (day(T) + timedelta(days=low), day(T) + timedelta(days=high))
    assert 100 < low < 130 < high < 160
    assert rules(found, "due_from") == [("earliest_day", False), ("effect_low", False), ("learned", True)]
    assert rules(found, "due_until") == [("effect_high", False), ("learned", True)]
    assert {r.sentence for r in found.reasons if r.rule == "learned"} == {
        f"This patient's own cycles (2, 2 seen to the end): a quarter of effects is gone {low} days after 15-Jan-2026",
        f"This patient's own cycles (2, 2 seen to the end): three quarters are gone {high} days after 15-Jan-2026",
    }
    assert (found.computed_from, found.computed_until) == (None, None)


def test_suggested_it_stands_beside_the_usual_window_which_rules():
    found = forecast(FROWN, taught(), SUGGEST)

    assert window(found) == USUAL
    assert ("learned", False) in rules(found, "due_from")
    assert ("effect_low", True) in rules(found, "due_from")


@pytest.mark.parametrize(
    ("book", "choice"), [(OFF, CourseChoice()), (APPLY, CourseChoice(duration=CourseDuration.OFF))]
)
def test_switched_off_it_is_not_even_a_candidate(book, choice):
    found = forecast(FROWN, taught(), book, choice=choice)

    assert window(found) == USUAL
    assert "learned" not in {r.rule for r in found.reasons}


def test_one_cycle_is_too_few():
    assert window(forecast(FROWN, taught(cycles=1), APPLY)) == USUAL


def test_a_short_effect_never_opens_the_window_before_the_earliest_day():
    found = forecast(FROWN, taught(after=65, cycles=6), APPLY)
    low, high = found.learned.found.at_25, found.learned.found.at_75

    assert low < 80
    assert str(found.due_from) == str(found.earliest_on) == "2026-04-15"
    assert found.due_until == found.due_from + timedelta(days=high - low)


def test_a_fixed_schedule_is_shown_what_was_learned_and_never_moved_by_it():
    found = forecast(MIGRAINE, taught(after=70, indication=MIGRAINE), APPLY)

    assert found.learned.enough
    assert window(found) == window(forecast(MIGRAINE, taught(cycles=0, indication=MIGRAINE), BOOK))
    assert "learned" not in {r.rule for r in found.reasons}


@pytest.mark.parametrize("book", [OFF, SUGGEST, APPLY])
def test_pinned_days_rule_whatever_is_learned_and_whatever_the_clinic_does(book):
    choice = CourseChoice(duration=CourseDuration.PINNED, pinned=(100, 125))
    found = forecast(FROWN, taught(), book, choice=choice)

    assert (found.due_from, found.due_until) == (day(T) + timedelta(days=100), day(T) + timedelta(days=125))
    assert ("pinned", True) in rules(found, "due_from")


def test_pinned_days_move_no_fixed_schedule():
    choice = CourseChoice(duration=CourseDuration.PINNED, pinned=(100, 125))

    assert window(forecast(MIGRAINE, facts(given(T, MIGRAINE)), APPLY, choice=choice)) == window(
        forecast(MIGRAINE, facts(given(T, MIGRAINE)), APPLY)
    )


def test_a_window_set_by_hand_goes_before_what_was_learned_which_stands_beside_it():
    choice = set_window("2026-06-10", "2026-06-20")
    found = forecast(FROWN, taught(), APPLY, choice=choice)
    computed_alone = forecast(FROWN, taught(), APPLY)

    assert window(found) == ("2026-06-10", "2026-06-20")
    assert computed(found) == window(computed_alone)


@pytest.mark.parametrize("book", [OFF, SUGGEST, APPLY])
@pytest.mark.parametrize("cycles", [1, 2])
@pytest.mark.parametrize("indication", [FROWN, MIGRAINE])
@pytest.mark.parametrize(
    "choice",
    [
        CourseChoice(),
        CourseChoice(duration=CourseDuration.OFF),
        CourseChoice(duration=CourseDuration.PINNED, pinned=(100, 140)),
        set_window("2026-06-01", "2026-06-20"),
    ],
)
def test_the_window_that_decides_is_told_from_what_is_kept(book, cycles, indication, choice):
    found = forecast(indication, taught(cycles=cycles, indication=indication), book, choice=choice)

    told = windows.ruling(
        by_hand=found.computed_from is not None,
        effective=found.last_effective_on is not None,
        n_cycles=found.learned.found.n if found.learned else 0,
        duration=choice.duration,
        indication=indication,
        book=book,
    )

    [decided] = [reason.rule for reason in found.reasons if reason.about == "due_until" and reason.decided]
    assert {"effect_high": "computed", "learned": "from_response"}.get(decided, decided) == told
