"""The due list on the screen, on paper and as a file."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Course, Patient
from treatments.rules.vocabulary import Outcome
from treatments.services import appointments, contacts, effects, patients, treatments

pytestmark = pytest.mark.django_db

SOON, DUE, OVERDUE, LAPSED = date(2026, 8, 30), date(2026, 8, 10), date(2026, 7, 1), date(2025, 11, 1)
TABS = ("soon", "now", "overdue", "lapsed", "rebook", "snoozed", "on-hold", "review")


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reception(client: Client) -> Client:
    client.force_login(factories.staff("reception"))
    return client


def course(treated_on: date = OVERDUE, *, person: Patient | None = None, **fields) -> Course:
    person = person or factories.patient()
    factories.treated(person, treated_on, **fields)
    return person.courses.get(indication__code=fields.get("area", "glabellar_lines"))


def book(wanted: Course, *, hour: int = 10, days: int = 3):
    booking = appointments.Booking(
        patient=wanted.patient, indications=(wanted.indication,), practitioner=factories.practitioner(),
        room=factories.room(), starts_at=datetime(2026, 11, 22, hour, 30, tzinfo=UTC) + timedelta(days=days), minutes=30,
    )  # fmt: skip
    return appointments.book(booking, by=factories.staff("reception"), at=NOW, acknowledged=True)


def page(client: Client, tab: str = "overdue", **asked: object) -> str:
    answer = client.get(reverse("due_tab", args=[tab]), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def words(html: str) -> str:
    """What a person reads, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows(html: str) -> list[str]:
    return re.findall(r"<tbody[^>]*>(<tr>.*?</tr>)</tbody>", html, re.DOTALL)


def line(html: str) -> str:
    return words(html.partition('<p class="list-line">')[2].partition("</p>")[0])


# ---- who may ----


def test_the_list_is_for_people_who_signed_in_with_a_role(client):
    for name in ("due", "due_csv"):
        assert client.get(reverse(name)).url == f"{reverse('sign_in')}?next={reverse(name)}"
    nobody = factories.staff("reception")
    nobody.groups.clear()
    client.force_login(nobody)

    assert [client.get(reverse(name)).status_code for name in ("due", "due_csv")] == [403, 403]


def test_who_may_not_book_sees_no_book_button(client):
    course()
    client.force_login(factories.staff("auditor"))
    assert "/book/" not in page(client)
    client.force_login(factories.staff("reception"))
    assert "/book/" in page(client)


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_list_only_reads(reception, method: str):
    assert getattr(reception, method)(reverse("due")).status_code == 405
    assert getattr(reception, method)(reverse("due_csv")).status_code == 405


def test_a_tab_that_is_none_is_not_found(reception):
    assert reception.get(reverse("due_tab", args=["sideways"])).status_code == 404
    assert reception.get(reverse("due_csv"), {"tab": "sideways"}).status_code == 404


# ---- a row ----


def test_a_row_says_who_since_when_and_how_to_reach_them(reception):
    person = factories.patient(family_name="Adeyemi", given_name="Tola", born_on=date(1988, 9, 9), phone="07700 900911")
    course(date(2026, 7, 1), person=person, units="12.5", practitioner=factories.practitioner(name="Dr Osei"))

    (row,) = rows(page(reception))

    said = words(row)
    assert "Overdue 21 d since 02-Nov-2026" in said
    assert f"ADEYEMI , Tola born 09-Sep-1988 (38y) · {person.public_id}" in said
    assert "01-Jul-2026 Dr Osei" in said
    assert "Not booked" in said
    assert "Frown lines" in said
    assert 'href="tel:+447700900911">07700 900911<' in row
    assert f'href="{person.get_absolute_url()}"' in row
    book = reverse("due_book", args=[person.public_id, "glabellar_lines"])
    assert f'href="{book}" hx-get="{book}" aria-label="Book, ADEYEMI, Tola">Book</a>' in row
    assert "Day 144: overdue by 21 days. The window closed 01-Nov-2026." in row
    assert 'class="due-bar due-bar-row" role="img"' in row


