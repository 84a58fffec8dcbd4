"""The visits of a day with their verdicts, which are those of the gate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment
from treatments.queries import diary, history
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import AppointmentState
from treatments.services import appointments, courses

pytestmark = pytest.mark.django_db


def booked(*, hour: int = 10, days: int = 0, **fields) -> Appointment:
    defaults = {
        "patient": fields.pop("patient", None) or factories.patient(),
        "indications": (factories.indication(),),
        "practitioner": factories.practitioner(),
        "room": factories.room(),
        "starts_at": datetime(2026, 11, 22, hour, 0, tzinfo=UTC) + timedelta(days=days),
        "minutes": 30,
    }
    wanted = appointments.Booking(**(defaults | fields))
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


def visits(day=TODAY, **more) -> list[diary.Visit]:
    return diary.visits(day, today=TODAY, **more)


def test_a_day_holds_its_own_visits_by_time_in_every_state():
    late, early = booked(hour=16), booked(hour=9, starts_at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    booked(days=1)
    gone = booked(hour=12)
    appointments.cancel(gone, who="patient", reason="Has a cold", by=BY, at=NOW)

    assert [visit.appointment.pk for visit in visits()] == [early.pk, gone.pk, late.pk]
    assert [visit.appointment.state for visit in visits()] == ["booked", "cancelled", "booked"]


def test_a_day_can_be_one_practitioners():
    osei = factories.practitioner(name="Dr Osei")
    mine = booked(practitioner=osei)
    booked()

    assert [visit.appointment.pk for visit in visits(practitioner="Dr Osei")] == [mine.pk]


def test_findings_are_those_of_the_gate_on_the_day_of_the_visit():
    person = factories.patient(born_on=TODAY.replace(year=1955))
    factories.treated(person, TODAY - timedelta(days=200))
    factories.answers(person, on=TODAY - timedelta(days=80))
    booked(patient=person, days=20)
    factories.flag(person, starts_on=TODAY + timedelta(days=10))

    day = TODAY + timedelta(days=20)
    (visit,) = visits(day)

    stored = Appointment.objects.get()
    assert stored.state == AppointmentState.ON_HOLD
    assert list(visit.findings) == courses.judge(stored, history.facts(person), rulebook(TODAY))
    assert {"pregnancy", "questions_out_of_date"} <= {finding.code for finding in visit.findings}
    assert visit.answers == ("out_of_date", TODAY - timedelta(days=80))


def test_what_is_over_is_not_judged():
    person = factories.patient()
    gone = booked(patient=person)
    appointments.mark(gone, AppointmentState.MISSED, by=BY, at=NOW)
    factories.flag(person)

    (visit,) = visits()

    assert (visit.findings, visit.answers) == ((), ("", None))


def test_a_visit_knows_whether_something_was_given_at_it():
    done, empty = booked(), booked(hour=12)
    factories.treated(done.patient, TODAY, appointment=done)
    appointments.mark(empty, AppointmentState.ARRIVED, by=BY, at=NOW)
    appointments.mark(empty, AppointmentState.DONE, by=BY, at=NOW)

    assert [visit.treated for visit in visits()] == [True, False]


@pytest.mark.parametrize("number", [1, 8])
def test_a_day_costs_seven_queries_whatever_its_number_of_visits(django_assert_num_queries, number: int):
    for hour in range(number):
        visit = booked(hour=10 + hour)
        factories.treated(visit.patient, TODAY - timedelta(days=200))
        factories.flag(visit.patient, "anticoagulant_or_antiplatelet")
        factories.answers(visit.patient)
    rulebook(TODAY)

    with django_assert_num_queries(7):
        assert len(visits()) == number


def test_a_free_day_costs_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert visits() == []
