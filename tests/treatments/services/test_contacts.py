"""What comes of a call: the contact is kept, the course rests, and one press takes it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import ContactAttempt, Course, Patient
from treatments.rules.vocabulary import Outcome
from treatments.services import call_list, contacts, courses, merges, patients, replies, treatments

pytestmark = pytest.mark.django_db
OVERDUE = date(2026, 7, 1)
LATER = NOW + timedelta(hours=2)


def course(person: Patient | None = None, on: date = OVERDUE, area: str = "glabellar_lines") -> Course:
    person = person or factories.patient(phone="07700 900911", contact_consent="yes")
    factories.treated(person, on, area=area)
    return person.courses.get(indication__code=area)


def log(wanted: Course, outcome: Outcome = Outcome.NO_ANSWER, *, at=NOW, **fields) -> ContactAttempt:
    return contacts.log(wanted, outcome=outcome, by=BY, at=at, **fields)


def rests_until(wanted: Course) -> date | None:
    return Course.objects.values_list("snoozed_until", flat=True).get(pk=wanted.pk)


def in_days(number: int) -> date:
    return TODAY + timedelta(days=number)


# ---- log ----


@pytest.mark.parametrize(
    ("outcome", "days"), [(Outcome.NO_ANSWER, 2), (Outcome.LEFT_MESSAGE, 5), (Outcome.WILL_CALL, 7)]
)
def test_each_outcome_has_its_rest(outcome: Outcome, days: int):
    wanted = course()

    attempt = log(wanted, outcome)

    assert (attempt.snoozed_until, rests_until(wanted)) == (in_days(days), in_days(days))
    assert (attempt.by, attempt.at, attempt.way, attempt.cycle_on) == (BY, NOW, "phone", OVERDUE)
    event = AuditEvent.objects.get(verb="contact.logged")
    assert event.patient_id == wanted.patient.public_id
    assert event.details == {
        "course": "glabellar_lines", "outcome": outcome.value, "way": "phone", "back_on": in_days(days).isoformat(),
    }  # fmt: skip


def test_one_call_is_about_every_course_that_is_up():
    person = factories.patient()
    wanted, also = course(person), course(person, area="forehead_lines")
    not_yet = course(person, on=TODAY, area="chronic_migraine")

    attempt = log(wanted)
    assert [rests_until(each) for each in (wanted, also, not_yet)] == [in_days(2), in_days(2), None]
    contacts.undo(attempt, by=BY, at=LATER)

    assert [rests_until(each) for each in (wanted, also, not_yet)] == [None, None, None]


def test_not_now_is_about_one_course_with_its_day_and_reason():
    person = factories.patient()
    wanted, also = course(person), course(person, area="forehead_lines")

    attempt = log(wanted, Outcome.NOT_NOW, until=in_days(28), reason=" Away ")

    assert (attempt.snoozed_until, attempt.reason) == (in_days(28), "Away")
    assert [rests_until(each) for each in (wanted, also)] == [in_days(28), None]


@pytest.mark.parametrize(
    ("until", "reason", "wrong"),
    [
        (None, "Away", {"until": ["Choose when to call again."]}),
        (TODAY, "Away", {"until": ["Snooze date must be after today."]}),
        (in_days(366), "Away", {"until": ["Choose a date before 23-Nov-2027, or stop reminders."]}),
        (in_days(365), " ", {"reason": ["Say why not now."]}),
    ],
)
def test_not_now_needs_a_day_to_come_and_a_reason(until: date | None, reason: str, wrong: dict):
    wanted = course()

    with pytest.raises(ValidationError) as error:
        log(wanted, Outcome.NOT_NOW, until=until, reason=reason)

    assert error.value.message_dict == wrong
    assert (rests_until(wanted), ContactAttempt.objects.count()) == (None, 0)


def test_stop_is_a_no_to_reminders_and_undo_gives_the_answer_back():
    wanted = course()

    attempt = log(wanted, Outcome.STOP)
    wanted.patient.refresh_from_db()
    assert (wanted.patient.contact_consent, rests_until(wanted)) == ("no", None)
    assert Course.objects.get(pk=wanted.pk).opted_out
    contacts.undo(attempt, by=BY, at=LATER)

    wanted.patient.refresh_from_db()
    assert wanted.patient.contact_consent == "yes"
    assert not Course.objects.get(pk=wanted.pk).opted_out


@pytest.mark.parametrize("how", ["by link", "on the telephone", "to the desk"])
def test_what_the_patient_has_said_again_is_not_undone_with_the_contact(how: str):
    wanted = course()
    attempt = log(wanted, Outcome.STOP)
    if how == "by link":
        replies.stop_reminders(wanted.patient, by="patient link", at=LATER)
    elif how == "on the telephone":
        log(wanted, Outcome.STOP, at=LATER)
    else:
        for said in ("yes", "no"):
            patients.amend(wanted.patient, changes={"contact_consent": said}, by=BY, at=LATER)

    contacts.undo(attempt, by=BY, at=LATER + timedelta(hours=1))

    wanted.patient.refresh_from_db()
    assert wanted.patient.contact_consent == "no"


def test_a_wrong_number_leaves_the_record_and_stays_in_the_audit_trail():
    wanted = course()

    attempt = log(wanted, Outcome.WRONG_NUMBER)

    wanted.patient.refresh_from_db()
    assert wanted.patient.phone == ""
    event = AuditEvent.objects.get(verb="patient.amended")
    assert (event.details, event.reason) == ({"phone": ["+447700900911", ""]}, "Wrong number, said on the telephone.")
    contacts.undo(attempt, by=BY, at=LATER)
    wanted.patient.refresh_from_db()
    assert wanted.patient.phone == "+447700900911"


def test_a_number_that_was_put_right_meanwhile_is_not_undone():
    wanted = course()
    attempt = log(wanted, Outcome.WRONG_NUMBER)
    patients.amend(wanted.patient, changes={"phone": "+447700900912"}, by=BY, at=LATER)

    contacts.undo(attempt, by=BY, at=LATER)

    wanted.patient.refresh_from_db()
    assert wanted.patient.phone == "+447700900912"


# ---- refusals ----


def test_nobody_is_called_after_death():
    wanted = course()
    patients.amend(wanted.patient, changes={"died_on": TODAY}, by=BY, at=NOW)

    with pytest.raises(ValidationError, match="The patient died on 22-Nov-2026"):
        log(wanted)


def test_a_record_that_was_merged_is_called_on_the_other_one():
    wanted, other = course(), factories.patient()
    merges.merge(other, wanted.patient, reason="The same person twice", by=BY, at=NOW)
    emptied = courses.ensure(Patient.objects.get(pk=wanted.patient_id), [factories.indication("strabismus")], on=TODAY)

    with pytest.raises(ValidationError, match="was merged into another one"):
        log(emptied[0])


def test_a_stopped_course_is_not_called():
    wanted = course()
    courses.stop(wanted, reason="Moved away", by=BY, at=NOW)

    with pytest.raises(ValidationError, match=r"This course was stopped on 22-Nov-2026\."):
        log(wanted)


# ---- undo ----


def test_undo_goes_back_to_the_contact_before():
    wanted = course()
    log(wanted, Outcome.LEFT_MESSAGE)
    second = log(wanted, at=LATER)

    contacts.undo(second, by="maya", at=LATER)

    assert rests_until(wanted) == in_days(5)
    second.refresh_from_db()
    assert (second.undone_by, second.undone_at) == ("maya", LATER)
    assert AuditEvent.objects.get(verb="contact.undone").by == "maya"


def test_undo_works_once():
    attempt = log(course())
    contacts.undo(attempt, by=BY, at=LATER)

    with pytest.raises(ValidationError, match="taken back already"):
        contacts.undo(attempt, by=BY, at=LATER)


# ---- close until the next treatment ----


def test_a_closed_course_runs_again_with_its_next_full_treatment():
    wanted = course()

    contacts.close(wanted, by=BY, at=NOW)
    wanted.refresh_from_db()
    assert (wanted.stopped_on, wanted.closed_on) == (TODAY, TODAY)
    factories.treated(wanted.patient, TODAY)

    wanted.refresh_from_db()
    assert (wanted.stopped_on, wanted.closed_on, wanted.stopped_reason) == (None, None, "")


def test_a_course_that_was_stopped_for_good_stays_stopped():
    wanted = course()
    courses.stop(wanted, reason="Moved away", by=BY, at=NOW)

    factories.treated(wanted.patient, TODAY)

    assert Course.objects.get(pk=wanted.pk).stopped_on == TODAY


def test_closing_is_taken_back_by_itself_alone():
    wanted = course()
    with pytest.raises(ValidationError, match="not closed from the call list"):
        contacts.reopen(wanted, by=BY, at=NOW)
    contacts.close(wanted, by=BY, at=NOW)
    with pytest.raises(ValidationError, match="was stopped on"):
        contacts.close(Course.objects.get(pk=wanted.pk), by=BY, at=NOW)

    assert contacts.reopen(wanted, by=BY, at=LATER).stopped_on is None


# ---- what else becomes of the record ----


def test_contacts_outlive_a_voided_treatment():
    wanted = course()
    again = factories.treated(wanted.patient, date(2026, 10, 8))
    log(Course.objects.get(pk=wanted.pk))

    treatments.void(again, reason="Entered for the wrong patient", by=BY, at=NOW)

    assert (ContactAttempt.objects.count(), rests_until(wanted)) == (1, in_days(2))


def test_contacts_go_over_with_a_merge_and_come_back():
    kept, gone = course(), course()
    log(gone, Outcome.LEFT_MESSAGE)

    done = merges.merge(kept.patient, gone.patient, reason="The same person twice", by=BY, at=NOW)
    assert ContactAttempt.objects.get().course_id == kept.pk
    assert (rests_until(kept), rests_until(gone)) == (in_days(5), None)
    merges.undo(done, by=BY, at=LATER)

    assert ContactAttempt.objects.get().course_id == gone.pk
    assert (rests_until(kept), rests_until(gone)) == (None, in_days(5))
    assert call_list.keep([kept.patient_id, gone.patient_id]) == set()


# ---- a new cycle ----


def _treated_again(wanted: Course) -> None:
    factories.treated(wanted.patient, TODAY)


def _treated_elsewhere(wanted: Course) -> None:
    treatments.record_elsewhere(
        patient=wanted.patient, indications=[wanted.indication], not_before_on=TODAY - timedelta(days=3),
        performed_on=TODAY - timedelta(days=3), product=None, units=None, note="", by=BY, at=LATER,
    )  # fmt: skip


def _merged_with_one_treated_since(wanted: Course) -> None:
    gone = factories.patient()
    factories.treated(gone, TODAY - timedelta(days=10))
    merges.merge(wanted.patient, gone, reason="The same person twice", by=BY, at=LATER)


@pytest.mark.parametrize("happened", [_treated_again, _treated_elsewhere, _merged_with_one_treated_since])
def test_a_full_treatment_ends_what_was_said_before_it(happened: Callable[[Course], None]):
    wanted = course()
    log(wanted, Outcome.NOT_NOW, until=in_days(300), reason="Away")

    happened(wanted)

    assert rests_until(wanted) is None
    assert courses.refresh([wanted.patient_id], on=TODAY) == 0


def test_a_treatment_that_is_void_brings_back_what_was_said_before_it():
    wanted = course()
    log(wanted, Outcome.NOT_NOW, until=in_days(300), reason="Away")
    given = factories.treated(wanted.patient, TODAY)

    treatments.void(given, reason="Entered for the wrong patient", by=BY, at=LATER)

    assert rests_until(wanted) == in_days(300)
    assert courses.refresh([wanted.patient_id], on=TODAY) == 0


def test_who_was_never_treated_rests_too():
    person = factories.patient()
    factories.visit(person)
    wanted = person.courses.get()

    log(wanted, Outcome.NOT_NOW, until=in_days(30), reason="Away")

    assert rests_until(wanted) == in_days(30)
