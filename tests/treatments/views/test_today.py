"""The day sheet: its rows, what is missing before a needle, the next step and the way back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import User
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import Answer, AppointmentState
from treatments.services import appointments, flags

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
    """Somebody treated long ago whose questions were answered today: nothing is missing."""
    person = factories.patient(**fields)
    factories.treated(person, LONG_AGO)
    factories.answers(person)
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


def mark(visit: Appointment, state: str, *, at: datetime = NOW) -> None:
    appointments.mark(visit, AppointmentState(state), by=BY, at=at)


def page(client: Client, **asked: str) -> str:
    answer = client.get(reverse("today"), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows(html: str) -> list[str]:
    found = re.findall(r"<tr(?: class=\"row-over\")?>.*?</tr>", html.partition("<tbody>")[2], re.DOTALL)
    return [row for row in found if "row-now" not in row]


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
    visits = [booked(hour) for hour in range(10, 16)]
    mark(visits[0], "arrived")
    mark(visits[1], "arrived")
    mark(visits[1], "done")
    flags.raise_flag(
        patient=visits[2].patient, kind="pregnancy", starts_on=TODAY, review_on=date(2027, 1, 1), by=BY, at=NOW
    )
    appointments.cancel(visits[3], who="patient", reason="Has a cold", by=BY, at=NOW)

    html = page(reception)

    totals = words(html.partition('<ul class="totals"')[2].partition(">")[2].partition("</ul>")[0])
    assert totals == "5 visits 1 on hold 1 arrived 1 done 1 cancelled Updated 09:00"


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
        (90, "Ask again (90 days)"),
        (1, "Ask again (1 day)"),
        (0, "Ready"),
    ],
)
def test_ready_names_the_first_gap_before_a_needle(reception, answered_days_ago: int | None, said: str):
    person = factories.patient()
    factories.treated(person, LONG_AGO)
    if answered_days_ago is not None:
        factories.answers(person, on=TODAY - timedelta(days=answered_days_ago))
    booked(patient=person)

    (row,) = rows(page(reception))

    assert cell(row, "Ready") == said
    to_safety = reverse("safety", args=[person.public_id]) in row
    assert to_safety == (said != "Ready")


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
        assert "Clinical check" in words(row)
        assert "<form" not in row
        assert "/treat/" not in row


def test_a_hold_whose_reason_has_gone_says_so(reception):
    visit = booked()
    flag = factories.flag(visit.patient, "breastfeeding")
    flags.end(flag, ends_on=TODAY, by=BY, at=NOW)

    (row,) = rows(page(reception))

    assert cell(row, "Status") == "On hold nothing stands against it now"
    assert cell(row, "Ready") == "Ready"


def test_an_overridden_visit_carries_its_mark(reception):
    person = factories.patient()
    factories.treated(person, date(2026, 9, 15))
    factories.answers(person)
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
        (0, "Waiting 0 min"),
        (15, "Waiting 15 min"),
        (16, "Waiting 16 min over 15 min"),
        (65, "Waiting 1 h 5 min over 15 min"),
    ],
)
def test_waiting_is_counted_and_marked_when_long(reception, minutes: int, said: str):
    mark(booked(), "arrived", at=NOW - timedelta(minutes=minutes))

    (row,) = rows(page(reception))

    assert cell(row, "Status") == said


def test_somebody_late_is_named_and_can_be_missed_after_a_while(reception):
    early = NOW - timedelta(hours=1)
    booked(8, 46, at=early, minutes=5)
    booked(8, 40, at=early)

    first, second = rows(page(reception))

    assert (cell(first, "Status"), "/missed/" in first) == ("Booked 20 min late", True)
    assert (cell(second, "Status"), "/missed/" in second) == ("Booked 14 min late", False)


def test_each_step_is_one_press_and_so_is_its_undo(reception):
    visit = booked()
    here = "/today/?date=2026-11-22"

    for button, state in (("Arrive", "arrived"), ("Undo", "booked"), ("Arrive", "arrived")):
        (row,) = rows(page(reception))
        form = next(form for form in re.findall(r"<form.*?</form>", row, re.DOTALL) if f">{button}<" in form)
        action = re.search(r'action="([^"]+)"', form)
        assert action
        assert f'name="next" value="{here}"' in form
        assert f", {visit.patient.list_name}</span>" in form
        answer = reception.post(action[1], {"next": here})
        visit.refresh_from_db()
        assert (answer.status_code, answer.url, visit.state) == (302, here, state)


def test_after_arrival_the_injector_treats_and_reception_waits(reception, injector):
    visit = booked()
    mark(visit, "arrived")
    treat = f'href="{reverse("treat", args=[visit.patient.public_id])}?visit={visit.public_id}"'

    (theirs,), (ours,) = rows(page(injector)), rows(page(reception))

    assert treat in theirs
    assert treat not in ours
    assert "With injector" in words(ours)


def test_a_visit_at_which_something_was_given_cannot_be_undone(reception):
    empty, treated = booked(10), booked(12)
    factories.treated(treated.patient, TODAY, appointment=treated)
    mark(empty, "arrived")
    mark(empty, "done")

    first, second = rows(page(reception))

    assert (cell(first, "Status"), cell(second, "Status")) == ("Done 09:00", "Done 09:00")
    assert ("Undo" in words(first), "Undo" in words(second)) == (True, False)


def test_missed_and_cancelled_stay_visible_below_struck_through_with_rebook(reception):
    missed = booked(8, 30, at=NOW - timedelta(hours=1))
    gone, later = booked(11), booked(15)
    mark(missed, "missed")
    appointments.cancel(gone, who="patient", reason="Has a cold", by=BY, at=NOW)

    html = page(reception)

    shown = rows(html)
    assert [re.search(r"/visits/(\w+)/", row)[1] for row in shown] == [v.public_id for v in (later, missed, gone)]  # type: ignore[index]
    assert html.index(later.public_id) < html.index("Missed and cancelled") < html.index(missed.public_id)
    for visit, row in ((missed, shown[1]), (gone, shown[2])):
        assert 'class="struck"' in row
        assert f'href="{reverse("book", args=[visit.patient.public_id])}?course=glabellar_lines"' in row
    assert "Cancelled Patient: Has a cold" in cell(shown[2], "Status")
    assert "Undo" in words(shown[1])
    assert "Undo" not in words(shown[2])
    assert "struck" not in shown[0]


def test_a_coming_day_has_no_step_and_a_past_one_late_marks(reception):
    booked(days=1)
    booked(days=-1, at=NOW - timedelta(days=2))

    (coming,), (past,) = rows(page(reception, date="2026-11-23")), rows(page(reception, date="2026-11-21"))

    assert "<form" not in coming
    assert re.findall(r"/mark/(\w+)/", past) == ["arrived", "missed"]


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


# ---- cost ----


@pytest.mark.parametrize("number", [1, 30])
def test_one_visit_and_thirty_cost_the_same_queries(reception, django_assert_num_queries, number: int):
    for n in range(number):
        person = known()
        factories.flag(person, "anticoagulant_or_antiplatelet")
        visit = booked(9 + n // 4, 15 * (n % 4), patient=person, minutes=15)
        if n % 3 == 0:
            mark(visit, "arrived")
    rulebook(TODAY)

    with django_assert_num_queries(10):
        html = page(reception)

    assert len(rows(html)) == number
