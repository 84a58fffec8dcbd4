"""From rows to treatments: what belongs together, touch-ups that were none, and what the gate says of each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from treatments.rules.facts import Facts, Given, Plan, PlannedDose, RuleBook
from treatments.rules.findings import Finding, stops
from treatments.rules.review import in_touch_up_range, review
from treatments.rules.vocabulary import Severity, TreatmentKind
from treatments.services.import_lines import Line
from treatments.services.imports import Outcome, Person
from treatments.services.records import interval_days

REASON = "Recorded as it happened in the old system"
_COLUMN_OF = {"lot_expired": "lot_expires_on", "cumulative_dose_exceeded": "units", "session_limit_exceeded": "units"}


@dataclass(slots=True)
class Visit:
    """What becomes one treatment: one patient, day, product, kind and lot."""

    person: Person
    performed_on: date
    product: str
    kind: TreatmentKind
    lot_number: str
    lot_expires_on: date
    source_key: str
    lines: list[Line]
    findings: list[Finding] = field(default_factory=list)

    @property
    def units(self) -> dict[str, Decimal]:
        """The units of each area."""
        total: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            total[line.indication] += line.units
        return dict(total)

    def worn_off_on(self, indication: str) -> date | None:
        days = [line.worn_off_on for line in self.lines if line.indication == indication and line.worn_off_on]
        return max(days, default=None)

    @property
    def sub_standard(self) -> bool:
        return self.performed_on > self.lot_expires_on

    @property
    def incident_reason(self) -> str:
        return REASON if stops(self.findings) else ""

    def plan(self) -> Plan:
        doses = tuple(PlannedDose(code, self.product, units) for code, units in self.units.items())
        return Plan(doses, self.kind, lot_expires_on=self.lot_expires_on, recorded=True)


def visits(lines: Iterable[Line], facts: Facts, book: RuleBook, taken: set[str], outcome: Outcome) -> Iterator[Visit]:
    """The treatments of one patient, by day. Each is judged as of its day against everything known before it."""
    # Nobody asked our safety questions in the old system: their absence says nothing.
    book = replace(book, questions=())
    groups: dict[tuple[date, str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.performed_on, str(line.kind), line.product, line.key].append(line)
    for (_day, _kind, _product, key), group in sorted(groups.items()):  # on one day, full before touch-up
        for visit in _split(group, facts, book, key, outcome):
            visit.source_key = _free(key, taken)
            visit.findings = [
                f for f in review(visit.plan(), facts, book, on=visit.performed_on) if f.severity != Severity.INFORM
            ]
            for found in visit.findings:
                outcome.warn(visit.lines[0].row, _COLUMN_OF.get(found.code, "performed_on"), found.sentence)
            facts = replace(facts, given=(*facts.given, *_given(visit, book)))
            yield visit


def _split(group: list[Line], facts: Facts, book: RuleBook, key: str, outcome: Outcome) -> list[Visit]:
    """One treatment; two where a touch-up was none for one area, or where two lots were used."""
    parts: dict[tuple[TreatmentKind, str, date], list[Line]] = {}
    for line in group:
        kind = _kind(line, facts, book, outcome)
        parts.setdefault((kind, line.lot_number, line.lot_expires_on), []).append(line)
    if len({(number, expires_on) for _kind, number, expires_on in parts}) > 1:
        _warn(group, "lot_number", _("Several lots on one day: recorded as one treatment for each lot."), outcome)
    found = []
    for (kind, number, expires_on), lines in sorted(parts.items()):
        first = lines[0]
        found.append(Visit(first.person, first.performed_on, first.product, kind, number, expires_on, key, lines))
        if len({line.injector.casefold() for line in lines}) > 1:
            _warn(lines, "injector", _("Several injectors of one treatment: the first one is kept."), outcome)
        if len({line.indication for line in lines}) < len(lines):
            _warn(lines, "indication", _("The same area more than once: the units were added up."), outcome)
    return found


def _warn(lines: list[Line], name: str, sentence: str, outcome: Outcome) -> None:
    outcome.warn(lines[0].row, name, sentence)


def _kind(line: Line, facts: Facts, book: RuleBook, outcome: Outcome) -> TreatmentKind:
    """A touch-up outside its days after a full treatment of the course was a full treatment."""
    if line.kind == TreatmentKind.FULL or in_touch_up_range(line.indication, facts, book, on=line.performed_on):
        return line.kind
    rule = book.indications[line.indication].schedule
    sentence = _("Recorded as full: a touch-up is given %(low)d to %(high)d days after a full treatment of the area.")
    outcome.warn(line.row, "kind", sentence % {"low": rule.touch_up_from_days, "high": rule.touch_up_to_days})
    return TreatmentKind.FULL


def _given(visit: Visit, book: RuleBook) -> list[Given]:
    system = book.products[visit.product].unit_system

    def kept(code: str) -> dict[str, Any]:
        return interval_days(
            book, indication=code, product=visit.product, performed_on=visit.performed_on, kind=visit.kind
        )

    return [
        Given(
            code,
            visit.product,
            system,
            units,
            visit.performed_on,
            visit.kind,
            sub_standard=visit.sub_standard,
            ref=visit.source_key,
            **kept(code),
        )
        for code, units in visit.units.items()
    ]


def _free(key: str, taken: set[str]) -> str:
    """The key, numbered where the treatment had to be written as several."""
    number, free = 1, key
    while free in taken:
        number += 1
        free = f"{key}#{number}"
    taken.add(free)
    return free
