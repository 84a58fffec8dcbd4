"""What is known when a treatment is written down: the lot in use, the last treatment, the versions of a record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from treatments.models import Injection, Patient, Treatment

_IN_USE_DAYS = 30


@dataclass(frozen=True, slots=True)
class LotInUse:
    number: str
    expires_on: date
    last_used_on: date


def lot_in_use(product: str, *, on: date) -> LotInUse | None:
    """The lot of a product that was used last, in the last 30 days and still in date."""
    row = (
        Treatment.objects.valid()
        .filter(product__code=product, elsewhere=False, lot_expires_on__gte=on)
        .filter(performed_on__gt=on - timedelta(days=_IN_USE_DAYS), performed_on__lte=on)
        .order_by("-performed_on", "-signed_at", "-pk")
        .values_list("lot_number", "lot_expires_on", "performed_on")
        .first()
    )
    return LotInUse(row[0], row[1], row[2]) if row and row[1] else None


def brand_of_lot(lot_number: str, *, but: str) -> str:
    """The brand a lot number was recorded with, where it was never recorded with this product: "" for no doubt."""
    brands = dict(
        Treatment.objects.valid()
        .filter(lot_number=lot_number, elsewhere=False)
        .values_list("product__code", "product__brand")
        .distinct()
        .order_by("product__code")
    )
    return "" if but in brands else next(iter(brands.values()), "")


def last_treatment(patient: Patient) -> Treatment | None:
    """The last valid treatment given here."""
    here = Treatment.objects.valid().filter(patient=patient, elsewhere=False)
    return here.select_related("product").order_by("-performed_on", "-pk").first()


def injections_of(treatment: Treatment) -> list[Injection]:
    """All injections in the order they were written down."""
    rows = Injection.objects.filter(given__treatment=treatment)
    return list(rows.select_related("given__course__indication").order_by("pk"))


def versions_of(treatment: Treatment) -> list[Treatment]:
    """Every version of one record, the first one first."""
    versions = [treatment]
    while versions[0].amends_id:
        versions.insert(0, Treatment.objects.select_related("product", "practitioner").get(pk=versions[0].amends_id))
    while later := Treatment.objects.filter(amends=versions[-1]).select_related("product", "practitioner").first():
        versions.append(later)
    return versions
