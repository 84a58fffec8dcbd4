"""All that decides which times are free, for any range of days: the same number of queries for one and for sixty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import CharField, DateTimeField, F, IntegerField, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from clinic.models import Practitioner, Room, WorkingHours
from treatments.models import Appointment, Indication, Patient, Service, SlotHold
from treatments.queries import hours
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
    rooms_at_hand: Iterable[Room] | None = None,
) -> dict[date, Day]:
    """Every day from `first` to `last`, both included, as it stands at `at`: four queries, and one for the rooms.

    What `by` holds takes no time from them, nor does the visit `but` (its number), which is being moved.
    """
    work = hours.work_days(first, last)
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
    for starts_at, ends_at, practitioner, room, patient, prepare, holder, until in _rows(first, last, at, by, but):
        span = Span(starts_at, ends_at)
        before = Span(starts_at - timedelta(minutes=prepare), starts_at)
        for on in _touched(before.starts_at, span.ends_at):
            if until is not None:
                taken[on].append(Taken(span, practitioner, room, None, Why.HELD))
                held[on].append(Held(span, practitioner, room, holder, until))
                continue
            taken[on].append(Taken(span, practitioner, room, patient, Why.VISIT))
            if prepare:
                taken[on].append(Taken(before, practitioner, room, None, Why.PREPARATION))
    return taken, held


def _rows(first: date, last: date, at: datetime, by: str, but: int | None) -> Iterator[tuple]:
    """Visits and holds in one query. A day more on both sides, for what goes past midnight."""
    visits = (
        Appointment.objects.taking_time()
        .filter(on__range=(first - ONE_DAY, last + ONE_DAY))
        .exclude(pk__in=[but] if but else [])
        .order_by()
        .values_list(
            "starts_at",
            "ends_at",
            "practitioner_id",
            "room_id",
            "patient_id",
            Coalesce(F("service__prepare_minutes"), 0, output_field=IntegerField()),
            Value("", output_field=CharField()),
            Value(None, output_field=DateTimeField()),
        )
    )
    zone = timezone.get_current_timezone()
    holds = (
        SlotHold.objects.filter(until__gt=at)
        .filter(
            starts_at__lt=datetime.combine(last + 2 * ONE_DAY, time(), zone),
            ends_at__gt=datetime.combine(first - ONE_DAY, time(), zone),
        )
        .exclude(by=by)
        .order_by()
        .values_list(
            "starts_at",
            "ends_at",
            "practitioner_id",
            "room_id",
            "patient_id",
            Value(0, output_field=IntegerField()),
            "by",
            "until",
        )
    )
    return holds.union(visits, all=True).iterator()


def _touched(starts_at: datetime, ends_at: datetime) -> Iterator[date]:
    on, until = timezone.localtime(starts_at).date(), timezone.localtime(ends_at).date()
    while on <= until:
        yield on
        on += ONE_DAY


# ---- who, where and what there is to choose from ----


def practitioners() -> list[Practitioner]:
    """Those who work here."""
    return list(Practitioner.objects.filter(is_active=True).order_by("name", "pk"))


def practitioners_and_usual(patient: Patient) -> tuple[list[Practitioner], int | None]:
    """Those who work here, and the number of the one among them who treated the patient last: one query."""
    given = patient.treatments.valid().filter(practitioner__is_active=True).order_by("-performed_on", "-pk")
    found: list[Any] = list(
        Practitioner.objects.filter(is_active=True)
        .annotate(usual=Subquery(given.values("practitioner")[:1]))
        .order_by("name", "pk")
    )
    return found, found[0].usual if found else None


def rooms() -> list[Room]:
    """The rooms in use, with their locations."""
    found = Room.objects.filter(is_active=True, location__is_active=True).select_related("location")
    return list(found.order_by("location__name", "name", "pk"))


def services() -> list[Service]:
    """The kinds of visit that are offered, with the rooms and indications of each."""
    return list(Service.objects.filter(is_active=True).prefetch_related("rooms", "indications"))


# ---- who may do it, and how it was before ----


def injectors(indications: Iterable[Indication]) -> frozenset[int] | None:
    """The practitioners who inject all of these; None where everybody does."""
    wanted = [indication.pk for indication in indications]
    if not wanted:
        return None
    allowed: dict[int, set[int]] = defaultdict(set)
    for indication, practitioner in Indication.injectors.through.objects.filter(indication__in=wanted).values_list(
        "indication_id", "practitioner_id"
    ):
        allowed[indication].add(practitioner)
    return frozenset.intersection(*map(frozenset, allowed.values())) if allowed else None


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
