"""Reference records -> values of catalogue rows, for the clinic's jurisdiction. Pure; the loader writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from treatments.rules import reference
from treatments.rules.reference import Population, Reference

Values = dict[str, Any]


def _sources(shelf: Reference, codes: tuple[str, ...], basis: str = "") -> str:
    titles = "; ".join(shelf.sources[code].title for code in codes)
    return f"{basis}. {titles}" if basis and titles else basis or titles


def products(shelf: Reference, jurisdiction: str) -> Iterator[tuple[str, Values]]:
    """One row per product, by code, with the vial sizes of the jurisdiction."""
    for p in shelf.products.values():
        sizes = {str(place): list(values) for place, values in p.vial_units.items()}
        yield (
            p.code,
            {
                "brand": p.brand,
                "nonproprietary_name": p.nonproprietary_name,
                "manufacturer": p.manufacturer,
                "unit_system": p.unit_system,
                "duration_family": p.duration_family,
                "vial_units": sizes.get(jurisdiction) or next(iter(sizes.values()), []),
                "excipients": list(p.excipients),
                "storage": p.storage_unopened,
                "use_within_hours": p.use_within_hours,
                "source": _sources(shelf, p.sources),
                "unverified": list(p.unverified),
            },
        )


def indications(shelf: Reference) -> Iterator[tuple[str, Values]]:
    """One row per indication, by code."""
    for i in shelf.indications.values():
        yield (
            i.code,
            {
                "name": i.name,
                "short_name": i.short_name,
                "kind": i.kind.value,
                "min_age_years": i.min_age_years,
                "muscles": list(i.muscles),
                "sites": [_site(site) for site in i.sites],
                "needs_before": list(i.needs_before),
                "outcome_measures": list(i.outcome_measures),
                "source": _sources(shelf, i.sources),
                "unverified": list(i.unverified),
            },
        )


def _site(site: reference.Site) -> Values:
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in asdict(site).items()
        if value is not None
    }


def schedules(shelf: Reference) -> Iterator[tuple[str, Values]]:
    """One row per indication, by its code: when its effect wears off."""
    for i in shelf.indications.values():
        yield (
            i.code,
            {
                "kind": i.schedule.value,
                "effect_low": i.effect_low.value,
                "effect_high": i.effect_high.value,
                "effect_unit": i.effect_low.unit.value,
                "lapse_after_months": i.lapse_after.value,
                "touch_up_from_days": i.touch_up_from_days,
                "touch_up_to_days": i.touch_up_to_days,
                "source": _sources(shelf, i.sources),
                "verified": not {"*", "effect_low", "effect_high"} & set(i.unverified),
            },
        )


def licences(shelf: Reference, jurisdiction: str) -> Iterator[tuple[tuple[str, str], Values]]:
    """One row for each product with a licence anywhere in the indication, and one for any other product."""
    for indication in shelf.indications.values():
        yield ("", indication.code), _licence(shelf, None, "", indication.code, jurisdiction)
        for product in dict.fromkeys(row.product for row in shelf.licences if row.indication == indication.code):
            here = [row for row in shelf.licences if (row.product, row.indication) == (product, indication.code)]
            own = next((row for row in here if jurisdiction in row.jurisdictions), None)
            yield (product, indication.code), _licence(shelf, own or here[0], product, indication.code, jurisdiction)


def _licence(
    shelf: Reference, row: reference.Licence | None, product: str, indication: str, jurisdiction: str
) -> Values:
    interval = reference.min_interval(product, indication, jurisdiction)
    licensed = row is not None and jurisdiction in row.jurisdictions
    return {
        "licensed": licensed,
        "min_interval": interval.length.value,
        "min_interval_unit": interval.length.unit.value,
        "min_age_years": row.min_age_years if row and licensed else None,
        "max_units_per_session": row.max_units_per_session if row else None,
        "max_units_per_site": row.max_units_per_site if row else None,
        "typical_units_low": row.typical_units_low if row else None,
        "typical_units_high": row.typical_units_high if row else None,
        "sites": row.sites if row else None,
        "units_per_site": row.units_per_site if row else None,
        "condition": row.condition if row else "",
        "source": _sources(shelf, row.sources if row else (), interval.basis),
        "verified": interval.verified,
        "note": row.note if row else "",
    }


def contraindications(shelf: Reference) -> Iterator[tuple[str, Values]]:
    """One row per contraindication, by code."""
    for c in shelf.contraindications.values():
        yield (
            c.code,
            {
                "name": c.name,
                "short_name": c.short_name,
                "severity": c.severity.value,
                "products": list(c.products),
                "indications": list(c.indications),
                "kinds": [kind.value for kind in c.kinds],
                "time_limited": c.time_limited,
                "review_after_days": c.review_after_days,
                "review_after": c.review_after,
                "raised_by_hand": c.raised_by_hand,
                "question": c.question,
                "next_step": c.next_step,
                "source": _sources(shelf, c.sources),
                "verified": "*" not in c.unverified,
                "note": c.note,
            },
        )


def dose_limits(shelf: Reference, jurisdiction: str) -> Iterator[tuple[str, Values, tuple[str, ...]]]:
    """Adult limits of the jurisdiction; where it names none for a unit system, the smallest known over all uses."""
    grown = [row for row in shelf.dose_limits if row.units is not None and row.population != Population.PAEDIATRIC]
    for system in dict.fromkeys(row.unit_system for row in grown):
        known = [row for row in grown if row.unit_system == system]
        own = [row for row in known if row.jurisdiction == jurisdiction]
        foreign = sorted((row for row in known if not row.indications), key=lambda row: row.units or 0)
        for row in own or foreign[:1]:
            yield row.code, _limit(shelf, row), row.indications


def _limit(shelf: Reference, row: reference.DoseLimit) -> Values:
    return {
        "unit_system": row.unit_system,
        "units": row.units,
        "window": row.window.value if row.window else None,
        "window_unit": row.window.unit.value if row.window else "",
        "source": _sources(shelf, row.sources, f"{row.jurisdiction}, {row.scope}"),
        "verified": not row.unverified,
    }


def adverse_events(shelf: Reference) -> Iterator[tuple[str, Values]]:
    """One row per kind of adverse event, by code."""
    for a in shelf.adverse_events.values():
        yield (
            a.code,
            {
                "name": a.name,
                "serious": a.serious,
                "escalate": a.escalate_if or (a.next_step if a.escalate else ""),
                "onset_days": [a.onset_days.low, a.onset_days.high] if a.onset_days else [],
                "resolution_days": [a.resolution_days.low, a.resolution_days.high] if a.resolution_days else [],
                "source": _sources(shelf, a.sources),
                "unverified": list(a.unverified),
            },
        )


def outcome_measures(shelf: Reference) -> Iterator[tuple[str, Values]]:
    """One row per measure, by code."""
    for m in shelf.outcome_measures.values():
        yield (
            m.code,
            {
                "name": m.name,
                "minimum": m.minimum,
                "maximum": m.maximum,
                "better": m.better.value,
                "indications": list(m.indications),
                "source": _sources(shelf, m.sources),
                "unverified": list(m.unverified),
            },
        )
