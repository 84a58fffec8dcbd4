"""The figures of the catalogue and their sources: schedules, licences, limits, contraindications, outcomes."""

import tomllib
from decimal import Decimal

import pytest

from treatments.rules import reference
from treatments.rules.periods import days, months, weeks
from treatments.rules.vocabulary import IndicationKind, Jurisdiction, ScheduleKind, Severity

TABLES = [
    "sources", "products", "indications", "licences", "interval_variants", "dose_limits",
    "contraindications", "adverse_events", "outcome_measures", "duration_priors",
]  # fmt: skip
FACIAL_LINES = ["glabellar_lines", "forehead_lines", "lateral_canthal_lines", "platysma_bands"]


def records(table):
    held = getattr(reference.load(), table)
    return list(held) if isinstance(held, tuple) else list(held.values())


def licence(product, indication, jurisdiction):
    (found,) = [
        one
        for one in reference.load().licences
        if (one.product, one.indication) == (product, indication) and jurisdiction in one.jurisdictions
    ]
    return found


def limit(code):
    (found,) = [one for one in reference.load().dose_limits if one.code == code]
    return found


def test_counts_of_the_catalogue():
    assert {table: len(records(table)) for table in TABLES} == {
        "sources": 137,
        "products": 12,
        "indications": 19,
        "licences": 51,
        "interval_variants": 11,
        "dose_limits": 11,
        "contraindications": 45,
        "adverse_events": 24,
        "outcome_measures": 28,
        "duration_priors": 21,
    }


@pytest.mark.parametrize("table", TABLES[1:])
def test_every_record_has_sources_that_exist(table):
    sources = reference.load().sources

    for record in records(table):
        assert record.sources
        assert [key for key in record.sources if key not in sources] == []


def test_every_source_is_used():
    used = {key for table in TABLES[1:] for record in records(table) for key in record.sources}

    assert set(reference.load().sources) == used


def test_what_rests_on_no_checked_text_alone_is_marked_unverified():
    unmarked = [
        record
        for table in TABLES[1:]
        for record in records(table)
        if record.sources == ("unchecked",) and not record.unverified
    ]

    assert unmarked == []


# ---- schedules of the indications ----


@pytest.mark.parametrize(
    ("code", "schedule", "effect_low", "effect_high"),
    [
        *[(code, "window", months(3), months(4)) for code in FACIAL_LINES],
        ("masseter_prominence", "window", days(112), days(183)),
        ("axillary_hyperhidrosis", "window", days(120), days(240)),
        ("palmar_hyperhidrosis", "window", days(120), days(290)),
        ("cervical_dystonia", "window", days(84), days(112)),
        ("blepharospasm", "window", days(84), days(105)),
        ("hemifacial_spasm", "window", days(80), days(110)),
        ("strabismus", "examination", days(7), days(14)),
        ("chronic_migraine", "fixed", days(84), days(98)),
        ("overactive_bladder", "window", days(150), days(330)),
        ("neurogenic_detrusor_overactivity", "window", days(210), days(365)),
        ("neurogenic_detrusor_overactivity_paediatric", "window", days(200), days(230)),
        ("upper_limb_spasticity", "window", days(84), days(140)),
        ("lower_limb_spasticity", "window", days(84), days(140)),
        ("spasticity_paediatric", "window", days(84), days(150)),
        ("chronic_sialorrhea", "window", days(112), days(140)),
    ],
)
def test_schedule_of_each_indication(code, schedule, effect_low, effect_high):
    indication = reference.load().indications[code]

    assert (indication.schedule, indication.effect_low, indication.effect_high) == (schedule, effect_low, effect_high)
    assert isinstance(indication.schedule, ScheduleKind)


def test_every_indication_lapses_after_twelve_months_and_takes_touch_ups_on_days_7_to_28():
    found = {(one.lapse_after, one.touch_up_from_days, one.touch_up_to_days) for one in records("indications")}

    assert found == {(months(12), 7, 28)}


