from datetime import date
from decimal import Decimal

import pytest

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import booking, said, url
from treatments.models import (
    Appointment,
    CatalogueState,
    Contraindication,
    DoseLimit,
    Licence,
    Schedule,
    in_effect,
)
from treatments.queries.rulebook import rulebook
from treatments.services import strictness


def now(model, **key):
    return model.objects.get(in_effect(factories.TODAY), **key)


def values(row, *names, **changed):
    """A rule as its form sends it back, with some values changed."""
    data = {}
    for name in ("source", "note", *names):
        value = getattr(row, name)
        data[name] = "" if value is None else value
    for name in ("verified", "licensed", "time_limited", "raised_by_hand"):
        if getattr(row, name, False):
            data[name] = "on"
    return data | changed


def contraindication(row, **changed):
    names = ("name", "short_name", "severity", "question", "next_step", "review_after_days", "review_after",
             "products", "indications", "kinds")  # fmt: skip
    return values(row, *names, **changed)


def licence(row, **changed):
    names = ("condition", "min_interval", "min_interval_unit", "min_age_years", "max_units_per_session",
             "max_units_per_site", "typical_units_low", "typical_units_high", "sites", "units_per_site")  # fmt: skip
    return values(row, *names, **changed)


@pytest.mark.parametrize("kind", ["pregnancy", "breastfeeding"])
@pytest.mark.parametrize("severity", ["soft_stop", "caution", "inform"])
def test_pregnancy_and_breastfeeding_stay_hard_stops(door, kind, severity):
    row, token = now(Contraindication, code=kind), CatalogueState.objects.get().token

    answer = door.post(url("contraindication", "change", row.pk), contraindication(row, severity=severity))

    assert set(said(answer)) == {"severity"}
    assert now(Contraindication, code=kind).severity == "hard_stop"
    assert Contraindication.objects.filter(code=kind).count() == 1
    assert CatalogueState.objects.get().token == token


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kinds": ["therapeutic"]}, "kinds"),
        ({"products": ["botox"]}, "products"),
        ({"indications": ["glabellar_lines"]}, "indications"),
        ({"raised_by_hand": ""}, "raised_by_hand"),
        ({"question": " "}, "question"),
    ],
)
def test_pregnancy_cannot_be_made_to_reach_less_far(door, changed, field):
    row = now(Contraindication, code="pregnancy")

    answer = door.post(url("contraindication", "change", row.pk), contraindication(row, **changed))

    assert set(said(answer)) == {field}
    assert Contraindication.objects.filter(code="pregnancy").count() == 1


def test_a_rule_made_stricter_closes_the_old_version_and_holds_visits(door, manager):
    patient = factories.patient()
    factories.flag(patient, "anticoagulant_or_antiplatelet")
    door.post(url("appointment", "add"), booking(patient, acknowledged="on"))
    assert Appointment.objects.get().state == "booked"
    row = now(Contraindication, code="anticoagulant_or_antiplatelet")

    answer = door.post(url("contraindication", "change", row.pk), contraindication(row, severity="hard_stop"))

    assert answer.status_code == 302
    old, new = Contraindication.objects.filter(code=row.code).order_by("pk")
    assert (old.severity, old.effective_until) == ("caution", factories.TODAY)
    assert (new.severity, new.effective_from, new.effective_until, new.shipped) == (
        "hard_stop",
        factories.TODAY,
        None,
        "",
    )
    assert rulebook(factories.TODAY).contraindications[row.code].severity == "hard_stop"
    assert Appointment.objects.get().state == "on_hold"
    assert AuditEvent.objects.get(verb="rule.revised").by == manager.username


def test_a_past_version_is_only_read(door):
    row = now(Contraindication, code="anticoagulant_or_antiplatelet")
    door.post(url("contraindication", "change", row.pk), contraindication(row, severity="hard_stop"))
    there = url("contraindication", "change", row.pk)

    assert door.get(there).status_code == 200
    assert door.post(there, contraindication(row, severity="soft_stop")).status_code == 403


def test_the_list_shows_the_versions_in_effect_unless_asked_for_others(door):
    row = now(Contraindication, code="anticoagulant_or_antiplatelet")
    door.post(url("contraindication", "change", row.pk), contraindication(row, severity="hard_stop"))

    def listed(**query):
        answer = door.get(url("contraindication", "changelist"), {"q": row.code, **query})
        return [(found.severity, bool(found.effective_until)) for found in answer.context["cl"].result_list]

    assert listed() == [("hard_stop", False)]
    assert listed(version="past") == [("caution", True)]
    assert len(listed(version="all")) == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"min_interval": "2", "min_interval_unit": "months"}, "min_interval"),
        ({"min_interval": "0"}, "min_interval"),
        ({"min_interval": "-1"}, "min_interval"),
        ({"min_interval": "soon"}, "min_interval"),
        ({"min_age_years": ""}, "min_age_years"),
        ({"max_units_per_session": "9000"}, "max_units_per_session"),
        ({"max_units_per_session": "NaN"}, "max_units_per_session"),
        ({"max_units_per_session": "1e9"}, "max_units_per_session"),
        ({"typical_units_low": "30", "typical_units_high": "20"}, "typical_units_high"),
    ],
)
def test_a_licence_cannot_be_made_weaker_or_senseless(door, changed, field):
    row = now(Licence, product__code="botox", indication__code="glabellar_lines")
    assert row.min_age_years
    Licence.objects.filter(pk=row.pk).update(max_units_per_session=Decimal(20))
    row.refresh_from_db()

    answer = door.post(url("licence", "change", row.pk), licence(row, **changed))

    assert set(said(answer)) == {field}
    assert Licence.objects.filter(product=row.product, indication=row.indication).count() == 1


