"""A flag that arrives after the treatments it held on: the record gets the warning it would have had the other way round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from clinic import audit, formats
from treatments.models import CourseTreatment, Flag, Treatment
from treatments.rules.contraindications import flag_findings
from treatments.rules.facts import Facts, FlagFact, Plan, PlannedDose, RuleBook
from treatments.rules.findings import Finding
from treatments.rules.periods import Period
from treatments.rules.vocabulary import Severity
from treatments.services.import_history import REASON
from treatments.services.imports import Run


@dataclass(frozen=True, slots=True)
class Mark:
    """What one flag says of one imported treatment."""

    flag: Flag
    treatment: int
    public_id: str
    performed_on: date
    finding: Finding

    @property
    def sentence(self) -> str:
        return _("Held on %(day)s, when treatment %(id)s was given: the treatment says so now.") % {
            "day": formats.day(self.performed_on),
            "id": self.public_id,
        }


def of_flags(flags: Iterable[Flag], book: RuleBook) -> list[Mark]:
    """The marks of new flags on treatments of earlier imports; what staff have signed here is left as it is."""
    by_patient: dict[int, list[Flag]] = defaultdict(list)
    for flag in flags:
        by_patient[flag.patient_id].append(flag)
    return [
        Mark(flag, pk, public_id, day, found)
        for (pk, public_id, patient, day), plan in _plans(by_patient).items()
        for flag in by_patient[patient]
        for found in flag_findings(plan, _alone(flag), book, on=day)
        if found.severity != Severity.INFORM
    ]


def save(marks: list[Mark], run: Run) -> None:
    """Add the findings to the records, each with its audit row."""
    added: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for mark in marks:
        added[mark.treatment].append(mark.finding.as_data())
    treatments = list(Treatment.objects.filter(pk__in=added).select_related("patient").order_by("pk"))
    for treatment in treatments:
        found = [*treatment.findings, *added[treatment.pk]]
        treatment.findings = sorted(found, key=lambda one: Severity(one["severity"]).weight)
        if any(Severity(one["severity"]).is_stop for one in found):
            treatment.incident_reason = treatment.incident_reason or REASON
    Treatment.objects.bulk_update(treatments, ["findings", "incident_reason"], batch_size=100)
    audit.record_many(
        audit.event(
            "treatment.findings_added",
            treatment,
            by=run.by,
            at=run.at,
            patient=treatment.patient.public_id,
            findings=added[treatment.pk],
            reason=treatment.incident_reason,
        )
        for treatment in treatments
    )


def _plans(patients: Iterable[int]) -> dict[tuple[int, str, int, date], Plan]:
    """Every imported treatment of these patients that counts, as the plan that the gate would have seen."""
    doses: dict[tuple[int, str, int, date], list[PlannedDose]] = defaultdict(list)
    rows = CourseTreatment.objects.filter(
        treatment__patient__in=list(patients),
        treatment__source_key__isnull=False,
        treatment__voided_at__isnull=True,
    ).values_list(
        "treatment",
        "treatment__public_id",
        "treatment__patient",
        "treatment__performed_on",
        "course__indication__code",
        "treatment__product__code",
        "units",
    )
    for pk, public_id, patient, day, indication, product, units in rows.order_by("treatment", "pk"):
        doses[pk, public_id, patient, day].append(PlannedDose(indication, product or "", Decimal(units or 0)))
    return {key: Plan(tuple(some)) for key, some in doses.items()}


def _alone(flag: Flag) -> Facts:
    """The flag and nothing else: the other findings of the day are on the record already."""
    fact = FlagFact(flag.kind, Period(flag.starts_on, flag.ends_on), flag.review_on, flag.public_id)
    return Facts(date.min, flags=(fact,))
