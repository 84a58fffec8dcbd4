"""Lots that must not be used, and what was given of them."""

from __future__ import annotations

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Replace, Upper

from treatments.models import LotStop, Product, Treatment


def lot_key(lot_number: str) -> str:
    """A lot number as it is compared: capitals, without spaces and dashes, and nothing that cannot be read."""
    return "".join(sign for sign in lot_number.upper() if sign.isprintable() and sign not in " -")


def key_of(column: str) -> Upper:
    """The same in the database."""
    bare = Replace(Replace(F(column), Value(" "), Value("")), Value("-"), Value(""))
    return Upper(bare, output_field=CharField())


def stopped(product: Product | None, lot_number: str) -> str:
    """Why this lot must not be used; "" where nothing is known against it, or no lot was chosen yet."""
    if product is None or product.pk is None or not lot_number:
        return ""
    stop = LotStop.objects.filter(product=product, lot_key=lot_key(lot_number), lifted_at__isnull=True).first()
    return stop.reason if stop else ""


def given_of_stopped_lot(*, product: str, lot_number: str) -> Exists:
    """True for rows whose lot is stopped now; the arguments name their columns."""
    stops = LotStop.objects.filter(lifted_at__isnull=True, product=OuterRef(product))
    outer = Replace(Replace(OuterRef(lot_number), Value(" "), Value("")), Value("-"), Value(""))
    return Exists(stops.filter(lot_key=Upper(outer, output_field=CharField())))


def treatments_of(product: Product, lot_number: str) -> QuerySet[Treatment]:
    """Every valid treatment given of a lot, however its number was written."""
    rows = Treatment.objects.valid().filter(product=product).annotate(key=key_of("lot_number"))
    return rows.filter(key=lot_key(lot_number))