def test_a_longer_interval_moves_the_dates_of_courses(door):
    patient = factories.patient()
    factories.treated(patient, date(2026, 10, 1))
    row = now(Licence, product__code="botox", indication__code="glabellar_lines")

    door.post(url("licence", "change", row.pk), licence(row, min_interval="6", min_interval_unit="months"))

    assert patient.courses.get().earliest_on == date(2027, 4, 1)


def test_a_licence_of_the_clinics_own_is_not_weaker_than_the_one_for_any_product(door):
    product = factories.product("letybo")
    indication = factories.indication("strabismus")
    assert not Licence.objects.filter(product=product, indication=indication).exists()
    data = licence(now(Licence, product=None, indication=indication), indication=indication.pk, product=product.pk)

    refused = door.post(url("licence", "add"), data | {"min_interval": "1", "min_interval_unit": "days"})
    assert set(said(refused)) == {"min_interval"}
    door.post(url("licence", "add"), data)
    again = door.post(url("licence", "add"), data)

    assert now(Licence, product=product, indication=indication).shipped == ""
    assert set(said(again)) == {"indication"}


def test_a_dose_limit_is_lowered_and_never_raised(door):
    row = now(DoseLimit, code=DoseLimit.objects.exclude(window=None).first().code)
    there, data = url("doselimit", "change", row.pk), values(row, "units", "window", "window_unit")

    assert set(said(door.post(there, data | {"units": row.units + 1}))) == {"units"}
    assert set(said(door.post(there, data | {"window": "1", "window_unit": "days"}))) == {"window"}
    assert set(said(door.post(there, data | {"window": ""}))) == {"window"}
    assert set(said(door.post(there, data | {"window": "", "window_unit": ""}))) == {"window"}
    door.post(there, data | {"units": "4.5"})

    assert now(DoseLimit, code=row.code).units == Decimal("4.5")


def test_a_dose_limit_of_the_clinics_own_counts_at_once(door):
    system = factories.product().unit_system
    data = {"code": "own", "unit_system": system, "indications": [factories.indication().pk], "units": "30",
            "window": "12", "window_unit": "weeks", "source": "Medical lead", "note": ""}  # fmt: skip

    door.post(url("doselimit", "add"), data)

    (limit,) = (limit for limit in rulebook(factories.TODAY).dose_limits if limit.code == "own")
    assert (limit.units, limit.indications) == (30, {"glabellar_lines"})


def test_a_contraindication_of_the_clinics_own_can_be_raised_as_a_flag(door):
    data = {"code": "marathon", "name": "A marathon within two days", "short_name": "Marathon", "severity": "soft_stop",
            "time_limited": "on", "raised_by_hand": "on", "question": "", "next_step": "", "review_after": "",
            "review_after_days": "2", "source": "Medical lead", "note": ""}  # fmt: skip

    door.post(url("contraindication", "add"), data)
    again = door.post(url("contraindication", "add"), data)

    assert factories.flag(factories.patient(), "marathon").kind == "marathon"
    assert set(said(again)) == {"code"}


def test_a_schedule_stays_in_order_and_its_touch_up_range_narrow(door):
    row = now(Schedule, indication__code="glabellar_lines")
    names = (
        "kind",
        "effect_low",
        "effect_high",
        "effect_unit",
        "lapse_after_months",
        "touch_up_from_days",
        "touch_up_to_days",
    )
    there, data = url("schedule", "change", row.pk), values(row, *names)

    assert set(said(door.post(there, data | {"effect_high": "2"}))) == {"effect_high"}
    assert set(said(door.post(there, data | {"touch_up_to_days": "80"}))) == {"touch_up_to_days"}
    assert set(said(door.post(there, data | {"lapse_after_months": "0"}))) == {"lapse_after_months"}
    assert door.get(url("schedule", "add")).status_code == 403
    door.post(there, data | {"effect_high": "5"})

    assert now(Schedule, indication=row.indication).effect_high == 5


@pytest.mark.parametrize("model", [Contraindication, Licence, DoseLimit, Schedule], ids=lambda model: model.__name__)
def test_a_delivered_rule_can_be_saved_unchanged_without_a_new_version(door, model):
    row = model.objects.filter(in_effect(factories.TODAY)).first()
    there, before = url(model._meta.model_name, "change", row.pk), model.objects.count()
    form = door.get(there).context["adminform"].form
    data = {name: form[name].value() for name in form.fields}

    answer = door.post(there, {name: value for name, value in data.items() if value not in (None, False)})

    assert answer.status_code == 302
    assert model.objects.count() == before


def test_what_was_delivered_keeps_to_the_rules_for_the_clinics_own():
    """Otherwise the manager could not change anything else of such a row."""
    rows = [row for model in (Contraindication, Licence, DoseLimit, Schedule) for row in model.objects.all()]

    for row in rows:
        row.full_clean()
        strictness.check(row)

    assert len(rows) > 100
