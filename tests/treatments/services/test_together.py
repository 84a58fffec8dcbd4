"""Several people at the same moment: each act waits for the other, and nothing wrong gets through between them."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, CatalogueState, Contraindication, Flag, Patient, Treatment
from treatments.queries import history
from treatments.queries.invariants import violations
from treatments.queries.rulebook import rulebook
from treatments.rules.findings import Refused, stops
from treatments.rules.vocabulary import Answer, TreatmentKind
from treatments.services import appointments, catalogue, courses, flags, merges, patients, signing, treatments
from treatments.services.diary import Booking, TimeTaken
from treatments.services.signing import AlreadySigned

pytestmark = pytest.mark.django_db(transaction=True)
SOON = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
THINNERS = "anticoagulant_or_antiplatelet"


@pytest.fixture(autouse=True)
def _catalogue(_django_db_helper):
    """The catalogue again: a test with real transactions ends with every table empty."""
    factories.load_catalogue()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act returned or raised, all of them started together, each with a connection of its own."""
    start, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            start.wait(20)
            results[number] = act()
        except Exception as error:  # it is what the test looks at
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def booking(person: Patient, practitioner, room, starts_at: datetime = SOON) -> Booking:
    return Booking(person, (factories.indication(),), practitioner, room, starts_at, 30)


def booked(wanted: Booking, by) -> Callable[[], Appointment]:
    return lambda: appointments.book(wanted, by=by, at=NOW, acknowledged=True)


def rule(code: str = THINNERS) -> Contraindication:
    return Contraindication.objects.get(code=code, effective_until__isnull=True)


def stricter(row: Contraindication, severity: str = "hard_stop") -> Callable[[], Any]:
    return lambda: catalogue.revise(
        Contraindication.objects.get(pk=row.pk), changes={"severity": severity}, by=BY, at=NOW
    )


def test_of_four_bookings_of_one_practitioner_one_is_made():
    practitioner, by = factories.practitioner(), factories.staff("reception")
    people, rooms = [factories.patient() for _i in range(4)], [factories.room() for _i in range(4)]
    acts = [booked(booking(p, practitioner, room), by) for p, room in zip(people, rooms, strict=True)]

    results = at_once(*acts)

    assert sum(isinstance(result, TimeTaken) for result in results) == 3
    assert Appointment.objects.live().count() == 1


@pytest.mark.parametrize("_try", range(3))
def test_a_flag_and_a_booking_end_with_no_confirmed_visit(_try):
    person, by = factories.patient(), factories.staff("reception")
    wanted = booking(person, factories.practitioner(), factories.room())

    results = at_once(
        booked(wanted, by),
        lambda: flags.raise_flag(
            patient=person, kind="pregnancy", starts_on=TODAY, review_on=date(2027, 3, 1), by=BY, at=NOW
        ),
    )

    assert isinstance(results[1], Flag)
    assert not Appointment.objects.filter(state__in=["booked", "arrived"]).exists()


def test_three_presses_of_one_signature_make_one_treatment():
    person = factories.patient()
    record = treatments.Record(
        performed_on=TODAY,
        kind=TreatmentKind.FULL,
        product=factories.product(),
        lot_number="C4821AB",
        lot_expires_on=date(2030, 1, 31),
        lines=(treatments.Line("glabellar_lines", "procerus", Decimal(20)),),
    )
    answers = dict.fromkeys(rulebook(TODAY).questions, Answer.NO)

    def sign() -> Treatment:
        return signing.sign(record, patient=person, answers=answers, by=BY, at=NOW, acknowledged=True)

    results = at_once(sign, sign, sign)

    assert sorted(type(result).__name__ for result in results) == [AlreadySigned.__name__] * 2 + ["Treatment"]
    assert Treatment.objects.count() == 1


