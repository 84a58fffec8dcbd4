from datetime import date, time, timedelta

import pytest

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import booking, change, said, url
from treatments.models import Appointment, Service
from treatments.rules.vocabulary import AppointmentState
from treatments.services import hours, offered


@pytest.fixture
def visit(door):
    door.post(url("appointment", "add"), booking(factories.patient()))
    return Appointment.objects.get()


def stored() -> tuple[int, int]:
    return Appointment.objects.count(), AuditEvent.objects.filter(verb__startswith="appointment").count()


def test_a_visit_is_booked_through_the_service(door, manager):
    person = factories.patient()

    answer = door.post(url("appointment", "add"), booking(person))

    visit = Appointment.objects.get()
    assert answer.status_code == 302
    assert (visit.patient, visit.state, visit.booked_by) == (person, "booked", manager.username)
    assert [course.indication.code for course in visit.courses.all()] == ["glabellar_lines"]
    assert list(AuditEvent.objects.filter(verb="appointment.booked").values_list("by", "patient_id")) == [
        (manager.username, person.public_id)
    ]


@pytest.mark.parametrize("kind", ["pregnancy", "breastfeeding"])
@pytest.mark.parametrize("prescriber", [False, True])
def test_nobody_books_a_patient_with_a_hard_stop(client, kind, prescriber):
    client.force_login(factories.staff("manager", prescriber=prescriber, is_staff=True))
    person = factories.patient()
    factories.flag(person, kind)
    before = stored()

    answer = client.post(
        url("appointment", "add"),
        booking(
            person,
            acknowledged="on",
            override_reason="benefit",
            override_words="She asked for it herself",
            seen_stops="",
        ),
    )

    errors = said(answer)["__all__"]
    assert any(error.startswith("Stop: ") and "22-Nov-2026" in error for error in errors), errors
    assert kind in " ".join(errors).lower()
    assert stored() == before


def test_a_flag_that_has_ended_does_not_stand_in_the_way(door):
    person = factories.patient()
    factories.flag(person, "breastfeeding", starts_on=date(2026, 6, 1), ends_on=factories.TODAY)

    door.post(url("appointment", "add"), booking(person))

    assert Appointment.objects.filter(patient=person).count() == 1


def too_early():
    """A patient treated a month ago: the minimum interval is a soft stop."""
    person = factories.patient()
    factories.treated(person, date(2026, 10, 20))
    return person


OVERRIDE = {"acknowledged": "on", "override_reason": "benefit", "override_words": "Agreed with the surgeon"}


def test_a_soft_stop_is_not_overridden_by_somebody_who_may_not_prescribe(door):
    person = too_early()

    page = door.get(url("appointment", "add")).content.decode()
    answer = door.post(url("appointment", "add"), booking(person, **OVERRIDE, seen_stops="interval_not_elapsed"))

    assert "override_words" not in page
    errors = said(answer)["__all__"]
    assert any("minimum" in error and "prescriber" in error for error in errors), errors
    assert Appointment.objects.count() == 0


def test_a_prescriber_overrides_what_the_page_has_shown(client):
    client.force_login(factories.staff("manager", prescriber=True, is_staff=True))
    person = too_early()

    blind = client.post(url("appointment", "add"), booking(person, **OVERRIDE))
    assert any("Read it again" in error for error in said(blind)["__all__"])
    assert Appointment.objects.count() == 0
    seen = blind.context["adminform"].form["seen_stops"].value()
    client.post(url("appointment", "add"), booking(person, **OVERRIDE, seen_stops=seen))

    visit = Appointment.objects.get()
    assert (visit.override_reason, visit.override_words) == ("benefit", "Agreed with the surgeon")


def test_cautions_have_to_be_acknowledged(door):
    person = factories.patient()
    factories.flag(person, "anticoagulant_or_antiplatelet")

    refused = door.post(url("appointment", "add"), booking(person))
    errors = said(refused)
    assert "acknowledged" in errors
    assert any(error.startswith("Caution: ") for error in errors["__all__"]), errors
    assert Appointment.objects.count() == 0

    door.post(url("appointment", "add"), booking(person, acknowledged="on"))
    assert Appointment.objects.count() == 1


def test_a_taken_time_is_said_at_its_field_and_keeps_what_was_typed(door, visit):
    answer = door.post(url("appointment", "add"), booking(factories.patient(), note="Prefers the window"))

    errors = said(answer)
    assert set(errors) == {"practitioner", "room"}
    assert "Prefers the window" in answer.content.decode()
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"starts_at_0": "31/02/2026"}, "starts_at"),
        ({"starts_at_0": "20/11/2026"}, "starts_at"),
        ({"minutes": "4"}, "minutes"),
        ({"minutes": "1e9"}, "minutes"),
        ({"indications": []}, "indications"),
        ({"note": "a\x00b"}, "note"),
        ({"note": "left\u202eright"}, "note"),
        ({"note": "n" * 500}, "note"),
        ({"patient": "999999"}, "patient"),
    ],
)
def test_bad_input_is_said_at_its_field(door, fields, field):
    answer = door.post(url("appointment", "add"), booking(factories.patient(), **fields))

    assert set(said(answer)) == {field}
    assert Appointment.objects.count() == 0


