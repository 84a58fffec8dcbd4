"""The page on which reception calls about the next two working days and works off what patients ask."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from clinic.models import AuditEvent, ClosedDay
from tests import factories
from tests.treatments.views import public
from tests.treatments.views.public import holder_of, visit_of, words
from treatments.models import Message, PatientRequest
from treatments.queries.confirmations import working_days
from treatments.rules.vocabulary import Way, Wish
from treatments.services import appointments, replies

pytestmark = pytest.mark.django_db


@pytest.fixture
def reception(client):
    client.force_login(factories.staff("reception"))
    return client


@pytest.fixture
def visit():
    return visit_of(days=1)


def groups(client) -> dict[str, list[str]]:
    context = client.get("/confirmations/").context
    found = {str(words): [row["public_id"] for row in rows] for words, rows in context["groups"] if rows}
    return found | ({"Confirmed": [row["public_id"] for row in context["confirmed"]]} if context["confirmed"] else {})


def another(visit, *, hour: int = 12, days: int = 0, **fields):
    person = factories.patient(at=public.now(), **fields)
    on = visit.on + timedelta(days=days)
    starts_at = timezone.make_aware(datetime.combine(on, time(hour)))
    return factories.visit(person, starts_at, at=public.now(), practitioner=visit.practitioner, room=visit.room)


def test_not_answered_first_then_who_cannot_then_who_would_rather_and_confirmed_folded(reception, visit):
    visits = [visit, another(visit, hour=11), another(visit, hour=12), another(visit, hour=13)]
    for each, said in zip(visits[1:], ("not_coming", "another_time", "coming"), strict=True):
        reception.post(f"/confirmations/{each.public_id}/{said}/")

    assert groups(reception) == {
        "Not answered": [visits[0].public_id],
        "Cannot come": [visits[1].public_id],
        "Wants another time": [visits[2].public_id],
        "Confirmed": [visits[3].public_id],
    }
    assert "1 visit is confirmed" in words(reception.get("/confirmations/"))


def test_a_row_says_whom_to_call_and_what_went_out(reception):
    person = factories.patient(family_name="Reyes", phone="07700 900123", at=public.now())
    visit = visit_of(person, days=1)
    Message.objects.create(
        key="k", kind="tomorrow", patient=person, appointment=visit, text_code="s7", channel="sms", state="sent",
        sent_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC), made_by="maya", made_at=public.now(),
        not_before_at=public.now(),
    )  # fmt: skip

    said = words(reception.get("/confirmations/"))

    assert "REYES, Alina" in said
    assert "07700 900123" in said
    assert "Text message 20-Nov-2026 09:30" in said


def test_nobody_answering_the_call_stands_in_the_row(reception, visit):
    reception.post(f"/confirmations/{visit.public_id}/no_answer/")

    assert f"called {timezone.localtime():%d-%b-%Y}" in words(reception.get("/confirmations/"))
    assert AuditEvent.objects.get(verb="appointment.called").object_id == visit.public_id
    assert "Called, nobody answered" in words(reception.get(f"/visits/{visit.public_id}/"))


def test_other_days_and_visits_that_are_over_are_left_out(reception, visit):
    today = visit_of(factories.patient(at=public.now()), days=0) if timezone.localtime().hour < 9 else None
    later = another(visit, days=5)

    shown = {row for rows in groups(reception).values() for row in rows}

    assert shown == {visit.public_id}
    assert later.public_id not in shown
    assert today is None or today.public_id not in shown


def test_working_days_are_those_on_which_somebody_works(visit):
    on = timezone.localdate()
    assert working_days(on) == [on + timedelta(days=1), on + timedelta(days=2)]

    ClosedDay.objects.create(on=on + timedelta(days=2), name="Stocktaking")
    assert working_days(on) == [on + timedelta(days=1), on + timedelta(days=3)]


def test_before_hours_are_set_the_weekend_is_left_out():
    assert [day.weekday() for day in working_days(date(2026, 11, 27))] == [0, 1]


def test_an_empty_page_says_so(reception):
    assert "No visit is booked for" in words(reception.get("/confirmations/"))


def test_all_answered_says_so(reception, visit):
    reception.post(f"/confirmations/{visit.public_id}/coming/")

    assert "All of them have an answer." in words(reception.get("/confirmations/"))


def test_a_result_that_is_none_is_not_found(reception, visit):
    assert reception.post(f"/confirmations/{visit.public_id}/maybe/").status_code == 404
    assert reception.get(f"/confirmations/{visit.public_id}/coming/").status_code == 405


def test_a_visit_that_was_cancelled_meanwhile_is_said(reception, visit):
    appointments.cancel(visit, who="clinic", reason="Is ill", by="maya", at=public.now())

    answer = reception.post(f"/confirmations/{visit.public_id}/coming/", follow=True)

    assert "This visit can no longer be answered." in words(answer)


# ---- what patients wait for ----


def test_a_wish_is_put_before_reception_with_the_way_to_do_it(reception, visit):
    someone = holder_of(visit)
    someone.know(to="link_change")
    chosen = someone.get("link_change").context["days"][0]["times"][0][0]
    someone.post("link_change", at=chosen)

    page = reception.get("/confirmations/")
    said = words(page)

    assert "Wants another time would like" in said
    day = timezone.localtime(datetime.fromisoformat(chosen)).date()
    assert page.context["requests"][0]["step"] == ("Move", f"/visits/{visit.public_id}/move/?date={day}")
    assert "1 patient waits for an answer" in words(reception.get("/today/"))


def test_a_request_is_done_in_one_press_and_undone_in_one(reception, visit):
    row = replies.ask(visit.patient, Wish.CALL, at=public.now(), way=Way.LINK)

    page = reception.post(f"/requests/{row.public_id}/", follow=True)

    assert "Dealt with: Asks us to call, MARSH, Alina. Undo" in words(page)
    assert PatientRequest.objects.get().handled_at is not None
    reception.post(f"/requests/{row.public_id}/", {"undo": "1"})
    assert PatientRequest.objects.get().handled_at is None


def test_words_of_an_unknown_number_are_shown_safely(reception):
    replies.ask(None, Wish.WORDS, at=public.now(), way=Way.SMS, words="<b>Parking?</b>", phone="+447700900999")

    body = reception.get("/confirmations/").content.decode()

    assert "&lt;b&gt;Parking?&lt;/b&gt;" in body
    assert "Unknown sender" in body


def test_rights(client, visit):
    row = replies.ask(visit.patient, Wish.CALL, at=public.now(), way=Way.LINK)
    assert client.get("/confirmations/").status_code == 302
    client.force_login(factories.staff("auditor"))

    page = client.get("/confirmations/")
    assert page.status_code == 200
    assert '<form method="post" action="/confirmations/' not in page.content.decode()
    assert client.post(f"/confirmations/{visit.public_id}/coming/").status_code == 403
    assert client.post(f"/requests/{row.public_id}/").status_code == 403


@pytest.mark.parametrize("number", [1, 12])
def test_one_visit_and_twelve_cost_the_same_queries(reception, visit, number, django_assert_num_queries):
    for n in range(number - 1):
        another(visit, hour=11 + n // 2, days=n % 2)
    reception.get("/confirmations/")

    with django_assert_num_queries(11):
        reception.get("/confirmations/")


# ---- beside the state elsewhere ----


@pytest.mark.parametrize(
    ("said", "shown"),
    [("coming", "Confirmed"), ("not_coming", "Cannot come"), ("another_time", "Wants another time")],
)
def test_the_answer_stands_beside_the_state(reception, visit, said, shown):
    reception.post(f"/confirmations/{visit.public_id}/{said}/")

    for address in (
        f"/today/?date={visit.on}", f"/today/?date={visit.on}&view=board", f"/visits/{visit.public_id}/",
        f"/calendar/day/{visit.on}/",
    ):  # fmt: skip
        assert shown in words(reception.get(address)), address
