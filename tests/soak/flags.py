"""5,000 paired races: somebody books, and at the same moment somebody raises an open-ended flag on the same patient."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction

from clinic import guards
from clinic.models import AuditEvent, User
from tests.factories import BY, NOW, TODAY
from tests.soak import crew, report, scene
from tests.soak.databases import Database
from treatments.models import Appointment, Course, Flag, Indication
from treatments.rules.findings import Refused
from treatments.services import appointments, flags
from treatments.services.diary import Booking

PAIRS, RACES = 4, 5_000
KINDS = ("pregnancy", "breastfeeding", "myasthenia_gravis")  # hard stops of every treatment
THINKS = 0.012  # seconds at most between looking and writing, about as long as raising a flag takes
LEAST = {"postgres": 0.4, "sqlite": 0.04}  # of the control's races must go wrong
TRIES = 8


@dataclass
class Clinic:
    """For each race one patient with a course and a visit already booked, and a free slot."""

    courses: list[Course]
    practitioners: list
    rooms: list
    area: Indication
    by: User

    @classmethod
    def built(cls, races: int) -> Clinic:
        people, practitioners, rooms = scene.people(races), scene.practitioners(2 * PAIRS), scene.rooms(2 * PAIRS)
        courses = scene.courses(people)
        before = Appointment.objects.bulk_create(
            scene.visit(people[race], practitioners[-1 - pair], rooms[-1 - pair], scene.slot(number))
            for pair in range(PAIRS)
            for number, race in enumerate(_of_pair(pair, races))
        )
        link = Appointment.courses.through
        link.objects.bulk_create(
            link(appointment=visit, course=course) for visit, course in zip(before, courses, strict=True)
        )
        scene.settled()
        return cls(courses, practitioners, rooms, scene.indication(), scene.staff(1)[0])

    def visit(self, race: int) -> Appointment:
        pair, number = divmod(race, len(self.courses) // PAIRS)
        starts_at = scene.slot(number, day=scene.FIRST_DAY.replace(year=scene.FIRST_DAY.year + 1))
        return scene.visit(self.courses[race].patient, self.practitioners[pair], self.rooms[pair], starts_at)


def _of_pair(pair: int, races: int) -> range:
    """The races of one pair: patients that lie far from those of the others, as those of two desks do."""
    return range(pair * races // PAIRS, (pair + 1) * races // PAIRS)


def soak(database: Database, scale: float, _seeds: tuple[int, ...]) -> None:
    races = max(PAIRS, round(RACES * scale / PAIRS) * PAIRS)
    for level in database.levels:
        database.fresh()
        outcomes = _race(level, races, WAYS)
        _check(races, outcomes)
        report.line(f"flag against booking, {level}, {races:,} races: {crew.said(outcomes)}; 0 under a hard stop")
        control = races // 2 if scale >= 1 else min(races, 100)
        least = max(1, round(control * LEAST[database.engine]))
        shown = report.must_go_wrong(level, partial(_control, database, level, control), least=least)
        report.line(f"flag against booking, {level}, control without guards: {shown:,} of {control:,} go ahead flagged")


def _control(database: Database, level: str, races: int, _tried: int) -> int:
    database.fresh(guarded=False)
    _race(level, races, (_looks_then_writes,))
    return report.went_wrong("visit_hard_stop").total()


def _check(races: int, outcomes: Counter[str]) -> None:
    """Nothing goes ahead; every flag is there; every visit that it covers is on hold, and the trail says so."""
    report.clean("flag against booking")
    held = Appointment.objects.filter(state="on_hold").count()
    told = AuditEvent.objects.filter(verb="appointment.held").values("object_id").distinct().count()
    counted = {"flags": Flag.objects.count(), "visits": Appointment.objects.count(), "held": held, "told": told}
    connection.close()
    expected = races + outcomes["booked, then held"]
    if counted != {"flags": races, "visits": expected, "held": expected, "told": expected}:
        raise AssertionError(f"After {races} races with {crew.said(outcomes)}: {counted}")


def _race(level: str, races: int, ways: tuple[Callable[[Clinic, int, float], str], ...]) -> Counter[str]:
    clinic = Clinic.built(races)
    barriers = [crew.barrier(2) for _pair in range(PAIRS)]
    works = [partial(_books, clinic, pair, barrier, level, ways) for pair, barrier in enumerate(barriers)]
    works += [partial(_flags, clinic, pair, barrier, level) for pair, barrier in enumerate(barriers)]
    return crew.total(crew.together(works, *barriers))


def _flags(clinic: Clinic, pair: int, starts: crew.Barrier, level: str) -> Counter[str]:
    """Raising a flag is never refused: whatever it raises is an error here."""
    chance = random.Random(f"flags {pair}")
    crew.connect(level)
    for race in _of_pair(pair, len(clinic.courses)):
        waits = chance.uniform(0, THINKS)
        starts.wait()
        time.sleep(waits)
        flags.raise_flag(
            patient=clinic.courses[race].patient,
            kind=KINDS[race % len(KINDS)],
            starts_on=TODAY,
            review_on=scene.FIRST_DAY,
            by=BY,
            at=NOW,
        )
    return Counter()


def _books(clinic: Clinic, pair: int, starts: crew.Barrier, level: str, ways: tuple) -> Counter[str]:
    outcomes, chance = Counter[str](), random.Random(pair)
    crew.connect(level)
    for number, race in enumerate(_of_pair(pair, len(clinic.courses))):
        thinks = chance.uniform(0, THINKS)
        starts.wait()
        outcomes[ways[number % len(ways)](clinic, race, thinks)] += 1
    return outcomes


# ---- three ways to book ----


def _by_the_service(clinic: Clinic, race: int, thinks: float) -> str:
    visit = clinic.visit(race)
    time.sleep(thinks)
    booking = Booking(visit.patient, (clinic.area,), visit.practitioner, visit.room, visit.starts_at, 30)
    try:
        appointments.book(booking, by=clinic.by, at=NOW, acknowledged=True)
    except Refused:
        return "refused by the service"
    except ValidationError:  # it met the flag at each of its tries
        return "sent away by the service"
    return "booked, then held"


def _looks_then_writes(clinic: Clinic, race: int, thinks: float) -> str:
    """Two statements that know nothing of each other."""
    visit = clinic.visit(race)
    if _flagged(visit):
        return "seen as flagged"
    time.sleep(thinks)
    return _tried_again(partial(_write, visit, clinic.courses[race]))


def _in_one_transaction(clinic: Clinic, race: int, thinks: float) -> str:
    def look_and_write() -> str:
        visit = clinic.visit(race)
        with transaction.atomic():
            if _flagged(visit):
                return "seen as flagged"
            time.sleep(thinks)
            return _write(visit, clinic.courses[race])

    return _tried_again(look_and_write)


WAYS = (_by_the_service, _looks_then_writes, _in_one_transaction)


def _flagged(visit: Appointment) -> bool:
    return Flag.objects.in_force(visit.on).filter(patient=visit.patient_id).exists()


def _write(visit: Appointment, course: Course) -> str:
    try:
        with transaction.atomic():
            visit.save(force_insert=True)
            visit.courses.add(course)
    except IntegrityError as error:
        if guards.violated(error) == "visit_hard_stop":
            return "refused by the guard"
        raise
    return "booked, then held"


def _tried_again(write: Callable[[], str]) -> str:
    """Again where the database asks for it: the transaction looked at what another one was changing."""
    for tried in range(TRIES):
        try:
            return write()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in ("40001", "40P01"):
                raise
            time.sleep(0.005 * tried)
    return "sent away"
