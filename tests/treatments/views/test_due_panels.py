"""The panels under the rows of the call list: book, log a contact, set a due window; in the row and as pages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import Practitioner, WorkingHours
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, ContactAttempt, Course, Message, Patient, SlotHold
from treatments.rules.vocabulary import Outcome
from treatments.services import appointments, contacts, courses, patients

pytestmark = pytest.mark.django_db
OVERDUE = date(2026, 7, 1)
PIECE = {"HTTP_HX_REQUEST": "true"}
NAMES = (
    "due_row", "due_book", "due_contact", "due_more", "due_book_undo", "due_contact_undo", "due_close", "due_last",
    "due_last_undo",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reception(client: Client) -> Client:
    client.force_login(factories.staff("reception", first_name="Maya", last_name="Cole"))
    return client


@pytest.fixture
def osei() -> Practitioner:
    """Works every day from eight to eight."""
    who, room = factories.practitioner(name="R. Osei"), factories.room(name="Room 1")
    for weekday in range(7):
        WorkingHours.objects.create(
            practitioner=who, location=room.location, weekday=weekday, opens=time(8), closes=time(20),
            starts_on=date(2020, 1, 1),
        )  # fmt: skip
    return who


def course(person: Patient | None = None, area: str = "glabellar_lines", on: date = OVERDUE, **fields) -> Course:
    person = person or factories.patient(family_name="Marsh", given_name="Alina", phone="07700 900911")
    factories.answers(person)
    factories.treated(person, on, area=area, **fields)
    return person.courses.get(indication__code=area)


def url(name: str, wanted: Course) -> str:
    return reverse(name, args=[wanted.patient.public_id, wanted.indication.code])


def words(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def slots(html: str) -> list[str]:
    return re.findall(r'name="slot" id="best-\d" value="([^"]+)"', html)


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))


# ---- who may ----


@pytest.mark.parametrize("name", NAMES)
def test_nobody_who_is_not_signed_in_sees_a_panel(client, name: str):
    address = url(name, course())

    assert client.get(address).url == f"{reverse('sign_in')}?next={address}"


@pytest.mark.parametrize("name", NAMES[1:])
def test_who_only_reads_opens_no_panel(client, name: str):
    client.force_login(factories.staff("auditor"))
    address = url(name, course())

    assert client.post(address, **PIECE).status_code == 403


@pytest.mark.parametrize("name", NAMES)
def test_a_course_that_is_none_is_not_found(reception, name: str):
    person = course().patient

    assert reception.post(reverse(name, args=[person.public_id, "strabismus"])).status_code in (404, 405)
    assert reception.get(reverse("due_book", args=["AAAAAA", "strabismus"])).status_code == 404


@pytest.mark.parametrize("name", ["due_book_undo", "due_contact_undo", "due_close", "due_last", "due_last_undo"])
def test_what_changes_something_is_not_read(reception, name: str):
    assert reception.get(url(name, course())).status_code == 405


def test_a_merged_record_leads_on_to_the_one_that_was_kept(reception):
    from treatments.services import merges  # noqa: PLC0415  used once

    wanted, kept = course(), factories.patient()
    merges.merge(kept, wanted.patient, reason="The same person twice", by=BY, at=NOW)
    address = url("due_contact", wanted)

    assert reception.get(address).url == kept.get_absolute_url()
    assert reception.get(address, **PIECE)["HX-Redirect"] == kept.get_absolute_url()


# ---- book ----


def test_the_panel_proposes_three_times_with_the_verdict(reception, osei):
    wanted = course(practitioner=osei)

    piece = reception.get(url("due_book", wanted), **PIECE)

    html = piece.content.decode()
    assert html.startswith(f'<tbody data-patient="{wanted.patient.public_id}"')
    assert len(slots(html)) == 3
    assert "Clear. Nothing known against it" in words(piece)
    assert "R. Osei as usual" in words(piece)
    assert f'href="{reverse("book", args=[wanted.patient.public_id])}?course=glabellar_lines"' in html


def test_without_script_the_panel_is_a_page_and_books_as_well(reception, osei):
    wanted = course(practitioner=osei)
    page = reception.get(url("due_book", wanted), HTTP_REFERER="http://testserver/due/overdue/?order=longest")
    html = page.content.decode()
    assert "<h1" in html
    assert "hx-post" not in html.partition("<main")[2]

    answer = reception.post(
        url("due_book", wanted), hidden(html) | {"indications": "glabellar_lines", "slot": slots(html)[1]}
    )

    assert answer.url == "/due/overdue/?order=longest"
    assert Appointment.objects.get().state == "booked"


def test_a_chosen_time_is_held_and_then_booked_with_undo(reception, osei):
    wanted = course(practitioner=osei)
    html = reception.get(url("due_book", wanted), **PIECE).content.decode()
    sent = hidden(html) | {"slot": slots(html)[1]}

    held = reception.post(url("due_book", wanted), sent | {"step": "hold"}, **PIECE)
    assert "is held for you until 09:05" in words(held)
    assert SlotHold.objects.count() == 1
    done = reception.post(url("due_book", wanted), sent, **PIECE)

    visit = Appointment.objects.get()
    assert f"Booked: MARSH, Alina, {visit.on:%d-%b-%Y}," in words(done)
    assert "R. Osei, Room 1. Undo" in words(done)
    assert f"Booked {visit.on:%d-%b}" in words(done)
    undo = hidden(done.content.decode())
    undone = reception.post(url("due_book_undo", wanted), undo, **PIECE)
    visit.refresh_from_db()
    assert (visit.state, Course.objects.get(pk=wanted.pk).rebook_since) == ("cancelled", None)
    assert "Booking undone: MARSH, Alina" in words(undone)


def test_the_same_form_books_once(reception, osei):
    wanted = course(practitioner=osei)
    html = reception.get(url("due_book", wanted), **PIECE).content.decode()
    sent = hidden(html) | {"slot": slots(html)[0]}

    reception.post(url("due_book", wanted), sent, **PIECE)
    again = reception.post(url("due_book", wanted), sent, **PIECE)

    assert again["HX-Redirect"] == Appointment.objects.get().get_absolute_url()


def test_a_time_that_has_gone_keeps_the_panel_and_offers_near_ones(reception, osei):
    wanted = course(practitioner=osei)
    html = reception.get(url("due_book", wanted), **PIECE).content.decode()
    sent = hidden(html) | {"slot": slots(html)[0]}
    other = course(factories.patient(), practitioner=osei)
    starts_at = datetime.strptime(sent["slot"].split(".")[0], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    booking = appointments.Booking(other.patient, (other.indication,), osei, factories.room(), starts_at, 30)
    appointments.book(
        booking, by=factories.staff("reception", first_name="T.", last_name="Lin"), at=NOW, acknowledged=True
    )

    held = reception.post(url("due_book", wanted), sent | {"step": "hold"}, **PIECE)
    refused = reception.post(url("due_book", wanted), sent, **PIECE)

    assert held["HX-Retarget"] == "closest tbody"
    for answer in (held, refused):
        assert "was booked at 09:00 by T. Lin" in words(answer)
        assert 'id="near-1"' in answer.content.decode()
    assert refused.status_code == 422
    assert Appointment.objects.count() == 1


def test_nothing_chosen_is_said_at_the_times(reception, osei):
    wanted = course(practitioner=osei)
    html = reception.get(url("due_book", wanted), **PIECE).content.decode()

    answer = reception.post(url("due_book", wanted), hidden(html), **PIECE)

    assert (answer.status_code, Appointment.objects.count()) == (422, 0)
    assert "Choose a time." in words(answer)
    assert len(slots(answer.content.decode())) == 3


def test_somebody_blocked_has_no_button_to_confirm(reception, osei):
    wanted = course(practitioner=osei)
    factories.flag(wanted.patient)

    answer = reception.get(url("due_book", wanted), **PIECE)

    assert "Blocked on" in words(answer)
    assert "Confirm booking" not in words(answer)
    assert "See what can be done" in words(answer)


def test_one_visit_is_for_all_that_is_due(reception, osei):
    person = factories.patient()
    wanted, also = course(person, practitioner=osei), course(person, "forehead_lines", practitioner=osei)
    later = course(person, "axillary_hyperhidrosis", on=TODAY, practitioner=osei, units="50")
    html = reception.get(url("due_book", wanted), **PIECE).content.decode()

    ticked = re.findall(r'name="indications" id="for-(\w+)" value="\w+" checked', html)
    assert sorted(ticked) == ["forehead_lines", "glabellar_lines"]
    assert f'id="for-{later.indication.code}"' in html
    reception.post(url("due_book", wanted), hidden(html) | {"indications": ticked, "slot": slots(html)[0]}, **PIECE)

    assert set(Appointment.objects.get().courses.all()) == {wanted, also}


def test_a_clinic_without_hours_is_sent_to_the_booking_page(reception):
    answer = reception.get(url("due_book", course()), **PIECE)

    assert "No working hours are set, so no time can be proposed. Enter a time" in words(answer)


# ---- log a contact ----


def log(client: Client, wanted: Course, outcome: str, **fields):
    return client.post(url("due_contact", wanted), {"outcome": outcome, **fields}, **PIECE)


def test_one_press_logs_and_one_takes_it_back(reception):
    wanted = course()

    done = log(reception, wanted, "no_answer")

    assert "MARSH, Alina: no answer. Back on the list on 24-Nov-2026. Undo" in words(done)
    assert "1 contact, 22-Nov no answer" in words(done)
    attempt = ContactAttempt.objects.get()
    assert (attempt.outcome, attempt.way, attempt.snoozed_until) == ("no_answer", "phone", TODAY + timedelta(days=2))
    undone = reception.post(url("due_contact_undo", wanted), hidden(done.content.decode()), **PIECE)
    assert "The contact was taken back." in words(undone)
    assert "1 contact" not in words(undone)
    again = reception.post(url("due_contact_undo", wanted), hidden(done.content.decode()), **PIECE)
    assert "taken back already" in words(again)


@pytest.mark.parametrize("attempt", ["", "x", "0", "9" * 30])
def test_a_contact_that_is_none_is_not_taken_back(reception, attempt: str):
    assert reception.post(url("due_contact_undo", course()), {"attempt": attempt}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "back", "reason"),
    [
        ({"when": "28", "reason": "away"}, TODAY + timedelta(days=28), "Away"),
        (
            {"when": "day", "until": "2027-01-04", "reason": "other", "words": "After the wedding"},
            date(2027, 1, 4),
            "After the wedding",
        ),
        ({"reason": "cost", "words": "In spring"}, TODAY + timedelta(days=14), "Cost. In spring"),
    ],
)
def test_not_now_rests_as_long_as_is_chosen(reception, fields: dict, back: date, reason: str):
    wanted = course()

    log(reception, wanted, "not_now", **fields)

    attempt = ContactAttempt.objects.get()
    assert (attempt.snoozed_until, attempt.reason) == (back, reason)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"when": "day", "until": "2026-11-22", "reason": "away"}, "Snooze date must be after today."),
        (
            {"when": "day", "until": "2027-12-01", "reason": "away"},
            "Choose a date before 23-Nov-2027, or stop reminders.",
        ),
        ({"when": "day", "reason": "away"}, "Choose when to call again."),
        ({"when": "day", "until": "31/02/2027", "reason": "away"}, "Date must be a real date, like 14/07/2026."),
        ({"when": "7"}, "Say why not now."),
        ({"when": "7", "reason": "other"}, "Say in your own words why not now."),
    ],
)
def test_what_not_now_cannot_be_is_said_and_what_was_typed_stays(reception, fields: dict, sentence: str):
    wanted = course()

    answer = log(reception, wanted, "not_now", **fields)

    assert (answer.status_code, ContactAttempt.objects.count()) == (422, 0)
    assert sentence in words(answer)
    assert all(f'value="{value}"' in answer.content.decode() for value in fields.values() if value != "away")


def test_an_outcome_that_is_none_is_refused(reception):
    assert "Choose what came of the call." in words(log(reception, course(), "sideways"))


def test_stop_and_wrong_number_say_what_they_did(reception):
    wanted = course()

    assert "reminders stopped" in words(log(reception, wanted, "stop"))
    assert "said no to reminders" in words(reception.get(url("due_row", wanted), **PIECE))
    assert "the number was wrong and is taken off the record" in words(log(reception, wanted, "wrong_number"))
    wanted.patient.refresh_from_db()
    assert (wanted.patient.contact_consent, wanted.patient.phone) == ("no", "")


def test_what_the_patient_says_of_the_effect_is_kept_with_the_contact(reception):
    wanted = course()

    log(reception, wanted, "will_call", effect="gone", gone_on="2026-10-20")
    assert wanted.treatments.get().worn_off_on == date(2026, 10, 20)
    wrong = log(reception, wanted, "will_call", effect="gone", gone_on="2026-06-01")
    missing = log(reception, wanted, "will_call", effect="gone")

    assert "The day must lie between the treatment, 01-Jul-2026, and today." in words(wrong)
    assert "Enter the day on which the effect was gone" in words(missing)
    assert ContactAttempt.objects.count() == 1


def test_after_three_contacts_the_panel_asks_to_close(reception):
    wanted = course()
    for days in (9, 6, 3):
        contacts.log(wanted, outcome=Outcome.NO_ANSWER, by=BY, at=NOW - timedelta(days=days))

    panel = reception.get(url("due_contact", wanted), **PIECE)
    assert "3 attempts made. Close until the next treatment" in words(panel)
    assert "No last message can go now: not asked." in words(panel)
    assert "19-Nov-2026 09:00, telephone: no answer, tester" in words(panel)
    closed = reception.post(url("due_close", wanted), **PIECE)
    assert "frown lines is closed until the next treatment. Undo" in words(closed)
    assert Course.objects.get(pk=wanted.pk).stopped_on == TODAY
    opened = reception.post(url("due_close", wanted), hidden(closed.content.decode()), **PIECE)

    assert "frown lines is called again." in words(opened)
    assert Course.objects.get(pk=wanted.pk).stopped_on is None


def test_after_three_contacts_the_last_message_is_read_sent_and_taken_back(reception):
    wanted = course()
    patients.amend(wanted.patient, changes={"contact_consent": "yes"}, by=BY, at=NOW)
    for days in (9, 6, 3):
        contacts.log(wanted, outcome=Outcome.NO_ANSWER, by=BY, at=NOW - timedelta(days=days))

    panel = words(reception.get(url("due_contact", wanted), **PIECE))
    assert "3 attempts made. Send last message Close until the next treatment" in panel
    assert "Alina, this is our last reminder about your next visit at Harbour Skin Clinic. Book: http" in panel
    assert "Text message, 2 parts. The address in it is an example." in panel
    sent = reception.post(url("due_last", wanted), **PIECE)
    assert "the last message goes in three minutes, if nothing stands against it then. Undo" in words(sent)
    assert Message.objects.get().state == "waiting"
    again = reception.post(url("due_last", wanted), **PIECE)
    assert "The last message cannot be sent to this patient now." in words(again)
    panel = words(reception.get(url("due_contact", wanted), **PIECE))
    assert "No last message can go now: nothing to send yet (a message waits to go)." in panel
    back = reception.post(url("due_last_undo", wanted), hidden(sent.content.decode()), **PIECE)

    assert "The message was taken back. Nobody was written to." in words(back)
    assert Message.objects.get().state == "dropped"
    gone = reception.post(url("due_last_undo", wanted), hidden(sent.content.decode()), **PIECE)
    assert "The message has gone, or is on its way. Nothing was changed." in words(gone)


def test_before_the_third_contact_no_last_message_is_offered(reception):
    wanted = course()
    patients.amend(wanted.patient, changes={"contact_consent": "yes"}, by=BY, at=NOW)
    for days in (9, 6):
        contacts.log(wanted, outcome=Outcome.NO_ANSWER, by=BY, at=NOW - timedelta(days=days))

    assert "last message" not in words(reception.get(url("due_contact", wanted), **PIECE))


def test_without_script_the_last_message_goes_by_a_form(reception):
    wanted = course()
    patients.amend(wanted.patient, changes={"contact_consent": "yes"}, by=BY, at=NOW)

    answer = reception.post(url("due_last", wanted), follow=True)

    assert "the last message goes in three minutes" in words(answer)


def test_a_message_of_somebody_else_is_not_taken_back(reception):
    wanted, other = course(), course(factories.patient(family_name="Okafor", phone="07700 900912"))
    patients.amend(other.patient, changes={"contact_consent": "yes"}, by=BY, at=NOW)
    reception.post(url("due_last", other), **PIECE)

    posted = {"message": Message.objects.get().public_id}
    assert reception.post(url("due_last_undo", wanted), posted, **PIECE).status_code == 404


def test_a_contact_about_somebody_who_died_is_refused_in_the_panel(reception):
    wanted = course()
    patients.amend(wanted.patient, changes={"died_on": TODAY}, by=BY, at=NOW)

    answer = log(reception, wanted, "no_answer")

    assert (answer.status_code, ContactAttempt.objects.count()) == (422, 0)
    assert "The patient died on 22-Nov-2026. Nobody is called." in words(answer)


def test_closing_what_is_stopped_says_so(reception):
    wanted = course()
    courses.stop(wanted, reason="Moved away", by=BY, at=NOW)

    assert "This course was stopped on 22-Nov-2026." in words(reception.post(url("due_close", wanted), **PIECE))
    assert reception.post(url("due_close", wanted)).url == reverse("due")


# ---- a due window set by hand ----


def test_a_window_set_by_hand_stands_beside_the_computed_one(reception):
    wanted = course()
    sent = {"due_from": "2026-12-20", "due_until": "2027-01-20", "reason": "Holiday", "version": str(wanted.version)}
    computed = "Computed: 01-Oct-2026 to 01-Nov-2026. Earliest day: 01-Oct-2026."
    assert computed in words(reception.get(url("due_more", wanted), **PIECE))

    done = reception.post(url("due_more", wanted), sent, **PIECE)

    assert "MARSH, Alina: due 20-Dec-2026 to 20-Jan-2027, until the next full treatment. Use computed" in words(done)
    assert "Due 20-Dec to 20-Jan-2027 (set by Maya Cole 22-Nov: Holiday). Computed 01-Oct-2026." in words(done)
    assert f"Set to 20-Dec to 20-Jan-2027 by Maya Cole on 22-Nov-2026: Holiday. {computed}" in words(
        reception.get(url("due_more", wanted), **PIECE)
    )
    back = reception.post(url("due_more", wanted), {"computed": "1"}, **PIECE)
    assert "the computed window holds again" in words(back)
    assert Course.objects.get(pk=wanted.pk).due_from == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"due_from": "2026-07-20"}, "The window cannot open before the earliest day"),
        ({"due_until": "2026-12-01"}, "The last good day must be the same as or after the first."),
        ({"reason": ""}, "Say why the day is set."),
        ({"version": "99"}, "Somebody changed this course meanwhile."),
    ],
)
def test_what_a_window_cannot_be_is_said(reception, fields: dict, sentence: str):
    wanted = course()
    sent = {"due_from": "2026-12-20", "due_until": "2027-01-20", "reason": "Holiday", "version": str(wanted.version)}

    answer = reception.post(url("due_more", wanted), sent | fields, **PIECE)

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert Course.objects.get(pk=wanted.pk).set_from is None


# ---- one after the other ----


def test_a_call_run_shows_one_row_and_the_next(reception):
    rows = [course(factories.patient(phone=f"07700 90091{n}"), on=OVERDUE - timedelta(days=n)) for n in range(2)]

    first = reception.get(reverse("due_tab", args=["overdue"]), {"run": "1"}).content.decode()
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = reception.get(unescape(following[1])).content.decode()

    assert [f'data-patient="{each.patient.public_id}"' in first for each in rows] == [False, True]
    assert [f'data-patient="{each.patient.public_id}"' in second for each in rows] == [True, False]
    assert "This is the last one." in second
    log(reception, rows[0], "no_answer")
    log(reception, rows[1], "no_answer")
    assert (
        "Nobody is left in this list."
        in reception.get(reverse("due_tab", args=["overdue"]), {"run": "1"}).content.decode()
    )
