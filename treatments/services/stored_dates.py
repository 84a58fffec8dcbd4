"""The stored dates of courses against what the rules say of the facts: looked at in bulk, written where they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from treatments.models import Course, CourseBlock, Flag, Patient
from treatments.queries import choices, history
from treatments.queries.prepared import prepared
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import RuleBook
from treatments.rules.intervals import Forecast, forecast
from treatments.services import call_list, in_bulk

_DATES = ("earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from", "last_treated_on", "last_effective_on")
STORED = (*_DATES, "product", "units", "reasons", "doubt", "computed_from", "computed_until", "learned")
_CHOICE = ("set_from", "set_until", "set_reason", "set_by", "set_at", "set_cycle_on", "duration_mode")
_PINNED = ("pinned_low_days", "pinned_high_days")
LOOKED_AT, WRITTEN = 500, 25  # patients that are read together; those that one transaction holds while it writes


@dataclass
class Differing:
    """What does not agree with the facts: the values of courses, and the blocks of courses."""

    values: dict[int, list[Any]] = field(default_factory=dict)
    blocks: dict[int, set[tuple]] = field(default_factory=dict)
    patients: set[int] = field(default_factory=set)


def refresh(patient_ids: Iterable[int], *, on: date) -> int:
    """Recompute every course of these patients from the facts; how many rows differed.

    As a part of an act it writes at once. On its own it looks first and holds nothing meanwhile, then takes the few
    that differ into transactions that nobody has to wait for.
    """
    ids, book = list(patient_ids), rulebook(on)
    if connection.in_atomic_block:
        return sum(_mend(chunk, book) for chunk in _chunks(ids, LOOKED_AT))
    differed = 0
    for chunk in _chunks(ids, LOOKED_AT):
        for few in _chunks(sorted(look(chunk, book).patients | call_list.differing(chunk).patients), WRITTEN):
            with transaction.atomic():
                list(Patient.objects.select_for_update().filter(pk__in=few).order_by("pk").values_list("pk"))
                differed += _mend(few, book)
    return differed


def _chunks(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def look(ids: Sequence[int], book: RuleBook) -> Differing:
    """The courses of these patients that do not say what the rules say; nothing is written."""
    facts, found, blocks = history.facts_of(ids, answers=False), Differing(), _blocks(ids)
    for pk, patient, code, *stored in _courses(tuple(ids)):
        values, choice = stored[: len(STORED)], choices.of(_Choice(*stored[len(STORED) :]))
        computed = forecast(code, facts[patient], book, choice=choice)
        wanted, wanted_blocks = values_of(computed), blocks_of(computed)
        if wanted != values:
            found.values[pk] = wanted
            found.patients.add(patient)
        if wanted_blocks != blocks[pk]:
            found.blocks[pk] = wanted_blocks
            found.patients.add(patient)
    return found


def values_of(computed: Forecast) -> list[Any]:
    """A forecast as the columns of a course keep it."""
    wanted = {name: getattr(computed, name) for name in STORED}
    wanted["reasons"] = [reason.as_data() for reason in computed.reasons]
    wanted["learned"] = computed.learned.as_data() if computed.learned else {}
    return list(wanted.values())


def blocks_of(computed: Forecast) -> set[tuple]:
    return {(block.ref, block.label, block.period.starts_on, block.period.ends_on) for block in computed.blocks}


def _mend(ids: Sequence[int], book: RuleBook) -> int:
    found = look(ids, book)
    in_bulk.update(Course, STORED, found.values)
    _write_blocks(found.blocks)
    return len({*found.values, *found.blocks, *call_list.keep(ids)})


def _write_blocks(wanted: dict[int, set[tuple]]) -> None:
    if not wanted:
        return
    CourseBlock.objects.filter(course__in=wanted).delete()
    refs = {row[0] for rows in wanted.values() for row in rows}
    flags = dict(Flag.objects.filter(public_id__in=refs).values_list("public_id", "pk"))
    CourseBlock.objects.bulk_create(
        CourseBlock(course_id=course, flag_id=flags[ref], label=label, starts_on=starts_on, ends_on=ends_on)
        for course, rows in wanted.items()
        for ref, label, starts_on, ends_on in sorted(rows, key=str)
    )


# ---- reading ----


@dataclass(slots=True)
class _Choice:
    """The columns of a course that `choices.of` reads."""

    set_from: Any
    set_until: Any
    set_reason: str
    set_by: str
    set_at: Any
    set_cycle_on: Any
    duration_mode: str
    pinned_low_days: int | None
    pinned_high_days: int | None


@prepared
def _courses(patients: tuple[int, ...]) -> QuerySet[Course, tuple]:
    rows = Course.objects.filter(patient__in=patients).order_by("pk")
    return rows.values_list("pk", "patient", "indication__code", *STORED, *_CHOICE, *_PINNED)


@prepared
def _block_rows(patients: tuple[int, ...]) -> QuerySet[CourseBlock, tuple]:
    rows = CourseBlock.objects.filter(course__patient__in=patients).order_by()
    return rows.values_list("course", "flag__public_id", "label", "starts_on", "ends_on")


def _blocks(ids: Sequence[int]) -> dict[int, set[tuple]]:
    found: dict[int, set[tuple]] = defaultdict(set)
    for course, *block in _block_rows(tuple(ids)):
        found[course].add(tuple(block))
    return found
