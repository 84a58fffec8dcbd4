"""All that decides which times are free, for any range of days: the same number of queries for one and for sixty."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Subquery, prefetch_related_objects
from django.utils import timezone

from clinic.models import Practitioner, Room, WorkingHours
from treatments.models import Appointment, Indication, Patient, Service, SlotHold, Treatment
from treatments.models.appointments import TAKES_TIME
from treatments.models.services import LONGEST_PREPARATION
from treatments.queries import hours
from treatments.queries.prepared import prepared
from treatments.rules.slots import DayFacts, RoomAt, Span, Taken, Why
from treatments.rules.vocabulary import AppointmentState

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """A time that somebody else has chosen and may still confirm."""

    span: Span
    practitioner: int
    room: int
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """One day: the facts for the rules, and why nobody is there, for the page. `closed`: location -> why."""

    facts: DayFacts
    closed: dict[int | None, str]
    away: dict[int, str]
    held: tuple[Held, ...]


def days(
    first: date,
    last: date,
    *,
    at: datetime,
    by: str = "",
    but: int | None = None,
    rooms_at_hand: Iterable[Any] | None = None,
    practitioners: Iterable[int] | None = None,
) -> dict[date, Day]:
    """Every day from `first` to `last`, both included, as it stands at `at`: four queries, and one for the rooms.

    What `by` holds takes no time from them, nor does the visit `but` (its number), which is being moved. The hours are
    those of `practitioners` alone where they are named.
    """
    work = hours.work_days(first, last, practitioners=practitioners)
    where = tuple(RoomAt(room.pk, room.location_id) for room in (rooms() if rooms_at_hand is None else rooms_at_hand))
    taken, held = _taken(first, last, at=at, by=by, but=but)
    return {
        on: Day(
            DayFacts(on, day.desks, where, tuple(taken[on]), day.closed_everywhere),
            day.closed,
            day.away,
            tuple(held[on]),
        )
        for on, day in work.items()
    }


def _taken(
    first: date, last: date, *, at: datetime, by: str, but: int | None
) -> tuple[dict[date, list[Taken]], dict[date, list[Held]]]:
    """Visits with the preparation of each, and other people's holds, under every day that they touch."""
    taken: dict[date, list[Taken]] = defaultdict(list)
    held: dict[date, list[Held]] = defaultdict(list)
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    midnights = [_midnight(on) for on in (*every, last + ONE_DAY)]
    values = _values(first, last, (midnights[0], midnights[-1] + LONGEST_PREPARATION), at=at, by=by, but=but)
    for starts, ends, practitioner, room, patient, prepare, holder, until in _rows(values):
        span = _span(starts, ends)
        begins = span.starts_at - timedelta(minutes=prepare)
        for on in every[max(bisect(midnights, begins) - 1, 0) : bisect(midnights, span.ends_at)]:
            if until is not None:
                taken[on].append(Taken(span, practitioner, room, None, Why.HELD))
                held[on].append(Held(span, practitioner, room, holder, _moment(until)))
                continue
            taken[on].append(Taken(span, practitioner, room, patient, Why.VISIT))
            if prepare:
                taken[on].append(Taken(Span(begins, span.starts_at), practitioner, room, None, Why.PREPARATION))
    return taken, held


# In SQL, because a month of a big clinic has thousands of visits, and Django takes as long for the columns as the rules.
_TAKING_TIME = f"""
SELECT a.starts_at, a.ends_at, a.practitioner_id, a.room_id, a.patient_id, COALESCE(s.prepare_minutes, 0), '', NULL
FROM treatments_appointment a LEFT JOIN treatments_service s ON s.id = a.service_id
WHERE a."on" BETWEEN %s AND %s AND a.state IN ({", ".join(f"'{state}'" for state in TAKES_TIME)}) AND a.id <> %s
  AND a.ends_at > %s AND a.starts_at < %s
UNION ALL
SELECT h.starts_at, h.ends_at, h.practitioner_id, h.room_id, h.patient_id, 0, h."by", h.until
FROM treatments_slothold h WHERE h.until > %s AND h."by" <> %s AND h.ends_at > %s AND h.starts_at < %s"""  # noqa: S608  states


def _values(
    first: date, last: date, span: tuple[datetime, datetime], *, at: datetime, by: str, but: int | None
) -> list[Any]:
    """A day more on both sides, for what goes past midnight."""
    starts, ends = (connection.ops.adapt_datetimefield_value(moment) for moment in span)
    days_around = [(first - ONE_DAY).isoformat(), (last + ONE_DAY).isoformat()]
    return [*days_around, but or 0, starts, ends, connection.ops.adapt_datetimefield_value(at), by, starts, ends]


