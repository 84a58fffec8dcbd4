"""What the call list reads of a course follows every fact, in its own transaction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import transaction

from clinic.models import Practitioner, Room
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, Course, Patient
from treatments.rules.calls import NO_END
from treatments.rules.vocabulary import AppointmentState, TreatmentKind
from treatments.services import appointments, call_list, courses, flags, merges, patients, treatments

pytestmark = pytest.mark.django_db
TREATED = date(2026, 7, 1)


def course(person: Patient | None = None, area: str = "glabellar_lines", **fields) -> Course:
    person = person or factories.patient()
    factories.treated(person, TREATED, area=area, **fields)
    return person.courses.get(indication__code=area)


def book(wanted: Course, *, days: int = 3, at: datetime = NOW) -> Appointment:
    booking = appointments.Booking(
        patient=wanted.patient,
        indications=(wanted.indication,),
        practitioner=Practitioner.objects.first() or factories.practitioner(),
        room=Room.objects.first() or factories.room(),
        starts_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC) + timedelta(days=days),
        minutes=30,
    )
    return appointments.book(booking, by=factories.staff("reception"), at=at, acknowledged=True)


def kept(wanted: Course, *names: str) -> tuple:
    """The columns as they stand in the database, which a plain recomputation would not change."""
    assert call_list.keep([wanted.patient_id]) == set()
    return Course.objects.values_list(*names).get(pk=wanted.pk)


def in_days(number: int) -> date:
    return TODAY + timedelta(days=number)


def test_a_course_of_nobody_special_is_plain():
    assert kept(course(), *call_list.KEPT) == (None, None, None, None, None, False, None, 2, None)


# ---- visits ----


def test_a_booked_visit_and_the_last_of_several():
    wanted = course()

    book(wanted, days=9)
    book(wanted, days=3)

    assert kept(wanted, "booked_until", "held_until", "rebook_since") == (in_days(9), None, None)


def test_a_visit_that_moves_takes_its_day_along():
    wanted = course()
    visit = book(wanted)

    appointments.move(
        visit, practitioner=visit.practitioner, room=visit.room, starts_at=visit.starts_at + timedelta(days=4),
        minutes=30, by=factories.staff("reception"), at=NOW, acknowledged=True,
    )  # fmt: skip

    assert kept(wanted, "booked_until") == (in_days(7),)


@pytest.mark.parametrize(("what_next", "since"), [("list", TODAY), ("rebook", TODAY), ("", None)])
def test_a_cancelled_visit_is_to_be_booked_again_where_that_is_wanted(what_next: str, since: date | None):
    wanted = course()

    appointments.cancel(book(wanted), who="patient", reason="Unwell", what_next=what_next, by=BY, at=NOW)

    assert kept(wanted, "booked_until", "rebook_since") == (None, since)


def test_closing_until_the_patient_asks_closes_the_course_and_undo_opens_it():
    wanted = course()
    visit = appointments.cancel(book(wanted), who="patient", reason="Away", what_next="close", by=BY, at=NOW)
    assert kept(wanted, "closed_on", "rebook_since") == (TODAY, None)

    appointments.mark(visit, AppointmentState.BOOKED, by=BY, at=NOW)

    assert kept(wanted, "closed_on", "booked_until") == (None, in_days(3))


def test_a_missed_visit_is_to_be_booked_again_until_it_is():
    wanted = course()
    visit = book(wanted, days=0)
    later = NOW + timedelta(hours=3)

    appointments.mark(visit, AppointmentState.MISSED, by=BY, at=later)
    assert kept(wanted, "booked_until", "rebook_since") == (None, TODAY)
    book(wanted, at=later + timedelta(minutes=5))

    assert kept(wanted, "booked_until", "rebook_since") == (in_days(3), None)


def test_a_mistaken_missed_is_taken_back():
    wanted = course()
    visit = appointments.mark(book(wanted, days=0), AppointmentState.MISSED, by=BY, at=NOW)

    appointments.mark(visit, AppointmentState.BOOKED, by=BY, at=NOW)

    assert kept(wanted, "booked_until", "rebook_since") == (TODAY, None)


def test_a_visit_on_hold_ranks_first_until_it_is_released():
    wanted = course()
    visit = book(wanted)
    flag = factories.flag(wanted.patient)
    assert kept(wanted, "booked_until", "held_until", "call_rank") == (None, in_days(3), 0)

    flags.end(flag, ends_on=TODAY, by=BY, at=NOW)
    visit.refresh_from_db()
    appointments.release(visit, by=BY, at=NOW)

    assert kept(wanted, "booked_until", "held_until", "call_rank") == (in_days(3), None, 2)


def test_a_treatment_at_the_visit_ends_the_booking():
    wanted = course()
    visit = book(wanted, days=0)

    factories.treated(wanted.patient, TODAY, appointment=visit)

    assert kept(wanted, "booked_until", "rebook_since", "call_rank") == (None, None, 3)


def test_a_visit_for_another_course_books_nothing_here():
    person = factories.patient()
    wanted, other = course(person), course(person, "forehead_lines")

    book(other)

    assert kept(wanted, "booked_until") == (None,)
    assert kept(other, "booked_until") == (in_days(3),)


# ---- flags, death, stop, consent ----


def test_the_end_of_the_last_block():
    wanted = course()
    factories.flag(wanted.patient, "aminoglycoside", starts_on=in_days(-9), ends_on=in_days(4))
    assert kept(wanted, "blocked_until") == (in_days(4),)

    flag = factories.flag(wanted.patient, "pregnancy", starts_on=in_days(30))
    assert kept(wanted, "blocked_until") == (NO_END,)
    flags.enter_in_error(flag, reason="Mixed up with her sister", by=BY, at=NOW)

    assert kept(wanted, "blocked_until") == (in_days(4),)


def test_death_and_stop_close_a_course_on_the_earlier_day():
    wanted = course()
    courses.stop(wanted, reason="Moved away", by=BY, at=NOW)
    assert kept(wanted, "closed_on") == (TODAY,)

    patients.amend(wanted.patient, changes={"died_on": in_days(-8)}, by=BY, at=NOW)
    assert kept(wanted, "closed_on") == (in_days(-8),)
    courses.stop(wanted, reason="", by=BY, at=NOW)

    assert kept(wanted, "closed_on") == (in_days(-8),)


@pytest.mark.parametrize(("consent", "opted_out"), [("no", True), ("yes", False), ("", False)])
def test_who_said_no_to_reminders_is_out(consent: str, opted_out: bool):
    wanted = course(factories.patient(contact_consent="yes" if consent != "yes" else "no"))

    patients.amend(wanted.patient, changes={"contact_consent": consent}, by=BY, at=NOW)

    assert kept(wanted, "opted_out") == (opted_out,)


def test_a_new_course_of_somebody_who_said_no_is_out_from_the_start():
    assert kept(course(factories.patient(contact_consent="no")), "opted_out") == (True,)


# ---- treatments ----


def test_the_rank_follows_what_was_given_and_voided():
    person = factories.patient()
    wanted = course(person, "chronic_migraine", units="155")
    assert kept(wanted, "call_rank") == (2,)

    second = factories.treated(person, date(2026, 10, 1), area="chronic_migraine", units="155")
    assert kept(wanted, "call_rank") == (1,)
    treatments.void(second, reason="Entered for the wrong patient", by=BY, at=NOW)

    assert kept(wanted, "call_rank") == (2,)


# ---- who injected ----


def test_the_last_injector_follows_what_counts_as_a_full_treatment():
    osei, lin = factories.practitioner(name="Dr Osei"), factories.practitioner(name="T. Lin")
    wanted = course(practitioner=osei)
    factories.treated(wanted.patient, TREATED + timedelta(days=14), kind=TreatmentKind.TOUCH_UP, practitioner=lin)
    assert kept(wanted, "last_injector__name") == ("Dr Osei",)

    later = factories.treated(wanted.patient, TREATED + timedelta(days=120), practitioner=lin)
    assert kept(wanted, "last_injector__name") == ("T. Lin",)

    treatments.void(later, reason="Entered for the wrong patient", by=BY, at=NOW)
    assert kept(wanted, "last_injector__name") == ("Dr Osei",)


def test_a_last_treatment_by_nobody_known_names_nobody():
    wanted = course(practitioner=factories.practitioner(name="Dr Osei"))

    factories.treated(wanted.patient, TREATED + timedelta(days=120), practitioner=None)

    assert kept(wanted, "last_injector") == (None,)


# ---- two records of one person ----


def test_a_merge_and_its_undo_carry_bookings_over():
    kept_one, gone = factories.patient(), factories.patient()
    mine, theirs = course(kept_one), course(gone)
    book(theirs)

    done = merges.merge(kept_one, gone, reason="The same person twice", by=BY, at=NOW)
    assert kept(mine, "booked_until", "held_until") in ((in_days(3), None), (None, in_days(3)))
    assert kept(theirs, "booked_until", "held_until", "closed_on") == (None, None, TODAY)
    merges.undo(done, by=BY, at=NOW)

    assert kept(mine, "booked_until", "held_until", "closed_on") == (None, None, None)
    assert kept(theirs, "closed_on") == (None,)


# ---- all of it ----


def test_what_was_tampered_with_is_counted_and_put_right(capsys):
    wanted, other = course(), course()
    book(wanted)
    Course.objects.filter(pk=wanted.pk).update(booked_until=None, call_rank=0)

    call_command("recompute", skip_checks=True)
    call_command("recompute", skip_checks=True)

    assert capsys.readouterr().out.splitlines() == [
        "2 courses recomputed, 1 differed.",
        "2 courses recomputed, 0 differed.",
    ]
    assert kept(wanted, "booked_until", "call_rank") == (in_days(3), 2)
    assert kept(other, "booked_until") == (None,)


def test_nothing_is_kept_of_an_act_that_failed():
    wanted = course()

    with transaction.atomic():
        book(wanted)
        transaction.set_rollback(True)

    assert kept(wanted, "booked_until") == (None,)


@pytest.mark.parametrize("number", [1, 3])
def test_keeping_one_and_three_patients_costs_the_same(django_assert_num_queries, number: int):
    people = [course().patient_id for _n in range(number)]

    with django_assert_num_queries(4):
        assert call_list.keep(people) == set()
