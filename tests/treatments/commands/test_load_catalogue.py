"""`manage.py load_catalogue`: for the clinic's country, harmless to run again, and honest about what it left alone."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from tests import factories
from treatments.models import CatalogueState, Contraindication, DoseLimit, Indication, Licence, Product, Schedule
from treatments.services import catalogue

pytestmark = pytest.mark.django_db


def run() -> list[str]:
    out = io.StringIO()
    call_command("load_catalogue", stdout=out, skip_checks=True)
    return out.getvalue().splitlines()


def test_a_second_run_changes_nothing():
    token = CatalogueState.objects.get().token

    assert run() == ["Catalogue for UK: 0 rows added, 0 revised."]
    assert CatalogueState.objects.get().token == token


def test_an_empty_database_is_filled_with_catalogue_and_roles():
    for model in (DoseLimit, Schedule, Licence, Contraindication, Product, Indication, CatalogueState, Group):
        model.objects.all().delete()

    [line] = run()

    number = int(line.split(" rows")[0].rsplit(" ", 1)[1])
    kept = (Product, Indication, Schedule, Licence, Contraindication, DoseLimit)
    assert number == sum(model.objects.count() for model in kept)
    assert set(Group.objects.values_list("name", flat=True)) == {"reception", "injector", "manager", "auditor"}


def test_the_country_is_the_setting(settings):
    settings.CLINIC_JURISDICTION = "US"

    [line] = run()

    assert line.startswith("Catalogue for US: ")
    assert DoseLimit.objects.filter(code="botox_us_adult", effective_until=None).exists()
    assert not DoseLimit.objects.filter(code="botox_uk_adult", effective_until=None).exists()


def test_the_clinics_own_rule_is_kept_and_named(settings):
    row = Licence.objects.get(product__code="botox", indication__code="glabellar_lines")
    catalogue.revise(row, changes={"min_interval": 4}, by=factories.BY, at=factories.NOW)
    settings.CLINIC_JURISDICTION = "US"

    assert run()[0] == "Kept the clinic's own rule: licence: Botox, Frown lines: 4 months"
