from django.utils import timezone

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import booking, said, url
from treatments.models import (
    AdverseEventKind,
    Appointment,
    CatalogueState,
    Indication,
    Licence,
    OutcomeMeasure,
    Product,
)
from treatments.queries.rulebook import rulebook
from treatments.services import catalogue


def product(row, **changed):
    names = ("brand", "nonproprietary_name", "manufacturer", "duration_family", "storage", "use_within_hours", "source")
    data = {name: "" if getattr(row, name) is None else getattr(row, name) for name in names}
    data |= {"vial_units": "\n".join(map(str, row.vial_units)), "excipients": "\n".join(row.excipients)}
    return data | ({"is_active": "on"} if row.is_active else {}) | changed


def indication(row, **changed):
    names = ("name", "short_name", "min_age_years", "source")
    data = {name: "" if getattr(row, name) is None else getattr(row, name) for name in names}
    data |= {"muscles": "\n".join(row.muscles), "needs_before": "\n".join(row.needs_before)}
    return data | {"outcome_measures": row.outcome_measures, "is_active": "on"} | changed


def test_a_product_is_changed_with_its_audit_row_and_new_rules(door, manager):
    row, token = factories.product(), CatalogueState.objects.get().token

    door.post(url("product", "change", row.pk), product(row, brand="Botox 100", vial_units="50\n100\n200"))

    row.refresh_from_db()
    event = AuditEvent.objects.get(verb="catalogue.amended")
    assert (row.brand, row.vial_units) == ("Botox 100", [50, 100, 200])
    assert (event.by, event.details["brand"]) == (manager.username, ["Botox", "Botox 100"])
    assert CatalogueState.objects.get().token != token
    assert rulebook(factories.TODAY).products["botox"].brand == "Botox 100"


def test_saving_a_product_unchanged_changes_nothing(door):
    row, token = factories.product(), CatalogueState.objects.get().token

    assert door.post(url("product", "change", row.pk), product(row)).status_code == 302

    assert CatalogueState.objects.get().token == token
    assert not AuditEvent.objects.filter(verb="catalogue.amended").exists()


def test_code_and_unit_system_of_a_product_stay(door):
    row = factories.product()

    door.post(url("product", "change", row.pk), product(row, code="other", unit_system="other", storage="Fridge"))

    row.refresh_from_db()
    assert (row.code, row.storage) == ("botox", "Fridge")
    assert row.unit_system != "other"


def test_vial_sizes_are_numbers(door):
    row = factories.product()

    for wrong in ("fifty", "NaN", "1e9", "-50"):
        assert set(said(door.post(url("product", "change", row.pk), product(row, vial_units=wrong)))) == {"vial_units"}


def test_what_the_clinic_has_changed_survives_the_next_load(door):
    row = factories.product()
    manufacturer = row.manufacturer
    door.post(url("product", "change", row.pk), product(row, brand="Botox 100"))
    Product.objects.filter(pk=row.pk).update(manufacturer="somebody else")

    catalogue.load(jurisdiction="UK", by="load_catalogue", at=factories.NOW)

    row.refresh_from_db()
    assert (row.brand, row.manufacturer) == ("Botox 100", manufacturer)


def test_a_new_product_can_be_booked_for(door):
    data = product(factories.product(), brand="Newtox") | {"code": "newtox", "unit_system": "newtox"}

    door.post(url("product", "add"), data)
    door.post(url("appointment", "add"), booking(factories.patient(), product=factories.product("newtox").pk))

    assert Appointment.objects.get().product.brand == "Newtox"
    assert set(said(door.post(url("product", "add"), data))) == {"code"}


def test_a_minimum_age_is_raised_and_never_lowered(door):
    row = factories.indication()
    there = url("indication", "change", row.pk)

    assert set(said(door.post(there, indication(row, min_age_years="16")))) == {"min_age_years"}
    assert set(said(door.post(there, indication(row, min_age_years="")))) == {"min_age_years"}
    door.post(there, indication(row, min_age_years="21"))

    row.refresh_from_db()
    assert row.min_age_years == 21


def test_a_new_indication_comes_with_its_window_and_interval(door):
    data = {"code": "masseter", "name": "Masseter prominence", "short_name": "Masseter", "kind": "aesthetic",
            "min_age_years": "18", "is_active": "on", "schedule": "window", "effect_low": "4", "effect_high": "6",
            "effect_unit": "months", "min_interval": "12", "min_interval_unit": "weeks", "muscles": "Masseter",
            "needs_before": "", "source": "Medical lead"}  # fmt: skip

    door.post(url("indication", "add"), data)

    added = Indication.objects.get(code="masseter")
    door.post(url("appointment", "add"), booking(factories.patient(), indications=[added.pk]))
    assert str(Licence.objects.get(indication=added).length) == "12 weeks"
    assert str(rulebook(timezone.localdate()).indications["masseter"].schedule.effect_low) == "4 months"
    assert Appointment.objects.count() == 1


def test_a_new_indication_without_an_interval_is_not_added(door):
    data = {"code": "masseter", "name": "Masseter", "short_name": "Masseter", "kind": "aesthetic", "source": "x",
            "schedule": "window", "effect_low": "6", "effect_high": "4", "effect_unit": "months"}  # fmt: skip

    without = door.post(url("indication", "add"), data)
    backwards = door.post(url("indication", "add"), data | {"min_interval": "12", "min_interval_unit": "weeks"})

    assert set(said(without)) == {"min_interval", "min_interval_unit"}
    assert set(said(backwards)) == {"effect_high"}
    assert not Indication.objects.filter(code="masseter").exists()


def test_adverse_events_and_outcome_measures_are_changed(door):
    event, measure = AdverseEventKind.objects.first(), OutcomeMeasure.objects.first()

    door.post(
        url("adverseeventkind", "change", event.pk),
        {"name": event.name, "serious": "on", "escalate": "Call the doctor", "onset_days": "1\n14", "resolution_days": "",
         "source": event.source},
    )  # fmt: skip
    door.post(
        url("outcomemeasure", "change", measure.pk),
        {"name": measure.name, "minimum": "0", "maximum": "4", "better": "lower", "indications": ["strabismus"],
         "source": measure.source},
    )  # fmt: skip

    event.refresh_from_db()
    measure.refresh_from_db()
    assert (event.serious, event.onset_days, event.resolution_days) == (True, [1, 14], [])
    assert (measure.maximum, measure.indications) == (4, ["strabismus"])
