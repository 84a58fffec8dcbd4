"""10,000 bookings of 100 slots by 16 signed-in people at the running server: the real form, session and token."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from datetime import date, timedelta
from functools import partial

from django.db import connection
from django.utils import timezone

from tests.soak import crew, report, scene
from tests.soak.browsing import Person, server
from tests.soak.by_sql import ATTEMPTS, CLIENTS, OVERLAPS, SLOTS, Clinic
from tests.soak.databases import Database
from treatments.models import Appointment

STATUSES = {302: "booked", 409: "refused in words"}
CARELESS = "tests.soak.careless"


def soak(database: Database, scale: float, seeds: tuple[int, ...]) -> None:
    rounds = max(2, round(ATTEMPTS * scale / CLIENTS))
    for seed in seeds:
        line = _run(database, seed, rounds)
        report.line(f"double booking over HTTP, seed {seed}: {line}, 0 overlaps, no 5xx")
    line = _run(database, 11, max(6, rounds // 10), application=CARELESS)
    report.line(f"double booking over HTTP, services blind, guards alone: {line}, 0 overlaps, no 5xx")
    shown = report.must_go_wrong("double booking over HTTP", partial(_control, database))
    report.line(f"double booking over HTTP, control with services blind and without guards: {shown} overlaps")


def _run(database: Database, seed: int, rounds: int, *, application: str = "clinic.wsgi") -> str:
    database.fresh()
    outcomes, acknowledged = _race(database, seed, rounds, application)
    report.clean("double booking over HTTP")
    kept = set(Appointment.objects.values_list("public_id", flat=True))
    connection.close()
    if kept != acknowledged:
        raise AssertionError(f"Acknowledged and stored differ: {kept ^ acknowledged}")
    return crew.said(outcomes)


def _control(database: Database, tried: int) -> int:
    database.fresh(guarded=False)
    _race(database, 100 + tried, 5 * tried, CARELESS)
    return report.went_wrong(*OVERLAPS).total()


def _race(database: Database, seed: int, rounds: int, application: str) -> tuple[Counter[str], set[str]]:
    clinic, starts = Clinic.built(), crew.barrier(CLIENTS)
    names = [user.username for user in scene.staff(CLIENTS)]
    connection.close()
    with server(database.url, database.folder, application=application) as port:
        works = [partial(_client, clinic, starts, port, name, seed, rounds) for name in names]
        results = crew.together(works, starts)
    return crew.total(outcomes for outcomes, _booked in results), {id for _outcomes, booked in results for id in booked}


def _client(
    clinic: Clinic, starts: crew.Barrier, port: int, name: str, seed: int, rounds: int
) -> tuple[Counter[str], list[str]]:
    """Every round all clients go for the same slot at the same moment."""
    chance, outcomes, booked = random.Random(f"{seed} {name}"), Counter(), []
    person, first_day = Person(port, name, "correct horse battery"), timezone.localdate() + timedelta(days=30)
    person.token = person.hidden(f"/patients/{clinic.people[0].public_id}/book/")["csrfmiddlewaretoken"]
    for turn in range(rounds):
        patient, fields = chance.choice(clinic.people), _form(clinic, chance, turn, first_day)
        starts.wait()
        status, place = person.post(f"/patients/{patient.public_id}/book/", fields)
        if status not in STATUSES:
            raise AssertionError(f"The server answered {status} to {fields}")
        outcomes[STATUSES[status]] += 1
        if place:
            booked.append(place.strip("/").split("/")[-1])
    return outcomes, booked


def _form(clinic: Clinic, chance: random.Random, turn: int, first_day: date) -> dict[str, str]:
    """The booking form, filled in. The clock is the clinic's."""
    starts = scene.slot(turn % SLOTS, day=first_day) + timedelta(minutes=chance.choice((-10, 0, 0, 10)))
    return {
        "once": uuid.UUID(int=chance.getrandbits(128)).hex,
        "others": scene.AREA,
        "practitioner": str(chance.choice(clinic.practitioners).pk),
        "room": str(chance.choice(clinic.rooms).pk),
        "on": starts.date().isoformat(),
        "starts": f"{starts:%H:%M}",
        "minutes": str(chance.choice((20, 30, 40))),
    }
