import pytest

from tests.treatments.rules.book import BOOK, FOREHEAD, FROWN, day, elsewhere, facts, flag, given
from treatments.rules.intervals import forecast

DATES = ("earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from")
T = "2026-01-15"
FLOOR = "2026-04-15"  # T + 3 months
SPRING = flag("pregnancy", "2026-04-01", "2026-05-01")


@pytest.mark.parametrize("name", DATES)
def test_every_date_carries_its_reasons_and_which_one_decided(name: str):
    patient = facts(given("2025-06-15"), given(T, sub_standard=True), flags=(SPRING,))

    found = forecast(FROWN, patient, BOOK)
    about = [reason for reason in found.reasons if reason.about == name]
    deciding = {reason.day for reason in about if reason.decided}

    assert deciding == {getattr(found, name)}
    assert all(reason.sentence and reason.source for reason in about)


def test_reasons_of_the_earliest_day_name_every_candidate_in_order():
    patient = facts(given(T), elsewhere("2025-12-01", indication=FOREHEAD), flags=(SPRING,))

    reasons = [reason for reason in forecast(FROWN, patient, BOOK).reasons if reason.about == "earliest_on"]

    assert [(reason.rule, reason.day.isoformat(), reason.sentence, reason.decided) for reason in reasons] == [
        ("minimum_age", "2003-06-15", "The patient turns 18", False),
        ("recent_toxin_elsewhere", "2026-04-02", "122 days after the treatment elsewhere (01-Dec-2025)", False),
        ("minimum_interval", "2026-04-15", "3 months after the last full treatment on 15-Jan-2026", False),
        ("block_ends", "2026-05-01", "Pregnancy until 01-May-2026", True),
    ]


def test_old_fit_of_the_dose_limit_is_no_reason_for_a_later_date():
    history = facts(given("2020-01-01", units=300), given("2020-02-01", units=100), given(T, units=200))

    reasons = forecast(FROWN, history, BOOK).reasons

    assert [reason.day for reason in reasons if reason.rule == "cumulative_dose"] == []


@pytest.mark.parametrize("name", ["due_from", "due_until"])
def test_course_that_was_never_treated_with_effect_says_why_it_is_due_at_once(name: str):
    (reason,) = (r for r in forecast(FROWN, facts(given(T, sub_standard=True)), BOOK).reasons if r.about == name)

    assert (reason.rule, reason.day) == ("no_effect_yet", day(FLOOR))
