"""A clinic of any size, the same for the same seed: rows written in bulk, dates computed by the product's own rules."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models

from clinic import guards
from clinic.models import Location, Practitioner, Room
from treatments.models import (
    Appointment,
    ContactAttempt,
    Course,
    CourseBlock,
    CourseTreatment,
    Flag,
    Indication,
    Injection,
    Licence,
    Patient,
    Product,
    SafetyAnswer,
    SearchKey,
    Treatment,
)
from treatments.models.fields import PUBLIC_ID_ALPHABET
from treatments.queries.invariants import violations
from treatments.queries.patients import keys_of
from treatments.queries.rulebook import rulebook
from treatments.rules import calls
from treatments.rules.facts import Facts, FlagFact, Given
from treatments.rules.intervals import forecast
from treatments.rules.periods import Period
from treatments.rules.vocabulary import IndicationKind, TreatmentKind
from treatments.services.records import interval_days

SEED = 20261122
CHUNK = 1000  # patients whose rows are written together
FACE = {"glabellar_lines": 20, "forehead_lines": 10, "lateral_canthal_lines": 24}
OTHER = {"chronic_migraine": 155, "axillary_hyperhidrosis": 100, "cervical_dystonia": 140, "overactive_bladder": 100}
BEGINNINGS, MIDDLES, ENDS, GIVEN = (
    line.split()
    for line in (
        "Al An Bar Ben Cal Car Dal Dan El Fer Gor Hal Ham Ian Jor Kal Lar Mar Mor Nor Ol Per Ros Sal Tor Wil",
        "ba da fi ga ka la me ni o pa ri sa ti u va",
        "berg dez ford gan kov ler man nes ova rell sen ska son ton well",
        "Ada Ben Cem Dina Eva Finn Gita Hana Ivo Jana Kofi Lena Mai Noor Olga Per Rosa Sami Tara Uma Vera Wen Yuki Zoe",
    )
)
FLAGS = (("pregnancy", 2), ("breastfeeding", 1), ("aminoglycoside", 1), ("anticoagulant_or_antiplatelet", 3), ("", 93))


class Table:
    """Rows of one model, kept until they are written; what a row does not name is the field's default."""

    def __init__(self, model: type[models.Model], *, first: int = 1, **usual: Any) -> None:
        self.model, self.rows = model, []
        fields = model._meta.concrete_fields
        self.columns = [f.column for f in fields]
        self.usual = {f.attname: _plain(usual.get(f.attname, f.get_default())) for f in fields}
        last = model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0
        self.next_id = count(max(first, last + 1))

    def add(self, **values: Any) -> int:
        values["id"] = pk = next(self.next_id)
        if "public_id" in self.usual:
            values["public_id"] = public_id(pk)
        self.rows.append([_plain(values[name]) if name in values else usual for name, usual in self.usual.items()])
        return pk

    def write(self) -> None:
        quote, names = connection.ops.quote_name, ", ".join(map(connection.ops.quote_name, self.columns))
        table = quote(self.model._meta.db_table)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in self.rows:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(self.columns))
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", self.rows)
        self.rows.clear()


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value)
    return value if value is None or isinstance(value, bool | int) else str(value)


