"""The call list: one page of a tab by key, the numbers on the tabs, and what the rows say beside their course."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    CharField,
    DateField,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, TruncDate

from treatments.models import ContactAttempt, Course, CourseBlock
from treatments.models.courses import band_dates, blocked
from treatments.queries.due_tabs import (
    ON_HOLD,
    OVERDUE,
    SOON,
    Filters,
    Tab,
    narrowed,
    only,
    reading_bound,
    to_call,
)
from treatments.queries.prepared import Prepared
from treatments.rules.calls import NO_END, Rank
from treatments.rules.vocabulary import Band

PAGE_SIZE = 50
_BOUND = (SOON, OVERDUE)  # tabs that are read up to, or from, a day of their own
_DATED = (Band.LAPSED, Band.OVERDUE, Band.DUE, Band.POSSIBLE, Band.TOO_SOON)
_NEVER = date(1900, 1, 1)


class Row(NamedTuple):
    """A course of the list with its patient; `place` is the date by which the list is ordered."""

    pk: int
    public_id: str
    family_name: str
    given_name: str
    born_on: date
    phone: str
    code: str
    indication: str
    earliest_on: date
    due_from: date | None
    due_until: date | None
    overdue_from: date | None
    lapsed_from: date | None
    last_treated_on: date | None
    units: Decimal | None
    doubt: str
    set_from: date | None
    set_until: date | None
    set_reason: str
    set_by: str
    set_at: datetime | None
    computed_from: date | None
    computed_until: date | None
    snoozed_until: date | None
    rebook_since: date | None
    opted_out: bool
    injector: str | None
    last_effective_on: date | None
    learned_text: str
    duration_mode: str
    rank: int
    place: date

    @property
    def learned(self) -> dict[str, Any]:
        """What the treatments taught of how long the effect lasts, as the course keeps it."""
        return json.loads(self.learned_text) if self.taught else {}

    @property
    def taught(self) -> bool:
        return self.learned_text != "{}"


class Cursor(NamedTuple):
    """A place in a list: its row's rank, date and number. `back`: the rows before it."""

    rank: int
    day: date
    pk: int
    back: bool = False


class Page(NamedTuple):
    rows: list[Row]
    before: Cursor | None
    after: Cursor | None


_ROW = (
    "pk", "patient__public_id", "patient__family_name", "patient__given_name", "patient__born_on", "patient__phone",
    "indication__code", "indication__short_name", "earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from",
    "last_treated_on", "units", "doubt", "set_from", "set_until", "set_reason", "set_by", "set_at", "computed_from",
    "computed_until", "snoozed_until", "rebook_since", "opted_out", "last_injector__name", "last_effective_on", "learned_text",
    "duration_mode", "call_rank", "place",
)  # fmt: skip


# ---- one page ----


def page(
    tab: Tab,
    day: date,
    filters: Filters,
    *,
    cursor: Cursor | None = None,
    size: int | None = None,
    lapsed: date | None = None,
) -> Page:
    """One page of a tab by key: the last page costs what the first does. `lapsed`: `lapsed_before(day)`, once read."""
    size = size or PAGE_SIZE
    back = bool(cursor and cursor.back)
    if tab.by_reason and filters.usual:
        found = _by_reason(tab, day, filters, cursor, size + 1, lapsed)
    else:
        found = _by_any_order(tab, day, filters, cursor, size + 1)
    more, rows = len(found) > size, [Row(*values) for values in found[:size]]
    if back:
        rows.reverse()
    has_before, has_after = (more, bool(rows)) if back else (bool(cursor and rows), more)
    return Page(
        rows,
        Cursor(rows[0].rank, rows[0].place, rows[0].pk, True) if has_before else None,
        Cursor(rows[-1].rank, rows[-1].place, rows[-1].pk) if has_after else None,
    )


def place_of(public_id: str, code: str) -> int:
    """The number of a course that an address names; 0 where there is none any more."""
    found = Course.objects.filter(patient__public_id=public_id, indication__code=code)
    return found.values_list("pk", flat=True).first() or 0


def one(public_id: str, code: str) -> Row | None:
    """The row of one course, wherever it stands."""
    found = Course.objects.filter(patient__public_id=public_id, indication__code=code)
    values = _with_place(found, Coalesce("overdue_from", Value(NO_END))).values_list(*_ROW).first()
    return Row(*values) if values else None


def _by_reason(
    tab: Tab, day: date, filters: Filters, cursor: Cursor | None, size: int, lapsed: date | None
) -> list[tuple]:
    """One reason after the other, until the page is full: what would stand on later pages is not read."""
    narrow, values, back = filters.narrow(), [day], bool(cursor and cursor.back)
    if tab in _BOUND:
        values.append(lapsed if lapsed and tab == OVERDUE else reading_bound(tab, day))
    found: list[tuple] = []
    for rank in sorted(Rank, reverse=back):
        if cursor and (rank > cursor.rank if back else rank < cursor.rank):
            continue
        place = (cursor.day, cursor.pk) if cursor and rank == cursor.rank else ()
        statement = _statement(tab, size, rank, back, tuple(narrow), beyond=bool(place))
        found += statement(*values, *narrow.values(), *place)
        if len(found) >= size:
            break
    return found[:size]


