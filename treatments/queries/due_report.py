"""The due report: one row of text per course, for files and the command line; three queries, streamed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from django.db.models import Min

from treatments.models import Course, CourseBlock
from treatments.models.courses import CourseQuerySet
from treatments.models.patients import list_name
from treatments.queries.due import with_band
from treatments.queries.due_beside import TAKEN, links
from treatments.rules.vocabulary import Band

COLUMNS = (
    "public_id", "source_id", "name", "indication", "last_treated_on", "earliest_on", "due_from", "due_until",
    "overdue_from", "lapsed_from", "band", "booked_on", "hold_reasons",
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
    ordered = found.order_by("patient__family_name", "patient__given_name", "patient__public_id", "indication__code")
    for pk, public_id, source_id, family, given, code, *dates, band in ordered.values_list(
        "pk", "patient__public_id", "patient__source_id", "patient__family_name", "patient__given_name",
        "indication__code", "last_treated_on", "earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from",
        "band",
    ).iterator(chunk_size=2000):  # fmt: skip
        days = (value.isoformat() if value else "" for value in (*dates, booked.get(pk)))
        *stored, booked_on = days
        reasons = "; ".join(labels[pk]) if band == Band.ON_HOLD else ""
        yield public_id, source_id or "", list_name(family, given), code, *stored, band, booked_on, reasons
