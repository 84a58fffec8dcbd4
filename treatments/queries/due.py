"""The due list and its report: courses by band on a day, read in a handful of queries whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from treatments.models import Appointment, Course, CourseBlock, CourseTreatment
from treatments.models.courses import CourseQuerySet, band_dates
from treatments.rules.vocabulary import AppointmentState, Band, TreatmentKind

SOON_DAYS = 21
PAGE_SIZE = 50
NO_END = date(9999, 12, 31)
_TAKEN = (AppointmentState.BOOKED.value, AppointmentState.ARRIVED.value)
_DATED = (Band.LAPSED, Band.OVERDUE, Band.DUE, Band.POSSIBLE, Band.TOO_SOON)
_STOPPED = ("stopped_on__lte", "patient__died_on__lte")


class Tab(NamedTuple):
    """One list of the page: `key` is the date it is ordered by, before the patient number and the indication."""

    slug: str
    key: str
    newest_first: bool = False


SOON, NOW, OVERDUE = Tab("soon", "due_from"), Tab("now", "overdue_from"), Tab("overdue", "overdue_from")
LAPSED = Tab("lapsed", "lapsed_from", newest_first=True)
ON_HOLD, REVIEW = Tab("on-hold", "hold_until"), Tab("review", "overdue_from")
TABS = {tab.slug: tab for tab in (SOON, NOW, OVERDUE, LAPSED, ON_HOLD, REVIEW)}
_BANDS = {NOW: Band.DUE, OVERDUE: Band.OVERDUE, LAPSED: Band.LAPSED, ON_HOLD: Band.ON_HOLD, REVIEW: Band.NEEDS_REVIEW}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to. `booked`: yes, no, or all; a visit on hold is not a booked one."""

    indication: str = ""
    practitioner: str = ""
    booked: str = "all"


class Visit(NamedTuple):
    """The next live visit of a course."""

    public_id: str
    starts_at: datetime
    state: str


class Hold(NamedTuple):
    """Why a course is on hold: a stop from a flag in force."""

    label: str
    flag: str
    ends_on: date | None
    review_on: date | None


class Row(NamedTuple):
    """A course of the list with its patient; `hold_until` is the day of the next step on hold."""

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
    units: str | None
    doubt: str
    hold_until: date


class Cursor(NamedTuple):
    """A place in a list: its row's date, patient number and indication. `back`: the rows before it."""

    day: date
    public_id: str
    code: str
    back: bool = False


class Page(NamedTuple):
    rows: list[Row]
    before: Cursor | None
    after: Cursor | None


_ROW = (
    "pk", "patient__public_id", "patient__family_name", "patient__given_name", "patient__born_on", "patient__phone",
    "indication__code", "indication__short_name", "earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from",
    "last_treated_on", "units", "doubt", "hold_until",
)  # fmt: skip


def in_tab(tab: Tab, day: date) -> CourseQuerySet:
    """The courses of one tab on a day."""
    if tab == SOON:
        last = day + timedelta(days=SOON_DAYS)
        return Course.objects.callable(day).filter(due_from__gt=day, due_from__lte=last)
    return Course.objects.in_band(_BANDS[tab], day)


def narrowed(courses: CourseQuerySet, filters: Filters, day: date) -> CourseQuerySet:
    """The courses that the filters leave."""
    if filters.indication:
        courses = courses.filter(indication__code=filters.indication)
    if filters.practitioner:
        last = _last_full(course=OuterRef("pk"), treatment__performed_on=OuterRef("last_treated_on"))
        courses = courses.filter(Exists(last.filter(treatment__practitioner__name=filters.practitioner)))
    if filters.booked != "all":
        taken = Exists(_links(day).filter(course=OuterRef("pk"), appointment__state__in=_TAKEN))
        courses = courses.filter(taken if filters.booked == "yes" else ~taken)
    return courses


