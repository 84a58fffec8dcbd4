"""The catalogue: loaded without end, switched between countries, made stricter by the clinic, and never rewritten."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import (
    Appointment,
    CatalogueState,
    Contraindication,
    CourseTreatment,
    DoseLimit,
    Indication,
    Licence,
    Product,
    Schedule,
    in_effect,
)
from treatments.queries.rulebook import rulebook
from treatments.rules import reference
from treatments.rules.periods import days, months, weeks
from treatments.services import appointments, catalogue, catalogue_rows, courses

pytestmark = pytest.mark.django_db

FIRST_DAY = date(2000, 1, 1)
RULES = (Schedule, Licence, DoseLimit, Contraindication)
DAY = timedelta(days=1)


def load(jurisdiction: str = "UK", *, at: datetime = NOW) -> catalogue.Loaded:
    return catalogue.load(jurisdiction=jurisdiction, by=BY, at=at)


def everything() -> list[list[dict]]:
    return [list(model.objects.order_by("pk").values()) for model in (*RULES, Product, Indication)]


def rules_on(day: date) -> dict:
    """All that the rule book says, but its token."""
    book = rulebook(day)
    limits = {limit.code: limit for limit in book.dose_limits}
    return {"licences": book.licences, "limits": limits, "indications": book.indications, "no": book.contraindications}


def now(model, on: date = TODAY, **key):
    return model.objects.get(in_effect(on), **key)


def frown(brand: str = "botox", on: date = TODAY) -> Licence:
    return now(Licence, on, product__code=brand, indication__code="glabellar_lines")


# ---- load ----


def test_loading_again_changes_nothing_and_keeps_the_token():
    before, token = everything(), CatalogueState.objects.get().token

    done = load(at=NOW + 30 * DAY)

    assert (done.added, done.revised, done.kept) == (0, 0, [])
    assert everything() == before
    assert CatalogueState.objects.get().token == token


def test_the_first_versions_hold_for_all_earlier_history():
    for model in RULES:
        assert set(model.objects.values_list("effective_from", "effective_until")) == {(FIRST_DAY, None)}
        assert not model.objects.filter(shipped="").exists()


def test_an_empty_database_gets_a_row_for_every_record():
    DoseLimit.objects.all().delete()
    for model in (Schedule, Licence, Contraindication, Product, Indication, CatalogueState):
        model.objects.all().delete()

    load()

    shelf = reference.load()
    assert set(Product.objects.values_list("code", flat=True)) == set(shelf.products)
    assert set(Indication.objects.values_list("code", flat=True)) == set(shelf.indications)
    assert set(Contraindication.objects.values_list("code", flat=True)) == set(shelf.contraindications)
    assert set(Schedule.objects.values_list("indication__code", flat=True)) == set(shelf.indications)
    assert set(Licence.objects.filter(product=None).values_list("indication__code", flat=True)) == set(
        shelf.indications
    )
    assert list(now(DoseLimit, code="botox_uk_blepharospasm").indications.values_list("code", flat=True)) == [
        "blepharospasm"
    ]


def test_a_delivered_value_that_changed_closes_the_old_version_and_opens_a_new_one():
    old = now(Schedule, indication__code="overactive_bladder")
    Schedule.objects.filter(pk=old.pk).update(effect_low=100, shipped="as delivered before")
    later = NOW + 7 * DAY

    done = load(at=later)

    assert (done.added, done.revised) == (0, 1)
    old, new = Schedule.objects.filter(indication__code="overactive_bladder").order_by("pk")
    assert (old.effect_low, old.effective_from, old.effective_until) == (100, FIRST_DAY, later.date())
    assert (new.effect_low, new.effective_from, new.effective_until) == (150, later.date(), None)
    assert rulebook(TODAY).indications["overactive_bladder"].schedule.effect_low == days(100)
    assert rulebook(later.date()).indications["overactive_bladder"].schedule.effect_low == days(150)


def test_a_new_version_starts_on_the_clinics_day():
    """23:30 in UTC is the next day in a London summer."""
    row = now(Schedule, indication__code="overactive_bladder")
    Schedule.objects.filter(pk=row.pk).update(shipped="as delivered before")

    load(at=datetime(2027, 7, 1, 23, 30, tzinfo=UTC))

    assert now(Schedule, date(2027, 7, 2), indication__code="overactive_bladder").effective_from == date(2027, 7, 2)


# ---- another country ----


def test_a_clinic_that_moves_gets_the_rules_of_its_country_from_that_day():
    assert frown("botox_cosmetic").licensed is False

    done = load("US", at=NOW + 10 * DAY)

    there = TODAY + 10 * DAY
    assert done.revised > 0
    assert frown("botox_cosmetic", there).licensed is True
    assert frown("azzalure", there).licensed is False
    assert rulebook(there).licence("botox", "blepharospasm").min_interval == months(3)
    assert rulebook(there - DAY).licence("botox", "blepharospasm").min_interval == weeks(12)
    limits = {limit.code for limit in rulebook(there).dose_limits}
    assert limits == {
        "botox_us_adult",
        "botox_us_blepharospasm",
        "dysport_us_cervical_dystonia",
        "xeomin_us_session",
        "xeomin_us_upper_face",
    }


@pytest.mark.parametrize("apart", [0, 10], ids=["the same day", "ten days apart"])
def test_there_and_back_again_restores_the_rules(apart: int):
    uk = rules_on(TODAY)

    load("US", at=NOW + apart * DAY)
    us = rules_on(TODAY + apart * DAY)
    load("UK", at=NOW + 2 * apart * DAY)
    again = rules_on(TODAY + 2 * apart * DAY)

    assert us != uk
    assert again == uk
    assert (load("UK", at=NOW + 2 * apart * DAY).added, everything()) == (0, everything())
    assert rules_on(TODAY - DAY) == uk


def test_moving_leaves_one_version_in_effect_on_every_day():
    load("US", at=NOW + 10 * DAY)
    load("UK", at=NOW + 10 * DAY)
    load("EU", at=NOW + 20 * DAY)

    for day in (TODAY, TODAY + 9 * DAY, TODAY + 10 * DAY, TODAY + 20 * DAY):
        keys = list(Licence.objects.filter(in_effect(day)).values_list("product", "indication"))
        assert len(keys) == len(set(keys))
        codes = list(DoseLimit.objects.filter(in_effect(day)).values_list("code", flat=True))
        assert len(codes) == len(set(codes))


def test_moving_rewrites_the_dates_of_courses():
    person = factories.patient()
    factories.treated(person, date(2026, 10, 1), area="axillary_hyperhidrosis", units="100")
    assert person.courses.get().earliest_on == date(2027, 1, 21)  # 16 weeks

    load("US")

    assert person.courses.get().earliest_on == date(2027, 2, 1)  # 4 months


# ---- the clinic's own rules ----


def test_the_clinics_own_rule_survives_a_load_and_is_named_where_the_delivered_one_moved_on():
    catalogue.revise(frown(), changes={"min_interval": 4}, by=BY, at=NOW)
    assert load(at=NOW + DAY).kept == []

    done = load("US", at=NOW + 2 * DAY)

    assert done.kept == ["licence: Botox, Frown lines: 4 months"]
    assert rulebook(TODAY + 2 * DAY).licence("botox", "glabellar_lines").min_interval == months(4)


def test_what_was_delivered_is_closed_and_audited_when_the_clinic_is_stricter():
    delivered = frown()

    own = catalogue.revise(frown(), changes={"min_interval": 4}, by="ito", at=NOW)

    delivered.refresh_from_db()
    assert (delivered.min_interval, delivered.effective_until) == (3, TODAY)
    assert delivered.shipped
    assert (own.min_interval, own.effective_from, own.effective_until, own.shipped) == (4, TODAY, None, "")
    event = AuditEvent.objects.get(verb="rule.revised")
    assert (event.by, event.details) == ("ito", {"replaces": delivered.pk, "min_interval": "4"})


STRICTER = [
    pytest.param(Contraindication, {"code": "anticoagulant_or_antiplatelet"}, {"severity": "hard_stop"}, id="severity"),
    pytest.param(Licence, {"product__code": "botox", "indication__code": "cervical_dystonia"},
                 {"min_interval": 12}, id="interval"),
    pytest.param(Licence, {"product__code": "botox", "indication__code": "cervical_dystonia"},
                 {"max_units_per_session": Decimal(240)}, id="session limit"),
    pytest.param(Licence, {"product__code": "botox", "indication__code": "cervical_dystonia"},
                 {"min_age_years": 18}, id="age"),
    pytest.param(DoseLimit, {"code": "botox_uk_adult"}, {"units": Decimal(300)}, id="cumulative limit"),
    pytest.param(DoseLimit, {"code": "botox_uk_adult"}, {"window": 16}, id="window of the limit"),
    pytest.param(Schedule, {"indication__code": "glabellar_lines"}, {"touch_up_to_days": 21}, id="touch-up"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "key", "changes"), STRICTER)
def test_stricter_is_accepted(model, key: dict, changes: dict):
    catalogue.revise(now(model, **key), changes=changes, by=BY, at=NOW)

    own = now(model, **key)
    assert own.shipped == ""
    assert {name: getattr(own, name) for name in changes} == changes


WEAKER = [
    pytest.param(Contraindication, {"code": "pregnancy"}, {"severity": "soft_stop"}, id="severity"),
    pytest.param(Licence, {"product__code": "botox", "indication__code": "cervical_dystonia"},
                 {"min_interval": 9}, id="interval"),
    pytest.param(Licence, {"product__code": "botox", "indication__code": "cervical_dystonia"},
                 {"min_interval_unit": "days"}, id="interval, by its unit"),
    pytest.param(Licence, {"product__code": "bocouture", "indication__code": "glabellar_lines"},
                 {"min_interval": 91, "min_interval_unit": "days"}, id="interval, shorter in summer"),
    pytest.param(Licence, {"product__code": "botox", "indication__code": "cervical_dystonia"},
                 {"max_units_per_session": Decimal("300.01")}, id="session limit"),
    pytest.param(Licence, {"product__code": "botox", "indication__code": "cervical_dystonia"},
                 {"max_units_per_session": None}, id="session limit taken away"),
    pytest.param(Licence, {"product__code": "botox", "indication__code": "cervical_dystonia"},
                 {"min_age_years": 11}, id="age"),
    pytest.param(DoseLimit, {"code": "botox_uk_adult"}, {"units": Decimal("400.01")}, id="cumulative limit"),
    pytest.param(DoseLimit, {"code": "botox_uk_adult"}, {"window": 11}, id="window of the limit"),
    pytest.param(Schedule, {"indication__code": "glabellar_lines"}, {"touch_up_to_days": 29}, id="touch-up"),
    pytest.param(Schedule, {"indication__code": "glabellar_lines"}, {"effect_high": 32767}, id="window without end"),
    pytest.param(Licence, {"product__code": "botox", "indication__code": "cervical_dystonia"},
                 {"min_age_years": 32767}, id="age that nobody reaches"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "key", "changes"), WEAKER)
def test_weaker_is_refused_at_its_field_and_nothing_is_written(model, key: dict, changes: dict):
    row, before, token = now(model, **key), everything(), CatalogueState.objects.get().token

    with pytest.raises(ValidationError) as refused:
        catalogue.revise(row, changes=changes, by=BY, at=NOW)

    expected = {"min_interval" if name == "min_interval_unit" else name for name in changes}
    assert set(refused.value.message_dict) == expected
    assert everything() == before
    assert CatalogueState.objects.get().token == token
    assert not AuditEvent.objects.filter(verb="rule.revised").exists()


def test_the_clinics_own_rule_may_go_back_to_what_was_delivered_but_not_below():
    own = catalogue.revise(frown(), changes={"min_interval": 6}, by=BY, at=NOW)

    catalogue.revise(own, changes={"min_interval": 3}, by=BY, at=NOW + DAY)

    assert frown(on=TODAY + DAY).min_interval == 3
    with pytest.raises(ValidationError):
        catalogue.revise(frown(on=TODAY + DAY), changes={"min_interval": 2}, by=BY, at=NOW + DAY)


def test_a_version_that_has_ended_is_not_changed_any_more():
    delivered = frown()
    catalogue.revise(frown(), changes={"min_interval": 4}, by=BY, at=NOW)
    delivered.refresh_from_db()

    with pytest.raises(ValidationError, match="has ended"):
        catalogue.revise(delivered, changes={"min_interval": 5}, by=BY, at=NOW)


def test_revising_to_the_same_values_makes_no_version():
    row = frown()

    assert catalogue.revise(row, changes={"min_interval": 3, "note": row.note}, by=BY, at=NOW) is row
    assert Licence.objects.filter(product=row.product, indication=row.indication).count() == 1


def test_a_revised_limit_keeps_the_indications_it_is_about():
    limit = now(DoseLimit, code="botox_uk_blepharospasm")

    catalogue.revise(limit, changes={"units": Decimal(80)}, by=BY, at=NOW)

    rules = {rule.code: rule for rule in rulebook(TODAY).dose_limits}
    assert (rules["botox_uk_blepharospasm"].units, rules["botox_uk_blepharospasm"].indications) == (
        80,
        {"blepharospasm"},
    )


def test_a_past_treatment_keeps_the_licence_it_was_judged_by():
    person = factories.patient()
    factories.treated(person, date(2026, 5, 1))
    judged_by = frown().pk

    own = catalogue.revise(frown(), changes={"min_interval": 4}, by=BY, at=NOW)
    factories.treated(person, TODAY)

    kept = list(CourseTreatment.objects.order_by("treatment__performed_on").values_list("licence", flat=True))
    assert kept == [judged_by, own.pk]
    assert Licence.objects.get(pk=judged_by).min_interval == 3


# ---- what a changed rule touches ----


def booked(person, on: date) -> Appointment:
    wanted = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(on.year, on.month, on.day, 10, tzinfo=UTC),
        minutes=30,
    )
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


def test_a_stricter_interval_moves_courses_and_holds_the_visits_it_forbids():
    person, other = factories.patient(), factories.patient()
    factories.treated(person, date(2026, 9, 1))
    factories.treated(other, date(2026, 7, 1))
    forbidden, fine = booked(person, date(2026, 12, 10)), booked(other, date(2026, 12, 10))

    catalogue.revise(frown(), changes={"min_interval": 4}, by="ito", at=NOW)

    forbidden.refresh_from_db()
    fine.refresh_from_db()
    assert person.courses.get().earliest_on == date(2027, 1, 1)
    assert (forbidden.state, forbidden.state_by, fine.state) == ("on_hold", "ito", "booked")
    assert courses.refresh([person.pk, other.pk], on=TODAY) == 0


def test_rules_changed_mends_stored_dates_and_gives_a_new_token():
    person = factories.patient()
    factories.treated(person, date(2026, 9, 1))
    right, token = person.courses.get().due_from, CatalogueState.objects.get().token
    person.courses.update(due_from=date(2031, 1, 1))

    catalogue.rules_changed(by=BY, at=NOW)

    assert person.courses.get().due_from == right == date(2026, 12, 1)
    assert CatalogueState.objects.get().token != token


def test_a_caution_made_a_stop_holds_every_visit_it_is_about():
    person = factories.patient()
    factories.flag(person, "anticoagulant_or_antiplatelet")
    visit = booked(person, date(2026, 12, 10))

    row = now(Contraindication, code="anticoagulant_or_antiplatelet")
    catalogue.revise(row, changes={"severity": "soft_stop"}, by=BY, at=NOW)

    visit.refresh_from_db()
    assert visit.state == "on_hold"


# ---- plain rows ----


def test_a_minimum_age_is_never_lowered_below_what_was_delivered():
    row = factories.indication()
    assert row.min_age_years == 18

    with pytest.raises(ValidationError):
        catalogue.amend(row, changes={"min_age_years": 17}, by=BY, at=NOW)
    row.refresh_from_db()
    catalogue.amend(row, changes={"min_age_years": 21}, by=BY, at=NOW)

    assert rulebook(TODAY).indications["glabellar_lines"].min_age_years == 21


def test_a_load_keeps_the_fields_the_clinic_has_changed_and_mends_the_others():
    row = factories.product()
    manufacturer = row.manufacturer
    catalogue.amend(row, changes={"storage": "Fridge 2, top shelf"}, by=BY, at=NOW)
    Product.objects.filter(pk=row.pk).update(manufacturer="Somebody else")

    done = load()

    row.refresh_from_db()
    assert (done.revised, row.storage, row.manufacturer) == (1, "Fridge 2, top shelf", manufacturer)


def test_what_the_database_holds_is_what_the_reference_files_say():
    shelf = reference.load()
    for code, values in catalogue_rows.schedules(shelf):
        row = now(Schedule, indication__code=code)
        assert {name: getattr(row, name) for name in values} == values
    for (product, indication), values in catalogue_rows.licences(shelf, "UK"):
        key = {"product__code": product} if product else {"product": None}
        row = now(Licence, indication__code=indication, **key)
        assert {name: getattr(row, name) for name in values} == values


def test_a_load_that_changes_something_is_audited_and_one_that_does_not_is_not():
    load()
    assert not AuditEvent.objects.filter(verb="catalogue.loaded").exists()

    load("EU")

    row = AuditEvent.objects.get(verb="catalogue.loaded")
    assert (row.by, row.at, row.details["jurisdiction"]) == (BY, NOW, "EU")
    assert row.details["revised"] > 0
