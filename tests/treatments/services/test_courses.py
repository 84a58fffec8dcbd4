"""The stored dates of courses, and the visits that a changed fact puts on hold."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment, Course, CourseBlock
from treatments.services import appointments, courses, flags, patients, treatments

pytestmark = pytest.mark.django_db


def visit(person, *, on=date(2026, 12, 1), areas=("glabellar_lines",)) -> Appointment:
    wanted = appointments.Booking(
        patient=person,
        indications=tuple(factories.indication(code) for code in areas),
        practitioner=factories.practitioner(),
        room=factories.room(),
        starts_at=datetime(on.year, on.month, on.day, 10, tzinfo=UTC),
        minutes=30,
    )
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


# ---- ensure, refresh ----


def test_ensure_makes_each_course_once_in_the_order_asked_for():
    person = factories.patient()
    wanted = [factories.indication(code) for code in ("chronic_migraine", "glabellar_lines")]

    made = courses.ensure(person, wanted, on=TODAY)
    again = courses.ensure(person, wanted, on=TODAY)

    assert [course.indication.code for course in made] == ["chronic_migraine", "glabellar_lines"]
    assert [course.pk for course in again] == [course.pk for course in made]
    assert Course.objects.filter(patient=person).count() == 2


def test_ensure_writes_the_blocks_of_a_new_course():
    person = factories.patient()
    flag = factories.flag(person)

    [course] = courses.ensure(person, [factories.indication()], on=TODAY)

    assert list(CourseBlock.objects.values_list("course", "flag", "label")) == [(course.pk, flag.pk, "Pregnant")]


def test_refresh_says_how_many_rows_differed_and_mends_them():
    person = factories.patient()
    factories.treated(person, date(2026, 8, 20))
    right = Course.objects.get(patient=person)
    Course.objects.update(due_from=TODAY, doubt="wrong")

    assert courses.refresh([person.pk], on=TODAY) == 1
    assert courses.refresh([person.pk], on=TODAY) == 0

    course = Course.objects.get(patient=person)
    assert (course.due_from, course.doubt) == (right.due_from, right.doubt)
    assert course.due_from == date(2026, 11, 20)


def test_refresh_mends_blocks_that_differ():
    person = factories.patient()
    courses.ensure(person, [factories.indication()], on=TODAY)
    factories.flag(person)
    CourseBlock.objects.all().delete()

    assert courses.refresh([person.pk], on=TODAY) == 1
    assert CourseBlock.objects.count() == 1


def test_refresh_leaves_other_patients_alone():
    person, other = factories.patient(), factories.patient()
    factories.treated(person, date(2026, 8, 20))
    factories.treated(other, date(2026, 8, 20))
    Course.objects.update(due_from=TODAY)

    assert courses.refresh([person.pk], on=TODAY) == 1
    assert Course.objects.get(patient=other).due_from == TODAY


# ---- hold ----


def test_a_flag_holds_the_visits_it_covers_and_no_others():
    person = factories.patient()
    covered, later = visit(person), visit(person, on=date(2026, 12, 20))

    factories.flag(person, "pregnancy", ends_on=date(2026, 12, 20))

    covered.refresh_from_db()
    later.refresh_from_db()
    assert (covered.state, covered.state_reason) == ("on_hold", "Pregnancy.")
    assert later.state == "booked"
    event = AuditEvent.objects.get(verb="appointment.held")
    assert (event.object_id, [f["code"] for f in event.findings]) == (covered.public_id, ["pregnancy"])


def test_a_flag_holds_a_patient_who_has_arrived():
    booked = visit(factories.patient())
    Appointment.objects.filter(pk=booked.pk).update(state="arrived")

    factories.flag(booked.patient)

    booked.refresh_from_db()
    assert booked.state == "on_hold"


@pytest.mark.parametrize("state", ["cancelled", "missed", "done"])
def test_what_is_over_is_not_held(state):
    booked = visit(factories.patient())
    Appointment.objects.filter(pk=booked.pk).update(state=state)

    factories.flag(booked.patient)

    booked.refresh_from_db()
    assert booked.state == state


def test_visits_of_other_patients_are_not_held():
    booked = visit(factories.patient())

    factories.flag(factories.patient())

    booked.refresh_from_db()
    assert booked.state == "booked"


def test_nothing_un_holds_by_itself():
    booked = visit(factories.patient())
    flag = factories.flag(booked.patient)

    flags.end(flag, ends_on=TODAY, by="tester", at=NOW)
    courses.rejudge(booked.patient, by="tester", at=NOW)

    booked.refresh_from_db()
    assert booked.state == "on_hold"


def test_a_flag_entered_in_error_holds_until_somebody_releases():
    booked = visit(factories.patient())
    flag = factories.flag(booked.patient)

    flags.enter_in_error(flag, reason="Mixed up with her sister", by="tester", at=NOW)

    booked.refresh_from_db()
    assert booked.state == "on_hold"


def test_the_reason_of_a_hold_follows_what_stands():
    booked = visit(factories.patient())
    first = factories.flag(booked.patient, "pregnancy")
    factories.flag(booked.patient, "breastfeeding")

    flags.end(first, ends_on=TODAY, by="tester", at=NOW)

    booked.refresh_from_db()
    assert (booked.state, booked.state_reason) == ("on_hold", "Breastfeeding.")
    assert AuditEvent.objects.filter(verb="appointment.held").count() == 1


def test_a_treatment_holds_a_visit_that_is_now_too_soon_and_voiding_it_does_not_release():
    booked = visit(factories.patient())

    given = factories.treated(booked.patient, TODAY)
    booked.refresh_from_db()
    held = booked.state
    treatments.void(given, reason="Entered for the wrong patient", by="tester", at=NOW)
    booked.refresh_from_db()

    assert (held, booked.state) == ("on_hold", "on_hold")


def test_a_treatment_of_something_else_holds_nothing():
    booked = visit(factories.patient())

    factories.treated(booked.patient, TODAY, area="axillary_hyperhidrosis", units="50")

    booked.refresh_from_db()
    assert booked.state == "booked"


def test_a_death_holds_every_visit_after_it():
    booked = visit(factories.patient())

    patients.amend(booked.patient, changes={"died_on": TODAY}, by="tester", at=NOW)

    booked.refresh_from_db()
    assert (booked.state, booked.state_reason) == ("on_hold", "The patient died on 22-Nov-2026.")


def test_a_caution_holds_nothing_and_is_kept_on_the_visit():
    booked = visit(factories.patient())

    factories.flag(booked.patient, "anticoagulant_or_antiplatelet")

    booked.refresh_from_db()
    assert booked.state == "booked"
    assert "anticoagulant_or_antiplatelet" in [f["code"] for f in booked.findings]


def test_rejudging_twice_changes_nothing_more():
    booked = visit(factories.patient())
    factories.flag(booked.patient)
    booked.refresh_from_db()
    version = booked.version

    assert courses.rejudge(booked.patient, by="tester", at=NOW + timedelta(minutes=1)) == []

    booked.refresh_from_db()
    assert booked.version == version
    assert AuditEvent.objects.filter(verb="appointment.held").count() == 1


# ---- stop ----


def test_stop_and_run_again_leave_their_rows():
    [course] = courses.ensure(factories.patient(), [factories.indication()], on=TODAY)

    courses.stop(course, reason="Moved abroad", by="tester", at=NOW)
    stopped = (course.stopped_on, course.stopped_reason, Course.objects.stopped(TODAY).exists())
    courses.stop(course, reason="", by="tester", at=NOW)

    assert stopped == (TODAY, "Moved abroad", True)
    assert (course.stopped_on, course.stopped_reason, Course.objects.running(TODAY).exists()) == (None, "", True)
    assert list(
        AuditEvent.objects.filter(verb__startswith="course.").order_by("pk").values_list("verb", flat=True)
    ) == [
        "course.stopped",
        "course.resumed",
    ]


def test_stopping_a_stopped_course_changes_nothing():
    [course] = courses.ensure(factories.patient(), [factories.indication()], on=TODAY)
    courses.stop(course, reason="Moved abroad", by="tester", at=NOW)

    courses.stop(course, reason="Another reason", by="tester", at=NOW)

    assert course.stopped_reason == "Moved abroad"
    assert AuditEvent.objects.filter(verb="course.stopped").count() == 1