def test_aesthetic_indications():
    aesthetic = [one.code for one in records("indications") if one.kind == IndicationKind.AESTHETIC]

    assert aesthetic == [*FACIAL_LINES, "masseter_prominence"]


@pytest.mark.parametrize(
    ("code", "marks"),
    [
        ("glabellar_lines", {"effect_low", "effect_high"}),
        ("chronic_migraine", {"effect_high"}),  # the 84 days are the label's
        ("strabismus", set()),
        ("hemifacial_spasm", set()),
        ("palmar_hyperhidrosis", {"effect_low", "effect_high"}),
        ("neurogenic_detrusor_overactivity_paediatric", {"effect_low", "effect_high"}),
    ],
)
def test_windows_that_are_clinic_policy_are_marked(code, marks):
    unverified = set(reference.load().indications[code].unverified)

    assert unverified & {"effect_low", "effect_high"} == marks
    assert "lapse_after" in unverified


def test_sites_of_chronic_migraine_add_up_to_31_sites_and_155_units():
    sites = reference.load().indications["chronic_migraine"].sites

    assert sum(site.sites_low for site in sites) == 31
    assert sum(site.sites_low * site.units_per_site_low for site in sites) == Decimal(155)
    assert sum(site.sites_high for site in sites) == 39


def test_sites_of_glabellar_lines_for_botox_cosmetic():
    sites = [site for site in reference.load().indications["glabellar_lines"].sites if site.product == "botox_cosmetic"]

    assert [(site.muscle, site.sites_low, site.units_per_site_low) for site in sites] == [
        ("corrugator (2 per side)", 4, Decimal(4)),
        ("procerus", 1, Decimal(4)),
    ]


# ---- licences ----


@pytest.mark.parametrize(
    ("product", "indication", "jurisdiction", "length"),
    [
        ("botox", "glabellar_lines", "UK", months(3)),
        ("botox_cosmetic", "lateral_canthal_lines", "US", months(3)),
        ("dysport", "glabellar_lines", "US", months(3)),
        ("botox", "chronic_migraine", "UK", weeks(12)),
        ("botox", "axillary_hyperhidrosis", "UK", weeks(16)),
        ("botox", "axillary_hyperhidrosis", "US", None),
        ("botox", "blepharospasm", "US", months(3)),
        ("botox", "blepharospasm", "UK", weeks(12)),
        ("xeomin", "cervical_dystonia", "EU", weeks(10)),
        ("xeomin", "blepharospasm", "UK", weeks(6)),
        ("xeomin", "hemifacial_spasm", "UK", weeks(6)),
        ("relfydess", "glabellar_lines", "UK", weeks(12)),
        ("daxxify", "cervical_dystonia", "US", months(3)),
    ],
)
def test_licences_keep_the_unit_of_their_label(product, indication, jurisdiction, length):
    assert licence(product, indication, jurisdiction).min_interval == length


def test_a_single_typical_dose_is_both_ends():
    found = licence("botox", "chronic_migraine", "UK")

    assert (found.typical_units_low, found.typical_units_high) == (Decimal(155), Decimal(155))
    assert (found.max_units_per_session, found.sites, found.units_per_site) == (Decimal(195), 31, Decimal(5))


def test_a_range_of_doses_keeps_its_ends():
    neck = licence("botox", "cervical_dystonia", "US")
    bands = licence("botox_cosmetic", "platysma_bands", "US")

    assert (neck.typical_units_low, neck.typical_units_high) == (Decimal(198), Decimal(300))
    assert (bands.typical_units_low, bands.typical_units_high) == (Decimal(26), Decimal(36))


def test_fractions_of_units_are_exact():
    assert licence("botox", "blepharospasm", "US").units_per_site == Decimal("1.25")
    assert licence("botox", "neurogenic_detrusor_overactivity", "UK").units_per_site == Decimal("6.7")


def test_a_mark_for_some_countries_leaves_the_interval_of_the_others_verified():
    bladder = licence("botox", "overactive_bladder", "UK")

    assert bladder.unverified == ("min_interval.UK_EU",)
    assert not bladder.states_interval_for(Jurisdiction.UK)
    assert bladder.states_interval_for(Jurisdiction.US)


