"""What the rest of the product asks the catalogue: minimum intervals, greatest doses, free spellings."""

import dataclasses
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest

from treatments.rules import reference
from treatments.rules.periods import days, months, weeks

FACIAL_LINES = ["glabellar_lines", "forehead_lines", "lateral_canthal_lines", "platysma_bands"]


def test_the_module_is_found_beside_its_folder_of_the_same_name():
    assert Path(find_spec("treatments.rules.reference").origin).name == "reference.py"
    assert Path(reference.__file__).with_name("reference").is_dir()


def test_load_reads_once_and_its_records_cannot_be_changed():
    assert reference.load() is reference.load()
    with pytest.raises(dataclasses.FrozenInstanceError):
        reference.load().indications["glabellar_lines"].min_age_years = 12


@pytest.mark.parametrize(
    ("unit_system", "units"),
    [("allergan_unit", 400), ("speywood_unit", 1500), ("merz_unit", 400), ("daewoong_unit", 100)],
)
def test_greatest_label_units(unit_system, units):
    assert reference.greatest_label_units(unit_system) == Decimal(units)


def test_greatest_label_units_of_an_unknown_unit_system_is_refused():
    with pytest.raises(LookupError, match="“botulex_unit”"):
        reference.greatest_label_units("botulex_unit")


# ---- minimum intervals ----


@pytest.mark.parametrize("indication", FACIAL_LINES)
@pytest.mark.parametrize("jurisdiction", ["UK", "EU", "US"])
def test_facial_lines_are_never_sooner_than_three_calendar_months_whatever_the_product(indication, jurisdiction):
    products = [*reference.load().products, "a_product_of_the_clinic"]

    lengths = {reference.min_interval(product, indication, jurisdiction).length for product in products}

    assert lengths == {months(3)}


@pytest.mark.parametrize(
    ("product", "indication", "jurisdiction", "length", "verified"),
    [
        # the licence of the jurisdiction
        ("azzalure", "glabellar_lines", "UK", months(3), True),
        ("botox", "glabellar_lines", "UK", months(3), False),
        ("botox", "axillary_hyperhidrosis", "UK", weeks(16), False),
        ("botox", "cervical_dystonia", "UK", weeks(10), False),
        ("xeomin", "cervical_dystonia", "UK", weeks(10), True),
        ("xeomin", "cervical_dystonia", "US", weeks(12), False),
        ("xeomin", "blepharospasm", "UK", weeks(6), False),
        ("botox", "blepharospasm", "US", months(3), True),
        ("botox", "overactive_bladder", "UK", weeks(12), False),
        ("botox", "overactive_bladder", "US", weeks(12), True),
        # silent there: the strictest known of the product, be it another licence, a policy or a national text
        ("botox", "axillary_hyperhidrosis", "US", months(4), True),
        ("botox", "cervical_dystonia", "US", days(84), False),
        ("dysport", "axillary_hyperhidrosis", "US", weeks(16), True),
        ("dysport", "blepharospasm", "US", weeks(12), False),
        ("myobloc", "chronic_sialorrhea", "UK", months(3), True),
        # facial lines whose licence says less
        ("relfydess", "glabellar_lines", "UK", months(3), False),
        # a product that nobody licensed for it: the strictest known of any product
        ("azzalure", "axillary_hyperhidrosis", "UK", months(4), True),
        ("a_product_of_the_clinic", "cervical_dystonia", "UK", months(3), False),
        # nothing known
        ("botox", "masseter_prominence", "UK", days(84), False),
        ("botox", "palmar_hyperhidrosis", "UK", days(84), False),
        ("botox", "a_use_of_the_clinic", "UK", days(84), False),
        # schedules of their own
        ("botox", "chronic_migraine", "UK", days(84), True),
        ("dysport", "chronic_migraine", "US", days(84), True),
        ("botox", "strabismus", "UK", days(7), True),
        ("xeomin", "strabismus", "US", days(7), True),
    ],
)
def test_min_interval(product, indication, jurisdiction, length, verified):
    found = reference.min_interval(product, indication, jurisdiction)

    assert (found.length, found.verified) == (length, verified)


@pytest.mark.parametrize(
    ("product", "indication", "jurisdiction", "basis"),
    [
        ("botox", "glabellar_lines", "UK", "Botox, UK licence"),
        (
            "botox",
            "axillary_hyperhidrosis",
            "US",
            "strictest known of this product: Botox, FR text: 4 months",
        ),
        ("dysport", "forehead_lines", "UK", "strictest known of any product: Botox Cosmetic, US licence"),
        ("relfydess", "glabellar_lines", "UK", "clinic policy, longer than Relfydess, UK licence"),
        ("botox", "masseter_prominence", "UK", "clinic policy where nothing is known"),
        ("botox", "strabismus", "UK", "schedule of Misaligned eyes (strabismus)"),
    ],
)
def test_min_interval_says_what_it_rests_on(product, indication, jurisdiction, basis):
    assert reference.min_interval(product, indication, jurisdiction).basis == basis


