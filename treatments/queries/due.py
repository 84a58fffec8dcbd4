"""The due list: courses by band on a day, read in a handful of queries whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from treatments.models import Appointment, Course, CourseBlock, CourseTreatment, Patient, Schedule
from treatments.models.appointments import LIVE
from treatments.models.courses import CourseQuerySet, band_dates
from treatments.rules.vocabulary import AppointmentState, Band, TreatmentKind

SOON_DAYS = 21
PAGE_SIZE = 50
NO_END = date(9999, 12, 31)
TAKEN = (AppointmentState.BOOKED.value, AppointmentState.ARRIVED.value)
_DATED = (Band.LAPSED, Band.OVERDUE, Band.DUE, Band.POSSIBLE, Band.TOO_SOON)
_NOT_DUE = (Band.POSSIBLE, Band.TOO_SOON)


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
_TAB_OF = {band.value: tab for tab, band in _BANDS.items()}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to. `booked`: yes, no, or all; a visit on hold is not a booked one."""

    indication: str = ""
    practitioner: str = ""
    booked: str = "all"


class Visit(NamedTuple):
    """The next live visit of a course."""

    public_id: str
    on: date
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
    units: Decimal | None
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
    if tab == ON_HOLD:  # from the few blocks to their courses, not the other way round
        return Course.objects.running(day).filter(pk__in=_blocked(day))
    courses = Course.objects.in_band(_BANDS[tab], day)
    return courses.filter(overdue_from__gt=_lapsed_before(day)) if tab == OVERDUE else courses


def _lapsed_before(day: date) -> date:
    """Whoever was overdue by that day has lapsed since, whatever the schedule: where reading by date may begin."""
    months = Schedule.objects.aggregate(most=Max("lapse_after_months"))["most"] or 0
    return day - timedelta(days=31 * (months + 1))


def _blocked(day: date) -> QuerySet:
    return CourseBlock.objects.in_force(day).order_by().values("course")


def narrowed(courses: CourseQuerySet, filters: Filters, day: date) -> CourseQuerySet:
    """The courses that the filters leave."""
    if filters.indication:
        courses = courses.filter(indication__code=filters.indication)
    if filters.practitioner:
        last = _last_full(treatment__practitioner__name=filters.practitioner)
        courses = courses.filter(pk__in=last.order_by().values("course"))
    if filters.booked != "all":
        taken = Exists(links(day).filter(course=OuterRef("pk"), appointment__state__in=TAKEN))
        courses = courses.filter(taken if filters.booked == "yes" else ~taken)
    return courses


def counts(day: date, filters: Filters) -> dict[str, tuple[int, int]]:
    """For each tab how many courses are not booked and how many are, in one query."""
    soon = Case(When(due_from__lte=day + timedelta(days=SOON_DAYS), then=1), default=0)
    taken = Q(pk__in=links(day).filter(appointment__state__in=TAKEN).values("course"))
    found = narrowed(with_band(Course.objects.all(), day), replace(filters, booked="all"), day).order_by()
    groups = found.annotate(soon=soon, taken=Case(When(taken, then=1), default=0)).values_list("band", "soon", "taken")
    total = {slug: [0, 0] for slug in TABS}
    for band, is_soon, is_taken, number in groups.annotate(number=Count("pk")):
        tab = _TAB_OF.get(band) or (SOON if is_soon and band in _NOT_DUE else None)
        if tab:
            total[tab.slug][is_taken] += number
    return {slug: (total[slug][0], total[slug][1]) for slug in TABS}


def with_band(courses: Any, day: date) -> Any:
    """Each course with its `band` on a day: `intervals.band_on` said in SQL, line by line."""
    died = Patient.objects.filter(died_on__lte=day).order_by().values("pk")
    stopped = Q(stopped_on__lte=day) | Q(patient__in=died)
    blocked = Q(pk__in=_blocked(day))
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
    linked = links(day).filter(course__in=list(courses)).order_by("appointment__starts_at", "pk")
    found: dict[int, Visit] = {}
    for course, *values in linked.values_list(
        "course", "appointment__public_id", "appointment__on", "appointment__starts_at", "appointment__state"
    ):
        visit = Visit(*values)
        if course not in found or (found[course].state not in TAKEN and visit.state in TAKEN):
            found[course] = visit
    return found


def last_injectors(courses: Iterable[int]) -> dict[int, str]:
    """Who gave the last full treatment of each course."""
    last = _last_full(course__in=list(courses))
    return dict(last.exclude(treatment__practitioner=None).values_list("course", "treatment__practitioner__name"))


def holds(courses: Iterable[int], day: date) -> dict[int, list[Hold]]:
    """The stops in force on a day for each course, the longest-standing first."""
    blocks = CourseBlock.objects.in_force(day).filter(course__in=list(courses)).order_by("starts_on", "pk")
    found: dict[int, list[Hold]] = defaultdict(list)
    for row in blocks.values_list("course", "label", "flag__public_id", "ends_on", "flag__review_on"):
        found[row[0]].append(Hold(*row[1:]))
    return found


def links(day: date) -> QuerySet:
    """The links from courses to their live visits from that day on."""
    through: QuerySet = Appointment.courses.through._default_manager.all()
    return through.filter(appointment__on__gte=day, appointment__state__in=LIVE)


def _last_full(**where: object) -> QuerySet[CourseTreatment]:
    full = CourseTreatment.objects.filter(treatment__kind=TreatmentKind.FULL.value, treatment__voided_at__isnull=True)
    return full.filter(treatment__performed_on=F("course__last_treated_on"), **where).order_by("pk")


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