def settle(tables: Iterable[type[models.Model]]) -> None:
    """After rows were written past the guards: the next number is free, the planner knows them, and nothing is wrong."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(tables)):
            cursor.execute(statement)
        cursor.execute("ANALYZE")
    if wrong := violations(connection):
        raise RuntimeError(f"The generated clinic cannot be: {wrong[0]}")


def public_id(number: int) -> str:
    base = len(PUBLIC_ID_ALPHABET)
    number = number * 104_729_003 % base**6
    return "".join(PUBLIC_ID_ALPHABET[number // base**place % base] for place in range(6))


@dataclass
class Clinic:
    """Grows to any number of patients; a bigger one contains the smaller one of the same seed and day."""

    on: date
    n_staff: int = 4
    seed: int = SEED
    n_patients: int = 0
    taken: Counter = field(default_factory=Counter)  # visits of a day, so that none overlap

    def __post_init__(self) -> None:
        here = Location.objects.create(name="Benchmark")
        self.staff = [Practitioner.objects.create(name=f"Injector {n:03}").pk for n in range(self.n_staff)]
        self.rooms = [Room.objects.create(name=f"Room {n:03}", location=here).pk for n in range(self.n_staff)]
        self.book, moment = rulebook(self.on), f"{self.on} 09:00:00"
        self.indications = dict(Indication.objects.values_list("code", "pk"))
        self.kinds = {code: IndicationKind(kind) for code, kind in Indication.objects.values_list("code", "kind")}
        self.botox = Product.objects.get(code="botox").pk
        self.licences = dict(Licence.objects.filter(product=self.botox).values_list("indication", "pk"))
        by = {"signed_by": "bench", "signed_at": moment, "state_by": "bench", "state_at": moment,
              "booked_by": "bench", "booked_at": moment, "raised_by": "bench", "raised_at": moment}  # fmt: skip
        tables = (
            Patient,
            SearchKey,
            Flag,
            Course,
            CourseBlock,
            ContactAttempt,
            Appointment,
            Appointment.courses.through,
            Treatment,
            CourseTreatment,
            Injection,
            SafetyAnswer,
        )  # fmt: skip  each after those it points to
        self.tables = {model: Table(model, **by) for model in tables}
        self.injector_at = self.tables[Course].columns.index("last_injector_id")

    def grow_to(self, n_patients: int) -> None:
        with guards.lifted():  # a visit begins as booked, never as done
            while self.n_patients < n_patients:
                for number in range(self.n_patients, min(self.n_patients + CHUNK, n_patients)):
                    self._patient(number, random.Random(f"{self.seed} {number}"))
                    self.n_patients += 1
                for table in self.tables.values():
                    table.write()
        settle(self.tables)

    def _patient(self, number: int, rnd: random.Random) -> None:
        person = Patient(
            family_name=rnd.choice(BEGINNINGS) + rnd.choice(MIDDLES) + rnd.choice(MIDDLES) + rnd.choice(ENDS),
            given_name=rnd.choice(GIVEN),
            born_on=date(1945, 1, 1) + timedelta(days=rnd.randrange(58 * 365)),
            phone=f"+447{number + 100_000_000:09}",
            registered_on=self.on - timedelta(days=1600),
            contact_consent="no" if rnd.random() < 0.03 else "yes",
        )
        values = {f.attname: getattr(person, f.attname) for f in Patient._meta.concrete_fields}
        pk = self.tables[Patient].add(**values)
        person.public_id = public_id(pk)
        for key in sorted(keys_of(person)):
            self.tables[SearchKey].add(patient_id=pk, key=key)
        face = rnd.random() < 0.8
        areas = dict(
            rnd.sample(sorted(FACE.items()), rnd.randint(1, 3)) if face else [rnd.choice(sorted(OTHER.items()))]
        )
        n_visits, gap = rnd.choice((1, 1, 2, 3, 4, 5, 6, 10)), max(rnd.randint(98, 150), *map(self._least_gap, areas))
        last = self.on - timedelta(days=rnd.randrange(200) if rnd.random() < 0.65 else rnd.randrange(200, 1200))
        days = [last - timedelta(days=gap * n) for n in reversed(range(n_visits))]
        flag, flags = self._flag(pk, rnd)
        given = tuple(
            Given(area, "botox", "allergan_unit", Decimal(units), day) for day in days for area, units in areas.items()
        )
        coming = self.on + timedelta(days=rnd.randint(1, 28)) if rnd.random() < 0.12 and not flags else None
        lost = self.on - timedelta(days=rnd.randint(1, 60)) if coming is None and rnd.random() < 0.03 else None
        called = {
            "n_full": n_visits,
            "booked_until": coming,
            "rebook_since": lost if lost and last < lost else None,
            "opted_out": person.contact_consent == "no",
            "snoozed_until": self.on + timedelta(days=rnd.randint(1, 14)) if rnd.random() < 0.04 else None,
        }
        facts = Facts(person.born_on, None, given, flags)
        courses = {area: self._course(pk, area, facts, flag, dict(called)) for area in areas}
        for day in days:
            who = self._treatment(pk, day, areas, courses)
        for row in self.tables[Course].rows[-len(areas) :]:
            row[self.injector_at] = who
        if coming:
            self._visit(pk, coming, "booked", courses)
        if called["rebook_since"]:
            self._visit(pk, lost, "cancelled", courses, changed_on=lost)
        if number % 3 == 0:
            for kind in self.book.questions:
                self.tables[SafetyAnswer].add(patient_id=pk, kind=kind, answer="no", answered_on=last, asked_by="bench")

    def _least_gap(self, area: str) -> int:
        return (self.book.licence("botox", area).min_interval.after(self.on) - self.on).days + 3  # months differ

    def _flag(self, patient: int, rnd: random.Random) -> tuple[int, tuple[FlagFact, ...]]:
        kind = rnd.choices([kind for kind, _w in FLAGS], [weight for _kind, weight in FLAGS])[0]
        if not kind:
            return 0, ()
        since = self.on - timedelta(days=rnd.randrange(120))
        until = since + timedelta(days=rnd.randrange(10, 200)) if rnd.random() < 0.5 else None
        review = None if until else self.on + timedelta(days=rnd.randrange(90))
        pk = self.tables[Flag].add(patient_id=patient, kind=kind, starts_on=since, ends_on=until, review_on=review)
        return pk, (FlagFact(kind, Period(since, until), review, public_id(pk)),)

    def _course(self, patient: int, area: str, facts: Facts, flag: int, called: dict[str, Any]) -> int:
        known, n_full = forecast(area, facts, self.book), called.pop("n_full")
        ends = [block.period.ends_on or calls.NO_END for block in known.blocks]
        called["blocked_until"] = max(ends, default=None)
        called["call_rank"] = int(calls.rank(self.kinds[area], n_full=n_full, held=False))
        names = ("earliest_on", "due_from", "due_until", "overdue_from", "lapsed_from", "last_treated_on",
                 "last_effective_on", "product", "units", "doubt")  # fmt: skip
        values = {name: getattr(known, name) for name in names}
        values["reasons"] = [reason.as_data() for reason in known.reasons]
        pk = self.tables[Course].add(patient_id=patient, indication_id=self.indications[area], **values, **called)
        if called["snoozed_until"]:
            self.tables[ContactAttempt].add(
                course_id=pk, cycle_on=known.last_treated_on, at=f"{self.on} 09:00:00", by="bench", way="phone",
                outcome="not_now", reason="Away", snoozed_until=called["snoozed_until"],
            )  # fmt: skip
        for block in known.blocks:
            self.tables[CourseBlock].add(
                course_id=pk, flag_id=flag, label=block.label, starts_on=block.period.starts_on, ends_on=block.period.ends_on
            )  # fmt: skip
        return pk

    def _treatment(self, patient: int, day: date, areas: dict[str, int], courses: dict[str, int]) -> int:
        """The treatment with what was given; who gave it."""
        here = (self.on - day).days < 365
        visit, who = self._visit(patient, day, "done", courses) if here else (None, self.staff[patient % self.n_staff])
        pk = self.tables[Treatment].add(
            patient_id=patient, appointment_id=visit, performed_on=day, kind="full", product_id=self.botox, lot_number=f"L{day:%y%m}",
            lot_expires_on=day + timedelta(days=300), practitioner_id=who,
        )  # fmt: skip
        for area, units in areas.items():
            given = self.tables[CourseTreatment].add(
                treatment_id=pk, course_id=courses[area], units=units, licence_id=self.licences.get(self.indications[area]),
                **interval_days(self.book, indication=area, product="botox", performed_on=day, kind=TreatmentKind.FULL),
            )  # fmt: skip
            self.tables[Injection].add(given_id=given, site=area.split("_")[0], side="", units=units)
        return who

    def _visit(
        self, patient: int, day: date, state: str, courses: dict[str, int], *, changed_on: date | None = None
    ) -> tuple[int, int]:
        slot, who = divmod(self.taken[day], self.n_staff)
        self.taken[day] += 1
        starts, ends = (f"{day} {8 + n // 2:02}:{n % 2 * 30:02}:00" for n in (slot, slot + 1))
        lost = {"state_at": f"{changed_on} 09:00:00", "what_next": "list"} if changed_on else {}
        pk = self.tables[Appointment].add(
            **lost, patient_id=patient, practitioner_id=self.staff[who], room_id=self.rooms[who], on=day, starts_at=starts,
            ends_at=ends, state=state, product_id=self.botox,
        )  # fmt: skip
        for course in courses.values():
            self.tables[Appointment.courses.through].add(appointment_id=pk, course_id=course)
        return pk, self.staff[who]
