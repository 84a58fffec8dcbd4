"""Two people at one record: who saves second is refused, by every verb of an edit form, and nothing is written."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, Course, CourseTreatment, Flag, Patient, Treatment
from treatments.rules.vocabulary import TreatmentKind
from treatments.services import appointments, courses, due_dates, effects, flags, patients, stale, treatments

pytestmark = pytest.mark.django_db
REASON = "Said so on the telephone"


@pytest.fixture
def person() -> Patient:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))
    factories.flag(person, "aminoglycoside")
    return person


def visit(person: Patient) -> Appointment:
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication("axillary_hyperhidrosis"),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(2027, 6, 1, 10, tzinfo=UTC),
        minutes=30,
    )
    flags.end(Flag.objects.get(), ends_on=date(2026, 11, 30), by=BY, at=NOW)
    return appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)


def amend(person: Patient, version: int) -> Any:
    return patients.amend(person, changes={"city": "Quay"}, by=BY, at=NOW, version=version)


def stop(person: Patient, version: int) -> Any:
    return courses.stop(Course.objects.get(), reason=REASON, by=BY, at=NOW, version=version)


def worn_off(person: Patient, version: int) -> Any:
    given = CourseTreatment.objects.get()
    return effects.correct(given, effects.Said(worn_off_on=date(2026, 11, 1)), by=BY, at=NOW, version=version)


def note_effect(person: Patient, version: int) -> Any:
    return effects.note(Course.objects.get(), still_working_on=TODAY, by=BY, at=NOW, version=version)


def set_due(person: Patient, version: int) -> Any:
    course = Course.objects.get()
    days = {"due_from": course.earliest_on, "due_until": date(2027, 6, 1)}
    return due_dates.set_window(course, **days, reason=REASON, by=BY, at=NOW, version=version)


def confirm(person: Patient, version: int) -> Any:
    return flags.confirm(Flag.objects.get(), review_on=date(2026, 12, 24), by=BY, at=NOW, version=version)


def end(person: Patient, version: int) -> Any:
    return flags.end(Flag.objects.get(), ends_on=TODAY, by=BY, at=NOW, version=version)


def in_error(person: Patient, version: int) -> Any:
    return flags.enter_in_error(Flag.objects.get(), reason=REASON, by=BY, at=NOW, version=version)


def void(person: Patient, version: int) -> Any:
    return treatments.void(Treatment.objects.get(), reason=REASON, by=BY, at=NOW, version=version)


@pytest.mark.parametrize(
    ("verb", "model"),
    [
        (amend, Patient),
        (stop, Course),
        (worn_off, Course),
        (note_effect, Course),
        (set_due, Course),
        (confirm, Flag),
        (end, Flag),
        (in_error, Flag),
        (void, Treatment),
    ],
)
def test_a_verb_on_a_version_that_is_gone_is_refused_and_writes_nothing(
    person: Patient, verb: Callable[[Patient, int], Any], model: type
) -> None:
    seen = model.objects.get().version
    rows, n_events = model.objects.values().get(), AuditEvent.objects.count()

    with pytest.raises(stale.Stale) as raised:
        verb(person, seen + 1)

    assert type(raised.value.now) is model
    assert (model.objects.values().get(), AuditEvent.objects.count()) == (rows, n_events)
    verb(person, seen)
    assert AuditEvent.objects.count() > n_events
    assert model.objects.order_by("pk").first().version > seen


def test_a_visit_that_somebody_moved_is_not_cancelled_by_an_old_page(person: Patient) -> None:
    booked = visit(person)
    later = datetime(2027, 6, 1, 14, tzinfo=UTC)
    where = {"practitioner": booked.practitioner, "room": booked.room, "starts_at": later, "minutes": 30}
    by = factories.staff("reception")
    appointments.move(booked, **where, by=by, at=NOW, acknowledged=True, version=booked.version)

    with pytest.raises(stale.Stale) as raised:
        appointments.cancel(booked, who="patient", reason="Away", by=BY, at=NOW, version=booked.version)

    assert (raised.value.appointment, raised.value.appointment.starts_at) == (booked, later)
    assert Appointment.objects.get().state == "booked"


def test_whoever_amends_a_treatment_second_is_refused(person: Patient) -> None:
    treatment = Treatment.objects.get()
    record = treatments.Record(
        performed_on=date(2026, 8, 1),
        kind=TreatmentKind.FULL,
        product=factories.product(),
        lot_number="C4821AB",
        lot_expires_on=date(2030, 1, 31),
        lines=(treatments.Line("glabellar_lines", "procerus", Decimal(16)),),
    )
    said = {"by": BY, "at": NOW, "acknowledged": True, "incident_reason": REASON, "void_reason": REASON}
    said |= {"patient": person, "amends": treatment, "version": treatment.version}
    first = treatments.sign(record, **said)

    with pytest.raises(stale.Stale):
        treatments.sign(record, **said)

    assert list(Treatment.objects.valid()) == [first]


def test_without_a_version_nothing_is_asked() -> None:
    row = factories.patient()

    stale.check(row, None)
    stale.check(row, row.version)
    with pytest.raises(stale.Stale, match="was changed meanwhile"):
        stale.check(row, row.version + 1)