def test_min_interval_refuses_a_jurisdiction_it_does_not_know():
    with pytest.raises(ValueError, match="FR"):
        reference.min_interval("botox", "glabellar_lines", "FR")


# ---- spellings ----


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Crow's   FEET ", "crows feet"),
        ("Crow’s-feet", "crows feet"),
        ("Chronic migraine (PREEMPT)", "chronic migraine preempt"),
        ("Zoë É.", "zoe e"),
        ("Botox®", "botox"),
        ("Botox™", "botox"),
        ("glabellar_lines", "glabellar lines"),
        ("\x00 ' ", ""),
    ],
)
def test_fold(text, folded):
    assert reference.fold(text) == folded


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("BOTOX", "botox"),
        ("Botox", "botox"),
        ("Botox 100U", "botox"),
        ("botox 100 units", "botox"),
        ("Botox 200 Allergan Units", "botox"),
        ("Botox Cosmetic 50", "botox_cosmetic"),
        ("Vistabel", "botox_cosmetic"),
        ("Dysport 300", "dysport"),
        ("Dysport 500 IU", "dysport"),
        ("Xeomin", "xeomin"),
        ("Nuceiva", "jeuveau"),
        ("NeuroBloc", "myobloc"),
    ],
)
def test_find_product(text, code):
    assert reference.find_product(text).code == code


@pytest.mark.parametrize("text", ["Botulex Gold", "Botulex Gold 100U", "100U", "500", "", "Bot", "Botox Dysport"])
def test_find_product_guesses_nothing(text):
    assert reference.find_product(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Glabella", "glabellar_lines"),
        ("Frown lines", "glabellar_lines"),
        ("frown", "glabellar_lines"),
        ("11's", "glabellar_lines"),
        ("Forehead", "forehead_lines"),
        ("forehead lines", "forehead_lines"),
        ("Crow's feet", "lateral_canthal_lines"),
        ("Crows feet", "lateral_canthal_lines"),
        ("LCL", "lateral_canthal_lines"),
        ("lateral canthal", "lateral_canthal_lines"),
        ("Chronic migraine (PREEMPT)", "chronic_migraine"),
        ("Migraine", "chronic_migraine"),
        ("Underarms", "axillary_hyperhidrosis"),
        ("axilla", "axillary_hyperhidrosis"),
        ("Axillae", "axillary_hyperhidrosis"),
        ("underarm sweating", "axillary_hyperhidrosis"),
        ("Hyperhidrosis", "axillary_hyperhidrosis"),
        ("neck dystonia", "cervical_dystonia"),
        ("Torticollis", "cervical_dystonia"),
        ("cervical dystonia", "cervical_dystonia"),
        ("bleph", "blepharospasm"),
        ("Blepharospasm", "blepharospasm"),
        ("blinking", "blepharospasm"),
        ("Squint", "strabismus"),
        ("Strabismus", "strabismus"),
        ("bladder", "overactive_bladder"),
        ("OAB", "overactive_bladder"),
        ("Overactive bladder", "overactive_bladder"),
        ("Masseter", "masseter_prominence"),
        ("jaw", "masseter_prominence"),
        ("sweaty palms", "palmar_hyperhidrosis"),
    ],
)
def test_find_indication(text, code):
    assert reference.find_indication(text).code == code


@pytest.mark.parametrize("text", ["Left elbow", "neck", "", "glabella and forehead"])
def test_find_indication_guesses_nothing(text):
    assert reference.find_indication(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Pregnancy", "pregnancy"),
        ("Pregnant", "pregnancy"),
        ("Breastfeeding", "breastfeeding"),
        ("breast-feeding", "breastfeeding"),
        ("Myasthenia gravis", "myasthenia_gravis"),
        ("Aminoglycoside course", "aminoglycoside"),
        ("Infection", "infection_at_site"),
        ("Lambert-Eaton syndrome", "lambert_eaton"),
    ],
)
def test_find_contraindication(text, code):
    assert reference.find_contraindication(text).code == code


@pytest.mark.parametrize("text", ["Broken arm", "", "preg"])
def test_find_contraindication_guesses_nothing(text):
    assert reference.find_contraindication(text) is None


@pytest.mark.parametrize("table", ["products", "indications", "contraindications"])
def test_every_code_and_name_finds_its_own_record(table):
    find = {
        "products": reference.find_product,
        "indications": reference.find_indication,
        "contraindications": reference.find_contraindication,
    }[table]

    for record in getattr(reference.load(), table).values():
        assert find(record.code) is record
        assert find(record.brand if table == "products" else record.short_name) is record
