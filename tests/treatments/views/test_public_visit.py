"""A patient's own page of a visit: what it shows before and after the date of birth, and what one press does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.views import public
from tests.treatments.views.public import BORN, holder_of, visit_of, words
from treatments.models import PatientRequest
from treatments.services import links

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clinic(db) -> None:
    public.open_clinic()


@pytest.fixture
def visit():
    return visit_of()


@pytest.fixture
def someone(visit):
    return holder_of(visit)


def test_the_first_page_shows_when_and_where_and_nobody(visit, someone):
    said = words(someone.get())

    day = timezone.localtime(visit.starts_at)
    assert f"{day:%A} {day.day} {day:%B %Y} , 10am" in said
    assert "Harbour Skin Clinic" in said
    assert "020 7946 0123" in said
    for secret in ("Alina", "Marsh", "Osei", "1985"):
        assert secret not in someone.get().content.decode()


def test_after_the_date_of_birth_it_says_with_whom(someone):
    someone.know()

    assert "With R. Osei" in words(someone.get())


def test_one_press_confirms_without_a_date_of_birth(visit, someone):
    answer = someone.post("link_confirm")

    assert (answer.status_code, answer.url) == (302, someone.url())
    visit.refresh_from_db()
    assert (visit.reply, visit.state, visit.version) == ("coming", "booked", 1)
    assert "You told us that you will come" in words(someone.get())
    row = AuditEvent.objects.get(verb="appointment.replied")
    assert (row.by, row.details) == ("patient link", {"reply": "coming", "way": "link"})


def test_declining_tells_reception_and_cancels_nothing(visit, someone):
    someone.post("link_decline")

    visit.refresh_from_db()
    assert (visit.reply, visit.state) == ("not_coming", "booked")
    row = PatientRequest.objects.get()
    assert (row.wish, row.appointment, row.handled_at) == ("cannot_come", visit, None)
    assert "You told us that you cannot come" in words(someone.get())


def test_the_answer_can_be_changed_until_the_visit(visit, someone):
    someone.post("link_decline")
    someone.post("link_confirm")
    someone.post("link_confirm")

    visit.refresh_from_db()
    assert visit.reply == "coming"
    assert PatientRequest.objects.get().handled_by == "patient link"
    assert AuditEvent.objects.filter(verb="appointment.replied").count() == 2


def test_nothing_is_answered_once_the_visit_has_begun():
    started = (timezone.now() - timedelta(minutes=1)).replace(second=0, microsecond=0)
    visit = factories.visit(factories.patient(at=public.now()), started, at=public.now())
    someone = holder_of(visit)

    assert "has begun or is over" in words(someone.get())
    assert someone.post("link_confirm").status_code == 409
    visit.refresh_from_db()
    assert visit.reply == ""


# ---- another time ----


def test_other_times_need_the_date_of_birth(someone):
    answer = someone.get("link_change")

    assert (answer.status_code, answer.url) == (302, f"{someone.url('link_birth')}?next=link_change")
    assert someone.post("link_change", call="1").status_code == 302
    assert not PatientRequest.objects.exists()


def times(someone) -> list[str]:
    return [value for day in someone.get("link_change").context["days"] for value, _words in day["times"]]


def test_a_time_that_is_chosen_is_a_wish_and_moves_nothing(visit, someone):
    was = visit.starts_at
    someone.know(to="link_change")
    chosen = times(someone)[3]

    answer = someone.post("link_change", at=chosen)

    assert answer.url == someone.url()
    visit.refresh_from_db()
    assert (visit.reply, visit.starts_at) == ("another_time", was)
    assert PatientRequest.objects.get().wished_at.isoformat() == chosen
    assert "You asked for" in words(someone.get())
    assert "your visit stays as it is" in words(someone.get())


def test_no_more_times_than_fit_a_telephone(someone):
    someone.know(to="link_change")
    days = someone.get("link_change").context["days"]

    assert len(days) == 8
    assert {len(day["times"]) for day in days} <= {1, 2, 3, 4, 5, 6}


def test_a_time_that_has_gone_is_not_taken(visit, someone):
    someone.know(to="link_change")
    chosen = times(someone)[0]
    other = factories.patient(family_name="Quinn", at=public.now())
    factories.visit(other, timezone.datetime.fromisoformat(chosen), at=public.now(), practitioner=visit.practitioner)

    answer = someone.post("link_change", at=chosen)

    assert answer.status_code == 409
    assert "That time has gone" in words(answer)
    assert not PatientRequest.objects.exists()


def test_a_time_of_ones_own_making_is_refused(someone):
    someone.know(to="link_change")
    night = timezone.now().replace(hour=3, minute=0, second=0, microsecond=0) + timedelta(days=3)

    assert someone.post("link_change", at=night.isoformat()).status_code == 409
    assert not PatientRequest.objects.exists()


@pytest.mark.parametrize("at", ["", "soon", "0001-01-01T00:00:00+23:59"])
def test_no_time_at_all_asks_for_a_call(someone, at: str):
    someone.know(to="link_change")

    assert someone.post("link_change", at=at).status_code == 302
    assert PatientRequest.objects.get().wished_at is None


def test_on_a_stopped_day_there_is_no_time_and_no_word_why(visit, someone):
    someone.know(to="link_change")
    factories.flag(visit.patient, starts_on=timezone.localdate(), at=public.now())

    said = words(someone.get("link_change"))

    assert "There is no time to choose from here" in said
    for word in ("pregnan", "stop", "hold", "allowed", "safe"):
        assert word not in said.lower()


def test_a_call_can_be_asked_for(visit, someone):
    someone.know(to="link_change")

    someone.post("link_change", call="1")

    row = PatientRequest.objects.get()
    assert (row.wish, row.wished_at, row.appointment) == ("another_time", None, visit)


# ---- the date of birth ----


def test_a_wrong_date_of_birth_is_said_at_the_field(someone):
    answer = someone.know(BORN + timedelta(days=1))

    assert answer.status_code == 422
    assert "Date of birth does not match. Check it, or call us." in words(answer)
    assert "<title>Error: " in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Enter your date of birth."),
        ({"day": "31", "month": "2", "year": "1985"}, "Date of birth must be a real date"),
        ({"day": "x", "month": "7", "year": "1985"}, "Date of birth must be a real date"),
        ({"day": "14", "month": "ju", "year": "1985"}, "Date of birth must be a real date"),
    ],
)
def test_what_is_no_date_costs_no_try(someone, typed, sentence):
    answer = someone.post("link_birth", **typed)

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert someone.link.failed_tries == 0


def test_the_month_may_be_its_name(someone):
    assert someone.post("link_birth", day="14", month="Jul", year="1985").status_code == 302


def test_five_wrong_ones_close_it_and_confirming_still_works(visit, someone):
    for _i in range(5):
        someone.know(BORN + timedelta(days=1))

    closed = someone.know()

    assert closed.status_code == 403
    assert "020 7946 0123" in words(closed)
    assert someone.get("link_birth").status_code == 403
    assert someone.get("link_questions").status_code == 302
    someone.post("link_confirm")
    visit.refresh_from_db()
    assert visit.reply == "coming"


def test_the_date_of_birth_opens_this_link_alone(someone):
    someone.know()
    other = holder_of(visit_of(factories.patient(born_on=BORN, at=public.now()), days=12))
    other.client.cookies = someone.client.cookies
    for morsel in other.client.cookies.values():
        morsel["path"] = "/"

    assert someone.get("link_questions").url == someone.url("link_question", "pregnancy")
    assert other.get("link_questions").url.startswith(other.url("link_birth"))


def test_the_device_remembers_it_for_half_an_hour_and_this_link_alone(someone):
    cookie = someone.know().cookies["born"]

    assert (cookie["max-age"], cookie["path"], cookie["httponly"]) == (1800, someone.url(), True)


def test_where_to_go_next_is_not_the_addresss_to_choose(someone):
    assert someone.know(to="https://evil.example").url == someone.url()
    assert someone.know(to="admin:index").url == someone.url()


# ---- a reminder's link ----


def due_person():
    person = factories.patient(given_name="Alina", family_name="Marsh", born_on=BORN, at=public.now())
    factories.treated(person, timezone.localdate() - timedelta(days=100), at=public.now())
    return person


@pytest.fixture
def reminded(visit):
    """`visit` is somebody else's: somebody has to work here."""
    return public.Someone(links.make(due_person(), "due", at=public.now()))


