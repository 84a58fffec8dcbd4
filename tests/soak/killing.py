"""Writers that are killed at work, and the list outside the database of what they were told is saved."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, connections, transaction

from clinic import audit
from clinic.models import Practitioner, Room, User
from tests.factories import BY, NOW, TODAY
from tests.soak import scene
from treatments.models import Appointment, Indication, Patient, Product
from treatments.rules.vocabulary import TreatmentKind
from treatments.services import appointments, flags, treatments
from treatments.services.diary import Booking
from treatments.services.treatments import Line, Record

WRITERS, PEOPLE = 4, 1_000
A_ROUND, A_DAY = 20, 40  # times that a writer has for one round, and that there are in a day
PAUSE = 0.03  # seconds: what a careless writer leaves open
Acknowledge = Callable[[str, Any], None]


@dataclass
class Clinic:
    people: list[Patient]
    practitioners: list[Practitioner]
    rooms: list[Room]
    area: Indication
    product: Product
    by: User

    @classmethod
    def built(cls) -> Clinic:
        staff = scene.staff(1)[0]
        botox = Product.objects.get(code="botox")
        places = scene.practitioners(WRITERS), scene.rooms(WRITERS)
        return cls(scene.people(PEOPLE), *places, scene.indication(), botox, staff)


class Writer:
    """One member of staff with patients, practitioner and room of their own: nobody else is in the way."""

    def __init__(self, clinic: Clinic, number: int, turn: int, acknowledge: Acknowledge) -> None:
        self.clinic, self.number, self.turn, self.acknowledge = clinic, number, turn, acknowledge
        self.chance, self.times, self.saved = random.Random(turn * WRITERS + number), 0, list[Appointment]()

    def work(self) -> None:
        """Until killed."""
        self._until_killed(self.book, self.book, self.move, self.cancel, self.sign, self.flag)

    def work_carelessly(self) -> None:
        """What the services never do: say that it is saved before it is, and save one act in two halves."""
        self._until_killed(self.book_too_soon_said, self.book_in_halves)

    def _until_killed(self, *acts: Callable[[], None]) -> None:
        while self.times < A_ROUND:
            self.chance.choice(acts)()
        time.sleep(3600)

    def book(self) -> None:
        visit = self._book()
        self.saved.append(visit)
        self.acknowledge("visit", visit)

    def move(self) -> None:
        if self.saved:
            visit, place = self.chance.choice(self.saved), self._place()
            visit = appointments.move(
                visit, practitioner=place[0], room=place[1], starts_at=self._time(), minutes=30, by=self.clinic.by, at=NOW,
                acknowledged=True,
            )  # fmt: skip
            self.acknowledge("visit", visit)

    def cancel(self) -> None:
        if self.saved:
            visit = self.saved.pop()
            self.acknowledge("visit", appointments.cancel(visit, who="clinic", reason="Staff away", by=BY, at=NOW))

    def sign(self) -> None:
        record = Record(
            performed_on=TODAY - timedelta(days=self.chance.randrange(200, 600)), kind=TreatmentKind.FULL,
            product=self.clinic.product, lot_number="C4821AB", lot_expires_on=date(2030, 1, 31),
            lines=(Line(scene.AREA, "procerus", Decimal(12)), Line(scene.AREA, "corrugator", Decimal(8))),
        )  # fmt: skip
        words = "Recorded from the paper notes"
        patient = self._patient()
        signed = treatments.sign(record, patient=patient, by=BY, at=NOW, acknowledged=True, incident_reason=words)
        self.acknowledge("treatment", signed)

    def flag(self) -> None:
        ends_on = TODAY + timedelta(days=self.chance.randrange(1, 20))
        flag = flags.raise_flag(
            patient=self._patient(), kind="anticholinergics", starts_on=TODAY, ends_on=ends_on, by=BY, at=NOW
        )
        self.acknowledge("flag", flag)

    # ---- the control ----

    def book_too_soon_said(self) -> None:
        with transaction.atomic():
            self.acknowledge("visit", self._book())
            time.sleep(PAUSE)

    def book_in_halves(self) -> None:
        visit = scene.visit(self._patient(), *self._place(), self._time())
        visit.save(force_insert=True)
        time.sleep(PAUSE)
        visit.courses.add(visit.patient.courses.get_or_create(indication=self.clinic.area, earliest_on=TODAY)[0])
        audit.record("appointment.booked", visit, by=BY, at=NOW)

    # ---- choosing ----

    def _book(self) -> Appointment:
        booking = Booking(self._patient(), (self.clinic.area,), *self._place(), self._time(), 30)
        return appointments.book(booking, by=self.clinic.by, at=NOW, acknowledged=True)

    def _patient(self) -> Patient:
        return self.clinic.people[self.chance.randrange(self.number, PEOPLE, WRITERS)]

    def _place(self) -> tuple[Practitioner, Room]:
        return self.clinic.practitioners[self.number], self.clinic.rooms[self.number]

    def _time(self) -> datetime:
        """A time that nobody had before."""
        self.times += 1
        return scene.slot(self.turn * A_ROUND + self.times, a_day=A_DAY)


def killed_at_work(
    clinic: Clinic, turn: int, *, careless: bool, kill: Callable[[], None], for_: float
) -> list[list[str]]:
    """Let the writers work for so many seconds after the first word, kill, and return every acknowledgement."""
    connections.close_all()
    hears, says = os.pipe()
    writers = [_fork(clinic, number, turn, says, hears, careless) for number in range(WRITERS)]
    os.close(says)
    try:
        if not select.select([hears], [], [], 60)[0]:
            raise AssertionError("No writer saved anything within a minute.")
        time.sleep(for_)
        kill()
    finally:
        for writer in writers:
            os.kill(writer, signal.SIGKILL)
        for writer in writers:
            os.waitpid(writer, 0)
    with os.fdopen(hears) as list_:
        return [line.split() for line in list_]


def _fork(clinic: Clinic, number: int, turn: int, says: int, hears: int, careless: bool) -> int:
    if pid := os.fork():
        return pid
    os.close(hears)

    def acknowledge(kind: str, saved: Any) -> None:
        os.write(says, f"{kind} {saved.public_id} {getattr(saved, 'version', 0)}\n".encode())

    try:
        writer = Writer(clinic, number, turn, acknowledge)
        (writer.work_carelessly if careless else writer.work)()
    except DatabaseError:
        os._exit(0)  # the server is gone
    except BaseException as error:
        os.write(says, f"failed {error!r}\n".encode())
    os._exit(1)
