"""What is written down about one treatment before it is signed, and what no record can be."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic.models import Practitioner
from treatments.models import Appointment, Injection, Patient, Product
from treatments.models.treatments import MOST_UNITS
from treatments.rules.facts import Plan, PlannedDose, RuleBook
from treatments.rules.vocabulary import Side, TreatmentKind


@dataclass(frozen=True, slots=True)
class Line:
    """One injection as it was written down."""

    indication: str
    site: str
    units: Decimal
    side: Side = Side.NONE


@dataclass(frozen=True, slots=True)
class Record:
    """All that is written down about one treatment before it is signed."""

    performed_on: date
    kind: TreatmentKind
    product: Product
    lot_number: str
    lot_expires_on: date | None
    lines: tuple[Line, ...]
    practitioner: Practitioner | None = None
    note: str = ""
    appointment: Appointment | None = None

    def plan(self) -> Plan:
        """What the gate judges: the units of each course, with the lot."""
        given: dict[str, list[Decimal]] = defaultdict(list)
        for line in self.lines:
            given[line.indication].append(line.units)
        doses = tuple(
            PlannedDose(code, self.product.code, sum(units, Decimal(0)), max(units)) for code, units in given.items()
        )
        return Plan(doses, self.kind, lot_expires_on=self.lot_expires_on, injecting=True, recorded=True)


def check(record: Record, patient: Patient, *, on: date) -> None:
    """What no record can be, in one sentence each; `on` is today."""
    wrong: dict[str, str] = {}
    if record.performed_on > on:
        wrong["performed_on"] = _("The day of the treatment must not be in the future.")
    if record.performed_on < patient.born_on:
        wrong["performed_on"] = _("The day of the treatment must be after the date of birth.")
    if not record.lot_number.strip():
        wrong["lot_number"] = _("Enter the lot number.")
    if record.lot_expires_on is None:
        wrong["lot_expires_on"] = _("Enter the expiry date.")
    if wrong:
        raise ValidationError(wrong)
    if not record.lines:
        raise ValidationError(_("Add at least one site."))
    for line in record.lines:
        _check_line(line)


def _check_line(line: Line) -> None:
    """What the database could only refuse with a number: units out of bounds, an empty or unreadable site."""
    if not line.site.strip():
        raise ValidationError(_("Enter the site of each injection."))
    if not plausible(line.units):
        raise ValidationError(
            _("Units for %(site)s must be more than 0 and %(most)d or fewer.") % {"site": line.site, "most": MOST_UNITS}
        )
    Injection(site=line.site, side=line.side.value, units=line.units).clean_fields(exclude=["given"])


def plausible(units: Decimal) -> bool:
    """A number of units that anybody could have given."""
    return units.is_finite() and 0 < units <= MOST_UNITS


def interval_days(
    book: RuleBook, *, indication: str, product: str, performed_on: date, kind: TreatmentKind
) -> dict[str, date]:
    """The minimum interval on both sides of a full treatment, as it is kept with what was given."""
    if kind != TreatmentKind.FULL:
        return {}
    length = book.licence(product, indication).min_interval
    return {"repeat_from": length.after(performed_on), "previous_until": length.before(performed_on)}
