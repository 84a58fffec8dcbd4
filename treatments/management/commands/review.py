"""What the gate says of a planned visit: the verdict with its findings. Exit code 3 where it is blocked."""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentTypeError
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from treatments.management.commands.due import a_day
from treatments.management.commands.forecast import the_patient
from treatments.queries import history
from treatments.queries.rulebook import rulebook
from treatments.rules import reference
from treatments.rules.facts import Plan, PlannedDose, RuleBook
from treatments.rules.findings import Finding, first_clear_day, verdict_state
from treatments.rules.review import review
from treatments.rules.vocabulary import TreatmentKind, VerdictState

BLOCKED = 3


def some_units(text: str) -> Decimal:
    """An option's units: above 0, at most two decimals."""
    if not re.fullmatch(r"\d{1,5}([.,]\d{1,2})?", text.strip()) or not (units := Decimal(text.replace(",", "."))):
        raise ArgumentTypeError(f"“{text}” is no number of units. Write it like 20 or 4.5.")
    return units


class Command(BaseCommand):
    help = "Judge a planned treatment on a day. Exit code 0: may be done, 3: blocked, 2: not understood."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("public_id", help="the patient number, like 7KX2Q9")
        parser.add_argument("--indication", action="append", required=True, help="code or name; once for each area")
        parser.add_argument("--product", required=True, help="code or brand")
        parser.add_argument(
            "--units", action="append", required=True, type=some_units,
            help="once for each indication, in their order; a single number stands for each of them",
        )  # fmt: skip
        parser.add_argument("--on", type=a_day, metavar="YYYY-MM-DD", help="the day of the visit; today without it")
        parser.add_argument("--kind", choices=[kind.value for kind in TreatmentKind], default=TreatmentKind.FULL.value)
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        patient, today = the_patient(options["public_id"]), timezone.localdate()
        on, book = options["on"] or today, rulebook(today)
        plan = Plan(_doses(options, book), TreatmentKind(options["kind"]))
        found = review(plan, history.facts(patient), book, on=on)
        state = verdict_state(found)
        if options["format"] == "json":
            clear_on = first_clear_day(found) if state == VerdictState.BLOCKED else None
            whole = {
                "public_id": patient.public_id,
                "on": on.isoformat(),
                "state": state.value,
                "first_clear_on": clear_on.isoformat() if clear_on else None,
                "findings": [finding.as_data() for finding in found],
            }
            self.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2))
        else:
            self.stdout.write(f"{patient.list_name} ({patient.public_id}) on {on.isoformat()}: {state.value}")
            for finding in found:
                self.stdout.write(_line(finding))
        if state == VerdictState.BLOCKED:
            sys.exit(BLOCKED)


def _doses(options: dict[str, Any], book: RuleBook) -> tuple[PlannedDose, ...]:
    """The plan in codes of the catalogue; indications and products are understood in any known spelling."""
    product = _known("product", options["product"], reference.find_product, book.products)
    codes = [_known("indication", text, reference.find_indication, book.indications) for text in options["indication"]]
    units = options["units"] * (len(codes) if len(options["units"]) == 1 else 1)
    if len(units) != len(codes):
        raise CommandError("Give --units once, or once for each --indication.", returncode=2)
    if len(set(codes)) != len(codes):
        raise CommandError("Give each --indication once.", returncode=2)
    return tuple(PlannedDose(code, product, dose) for code, dose in zip(codes, units, strict=True))


def _known(what: str, text: str, find: Any, known: Any) -> str:
    """The code that a text names, or the end of the command with the codes there are."""
    if text in known:
        return text
    found = find(text)
    if found and found.code in known:
        return str(found.code)
    raise CommandError(f"No {what} is called “{text}”. Known: {', '.join(sorted(known))}.", returncode=2)


def _line(finding: Finding) -> str:
    until = f" Until {finding.until.isoformat()}." if finding.until else ""
    source = f" [{finding.source}{'' if finding.verified else ', not yet verified'}]" if finding.source else ""
    return (
        f"  {finding.severity.value:<10} {finding.code}: {finding.sentence}{until} {finding.change}".rstrip() + source
    )
