"""The due report: one row of text per course, for files and the command line; six queries, streamed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Min
from django.utils import timezone

from treatments.models import Course, CourseBlock
from treatments.models.courses import CourseQuerySet
from treatments.models.patients import list_name
from treatments.queries.due import with_band
from treatments.queries.due_beside import TAKEN, links
from treatments.queries.rulebook import rulebook
from treatments.queries.staff import staff_names
from treatments.rules import windows
from treatments.rules.vocabulary import Band, CourseDuration
from treatments.rules.windows import Ruling

COLUMNS = (
    "public_id", "source_id", "name", "indication", "last_treated_on", "earliest_on", "due_from", "due_until",
    "overdue_from", "lapsed_from", "band", "booked_on", "hold_reasons", "window", "set_by", "set_on", "set_reason",
    "computed_from", "computed_until",
)  # fmt: skip


def rows(day: date, courses: CourseQuerySet | None = None, *, bands: Iterable[str] = ()) -> Iterator[tuple[str, ...]]:
    """The courses (all of them where none are named) by name. Empty cells where nothing is known."""
    found = with_band(Course.objects.all() if courses is None else courses, day)
    if chosen := list(bands):
        found = found.filter(band__in=chosen)
    booked = dict(
        links(day).filter(appointment__state__in=TAKEN).values_list("course").annotate(Min("appointment__on"))
    )
    labels: dict[int, list[str]] = defaultdict(list)
    for course, label in CourseBlock.objects.in_force(day).order_by("label").values_list("course", "label").distinct():
        labels[course].append(label)
    said = _Windows(found, day)
    ordered = found.order_by("patient__family_name", "patient__given_name", "patient__public_id", "indication__code")
    for pk, public_id, source_id, family, given, code, *kept, band in ordered.values_list(
        "pk", "patient__public_id", "patient__source_id", "patient__family_name", "patient__given_name",
        "indication__code", "last_treated_on", "earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from",
        *_KEPT, "band",
    ).iterator(chunk_size=2000):  # fmt: skip
        dates, about = kept[:6], Kept(*kept[6:])
        *stored, booked_on = (_iso(value) for value in (*dates, booked.get(pk)))
        reasons = "; ".join(labels[pk]) if band == Band.ON_HOLD else ""
        window = said.of(about, code, known=bool(stored[2]))
        yield public_id, source_id or "", list_name(family, given), code, *stored, band, booked_on, reasons, *window


class Kept(NamedTuple):
    """What a course keeps of its windows."""

    last_effective_on: date | None
    duration_mode: str
    n_cycles: int | None
    set_by: str
    set_at: datetime | None
    set_reason: str
    computed_from: date | None  # where one that was set by hand holds
    computed_until: date | None


_KEPT = (
    "last_effective_on", "duration_mode", "learned__n", "set_by", "set_at", "set_reason", "computed_from",
    "computed_until",
)  # fmt: skip


class _Windows:
    """Which window decides; when it was set by hand, by whom, when and why, and what was computed."""

    def __init__(self, courses: CourseQuerySet, day: date) -> None:
        set_by = courses.exclude(computed_from=None).order_by().values_list("set_by", flat=True).distinct()
        self.names, self.book = staff_names(set_by), rulebook(day)

    def of(self, kept: Kept, indication: str, *, known: bool) -> tuple[str, ...]:
        ruling = windows.ruling(
            by_hand=kept.computed_from is not None,
            effective=kept.last_effective_on is not None,
            n_cycles=kept.n_cycles or 0,
            duration=CourseDuration(kept.duration_mode),
            indication=indication,
            book=self.book,
        )
        if ruling != Ruling.BY_HAND or kept.set_at is None:
            return (ruling.value if known else "", *[""] * 5)
        set_on = timezone.localtime(kept.set_at).date()
        days = (_iso(value) for value in (kept.computed_from, kept.computed_until))
        return ruling.value, self.names[kept.set_by], _iso(set_on), kept.set_reason, *days


def _iso(value: date | None) -> str:
    return value.isoformat() if value else ""
