"""The decisions of a preview with the names of their patients and courses, in two queries for any number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple, Protocol

from treatments.models import Course
from treatments.models.patients import list_name
from treatments.rules.reminders import Bucket, Decision, Why

_AT_ONCE = 500


class Decided(Protocol):
    @property
    def decisions(self) -> tuple[Decision, ...]: ...


class Row(NamedTuple):
    """One due course of a preview."""

    patient: str
    name: str
    indication: str
    code: str
    bucket: Bucket
    why: Why
    step: str
    way: str
    until: date | None
    course: int

    def as_cells(self) -> tuple[str, ...]:
        """For the command line: no name, as in every list that leaves the program."""
        until = self.until.isoformat() if self.until else ""
        return (self.patient, self.code, self.bucket.value, self.why.value, self.step, self.way, until)


def rows(decided: Iterable[Decided]) -> list[Row]:
    """Every decision as a row, by bucket and name."""
    decisions = [decision for one in decided for decision in one.decisions]
    return sorted(named(decisions), key=lambda row: (list(Bucket).index(row.bucket), row.name, row.patient, row.code))


def named(decisions: list[Decision]) -> list[Row]:
    """The same decisions with names."""
    found: dict[int, tuple[str, ...]] = {}
    ids = [decision.course.ref for decision in decisions]
    for start in range(0, len(ids), _AT_ONCE):
        for pk, *names in Course.objects.filter(pk__in=ids[start : start + _AT_ONCE]).values_list(
            "pk", "patient__public_id", "patient__family_name", "patient__given_name", "indication__short_name",
            "indication__code",
        ):  # fmt: skip
            found[pk] = tuple(names)
    return [_row(decision, *found[decision.course.ref]) for decision in decisions if decision.course.ref in found]


def _row(decision: Decision, patient: str, family: str, given: str, indication: str, code: str) -> Row:
    return Row(
        patient=patient,
        name=list_name(family, given),
        indication=indication,
        code=code,
        bucket=decision.bucket,
        why=decision.why,
        step=decision.step.code if decision.step else "",
        way=decision.way,
        until=decision.until,
        course=decision.course.ref,
    )
