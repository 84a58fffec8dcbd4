"""A small clinic in the database, with a row for every guard to be tried on, and plain SQL to try it with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from django.db import IntegrityError, connection, models, transaction

from clinic import guards
from clinic.models import Practitioner, Room
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import (
    Appointment,
    Consent,
    Course,
    CourseTreatment,
    Flag,
    Injection,
    Patient,
    SafetyAnswer,
    Service,
    Treatment,
    VisitOverride,
)

VISIT_ON = date(2026, 12, 1)
VISIT, FLAG, PATIENT, TREATMENT, GIVEN = (
    model._meta.db_table for model in (Appointment, Flag, Patient, Treatment, CourseTreatment)
)
FACE, NECK = "glabellar_lines", "cervical_dystonia"  # cosmetic from 18 on, and not
_number = count(1)


@dataclass
class World:
    """`ada` is free of everything, `bea` pregnant, `cy` seventeen, `dan` was treated on 1 June and has no reason."""

    ada: Patient
    bea: Patient
    cy: Patient
    dan: Patient
    people: list[Practitioner]
    rooms: list[Room]
    visit: Appointment  # Ada's, booked, 10:00 to 10:30
    held: Appointment  # Bea's, on hold
    young: Appointment  # Cy's, booked, for the neck
    later: Appointment  # Dan's, booked, 14:00
    given: CourseTreatment  # Dan's, of the face
    injection: Injection
    pregnancy: Flag  # Bea's, in force
    ended: Flag  # Ada's, over since June
    answer: SafetyAnswer
    consent: Consent
    override: VisitOverride

    def visit_of(self, person: Patient, hour: int = 8, minute: int = 0, **fields: object) -> Appointment:
        """Another visit on that day, by default with a practitioner and a room of its own."""
        starts_at = datetime(2026, 12, 1, hour, minute, tzinfo=UTC)
        usual = {
            "practitioner": fields.pop("practitioner", None) or factories.practitioner(),
            "room": fields.pop("room", None) or factories.room(),
            "on": VISIT_ON,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=30),
            "state_by": BY,
            "state_at": NOW,
            "booked_by": BY,
            "booked_at": NOW,
        }
        return Appointment.objects.create(patient=person, **(usual | fields))

    def course_of(self, person: Patient, area: str = FACE) -> Course:
        course, _made = Course.objects.get_or_create(
            patient=person, indication=factories.indication(area), defaults={"earliest_on": date(2026, 1, 1)}
        )
        return course

    def treat(self, person: Patient, on: date, *, reason: str = "", area: str = FACE) -> CourseTreatment:
        """A full treatment with three months on both sides, written past every service."""
        treatment = Treatment.objects.create(
            patient=person,
            performed_on=on,
            kind="full",
            product=factories.product(),
            lot_number="C4821AB",
            lot_expires_on=date(2030, 1, 31),
            incident_reason=reason,
            signed_by=BY,
            signed_at=NOW,
        )
        quarter = timedelta(days=91)
        return CourseTreatment.objects.create(
            treatment=treatment,
            course=self.course_of(person, area),
            units=20,
            repeat_from=on + quarter,
            previous_until=on - quarter,
        )


@pytest.fixture
def world(db: None) -> World:
    return build()


def build() -> World:
    ada, bea, dan = (factories.patient() for _i in range(3))
    cy = factories.patient(born_on=date(2009, 6, 1))
    made = World.__new__(World)
    made.ada, made.bea, made.cy, made.dan = ada, bea, cy, dan
    made.people = [factories.practitioner() for _i in range(2)]
    made.rooms = [factories.room() for _i in range(2)]
    made.visit = made.visit_of(ada, 10, practitioner=made.people[0], room=made.rooms[0])
    made.visit.courses.add(made.course_of(ada))
    made.later = made.visit_of(dan, 14, practitioner=made.people[1], room=made.rooms[1])
    made.young = made.visit_of(cy, 12)
    made.young.courses.add(made.course_of(cy, NECK))
    made.course_of(cy)
    made.pregnancy = factories.flag(bea, starts_on=TODAY)
    made.held = made.visit_of(bea, 16, state="on_hold")
    made.ended = factories.flag(ada, starts_on=date(2026, 1, 1), ends_on=date(2026, 6, 1))
    made.given = made.treat(dan, date(2026, 6, 1))
    made.injection = Injection.objects.create(given=made.given, site="procerus", units=20)
    made.answer = SafetyAnswer.objects.create(
        patient=ada, kind="pregnancy", answer="no", answered_on=TODAY, asked_by=BY
    )
    made.consent = Consent.objects.create(patient=ada, signed_on=TODAY, recorded_by=BY, recorded_at=NOW)
    made.override = VisitOverride.objects.create(
        appointment=made.visit, on=VISIT_ON, by=BY, at=NOW, reason="benefit", words="Agreed with the hospital"
    )
    Service.objects.create(name="Talk only", is_treatment=False)
    return made


# ---- plain SQL ----


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


class Raw(str):
    """SQL that is to stand as it is."""

    __slots__ = ()


def value(text: object) -> str:
    if text is None:
        return "NULL"
    if isinstance(text, Raw):
        return text
    if isinstance(text, bool):
        return str(text).lower()
    return str(text) if isinstance(text, int) else "'{}'".format(str(text).replace("'", "''"))


def change(row: models.Model, **columns: object) -> str:
    """The statement that writes these columns of one row."""
    to = ", ".join(f'"{name}" = {value(new)}' for name, new in columns.items())
    return f"UPDATE {row._meta.db_table} SET {to} WHERE id = {row.pk}"


def copy(row: models.Model, **columns: object) -> str:
    """The statement that writes the row a second time, with these columns changed."""
    names = [field.column for field in row._meta.concrete_fields if field.column != "id"]
    if "public_id" in names:
        columns.setdefault("public_id", f"COPY{next(_number)}")
    taken = ", ".join(value(columns[name]) if name in columns else f'"{name}"' for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    table = row._meta.db_table
    return f"INSERT INTO {table} ({listed}) SELECT {taken} FROM {table} WHERE id = {row.pk}"


def delete(row: models.Model) -> str:
    return f"DELETE FROM {row._meta.db_table} WHERE id = {row.pk}"


def refused_by(sql: str) -> str | None:
    """The guard that refuses the statement; None where it went through. Any other refusal is an error of the test."""
    try:
        run(sql)
    except IntegrityError as error:
        if name := guards.violated(error):
            return name
        raise
    return None