def counts(day: date, filters: Filters) -> dict[str, tuple[int, int]]:
    """For each tab how many courses are not booked and how many are, in one query."""
    last = day + timedelta(days=SOON_DAYS)
    tab = Case(
        *(When(band=band, then=Value(tab.slug)) for tab, band in _BANDS.items()),
        When(band__in=[Band.POSSIBLE, Band.TOO_SOON], due_from__lte=last, then=Value(SOON.slug)),
        default=Value(""),
    )
    booked = Q(pk__in=_links(day).filter(appointment__state__in=_TAKEN).values("course"))
    found = narrowed(with_band(Course.objects.all(), day), replace(filters, booked="all"), day)
    rows = found.annotate(tab=tab, taken=Case(When(booked, then=1), default=0)).order_by()
    total = {slug: [0, 0] for slug in (*TABS, "")}
    for slug, taken, number in rows.values_list("tab", "taken").annotate(number=Count("pk")):
        total[slug][taken] += number
    return {slug: (total[slug][0], total[slug][1]) for slug in TABS}


def with_band(courses: CourseQuerySet, day: date) -> CourseQuerySet:
    """Each course with its `band` on a day: `intervals.band_on` said in SQL, line by line."""
    stopped = Q(**{_STOPPED[0]: day}) | Q(**{_STOPPED[1]: day})
    blocked = Q(pk__in=CourseBlock.objects.in_force(day).order_by().values("course"))
    band = Case(
        When(stopped, then=Value(Band.STOPPED.value)),
        When(blocked, then=Value(Band.ON_HOLD.value)),
        When(~Q(doubt=""), then=Value(Band.NEEDS_REVIEW.value)),
        *(When(band_dates(band, day), then=Value(band.value)) for band in _DATED),
        output_field=CharField(),
    )
    return courses.annotate(band=band)


def page(tab: Tab, day: date, filters: Filters, *, cursor: Cursor | None = None, size: int = PAGE_SIZE) -> Page:
    """One page of a tab by key: the last page costs what the first does."""
    back = bool(cursor and cursor.back)
    sign = "-" if tab.newest_first != back else ""
    courses = _with_hold_until(narrowed(in_tab(tab, day), filters, day), day)
    if cursor:
        courses = courses.filter(_beyond(tab, cursor))
    order = (f"{sign}{tab.key}", f"{'-' if back else ''}patient__public_id", f"{'-' if back else ''}indication__code")
    rows = [Row(*values) for values in courses.order_by(*order).values_list(*_ROW)[: size + 1]]
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    has_before, has_after = (more, bool(rows)) if back else (bool(cursor and rows), more)
    return Page(
        rows,
        _cursor(tab, rows[0], back=True) if has_before else None,
        _cursor(tab, rows[-1], back=False) if has_after else None,
    )


def next_day(tab: Tab, day: date) -> date | None:
    """When the next course comes into an empty tab; None where nothing is under way or no date decides."""
    if tab in (ON_HOLD, REVIEW):
        return None
    key = "due_from" if tab in (SOON, NOW) else tab.key
    after = day + timedelta(days=SOON_DAYS) if tab == SOON else day
    found: date | None = Course.objects.callable(day).filter(**{f"{key}__gt": after}).aggregate(next=Min(key))["next"]
    return found


def next_visits(courses: Iterable[int], day: date) -> dict[int, Visit]:
    """The next booked visit of each course, or one on hold where there is no other."""
    links = _links(day).filter(course__in=list(courses)).order_by("appointment__starts_at", "pk")
    found: dict[int, Visit] = {}
    for course, *values in links.values_list(
        "course", "appointment__public_id", "appointment__starts_at", "appointment__state"
    ):
        visit = Visit(*values)
        if course not in found or (found[course].state not in _TAKEN and visit.state in _TAKEN):
            found[course] = visit
    return found


def last_injectors(courses: Iterable[int]) -> dict[int, str]:
    """Who gave the last full treatment of each course."""
    last = _last_full(course__in=list(courses), treatment__performed_on=F("course__last_treated_on"))
    return dict(last.exclude(treatment__practitioner=None).values_list("course", "treatment__practitioner__name"))


