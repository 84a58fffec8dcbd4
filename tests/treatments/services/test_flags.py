"""Flags: raising is never refused for what it stops; ending, confirming and correcting leave their rows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment, Flag, Patient
from treatments.queries.rulebook import rulebook
from treatments.services import appointments, flags

pytestmark = pytest.mark.django_db
NEXT_YEAR = date(2027, 4, 2)


def raised(person: Patient | None = None, kind: str = "pregnancy", **fields) -> Flag:
    wanted = {"starts_on": TODAY, "review_on": NEXT_YEAR} | fields
    return flags.raise_flag(patient=person or factories.patient(), kind=kind, by="inj", at=NOW, **wanted)


def visit(person: Patient, day: int = 1) -> Appointment:
    booking = appointments.Booking(
        patient=person,
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(2026, 12, day, 10, 0, tzinfo=UTC),
        minutes=30,
    )
    return appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)


def test_raising_writes_one_audit_row() -> None:
    flag = raised(source="Patient, by phone")

    event = AuditEvent.objects.get(verb="flag.raised", object_id=flag.public_id)
    assert (event.by, event.patient_id) == ("inj", flag.patient.public_id)
    assert event.details == {"kind": "pregnancy", "starts_on": "2026-11-22", "ends_on": None}


@pytest.mark.parametrize("kind", ["pregnancy", "breastfeeding"])
def test_raising_holds_the_visits_it_covers_and_no_others(kind: str) -> None:
    person = factories.patient()
    before, during, after = visit(person, 1), visit(person, 8), visit(person, 20)

    raised(person, kind, starts_on=date(2026, 12, 5), ends_on=date(2026, 12, 20))

    states = [Appointment.objects.get(pk=each.pk).state for each in (before, during, after)]
    assert states == ["booked", "on_hold", "booked"]


def test_ending_does_not_take_a_visit_off_hold() -> None:
    person = factories.patient()
    held, flag = visit(person), raised(person)

    flags.end(flag, ends_on=TODAY, by="inj", at=NOW, reason="Told by the patient")

    held.refresh_from_db()
    flag.refresh_from_db()
    event = AuditEvent.objects.get(verb="flag.ended")
    assert (held.state, flag.ends_on, flag.review_on, flag.ended_by) == ("on_hold", TODAY, None, "inj")
    assert (event.reason, event.details) == ("Told by the patient", {"ends_on": "2026-11-22"})


def test_ending_gives_the_course_its_dates_back() -> None:
    person = factories.patient()
    factories.treated(person, date(2026, 8, 1))
    flag = raised(person)
    held = person.courses.get().blocks.count()

    flags.end(flag, ends_on=date(2026, 12, 24), by="inj", at=NOW)

    assert (held, person.courses.get().earliest_on) == (1, date(2026, 11, 1))
    assert person.courses.get().blocks.get().ends_on == date(2026, 12, 24)


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"kind": "under_age_cosmetic"}, "kind", "Choose what the flag is about."),
        ({"kind": "no_such_thing"}, "kind", "Choose what the flag is about."),
        ({"starts_on": date(1985, 7, 13)}, "starts_on", "The start must be the same as or after the date of birth."),
        (
            {"ends_on": date(2026, 11, 21)},
            "ends_on",
            "End date must be the same as or after 22-Nov-2026 when it started.",
        ),
        ({"review_on": None}, "review_on", "Enter when it ends, or when to ask again."),
        ({"note": "a\x00b"}, "note", "Remove the hidden character at position 2."),
    ],
)
def test_raising_refuses_what_no_flag_can_be(fields: dict, field: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        raised(**fields)

    assert refused.value.message_dict == {field: [sentence]}
    assert not Flag.objects.exists()


def test_what_does_not_pass_needs_no_review() -> None:
    assert raised(kind="myasthenia_gravis", review_on=None).review_on is None


def test_confirming_sets_the_next_review_and_keeps_the_flag_in_force() -> None:
    flag = raised()

    flags.confirm(flag, review_on=date(2027, 6, 1), by="inj", at=NOW, reason="Seen today")

    flag.refresh_from_db()
    assert (flag.review_on, flag.ends_on) == (date(2027, 6, 1), None)
    assert AuditEvent.objects.get(verb="flag.confirmed").reason == "Seen today"


@pytest.mark.parametrize("review_on", [TODAY, TODAY - timedelta(days=1)])
def test_confirming_needs_a_day_to_come(review_on: date) -> None:
    with pytest.raises(ValidationError, match="after today"):
        flags.confirm(raised(), review_on=review_on, by="inj", at=NOW)


def test_entered_in_error_counts_nowhere_and_stays_readable() -> None:
    person = factories.patient()
    flag = raised(person)

    flags.enter_in_error(flag, reason="Meant for another patient", by="inj", at=NOW)

    flag.refresh_from_db()
    assert (flag.in_error, flag.error_reason) == (True, "Meant for another patient")
    assert list(person.flags.in_force(TODAY)) == []


def test_entered_in_error_needs_a_reason() -> None:
    flag = raised()

    with pytest.raises(ValidationError, match="10 characters or more"):
        flags.enter_in_error(flag, reason="oops", by="inj", at=NOW)

    flag.refresh_from_db()
    assert flag.in_error is False


def test_nothing_changes_a_flag_that_was_entered_in_error() -> None:
    flag = raised()
    flags.enter_in_error(flag, reason="Meant for another patient", by="inj", at=NOW)

    for change in (
        lambda: flags.end(flag, ends_on=TODAY, by="inj", at=NOW),
        lambda: flags.confirm(flag, review_on=NEXT_YEAR, by="inj", at=NOW),
        lambda: flags.enter_in_error(flag, reason="Once more, for sure", by="inj", at=NOW),
    ):
        with pytest.raises(ValidationError, match="can no longer be changed"):
            change()


@pytest.mark.parametrize(("day", "holds"), [(-1, False), (0, True), (9, True), (10, False)])
def test_a_flag_holds_from_its_first_day_until_the_day_before_its_end(day: int, holds: bool) -> None:
    person = factories.patient()
    flag = raised(person, ends_on=TODAY + timedelta(days=10))

    assert list(person.flags.in_force(TODAY + timedelta(days=day))) == ([flag] if holds else [])


@pytest.mark.parametrize(
    ("kind", "day"),
    [("pregnancy", date(2027, 2, 20)), ("infection_at_site", date(2026, 12, 6)), ("myasthenia_gravis", None)],
)
def test_proposed_review(kind: str, day: date | None) -> None:
    assert flags.proposed_review(kind, TODAY, rulebook(TODAY)) == day