def test_a_reminders_page_shows_the_clinic_alone(reminded):
    said = words(reminded.get())

    assert "Your next visit" in said
    for secret in ("Alina", "Marsh"):
        assert secret not in reminded.get().content.decode()
    assert reminded.get("link_change").url.startswith(reminded.url("link_birth"))
    assert reminded.get("link_calendar").status_code == 404


def test_a_free_time_is_wished_for(reminded):
    reminded.know(to="link_change")
    chosen = times(reminded)[0]

    reminded.post("link_change", at=chosen)

    row = PatientRequest.objects.get()
    assert (row.wish, row.patient, row.wished_at.isoformat()) == ("a_time", reminded.link.patient, chosen)
    assert "It is not booked yet" in words(reminded.get())


def test_a_call_is_asked_for(reminded):
    reminded.know(to="link_change")

    reminded.post("link_change", call="1")

    assert PatientRequest.objects.get().wish == "call"
    assert "Someone from the clinic will be in touch" in words(reminded.get())


def test_who_is_due_for_nothing_is_called(visit):
    person = factories.patient(born_on=BORN, at=public.now())
    someone = public.Someone(links.make(person, "due", at=public.now()))
    someone.know(to="link_change")

    assert "There is no time to choose from here" in words(someone.get("link_change"))
