"""The medical catalogue: every number with its source, read once from the files in `reference/`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from treatments.rules.periods import Length, days
from treatments.rules.reference_reader import CatalogueError, read
from treatments.rules.reference_records import (
    AdverseEventKind,
    Better,
    Confidence,
    Contraindication,
    DayRange,
    DoseLimit,
    DurationPrior,
    Evidence,
    Indication,
    IntervalVariant,
    Licence,
    OutcomeMeasure,
    Population,
    Product,
    Reference,
    Site,
    Source,
    Threshold,
)
from treatments.rules.vocabulary import Jurisdiction
from treatments.rules.words import fold

__all__ = [
    "AdverseEventKind", "Better", "CatalogueError", "Confidence", "Contraindication", "DayRange", "DoseLimit",
    "DurationPrior", "Evidence", "Indication", "Interval", "IntervalVariant", "Licence", "OutcomeMeasure",
    "Population", "Product", "Reference", "Site", "Source", "Threshold", "find_contraindication", "find_indication",
    "find_product", "fold", "greatest_label_units", "load", "min_interval", "read",
]  # fmt: skip

FOLDER = Path(__file__).with_name("reference")
VIAL_SIZE = re.compile(r"\s*\d[\d ]*(?:(?:allergan |speywood )?(?:iu|ie|su|u|units?))?$")
INTERVAL_WHERE_NOTHING_IS_KNOWN = days(84)  # clinic policy


class Interval(NamedTuple):
    """A minimum interval, what it rests on, and whether that was checked against the text it comes from."""

    length: Length
    basis: str
    verified: bool


@cache
def load() -> Reference:
    """The catalogue of this installation. CatalogueError if a file is wrong."""
    return read(FOLDER)


def find_product(text: str) -> Product | None:
    """The product that an exact spelling names; a vial size behind it (“Botox 100U”) is left out."""
    folded = fold(text)
    code = load().product_spellings.get(folded) or load().product_spellings.get(VIAL_SIZE.sub("", folded))
    return load().products[code] if code else None


def find_indication(text: str) -> Indication | None:
    """The indication that an exact spelling names, None for an unknown one."""
    code = load().indication_spellings.get(fold(text))
    return load().indications[code] if code else None


def find_contraindication(text: str) -> Contraindication | None:
    """The contraindication that an exact spelling names, None for an unknown one."""
    code = load().contraindication_spellings.get(fold(text))
    return load().contraindications[code] if code else None


def min_interval(product_code: str, indication_code: str, jurisdiction: str) -> Interval:
    """The least time between two full treatments: the licence's; where it is silent, the strictest known."""
    indication = load().indications.get(indication_code)
    if indication and indication.set_interval:
        return Interval(indication.set_interval, f"schedule of {indication.name}", True)
    found = _licensed_or_strictest(product_code, indication_code, Jurisdiction(jurisdiction))
    least = indication.least_interval if indication else None
    if least and found.length.rough_days < least.rough_days:
        return Interval(least, f"clinic policy, longer than {found.basis}", False)
    return found


def _licensed_or_strictest(product: str, indication: str, jurisdiction: Jurisdiction) -> Interval:
    for licence in load().licences:
        same_use = (licence.product, licence.indication) == (product, indication)
        if same_use and jurisdiction in licence.jurisdictions and licence.min_interval:
            return _licence_interval(licence, licence.min_interval, jurisdiction)
    known = list(_known_intervals(indication))
    for group, words in (
        ([interval for code, interval in known if code == product], "strictest known of this product"),
        ([interval for _, interval in known], "strictest known of any product"),
    ):
        if group:
            strictest = max(group, key=lambda interval: (interval.length.rough_days, interval.verified))
            return strictest._replace(basis=f"{words}: {strictest.basis}")
    return Interval(INTERVAL_WHERE_NOTHING_IS_KNOWN, "clinic policy where nothing is known", False)


def _known_intervals(indication: str) -> Iterator[tuple[str, Interval]]:
    """Every interval that a licence, a clinic policy or a national text names for the indication, by product."""
    for licence in load().licences:
        if licence.indication != indication:
            continue
        if licence.min_interval:
            for jurisdiction in licence.jurisdictions:
                yield licence.product, _licence_interval(licence, licence.min_interval, jurisdiction)
        if licence.policy_min_interval:
            basis = f"clinic policy for {load().products[licence.product].brand}"
            yield licence.product, Interval(licence.policy_min_interval, basis, False)
    for variant in load().interval_variants:
        if variant.indication == indication:
            basis = f"{load().products[variant.product].brand}, {variant.jurisdiction} text: {variant.text}"
            yield variant.product, Interval(variant.length, basis, not variant.unverified)


def _licence_interval(licence: Licence, length: Length, jurisdiction: Jurisdiction) -> Interval:
    basis = f"{load().products[licence.product].brand}, {jurisdiction} licence"
    return Interval(length, basis, licence.states_interval_for(jurisdiction))


def greatest_label_units(unit_system: str) -> Decimal:
    """The most units that any limit, label dose or vial of the unit system names: beyond it lies a typing error."""
    products = [product for product in load().products.values() if product.unit_system == unit_system]
    if not products:
        raise LookupError(f"No product of the catalogue uses the unit system “{unit_system}”.")
    codes = {product.code for product in products}
    named = [limit.units for limit in load().dose_limits if limit.unit_system == unit_system]
    for licence in load().licences:
        if licence.product in codes:
            named += [licence.max_units_per_session, licence.typical_units_high]
    named += [Decimal(size) for product in products for sizes in product.vial_units.values() for size in sizes]
    return max(units for units in named if units is not None)