def test_a_visit_is_moved_and_judged_like_a_new_one(door, visit):
    factories.flag(visit.patient, "pregnancy", starts_on=date(2026, 12, 1))
    there = url("appointment", "change", visit.pk)

    door.post(there, change(visit, "move", starts_at_0="24/11/2026", starts_at_1="11:30", minutes="45"))
    visit.refresh_from_db()
    assert (visit.on, visit.version) == (date(2026, 11, 24), 2)

    refused = door.post(there, change(visit, "move", starts_at_0="02/12/2026"))
    visit.refresh_from_db()
    assert any("pregnan" in error.lower() for error in said(refused)["__all__"])
    assert visit.on == date(2026, 11, 24)


def test_a_visit_that_somebody_else_has_moved_is_left_alone(door, visit):
    there = url("appointment", "change", visit.pk)
    door.post(there, change(visit, "move", starts_at_0="24/11/2026"))

    answer = door.post(there, change(visit, "move", starts_at_0="25/11/2026"))

    visit.refresh_from_db()
    assert "while the page was open" in said(answer)["__all__"][0]
    assert visit.on == date(2026, 11, 24)


def test_a_visit_is_cancelled_with_its_reason_and_then_only_read(door, visit):
    there = url("appointment", "change", visit.pk)

    without = door.post(there, change(visit, "cancel"))
    assert set(said(without)) == {"who", "reason"}
    door.post(there, change(visit, "cancel", who="patient", reason="Has moved away"))

    visit.refresh_from_db()
    assert (visit.state, visit.state_reason) == ("cancelled", "Patient: Has moved away")
    assert door.get(there).status_code == 200
    assert door.post(there, change(visit, "booked")).status_code == 403


def test_a_held_visit_is_released_only_when_nothing_stands_against_it(door, visit):
    flag = factories.flag(visit.patient, "pregnancy")
    there = url("appointment", "change", visit.pk)
    visit.refresh_from_db()
    assert visit.state == AppointmentState.ON_HOLD

    refused = door.post(there, change(visit, "release"))
    assert any("pregnan" in error.lower() for error in said(refused)["__all__"])
    factories.flags.end(flag, ends_on=factories.TODAY, by=factories.BY, at=factories.NOW)
    door.post(there, change(visit, "release"))

    visit.refresh_from_db()
    assert visit.state == AppointmentState.BOOKED


def test_an_act_that_the_visit_is_not_ready_for_is_refused(door, visit):
    answer = door.post(url("appointment", "change", visit.pk), change(visit, "arrived"))

    visit.refresh_from_db()
    assert said(answer)["__all__"] == ["The visit is on another day."]
    assert visit.state == "booked"


@pytest.mark.parametrize(
    ("states", "offered"),
    [
        (["booked"], ["move", "arrived", "check_in", "done", "missed", "cancel"]),
        (["on_hold"], ["move", "missed", "release", "cancel"]),
        (["arrived"], ["move", "check_in", "done", "booked", "cancel"]),
        (["arrived", "checked"], ["move", "arrived", "in_room", "done", "cancel"]),
        (["arrived", "checked", "in_room"], ["move", "done", "checked", "cancel"]),
        (["done"], ["booked"]),
        (["missed"], ["booked"]),
    ],
)
def test_only_what_can_become_of_a_visit_is_offered(door, visit, states, offered):
    for state in states:
        Appointment.objects.filter(pk=visit.pk).update(state=state)
    there = url("appointment", "change", visit.pk)

    choices = door.get(there).context["adminform"].form.fields["act_on"].choices
    answer = door.post(there, change(visit, "override"))

    assert {value for value, _label in choices} == set(offered)
    assert set(said(answer)) == {"act_on"}


# ---- services and check-in ----


def service(**fields) -> Service:
    return offered.add(Service(**({"name": "Review", "minutes": 15} | fields)), by=factories.BY, at=factories.NOW)


def test_a_visit_is_booked_as_long_as_its_service_takes(door):
    kind = service(minutes=45)

    door.post(url("appointment", "add"), booking(factories.patient(), service=kind.pk, minutes=""))

    visit = Appointment.objects.get()
    assert (visit.service, visit.ends_at - visit.starts_at) == (kind, timedelta(minutes=45))


def test_a_visit_at_which_nothing_is_injected_needs_no_indication_and_no_gate(door):
    person, review = factories.patient(), service(is_treatment=False)
    factories.flag(person, "pregnancy")
    fields = {"indications": [], "product": ""}

    refused = door.post(url("appointment", "add"), booking(person, **fields))
    door.post(url("appointment", "add"), booking(person, service=review.pk, **fields))

    assert set(said(refused)) == {"indications"}
    assert Appointment.objects.get().service == review


