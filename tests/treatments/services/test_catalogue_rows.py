"""Reference records as rows of the catalogue: the literal numbers of every use, in the clinic's country."""

from __future__ import annotations

from decimal import Decimal

import pytest

from treatments.rules import reference
from treatments.services import catalogue_rows as rows

COUNTRIES = ("UK", "EU", "US")
FACIAL_LINES = ("glabellar_lines", "forehead_lines", "lateral_canthal_lines")


@pytest.fixture(scope="module")
def shelf() -> reference.Reference:
    return reference.load()


def schedule(shelf, code: str) -> tuple:
    values = dict(rows.schedules(shelf))[code]
    names = ("kind", "effect_low", "effect_high", "effect_unit", "lapse_after_months")
    return tuple(values[name] for name in names)


def licence(shelf, product: str, indication: str, jurisdiction: str = "UK") -> dict:
    return dict(rows.licences(shelf, jurisdiction))[product, indication]


def limits(shelf, jurisdiction: str) -> dict[str, tuple]:
    return {
        code: (values["unit_system"], values["units"], values["window"], values["window_unit"], scope)
        for code, values, scope in rows.dose_limits(shelf, jurisdiction)
    }


# ---- windows ----


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        *[(code, ("window", 3, 4, "months", 12)) for code in FACIAL_LINES],
        ("chronic_migraine", ("fixed", 84, 98, "days", 12)),
        ("strabismus", ("examination", 7, 14, "days", 12)),
        ("axillary_hyperhidrosis", ("window", 120, 240, "days", 12)),
        ("cervical_dystonia", ("window", 84, 112, "days", 12)),
        ("blepharospasm", ("window", 84, 105, "days", 12)),
        ("overactive_bladder", ("window", 150, 330, "days", 12)),
    ],
)
def test_schedule(shelf, code: str, expected: tuple):
    assert schedule(shelf, code) == expected


def test_touch_ups_lie_on_days_7_to_28_everywhere(shelf):
    found = {(values["touch_up_from_days"], values["touch_up_to_days"]) for _code, values in rows.schedules(shelf)}

    assert found == {(7, 28)}


# ---- intervals ----


@pytest.mark.parametrize("jurisdiction", COUNTRIES)
def test_facial_lines_wait_three_calendar_months_with_every_product(shelf, jurisdiction: str):
    found = {
        (values["min_interval"], values["min_interval_unit"])
        for (_product, indication), values in rows.licences(shelf, jurisdiction)
        if indication in FACIAL_LINES
    }

    assert found == {(3, "months")}


@pytest.mark.parametrize(
    ("product", "indication", "value", "unit", "licensed"),
    [
        ("botox", "axillary_hyperhidrosis", 16, "weeks", True),
        ("dysport", "axillary_hyperhidrosis", 16, "weeks", True),
        ("", "axillary_hyperhidrosis", 4, "months", False),
        ("botox", "cervical_dystonia", 10, "weeks", True),
        ("xeomin", "cervical_dystonia", 10, "weeks", True),
        ("dysport", "cervical_dystonia", 12, "weeks", True),
        ("", "cervical_dystonia", 3, "months", False),
        ("botox", "blepharospasm", 12, "weeks", True),
        ("xeomin", "blepharospasm", 6, "weeks", True),
        ("", "blepharospasm", 3, "months", False),
        ("botox", "strabismus", 7, "days", False),
        ("", "strabismus", 7, "days", False),
        ("botox", "chronic_migraine", 84, "days", True),
        ("", "chronic_migraine", 84, "days", False),
        ("botox", "overactive_bladder", 12, "weeks", True),
        ("", "overactive_bladder", 12, "weeks", False),
    ],
)
def test_interval_in_the_uk(shelf, product: str, indication: str, value: int, unit: str, licensed: bool):
    row = licence(shelf, product, indication)

    assert (row["min_interval"], row["min_interval_unit"], row["licensed"]) == (value, unit, licensed)


def test_an_interval_of_another_country_says_what_it_rests_on(shelf):
    row = licence(shelf, "botox_cosmetic", "glabellar_lines")

    assert row["source"].startswith("strictest known of this product: Botox Cosmetic, US licence. ")
    assert (row["licensed"], row["min_age_years"]) == (False, None)
    assert licence(shelf, "botox_cosmetic", "glabellar_lines", "US")["min_age_years"] == 18


def test_an_unlicensed_row_keeps_the_limits_that_are_known(shelf):
    assert licence(shelf, "botox_cosmetic", "glabellar_lines")["max_units_per_session"] == 20


def test_a_row_for_any_product_names_no_units(shelf):
    for indication in shelf.indications:
        row = licence(shelf, "", indication)
        units = {name: value for name, value in row.items() if "units" in name or name == "sites"}
        assert set(units.values()) == {None}


