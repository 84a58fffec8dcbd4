"""The rule book: read once, kept until a rule or the day changes, and true to the day that is asked for."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.factories import BY, NOW, TODAY
from treatments.models import CatalogueState, Indication, Licence, Schedule, in_effect
from treatments.queries import rulebook as module
from treatments.queries.rulebook import CatalogueMissing, rulebook
from treatments.rules.periods import days, months, weeks
from treatments.rules.vocabulary import ScheduleKind, Severity
from treatments.services import catalogue

pytestmark = pytest.mark.django_db


def frown(on: date = TODAY) -> Licence:
    return Licence.objects.get(in_effect(on), product__code="botox", indication__code="glabellar_lines")


def test_the_book_has_what_the_rules_ask_for():
    book = rulebook(TODAY)

    lines = book.indications["glabellar_lines"]
    assert (lines.schedule.effect_low, lines.schedule.effect_high) == (months(3), months(4))
    assert (lines.schedule.lapse_after, lines.min_age_years) == (months(12), 18)
    assert book.indications["chronic_migraine"].schedule.kind == ScheduleKind.FIXED
    assert book.licence("botox", "cervical_dystonia").min_interval == weeks(10)
    assert book.licence("letybo", "strabismus").product == ""
    assert book.contraindications["pregnancy"].severity == Severity.HARD_STOP
    assert {"pregnancy", "breastfeeding"} <= set(book.questions)
    limit = next(limit for limit in book.dose_limits if limit.code == "botox_uk_blepharospasm")
    assert (limit.units, limit.window, limit.indications) == (Decimal(100), weeks(12), {"blepharospasm"})
    assert next(limit for limit in book.dose_limits if limit.code == "xeomin_us_session").window is None


def test_the_days_that_answers_hold_are_a_setting(settings):
    settings.CLINIC_ANSWERS_VALID_DAYS = 30
    module._kept.clear()

    assert rulebook(TODAY).answers_valid_days == 30
    module._kept.clear()


def test_a_second_look_costs_one_query_and_none_with_the_token_at_hand(django_assert_num_queries):
    book = rulebook(TODAY)

    with django_assert_num_queries(1):
        assert rulebook(TODAY) is book
    with django_assert_num_queries(0):
        assert rulebook(TODAY, token=book.token) is book


def test_a_change_in_this_process_is_seen_at_once():
    before = rulebook(TODAY)

    catalogue.revise(frown(), changes={"min_interval": 5}, by=BY, at=NOW)

    assert before.licence("botox", "glabellar_lines").min_interval == months(3)
    assert rulebook(TODAY).licence("botox", "glabellar_lines").min_interval == months(5)


def test_a_change_by_another_process_is_seen_by_its_token():
    book = rulebook(TODAY)
    Licence.objects.filter(pk=frown().pk).update(min_interval=7)
    assert rulebook(TODAY) is book

    CatalogueState.objects.update(token="of another process")

    assert rulebook(TODAY).licence("botox", "glabellar_lines").min_interval == months(7)


def test_a_past_day_has_the_old_version_and_the_day_of_the_change_the_new_one():
    catalogue.revise(frown(), changes={"min_interval": 5}, by=BY, at=NOW)

    lengths = [
        rulebook(TODAY + timedelta(days=shift)).licence("botox", "glabellar_lines").min_interval
        for shift in (-4000, -1, 0, 1)
    ]

    assert lengths == [months(3), months(3), months(5), months(5)]


def test_an_indication_of_the_clinics_own_is_not_known_before_it_was_added():
    row = Indication(code="gummy_smile", name="Gummy smile", short_name="Gummy smile", kind="aesthetic", source="Own")
    schedule = Schedule(kind="window", effect_low=90, effect_high=120, effect_unit="days", source="Own")
    interval = Licence(min_interval=84, min_interval_unit="days", source="Own")

    catalogue.add_indication(row, schedule=schedule, any_product=interval, by=BY, at=NOW)

    assert rulebook(TODAY).licence("botox", "gummy_smile").min_interval == days(84)
    assert "gummy_smile" not in rulebook(TODAY - timedelta(days=1)).indications


def test_only_a_few_days_are_kept():
    for shift in range(3 * module._KEEP_DAYS):
        rulebook(TODAY + timedelta(days=shift))

    assert 0 < len(module._kept) <= module._KEEP_DAYS


def test_without_a_catalogue_the_sentence_names_the_command():
    CatalogueState.objects.all().delete()

    with pytest.raises(CatalogueMissing, match="load_catalogue"):
        rulebook(TODAY)
