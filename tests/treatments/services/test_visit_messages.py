"""Messages about visits: three minutes after the act, what is true then, and nothing that was undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from clinic.channels.base import Unavailable
from clinic.models import Location, Room
from tests import factories
from tests.factories import BY, NOW
from tests.fakes import Provider
from treatments.models import Appointment, Message, MessageText, PatientLink, PatientRequest
from treatments.rules.vocabulary import AppointmentState, Reply, Way
from treatments.services import appointments, flags, links, merges, messages, patients, replies

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FIRST = datetime(2026, 12, 1, 10, tzinfo=UTC)
SECOND = datetime(2026, 12, 3, 16, 30, tzinfo=UTC)
TOLD = NOW + 4 * MINUTE  # after the time for Undo
LATER = NOW + DAY + 4 * MINUTE


def booked(**fields: object) -> Appointment:
    return factories.visit(factories.patient(**({"phone": "+447700900123"} | fields)), FIRST)


def known() -> Appointment:
    """A visit that the patient has been told of."""
    visit = booked()
    messages.send_waiting(at=TOLD)
    return visit


def cancel(visit: Appointment, at: datetime = NOW + MINUTE) -> Appointment:
    return appointments.cancel(visit, who="clinic", reason="By mistake", by=BY, at=at)


def said(provider: Provider, at: datetime = TOLD + DAY) -> list[str]:
    """The text of everything that is sent by then, in its first words."""
    before = len(provider.sent)
    messages.send_waiting(at=at)
    return [one.text.partition(". ")[0] for one in provider.sent[before:]]


def test_nothing_is_sent_before_undo_has_passed(provider: Provider):
    booked()

    assert said(provider, NOW + timedelta(minutes=2, seconds=59)) == []
    assert said(provider, NOW + 3 * MINUTE) != []


def test_a_booking(provider: Provider):
    visit = booked()

    [text] = said(provider)

    assert text.startswith(f"Booked: Harbour Skin Clinic, Tue 1 December, 10:00am, with {visit.practitioner.name}"[:60])
    message = Message.objects.get()
    assert (message.kind, message.state, message.appointment) == ("booked", "sent", visit)
    assert PatientLink.objects.get().appointment == visit


def test_a_way_without_words_is_not_taken(provider: Provider):
    MessageText.objects.filter(code="booked").update(sms="")
    booked(email="maya@example.org")
    factories.visit(factories.patient(phone="+447700900124"), SECOND)

    messages.send_waiting(at=TOLD)

    assert [(one.channel, one.state) for one in Message.objects.order_by("pk")] == [("email", "sent"), ("", "dropped")]


def test_a_booking_that_was_undone(provider: Provider):
    cancel(booked())

    assert said(provider) == []
    assert Message.objects.get().state == "dropped"


def test_booked_and_moved_within_the_time_is_one_message_with_the_last_time(provider: Provider):
    factories.moved(booked(), SECOND, at=NOW + MINUTE)

    [text] = said(provider)

    assert text.startswith("Booked: Harbour Skin Clinic, Thu 3 December, 4:30pm")


def test_an_act_within_the_time_lets_it_wait_again(provider: Provider):
    factories.moved(booked(), SECOND, at=NOW + 2 * MINUTE)

    assert said(provider, NOW + 4 * MINUTE) == []
    assert len(said(provider, NOW + 5 * MINUTE)) == 1


def test_a_move(provider: Provider):
    factories.moved(known(), SECOND, at=NOW + DAY)

    assert said(provider, LATER) == ["Changed: your visit at Harbour Skin Clinic is now Thu 3 December, 4:30pm"]


def in_room(visit: Appointment, room: Room, *, at: datetime) -> Appointment:
    wanted = {"practitioner": visit.practitioner, "starts_at": visit.starts_at, "minutes": 30, "acknowledged": True}
    return appointments.move(visit, room=room, by=factories.staff("reception"), at=at, **wanted)


def test_the_same_time_at_another_location_is_a_change_with_a_link_that_holds(provider: Provider):
    elsewhere = factories.room(location=Location.objects.create(name="Quayside"))
    in_room(known(), elsewhere, at=NOW + DAY)

    assert said(provider, LATER) == ["Changed: your visit at Harbour Skin Clinic is now Tue 1 December, 10:00am"]
    link = PatientLink.objects.order_by("-pk")[0]
    assert links.find(links.signed(link), at=LATER) == link


def test_another_room_is_nothing_to_the_patient(provider: Provider):
    visit = replies.reply(known(), Reply.ANOTHER_TIME, by=BY, at=NOW + DAY, way=Way.LINK)

    visit = in_room(visit, factories.room(), at=NOW + DAY)

    assert (visit.reply, PatientRequest.objects.get().handled_at) == ("another_time", None)
    assert said(provider, LATER) == []


def test_moved_and_moved_back(provider: Provider):
    visit = factories.moved(known(), SECOND, at=NOW + DAY)
    factories.moved(visit, FIRST, at=NOW + DAY + MINUTE)

    assert said(provider, LATER + MINUTE) == []


def test_a_cancellation_names_the_time_that_the_patient_knew(provider: Provider):
    cancel(factories.moved(known(), SECOND, at=NOW + DAY), NOW + DAY + MINUTE)

    assert said(provider, LATER + MINUTE) == ["Cancelled: your visit at Harbour Skin Clinic on Tue 1 December, 10:00am"]
    assert PatientLink.objects.order_by("-pk")[0].purpose == "due"


def test_a_cancellation_that_was_taken_back(provider: Provider):
    visit = cancel(known(), NOW + DAY)
    appointments.mark(visit, AppointmentState.BOOKED, by=BY, at=NOW + DAY + MINUTE)

    assert said(provider, LATER + MINUTE) == []


def test_a_cancellation_that_was_taken_back_too_late_is_a_booking_again(provider: Provider):
    visit = cancel(known(), NOW + DAY)
    assert len(said(provider, LATER)) == 1
    appointments.mark(visit, AppointmentState.BOOKED, by=BY, at=NOW + 2 * DAY)

    assert [text[:6] for text in said(provider, LATER + DAY)] == ["Booked"]


def test_nobody_is_told_of_a_visit_on_hold_and_everybody_when_it_goes_ahead(provider: Provider):
    visit = booked()
    flag = factories.flag(visit.patient)

    assert said(provider) == []
    flags.end(flag, ends_on=NOW.date(), by=BY, at=NOW + DAY)
    visit.refresh_from_db()
    appointments.release(visit, by=BY, at=NOW + DAY)

    assert [text[:6] for text in said(provider, LATER)] == ["Booked"]


def test_who_was_never_told_of_a_visit_is_not_told_that_it_is_cancelled(provider: Provider):
    visit = booked()
    factories.flag(visit.patient)
    assert said(provider) == []
    visit.refresh_from_db()
    cancel(visit, NOW + DAY)

    assert said(provider, LATER) == []


def test_a_release_of_a_visit_that_the_patient_knows_says_nothing(provider: Provider):
    visit = known()
    flag = factories.flag(visit.patient, at=NOW + 5 * MINUTE)
    flags.end(flag, ends_on=NOW.date(), by=BY, at=NOW + DAY)
    visit.refresh_from_db()
    appointments.release(visit, by=BY, at=NOW + DAY)

    assert said(provider, LATER) == []


@pytest.mark.parametrize("changes", [{"died_on": NOW.date()}, {"phone": ""}], ids=lambda c: next(iter(c)))
def test_who_is_not_written_to(provider: Provider, changes: dict[str, object]):
    visit = booked()
    patients.amend(visit.patient, changes=changes, by=BY, at=NOW)

    assert said(provider) == []
    assert Message.objects.get().state == "dropped"


def test_who_stopped_reminders_hears_of_a_visit_as_before(provider: Provider):
    visit = booked()
    replies.stop_reminders(visit.patient, by=BY, at=NOW)

    assert [text[:6] for text in said(provider)] == ["Booked"]
    factories.moved(visit, SECOND, at=TOLD + DAY)
    assert [text[:7] for text in said(provider, TOLD + DAY + 4 * MINUTE)] == ["Changed"]
    cancel(visit, TOLD + 2 * DAY)
    assert [text[:9] for text in said(provider, TOLD + 2 * DAY + 4 * MINUTE)] == ["Cancelled"]


@pytest.mark.parametrize("consent", ["", "no"])
def test_who_wants_no_reminders_or_was_never_asked_hears_of_a_visit(provider: Provider, consent: str):
    booked(contact_consent=consent)

    assert len(said(provider)) == 1


def test_after_a_merge_the_one_record_is_written_to(provider: Provider):
    visit = booked()
    kept = factories.patient(family_name="Okafor", phone="+447700900777")
    merges.merge(kept, visit.patient, reason="Said so herself, passport seen", by=BY, at=NOW + MINUTE)

    assert len(said(provider)) == 1
    assert provider.sent[0].to == "+447700900777"


def test_quiet_hours_hold_it_back_unless_the_visit_is_near(provider: Provider):
    evening = NOW.replace(hour=19, minute=59)
    person = factories.patient(phone="+447700900123")
    factories.visit(person, FIRST, at=evening)
    factories.visit(person, datetime(2026, 11, 23, 10, tzinfo=UTC), at=evening)

    assert [text[:43] for text in said(provider, evening + 4 * MINUTE)] == [
        "Booked: Harbour Skin Clinic, Mon 23 Novembe"
    ]
    assert [text[:43] for text in said(provider, NOW + DAY)] == ["Booked: Harbour Skin Clinic, Tue 1 December"]


def test_a_visit_that_has_begun_is_no_longer_told_of(provider: Provider):
    factories.visit(factories.patient(phone="+447700900123"), NOW + 2 * MINUTE, at=NOW)

    assert said(provider) == []


def test_a_message_that_waits_for_the_provider_follows_what_is_done_meanwhile(provider: Provider):
    visit = booked()
    provider.trouble = Unavailable("The provider cannot be reached.")
    messages.send_waiting(at=TOLD)
    provider.trouble = None
    factories.moved(visit, SECOND, at=TOLD + MINUTE)

    assert [text[:47] for text in said(provider)] == ["Booked: Harbour Skin Clinic, Thu 3 December, 4:3"[:47]]
    assert said(provider, LATER + DAY) == []
