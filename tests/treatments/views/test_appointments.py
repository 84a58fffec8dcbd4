"""The page of a visit and its acts: who may, what each refuses, and what stays on the page."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from clinic import guards
from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import Appointment
from treatments.rules.vocabulary import AppointmentState
from treatments.services import appointments, flags

pytestmark = pytest.mark.django_db
WORDS = "Agreed with the patient and her physician."
TODAY_AT_TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reception(client):
    client.force_login(factories.staff("reception"))
    return client


@pytest.fixture
def prescriber(client):
    client.force_login(factories.staff("injector", prescriber=True))
    return client


def booked(*, starts_at=TODAY_AT_TEN, **fields) -> Appointment:
    defaults = {
        "patient": factories.patient(),
        "indications": (factories.indication(),),
        "practitioner": factories.practitioner(),
        "room": factories.room(),
        "starts_at": starts_at,
        "minutes": 30,
    }
    wanted = appointments.Booking(**(defaults | fields))
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


def held(kind: str, **fields) -> Appointment:
    visit = booked()
    factories.flag(visit.patient, kind, **fields)
    return visit


def url(name: str, visit: Appointment, *rest: str) -> str:
    return reverse(name, args=[visit.public_id, *rest])


def moved(visit: Appointment, **fields) -> dict:
    visit.refresh_from_db()
    return {
        "practitioner": visit.practitioner_id,
        "room": visit.room_id,
        "on": "2026-12-01",
        "starts": "11:00",
        "minutes": "45",
        "version": visit.version,
    } | fields


def cancelled(visit: Appointment, **fields) -> dict:
    usual = {"who": "patient", "reason": "unwell", "words": "", "what_next": "list", "version": visit.version}
    return usual | fields


def state(visit: Appointment) -> str:
    visit.refresh_from_db()
    return visit.state


def labels(response) -> list[str]:
    return [step.label for step in response.context["steps"]]


# ---- who may ----

ACTS = [
    ("visit_mark", "arrived"),
    ("visit_mark", "missed"),
    ("visit_release",),
    ("visit_cancel",),
    ("visit_move",),
    ("visit_move_check",),
    ("visit_override",),
]


@pytest.mark.parametrize("act", ACTS)
def test_an_auditor_sees_a_visit_and_changes_nothing(client, act):
    client.force_login(factories.staff("auditor"))
    visit = booked()

    page = client.get(visit.get_absolute_url())
    response = client.post(url(act[0], visit, *act[1:]), moved(visit, who="patient", reason="unwell"))

    assert (page.status_code, labels(page)) == (200, [])
    assert (response.status_code, state(visit)) == (403, "booked")


@pytest.mark.parametrize("role", ["reception", "manager", "injector"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_a_prescriber_reaches_the_override(client, role, method):
    client.force_login(factories.staff(role))
    visit = held("aminoglycoside")

    response = getattr(client, method)(
        url("visit_override", visit), {"override_reason": "benefit", "override_words": WORDS}
    )

    assert (response.status_code, state(visit)) == (403, "on_hold")


@pytest.mark.parametrize("act", [act for act in ACTS if act[0] in ("visit_mark", "visit_release", "visit_move_check")])
def test_what_acts_at_once_takes_posts_only(prescriber, act):
    visit = booked()

    assert prescriber.get(url(act[0], visit, *act[1:])).status_code == 405
    assert state(visit) == "booked"


@pytest.mark.parametrize("name", ["visit", "visit_move", "visit_cancel"])
def test_a_get_changes_nothing(prescriber, name):
    visit = booked()
    before = AuditEvent.objects.count()

    response = prescriber.get(url(name, visit), moved(visit, who="patient", reason="unwell"))

    assert response.status_code == 200
    assert (state(visit), AuditEvent.objects.count()) == ("booked", before)


def test_an_unknown_visit_and_an_unknown_state_are_not_found(reception):
    assert reception.get(reverse("visit", args=["QQQQQQ"])).status_code == 404
    assert reception.post(url("visit_mark", booked(), "cancelled")).status_code == 404
    assert reception.post(url("visit_mark", booked(), "on_hold")).status_code == 404


def test_the_number_of_a_visit_may_be_typed_in_small_letters(reception):
    visit = booked()

    assert reception.get(reverse("visit", args=[visit.public_id.lower()])).context["visit"] == visit


# ---- the page ----


def test_the_page_says_what_where_when_and_who_booked(reception):
    visit = booked(note="Comes with her sister")

    response = reception.get(visit.get_absolute_url())

    assert response.context["heading"] == "Sunday 22-Nov-2026, 10:00 to 10:30"
    rows = dict(response.context["rows"])
    assert rows["For"] == "Frown lines"
    assert (rows["With"], rows["Where"]) == (visit.practitioner.name, f"Harbour, {visit.room.name}")
    assert rows["Note"] == "Comes with her sister"
    assert response.context["state_line"].startswith("Booked 22-Nov-2026 09:00 by Reception Person")


@pytest.mark.parametrize(
    ("role", "now", "steps"),
    [
        ("reception", "booked", ["Arrive", "Check in", "Missed", "Move", "Earlier if possible", "Cancel"]),
        ("reception", "arrived", ["Check in", "Finish without a treatment", "Back to booked", "Move", "Cancel"]),
        ("reception", "checked", ["In room", "Finish without a treatment", "Back to arrived", "Move", "Cancel"]),
        (
            "injector",
            "checked",
            ["Treat", "In room", "Finish without a treatment", "Back to arrived", "Move", "Cancel"],
        ),
        ("reception", "in_room", ["Finish without a treatment", "Back to checked in", "Move", "Cancel"]),
        ("injector", "in_room", ["Treat", "Finish without a treatment", "Back to checked in", "Move", "Cancel"]),
        ("reception", "done", ["Back to arrived"]),
        ("reception", "missed", ["Rebook", "Undo: booked again"]),
        ("reception", "cancelled", ["Rebook", "Undo: booked again"]),
    ],
)
def test_the_next_steps_follow_state_and_role(client, role, now, steps):
    client.force_login(factories.staff(role))
    visit = booked()
    with guards.lifted():
        Appointment.objects.filter(pk=visit.pk).update(state=now)

    assert labels(client.get(visit.get_absolute_url())) == steps


def test_a_visit_of_another_day_offers_no_arrival(reception):
    visit = booked(starts_at=TODAY_AT_TEN + timedelta(days=3))

    assert labels(reception.get(visit.get_absolute_url())) == ["Move", "Earlier if possible", "Cancel"]


def test_treat_and_rebook_lead_on_with_the_visit_and_its_course(prescriber):
    visit = booked()
    appointments.check_in(visit, by="tester", at=NOW, identified=True)
    appointments.mark(visit, AppointmentState.IN_ROOM, by="tester", at=NOW)
    treat = prescriber.get(visit.get_absolute_url()).context["steps"][0].url
    appointments.cancel(visit, who="patient", reason="Unwell", by="tester", at=NOW)
    rebook = prescriber.get(visit.get_absolute_url()).context["steps"][0].url

    assert treat == f"{reverse('treat', args=[visit.patient.public_id])}?visit={visit.public_id}"
    assert rebook == f"{reverse('book', args=[visit.patient.public_id])}?course=glabellar_lines"


def test_the_page_of_a_hold_says_what_stands_by_whom_and_keeps_what_was_known(reception):
    visit = held("pregnancy")

    response = reception.get(visit.get_absolute_url())

    content = response.content.decode()
    assert response.context["standing"] == "Pregnancy."
    assert "End or correct the flag: Pregnant, raised by tester on 22-Nov-2026" in content
    assert response.context["verdict"].state == "blocked"
    assert [f["code"] for f in response.context["known_then"]["findings"]] == ["questions_not_asked", "first_treatment"]
    assert [row["what"] for row in response.context["history"]] == ["Put on hold", "Booked"]
    assert labels(response) == ["Missed", "Move", "Cancel"]


def test_a_soft_hold_offers_the_override_to_a_prescriber_alone(client):
    visit = held("aminoglycoside")

    shown = {}
    for name, user in (
        ("reception", factories.staff("reception")),
        ("prescriber", factories.staff("injector", prescriber=True)),
    ):
        client.force_login(user)
        shown[name] = client.get(visit.get_absolute_url())

    assert "Override…" not in labels(shown["reception"])
    assert "Ask a prescriber" in shown["reception"].content.decode()
    assert labels(shown["prescriber"])[0] == "Override…"


def test_a_hold_on_which_nothing_stands_waits_for_somebody_to_release_it(reception):
    visit = held("pregnancy")
    flags.end(visit.patient.flags.get(), ends_on=TODAY, by="tester", at=NOW)

    response = reception.get(visit.get_absolute_url())

    assert labels(response)[0] == "Release"
    assert "Nothing stands against it any more." in response.content.decode()
    assert state(visit) == "on_hold"


def test_an_override_stays_on_the_page(prescriber):
    visit = held("aminoglycoside")
    by = factories.staff("injector", prescriber=True, first_name="Ruth", last_name="Osei")
    appointments.override(visit, appointments.Override(by, "benefit", WORDS), at=NOW)

    response = prescriber.get(visit.get_absolute_url())

    assert response.context["override"] == {
        "by": "22-Nov-2026 09:00 by Ruth Osei",
        "reason": "The benefit outweighs the risk for this patient",
        "words": WORDS,
    }
    assert response.context["verdict"].headline.startswith("Overridden for 22-Nov-2026.")
    assert response.context["history"][0]["reason"] == f"The benefit outweighs the risk for this patient: {WORDS}"


# ---- marking ----


def test_arrived_is_one_press_and_so_is_its_undo(reception):
    visit = booked()

    arrived = reception.post(url("visit_mark", visit, "arrived"), follow=True)
    said = str(next(iter(arrived.context["messages"])))
    after = state(visit)
    reception.post(url("visit_mark", visit, "booked"))

    assert said.startswith(f"{visit.patient.list_name}, 10:00: Arrived.")
    assert f'action="{url("visit_mark", visit, "booked")}"' in said
    assert (after, state(visit)) == ("arrived", "booked")


@pytest.mark.parametrize(("target", "goes"), [("/today/", "/today/"), ("https://example.org/", None), ("", None)])
def test_marking_goes_back_to_where_it_was_pressed_and_never_off_the_site(reception, target, goes):
    visit = booked()

    response = reception.post(url("visit_mark", visit, "arrived"), {"next": target})

    assert response.headers["Location"] == (goes or visit.get_absolute_url())


def test_a_name_in_the_message_is_text(reception):
    visit = booked(patient=factories.patient(given_name="<b>Eve</b>"))

    response = reception.post(url("visit_mark", visit, "arrived"), follow=True)

    assert "<b>Eve" not in response.content.decode()
    assert "&lt;b&gt;Eve" in response.content.decode()


def test_arriving_twice_says_how_it_stands(reception):
    visit = booked()
    reception.post(url("visit_mark", visit, "arrived"))

    response = reception.post(url("visit_mark", visit, "arrived"))

    assert response.status_code == 409
    assert "Already arrived at 09:00 by" in response.content.decode()


# ---- no way round a hard stop ----


@pytest.mark.parametrize("kind", ["pregnancy", "breastfeeding"])
def test_no_post_brings_back_a_visit_under_a_hard_stop(prescriber, kind):
    visit = held(kind)
    decision = {"override_reason": "benefit", "override_words": WORDS, "override_seen": [kind]}
    tries = [
        (url("visit_release", visit), {}, 409),
        (url("visit_override", visit), decision, 409),
        (url("visit_mark", visit, "arrived"), {}, 409),
        (url("visit_mark", visit, "booked"), {}, 409),
        (url("visit_mark", visit, "done"), {}, 409),
        (url("visit_move", visit), moved(visit), 422),
        (url("visit_move", visit), moved(visit, **decision), 422),
        (url("visit_move", visit), moved(visit, step="override"), 422),
    ]

    answers = [(prescriber.post(address, data).status_code, state(visit)) for address, data, _status in tries]

    assert answers == [(status, "on_hold") for _address, _data, status in tries]


def test_undo_of_missed_under_a_hard_stop_is_refused_with_its_reason(prescriber):
    visit = booked()
    prescriber.post(url("visit_mark", visit, "missed"))
    factories.flag(visit.patient)

    response = prescriber.post(url("visit_mark", visit, "booked"))

    assert (response.status_code, state(visit)) == (409, "missed")
    assert "Nothing was changed. Pregnancy." in response.content.decode()


# ---- release and override ----


def test_release_books_again_once_nothing_stands(reception):
    visit = held("pregnancy")
    flags.end(visit.patient.flags.get(), ends_on=TODAY, by="tester", at=NOW)

    response = reception.post(url("visit_release", visit), follow=True)

    assert state(visit) == "booked"
    assert str(next(iter(response.context["messages"]))).startswith("Released, booked again:")


def test_release_says_what_stands(reception):
    visit = held("aminoglycoside")

    response = reception.post(url("visit_release", visit))

    assert (response.status_code, state(visit)) == (409, "on_hold")
    assert "Nothing was changed." in response.context["problem"]


def test_a_prescriber_overrides_a_soft_hold(prescriber):
    visit = held("aminoglycoside")

    page = prescriber.get(url("visit_override", visit))
    data = {
        "override_reason": "specialist",
        "override_words": WORDS,
        "override_seen": list(page.context["form"].stops),
        "acknowledged": page.context["caution_key"],
    }
    response = prescriber.post(url("visit_override", visit), data, follow=True)

    assert page.context["sentence"].startswith("You override for the visit on 22-Nov-2026 only:")
    assert state(visit) == "booked"
    assert (visit.override_reason, visit.override_words) == ("specialist", WORDS)
    assert str(next(iter(response.context["messages"]))).startswith("Overridden, booked again:")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"override_reason": "because"}, "override_reason"),
        ({"override_words": "too short"}, "override_words"),
        ({"override_words": "Agreed\x00 with the patient"}, "override_words"),
        ({"override_seen": []}, "__all__"),
    ],
)
def test_an_override_that_is_not_whole_is_refused_and_kept(prescriber, change, field):
    visit = held("aminoglycoside")
    seen = list(prescriber.get(url("visit_override", visit)).context["form"].stops)
    data = {"override_reason": "benefit", "override_words": WORDS, "override_seen": seen} | change

    response = prescriber.post(url("visit_override", visit), data)

    assert (response.status_code, state(visit)) == (422, "on_hold")
    assert list(response.context["form"].errors) == [field]
    assert response.context["form"]["override_words"].data == data["override_words"]


@pytest.mark.parametrize("kind", ["pregnancy", "breastfeeding"])
def test_a_hard_hold_has_no_override_page(prescriber, kind):
    response = prescriber.get(url("visit_override", held(kind)))

    assert (response.status_code, response.templates[0].name) == (409, "visits/visit.html")


def test_a_booked_visit_has_nothing_to_override(prescriber):
    assert prescriber.get(url("visit_override", booked())).status_code == 409


# ---- moving ----


def test_the_move_page_shows_the_old_time_and_starts_with_it(reception):
    visit = booked()

    response = reception.get(url("visit_move", visit))

    assert response.context["was"].startswith("22-Nov-2026, 10:00 to 10:30,")
    form = response.context["form"]
    assert (form["on"].value(), form["starts"].value(), form["minutes"].value()) == ("2026-11-22", "10:00", 30)
    assert response.context["decision"].clashes == []


def test_move_says_the_new_time_in_one_line(reception):
    visit = booked()

    response = reception.post(url("visit_move", visit), moved(visit), follow=True)

    visit.refresh_from_db()
    assert (visit.on, visit.starts_at.hour, visit.ends_at.minute) == (date(2026, 12, 1), 11, 45)
    assert str(next(iter(response.context["messages"]))) == (
        f"Moved: {visit.patient.list_name}, 01-Dec-2026, 11:00 to 11:45, {visit.practitioner.name}, {visit.room.name}."
    )


def test_move_check_answers_with_the_panel_and_moves_nothing(reception):
    visit = booked()
    factories.flag(visit.patient, "pregnancy", starts_on=date(2026, 12, 1), ends_on=date(2026, 12, 9))

    response = reception.post(url("visit_move_check", visit), moved(visit), HTTP_HX_REQUEST="true")

    assert response.content.decode().lstrip().startswith('<div id="decision"')
    assert response.context["decision"].state == "hard"
    visit.refresh_from_db()
    assert visit.on == TODAY


def test_move_refuses_bad_input_at_its_field_and_keeps_it(reception):
    visit = booked()

    response = reception.post(url("visit_move", visit), moved(visit, on="31/02/2026", starts="25:10"))

    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["on", "starts"]
    assert 'value="31/02/2026"' in response.content.decode()
    assert 'value="25:10"' in response.content.decode()


def test_move_refuses_a_taken_time_and_keeps_the_choice(reception):
    visit, other = booked(), booked()

    response = reception.post(
        url("visit_move", visit),
        moved(visit, practitioner=other.practitioner_id, on="2026-11-22", starts="10:15"),
    )

    assert (response.status_code, list(response.context["form"].errors)) == (409, ["practitioner"])
    assert response.context["form"]["starts"].data == "10:15"


def test_a_page_that_is_out_of_date_moves_nothing_and_keeps_what_was_typed(reception):
    visit = booked()
    data = moved(visit)
    other = factories.staff("reception", first_name="Maya", last_name="Cole")
    appointments.move(
        visit, practitioner=visit.practitioner, room=visit.room,
        starts_at=datetime(2026, 12, 3, 12, tzinfo=UTC), minutes=30, by=other, at=NOW, acknowledged=True,
    )  # fmt: skip

    stale = reception.post(url("visit_move", visit), data)
    again = reception.post(url("visit_move", visit), data | {"version": stale.context["form"]["version"].value()})

    assert stale.status_code == 409
    [sentence] = stale.context["form"].non_field_errors()
    assert sentence.startswith("Maya Cole changed this visit at 22-Nov-2026 09:00. Your changes are not saved.")
    assert "Thursday 03-Dec-2026, 12:00 to 12:30" in sentence
    assert stale.context["form"]["starts"].data == "11:00"
    assert again.status_code == 302


def test_a_soft_stop_on_the_new_day_is_overridden_on_its_page(prescriber):
    visit = booked()
    factories.flag(visit.patient, "aminoglycoside", starts_on=date(2026, 12, 1), ends_on=date(2026, 12, 9))
    data = moved(visit)

    asked = prescriber.post(url("visit_move", visit), data | {"step": "override"})
    decision = {
        "override_reason": "benefit",
        "override_words": WORDS,
        "override_seen": list(asked.context["form"].stops),
        "acknowledged": asked.context["caution_key"],
    }
    prescriber.post(url("visit_move", visit), data | decision)

    visit.refresh_from_db()
    assert asked.templates[0].name == "booking/override.html"
    assert (visit.on, visit.override_words) == (date(2026, 12, 1), WORDS)


def test_reception_may_not_override_a_move_by_hand(reception):
    visit = booked()
    factories.flag(visit.patient, "aminoglycoside", starts_on=date(2026, 12, 1), ends_on=date(2026, 12, 9))

    asked = reception.post(url("visit_move", visit), moved(visit))
    response = reception.post(url("visit_move", visit), moved(visit, override_reason="benefit", override_words=WORDS))

    visit.refresh_from_db()
    assert (asked.status_code, response.status_code, visit.on) == (422, 403, TODAY)


def test_the_check_of_a_move_without_script_keeps_the_page(reception):
    visit = booked()

    response = reception.post(url("visit_move", visit), moved(visit, step="check", starts=""))

    assert (response.status_code, response.context["form"].is_bound) == (200, False)
    assert response.context["form"]["version"].value() == str(visit.version)


# ---- cancelling ----


def test_cancel_keeps_who_and_why_and_offers_rebook(reception):
    visit = booked()
    data = cancelled(visit, words="Has a cold")

    response = reception.post(url("visit_cancel", visit), data, follow=True)

    assert (state(visit), visit.what_next) == ("cancelled", "list")
    assert visit.state_reason == "Patient: Unwell. Has a cold"
    assert labels(response) == ["Rebook", "Undo: booked again"]
    assert "This visit was cancelled; its time is free for somebody else." in response.content.decode()


def test_rebook_now_leads_on_to_the_booking(reception):
    visit = booked()

    response = reception.post(url("visit_cancel", visit), cancelled(visit, what_next="rebook"))

    assert response.url == f"{reverse('book', args=[visit.patient.public_id])}?course=glabellar_lines"


@pytest.mark.parametrize(("hours", "said"), [(24, "Cancelled"), (23, "Cancelled late")])
def test_less_than_a_day_before_is_late(reception, hours, said):
    visit = booked(starts_at=NOW + timedelta(hours=hours))

    response = reception.post(url("visit_cancel", visit), cancelled(visit), follow=True)

    assert response.context["state"] == said
    assert str(next(iter(response.context["messages"]))).startswith(f"{said}: {visit.patient.list_name}")


def test_a_cancellation_is_taken_back_by_one_press_for_three_minutes(reception):
    visit = booked()
    reception.post(url("visit_cancel", visit), cancelled(visit, what_next="close"))
    course = visit.courses.get()
    closed = course.stopped_on

    with time_machine.travel(NOW + timedelta(minutes=3, seconds=1), tick=False):
        late = reception.post(url("visit_mark", visit, "booked"))
        kept = state(visit)
    reception.post(url("visit_mark", visit, "booked"), {"version": visit.version})

    course.refresh_from_db()
    assert (late.status_code, kept) == (409, "cancelled")
    assert "It was cancelled more than three minutes ago. Rebook it instead." in late.content.decode()
    assert (closed, course.stopped_on) == (TODAY, None)
    assert (state(visit), visit.what_next) == ("booked", "")


def test_what_was_on_hold_has_no_undo_of_its_cancellation(reception):
    visit = held("pregnancy")
    visit.refresh_from_db()

    response = reception.post(url("visit_cancel", visit), cancelled(visit), follow=True)

    assert "Undo</button>" not in str(next(iter(response.context["messages"])))


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"who": ""}, "who", "Choose who cancelled."),
        ({"reason": ""}, "reason", "Choose why it was cancelled."),
        ({"reason": "other", "words": ""}, "words", "Say in your own words why it was cancelled."),
        ({"words": "a\x00b"}, "words", "Remove the hidden character at position 2."),
        ({"what_next": ""}, "what_next", "Choose what happens next."),
        ({"what_next": "x"}, "what_next", "Choose what happens next."),
    ],
)
def test_cancel_says_at_the_field_what_is_missing(reception, change, field, sentence):
    visit = booked()
    data = cancelled(visit, who="clinic", reason="staff_away") | change

    response = reception.post(url("visit_cancel", visit), data)

    assert response.status_code == 422
    assert response.context["form"].errors == {field: [sentence]}
    assert state(visit) == "booked"


def test_cancel_on_a_page_that_is_out_of_date_changes_nothing(reception):
    visit = booked()
    data = cancelled(visit, words="Has a cold")
    factories.flag(visit.patient)

    response = reception.post(url("visit_cancel", visit), data)
    again = reception.post(url("visit_cancel", visit), data | {"version": response.context["form"]["version"].value()})

    assert response.status_code == 409
    assert response.context["stale"].sentence == "tester changed this at 09:00. Your changes are not saved."
    assert response.context["form"]["words"].data == "Has a cold"
    assert (again.status_code, state(visit)) == (302, "cancelled")


@pytest.mark.parametrize("name", ["visit_cancel", "visit_move"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_over_can_no_longer_be_changed(reception, name, method):
    visit = booked()
    appointments.cancel(visit, who="patient", reason="Unwell", by="tester", at=NOW)

    response = getattr(reception, method)(url(name, visit), moved(visit))

    assert response.status_code == 409
    assert "The visit is cancelled late and can no longer be changed." in response.content.decode()