def test_interval_variants_of_the_french_text_are_months():
    french = {
        (one.product, one.indication): one.length
        for one in reference.load().interval_variants
        if one.jurisdiction == "FR"
    }

    assert french == {
        ("botox", "axillary_hyperhidrosis"): months(4),
        ("botox", "cervical_dystonia"): months(2),
        ("botox", "blepharospasm"): months(2),
    }


def test_lengths_in_the_files_are_written_as_they_are_shown():
    rows = tomllib.loads((reference.FOLDER / "licences.toml").read_text(encoding="utf-8"))["licences"]
    written = [row["min_interval"] for row in rows if "min_interval" in row]
    read = [one.min_interval for one in reference.load().licences if one.min_interval]

    assert [str(length) for length in read] == written


# ---- dose limits ----


@pytest.mark.parametrize(
    ("code", "unit_system", "jurisdiction", "population", "units", "per_kg", "window", "indications"),
    [
        ("botox_us_adult", "allergan_unit", "US", "adult", 400, None, months(3), ()),
        ("botox_us_paediatric", "allergan_unit", "US", "paediatric", 340, 10, months(3), ()),
        ("botox_uk_adult", "allergan_unit", "UK", "adult", 400, None, weeks(12), ()),
        ("botox_us_blepharospasm", "allergan_unit", "US", "twelve_and_over", 200, None, days(30), ("blepharospasm",)),
        ("botox_uk_blepharospasm", "allergan_unit", "UK", "adult", 100, None, weeks(12), ("blepharospasm",)),
        (
            "dysport_ie_limbs", "speywood_unit", "IE", "adult", 1500, None, None,
            ("upper_limb_spasticity", "lower_limb_spasticity"),
        ),
        (
            "dysport_us_cervical_dystonia", "speywood_unit", "US", "adult", 1000, None, None, ("cervical_dystonia",),
        ),
        ("dysport_us_paediatric", "speywood_unit", "US", "paediatric", 1000, 30, months(3), ()),
        ("xeomin_us_session", "merz_unit", "US", "adult", 400, None, None, ()),
        (
            "xeomin_us_upper_face", "merz_unit", "US", "adult", 64, None, None,
            ("glabellar_lines", "forehead_lines", "lateral_canthal_lines"),
        ),
        ("xeomin_us_paediatric", "merz_unit", "US", "paediatric", 400, 16, None, ("spasticity_paediatric",)),
    ],
)  # fmt: skip
def test_dose_limits(code, unit_system, jurisdiction, population, units, per_kg, window, indications):
    found = limit(code)

    assert (found.unit_system, found.jurisdiction, found.population) == (unit_system, jurisdiction, population)
    assert (found.units, found.units_per_kg, found.window) == (units, per_kg, window)
    assert found.indications == indications


def test_botox_and_botox_cosmetic_share_one_unit_system_and_one_limit():
    products = reference.load().products
    of_adults = [
        one
        for one in reference.load().dose_limits
        if (one.unit_system, one.jurisdiction, one.population) == ("allergan_unit", "US", "adult")
    ]

    assert products["botox"].unit_system == products["botox_cosmetic"].unit_system == "allergan_unit"
    assert [one.code for one in of_adults] == ["botox_us_adult"]
    assert of_adults[0].sources == ("drugscom_ona", "mpr_botox_cosmetic")


# ---- contraindications ----


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ("pregnancy", "hard_stop"),
        ("breastfeeding", "hard_stop"),
        ("hypersensitivity", "hard_stop"),
        ("infection_at_site", "hard_stop"),
        ("myasthenia_gravis", "hard_stop"),
        ("lambert_eaton", "hard_stop"),
        ("urinary_tract_infection", "hard_stop"),
        ("urinary_retention", "hard_stop"),
        ("under_age_cosmetic", "hard_stop"),
        ("cumulative_dose_exceeded", "hard_stop"),
        ("previous_serious_reaction", "hard_stop"),
        ("interval_not_elapsed", "soft_stop"),
        ("trying_to_conceive", "soft_stop"),
        ("aminoglycoside", "soft_stop"),
        ("dysphagia", "soft_stop"),
        ("under_age_therapeutic", "soft_stop"),
        ("anticoagulant_or_antiplatelet", "caution"),
        ("over_65_aesthetic", "caution"),
        ("recent_or_planned_vaccination", "caution"),
    ],
)
def test_severities(code, severity):
    assert reference.load().contraindications[code].severity == Severity(severity)