def _rows(values: list[Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKING_TIME, values)
        return cursor.fetchall()


@lru_cache(maxsize=4096)
def _span(starts: str | datetime, ends: str | datetime) -> Span:
    """The same few times come again and again, in one day and in the next request."""
    return Span(_moment(starts), _moment(ends))


def _moment(stored: str | datetime) -> datetime:
    """SQLite keeps moments in UTC without saying so, as text where the column has no type."""
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), timezone.get_current_timezone()).astimezone(UTC)


# ---- who, where and what there is to choose from ----


@prepared
def places() -> QuerySet[Room, Any]:
    """The rooms in use, in the order of `rooms`, with as much of them as free times need."""
    found = Room.objects.filter(is_active=True, location__is_active=True).order_by("location__name", "name", "pk")
    return found.values_list("pk", "name", "location_id", named=True)


@prepared
def practitioners() -> QuerySet[Practitioner]:
    """Those who work here."""
    return Practitioner.objects.filter(is_active=True).order_by("name", "pk")


def practitioners_and_usual(patient: Patient) -> tuple[list[Practitioner], int | None]:
    """Those who work here, and the number of the one among them who treated the patient last: one query."""
    found: list[Any] = _practitioners_with_usual(patient.pk)
    return found, found[0].usual if found else None


@prepared
def _practitioners_with_usual(patient: int) -> QuerySet[Practitioner]:
    given = Treatment.objects.valid().filter(patient=patient, practitioner__is_active=True)
    last = given.order_by("-performed_on", "-pk").values("practitioner")[:1]
    return Practitioner.objects.filter(is_active=True).annotate(usual=Subquery(last)).order_by("name", "pk")


@prepared
def rooms() -> QuerySet[Room]:
    """The rooms in use, with their locations."""
    found = Room.objects.filter(is_active=True, location__is_active=True).select_related("location")
    return found.order_by("location__name", "name", "pk")


def services() -> list[Service]:
    """The kinds of visit that are offered, with the rooms and indications of each."""
    found = _services()
    prefetch_related_objects(found, "rooms", "indications")
    return found


@prepared
def _services() -> QuerySet[Service]:
    return Service.objects.filter(is_active=True)


# ---- who may do it, and how it was before ----


def injectors(indications: Iterable[Indication]) -> frozenset[int] | None:
    """The practitioners who inject all of these; None where everybody does."""
    allowed = injectors_of(indications).values()
    return frozenset.intersection(*map(frozenset, allowed)) if allowed else None


def injectors_of(indications: Iterable[Indication]) -> dict[int, set[int]]:
    """The practitioners named for each of these; an indication that everybody injects is not there."""
    allowed: dict[int, set[int]] = defaultdict(set)
    for indication, practitioner in _injectors(tuple(indication.pk for indication in indications)):
        allowed[indication].add(practitioner)
    return dict(allowed)


@prepared
def _injectors(indications: tuple[int, ...]) -> QuerySet[Any, tuple[int, int]]:
    links: Any = Indication.injectors.through._default_manager.filter(indication__in=indications)
    rows: QuerySet[Any, tuple[int, int]] = links.values_list("indication_id", "practitioner_id")
    return rows


@dataclass(frozen=True, slots=True)
class LastVisit:
    """When and with whom the patient was here last."""

    starts_at: datetime
    practitioner: int
    room: int


def last_visit(patient: Patient, *, before: datetime) -> LastVisit | None:
    """The latest visit that took place or was to; not one that was cancelled."""
    row = (
        Appointment.objects.filter(patient=patient, starts_at__lt=before)
        .exclude(state__in=(AppointmentState.CANCELLED, AppointmentState.MISSED))
        .order_by("-starts_at", "-pk")
        .values_list("starts_at", "practitioner", "room")
        .first()
    )
    return LastVisit(*row) if row else None


def any_hours() -> bool:
    """False until the clinic has said when anybody works."""
    return WorkingHours.objects.filter(practitioner__is_active=True).exists()


def booked(public_id: str) -> tuple[str, datetime] | None:
    """By whom and when a visit was booked."""
    return Appointment.objects.filter(public_id=public_id).values_list("booked_by", "booked_at").first()


def hold_of(patient: Patient, *, by: str, at: datetime) -> SlotHold | None:
    """The time that this person holds for the patient."""
    return SlotHold.objects.filter(patient=patient, by=by, until__gt=at).first()
