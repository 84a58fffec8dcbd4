"""One row of an old system's treatments: read into our own words, or `Spoilt` with the column and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from clinic import formats
from treatments.models import Treatment
from treatments.rules import reference
from treatments.rules.doses import units as units_text
from treatments.rules.vocabulary import TreatmentKind
from treatments.services import import_cells as cells
from treatments.services import imports
from treatments.services.import_files import Row, Spoilt
from treatments.services.imports import Outcome, Person, Run

_LOT_LENGTH = Treatment._meta.get_field("lot_number").max_length or 0


@dataclass(frozen=True, slots=True)
class Line:
    """One area of one treatment, as the old system has it."""

    row: Row
    person: Person
    performed_on: date
    product: str
    kind: TreatmentKind
    indication: str
    units: Decimal
    lot_number: str
    lot_expires_on: date
    injector: str
    worn_off_on: date | None
    note: str

    @property
    def key(self) -> str:
        """Rows with the same key are one treatment."""
        return f"{self.person.source_id}|{self.performed_on}|{self.product}|{self.kind}"

    @property
    def given(self) -> tuple[str, Decimal, str, date]:
        """What went into the patient: where, how much, from which lot."""
        return self.indication, self.units, self.lot_number, self.lot_expires_on

    @property
    def said(self) -> tuple[object, ...]:
        """All that the row says, however it is spelled: two rows that say the same are one row, entered twice."""
        return self.key, self.given, self.injector.casefold(), self.worn_off_on, self.note


def read(row: Row, known: dict[str, Person], run: Run, outcome: Outcome) -> Line:
    """The row in our words. Raises `Spoilt` for the first column that cannot stand."""
    person = imports.person_of(row, known)
    performed_on = _performed_on(row, person, run)
    product, indication = _product(row), _indication(row)
    units = _units(row, product)
    return Line(
        row=row,
        person=person,
        performed_on=performed_on,
        product=product.code,
        kind=_kind(row),
        indication=indication.code,
        units=units,
        lot_number=_lot_number(row),
        lot_expires_on=cells.expiry(row, "lot_expires_on", run.date_order),
        injector=_injector(row, outcome),
        worn_off_on=_worn_off_on(row, performed_on, run, outcome),
        note=row.text("note"),
    )


def _performed_on(row: Row, person: Person, run: Run) -> date:
    day = cells.needed_day(row, "performed_on", run.date_order)
    if day > run.on:
        raise Spoilt("performed_on", _("The day of the treatment lies in the future."))
    if day < person.born_on:
        born = formats.day(person.born_on)
        raise Spoilt("performed_on", _("The day lies before the patient's birth on %(day)s.") % {"day": born})
    return day


def _product(row: Row) -> reference.Product:
    found = reference.find_product(row.text("product"))
    if found is None:
        missing = _("The product is missing.")
        raise Spoilt("product", _("The catalogue has no product of this name.") if row.text("product") else missing)
    return found


def _indication(row: Row) -> reference.Indication:
    found = reference.find_indication(row.text("indication"))
    if found is None:
        missing = _("The area is missing.")
        raise Spoilt("indication", _("The catalogue has no area of this name.") if row.text("indication") else missing)
    return found


def _units(row: Row, product: reference.Product) -> Decimal:
    found, most = cells.units(row, "units"), reference.greatest_label_units(product.unit_system)
    if found > most:
        values = {"units": units_text(found), "brand": product.brand, "most": units_text(most)}
        sentence = _("%(units)s units are more than any label names for %(brand)s (%(most)s).")
        raise Spoilt("units", sentence % values)
    return found


def _lot_number(row: Row) -> str:
    found = row.text("lot_number")
    if not found:
        raise Spoilt("lot_number", _("The lot is missing. A treatment is kept with the lot and its expiry."))
    if len(found) > _LOT_LENGTH:
        raise Spoilt("lot_number", _("A lot has at most %(n)d characters.") % {"n": _LOT_LENGTH})
    return found


def _kind(row: Row) -> TreatmentKind:
    found = cells.word(row, "kind", "kind")
    if found is None:
        raise Spoilt("kind", _("Write Full or Touch-up."))
    return TreatmentKind(found or TreatmentKind.FULL)


def _injector(row: Row, outcome: Outcome) -> str:
    name = row.text("injector")
    if len(name) > 80:
        outcome.warn(row, "injector", _("The name is longer than 80 characters. Came in without it."))
        return ""
    return name


def _worn_off_on(row: Row, performed_on: date, run: Run, outcome: Outcome) -> date | None:
    try:
        day = cells.day(row, "worn_off_on", run.date_order)
    except Spoilt as spoilt:
        outcome.warn(row, "worn_off_on", _("%(sentence)s Came in without it.") % {"sentence": spoilt.sentence})
        return None
    if day and not performed_on <= day <= run.on:
        sentence = _("The day does not lie between the treatment and today. Came in without it.")
        outcome.warn(row, "worn_off_on", sentence)
        return None
    return day