def holds(courses: Iterable[int], day: date) -> dict[int, list[Hold]]:
    """The stops in force on a day for each course, the longest-standing first."""
    blocks = CourseBlock.objects.in_force(day).filter(course__in=list(courses)).order_by("starts_on", "pk")
    found: dict[int, list[Hold]] = defaultdict(list)
    for course, *values in blocks.values_list("course", "label", "flag__public_id", "ends_on", "flag__review_on"):
        found[course].append(Hold(*values))
    return found


def _links(day: date) -> QuerySet:
    """The links from courses to their live visits from that day on."""
    live = Appointment.objects.upcoming(day).order_by().values("pk")
    links: QuerySet = Appointment.courses.through._default_manager.filter(appointment__in=live)
    return links


def _last_full(**where: object) -> QuerySet[CourseTreatment]:
    full = CourseTreatment.objects.filter(treatment__kind=TreatmentKind.FULL.value, treatment__voided_at__isnull=True)
    return full.filter(**where).order_by("pk")


def _with_hold_until(courses: CourseQuerySet, day: date) -> CourseQuerySet:
    """The day on which somebody next has to look at what holds the course; far away where none is known."""
    blocks = CourseBlock.objects.in_force(day).filter(course=OuterRef("pk")).order_by().values("course")
    step = Coalesce("flag__review_on", "ends_on", Value(NO_END), output_field=DateField())
    until = Subquery(blocks.annotate(step=Min(step)).values("step"), output_field=DateField())
    return courses.annotate(hold_until=Coalesce(until, Value(NO_END), output_field=DateField()))


def _cursor(tab: Tab, row: Row, *, back: bool) -> Cursor:
    return Cursor(getattr(row, tab.key), row.public_id, row.code, back)


def _beyond(tab: Tab, cursor: Cursor) -> Q:
    """The rows on the far side of the cursor. The bound on the date alone is what lets an index start there."""
    further = "lt" if tab.newest_first != cursor.back else "gt"
    later = "lt" if cursor.back else "gt"
    same = Q(**{tab.key: cursor.day})
    return Q(**{f"{tab.key}__{further}e": cursor.day}) & (
        ~same
        | Q(**{f"patient__public_id__{later}": cursor.public_id})
        | Q(patient__public_id=cursor.public_id, **{f"indication__code__{later}": cursor.code})
    )


# ---- the report: one row per course ----

REPORT_COLUMNS = (
    "public_id", "source_id", "name", "indication", "last_treated_on", "earliest_on", "due_from", "due_until",
    "overdue_from", "lapsed_from", "band", "booked_on", "hold_reasons",
)  # fmt: skip


def report(
    day: date, courses: CourseQuerySet | None = None, *, bands: Iterable[str] = ()
) -> Iterator[tuple[str, ...]]:
    """One row of text per course, by name: three queries, streamed. Empty where nothing is known."""
    rows = with_band(Course.objects.all() if courses is None else courses, day)
    if chosen := list(bands):
        rows = rows.filter(band__in=chosen)
    booked = dict(
        _links(day).filter(appointment__state__in=_TAKEN).values_list("course").annotate(Min("appointment__on"))
    )
    labels: dict[int, list[str]] = defaultdict(list)
    for course, label in CourseBlock.objects.in_force(day).order_by("label").values_list("course", "label").distinct():
        labels[course].append(label)
    ordered = rows.order_by("patient__family_name", "patient__given_name", "patient__public_id", "indication__code")
    for pk, public_id, source_id, family, given, code, *dates, band in ordered.values_list(
        "pk", "patient__public_id", "patient__source_id", "patient__family_name", "patient__given_name",
        "indication__code", "last_treated_on", "earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from",
        "band",
    ).iterator(chunk_size=2000):  # fmt: skip
        name = ", ".join(part for part in (family.upper(), given) if part)
        days = (value.isoformat() if value else "" for value in (*dates, booked.get(pk)))
        *stored, booked_on = days
        reasons = "; ".join(labels[pk]) if pk in labels else ""
        yield public_id, source_id or "", name, code, *stored, band, booked_on, reasons


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before = + - @, tab and line break."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
