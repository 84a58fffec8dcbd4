"""A clinic whose diary holds any number of visits: twenty practitioners, fourteen visits a day each, from tomorrow on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta

from django.db import models

from clinic import guards
from clinic.models import ClosedDay, HoursException, Location, Practitioner, Room, WorkingHours
from tests.benchmarks.generator import BEGINNINGS, CHUNK, ENDS, GIVEN, MIDDLES, Table, settle
from treatments.models import Appointment, Course, Indication, Patient, SearchKey, Service
from treatments.queries.patients import keys_of
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import Facts
from treatments.rules.intervals import forecast

STAFF, A_DAY, MINUTES = 20, 14, 30
AREA = "glabellar_lines"


@dataclass
class Diary:
    """Grows to any number of visits; the days fill up one after the other, so that a full day is always the same."""

    on: date
    first: int = 1  # the number of the first row of each table; a high one leaves room for a clinic beside it
    n_visits: int = 0
    patients: list[tuple[int, int]] = field(default_factory=list)  # each with the one course

    def __post_init__(self) -> None:
        here = Location.objects.create(name="Benchmark clinic")
        self.staff = [Practitioner.objects.create(name=f"Injector {n:02}") for n in range(STAFF)]
        self.rooms = [Room.objects.create(name=f"Room {n:02}", location=here) for n in range(STAFF)]
        self.service = Service.objects.create(name="Injection", minutes=MINUTES)
        self.indication, self.book = Indication.objects.get(code=AREA), rulebook(self.on)
        WorkingHours.objects.bulk_create(
            WorkingHours(practitioner=who, location=here, weekday=day, opens=opens, closes=closes, starts_on=self.on)
            for who in self.staff
            for day in range(7)
            for opens, closes in ((time(8), time(12, 30)), (time(13), time(18)))
        )
        HoursException.objects.bulk_create(
            HoursException(practitioner=who, on=self.on + timedelta(days=400 + n), why="Leave")
            for who in self.staff
            for n in range(10)
        )
        ClosedDay.objects.bulk_create(ClosedDay(on=self.on + timedelta(days=410 + n), name="Holiday") for n in range(8))
        by = {"state_by": "bench", "state_at": f"{self.on} 07:00:00", "booked_by": "bench", "service_id": self.service.pk,
              "booked_at": f"{self.on} 07:00:00"}  # fmt: skip
        tables = (Patient, SearchKey, Course, Appointment, Appointment.courses.through)
        self.tables: dict[type[models.Model], Table] = {model: Table(model, first=self.first, **by) for model in tables}

    @property
    def full_day(self) -> date:
        """The first day: all its fourteen times of everybody are taken."""
        return self.on + timedelta(days=1)

    @property
    def free_day(self) -> date:
        """A day after all others: nobody has come to it yet."""
        return self.on + timedelta(days=395)

    def grow_to(self, n_visits: int) -> None:
        """So many visits, and a patient for about every five of them."""
        with guards.lifted():  # in bulk: the independent checker looks at them afterwards
            for number in range(self.n_visits, n_visits):
                self._visit(number)
                if number % CHUNK == 0:
                    self._write()
            self._write()
        self.n_visits = max(self.n_visits, n_visits)
        settle(self.tables)

    def _write(self) -> None:
        for table in self.tables.values():
            table.write()

    def _visit(self, number: int) -> None:
        days, place = divmod(number, STAFF * A_DAY)
        slot, who = divmod(place, STAFF)
        on = self.full_day + timedelta(days=days)
        block, place_in_block = divmod(number, 5 * STAFF * A_DAY)
        known = block * STAFF * A_DAY + place_in_block % (STAFF * A_DAY)  # everybody comes five days in a row
        while known >= len(self.patients):
            self._patient(len(self.patients))
        patient, course = self.patients[known]
        starts = 8 * 60 + MINUTES * (slot + (slot > 8))  # 12:30 is for lunch
        pk = self.tables[Appointment].add(
            patient_id=patient, practitioner_id=self.staff[who].pk, room_id=self.rooms[who].pk, on=on,
            starts_at=f"{on} {_clock(starts)}", ends_at=f"{on} {_clock(starts + MINUTES)}",
        )  # fmt: skip
        self.tables[Appointment.courses.through].add(appointment_id=pk, course_id=course)

    def _patient(self, number: int) -> None:
        person = Patient(
            family_name=BEGINNINGS[number % 26] + MIDDLES[number // 26 % 15] + ENDS[number // 390 % 15],
            given_name=GIVEN[number % len(GIVEN)],
            born_on=date(1970, 1, 1) + timedelta(days=number % 7000),
            registered_on=self.on - timedelta(days=90),
        )
        known = {f.attname: getattr(person, f.attname) for f in Patient._meta.concrete_fields}
        pk = self.tables[Patient].add(**known)
        for key in sorted(keys_of(person)):
            self.tables[SearchKey].add(patient_id=pk, key=key)
        dates = forecast(AREA, Facts(person.born_on), self.book)
        names = ("earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from", "last_treated_on",
                 "last_effective_on", "product", "units", "doubt")  # fmt: skip
        values = {name: getattr(dates, name) for name in names}
        reasons = [reason.as_data() for reason in dates.reasons]
        course = self.tables[Course].add(patient_id=pk, indication_id=self.indication.pk, reasons=reasons, **values)
        self.patients.append((pk, course))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}:00"
