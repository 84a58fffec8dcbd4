"""Usual patterns of the catalogue, as rows to start from. Places are anatomy; units are the product's own, or unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from treatments.models import Indication, Licence, in_effect
from treatments.rules.vocabulary import Side

# Muscles on both sides of the body: an even number of points is half left, half right.
_PAIRED = ("corrugator", "occipitalis", "temporalis", "trapezius", "cervical paraspinal", "masseter")
_LONGEST_NAME = 50


@dataclass(frozen=True, slots=True)
class UsualInjection:
    """One point of a usual pattern; `units` is None where the product's own number is not known."""

    site: str
    side: Side
    units: Decimal | None


@dataclass(frozen=True, slots=True)
class Pattern:
    indication: Indication
    injections: tuple[UsualInjection, ...]

    @property
    def total(self) -> Decimal | None:
        """All units; None where they are not known."""
        units = [row.units for row in self.injections]
        return None if None in units else sum((u for u in units if u), Decimal(0))


def patterns(indications: list[Indication], product: str, *, on: date) -> dict[str, Pattern]:
    """The usual pattern of each indication with this product, by indication code; those without one are left out."""
    rows = Licence.objects.filter(in_effect(on), product__code=product, indication__in=indications)
    licences = {
        code: (sites, units) for code, sites, units in rows.values_list("indication__code", "sites", "units_per_site")
    }
    found = {}
    for indication in indications:
        injections = tuple(_injections(indication, product, *licences.get(indication.code, (None, None))))
        if injections:
            found[indication.code] = Pattern(indication, injections)
    return found


def usual_sites(indication: Indication) -> list[str]:
    """Names to choose from when a site is typed."""
    muscles = [
        name for name in indication.muscles if len(name) <= _LONGEST_NAME and not set(";(0123456789") & set(name)
    ]
    places = [name for entry in indication.sites if entry.get("sites_low") for name, _n in _places(entry)]
    return list(dict.fromkeys([*places, *muscles]))


def _injections(
    indication: Indication, product: str, sites: int | None, units: Decimal | None
) -> Iterator[UsualInjection]:
    layout = _layout(indication, product)
    own = bool(layout) and layout[0]["product"] == product
    fits = sites in (None, sum(_count(entry) for entry in layout))
    for entry in layout:
        each = _own_units(entry) if own else None
        each = each or (units if fits else None)
        for name, count in _places(entry):
            for side in _sides(name, count, entry):
                yield UsualInjection(name, side, each)


def _layout(indication: Indication, product: str) -> list[Mapping[str, Any]]:
    """The product's own entries, else those of the first product whose places are known."""
    known = [entry for entry in indication.sites if entry.get("sites_low")]
    wanted = product if any(entry["product"] == product for entry in known) else known[0]["product"] if known else ""
    return [entry for entry in known if entry["product"] == wanted]


def _count(entry: Mapping[str, Any]) -> int:
    return int(entry["sites_low"]) * int(entry.get("sides") or 1)


def _own_units(entry: Mapping[str, Any]) -> Decimal | None:
    if entry.get("units_per_site_low"):
        return Decimal(entry["units_per_site_low"])
    return Decimal(entry["total_units_low"]) / int(entry["sites_low"]) if entry.get("total_units_low") else None


def _places(entry: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Site names with the number of points: "corrugator x4, procerus x1", or one name before the first comma."""
    text = entry["muscle"]
    if listed := re.findall(r"([a-z][a-z ]*?) x(\d+)", text):
        return [(name, int(count)) for name, count in listed]
    name = re.split(r"[,(]", text)[0].removeprefix("each ").strip()
    if name[:1].isdigit():  # "3 sites per eye"
        name = name.rpartition(" ")[2]
    return [(name, int(entry["sites_low"]))]


def _sides(name: str, count: int, entry: Mapping[str, Any]) -> list[Side]:
    if entry.get("sides") == 2:
        return [Side.LEFT] * count + [Side.RIGHT] * count
    if count % 2 == 0 and ("per side" in entry["muscle"] or name in _PAIRED):
        return [Side.LEFT] * (count // 2) + [Side.RIGHT] * (count // 2)
    return [Side.NONE] * count