def test_a_service_that_is_no_longer_offered_cannot_be_chosen(door):
    kind = service(is_active=False)

    answer = door.post(url("appointment", "add"), booking(factories.patient(), service=kind.pk))

    assert set(said(answer)) == {"service"}
    assert Appointment.objects.count() == 0


def test_a_practitioner_injects_only_what_they_may(door):
    other = factories.practitioner()
    offered.set_injectors(factories.indication(), [other], by=factories.BY, at=factories.NOW)
    somebody = factories.practitioner()

    refused = door.post(url("appointment", "add"), booking(factories.patient(), practitioner=somebody.pk))
    door.post(url("appointment", "add"), booking(factories.patient(), practitioner=other.pk))

    assert said(refused) == {"practitioner": [f"{somebody} does not inject Frown lines. Choose somebody else."]}
    assert Appointment.objects.get().practitioner == other


def test_outside_the_hours_a_visit_is_booked_knowingly(door):
    who, room = factories.practitioner(), factories.room()
    hours.set_hours(
        who, location=room.location, weekdays=[0], opens=time(12), closes=time(17), starts_on=factories.TODAY,
        by=factories.BY, at=factories.NOW,
    )  # fmt: skip
    fields = {"practitioner": who.pk, "room": room.pk}

    refused = door.post(url("appointment", "add"), booking(factories.patient(), **fields))
    door.post(url("appointment", "add"), booking(factories.patient(), **fields, acknowledged="on"))

    assert "works here from 12:00 to 17:00" in said(refused)["__all__"][0]
    assert Appointment.objects.get().acknowledged_by


@pytest.fixture
def today(door):
    """A visit of today, an hour from now."""
    door.post(url("appointment", "add"), booking(factories.patient(), starts_at_0="22/11/2026"))
    return Appointment.objects.get()


def test_nobody_is_checked_in_whom_nobody_has_asked_who_they_are(door, today, manager):
    there = url("appointment", "change", today.pk)
    wanted = change(today, "check_in", starts_at_0="22/11/2026")

    refused = door.post(there, wanted)
    today.refresh_from_db()
    assert set(said(refused)) == {"identity_note"}
    assert today.state == "booked"
    door.post(there, wanted | {"identified": "on"})

    today.refresh_from_db()
    assert (today.state, today.checked_by, today.identity_note) == ("checked", manager.username, "")
    verbs = AuditEvent.objects.filter(object_id=today.public_id).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["appointment.booked", "appointment.arrived", "appointment.checked"]


def test_a_patient_goes_into_the_room_and_back(door, today):
    there = url("appointment", "change", today.pk)

    for act, state in (("check_in", "checked"), ("in_room", "in_room"), ("checked", "checked"), ("arrived", "arrived")):
        today.refresh_from_db()
        door.post(there, change(today, act, starts_at_0="22/11/2026", identified="on"))
        today.refresh_from_db()
        assert today.state == state

    assert (today.checked_by, today.checked_at) == ("", None)


@pytest.mark.parametrize("act", ["arrived", "check_in", "done"])
def test_a_patient_with_a_hard_stop_does_not_pass_the_door(door, today, act):
    factories.flag(today.patient, "pregnancy")
    today.refresh_from_db()

    answer = door.post(
        url("appointment", "change", today.pk), change(today, act, starts_at_0="22/11/2026", identified="on")
    )

    today.refresh_from_db()
    assert set(said(answer)) == {"act_on"}
    assert today.state == "on_hold"


def test_what_happens_next_is_noted_with_a_cancellation(door, visit):
    there = url("appointment", "change", visit.pk)
    fields = {"who": "clinic", "reason": "The doctor is ill"}

    wrong = door.post(there, change(visit, "cancel", **fields, what_next="forget"))
    door.post(there, change(visit, "cancel", **fields, what_next="list"))

    visit.refresh_from_db()
    assert set(said(wrong)) == {"what_next"}
    assert (visit.state, visit.what_next) == ("cancelled", "list")


@pytest.mark.parametrize("act", ["missed", "check_in"])
def test_no_act_is_done_on_a_visit_that_somebody_else_has_changed(door, today, act):
    old = change(today, act, starts_at_0="22/11/2026", identified="on", seen_version=today.version)
    door.post(url("appointment", "change", today.pk), change(today, "arrived", starts_at_0="22/11/2026"))

    answer = door.post(url("appointment", "change", today.pk), old)

    today.refresh_from_db()
    assert answer.status_code == 200
    assert today.state == "arrived"


def test_only_what_is_in_use_can_be_chosen(door):
    factories.practitioner(name="Gone, G.", is_active=False)
    factories.practitioner(name="Osei, R.")

    page = door.get(url("appointment", "add")).content.decode()

    assert "Osei, R." in page
    assert "Gone, G." not in page