def test_computed_contraindications_are_not_raised_by_hand():
    computed = {one.code for one in records("contraindications") if not one.raised_by_hand}

    assert computed == {
        "under_age_cosmetic",
        "under_age_therapeutic",
        "over_65_aesthetic",
        "interval_not_elapsed",
        "cumulative_dose_exceeded",
        "recent_toxin_elsewhere",
        "unlicensed_product",
        "no_face_to_face_prescriber",
    }


def test_the_questions_of_every_visit():
    asked = {one.code: one.question for one in records("contraindications") if one.question}

    assert set(asked) == {
        "pregnancy",
        "breastfeeding",
        "trying_to_conceive",
        "infection_at_site",
        "myasthenia_gravis",
        "hypersensitivity",
        "aminoglycoside",
        "anticoagulant_or_antiplatelet",
        "previous_serious_reaction",
        "acute_illness_or_fever",
    }
    assert asked["pregnancy"] == "Are you pregnant, or might you be?"
    assert [question for question in asked.values() if not question.endswith("?")] == []


@pytest.mark.parametrize(
    ("code", "products", "indications", "kinds"),
    [
        ("pregnancy", (), (), ()),
        ("cows_milk_protein_allergy", ("dysport", "azzalure"), (), ()),
        (
            "urinary_tract_infection", (),
            ("overactive_bladder", "neurogenic_detrusor_overactivity", "neurogenic_detrusor_overactivity_paediatric"), (),
        ),
        ("under_age_cosmetic", (), (), ("aesthetic",)),
    ],
)  # fmt: skip
def test_a_contraindication_lists_what_it_applies_to_or_nothing(code, products, indications, kinds):
    found = reference.load().contraindications[code]

    assert (found.products, found.indications, found.kinds) == (products, indications, kinds)


def test_thresholds_and_times_of_contraindications():
    found = reference.load().contraindications

    assert found["under_age_cosmetic"].threshold == reference.Threshold("age_years", below=Decimal(18))
    assert found["over_65_aesthetic"].threshold == reference.Threshold("age_years", above=Decimal(64))
    assert found["urinary_retention"].threshold == reference.Threshold("pvr_ml", above=Decimal(200))
    assert found["recent_toxin_elsewhere"].lookback_days == 122
    assert (found["infection_at_site"].time_limited, found["infection_at_site"].review_after_days) == (True, 14)
    assert (found["hypersensitivity"].time_limited, found["hypersensitivity"].review_after_days) == (False, None)
    assert found["pregnancy"].review_after == "birth (then check breastfeeding)"


# ---- adverse events and outcome measures ----


def test_signs_of_spread_of_toxin():
    signs = [one.code for one in records("adverse_events") if one.spread_of_toxin]

    assert signs == [
        "dysphagia",
        "breathing_difficulty",
        "speech_or_voice_change",
        "generalised_weakness",
        "double_or_blurred_vision",
        "loss_of_bladder_control",
    ]
    assert {(one.serious, one.escalate) for one in records("adverse_events") if one.spread_of_toxin} == {(True, True)}


def test_an_expected_adverse_event_says_when_it_stops_being_harmless():
    swelling = reference.load().adverse_events["facial_swelling"]

    assert (swelling.serious, swelling.escalate) == (False, False)
    assert swelling.escalate_if == "swelling of lips, tongue or throat, hives, wheeze: emergency, see anaphylaxis"


def test_an_outcome_measure_has_its_range():
    scale = reference.load().outcome_measures["hdss"]

    assert (scale.minimum, scale.maximum, scale.step, scale.better) == (1, 4, 1, "lower")
    assert scale.indications == ("axillary_hyperhidrosis", "palmar_hyperhidrosis")


