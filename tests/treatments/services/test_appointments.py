"""Visits: what the gate and the diary refuse, what an override covers, and how a visit goes from state to state."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic import guards
from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment
from treatments.rules.findings import Refused
from treatments.rules.vocabulary import AppointmentState
from treatments.services import appointments, courses, flags
from treatments.services.appointments import Booking, Override, Stale
from treatments.services.diary import TimeTaken

pytestmark = pytest.mark.django_db
SOON = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
WORDS = "Agreed with the patient and her physician."


def booking(person=None, *, starts_at=SOON, areas=("glabellar_lines",), **fields) -> Booking:
    defaults = {
        "patient": person or factories.patient(),
        "indications": tuple(factories.indication(code) for code in areas),
        "practitioner": fields.pop("practitioner", None) or factories.practitioner(),
        "room": fields.pop("room", None) or factories.room(),
        "starts_at": starts_at,
        "minutes": 30,
    }
    return Booking(**(defaults | fields))


def book(wanted: Booking, *, at=NOW, by=None, **how) -> Appointment:
    return appointments.book(wanted, by=by or factories.staff("reception"), at=at, acknowledged=True, **how)


def prescriber():
    return factories.staff("injector", prescriber=True)


def decision(**fields) -> Override:
    return Override(**({"by": prescriber(), "reason": "benefit", "words": WORDS} | fields))


def codes(refusal: Refused) -> list[str]:
    return [finding.code for finding in refusal.findings]


# ---- booking ----


def test_book_writes_the_visit_its_course_and_its_audit_row():
    by = factories.staff("reception")
    wanted = booking(note="Comes with her sister")

    visit = book(wanted, by=by)

    visit.refresh_from_db()
    assert (visit.on, visit.starts_at, visit.ends_at) == (date(2026, 12, 1), SOON, SOON + timedelta(minutes=30))
    assert (visit.state, visit.booked_by, visit.note) == ("booked", by.username, "Comes with her sister")
    assert [course.indication.code for course in visit.courses.all()] == ["glabellar_lines"]
    event = AuditEvent.objects.get(verb="appointment.booked")
    assert (event.by, event.at, event.patient_id) == (by.username, NOW, wanted.patient.public_id)
    assert [f["code"] for f in event.findings] == ["questions_not_asked", "first_treatment"]


@pytest.mark.parametrize("kind", ["pregnancy", "breastfeeding", "infection_at_site", "hypersensitivity"])
def test_book_refuses_under_a_hard_stop_whoever_asks_and_however(kind):
    wanted = booking()
    factories.flag(wanted.patient, kind)

    with pytest.raises(Refused) as refusal:
        book(wanted, by=prescriber(), override=decision())

    assert kind in codes(refusal.value)
    assert not Appointment.objects.exists()
    assert not AuditEvent.objects.filter(verb="appointment.booked").exists()


@pytest.mark.parametrize(("ends_on", "booked"), [(date(2026, 12, 1), True), (date(2026, 12, 2), False)])
def test_book_judges_the_day_of_the_visit_and_not_today(ends_on, booked):
    wanted = booking()
    factories.flag(wanted.patient, "pregnancy", ends_on=ends_on)

    if booked:
        assert book(wanted).state == "booked"
    else:
        with pytest.raises(Refused):
            book(wanted)


def test_book_sees_a_death_that_was_recorded_after_the_page_was_made():
    wanted = booking()
    type(wanted.patient).objects.filter(pk=wanted.patient.pk).update(died_on=TODAY)

    with pytest.raises(Refused) as refusal:
        book(wanted)

    assert "died" in codes(refusal.value)


def test_book_refuses_a_caution_until_it_was_read():
    wanted = booking()
    factories.flag(wanted.patient, "anticoagulant_or_antiplatelet")
    by = factories.staff("reception")

    with pytest.raises(Refused) as refusal:
        appointments.book(wanted, by=by, at=NOW)
    visit = appointments.book(wanted, by=by, at=NOW, acknowledged=True)

    assert "not_acknowledged" in codes(refusal.value)
    assert visit.acknowledged_by == by.username


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"indications": ()}, "indications"),
        ({"starts_at": NOW - timedelta(minutes=6)}, "starts_at"),
        ({"starts_at": NOW + timedelta(days=732)}, "starts_at"),
        ({"minutes": 4}, "minutes"),
        ({"minutes": 481}, "minutes"),
    ],
)
def test_book_says_at_the_field_what_cannot_be(change, field):
    with pytest.raises(ValidationError) as error:
        book(replace(booking(), **change))

    assert list(error.value.message_dict) == [field]


def test_book_refuses_somebody_who_left_and_a_room_no_longer_in_use():
    wanted = booking(practitioner=factories.practitioner(is_active=False), room=factories.room(is_active=False))

    with pytest.raises(ValidationError) as error:
        book(wanted)

    assert sorted(error.value.message_dict) == ["practitioner", "room"]


def test_book_refuses_hidden_characters_in_the_note():
    with pytest.raises(ValidationError) as error:
        book(booking(note="a\x00b"))

    assert list(error.value.message_dict) == ["note"]


# ---- the diary ----


@pytest.mark.parametrize("what", ["practitioner", "room", "patient"])
@pytest.mark.parametrize(("minutes", "free"), [(-30, True), (-29, False), (0, False), (29, False), (30, True)])
def test_one_practitioner_room_and_patient_at_a_time(what, minutes, free):
    first = booking()
    book(first)
    second = booking(starts_at=SOON + timedelta(minutes=minutes))
    second = replace(second, **{what: getattr(first, what)})

    if free:
        assert book(second).state == "booked"
    else:
        with pytest.raises(TimeTaken) as refusal:
            book(second)
        assert codes(refusal.value) == [f"{what}_busy"]
        assert "10:00 to 10:30" in str(refusal.value)


def test_a_long_visit_from_the_day_before_still_takes_the_time():
    midnight = datetime(2026, 12, 2, 0, 0, tzinfo=UTC)
    first = booking(starts_at=midnight - timedelta(hours=4), minutes=480)
    book(first)

    with pytest.raises(TimeTaken):
        book(booking(starts_at=midnight + timedelta(hours=3), room=first.room))


def test_all_three_clashes_are_said_at_once():
    first = booking()
    book(first)

    with pytest.raises(TimeTaken) as refusal:
        book(first)

    assert sorted(codes(refusal.value)) == ["patient_busy", "practitioner_busy", "room_busy"]


@pytest.mark.parametrize("state", ["cancelled", "missed"])
def test_what_does_not_take_place_frees_its_time(state):
    first = booking()
    Appointment.objects.filter(pk=book(first).pk).update(state=state)

    assert book(first).state == "booked"


def test_a_visit_that_is_done_keeps_its_time():
    first = booking()
    Appointment.objects.filter(pk=book(first).pk).update(state="done")

    with pytest.raises(TimeTaken):
        book(first)


def test_a_visit_on_hold_keeps_its_time():
    first = booking()
    book(first)
    factories.flag(first.patient)

    with pytest.raises(TimeTaken):
        book(booking(room=first.room))


def test_a_visit_is_as_long_as_booked_when_the_clocks_change_meanwhile():
    london = timezone.get_default_timezone()
    before_the_change = datetime(2027, 3, 28, 0, 30, tzinfo=london)

    visit = book(booking(starts_at=before_the_change, minutes=120))

    assert visit.ends_at == datetime(2027, 3, 28, 2, 30, tzinfo=UTC)


# ---- overrides ----


def test_a_soft_stop_needs_a_prescriber_who_decides():
    wanted = booking()
    factories.flag(wanted.patient, "aminoglycoside")

    with pytest.raises(Refused) as nobody:
        book(wanted)
    with pytest.raises(Refused) as reception:
        book(wanted, override=decision(by=factories.staff("reception")))
    visit = book(wanted, override=decision())

    assert codes(nobody.value)[0] == "aminoglycoside"
    assert "override_not_allowed" in codes(reception.value)
    assert (visit.override_reason, visit.override_words, visit.override_at) == ("benefit", WORDS, NOW)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": "because"}, "override_reason"),
        ({"words": "  short  "}, "override_words"),
        ({"words": "Agreed\x00 with the patient"}, "override_words"),
    ],
)
def test_an_override_without_its_reason_is_refused_at_the_field(fields, field):
    wanted = booking()
    factories.flag(wanted.patient, "aminoglycoside")

    with pytest.raises(ValidationError) as error:
        book(wanted, override=decision(**fields))

    assert list(error.value.message_dict) == [field]


def test_an_override_covers_only_what_the_prescriber_was_shown():
    wanted = booking()
    factories.flag(wanted.patient, "aminoglycoside")
    shown = frozenset(courses.key(f) for f in appointments.findings(wanted, on=TODAY) if f.severity.is_stop)
    factories.flag(wanted.patient, "dysphagia")

    with pytest.raises(Refused) as refusal:
        book(wanted, override=decision(seen=shown))

    assert "override_not_of_this" in codes(refusal.value)


def test_no_mark_of_an_override_where_nothing_had_to_be_overridden():
    visit = book(booking(), override=decision())

    assert (visit.override_by, visit.override_codes) == ("", [])
    assert AuditEvent.objects.get(verb="appointment.booked").reason == ""


def test_an_overridden_visit_stays_booked_until_something_else_stands():
    wanted = booking()
    factories.flag(wanted.patient, "aminoglycoside")
    visit = book(wanted, override=decision())

    courses.rejudge(wanted.patient, by="tester", at=NOW)
    visit.refresh_from_db()
    before = visit.state
    factories.flag(wanted.patient, "dysphagia")
    visit.refresh_from_db()

    assert (before, visit.state) == ("booked", "on_hold")


def test_an_override_of_an_interval_does_not_cover_a_later_treatment():
    wanted = booking()
    factories.treated(wanted.patient, date(2026, 9, 20))
    visit = book(wanted, override=decision())

    factories.treated(wanted.patient, TODAY)

    visit.refresh_from_db()
    assert visit.state == "on_hold"


def test_an_override_takes_a_visit_off_hold_and_leaves_its_mark():
    visit = book(booking())
    factories.flag(visit.patient, "aminoglycoside")
    by = prescriber()

    appointments.override(visit, decision(by=by), at=NOW)

    visit.refresh_from_db()
    assert (visit.state, visit.override_by, visit.override_words) == ("booked", by.username, WORDS)
    assert AuditEvent.objects.get(verb="appointment.overridden").reason == f"benefit: {WORDS}"


def test_no_override_takes_a_visit_off_a_hard_hold():
    visit = book(booking())
    factories.flag(visit.patient, "pregnancy")

    with pytest.raises(Refused):
        appointments.override(visit, decision(), at=NOW)

    visit.refresh_from_db()
    assert (visit.state, visit.override_by) == ("on_hold", "")


def test_nothing_to_override_once_nothing_stands():
    visit = book(booking())
    flags.end(factories.flag(visit.patient, "aminoglycoside"), ends_on=TODAY, by="tester", at=NOW)

    with pytest.raises(ValidationError, match="Release it"):
        appointments.override(visit, decision(), at=NOW)

    visit.refresh_from_db()
    assert (visit.state, visit.override_by) == ("on_hold", "")


def test_only_a_visit_on_hold_can_be_overridden_or_released():
    visit = book(booking())

    with pytest.raises(ValidationError, match="not on hold"):
        appointments.override(visit, decision(), at=NOW)
    with pytest.raises(ValidationError, match="not on hold"):
        appointments.release(visit, by="tester", at=NOW)


# ---- hold and release ----


def test_release_waits_until_nothing_stands():
    visit = book(booking())
    flag = factories.flag(visit.patient)

    with pytest.raises(Refused) as refusal:
        appointments.release(visit, by="tester", at=NOW)
    flags.end(flag, ends_on=TODAY, by="tester", at=NOW)
    appointments.release(visit, by="tester", at=NOW)

    visit.refresh_from_db()
    assert codes(refusal.value) == ["pregnancy"]
    assert (visit.state, visit.state_reason) == ("booked", "")


# ---- moving ----


def move(visit, *, starts_at=SOON + timedelta(days=1), **fields):
    fields = {"practitioner": visit.practitioner, "room": visit.room, "minutes": 30, "acknowledged": True} | fields
    by = fields.pop("by", None) or factories.staff("reception")
    return appointments.move(visit, starts_at=starts_at, by=by, at=NOW, **fields)


def test_move_takes_the_new_time_and_frees_the_old_one():
    first = booking()
    visit = book(first)

    move(visit, minutes=45)

    visit.refresh_from_db()
    assert (visit.on, visit.ends_at - visit.starts_at) == (date(2026, 12, 2), timedelta(minutes=45))
    assert AuditEvent.objects.get(verb="appointment.moved").details["from"].startswith("2026-12-01T10:00")
    assert book(first).state == "booked"


def test_move_within_its_own_time_does_not_clash_with_itself():
    visit = move(book(booking()), starts_at=SOON + timedelta(minutes=15))

    assert visit.starts_at == SOON + timedelta(minutes=15)


def test_move_is_judged_like_a_new_visit():
    visit = book(booking())
    factories.flag(visit.patient, "pregnancy", starts_on=date(2026, 12, 2), ends_on=date(2026, 12, 10))

    with pytest.raises(Refused):
        move(visit, by=prescriber(), override=decision())

    visit.refresh_from_db()
    assert (visit.state, visit.on) == ("booked", date(2026, 12, 1))


def test_move_to_a_clear_day_takes_a_visit_off_hold():
    visit = book(booking())
    factories.flag(visit.patient, "pregnancy", ends_on=date(2026, 12, 2))

    assert move(visit).state == "booked"


def test_an_override_does_not_move_with_the_visit():
    wanted = booking()
    factories.flag(wanted.patient, "aminoglycoside", ends_on=date(2026, 12, 2))
    visit = book(wanted, override=decision())

    with pytest.raises(Refused):
        move(visit, starts_at=SOON + timedelta(hours=1))
    moved = move(visit)

    assert (moved.override_by, moved.override_at, moved.override_codes) == ("", None, [])


def test_move_and_cancel_refuse_a_page_that_is_out_of_date():
    visit = book(booking())
    move(visit)

    with pytest.raises(Stale) as stale:
        move(visit, starts_at=SOON + timedelta(days=3), version=visit.version)
    with pytest.raises(Stale):
        appointments.cancel(visit, who="clinic", reason="Staff away", by="tester", at=NOW, version=visit.version)

    assert stale.value.appointment.on == date(2026, 12, 2)


# ---- cancelling and marking ----


def test_cancel_keeps_who_and_why():
    visit = appointments.cancel(book(booking()), who="patient", reason=" Unwell ", by="tester", at=NOW)

    assert (visit.state, visit.state_reason) == ("cancelled", "Patient: Unwell")


@pytest.mark.parametrize(
    ("who", "reason", "field"),
    [("nobody", "Unwell", "who"), ("patient", " ", "reason"), ("patient", "Un\x00well", "reason")],
)
def test_cancel_says_at_the_field_what_is_missing(who, reason, field):
    with pytest.raises(ValidationError) as error:
        appointments.cancel(book(booking()), who=who, reason=reason, by="tester", at=NOW)

    assert list(error.value.message_dict) == [field]


LATER = SOON - timedelta(minutes=5)


def test_a_visit_arrives_and_is_done_and_each_can_be_undone():
    visit = book(booking())

    states = [
        appointments.mark(visit, state, by="tester", at=LATER).state
        for state in (
            AppointmentState.ARRIVED,
            AppointmentState.BOOKED,
            AppointmentState.ARRIVED,
            AppointmentState.DONE,
            AppointmentState.BOOKED,
            AppointmentState.MISSED,
            AppointmentState.BOOKED,
        )
    ]

    assert states == ["arrived", "booked", "arrived", "done", "booked", "missed", "booked"]


@pytest.mark.parametrize("state", ["arrived", "done", "missed"])
def test_nothing_happens_to_a_visit_before_its_day(state):
    with pytest.raises(ValidationError, match="another day"):
        appointments.mark(book(booking()), AppointmentState(state), by="tester", at=NOW)


def test_the_gate_is_asked_once_more_when_the_patient_arrives():
    visit = book(booking())
    unseen = factories.flag(visit.patient, starts_on=visit.on)
    with guards.lifted("visit_hard_stop"):  # as if the flag had come in past the services and the database's guard
        Appointment.objects.filter(pk=visit.pk).update(state="booked")

    with pytest.raises(Refused) as refusal:
        appointments.mark(visit, AppointmentState.ARRIVED, by="tester", at=SOON)

    assert [finding.about for finding in refusal.value.findings] == [unseen.public_id]
    visit.refresh_from_db()
    assert visit.state == "booked"


@pytest.mark.parametrize(("was", "wanted"), [("on_hold", "arrived"), ("cancelled", "arrived"), ("missed", "done")])
def test_some_ways_do_not_exist(was, wanted):
    visit = book(booking())
    Appointment.objects.filter(pk=visit.pk).update(state=was)

    with pytest.raises(ValidationError, match="Reload"):
        appointments.mark(visit, AppointmentState(wanted), by="tester", at=LATER)


def test_undo_of_missed_is_refused_where_the_time_was_given_away_or_a_stop_stands():
    taken, stopped = booking(), booking()
    first, second = book(taken), book(stopped)
    for visit in (first, second):
        appointments.mark(visit, AppointmentState.MISSED, by="tester", at=LATER)
    book(taken)
    factories.flag(stopped.patient)

    with pytest.raises(TimeTaken):
        appointments.mark(first, AppointmentState.BOOKED, by="tester", at=LATER)
    with pytest.raises(Refused):
        appointments.mark(second, AppointmentState.BOOKED, by="tester", at=LATER)


def test_undo_of_done_is_refused_while_its_treatment_is_signed():
    visit = book(booking())
    factories.treated(visit.patient, visit.on, at=SOON, appointment=visit)

    with pytest.raises(ValidationError, match="Void the treatment"):
        appointments.mark(visit, AppointmentState.BOOKED, by="tester", at=SOON)