@pytest.mark.parametrize("jurisdiction", COUNTRIES)
def test_each_indication_has_one_row_for_any_product_and_one_per_known_product(shelf, jurisdiction: str):
    keys = [key for key, _values in rows.licences(shelf, jurisdiction)]

    assert len(keys) == len(set(keys))
    assert {indication for product, indication in keys if not product} == set(shelf.indications)
    assert {key for key in keys if key[0]} == {(row.product, row.indication) for row in shelf.licences}


@pytest.mark.parametrize(
    ("product", "indication", "jurisdiction", "session", "site"),
    [
        ("botox", "cervical_dystonia", "UK", 300, 50),
        ("botox", "cervical_dystonia", "US", None, 50),
        ("botox", "blepharospasm", "UK", 100, None),
        ("botox", "blepharospasm", "US", None, 5),
        ("botox", "overactive_bladder", "UK", 100, None),
        ("botox", "chronic_migraine", "UK", 195, None),
        ("dysport", "axillary_hyperhidrosis", "UK", 400, None),
    ],
)
def test_session_and_site_limits(shelf, product: str, indication: str, jurisdiction: str, session, site):
    row = licence(shelf, product, indication, jurisdiction)

    assert (row["max_units_per_session"], row["max_units_per_site"]) == (session, site)


# ---- dose limits ----


def test_dose_limits_of_the_uk(shelf):
    assert limits(shelf, "UK") == {
        "botox_uk_adult": ("allergan_unit", 400, 12, "weeks", ()),
        "botox_uk_blepharospasm": ("allergan_unit", 100, 12, "weeks", ("blepharospasm",)),
        "xeomin_us_session": ("merz_unit", 400, None, "", ()),
    }


def test_dose_limits_of_the_us(shelf):
    assert limits(shelf, "US") == {
        "botox_us_adult": ("allergan_unit", 400, 3, "months", ()),
        "botox_us_blepharospasm": ("allergan_unit", 200, 30, "days", ("blepharospasm",)),
        "dysport_us_cervical_dystonia": ("speywood_unit", 1000, None, "", ("cervical_dystonia",)),
        "xeomin_us_session": ("merz_unit", 400, None, "", ()),
        "xeomin_us_upper_face": ("merz_unit", 64, None, "", FACIAL_LINES),
    }


def test_the_eu_names_none_so_the_smallest_known_over_all_uses_holds(shelf):
    assert limits(shelf, "EU") == {
        "botox_us_adult": ("allergan_unit", 400, 3, "months", ()),
        "xeomin_us_session": ("merz_unit", 400, None, "", ()),
    }


def test_limits_by_weight_are_left_to_paediatric_clinics(shelf):
    for jurisdiction in COUNTRIES:
        assert not any("paediatric" in code for code in limits(shelf, jurisdiction))


# ---- the other tables ----


def test_a_product_has_the_vials_of_the_country_or_of_the_first_that_is_known(shelf):
    uk, us = dict(rows.products(shelf, "UK")), dict(rows.products(shelf, "US"))
    for code, product in shelf.products.items():
        known = {str(place): list(sizes) for place, sizes in product.vial_units.items()}
        first = next(iter(known.values()), [])
        assert uk[code]["vial_units"] == known.get("UK", first)
        assert us[code]["vial_units"] == known.get("US", first)
    assert uk["botox"]["vial_units"] != []


@pytest.mark.parametrize("code", ["pregnancy", "breastfeeding"])
def test_pregnancy_and_breastfeeding_are_hard_stops_for_everything_with_a_question(shelf, code: str):
    row = dict(rows.contraindications(shelf))[code]

    assert (row["severity"], row["products"], row["indications"], row["kinds"]) == ("hard_stop", [], [], [])
    assert row["question"]
    assert row["raised_by_hand"]


def test_sites_are_plain_values_for_json(shelf):
    for _code, row in rows.indications(shelf):
        for site in row["sites"]:
            assert not any(value is None or isinstance(value, Decimal) for value in site.values())


@pytest.mark.parametrize("jurisdiction", COUNTRIES)
def test_every_row_has_a_source(shelf, jurisdiction: str):
    tables = {
        "products": rows.products(shelf, jurisdiction),
        "indications": rows.indications(shelf),
        "schedules": rows.schedules(shelf),
        "licences": rows.licences(shelf, jurisdiction),
        "contraindications": rows.contraindications(shelf),
        "dose limits": ((code, values) for code, values, _scope in rows.dose_limits(shelf, jurisdiction)),
        "adverse events": rows.adverse_events(shelf),
        "outcome measures": rows.outcome_measures(shelf),
    }
    for name, key_values in tables.items():
        found = [(key, values["source"]) for key, values in key_values]
        assert found, name
        assert [key for key, source in found if not source.strip()] == [], name


@pytest.mark.parametrize("table", ["schedules", "licences", "dose_limits"])
def test_every_rule_says_whether_it_was_verified(shelf, table: str):
    args = (shelf, "UK") if table in ("licences", "dose_limits") else (shelf,)
    marks = [row[1]["verified"] for row in getattr(rows, table)(*args)]

    assert {True, False} == set(marks)