@pytest.mark.parametrize(
    ("tab", "treated_on", "chip", "said"),
    [
        ("soon", date(2026, 8, 23), "due_soon", "Due in 1 day from 23-Nov-2026"),
        ("soon", date(2026, 9, 13), "due_soon", "Due in 21 days from 13-Dec-2026"),
        ("now", date(2026, 8, 10), "due", "Due 12 d until 10-Dec-2026"),
        ("overdue", date(2026, 7, 21), "overdue", "Overdue 1 d since 22-Nov-2026"),
        ("lapsed", date(2025, 11, 1), "lapsed", "Lapsed 21 d since 01-Nov-2026"),
    ],
)
def test_each_band_has_its_sign_and_its_days(reception, tab: str, treated_on: date, chip: str, said: str):
    course(treated_on)

    (row,) = rows(page(reception, tab))

    assert f'<span class="chip chip-{chip}">' in row
    assert said in words(row)


def test_a_booked_row_names_day_and_time_and_opens_the_visit(reception):
    wanted = course()
    visit = book(wanted)

    (row,) = rows(page(reception, booked="yes"))

    assert "Booked 25-Nov 10:30" in words(row)
    assert f'href="{visit.get_absolute_url()}"' in row
    assert "/book/" not in row


def test_the_time_of_a_visit_is_the_clinics(reception):
    wanted = course()
    book(wanted, days=220)  # 30-Jun-2027, 10:30 UTC

    assert "Booked 30-Jun 11:30" in words(page(reception, booked="yes"))


def test_on_hold_shows_the_reason_and_its_flag_and_offers_no_booking(reception):
    held = course()
    flag = factories.flag(held.patient, starts_on=TODAY)

    (row,) = rows(page(reception, "on-hold"))

    assert "On hold Pregnant, review 02-Apr-2027" in words(row)
    assert f'href="{flag.get_absolute_url()}"' in row
    assert "/book/" not in row
    assert rows(page(reception, "overdue", booked="all")) == []


def test_a_course_without_a_treatment_can_be_on_hold_and_has_no_picture(reception):
    person = factories.patient()
    given = factories.treated(person, OVERDUE)
    treatments.void(given, reason="Entered for the wrong patient", by=BY, at=NOW)
    factories.flag(person, starts_on=TODAY)

    (row,) = rows(page(reception, "on-hold"))

    assert "Frown lines" in words(row)
    assert "due-bar" not in row


def test_records_to_be_looked_at_have_a_tab_only_where_there_are_any(reception):
    assert reverse("due_tab", args=["review"]) not in page(reception)
    person = factories.patient()
    treatments.record_elsewhere(
        patient=person, indications=[factories.indication()], not_before_on=date(2026, 3, 1),
        performed_on=date(2026, 4, 1), product=None, units=None, note="", by=BY, at=NOW,
    )  # fmt: skip

    assert reverse("due_tab", args=["review"]) in page(reception)
    (row,) = rows(page(reception, "review"))
    assert "The date of the treatment elsewhere is doubtful: 01-Mar-2026 to 01-Apr-2026." in words(row)
    assert f'href="{person.get_absolute_url()}"' in row


def test_names_cannot_write_markup(reception):
    person = factories.patient(family_name="<b>Bold", given_name='"><script>alert(1)</script>')
    course(person=person, practitioner=factories.practitioner(name="<i>Osei"))

    html = page(reception)

    assert "<script>alert" not in html
    assert "&lt;B&gt;BOLD" in html
    assert "<i>Osei" not in html


# ---- tabs, counts, filters ----


def test_tabs_carry_the_numbers_of_what_is_not_booked(reception):
    for treated_on, number in ((SOON, 1), (DUE, 2), (OVERDUE, 3), (LAPSED, 4)):
        for _n in range(number):
            course(treated_on)
    book(course(OVERDUE))
    factories.flag(course().patient, starts_on=TODAY)

    html = page(reception)

    tabs = words(html.partition('<ul class="tabs">')[2].partition("</ul>")[0])
    assert tabs == "Due soon 1 Due 2 Overdue 3 Lapsed 4 To rebook 0 Snoozed 0 On hold 1"
    assert line(html).startswith("3 courses , overdue, to be called, by reason, then most days past the window.")
    assert len(rows(html)) == 3


