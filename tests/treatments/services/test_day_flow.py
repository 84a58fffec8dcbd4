"""A visit on its day: arrive, check in, treat, done; each step back; and what the desk hears meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment, Consent, Course, Flag, SafetyAnswer, Service
from treatments.queries.rulebook import rulebook
from treatments.rules.findings import Refused
from treatments.rules.vocabulary import TRANSITIONS, Answer, AppointmentState
from treatments.services import appointments, consents, earlier, flags
from treatments.services.appointments import Booking, Stale

pytestmark = pytest.mark.django_db
TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
BOOKED, ARRIVED, CHECKED = AppointmentState.BOOKED, AppointmentState.ARRIVED, AppointmentState.CHECKED
IN_ROOM, DONE, MISSED = AppointmentState.IN_ROOM, AppointmentState.DONE, AppointmentState.MISSED


def visit(person=None, *, starts_at=TEN, **fields) -> Appointment:
    wanted = Booking(
        patient=person or factories.patient(),
        indications=(factories.indication(),),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=starts_at,
        minutes=30,
        **fields,
    )
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


def go(row: Appointment, *states: AppointmentState) -> Appointment:
    for state in states:
        row = appointments.mark(row, state, by="maya", at=TEN)
    return row


def all_no() -> dict[str, Answer]:
    return dict.fromkeys(rulebook(TODAY).questions, Answer.NO)


def check_in(row: Appointment, **fields) -> Appointment:
    return appointments.check_in(row, by="maya", at=TEN, **({"identified": True} | fields))


# ---- steps ----


def test_the_whole_way_and_the_whole_way_back():
    row = visit()
    way = [ARRIVED, CHECKED, IN_ROOM, DONE]

    go(row, *way, *reversed(way[:-1]), BOOKED)

    row.refresh_from_db()
    assert row.state == "booked"
    verbs = AuditEvent.objects.filter(verb__startswith="appointment.").order_by("pk").values_list("verb", flat=True)
    assert [verb.partition(".")[2] for verb in verbs] == [
        "booked", "arrived", "checked", "in_room", "done", "in_room", "checked", "arrived", "booked",
    ]  # fmt: skip


def test_every_state_says_what_may_follow_and_only_what_ended_for_good_stays():
    assert set(TRANSITIONS) == set(AppointmentState)
    assert all(state not in after for state, after in TRANSITIONS.items())
    assert all(AppointmentState.CANCELLED in TRANSITIONS[state] for state in AppointmentState if state.is_live)


@pytest.mark.parametrize(
    ("was", "wanted"),
    [(was, wanted) for was in (BOOKED, ARRIVED, CHECKED, IN_ROOM, DONE, MISSED) for wanted in AppointmentState
     if wanted not in TRANSITIONS[was] or wanted in (AppointmentState.ON_HOLD, AppointmentState.CANCELLED)],
)  # fmt: skip
def test_there_is_no_other_way(was, wanted):
    ways = {
        BOOKED: (),
        ARRIVED: (ARRIVED,),
        CHECKED: (ARRIVED, CHECKED),
        IN_ROOM: (ARRIVED, CHECKED, IN_ROOM),
        DONE: (DONE,),
        MISSED: (MISSED,),
    }
    row = go(visit(), *ways[was])

    with pytest.raises(ValidationError, match=r"Reload|Already"):
        appointments.mark(row, wanted, by="lin", at=TEN)

    row.refresh_from_db()
    assert row.state == was


def test_the_second_person_hears_who_was_first():
    row = go(visit(), ARRIVED)

    with pytest.raises(ValidationError, match=r"Already arrived at 10:00 by maya\."):
        appointments.mark(row, ARRIVED, by="lin", at=TEN + timedelta(minutes=2))


def test_a_step_on_a_page_that_is_too_old_changes_nothing():
    row = visit()
    go(row, ARRIVED)

    with pytest.raises(Stale):
        appointments.mark(row, DONE, by="lin", at=TEN, version=row.version)


def test_a_missed_visit_goes_on_the_list_to_rebook():
    row = go(visit(), MISSED)

    assert row.what_next == "list"
    assert go(row, BOOKED).what_next == ""


def test_a_cancelled_visit_comes_back_while_its_time_is_free_and_nothing_stands_against_it():
    row, taken, stopped = visit(), visit(), visit()
    for one in (row, taken, stopped):
        appointments.cancel(one, who="clinic", reason="By mistake", by="maya", at=TEN)
    again = Booking(
        factories.patient(), (factories.indication(),), taken.practitioner, factories.room(), taken.starts_at, 30
    )
    appointments.book(again, by=factories.staff("reception"), at=NOW, acknowledged=True)
    factories.flag(stopped.patient)

    assert go(row, BOOKED).state == "booked"
    for one in (taken, stopped):
        with pytest.raises(Refused):
            go(one, BOOKED)


# ---- check-in ----


def test_check_in_keeps_who_looked_the_answers_and_the_consent():
    row = check_in(visit(), answers=all_no(), consent_signed=True)

    row.refresh_from_db()
    assert (row.state, row.checked_by, row.checked_at, row.identity_note) == ("checked", "maya", TEN, "")
    assert set(SafetyAnswer.objects.values_list("patient", "answered_on")) == {(row.patient_id, TODAY)}
    assert list(Consent.objects.values_list("patient", "signed_on", "recorded_by")) == [(row.patient_id, TODAY, "maya")]


def test_check_in_asks_who_it_is_or_why_nobody_knows():
    row = visit()

    with pytest.raises(ValidationError, match="Tick both identity checks"):
        check_in(row, identified=False, identity_note="  ", answers=all_no())
    row.refresh_from_db()
    assert (row.state, SafetyAnswer.objects.count()) == ("booked", 0)

    assert check_in(row, identified=False, identity_note="No speech; carer confirms").identity_note.startswith("No")


def test_a_yes_at_the_desk_holds_the_visit_instead():
    row = check_in(visit(), answers=all_no() | {"pregnancy": Answer.YES})

    assert row.state == "on_hold"
    assert Flag.objects.get().kind == "pregnancy"
    assert row.checked_at is None


def test_going_back_to_arrived_forgets_the_check_in():
    row = check_in(visit())

    go(row, ARRIVED)

    row.refresh_from_db()
    assert (row.checked_by, row.checked_at) == ("", None)


@pytest.mark.parametrize("steps", [(ARRIVED, CHECKED), (ARRIVED, CHECKED, IN_ROOM)])
def test_who_is_checked_in_is_taken_back_before_the_visit_is_moved(steps):
    row = go(visit(), *steps)
    when = {"practitioner": row.practitioner, "room": row.room, "starts_at": TEN + timedelta(hours=2), "minutes": 30}

    with pytest.raises(ValidationError, match="Take the visit back to arrived"):
        appointments.move(row, by=factories.staff("reception"), at=NOW, acknowledged=True, **when)

    go(row, *((CHECKED, ARRIVED) if IN_ROOM in steps else (ARRIVED,)))
    moved = appointments.move(row, by=factories.staff("reception"), at=NOW, acknowledged=True, **when)
    assert (moved.state, moved.checked_at) == ("booked", None)


def test_a_check_in_is_forgotten_with_the_hold_that_followed_it():
    row = check_in(visit())
    flag = factories.flag(row.patient)
    flags.enter_in_error(flag, reason="Entered for the wrong patient", by="osei", at=TEN)

    released = appointments.release(row, by="osei", at=TEN)

    assert (released.state, released.checked_by, released.checked_at) == ("booked", "", None)


def test_consent_is_withdrawn_from_today_and_kept():
    row = check_in(visit(), consent_signed=True)

    assert consents.withdraw(row.patient, by="lin", at=TEN) == 1
    assert consents.withdraw(row.patient, by="lin", at=TEN) == 0
    assert Consent.objects.get().withdrawn_on == TODAY


# ---- what next, earlier ----


def test_closing_until_the_patient_asks_stops_the_courses_of_the_visit():
    row = visit()

    appointments.cancel(row, who="patient", reason="Moves away", what_next="close", by="maya", at=TEN)

    assert Course.objects.get(patient=row.patient).stopped_on == TODAY


def test_what_next_is_one_of_three():
    row = visit()

    with pytest.raises(ValidationError, match="Choose what happens next"):
        appointments.cancel(row, who="patient", reason="Moves away", what_next="never", by="maya", at=TEN)


def test_a_new_time_ends_the_wish_for_an_earlier_one_and_asking_twice_keeps_the_place():
    person = factories.patient()
    first = earlier.ask(person, by="maya", at=NOW, note="Mornings")
    second = earlier.ask(person, by="lin", at=TEN, note="Mornings, not Friday")

    visit(person)

    second.refresh_from_db()
    assert (first.pk, second.asked_by, second.note) == (second.pk, "maya", "Mornings, not Friday")
    assert (second.ended_at, second.ended_why) == (NOW, "booked")


# ---- a visit without a treatment ----


def test_a_consultation_is_booked_and_kept_under_a_hard_stop_but_not_after_death():
    service = Service.objects.create(name="Consultation", is_treatment=False, minutes=20)
    person = factories.patient()
    factories.flag(person)
    row = visit(person, service=service)

    factories.flag(person, "breastfeeding")
    row.refresh_from_db()
    assert row.state == "booked"

    type(person).objects.filter(pk=person.pk).update(died_on=TODAY)
    with pytest.raises(Refused, match="died"):
        visit(person, service=service, starts_at=TEN + timedelta(days=1))


def test_only_a_sooner_time_fulfils_the_wish_for_one():
    row = visit(starts_at=TEN + timedelta(days=7))
    wish = earlier.ask(row.patient, by="maya", at=NOW)
    when = {"practitioner": row.practitioner, "room": row.room, "minutes": 30, "by": factories.staff("reception")}

    appointments.move(row, starts_at=TEN + timedelta(days=9), at=NOW, acknowledged=True, **when)
    wish.refresh_from_db()
    assert wish.ended_at is None

    appointments.move(row, starts_at=TEN + timedelta(days=2), at=NOW, acknowledged=True, **when)
    wish.refresh_from_db()
    assert wish.ended_why == "booked"
