"""10,000 bookings of 100 slots by 16 clients, as plain INSERTs of clients that know no services."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import IntegrityError, OperationalError, connection

from clinic import guards
from tests.soak import crew, report, scene
from tests.soak.databases import Database
from treatments.models import Appointment

CLIENTS, SLOTS, ATTEMPTS = 16, 100, 10_000
THINKS = 0.004  # seconds at most between looking and writing
OVERLAPS = ("visit_practitioner_once", "visit_room_once", "visit_patient_once")


@dataclass
class Clinic:
    """Two practitioners, two rooms and 400 patients: at most two visits fit into a slot."""

    people: list
    practitioners: list
    rooms: list

    @classmethod
    def built(cls) -> Clinic:
        return cls(scene.people(400), scene.practitioners(2), scene.rooms(2))


def soak(database: Database, scale: float, seeds: tuple[int, ...]) -> None:
    rounds = max(SLOTS // 2, round(ATTEMPTS * scale / CLIENTS))
    for seed in seeds:
        database.fresh()
        report.line(f"double booking by SQL, seed {seed}: {_run(seed, rounds)}, 0 overlaps")
    shown = report.must_go_wrong("double booking by SQL", partial(_control, database, rounds))
    report.line(f"double booking by SQL, control without guards: {shown} overlaps")


def _run(seed: int, rounds: int) -> str:
    outcomes, acknowledged = _race(seed, rounds)
    report.clean("double booking by SQL")
    kept = set(Appointment.objects.values_list("public_id", flat=True))
    connection.close()
    if kept != acknowledged:
        raise AssertionError(f"Acknowledged and stored differ: {kept ^ acknowledged}")
    return crew.said(outcomes)


def _control(database: Database, rounds: int, tried: int) -> int:
    database.fresh(guarded=False)
    _race(100 + tried, rounds * tried)
    return report.went_wrong(*OVERLAPS).total()


def _race(seed: int, rounds: int) -> tuple[Counter[str], set[str]]:
    """What happened, and the visits that somebody was told are booked."""
    clinic, starts = Clinic.built(), crew.barrier(CLIENTS)
    works = [partial(_client, clinic, starts, seed, number, rounds) for number in range(CLIENTS)]
    results = crew.together(works, starts)
    return crew.total(outcomes for outcomes, _booked in results), {id for _outcomes, booked in results for id in booked}


def _client(clinic: Clinic, starts: crew.Barrier, seed: int, number: int, rounds: int) -> tuple[Counter[str], list]:
    """All clients go for the same slot at the same moment, round after round."""
    chance, outcomes, booked = random.Random(seed * 1000 + number), Counter(), []
    crew.connect("read committed")
    for turn in range(rounds):
        starts_at = scene.slot(turn % SLOTS) + timedelta(minutes=chance.choice((-10, 0, 0, 10)))
        who = [chance.choice(them) for them in (clinic.people, clinic.practitioners, clinic.rooms)]
        visit = scene.visit(*who, starts_at, chance.choice((20, 30, 40)))
        starts.wait()
        outcome = _book(visit, chance.uniform(0, THINKS))
        outcomes[outcome] += 1
        if outcome == "booked":
            booked.append(visit.public_id)
    return outcomes, booked


def _book(visit: Appointment, thinks: float) -> str:
    """Look whether the time is free, think, write: as programs do that trust their own look."""
    if _taken(visit):
        return "seen as taken"
    time.sleep(thinks)
    try:
        visit.save(force_insert=True)
    except IntegrityError as error:
        if guards.violated(error) in OVERLAPS:
            return "refused by a guard"
        raise
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "40P01":  # several wait for each other: one is sent away
            return "sent away"
        raise
    return "booked"


def _taken(visit: Appointment) -> bool:
    sql = """SELECT 1 FROM treatments_appointment
              WHERE (practitioner_id = %s OR room_id = %s OR patient_id = %s) AND starts_at < %s AND ends_at > %s
                AND state IN ('booked', 'on_hold', 'arrived', 'checked', 'in_room', 'done')"""
    who = [visit.practitioner_id, visit.room_id, visit.patient_id]
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(sql, [*who, adapt(visit.ends_at), adapt(visit.starts_at)])
        return cursor.fetchone() is not None