@cache
def _statement(tab: Tab, size: int, rank: Rank, back: bool, narrow: tuple[str, ...], *, beyond: bool) -> Prepared:
    """The first rows of one reason: chosen from the index alone in its order, then shown with their patients."""

    def make(day: date, *values: Any) -> QuerySet:
        bound, *others = values if tab in _BOUND else (day, *values)
        courses = only(to_call(tab, day, bound, rank=rank), **dict(zip(narrow, others, strict=False)))
        if beyond:
            courses = courses.filter(_beyond(tab, *others[-2:], back=back))
        order = _order(tab, back=back)
        wanted = Course.objects.filter(pk__in=courses.order_by(*order).values("pk")[:size])
        return _with_place(wanted, F(tab.key)).order_by(*order).values_list(*_ROW)

    return Prepared(make)


def _by_any_order(tab: Tab, day: date, filters: Filters, cursor: Cursor | None, size: int) -> list[tuple]:
    ordered = _ordered_as(tab, filters.order)
    by_reason, back = tab.by_reason and not filters.order, bool(cursor and cursor.back)
    place = _place(ordered, day)
    courses = narrowed(tab, filters, day).alias(place=place)
    if cursor:
        further = _beyond(Tab("", "place", ordered.newest_first), cursor.day, cursor.pk, back=back)
        if by_reason:
            beyond = {"call_rank__lt" if back else "call_rank__gt": cursor.rank}
            further = Q(**beyond) | Q(call_rank=cursor.rank) & further
        courses = courses.filter(further)
    order = _order(Tab("", "place", ordered.newest_first), by_reason=by_reason, back=back)
    wanted = Course.objects.filter(pk__in=courses.order_by(*order).values("pk")[:size])
    return list(_with_place(wanted, place).order_by(*order).values_list(*_ROW))


def _with_place(courses: QuerySet, place: Any) -> QuerySet:
    return courses.annotate(place=place, learned_text=Cast("learned", TextField()))


def _ordered_as(tab: Tab, order: str) -> Tab:
    """The date of a chosen order: longest past the window, or longest without a contact."""
    if order == "contact":
        return Tab(tab.slug, "contact")
    return Tab(tab.slug, tab.key) if order == "longest" else tab


def _place(tab: Tab, day: date) -> Any:
    if tab.key == "contact":
        attempts = ContactAttempt.objects.filter(course=OuterRef("pk"), undone_at__isnull=True).order_by()
        last = Subquery(attempts.values("course").annotate(last=Max("at")).values("last"))
        return Coalesce(TruncDate(last), Value(_NEVER), output_field=DateField())
    if tab.key != ON_HOLD.key:
        return Coalesce(tab.key, Value(NO_END), output_field=DateField())
    # the day on which somebody next has to look at what holds the course
    blocks = CourseBlock.objects.in_force(day).filter(course=OuterRef("pk")).order_by().values("course")
    step = Coalesce("flag__review_on", "ends_on", Value(NO_END), output_field=DateField())
    until = Subquery(blocks.annotate(step=Min(step)).values("step"), output_field=DateField())
    return Coalesce(until, Value(NO_END), output_field=DateField())


def _order(tab: Tab, *, by_reason: bool = False, back: bool = False) -> tuple[str, ...]:
    sign, rank_sign = "-" if tab.newest_first != back else "", "-" if back else ""
    keys = (f"{sign}{tab.key}", f"{sign}pk")
    return (f"{rank_sign}call_rank", *keys) if by_reason else keys


def _beyond(tab: Tab, day: date, pk: int, *, back: bool) -> Q:
    """The rows on the far side of a place. The bound on the date alone is what lets an index start there."""
    further = "lt" if tab.newest_first != back else "gt"
    return Q(**{f"{tab.key}__{further}e": day}) & (Q(**{f"{tab.key}__{further}": day}) | Q(**{f"pk__{further}": pk}))


def with_band(courses: Any, day: date) -> Any:
    """Each course with its `band` on a day: `intervals.band_on` said in SQL, line by line."""
    band = Case(
        When(closed_on__lte=day, then=Value(Band.STOPPED.value)),
        When(blocked(day), then=Value(Band.ON_HOLD.value)),
        When(~Q(doubt=""), then=Value(Band.NEEDS_REVIEW.value)),
        *(When(band_dates(band, day), then=Value(band.value)) for band in _DATED),
        output_field=CharField(),
    )
    return courses.annotate(band=band)
