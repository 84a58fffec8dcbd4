"""Dull people and things for tests: every default is what nobody would look at twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Group

from clinic import guards, permissions
from clinic.models import AuditEvent, Location, Practitioner, Room, User
from treatments.models import Appointment, CatalogueState, Flag, Indication, Patient, Product, Treatment
from treatments.rules.vocabulary import Answer, Side, TreatmentKind
from treatments.services import appointments, catalogue, flags, lots, patients, treatments
from treatments.services.diary import Booking

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BY = "tester"
_number = count(1)


def load_catalogue(jurisdiction: str = "UK") -> None:
    """The whole shipped catalogue and the roles, where they are not there yet."""
    if jurisdiction == "UK" and CatalogueState.objects.exists():
        return
    permissions.make_roles()
    catalogue.load(jurisdiction=jurisdiction, by=BY, at=NOW)
    with guards.lifted("audit_append_only"):
        AuditEvent.objects.filter(verb="catalogue.loaded").delete()  # every test starts with an empty trail


def staff(role: str, *, prescriber: bool = False, **fields: Any) -> User:
    """A member of staff with one role, password `correct horse battery`."""
    number = next(_number)
    fields = {"username": f"{role}{number}", "first_name": role.title(), "last_name": f"Person {number}"} | fields
    user = User.objects.create_user(password="correct horse battery", is_prescriber=prescriber, **fields)
    user.groups.add(Group.objects.get(name=role))
    return user


def patient(**fields: Any) -> Patient:
    number = next(_number)
    defaults = {"family_name": f"Marsh{number}", "given_name": "Alina", "born_on": date(1985, 7, 14), "sex": "F"}
    return patients.register(by=BY, at=fields.pop("at", NOW), different=True, **(defaults | fields))


def practitioner(**fields: Any) -> Practitioner:
    return Practitioner.objects.create(**({"name": f"R. Osei {next(_number)}"} | fields))


def room(**fields: Any) -> Room:
    location = fields.pop("location", None) or Location.objects.get_or_create(name="Harbour")[0]
    return Room.objects.create(location=location, **({"name": f"Room {next(_number)}"} | fields))


def indication(code: str = "glabellar_lines") -> Indication:
    return Indication.objects.get(code=code)


def product(code: str = "botox") -> Product:
    return Product.objects.get(code=code)


def flag(
    person: Patient, kind: str = "pregnancy", *, starts_on: date = TODAY, at: datetime = NOW, **fields: Any
) -> Flag:
    defaults = {} if fields.get("ends_on") else {"review_on": date(2027, 4, 2)}
    return flags.raise_flag(patient=person, kind=kind, starts_on=starts_on, by=BY, at=at, **(defaults | fields))


def answers(person: Patient, *, on: date = TODAY, at: datetime = NOW, **yes: Answer) -> None:
    """Every safety question answered with no, but those named."""
    from treatments.queries.rulebook import rulebook  # noqa: PLC0415  after Django's setup

    given = dict.fromkeys(rulebook(TODAY).questions, Answer.NO) | yes
    patients.answer_questions(person, answers=given, by=BY, at=at, answered_on=on)


def treated(
    person: Patient,
    on: date,
    *,
    units: str | Decimal = "20",
    area: str = "glabellar_lines",
    brand: str = "botox",
    kind: TreatmentKind = TreatmentKind.FULL,
    expires_on: date = date(2030, 1, 31),
    at: datetime = NOW,
    **fields: Any,
) -> Treatment:
    """A signed treatment of one area, recorded as having happened whatever the gate says."""
    record = treatments.Record(
        performed_on=on,
        kind=kind,
        product=product(brand),
        lot_number="C4821AB",
        lot_expires_on=expires_on,
        lines=(treatments.Line(area, "procerus", Decimal(units), Side.NONE),),
        **fields,
    )
    return treatments.sign(
        record, patient=person, by=BY, at=at, acknowledged=True, incident_reason="Recorded from the paper notes"
    )


def of_stopped_lot(reason: str, *, at: datetime = NOW) -> Treatment:
    """What was given to somebody with a telephone, of a lot that was stopped since."""
    given = treated(patient(phone="+447700900123"), date(2026, 11, 1))
    assert given.product is not None
    lots.stop(given.product, given.lot_number, reason=reason, by=BY, at=at)
    return given


def visit(
    person: Patient, starts_at: datetime = datetime(2026, 12, 1, 10, tzinfo=UTC), *, at: datetime = NOW, **fields: Any
) -> Appointment:
    """A booked visit of half an hour, whatever cautions there are."""
    wanted = {"practitioner": None, "room": None, "minutes": 30} | fields
    wanted["practitioner"] = wanted["practitioner"] or practitioner()
    wanted["room"] = wanted["room"] or room()
    areas = wanted.pop("indications", (indication(),))
    booking = Booking(patient=person, indications=tuple(areas), starts_at=starts_at, **wanted)
    return appointments.book(booking, by=staff("reception"), at=at, acknowledged=True)


def moved(visit: Appointment, starts_at: datetime, *, at: datetime = NOW) -> Appointment:
    """The same visit at another time of the same people."""
    minutes = int((visit.ends_at - visit.starts_at) / timedelta(minutes=1))
    return appointments.move(
        visit,
        practitioner=visit.practitioner,
        room=visit.room,
        starts_at=starts_at,
        minutes=minutes,
        by=staff("reception"),
        at=at,
        acknowledged=True,
    )