# ---- how long the effect lasts ----


@pytest.mark.parametrize(
    ("indication", "family", "median", "between", "within", "floor", "ceiling", "drift", "confidence"),
    [
        ("glabellar_lines", "conventional_type_a", 120, "0.17", "0.17", 60, 240, "1.0", "fair"),
        ("glabellar_lines", "daxibotulinumtoxinA", 168, "0.19", "0.19", 84, 330, "1.0", "weak"),
        ("glabellar_lines", "relabotulinumtoxinA", 165, "0.20", "0.20", 84, 330, "1.0", "weak"),
        ("forehead_lines", "conventional_type_a", 118, "0.17", "0.17", 60, 240, "1.0", "weak"),
        ("lateral_canthal_lines", "conventional_type_a", 125, "0.17", "0.17", 60, 240, "1.0", "fair"),
        ("platysma_bands", "conventional_type_a", 110, "0.20", "0.20", 60, 200, "1.0", "weak"),
        ("masseter_prominence", "conventional_type_a", 165, "0.21", "0.18", 90, 365, "1.0", "weak"),
        ("axillary_hyperhidrosis", "conventional_type_a", 200, "0.45", "0.40", 42, 900, "1.05", "fair"),
        ("palmar_hyperhidrosis", "conventional_type_a", 200, "0.45", "0.40", 42, 900, "1.05", "weak"),
        ("cervical_dystonia", "conventional_type_a", 92, "0.23", "0.21", 42, 180, "1.0", "fair"),
        ("cervical_dystonia", "daxibotulinumtoxinA", 155, "0.20", "0.19", 84, 260, "1.0", "weak"),
        ("cervical_dystonia", "type_b", 95, "0.20", "0.20", 42, 150, "1.0", "weak"),
        ("blepharospasm", "conventional_type_a", 85, "0.36", "0.33", 28, 240, "1.0", "fair"),
        ("hemifacial_spasm", "conventional_type_a", 85, "0.36", "0.33", 28, 240, "1.0", "fair"),
        ("chronic_migraine", "conventional_type_a", 77, "0.12", "0.10", 42, 120, "1.0", "weak"),
        ("overactive_bladder", "conventional_type_a", 238, "0.65", "0.29", 56, 1100, "1.0", "fair"),
        ("neurogenic_detrusor_overactivity", "conventional_type_a", 285, "0.50", "0.33", 84, 1100, "1.0", "weak"),
        ("upper_limb_spasticity", "conventional_type_a", 105, "0.18", "0.17", 60, 220, "1.0", "fair"),
        ("lower_limb_spasticity", "conventional_type_a", 105, "0.18", "0.17", 60, 220, "1.0", "weak"),
        ("spasticity_paediatric", "conventional_type_a", 112, "0.21", "0.19", 60, 250, "1.0", "weak"),
        ("chronic_sialorrhea", "conventional_type_a", 112, "0.21", "0.19", 60, 220, "1.0", "weak"),
    ],
)
def test_priors_of_how_long_the_effect_lasts(
    indication, family, median, between, within, floor, ceiling, drift, confidence
):
    (found,) = [
        one for one in reference.load().duration_priors if (one.indication, one.product_family) == (indication, family)
    ]

    assert (found.median_days, found.floor_days, found.ceiling_days) == (median, floor, ceiling)
    assert (found.log_sigma_between, found.log_sigma_within) == (Decimal(between), Decimal(within))
    assert (found.learn_drift, found.confidence) == (Decimal(drift), confidence)


def test_no_split_of_a_spread_is_taken_for_published_and_an_assumption_has_no_source():
    for prior in reference.load().duration_priors:
        assert "*" in prior.unverified or {"log_sigma_between", "log_sigma_within"} <= set(prior.unverified)
        assert ("*" in prior.unverified) == (prior.confidence == "weak")
        assert (prior.based_on == ()) == (prior.sources == ("unchecked",))
