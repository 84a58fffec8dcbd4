"""The clinic in which a soak takes place: many people at once, written in bulk."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.contrib.auth.models import Group
from django.db import connection

from clinic.models import Location, Practitioner, Room, User
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, Course, Indication, Patient

BORN_ON = date(1985, 7, 14)
AREA = "glabellar_lines"
FIRST_DAY = TODAY + timedelta(days=30)


def people(number: int, *, born_on: date = BORN_ON) -> list[Patient]:
    return Patient.objects.bulk_create(
        Patient(family_name=f"Soak{n}", given_name="Alina", born_on=born_on, registered_on=TODAY) for n in range(number)
    )


def practitioners(number: int) -> list[Practitioner]:
    return Practitioner.objects.bulk_create(Practitioner(name=f"R. Osei {n}") for n in range(number))


def rooms(number: int) -> list[Room]:
    place = Location.objects.get_or_create(name="Harbour")[0]
    return Room.objects.bulk_create(Room(location=place, name=f"Room {n}") for n in range(number))


def staff(number: int, *, role: str = "reception", prescriber: bool = False) -> list[User]:
    """Users with one role and one password hash between them: making a good hash takes long, on purpose."""
    model = User(is_prescriber=prescriber)
    model.set_password("correct horse battery")
    users = User.objects.bulk_create(
        User(
            username=f"{role}{n}", first_name=role, last_name=str(n), password=model.password, is_prescriber=prescriber
        )
        for n in range(number)
    )
    group = Group.objects.get(name=role)
    User.groups.through.objects.bulk_create(User.groups.through(user=user, group=group) for user in users)
    return users


def indication() -> Indication:
    return Indication.objects.get(code=AREA)


def courses(people: list[Patient]) -> list[Course]:
    """One course for each, as a first booking would make it."""
    area = indication()
    return Course.objects.bulk_create(Course(patient=p, indication=area, earliest_on=p.born_on) for p in people)


def visit(
    patient: Patient, practitioner: Practitioner, room: Room, starts_at: datetime, minutes: int = 30
) -> Appointment:
    """A visit as a row, past every service."""
    return Appointment(
        patient=patient,
        practitioner=practitioner,
        room=room,
        on=starts_at.date(),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        state_by=BY,
        state_at=NOW,
        booked_by=BY,
        booked_at=NOW,
    )


def slot(number: int, *, day: date = FIRST_DAY, a_day: int = 16) -> datetime:
    """The start of half-hour slot `number`, `a_day` of them from 08:00 on."""
    days, at = divmod(number, a_day)
    return datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(days=days, minutes=30 * at)


def settled() -> None:
    """The database knows how much lies in its tables, as it does in a clinic after its first night."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
