"""What patients say and ask for: kept beside the visit, put before reception, worked off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW
from treatments.models import Appointment, PatientRequest
from treatments.rules.vocabulary import AppointmentState, Reply, Way, Wish
from treatments.services import appointments, merges, replies

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def visit() -> Appointment:
    return factories.visit(factories.patient())


def said(visit: Appointment, reply: Reply, **how) -> Appointment:
    return replies.reply(visit, reply, **({"by": "patient link", "at": NOW, "way": Way.LINK} | how))


def waiting() -> list[tuple[str, str]]:
    rows = PatientRequest.objects.filter(handled_at__isnull=True)
    return [(row.wish, row.wished_at.isoformat() if row.wished_at else "") for row in rows]


def test_the_answer_stands_beside_the_state(visit):
    after = said(visit, Reply.COMING)

    assert (after.reply, after.replied_at, after.state, after.version) == ("coming", NOW, "booked", visit.version)
    assert waiting() == []


def test_another_time_replaces_cannot_come(visit):
    said(visit, Reply.NOT_COMING)
    said(visit, Reply.ANOTHER_TIME, wished_at=NOW + timedelta(days=9), at=LATER)

    assert waiting() == [("another_time", (NOW + timedelta(days=9)).isoformat())]


def test_asked_twice_it_is_one_request_with_the_newer_time(visit):
    said(visit, Reply.ANOTHER_TIME)
    said(visit, Reply.ANOTHER_TIME, wished_at=NOW + timedelta(days=9), at=LATER)

    assert waiting() == [("another_time", (NOW + timedelta(days=9)).isoformat())]


def test_coming_after_all_takes_the_request_back(visit):
    said(visit, Reply.NOT_COMING)
    said(visit, Reply.COMING, at=LATER)

    assert waiting() == []
    assert PatientRequest.objects.get().handled_by == "patient link"


@pytest.mark.parametrize("state", ["arrived", "cancelled", "missed"])
def test_a_visit_that_is_under_way_or_over_is_not_answered(visit, state):
    day = visit.starts_at - timedelta(minutes=5)
    if state == "cancelled":
        appointments.cancel(visit, who="patient", reason="Is ill", by=BY, at=NOW)
    else:
        factories.answers(visit.patient, on=day.date(), at=day)
        appointments.mark(visit, AppointmentState(state), by=BY, at=day)

    with pytest.raises(ValidationError, match="can no longer be answered"):
        said(visit, Reply.COMING)


def test_after_a_move_nobody_has_answered_for_the_new_time(visit):
    said(visit, Reply.ANOTHER_TIME)

    moved = factories.moved(visit, visit.starts_at + timedelta(hours=2))

    assert (moved.reply, moved.replied_at) == ("", None)
    assert waiting() == []


def test_cancelling_settles_what_was_asked(visit):
    said(visit, Reply.NOT_COMING)

    appointments.cancel(visit, who="patient", reason="Cannot come", by="maya", at=LATER)

    assert PatientRequest.objects.get().handled_by == "maya"


def test_a_request_is_worked_off_and_taken_back(visit):
    row = replies.ask(visit.patient, Wish.CALL, at=NOW, way=Way.LINK)

    replies.handle(row, by="maya", at=LATER)
    assert waiting() == []
    replies.handle(row, by="ito", at=LATER)
    row.refresh_from_db()
    assert row.handled_by == "maya"

    replies.reopen(row, by="maya", at=LATER)
    assert waiting() == [("call", "")]
    trail = AuditEvent.objects.filter(verb__startswith="request.").order_by("pk")
    assert [(each.verb, each.by) for each in trail] == [
        ("request.received", "patient link"),
        ("request.handled", "maya"),
        ("request.reopened", "maya"),
    ]


def test_a_booking_is_what_was_asked_for(visit):
    person = factories.patient()
    for wish in (Wish.CALL, Wish.A_TIME, Wish.WORDS):
        replies.ask(person, wish, at=NOW, way=Way.LINK)

    factories.visit(person, visit.starts_at + timedelta(days=1))

    assert waiting() == [("words", "")]


def test_every_text_message_is_read_on_its_own(visit):
    for words in ("Is there parking?", "Thank you"):
        replies.ask(visit.patient, Wish.WORDS, at=NOW, way=Way.SMS, words=words)

    assert waiting() == [("words", ""), ("words", "")]


def test_what_a_merged_record_asked_for_comes_over(visit):
    kept = factories.patient(family_name="Marsh", born_on=visit.patient.born_on)
    replies.ask(visit.patient, Wish.CALL, at=NOW, way=Way.LINK)

    merges.merge(kept, visit.patient, reason="Registered twice by mistake", by=BY, at=LATER)

    assert PatientRequest.objects.get().patient == kept