@pytest.mark.parametrize("_try", range(3))
def test_a_rule_that_becomes_stricter_meets_every_booking_made_meanwhile(_try):
    by, row, acts = factories.staff("reception"), rule(), []
    for _i in range(4):
        person = factories.patient()
        factories.flag(person, THINNERS)
        acts.append(booked(booking(person, factories.practitioner(), factories.room()), by))

    results = at_once(stricter(row), *acts)

    assert isinstance(results[0], Contraindication)
    for visit in Appointment.objects.filter(state="booked"):
        assert not stops(courses.judge(visit, history.facts(visit.patient), rulebook(TODAY)))


def test_two_rules_changed_at_once_are_both_in_effect_and_read_by_everybody():
    for _i in range(3):
        factories.treated(factories.patient(), TODAY - timedelta(days=100))

    at_once(stricter(rule()), stricter(rule("anticholinergics"), "soft_stop"))

    assert CatalogueState.objects.count() == 1
    book = rulebook(TODAY)
    assert book.contraindications[THINNERS].severity == "hard_stop"
    assert book.contraindications["anticholinergics"].severity == "soft_stop"
    assert courses.refresh(Patient.objects.values_list("pk", flat=True), on=TODAY) == 0


def test_one_rule_changed_twice_at_once_has_one_version_in_effect():
    row = rule()

    results = at_once(stricter(row), stricter(row), stricter(row))

    assert sorted(isinstance(result, ValidationError) for result in results) == [False, True, True]
    assert rule().severity == "hard_stop"
    assert AuditEvent.objects.filter(verb="rule.revised").count() == 1


def test_one_person_registered_twice_at_once_is_one_person():
    def register() -> Patient:
        return patients.register(by=BY, at=NOW, family_name="Marsh", given_name="Alina", born_on=date(1985, 7, 14))

    results = at_once(register, register, register)

    assert sum(isinstance(result, patients.Resembles) for result in results) == 2
    assert Patient.objects.count() == 1


# ---- merging ----


def test_a_merge_beside_a_booking_a_flag_and_a_treatment_leaves_nothing_with_the_record_that_goes():
    for number in range(4):
        kept, gone = factories.patient(), factories.patient()
        by, soon = factories.staff("reception"), SOON + timedelta(days=number)
        wanted = booking(gone, factories.practitioner(), factories.room(), soon)

        results = at_once(
            lambda kept=kept, gone=gone: merges.merge(kept, gone, reason="The same person", by=BY, at=NOW),
            booked(wanted, by),
            lambda gone=gone: factories.flag(gone, "pregnancy"),
            lambda gone=gone: factories.treated(gone, date(2026, 8, 1)),
        )

        assert [type(result) for result in results if isinstance(result, Exception)] in ([], [Refused])
        owners = {row.patient for model in (Appointment, Flag, Treatment) for row in model.objects.order_by("-pk")[:1]}
        assert gone not in owners
        assert courses.refresh([kept.pk, gone.pk], on=TODAY) == 0
        assert violations(connection) == []


def test_of_two_merges_of_the_same_two_records_one_is_done():
    one, other = factories.patient(), factories.patient()

    results = at_once(
        lambda: merges.merge(one, other, reason="The same person", by=BY, at=NOW),
        lambda: merges.merge(other, one, reason="The same person", by=BY, at=NOW),
    )

    assert sorted(type(result).__name__ for result in results) == ["PatientMerge", "ValidationError"]
    assert Patient.objects.filter(merged_into__isnull=False).count() == 1


def test_a_merge_undone_twice_at_once_is_undone_once():
    done = merges.merge(factories.patient(), factories.patient(), reason="The same person", by=BY, at=NOW)

    results = at_once(*[lambda: merges.undo(done, by=BY, at=NOW)] * 2)

    assert sorted(type(result).__name__ for result in results) == ["PatientMerge", "ValidationError"]
    assert AuditEvent.objects.filter(verb="patient.merge_undone").count() == 2  # one in the trail of each record
