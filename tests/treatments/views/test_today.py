"""The day sheet: its rows, what is missing before a needle, the next step and the way back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import ClosedDay, Location, User
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, Service
from treatments.queries import due_counts
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import Answer, AppointmentState
from treatments.services import appointments, consents, flags

pytestmark = pytest.mark.django_db

LONG_AGO = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reception(client: Client) -> Client:
    client.force_login(factories.staff("reception"))
    return client


@pytest.fixture
def injector() -> Client:
    client = Client()
    client.force_login(factories.staff("injector"))
    return client


def known(**fields):
    """Somebody treated long ago who answered the questions and signed today: nothing is missing."""
    person = factories.patient(**fields)
    factories.treated(person, LONG_AGO)
    factories.answers(person)
    consents.sign(person, signed_on=TODAY, by=BY, at=NOW)
    return person


def booked(hour: int = 10, minute: int = 0, *, days: int = 0, by: User | None = None, **fields) -> Appointment:
    defaults = {
        "patient": fields.pop("patient", None) or known(),
        "indications": (factories.indication(),),
        "practitioner": factories.practitioner(),
        "room": factories.room(),
        "starts_at": datetime(2026, 11, 22, hour, minute, tzinfo=UTC) + timedelta(days=days),
        "minutes": 30,
    }
    at, override = fields.pop("at", NOW), fields.pop("override", None)
    wanted = appointments.Booking(**(defaults | fields))
    return appointments.book(wanted, by=by or factories.staff("reception"), at=at, acknowledged=True, override=override)


def mark(visit: Appointment, state: str, *, at: datetime = NOW, by: str = BY) -> None:
    appointments.mark(visit, AppointmentState(state), by=by, at=at)


def check_in(visit: Appointment, *, at: datetime = NOW, **fields) -> None:
    appointments.check_in(visit, by=BY, at=at, **({"identified": True} | fields))


def page(client: Client, **asked: str) -> str:
    answer = client.get(reverse("today"), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows(html: str) -> list[str]:
    found = re.findall(r"<tr(?: class=\"row-over\")?>.*?</tr>", html.partition("<tbody>")[2], re.DOTALL)
    return [row for row in found if "/visits/" in row]


def buttons(row: str) -> list[str]:
    """Where a press of each button goes, the next step first."""
    return re.findall(r'formaction="([^"]+)"', row)


def next_step(row: str) -> str:
    """The words of the one button that stands in the row itself."""
    found = re.search(r'class="btn btn-sm btn-outline-primary"[^>]*>([^<]+)', row)
    return found[1] if found else ""


def more(row: str) -> list[str]:
    menu = row.partition('<ul class="menu-list">')[2].partition("</ul>")[0]
    return [words(item) for item in re.findall(r"<li>.*?</li>", menu)]


def cell(row: str, label: str) -> str:
    return words(row.partition(f'data-label="{label}">')[2].partition("</td>")[0])


# ---- home and who may ----


@pytest.mark.parametrize(
    ("role", "place"), [("reception", "today"), ("injector", "today"), ("manager", "today"), ("auditor", "due")]
)
def test_the_day_begins_where_the_role_works(client, role: str, place: str):
    client.force_login(factories.staff(role))

    answer = client.get(reverse("home"))

    assert answer.url == reverse(place)
    assert client.get(answer.url).status_code == 200


def test_the_day_sheet_is_for_people_with_a_role(client):
    assert client.get(reverse("today")).url == f"{reverse('sign_in')}?next={reverse('today')}"
    nobody = factories.staff("reception")
    nobody.groups.clear()
    client.force_login(nobody)

    assert client.get(reverse("today")).status_code == 403


def test_the_day_sheet_only_reads(reception):
    assert reception.post(reverse("today")).status_code == 405


# ---- the day ----


def test_heading_and_arrows_and_the_filter_stay_with_the_day(reception):
    factories.practitioner(name="T. Lin")

    html = page(reception, date="2026-11-24", who="T. Lin")

    assert '<h1 tabindex="-1">Tuesday 24-Nov-2026</h1>' in html
    assert 'href="/today/?date=2026-11-23&amp;who=T.+Lin" rel="prev"' in html
    assert 'href="/today/?date=2026-11-25&amp;who=T.+Lin" rel="next"' in html
    assert 'href="/today/?date=2026-11-22&amp;who=T.+Lin">Today<' in html
    assert '<input type="date" name="date" value="2026-11-24"' in html


@pytest.mark.parametrize("text", ["24/11/2026", "24.11.2026", "24 Nov 2026"])
def test_a_day_is_understood_as_people_write_it(reception, text: str):
    assert "Tuesday 24-Nov-2026" in page(reception, date=text)


@pytest.mark.parametrize("text", ["31/02", "31/02/2026", "tomorrow", "2026-13-01", "\x00", "9999999-01-01"])
def test_a_day_that_is_none_gets_a_sentence_keeps_the_words_and_shows_today(reception, text: str):
    visit = booked()

    html = page(reception, date=text)

    assert "Date must be a real date" in html
    assert "Sunday 22-Nov-2026" in html
    assert html.partition("<title>")[2].startswith("Error:")
    assert visit.patient.family_name.upper() in html
    assert "\x00" in text or f'value="{text}"' in html


def test_somebody_who_is_no_practitioner_gets_a_sentence_and_everyone(reception):
    booked()

    html = page(reception, who="Nobody")

    assert "Choose one of the list." in html
    assert len(rows(html)) == 1


def test_an_empty_day_says_so_and_leads_to_who_is_due(reception):
    factories.treated(factories.patient(), date(2026, 6, 1))
    factories.treated(factories.patient(), date(2026, 8, 1))
    factories.treated(factories.patient(), date(2026, 11, 1))

    html = page(reception, date="2026-12-24")

    assert "No visits on Thursday 24-Dec-2026." in html
    assert '<a class="btn btn-outline-primary" href="/due/">See who is due (2)</a>' in html
    assert "<table" not in html


def test_more_than_are_counted_are_not_added_up(reception, monkeypatch):
    monkeypatch.setattr(due_counts, "counts", lambda *_of: {"now": 1001, "overdue": 400})

    assert "See who is due (more than 1,000)" in page(reception, date="2026-12-24")


def test_a_closed_day_says_why(reception):
    ClosedDay.objects.create(on=date(2026, 12, 25), name="Christmas Day")
    site = Location.objects.create(name="Hill Road")
    ClosedDay.objects.create(on=date(2026, 12, 24), name="Painters", location=site)

    assert "The clinic is closed: Christmas Day." in words(page(reception, date="2026-12-25"))
    assert "Hill Road is closed: Painters." in words(page(reception, date="2026-12-24"))
    assert "closed" not in words(page(reception, date="2026-12-23"))


def test_me_is_the_practitioner_who_signed_in(client):
    user = factories.staff("injector")
    mine = booked(practitioner=factories.practitioner(name="Dr Osei", user=user))
    booked()
    client.force_login(user)

    assert len(rows(page(client))) == 2
    (row,) = rows(page(client, who="me"))
    assert mine.get_absolute_url() in row
    assert len(rows(page(client, who="Dr Osei"))) == 1


def test_the_totals_count_by_state(reception):
    visits = [booked(hour) for hour in range(10, 18)]
    for visit in visits[:2] + visits[6:]:
        mark(visit, "arrived")
    mark(visits[1], "done")
    for visit in visits[6:]:
        check_in(visit)
    mark(visits[7], "in_room")
    flags.raise_flag(
        patient=visits[2].patient, kind="pregnancy", starts_on=TODAY, review_on=date(2027, 1, 1), by=BY, at=NOW
    )
    appointments.cancel(visits[3], who="patient", reason="Has a cold", by=BY, at=NOW)

    html = page(reception)

    totals = words(html.partition('<ul class="totals"')[2].partition(">")[2].partition("</ul>")[0])
    assert totals == "7 visits 1 on hold 1 arrived 1 checked in 1 in room 1 done 1 cancelled"
    assert "Updated 09:00" in words(html)


# ---- a row ----


def test_a_row_says_when_who_for_what_and_with_whom(reception):
    person = known(family_name="O'Neil", given_name="Niamh", preferred_name="Nee", born_on=date(1990, 11, 23))
    visit = booked(
        14, 30, patient=person, practitioner=factories.practitioner(name="Dr Osei"), room=factories.room(name="Room 1")
    )

    (row,) = rows(page(reception))

    said = words(row).replace("&#x27;", "'")
    assert said.startswith("14:30 30 min O'NEIL , Niamh “ Nee ” born 23-Nov-1990 (35y)")
    assert cell(row, "For") == "Frown lines"
    assert cell(row, "With") == "Dr Osei Room 1"
    assert cell(row, "Ready") == "Ready"
    assert cell(row, "Status") == "Booked"
    assert f'href="{visit.get_absolute_url()}"' in row
    assert f'href="{person.get_absolute_url()}"' in row


def test_times_are_the_clinics(reception):
    booked(days=220)  # 30-Jun-2027, 10:00 UTC

    assert "11:00" in page(reception, date="2027-06-30")


def test_names_cannot_write_markup(reception):
    booked(
        patient=known(family_name="<b>Bold", preferred_name="<i>x"), practitioner=factories.practitioner(name="<u>y")
    )

    html = page(reception)

    assert not re.search(r"<b>|<i>|<u>", html, re.IGNORECASE)


def test_the_line_of_now_lies_between_what_has_begun_and_what_has_not(reception):
    early, late = booked(9, 0), booked(9, 1)

    html = page(reception)

    places = [html.index(early.get_absolute_url()), html.index("now 09:00"), html.index(late.get_absolute_url())]
    assert places == sorted(places)
    assert "row-now" not in page(reception, date="2026-11-23")


# ---- ready ----


@pytest.mark.parametrize(
    ("answered_days_ago", "said"),
    [
        (None, "Questions not asked"),
        (91, "Questions out of date (91 days)"),
        (90, "Ready"),
        (0, "Ready"),
    ],
)
def test_ready_names_the_first_gap_before_a_needle(reception, answered_days_ago: int | None, said: str):
    person = factories.patient()
    factories.treated(person, LONG_AGO)
    consents.sign(person, signed_on=TODAY, by=BY, at=NOW)
    if answered_days_ago is not None:
        factories.answers(person, on=TODAY - timedelta(days=answered_days_ago))
    booked(patient=person)

    (row,) = rows(page(reception))

    assert cell(row, "Ready") == said
    to_safety = reverse("safety", args=[person.public_id]) in row
    assert to_safety == (said != "Ready")


@pytest.mark.parametrize(
    ("signed_days_ago", "said"),
    [
        (None, "Consent missing"),
        (366, "Consent missing signed 21-Nov-2025, over 365 days before"),
        (365, "Ready"),
        (0, "Ready"),
    ],
)
def test_a_consent_must_be_in_force(reception, signed_days_ago: int | None, said: str):
    person = factories.patient()
    factories.treated(person, LONG_AGO)
    factories.answers(person)
    if signed_days_ago is not None:
        consents.sign(person, signed_on=TODAY - timedelta(days=signed_days_ago), by=BY, at=NOW)
    booked(patient=person)

    (row,) = rows(page(reception))

    assert cell(row, "Ready") == said
    assert (reverse("patient_consent", args=[person.public_id]) in row) == (said != "Ready")


def test_a_withdrawn_consent_is_none_and_the_clinic_says_how_long_one_holds(reception, settings):
    gone, old = known(), factories.patient()
    factories.treated(old, LONG_AGO)
    factories.answers(old)
    consents.sign(old, signed_on=TODAY - timedelta(days=40), by=BY, at=NOW)
    consents.withdraw(gone, by=BY, at=NOW)
    booked(10, patient=gone)
    booked(12, patient=old)
    settings.CLINIC_CONSENT_VALID_DAYS = 30

    first, second = (cell(row, "Ready") for row in rows(page(reception)))

    assert first == "Consent missing"
    assert second == "Consent missing signed 13-Oct-2026, over 30 days before"


def test_who_has_come_must_be_known_and_asked_for_the_day(reception):
    person = factories.patient()
    factories.treated(person, LONG_AGO)
    factories.answers(person, on=TODAY - timedelta(days=12))
    consents.sign(person, signed_on=TODAY, by=BY, at=NOW)
    visit = booked(patient=person)

    mark(visit, "arrived")
    (arrived,) = rows(page(reception))
    check_in(visit)
    (checked,) = rows(page(reception))
    factories.answers(person)
    (asked,) = rows(page(reception))

    assert cell(arrived, "Ready") == "Identity not checked"
    assert reverse("visit_check_in", args=[visit.public_id]) in arrived
    assert cell(checked, "Ready") == "Ask again (12 days)"
    assert cell(asked, "Ready") == "Ready"


def test_somebody_who_could_not_be_identified_is_named(reception):
    visit = booked()
    check_in(visit, identified=False, identity_note="Came with her mother, no paper")

    (row,) = rows(page(reception))

    assert cell(row, "Ready") == "Identity not confirmed Came with her mother, no paper"


def test_a_consultation_needs_nothing_but_the_person(reception):
    talk = Service.objects.create(name="Consultation", is_treatment=False, minutes=20)
    visit = booked(patient=factories.patient(), service=talk, indications=())

    (before,) = rows(page(reception))
    mark(visit, "arrived")
    (after,) = rows(page(reception))

    assert (cell(before, "For"), cell(before, "Ready")) == ("Consultation", "Ready")
    assert cell(after, "Ready") == "Identity not checked"


def test_another_day_asks_for_no_answers_of_that_day(reception):
    booked(days=5)

    (row,) = rows(page(reception, date="2026-11-27"))

    assert cell(row, "Ready") == "Ready"


def test_an_answer_that_is_not_settled_is_the_gap(reception):
    person = factories.patient()
    factories.treated(person, LONG_AGO)
    kind = rulebook(TODAY).questions[0]
    factories.answers(person, **{kind: Answer.NOT_SURE})
    booked(patient=person)

    (row,) = rows(page(reception))

    assert cell(row, "Ready").startswith("Answer to settle")


def test_a_caution_is_named_also_beside_another_gap(reception):
    calm, asked = known(), factories.patient()
    factories.treated(asked, LONG_AGO)
    for person in (calm, asked):
        factories.flag(person, "anticoagulant_or_antiplatelet")
    booked(10, patient=calm)
    booked(12, patient=asked)

    first, second = (cell(row, "Ready") for row in rows(page(reception)))

    assert first.startswith("Caution ")
    assert second.startswith("Questions not asked ")
    assert first.removeprefix("Caution ") == second.removeprefix("Questions not asked ")


def test_a_visit_on_hold_is_blocked_and_leads_to_the_clinical_check(reception, injector):
    visit = booked()
    factories.flag(visit.patient, "breastfeeding")

    for client in (reception, injector):
        (row,) = rows(page(client))
        assert cell(row, "Ready").startswith("Blocked ")
        assert cell(row, "Status") == "On hold"
        assert next_step(row) == "Clinical check"
        assert more(row) == ["Missed", "Move", "Cancel"]
        assert "/treat/" not in row


def test_visits_on_hold_stand_first_also_those_of_the_coming_days(reception):
    early, today, coming = booked(9, 30), booked(15), booked(days=3)
    soft = booked(16)
    for visit in (today, coming):
        factories.flag(visit.patient, "breastfeeding")
    factories.flag(soft.patient, "aminoglycoside")

    html = page(reception)
    places = [html.index(v.get_absolute_url()) for v in (today, soft, coming, early)]
    prescriber = Client()
    prescriber.force_login(factories.staff("injector", prescriber=True))

    assert places == sorted(places)
    assert html.index("On hold: decide") < places[0]
    held = next(row for row in rows(html) if coming.public_id in row)
    assert words(held).startswith("25-Nov 10:00")
    assert "Breastfeeding" in cell(held, "Ready")
    assert next_step(held) == "Clinical check"
    assert ["Override" in words(row) for row in rows(page(prescriber))] == [False, True, False, False]
    assert coming.public_id not in page(reception, date="2026-11-23")


def test_more_holds_than_fit_are_counted(reception):
    for n in range(7):
        factories.flag(booked(days=n + 1).patient, "breastfeeding")

    html = page(reception)

    assert len(rows(html)) == 5
    assert "and 2 more visits on hold later" in words(html)


def test_a_hold_whose_reason_has_gone_says_so(reception):
    visit = booked()
    flag = factories.flag(visit.patient, "breastfeeding")
    flags.end(flag, ends_on=TODAY, by=BY, at=NOW)

    (row,) = rows(page(reception))

    assert cell(row, "Status") == "On hold"
    assert cell(row, "Ready") == "On hold nothing stands against it now"
    assert next_step(row) == "Release"
    assert buttons(row)[0] == reverse("visit_release", args=[visit.public_id])


def test_an_overridden_visit_carries_its_mark(reception):
    person = factories.patient()
    factories.treated(person, date(2026, 9, 15))
    factories.answers(person)
    consents.sign(person, signed_on=TODAY, by=BY, at=NOW)
    doctor = factories.staff("injector", prescriber=True, username="osei")
    decision = appointments.Override(doctor, "benefit", "Agreed with the patient")
    booked(patient=person, by=doctor, override=decision)

    (row,) = rows(page(reception))

    assert cell(row, "Ready") == "Ready Overridden by osei: The benefit outweighs the risk for this patient"
    assert "#sign-soft_stop" in row
    assert "Arrive" in words(row)


# ---- status, next step, way back ----


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "Arrived Waiting 0 min"),
        (15, "Arrived Waiting 15 min"),
        (16, "Arrived Waiting 16 min, over 15"),
        (65, "Arrived Waiting 1 h 5 min, over 15"),
    ],
)
def test_waiting_is_counted_and_marked_when_long(reception, minutes: int, said: str):
    mark(booked(), "arrived", at=NOW - timedelta(minutes=minutes))

    (row,) = rows(page(reception))

    assert cell(row, "Status") == said
    assert ("#sign-waits" in row) == ("over 15" in said)


def test_somebody_late_is_named(reception):
    early = NOW - timedelta(hours=1)
    booked(8, 40, at=early)
    booked(9, 30)

    first, second = rows(page(reception))

    assert (cell(first, "Status"), cell(second, "Status")) == ("Booked 20 min late", "Booked")


def press(client: Client, visit: Appointment, row: str, path: str, **data: str):
    """A press of the button that goes there, with what its form sends along."""
    assert path in buttons(row)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', row))
    answer = client.post(path, {"next": fields["next"].replace("&amp;", "&"), "version": fields["version"]} | data)
    visit.refresh_from_db()
    return answer


def test_each_step_is_one_press_and_so_is_its_undo(reception):
    visit = booked()
    here = "/today/?date=2026-11-22"
    mark_url = {state: reverse("visit_mark", args=[visit.public_id, state]) for state in ("arrived", "booked")}

    (row,) = rows(page(reception))
    answer = press(reception, visit, row, mark_url["arrived"])
    arrived = (answer.status_code, answer.url, visit.state)
    html = page(reception)
    notice = re.search(r'<div class="notice notice-success">.*?</form>', html, re.DOTALL)
    assert notice
    undo = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', notice[0]))
    reception.post(mark_url["booked"], undo)
    visit.refresh_from_db()

    assert next_step(row) == "Arrive"
    assert f'Arrive<span class="visually-hidden">, {visit.patient.list_name}</span>' in row
    assert arrived == (302, here, "arrived")
    assert f'action="{mark_url["booked"]}"' in notice[0]
    assert (undo["version"], undo["next"]) == ("2", here)
    assert visit.state == "booked"


def test_the_steps_lead_through_the_day(reception, injector):
    visit = booked()
    seen = []
    for step in (None, "arrived", "checked", "in_room"):
        if step == "checked":
            check_in(visit)
        elif step:
            mark(visit, step)
        (ours,), (theirs,) = rows(page(reception)), rows(page(injector))
        seen.append((next_step(ours), next_step(theirs)))

    assert seen == [("Arrive", "Arrive"), ("Check in", "Check in"), ("In room", "Treat"), ("", "Treat")]
    assert "With injector" in words(ours)
    assert f'href="{reverse("treat", args=[visit.patient.public_id])}?visit={visit.public_id}"' in theirs


def test_a_way_back_stands_under_more(reception):
    visit = booked()
    backs = []
    for step in (None, "arrived", "checked", "in_room", "done"):
        if step == "checked":
            check_in(visit)
        elif step:
            mark(visit, step)
        (row,) = rows(page(reception))
        backs.append([item for item in more(row) if item.startswith("Back")])

    assert backs == [[], ["Back to booked"], ["Back to arrived"], ["Back to checked in"], ["Back to in room"]]


def test_a_consultation_is_finished_by_a_press(reception):
    talk = Service.objects.create(name="Consultation", is_treatment=False, minutes=20)
    visit = booked(service=talk, indications=())
    check_in(visit)

    (row,) = rows(page(reception))
    press(reception, visit, row, reverse("visit_mark", args=[visit.public_id, "done"]))

    assert next_step(row) == "Finish"
    assert visit.state == "done"
    (row,) = rows(page(reception))
    assert more(row) == ["Back to checked in"]


def test_treat_opens_the_record_and_marks_the_room_by_one_press(injector):
    visit = booked()
    check_in(visit)

    (row,) = rows(page(injector))
    answer = press(injector, visit, row, reverse("visit_mark", args=[visit.public_id, "in_room"]), then="treat")

    assert 'name="then" value="treat"' in row
    assert visit.state == "in_room"
    assert answer.url == f"{reverse('treat', args=[visit.patient.public_id])}?visit={visit.public_id}"


def test_a_visit_at_which_something_was_given_cannot_be_undone(reception):
    empty, treated = booked(10), booked(12)
    factories.treated(treated.patient, TODAY, appointment=treated)
    mark(empty, "arrived")
    mark(empty, "done")

    first, second = rows(page(reception))

    assert (cell(first, "Status"), cell(second, "Status")) == ("Done 09:00", "Done 09:00")
    assert (more(first), more(second)) == (["Back to arrived"], [])


def test_missed_and_cancelled_stay_visible_below_struck_through_with_rebook(reception):
    missed = booked(8, 30, at=NOW - timedelta(hours=1))
    gone, later = booked(11, at=NOW - timedelta(hours=2)), booked(15)
    mark(missed, "missed")
    appointments.cancel(gone, who="patient", reason="Has a cold", by=BY, at=NOW - timedelta(minutes=4))

    html = page(reception)

    shown = rows(html)
    assert [re.search(r"/visits/(\w+)/", row)[1] for row in shown] == [v.public_id for v in (later, missed, gone)]  # type: ignore[index]
    assert html.index(later.public_id) < html.index("Missed and cancelled") < html.index(missed.public_id)
    for visit, row in ((missed, shown[1]), (gone, shown[2])):
        assert 'class="struck"' in row
        assert f'href="{reverse("book", args=[visit.patient.public_id])}?course=glabellar_lines"' in row
        assert next_step(row) == "Rebook"
    assert "Cancelled late Patient: Has a cold" in cell(shown[2], "Status")
    assert (more(shown[1]), more(shown[2])) == (["Undo: booked again"], [])
    assert "struck" not in shown[0]


def test_a_cancellation_is_undone_within_three_minutes(reception):
    gone = booked(days=5)
    appointments.cancel(gone, who="patient", reason="Has a cold", by=BY, at=NOW - timedelta(minutes=3))

    (row,) = rows(page(reception, date="2026-11-27"))

    assert cell(row, "Status") == "Cancelled Patient: Has a cold"
    assert more(row) == ["Undo: booked again"]


def test_a_coming_day_has_no_step_of_the_day_and_a_past_one_late_marks(reception, injector):
    booked(days=1)
    booked(days=-1, at=NOW - timedelta(days=2))

    (coming,), (past,) = rows(page(reception, date="2026-11-23")), rows(page(reception, date="2026-11-21"))
    (theirs,) = rows(page(injector, date="2026-11-21"))

    assert buttons(coming) == []
    assert more(coming) == ["Move", "Earlier if possible", "Cancel"]
    assert re.findall(r"/mark/(\w+)/", past) == ["missed", "done"]
    assert more(past) == ["Done", "Cancel"]
    assert more(theirs) == ["Done", "Record the treatment", "Cancel"]


def test_who_only_reads_has_no_step_at_all(client):
    mark(booked(10), "arrived")
    booked(12)
    appointments.cancel(booked(14), who="clinic", reason="Room flooded", by=BY, at=NOW)
    client.force_login(factories.staff("auditor"))

    html = page(client)

    table = html.partition("<tbody>")[2]
    assert len(rows(html)) == 3
    assert "<form" not in table
    assert "/book/" not in table
    assert "/treat/" not in table


# ---- two people at work ----


def test_the_second_person_hears_who_was_first(reception, injector):
    visit = booked()
    url = reverse("visit_mark", args=[visit.public_id, "arrived"])
    (old,) = rows(page(injector))
    lin = factories.staff("reception", first_name="T.", last_name="Lin")
    mark(visit, "arrived", by=lin.username)

    answer = press(injector, visit, old, url)

    assert answer.url == "/today/?date=2026-11-22"
    assert f"{visit.patient.list_name}, 10:00: Already arrived at 09:00 by T. Lin." in words(page(injector))
    visit.refresh_from_db()
    assert (visit.state, visit.version) == ("arrived", 2)


def test_a_press_on_an_old_page_changes_nothing_and_says_what_happened(reception):
    visit = booked()
    (old,) = rows(page(reception))
    osei = factories.staff("injector", first_name="R.", last_name="Osei")
    appointments.cancel(visit, who="patient", reason="Has a cold", by=osei.username, at=NOW)

    press(reception, visit, old, reverse("visit_mark", args=[visit.public_id, "arrived"]))

    assert visit.state == "cancelled"
    assert "R. Osei changed this visit at 09:00: it is cancelled late. Nothing was changed by you." in words(
        page(reception)
    )


# ---- the page that asks again ----

FRAGMENT = {"HX-Request": "true"}


def again(client: Client, html: str, **headers: str):
    found = re.search(r'hx-get="([^"]+)"', html)
    assert found
    return client.get(found[1].replace("&amp;", "&"), headers=FRAGMENT | headers)


def stamp(html: str) -> str:
    found = re.search(r'data-stamp="([^"]+)"', html)
    assert found
    return found[1].replace("&quot;", '"')


def test_nothing_has_changed_is_said_without_a_page(reception, django_assert_max_num_queries):
    booked()
    html = page(reception)

    with django_assert_max_num_queries(6):
        answer = again(reception, html, **{"If-None-Match": stamp(html)})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["X-Updated"] == "09:00"
    assert "no-store" in answer.headers["Cache-Control"]


def change(what: str, visit: Appointment, kinds: dict) -> None:
    person = visit.patient
    acts = {
        "a mark": lambda: mark(visit, "arrived"),
        "an answer": lambda: factories.answers(person),
        "a consent": lambda: consents.sign(person, signed_on=TODAY, by=BY, at=NOW),
        "a consent withdrawn": lambda: consents.withdraw(person, by=BY, at=NOW),
        "a flag": lambda: factories.flag(person, "anticoagulant_or_antiplatelet"),
        "a new visit": lambda: booked(15),
        "a visit that left": lambda: appointments.move(
            visit, practitioner=visit.practitioner, room=visit.room, starts_at=visit.starts_at + timedelta(days=1),
            minutes=30, by=kinds["user"], at=NOW, acknowledged=True,
        ),
        "a hold of another day": lambda: factories.flag(kinds["coming"].patient, "breastfeeding"),
    }  # fmt: skip
    acts[what]()


@pytest.mark.parametrize(
    "what",
    [
        "a mark", "an answer", "a consent", "a consent withdrawn", "a flag", "a new visit", "a visit that left",
        "a hold of another day",
    ],
)  # fmt: skip
def test_whatever_has_changed_brings_the_page(reception, what: str):
    visit, coming = booked(), booked(days=2)
    html = page(reception)

    change(what, visit, {"user": factories.staff("reception"), "coming": coming})
    answer = again(reception, html, **{"If-None-Match": stamp(html)})

    assert answer.status_code == 200
    assert answer.content.strip().startswith(b'<div id="day"')
    assert stamp(answer.content.decode()) == answer.headers["ETag"] != stamp(html)


def test_a_row_that_somebody_else_changed_is_marked_for_a_while(reception):
    visit = booked(at=NOW - timedelta(hours=1))
    html = page(reception)
    osei = factories.staff("injector", first_name="R.", last_name="Osei")

    with time_machine.travel(NOW + timedelta(seconds=20), tick=False):
        mark(visit, "arrived", by=osei.username, at=NOW + timedelta(seconds=15))
        answer = again(reception, html, **{"If-None-Match": stamp(html)})
    with time_machine.travel(NOW + timedelta(minutes=3), tick=False):
        later = again(reception, answer.content.decode())

    (row,) = rows(answer.content.decode())
    assert "changed 09:00 by R. Osei" in cell(row, "Status")
    assert answer.headers["X-Changes"] == "1"
    assert "changed 09:00" not in later.content.decode()
    assert later.headers["X-Changes"] == "0"


def test_my_own_changes_are_no_news(client):
    user = factories.staff("reception")
    client.force_login(user)
    visit = booked(at=NOW - timedelta(hours=1))
    html = page(client)

    with time_machine.travel(NOW + timedelta(seconds=20), tick=False):
        mark(visit, "arrived", by=user.username, at=NOW + timedelta(seconds=15))
        answer = again(client, html)

    assert answer.headers["X-Changes"] == "0"
    assert "row-changed" not in answer.content.decode()


@pytest.mark.parametrize("text", ["", "-1", "x", "9" * 40, "²", "\x00", "1e9"])
def test_nonsense_in_the_address_of_the_refresh_is_harmless(reception, text: str):
    booked()

    for name in ("since", "drawn", "view", "who"):
        assert reception.get(reverse("today"), {name: text}, headers=FRAGMENT).status_code == 200


# ---- names off ----


def test_names_off_leaves_initials_and_signs_for_ten_minutes(reception):
    person = known(family_name="Okoro", given_name="Ben", preferred_name="Benny")
    held, gone = booked(10, patient=person), booked(12)
    factories.flag(person, "breastfeeding")
    appointments.cancel(gone, who="patient", reason="Has a cold", by=BY, at=NOW)

    reception.post(reverse("today_privacy"), {"next": "/today/"})
    html = page(reception)
    with time_machine.travel(NOW + timedelta(minutes=9, seconds=59), tick=False):
        still = page(reception)
    with time_machine.travel(NOW + timedelta(minutes=10), tick=False):
        after = page(reception)

    for text in ("OKORO", "Ben", "born ", "Breastfeeding", "Has a cold", gone.patient.family_name.upper()):
        assert text not in html.partition('<div id="day"')[2], text
        assert text in after
    assert "O. B." in html
    assert "OKORO" not in still
    assert cell(rows(html)[0], "Ready") == "Blocked"
    assert held.public_id in html


def test_names_off_is_turned_off_by_the_same_press_and_belongs_to_one_session(reception, injector):
    booked(patient=known(family_name="Okoro"))

    reception.post(reverse("today_privacy"))
    theirs = page(injector)
    answer = reception.post(reverse("today_privacy"), {"next": "https://example.org/"})

    assert "OKORO" in theirs
    assert answer.url == reverse("today")
    assert "OKORO" in page(reception)
    assert reception.get(reverse("today_privacy")).status_code == 405


# ---- the board ----


def test_the_board_shows_the_same_visits_by_state_with_the_same_buttons(reception):
    expected, came, room, held, gone = (booked(hour) for hour in (10, 11, 12, 13, 14))
    mark(came, "arrived")
    check_in(room)
    mark(room, "in_room")
    factories.flag(held.patient, "breastfeeding")
    appointments.cancel(gone, who="patient", reason="Has a cold", by=BY, at=NOW)

    html = page(reception, view="board")

    columns = dict(re.findall(r'aria-labelledby="board-(\w+)">(.*?)</section>', html, re.DOTALL))
    assert list(columns) == ["booked", "arrived", "checked", "in_room", "done"]
    found = {state: re.findall(r'class="row-time" href="/visits/(\w+)/', column) for state, column in columns.items()}
    assert found == {
        "booked": [expected.public_id], "arrived": [came.public_id], "checked": [], "in_room": [room.public_id], "done": [],
    }  # fmt: skip
    assert next_step(columns["booked"]) == "Arrive"
    assert 'name="next" value="/today/?date=2026-11-22&amp;view=board"' in columns["booked"]
    assert [held.public_id in row for row in rows(html)] == [True, False]
    assert 'name="view" value="board"' in html


# ---- cost ----


@pytest.mark.parametrize("board", [False, True])
@pytest.mark.parametrize("number", [1, 30])
def test_one_visit_and_thirty_cost_the_same_queries(reception, django_assert_num_queries, number: int, board: bool):
    for n in range(number):
        person = known()
        factories.flag(person, "anticoagulant_or_antiplatelet")
        visit = booked(9 + n // 4, 15 * (n % 4), patient=person, minutes=15)
        if n % 3 == 0:
            mark(visit, "arrived")
        if n % 4 == 1:
            factories.flag(visit.patient, "breastfeeding")
        factories.flag(booked(9 + n // 4, 15 * (n % 4), days=1, minutes=15).patient, "breastfeeding")
    rulebook(TODAY)

    with django_assert_num_queries(15):
        html = page(reception, **({"view": "board"} if board else {}))

    assert html.count('class="row-time"') == number + min(number, 5)
