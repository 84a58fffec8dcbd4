"""A wrong catalogue file is refused with its place and a sentence."""

import shutil
import tomllib
from functools import cache
from pathlib import Path

import pytest

from treatments.rules import reference

parsed = cache(tomllib.loads)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the catalogue to spoil. A file that a test leaves alone is parsed once, not again for each test."""
    monkeypatch.setattr(tomllib, "loads", parsed)
    return Path(shutil.copytree(reference.FOLDER, tmp_path / "reference"))


def test_a_copy_of_the_catalogue_reads_the_same(folder):
    assert reference.read(folder) == reference.load()


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "products.toml", 'brand = "Botox"\n', 'brand = "Botox"\ncolour = "purple"\n',
            "products.toml: botox: colour: is not a known field.",
        ),
        ("products.toml", 'brand = "Xeomin"\n', "", "products.toml: xeomin: brand: is missing."),
        (
            "products.toml", 'code = "xeomin"\n', 'code = "dysport"\n',
            "products.toml: dysport: code: occurs twice.",
        ),
        (
            "products.toml", 'brand = "Xeomin"\n', 'brand = "BOTOX"\n',
            "products.toml: xeomin: spellings: “BOTOX” is also a spelling of botox.",
        ),
        (
            "products.toml", "vial_units = { US = [100, 200],", "vial_units = { FR = [100, 200],",
            "products.toml: botox: vial_units: “FR” is not one of UK, EU, US.",
        ),
        (
            "products.toml", 'sources = ["rela_ready1"]', 'sources = ["a_rumour"]',
            "products.toml: relfydess: sources: “a_rumour” is not known.",
        ),
        (
            "products.toml", 'sources = ["rela_ready1"]', "sources = []",
            "products.toml: relfydess: sources: is missing.",
        ),
        (
            "products.toml", 'unverified = ["aliases"]', 'unverified = ["price"]',
            "products.toml: botox_cosmetic: unverified: “price” names no field of this record.",
        ),
        (
            "indications.toml", 'spellings = ["hemifacial"', 'spellings = ["LCL"',
            "indications.toml: hemifacial_spasm: spellings: “LCL” is also a spelling of lateral_canthal_lines.",
        ),
        (
            "indications.toml", 'effect_low = "3 months"', 'effect_low = "3 moons"',
            "indications.toml: glabellar_lines: effect_low: "
            "“3 moons” is not a length such as “12 weeks” or “3 months”.",
        ),
        (
            "indications.toml", 'schedule = "fixed"', 'schedule = "whenever"',
            "indications.toml: chronic_migraine: schedule: “whenever” is not one of window, fixed, examination.",
        ),
        (
            "indications.toml", "onset_days = { low = 1, high = 4 }", "onset_days = { low = 5, high = 4 }",
            "indications.toml: glabellar_lines: onset_days: the low end 5 lies above the high end 4.",
        ),
        (
            "indications.toml", '{ product = "daxxify", muscle = "corr', '{ product = "doxxify", muscle = "corr',
            "indications.toml: glabellar_lines: product: “doxxify” is not known.",
        ),
        (
            "indications.toml", "min_age_years = 18", 'min_age_years = "18"',
            "indications.toml: glabellar_lines: min_age_years: must be a whole number, not “18”.",
        ),
        (
            "indications.toml", 'outcome_measures = ["mmps"]', 'outcome_measures = ["smile"]',
            "indications.toml: masseter_prominence: outcome_measures: “smile” is not known.",
        ),
        (
            "licences.toml", 'indication = "overactive_bladder"', 'indication = "left_elbow"',
            "licences.toml: botox/left_elbow: indication: “left_elbow” is not known.",
        ),
        (
            "licences.toml", 'indication = "neurogenic_detrusor_overactivity"\n', 'indication = "overactive_bladder"\n',
            "licences.toml: botox/overactive_bladder: jurisdictions: US occurs twice.",
        ),
        (
            "licences.toml", "max_units_per_session = 100", "max_units_per_session = nan",
            "licences.toml: botox/overactive_bladder: max_units_per_session: “NaN” is not a number.",
        ),
        (
            "licences.toml", 'jurisdictions = ["US", "UK", "EU"]', 'jurisdictions = "UK"',
            "licences.toml: botox/overactive_bladder: jurisdictions: must be a list, not “UK”.",
        ),
        (
            "dose_limits.toml", 'unit_system = "merz_unit"', 'unit_system = "mouse_unit"',
            "dose_limits.toml: xeomin_us_session: unit_system: “mouse_unit” is not known.",
        ),
        (
            "contraindications.toml", 'severity = "hard_stop"', 'severity = "forbidden"',
            "contraindications.toml: pregnancy: severity: "
            "“forbidden” is not one of hard_stop, soft_stop, caution, inform.",
        ),
        (
            "contraindications.toml", "time_limited = true", "time_limited = 1",
            "contraindications.toml: pregnancy: time_limited: must be true or false, not “1”.",
        ),
        (
            "duration_priors.toml", 'product_family = "daxibotulinumtoxinA"', 'product_family = "conventional_type_a"',
            "duration_priors.toml: conventional_type_a/glabellar_lines: indication: occurs twice.",
        ),
        (
            "duration_priors.toml", 'product_family = "type_b"', 'product_family = "type_c"',
            "duration_priors.toml: type_c/cervical_dystonia: product_family: “type_c” is not known.",
        ),
        (
            "duration_priors.toml", "median_days = 120", "median_days = 60",
            "duration_priors.toml: conventional_type_a/glabellar_lines: median_days: "
            "must lie between floor_days and ceiling_days.",
        ),
        (
            "duration_priors.toml", "log_sigma_within = 0.17", "log_sigma_within = 0.0",
            "duration_priors.toml: conventional_type_a/glabellar_lines: log_sigma_within: must be more than 0.",
        ),
        (
            "adverse_events.toml", "[[adverse_events]]", "[[adverse_effects]]",
            "adverse_events.toml: adverse_effects: is not known here; the records are called [[adverse_events]].",
        ),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_place_and_a_sentence(folder, file, old, new, message):
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(reference.CatalogueError) as refused:
        reference.read(folder)

    assert str(refused.value) == message


def test_the_error_has_its_parts(folder):
    file = folder / "products.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("use_within_hours = 24", "use_within_hours = true", 1))

    with pytest.raises(reference.CatalogueError) as refused:
        reference.read(folder)

    error = refused.value
    assert (error.file, error.code, error.field) == ("products.toml", "botox", "use_within_hours")
    assert error.sentence == "must be a whole number, not “True”."


def test_a_file_that_is_no_toml_is_refused(folder):
    (folder / "sources.toml").write_text("[[sources]\n")

    with pytest.raises(reference.CatalogueError, match=r"^sources\.toml: is not valid TOML: "):
        reference.read(folder)


def test_a_missing_file_is_refused(folder):
    (folder / "dose_limits.toml").unlink()

    with pytest.raises(reference.CatalogueError, match=r"^dose_limits\.toml: is missing\.$"):
        reference.read(folder)


def test_a_file_too_many_is_refused(folder):
    (folder / "prices.toml").write_text("")

    with pytest.raises(reference.CatalogueError, match=r"^prices\.toml: is not a catalogue file\.$"):
        reference.read(folder)
