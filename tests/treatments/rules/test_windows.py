"""Which window rules: the one set by hand, until the next full treatment and never before the earliest day."""

import pytest

from tests.treatments.rules.book import BOOK, FROWN, MIGRAINE, day, facts, flag, given
from treatments.rules.facts import CourseChoice, SetWindow
from treatments.rules.intervals import Forecast, forecast

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
