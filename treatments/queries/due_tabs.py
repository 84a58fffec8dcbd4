"""The tabs of the call list: who is in each on a day. The kept dates of a course are compared with the day, never trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q, QuerySet

from clinic.models import Practitioner
from treatments.models import Course, Indication, Schedule
from treatments.models.courses import CourseQuerySet
from treatments.queries.prepared import prepared
from treatments.rules.calls import SOON as SOON_DAYS
from treatments.rules.calls import Rank
from treatments.rules.vocabulary import Band

_EVERY_RANK = [int(rank) for rank in Rank]  # said in full, so that an index that begins with the rank can be read


class Tab(NamedTuple):
    """One list of the page: `key` is the date it is ordered by, before the number of the course.

    `by_reason`: whom to call first by the reason stands before the date.
    """

    slug: str
    key: str
    newest_first: bool = False
    by_reason: bool = True


SOON, NOW, OVERDUE = Tab("soon", "due_from"), Tab("now", "overdue_from"), Tab("overdue", "overdue_from")
LAPSED, REBOOK = Tab("lapsed", "lapsed_from", newest_first=True), Tab("rebook", "rebook_since")
SNOOZED = Tab("snoozed", "snoozed_until", by_reason=False)
ON_HOLD = Tab("on-hold", "hold_until", by_reason=False)
REVIEW = Tab("review", "overdue_from", by_reason=False)
TABS = {tab.slug: tab for tab in (SOON, NOW, OVERDUE, LAPSED, REBOOK, SNOOZED, ON_HOLD, REVIEW)}
BANDS = (SOON, NOW, OVERDUE, LAPSED)
CALLED = (*BANDS, REBOOK)
_BAND = {NOW: Band.DUE, OVERDUE: Band.OVERDUE, LAPSED: Band.LAPSED, REVIEW: Band.NEEDS_REVIEW}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to, and its order.

    `booked`: no (to be called), yes, out (said no to reminders), all. `order`: "" the usual one, longest, contact.
    """

    indication: str = ""
    practitioner: str = ""
    booked: str = "all"
    order: str = ""

    @property
    def usual(self) -> bool:
        """True where whoever is to be called is shown, in the usual order; perhaps not all of them."""
        return self.booked == "no" and not self.order

    def narrow(self) -> dict[str, int]:
        """What narrows the list, as values of a query: the numbers of the indication and the injector."""
        values: dict[str, int] = {}
        if self.indication:
            values["indication"] = next(iter(_indication(self.indication)), 0)
        if self.practitioner:
            values["practitioner"] = next(iter(_injector(self.practitioner)), 0)
        return values


def in_tab(tab: Tab, day: date) -> CourseQuerySet:
    """Everybody whose dates are those of the tab: also who is booked, rests, or said no to reminders."""
    if tab in (REBOOK, SNOOZED):
        return to_call(tab, day, lapsed_before(day))
    if tab == SOON:
        return Course.objects.callable(day).filter(due_from__gt=day, due_from__lte=day + SOON_DAYS)
    if tab == ON_HOLD:
        return Course.objects.on_hold(day)
    courses = Course.objects.in_band(_BAND[tab], day)
    return courses.filter(overdue_from__gt=lapsed_before(day)) if tab == OVERDUE else courses


def to_call(tab: Tab, day: date, bound: date, *, rank: Rank | None = None) -> CourseQuerySet:
    """Those of a tab whom somebody is to call. Nobody is in two of these.

    Left out: on hold, closed, booked, said no to reminders; resting and to be booked again have tabs of their own.
    `bound` is where reading by date may begin or end: `reading_bound(tab, day)`. `rank`: those of one reason alone.
    """
    reachable = Course.objects.callable(day).filter(opted_out=False).filter(_until("booked_until", day))
    if tab == SNOOZED:
        return reachable.filter(snoozed_until__gt=day)
    ranked = reachable.filter(call_rank=rank) if rank is not None else reachable.filter(call_rank__in=_EVERY_RANK)
    awake = ranked.filter(Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=day))
    if tab == REBOOK:
        return awake.filter(rebook_since__isnull=False)
    dates = {
        SOON.slug: Q(due_from__gt=day, due_from__lte=bound),
        NOW.slug: Q(due_from__lte=day, overdue_from__gt=day),
        OVERDUE.slug: Q(overdue_from__lte=day, overdue_from__gt=bound, lapsed_from__gt=day),
        LAPSED.slug: Q(lapsed_from__lte=day),
    }[tab.slug]
    return awake.filter(dates, rebook_since__isnull=True)


def reading_bound(tab: Tab, day: date) -> date:
    """The far end of Soon, the near end of Overdue; the other tabs need none."""
    return day + SOON_DAYS if tab == SOON else lapsed_before(day)


def lapsed_before(day: date) -> date:
    """Whoever was overdue by that day has lapsed since, whatever the schedule: where reading by date may begin."""
    months = max(_lapse_months(), default=0)
    return day - timedelta(days=31 * (months + 1))


@prepared
def _lapse_months() -> QuerySet[Schedule, int]:
    return Schedule.objects.order_by("-lapse_after_months").values_list("lapse_after_months", flat=True)[:1]


def _until(name: str, day: date) -> Q:
    """The kept day lies before this one, or there is none."""
    return Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__lt": day})


def narrowed(tab: Tab, filters: Filters, day: date) -> CourseQuerySet:
    """The courses of a tab that the filters leave."""
    return matching(_asked_for(tab, filters.booked, day), filters)


def matching(courses: CourseQuerySet, filters: Filters) -> CourseQuerySet:
    """Those of an indication, and those whom one injector treated last."""
    return only(courses, **filters.narrow())


def only(courses: CourseQuerySet, *, indication: int | None = None, practitioner: int | None = None) -> CourseQuerySet:
    """Those of an indication, and those whom an injector treated last, each by its number."""
    if indication is not None and connection.vendor == "sqlite":
        # said so that no index of indications is read: those of the tabs hold all that is asked, and stop at a page
        number = ExpressionWrapper(F("indication_id") + 0, output_field=BigIntegerField())
        courses = courses.alias(of=number).filter(of=indication)
    elif indication is not None:
        courses = courses.filter(indication=indication)
    if practitioner is not None:
        courses = courses.filter(last_injector=practitioner)
    return courses


def _asked_for(tab: Tab, booked: str, day: date) -> CourseQuerySet:
    if booked == "no" and tab in (*CALLED, SNOOZED):
        return to_call(tab, day, reading_bound(tab, day))
    narrow = {
        "no": _until("booked_until", day),
        "yes": Q(booked_until__gte=day),
        "out": Q(opted_out=True),
        "all": Q(),
    }
    return in_tab(tab, day).filter(narrow[booked])


@prepared
def _indication(code: str) -> QuerySet[Indication, int]:
    return Indication.objects.filter(code=code).values_list("pk", flat=True)


@prepared
def _injector(name: str) -> QuerySet[Practitioner, int]:
    return Practitioner.objects.filter(name=name).order_by("pk").values_list("pk", flat=True)[:1]


@prepared
def indications_in_use() -> QuerySet[Indication, tuple]:
    """Code and name of what a list can be narrowed to."""
    in_use = Indication.objects.filter(is_active=True).order_by("short_name", "pk")
    return in_use.values_list("code", "short_name")


@prepared
def injectors() -> QuerySet[Practitioner, str]:
    """The names of everybody who injects or did."""
    return Practitioner.objects.order_by("name", "pk").values_list("name", flat=True)
