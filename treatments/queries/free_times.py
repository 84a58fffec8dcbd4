"""The free times that a patient is shown: inside the window, on days on which nothing stops the visit.

They are there to choose a wish from. Staff book: nothing here is kept for anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from treatments.models import Appointment, Course, Patient, Product, Service
from treatments.queries import history, plans, slots
from treatments.queries.rulebook import rulebook
from treatments.rules.findings import stops
from treatments.rules.review import review, review_without_treatment
from treatments.rules.slots import Ask, offers

MOST_DAYS, MOST_TIMES = 8, 6
_ONE_DAY = timedelta(days=1)
_LONGEST = timedelta(days=41)
_SOON = timedelta(days=30)
_USUAL_MINUTES = 30


@dataclass(frozen=True, slots=True)
class FreeDay:
    on: date
    times: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit without its time. `but`: the visit that is to be moved."""

    patient: Patient
    courses: tuple[Course, ...]
    minutes: int
    product: Product | None = None
    service: Service | None = None
    location: int | None = None
    room: int | None = None
    usual: int | None = None
    but: int | None = None

    @property
    def is_treatment(self) -> bool:
        return self.service is None or self.service.is_treatment


def of_visit(visit: Appointment) -> Wanted:
    """Another time for a visit: as long, for the same, at the same place."""
    return Wanted(
        patient=visit.patient,
        courses=tuple(visit.courses.select_related("indication")),
        minutes=int((visit.ends_at - visit.starts_at) / timedelta(minutes=1)),
        product=visit.product,
        service=visit.service,
        location=visit.room.location_id,
        room=visit.room_id,
        usual=visit.practitioner_id,
        but=visit.pk,
    )


def of_due(patient: Patient, *, on: date) -> Wanted | None:
    """A visit for what the patient is due for, or will be within a month; None where that is nothing."""
    rows = patient.courses.callable(on).filter(due_from__isnull=False, due_from__lte=on + _SOON)
    courses = tuple(rows.exclude(lapsed_from__lte=on).select_related("indication"))
    if not courses:
        return None
    wanted = {course.indication_id for course in courses}
    kinds = [service for service in slots.services() if service.is_treatment]
    fits = (s for s in kinds if not s.indications.all() or wanted <= {i.pk for i in s.indications.all()})
    service = next(fits, None)
    _people, usual = slots.practitioners_and_usual(patient)
    return Wanted(patient, courses, service.minutes if service else _USUAL_MINUTES, service=service, usual=usual)


def free_days(wanted: Wanted, *, at: datetime) -> list[FreeDay]:
    """The first days with free times, each with a few of them."""
    first, last = _range(wanted, timezone.localtime(at).date())
    found: list[FreeDay] = []
    for on, starts in _free(wanted, first, last, at=at):
        found.append(FreeDay(on, tuple(_few(starts))))
        if len(found) == MOST_DAYS:
            break
    return found


def is_free(wanted: Wanted, starts_at: datetime, *, at: datetime) -> bool:
    """Whether that time may be wished for now."""
    on = timezone.localtime(starts_at).date()
    first, last = _range(wanted, timezone.localtime(at).date())
    return first <= on <= last and any(starts_at in starts for _on, starts in _free(wanted, on, on, at=at))


def _free(wanted: Wanted, first: date, last: date, *, at: datetime) -> Iterable[tuple[date, list[datetime]]]:
    ask = _ask(wanted, at)
    stopped = _stopped(wanted, timezone.localtime(at).date())
    for on, day in slots.days(first, last, at=at, but=wanted.but).items():
        starts = sorted({offer.starts_at for offer in offers(day.facts, ask)})
        if starts and not stopped(on):
            yield on, starts


def _ask(wanted: Wanted, at: datetime) -> Ask:
    here = frozenset(each.pk for each in slots.practitioners())
    allowed = slots.injectors([course.indication for course in wanted.courses]) if wanted.is_treatment else None
    service = wanted.service
    return Ask(
        patient=wanted.patient.pk,
        minutes=wanted.minutes,
        prepare_minutes=service.prepare_minutes if service else 0,
        location=wanted.location,
        room=wanted.room,
        rooms=frozenset(room.pk for room in service.rooms.all()) if service else frozenset(),
        practitioners=here if allowed is None else here & allowed,
        not_before=at,
        usual_practitioner=wanted.usual,
    )


def _stopped(wanted: Wanted, today: date) -> Callable[[date], bool]:
    """The same gate as everywhere, asked for each day that is shown."""
    facts, book = history.facts(wanted.patient), rulebook(today)
    plan = plans.of_courses(list(wanted.courses), product=wanted.product.code if wanted.product else "")

    def stopped(on: date) -> bool:
        found = review(plan, facts, book, on=on) if wanted.is_treatment else review_without_treatment(facts, on=on)
        return bool(stops(found))

    return stopped


def _range(wanted: Wanted, today: date) -> tuple[date, date]:
    """The window that is not over, else six weeks from the first day that is possible; never today."""
    tomorrow = today + _ONE_DAY
    courses = wanted.courses if wanted.is_treatment else ()
    opens = [course.due_from for course in courses if course.due_from]
    closes = [course.due_until for course in courses if course.due_until]
    if opens and closes and max(min(closes), *opens) >= tomorrow:
        first = max(tomorrow, *opens)
        return first, min(max(min(closes), *opens), first + _LONGEST)
    first = max([tomorrow, *(course.earliest_on for course in courses)])
    return first, first + _LONGEST


def _few(starts: Sequence[datetime]) -> list[datetime]:
    """A handful over the day; full and half hours first."""
    round_ones = [each for each in starts if timezone.localtime(each).minute in (0, 30)] or list(starts)
    if len(round_ones) <= MOST_TIMES:
        return round_ones
    step = (len(round_ones) - 1) / (MOST_TIMES - 1)
    return [round_ones[round(n * step)] for n in range(MOST_TIMES)]