def test_the_address_without_a_tab_is_the_overdue_list(reception):
    wanted = course()

    html = reception.get(reverse("due")).content.decode()

    assert wanted.patient.public_id in html
    assert '<h1 tabindex="-1">Due list</h1>' in html


def test_the_line_names_every_filter_and_the_way_to_clear_them(reception):
    lin = factories.practitioner(name="T. Lin")
    course(practitioner=lin)
    course(area="forehead_lines", practitioner=lin)

    html = page(reception, indication="forehead_lines", practitioner="T. Lin", booked="all")

    assert line(html).startswith(
        "1 course , overdue, forehead lines, last injected by T. Lin, by reason, then most days past the window. Clear filters"
    )
    assert len(rows(html)) == 1
    soon = reverse("due_tab", args=["soon"])
    assert f'href="{soon}?indication=forehead_lines&amp;practitioner=T.+Lin"' in html


@pytest.mark.parametrize("field", ["indication", "practitioner", "booked"])
def test_a_filter_that_is_none_gets_a_sentence_and_narrows_nothing(reception, field: str):
    course()

    html = page(reception, **{field: "no\x00thing'"})

    assert '<p class="field-error">Choose one of the list.</p>' in html
    assert len(rows(html)) == 1


def test_stopped_and_deceased_people_never_appear(reception):
    wanted = course()
    patients.amend(wanted.patient, changes={"died_on": TODAY}, by=BY, at=NOW)

    assert all(wanted.patient.public_id not in page(reception, tab, booked="all") for tab in TABS)


# ---- nothing to show ----


@pytest.mark.parametrize(
    ("tab", "sentence"),
    [
        ("soon", "Nobody's window opens within 21 days. The next window opens on 01-Feb-2027."),
        ("now", "Nobody is due. The next one becomes due on 01-Feb-2027."),
        ("overdue", "Nobody is overdue. The next one becomes overdue on 02-Mar-2027."),
        ("lapsed", "Nobody has lapsed. The next one lapses on 01-Nov-2027."),
        ("on-hold", "Nobody is on hold."),
        ("review", "No record has to be looked at."),
    ],
)
def test_an_empty_list_says_what_comes_next(reception, tab: str, sentence: str):
    course(date(2026, 11, 1))

    html = page(reception, tab).replace("&#x27;", "'")

    assert sentence in html
    assert "<table" not in html


def test_an_empty_clinic_has_nobody_next(reception):
    assert "<p>Nobody is overdue.</p>" in page(reception)


def test_a_list_whose_people_are_all_booked_says_so(reception):
    book(course())

    html = page(reception)

    assert "Everybody here is booked: 1." in html
    assert f'href="{reverse("due_tab", args=["overdue"])}?booked=yes"' in html


def test_filters_that_leave_nobody_can_be_cleared(reception):
    course()

    html = page(reception, indication="chronic_migraine")

    assert "No course matches these filters." in html
    assert f'href="{reverse("due_tab", args=["overdue"])}">Clear filters</a>' in html


# ---- pages, paper, file ----


def test_pages_follow_one_another_by_key_and_keep_the_filters(reception, monkeypatch):
    monkeypatch.setattr("treatments.queries.due.PAGE_SIZE", 2)
    for _n in range(5):
        course()

    seen, url, html = [], f"{reverse('due_tab', args=['overdue'])}?booked=all", ""
    for _page in range(3):
        html = reception.get(url).content.decode()
        seen += re.findall(r"· (\w{6})</span>", html)
        following = re.search(r'href="([^"]+)" rel="next"', html)
        url = following[1].replace("&amp;", "&") if following else ""
        assert "booked=all" in url or not following

    assert len(set(seen)) == len(seen) == 5
    assert not url
    before = re.search(r'href="([^"]+)" rel="prev"', html)
    assert before
    assert re.findall(r"· (\w{6})</span>", reception.get(before[1].replace("&amp;", "&")).content.decode()) == seen[2:4]


