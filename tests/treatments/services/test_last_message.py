"""The last message that a person sends: through the gate, three minutes later, once, and taken back before it goes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.channels.base import Rejected, Unavailable
from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from tests.fakes import Provider
from treatments.models import Course, Message, PatientLink, Reminder
from treatments.rules.reminders import Bucket
from treatments.rules.vocabulary import Outcome
from treatments.services import appointments, contacts, last_message, messages, outbox, patients, reminders

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LATER = NOW + 3 * MINUTE


@pytest.fixture
def course() -> Course:
    """Somebody who is due, and whom three calls have not reached."""
    person = factories.patient(phone="+447700900123", email="alina@example.org", contact_consent="yes")
    factories.treated(person, date(2026, 7, 25))
    course = person.courses.get()
    for days in (6, 3, 0):
        contacts.log(course, outcome=Outcome.NO_ANSWER, by=BY, at=NOW - days * DAY - MINUTE)
    return Course.objects.get(pk=course.pk)


def bucket(course: Course, at=NOW) -> Bucket:
    offer = last_message.offer(course, at=at)
    assert offer is not None
    return offer.decision.bucket


def test_it_goes_after_three_minutes_and_takes_the_last_step(provider: Provider, course: Course):
    message = last_message.send(course, by="maya", at=NOW)

    assert messages.send_waiting(at=LATER - timedelta(seconds=1)).counts == {}
    assert messages.send_waiting(at=LATER).counts == {"sent": 1}
    [outgoing] = provider.sent
    assert outgoing.text.startswith("Alina, this is our last reminder about your next visit at Harbour Skin Clinic.")
    row = Reminder.objects.get()
    assert (row.course, row.step.code, row.message) == (course, "last", message)
    assert AuditEvent.objects.filter(verb="message.asked", by="maya", object_id=message.public_id).count() == 1


def test_no_run_writes_after_it(provider: Provider, course: Course):
    last_message.send(course, by=BY, at=NOW)
    messages.send_waiting(at=LATER)

    for days in (3, 20, 60, 120):
        reminders.run(on=TODAY + days * DAY, at=NOW + days * DAY, by=BY)

    assert len(provider.sent) == 1


def test_it_speaks_for_every_course_whose_window_has_opened(provider: Provider, course: Course):
    factories.treated(course.patient, date(2026, 7, 20), area="forehead_lines", units="8")
    factories.treated(course.patient, date(2026, 9, 1), area="platysma_bands", units="20")

    last_message.send(course, by=BY, at=NOW)
    messages.send_waiting(at=LATER)

    steps = Reminder.objects.values_list("course__indication__code", "step__code")
    assert set(steps) == {("glabellar_lines", "last"), ("forehead_lines", "last")}
    assert len(provider.sent) == 1


def test_its_words_are_shown_before_and_make_no_link(course: Course):
    offer = last_message.offer(course, at=NOW)

    assert offer is not None
    assert offer.words is not None
    assert offer.words.body.startswith("Alina, this is our last reminder")
    assert not PatientLink.objects.exists()


def test_once_only(provider: Provider, course: Course):
    last_message.send(course, by=BY, at=NOW)

    with pytest.raises(ValidationError, match="cannot be sent"):
        last_message.send(course, by=BY, at=NOW + MINUTE)
    messages.send_waiting(at=LATER)
    with pytest.raises(ValidationError, match="cannot be sent"):
        last_message.send(course, by=BY, at=NOW + 40 * DAY)


def blocked(course: Course) -> None:
    factories.flag(course.patient)


def booked(course: Course) -> None:
    factories.visit(course.patient, at=NOW)


def said_no(course: Course) -> None:
    patients.amend(course.patient, changes={"contact_consent": "no"}, by=BY, at=NOW)


def nobody_asked(course: Course) -> None:
    patients.amend(course.patient, changes={"contact_consent": ""}, by=BY, at=NOW)


def unreachable(course: Course) -> None:
    patients.amend(course.patient, changes={"phone": "", "email": ""}, by=BY, at=NOW)


def not_now(course: Course) -> None:
    contacts.log(course, outcome=Outcome.NOT_NOW, until=TODAY + 9 * DAY, reason="Away", by=BY, at=NOW)


def closed(course: Course) -> None:
    contacts.close(course, by=BY, at=NOW)


def written_to(course: Course) -> None:
    Message.objects.create(
        public_id="LATELY", key="lately", kind="reminder", patient=course.patient, made_by=BY, made_at=NOW - 13 * DAY,
        not_before_at=NOW, state="sent", sent_at=NOW - 13 * DAY,
    )  # fmt: skip


AGAINST = [
    (blocked, Bucket.ON_HOLD),
    (booked, Bucket.BOOKED),
    (said_no, Bucket.OPTED_OUT),
    (nobody_asked, Bucket.NOT_ASKED),
    (unreachable, Bucket.NO_CHANNEL),
    (not_now, Bucket.SNOOZED),
    (closed, Bucket.STOPPED),
    (written_to, Bucket.CAPPED),
]


@pytest.mark.parametrize(("happened", "name"), AGAINST)
def test_what_stands_against_it_is_said_and_refused(provider: Provider, course: Course, happened, name):
    happened(course)

    assert bucket(course) == name
    with pytest.raises(ValidationError, match="cannot be sent"):
        last_message.send(course, by=BY, at=NOW)


@pytest.mark.parametrize(("happened", "name"), AGAINST)
def test_what_happens_within_the_three_minutes_stands_against_it(provider: Provider, course: Course, happened, name):
    message = last_message.send(course, by=BY, at=NOW)
    happened(course)

    assert messages.send_waiting(at=LATER).counts["not sent"] == 1

    message.refresh_from_db()
    assert (message.state, Reminder.objects.count()) == ("dropped", 0)
    assert not [one for one in provider.sent if "last reminder" in one.text]


def test_it_waits_for_the_end_of_the_quiet_hours(provider: Provider, course: Course):
    evening = NOW.replace(hour=20, minute=30)

    assert bucket(course, evening) == Bucket.QUIET_HOURS
    last_message.send(course, by=BY, at=evening)

    assert messages.send_waiting(at=evening + 3 * MINUTE).counts == {"not sent": 1}
    assert messages.send_waiting(at=NOW + DAY).counts == {"sent": 1}


def test_it_is_tried_again_and_by_another_way_where_the_first_is_refused(provider: Provider, course: Course):
    last_message.send(course, by=BY, at=NOW)
    provider.trouble = Unavailable("The provider cannot be reached.")
    messages.send_waiting(at=LATER)
    provider.trouble = Rejected("The provider refuses this message (code 400).")
    messages.send_waiting(at=NOW + 20 * MINUTE)
    provider.trouble = None

    last_message.send(course, by=BY, at=NOW + 30 * MINUTE)
    messages.send_waiting(at=NOW + 33 * MINUTE)

    assert [one.to for one in provider.sent] == ["alina@example.org"]


def test_taken_back_it_reaches_nobody_and_can_be_sent_later(provider: Provider, course: Course):
    message = last_message.send(course, by=BY, at=NOW)

    outbox.take_back(message, by="maya", at=NOW + MINUTE)

    assert messages.send_waiting(at=LATER).counts == {}
    assert AuditEvent.objects.filter(verb="message.taken_back", by="maya").count() == 1
    last_message.send(course, by=BY, at=NOW + 5 * MINUTE)
    assert messages.send_waiting(at=NOW + 8 * MINUTE).counts == {"sent": 1}


def test_what_has_gone_is_not_taken_back(provider: Provider, course: Course):
    message = last_message.send(course, by=BY, at=NOW)
    messages.send_waiting(at=LATER)

    with pytest.raises(ValidationError, match="has gone"):
        outbox.take_back(message, by=BY, at=LATER)


def test_what_a_run_has_made_is_not_taken_back(provider: Provider, course: Course):
    later = NOW + 3 * DAY
    provider.trouble = Unavailable("The provider cannot be reached.")
    reminders.run(on=later.date(), at=later, by=BY)
    Message.objects.update(attempts=0)  # its quiet hours came meanwhile

    with pytest.raises(ValidationError, match="has gone"):
        outbox.take_back(Message.objects.get(), by=BY, at=later)


def test_a_course_that_is_not_due_has_none(provider: Provider):
    person = factories.patient(phone="+447700900123", contact_consent="yes")
    factories.treated(person, TODAY - 10 * DAY)

    assert last_message.offer(person.courses.get(), at=NOW) is None


def test_somebody_who_was_booked_and_cancelled_can_be_sent_it(provider: Provider, course: Course):
    visit = factories.visit(course.patient, at=NOW)
    appointments.cancel(visit, who="clinic", reason="By mistake", by=BY, at=NOW + MINUTE)

    assert bucket(course) == Bucket.TO_SEND
