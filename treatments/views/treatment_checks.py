"""What is written so far, read as far as it can be, and what the gate says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from treatments.forms.layout import DayField
from treatments.forms.treatments import UnitsField
from treatments.models import Appointment, Indication, Patient, Product, Treatment
from treatments.queries.treatments import brand_of_lot
from treatments.rules.doses import units as written
from treatments.rules.facts import Facts, RuleBook
from treatments.rules.findings import Finding, cautions, stops
from treatments.rules.vocabulary import Answer, Side, TreatmentKind
from treatments.services import signing, treatments
from treatments.services.records import Line, Record
from treatments.views.treatment_start import Values, is_blank
from treatments.views.verdicts import Verdict, ask_first, verdict

NEVER = "touch_up_out_of_range"
UNANSWERED = "questions_not_answered_today"


@dataclass
class Reading:
    """`values` and `rows` are as they were typed; `facts` are the patient's without the record that is amended."""

    patient: Patient
    facts: Facts
    book: RuleBook
    today: date
    values: Values
    rows: list[Values]
    products: Mapping[str, Product]
    indications: Mapping[str, Indication]
    answers: Mapping[str, Answer]
    visit: Appointment | None = None
    amends: Treatment | None = None

    @property
    def day(self) -> date:
        """The day of the treatment as far as it can be read, else today."""
        return day_of(self.values.get("performed_on")) or self.today

    @property
    def product(self) -> Product | None:
        return self.products.get(self.values.get("product", ""))

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines that can be read so far; units that are still to come are 0.

        While nothing is written yet, the rows that stand ready say what is planned.
        """
        filled = [row for row in self.rows if not is_blank(row)]
        return tuple(self._line(row) for row in filled or self.rows if row.get("indication") in self.indications)

    def _line(self, row: Values) -> Line:
        side = row.get("side") if row.get("side") in set(Side) else ""
        units = _units(row.get("units")) or Decimal(0)
        return Line(row["indication"], str(row.get("site", "")), units, Side(side or ""))

    @cached_property
    def found(self) -> list[Finding]:
        """The same judgement as at the signature, of what is written so far."""
        kind = self.values.get("kind")
        record = Record(
            performed_on=self.day,
            kind=TreatmentKind(kind) if kind in set(TreatmentKind) else TreatmentKind.FULL,
            product=self.product or Product(),
            lot_number=self.values.get("lot_number", ""),
            lot_expires_on=day_of(self.values.get("lot_expires_on")),
            lines=self.lines,
            appointment=self.visit,
        )
        facts = signing.with_answers(self.facts, self.answers, day=self.day)
        return treatments.findings(record, self.patient, on=self.today, amends=self.amends, facts=facts)

    def verdict(self, *, questions_open: bool) -> Verdict:
        """The panel; `questions_open` while the page asks the safety questions itself."""
        panel = verdict(self.found, on=self.day)
        if questions_open and {f.code for f in stops(self.found)} == {UNANSWERED}:
            panel = ask_first(panel, UNANSWERED)
        return replace(panel, note=" ".join(filter(None, [panel.note, self._unread(), self._doubtful_lot()])))

    def _unread(self) -> str:
        count = sum(1 for row in self.rows if not is_blank(row) and not self._is_whole(row))
        sentence = ngettext("%(count)d row is not complete yet.", "%(count)d rows are not complete yet.", count)
        return sentence % {"count": count} if count else ""

    def _is_whole(self, row: Values) -> bool:
        site = str(row.get("site", "")).strip()
        return bool(site and _units(row.get("units")) and row.get("indication") in self.indications)

    def _doubtful_lot(self) -> str:
        lot = str(self.values.get("lot_number", "")).strip()
        if self.product is None or not lot or "\x00" in lot:
            return ""
        other = brand_of_lot(lot, but=self.product.code)
        said = {"lot": lot, "other": other, "brand": self.product.brand}
        return _("Lot %(lot)s was recorded with %(other)s before, not with %(brand)s.") % said if other else ""

    def totals(self) -> list[dict[str, str]]:
        """Units of each indication, with the usual and the last; of one product only, so that they may be added."""
        given: dict[str, Decimal] = {}
        for line in self.lines:
            given[line.indication] = given.get(line.indication, Decimal(0)) + line.units
        return [self._total(code, total) for code, total in given.items() if total]

    def _total(self, code: str, total: Decimal) -> dict[str, str]:
        product = self.product.code if self.product else ""
        usual = self.book.licence(product, code).typical_units_high
        before = [g.units for g in self.facts.full(code) if g.product == product and g.units]
        return {
            "name": self.indications[code].short_name,
            "units": written(total),
            "usual": written(usual) if usual else "",
            "last": written(before[-1]) if before else "",
        }

    def sign_box(self, *, questions_open: bool) -> dict[str, Any]:
        """What stands where the signature is: the button, the incident, or why neither."""
        standing = [f for f in stops(self.found) if not (questions_open and f.code == UNANSWERED)]
        return {
            "never": any(f.code == NEVER for f in self.found),
            "blocked": bool(standing),
            "cautions": bool(cautions(self.found)),
        }


def day_of(value: Any) -> date | None:
    """The day that was typed; None where it is none."""
    if isinstance(value, date):
        return value
    try:
        return DayField(required=False).clean(str(value or ""))
    except ValidationError:
        return None


def _units(value: Any) -> Decimal | None:
    try:
        return UnitsField(required=False).clean(str(value if value is not None else ""))
    except ValidationError:
        return None