@pytest.mark.parametrize(
    "place", ["", "x", "3.2026-02-31.AAAAAA.a", "3.2026-01-01.A\x00.b", "2026-01-01.AAAAAA.a", "9" * 9000]
)
def test_a_place_that_is_none_is_the_beginning(reception, place: str):
    course()

    assert len(rows(page(reception, after=place))) == 1
    assert len(rows(page(reception, before=place))) == 1


def test_paper_shows_all_rows_and_no_filters(reception, monkeypatch):
    monkeypatch.setattr("treatments.queries.due.PAGE_SIZE", 2)
    for _n in range(3):
        course()

    html = page(reception, print=1)

    assert len(rows(html)) == 3
    assert "data-print" in html
    assert 'class="filters"' not in html


def test_paper_says_what_did_not_fit(reception, monkeypatch):
    monkeypatch.setattr("treatments.views.due.PRINTED", 2)
    for _n in range(3):
        course()

    assert "1 more do not fit on this print." in page(reception, print=1)


def test_the_file_holds_the_tab_with_its_filters_and_is_audited(reception):
    named = factories.patient(family_name="=cmd()", given_name="Ann", phone="+44 7700 900911")
    course(person=named)
    course(area="forehead_lines")
    book(course())

    html = page(reception, indication="glabellar_lines")
    url = re.search(r'href="([^"]+export\.csv[^"]*)"', html)
    assert url
    answer = reception.get(url[1].replace("&amp;", "&"))

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="due-overdue-2026-11-22.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["public_id"], row["name"], row["phone"]) == (named.public_id, "'=CMD(), Ann", "07700 900911")
    assert (row["indication"], row["band"], row["due_from"]) == ("glabellar_lines", "overdue", "2026-10-01")
    event = AuditEvent.objects.get(verb="due_list.exported")
    assert (event.by, event.at) == (reception.get(reverse("due")).wsgi_request.user.username, NOW)
    assert event.details == {
        "tab": "overdue", "on": "2026-11-22", "rows": 1,
        "indication": "glabellar_lines", "practitioner": "", "booked": "no", "order": "",
    }  # fmt: skip


def test_a_row_that_was_drawn_for_one_person_is_drawn_anew_for_another(reception):
    wanted = course()
    seen = page(reception)
    assert "Log contact" in seen
    assert "units" not in rows(seen)[0]

    injector = Client()
    injector.force_login(factories.staff("injector"))
    (row,) = rows(page(injector))
    assert "20 units" in row

    patients.amend(wanted.patient, changes={"phone": "+447700900912"}, by=BY, at=NOW)
    assert "07700 900912" in rows(page(reception))[0]


# ---- cost ----


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize(
    ("tab", "booked", "queries"),
    [
        pytest.param("overdue", "no", 13, id="overdue"),
        pytest.param("overdue", "all", 13, id="overdue, everybody"),
        pytest.param("on-hold", "all", 11, id="on hold"),
    ],
)
def test_one_row_and_thirty_cost_the_same_queries(
    reception, django_assert_num_queries, tab: str, booked: str, queries: int, number: int
):
    for n in range(number):
        wanted = course(practitioner=factories.practitioner())
        contacts.log(wanted, outcome=Outcome.NO_ANSWER, by=BY, at=NOW - timedelta(days=3))
        if booked == "all":
            book(wanted, hour=1 + n % 20, days=1 + n // 20)
        if tab == "on-hold":
            factories.flag(wanted.patient, starts_on=TODAY)

    with django_assert_num_queries(queries):
        html = page(reception, tab, booked=booked)

    assert len(rows(html)) == number


def test_the_picture_of_a_row_has_the_own_range_where_cycles_have_taught(reception):
    person = factories.patient()
    for days in (400, 250, 110):
        given = factories.treated(person, TODAY - timedelta(days=days)).courses.get()
        if days > 110:
            gone_on = TODAY - timedelta(days=days - 105)
            effects.correct(given, effects.Said(worn_off_on=gone_on), by=factories.BY, at=factories.NOW)
    factories.treated(factories.patient(), TODAY - timedelta(days=110))

    page = reception.get(reverse("due_tab", args=["now"])).content.decode()

    assert page.count("due-bar-row") == 2
    assert page.count('class="bracket"') == 1
