"""What holds for every page that opens without an account."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from icalendar import Calendar

from tests import factories
from tests.treatments.views import public
from tests.treatments.views.public import holder_of, visit_of, words
from treatments.models import ContactConsent, Indication, Product
from treatments.services import appointments, links

pytestmark = pytest.mark.django_db
PUBLIC = {
    "sign_in", "health", "link", "link_birth", "link_confirm", "link_decline", "link_change", "link_calendar",
    "link_questions", "link_check", "link_question", "link_stop", "sms_hook",
}  # fmt: skip
PAGES = [
    ("link",), ("link_birth",), ("link_change",), ("link_calendar",), ("link_questions",), ("link_check",),
    ("link_question", "pregnancy"), ("link_question", "reactions"), ("link_question", "hypersensitivity"),
    ("link_question", "today"), ("link_question", "medicines"), ("link_stop",),
]  # fmt: skip
ACTS = [("link_confirm",), ("link_decline",)]


@pytest.fixture(autouse=True)
def _clinic(db) -> None:
    public.open_clinic()


@pytest.fixture
def someone():
    made = holder_of(visit_of())
    made.know()
    made.post("link_question", "reactions", said="yes")
    return made


def patterns(resolver=None):
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver) and entry.app_name != "admin":
            yield from patterns(entry)
        elif isinstance(entry, URLPattern):
            yield entry


def test_no_other_page_opens_without_an_account():
    opened = {entry.name for entry in patterns() if not getattr(entry.callback, "login_required", True)}

    assert opened == PUBLIC


def rows() -> dict[str, str]:
    """A hash of every row of every table but the sessions."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.order_by("pk").values_list():
            found[f"{model.__name__} {row[0]}"] = hashlib.sha256(repr(row).encode()).hexdigest()
    return found


@pytest.mark.parametrize("door", [*PAGES, *ACTS])
def test_get_changes_nothing(someone, door):
    before = rows()

    for method in (someone.client.get, someone.client.head):
        method(someone.url(*door))

    assert rows() == before


@pytest.mark.parametrize("door", ACTS)
def test_what_acts_answers_no_get(someone, door):
    assert someone.get(*door).status_code == 405


@pytest.mark.parametrize("door", PAGES)
def test_no_page_is_kept_found_or_told(someone, door):
    answer = someone.get(*door)

    assert answer.status_code in (200, 302)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert set(answer.cookies) == set()


def test_no_session_begins(someone):
    for door in PAGES:
        someone.get(*door)
    someone.post("link_confirm")

    assert set(someone.client.cookies) == {"born"}


def test_forms_work_where_csrf_is_enforced(someone):
    someone.client = Client(enforce_csrf_checks=True)

    assert someone.post("link_confirm").status_code == 302
    assert someone.know().status_code == 302
    assert someone.post("link_stop").status_code == 302


def never() -> set[str]:
    """The names of treatments and products, in lower case."""
    names = {"botulinum", "toxin", "botox", "injector"}
    for row in Product.objects.all():
        names |= {row.brand.lower(), row.code.replace("_", " ")}
    for row in Indication.objects.all():
        names |= {row.name.lower(), row.short_name.lower()}
    return names - {""}


def test_no_page_names_a_treatment_or_a_product(someone):
    told = {door: words(someone.get(*door)).lower() for door in PAGES}
    told["ics"] = someone.get("link_calendar").content.decode().lower()
    for reply in ("link_confirm", "link_decline"):
        someone.post(reply)
        told[reply] = words(someone.get()).lower()
    told["due"] = words(public.Someone(links.make(someone.link.patient, "due", at=public.now())).get()).lower()

    assert {(door, name) for door, said in told.items() for name in never() if name in said} == set()


@pytest.mark.parametrize("door", [*PAGES, *ACTS])
def test_a_link_that_has_ended_says_whom_to_call(someone, door):
    appointments.cancel(someone.link.appointment, who="clinic", reason="Is ill", by="maya", at=public.now())
    method = someone.post if door in ACTS else someone.get

    answer = method(*door)

    if door == ("link_stop",):
        assert answer.status_code == 200
        return
    assert answer.status_code == 410
    assert "This link has ended" in words(answer)
    assert "Call 020 7946 0123 ." in words(answer)


def test_a_forged_link_looks_the_same_as_one_that_has_ended(client):
    answers = [client.get(f"/v/{text}/") for text in ("x", "A" * 31, "A" * 22 + "." + "B" * 8)]

    assert {answer.status_code for answer in answers} == {410}
    assert {answer.content for answer in answers} == {answers[0].content}


def test_nobody_reaches_another_visit_by_their_own_link(someone):
    other = holder_of(visit_of(factories.patient(born_on=public.BORN, at=public.now()), days=12))

    someone.post("link_confirm")

    visit = other.link.appointment
    assert visit.reply == ""
    assert someone.client.get(f"/visits/{visit.public_id}/").status_code == 302
    assert someone.client.get(f"/visits/{visit.public_id}/visit.ics").status_code == 302


@pytest.mark.parametrize(
    ("door", "queries"),
    [
        (("link",), 4),
        (("link_birth",), 2),
        (("link_change",), 15),
        (("link_question", "pregnancy"), 3),
        (("link_stop",), 2),
    ],
)
def test_what_a_page_costs(someone, door, queries, django_assert_num_queries):
    someone.get(*door)

    with django_assert_num_queries(queries):
        someone.get(*door)


# ---- stop ----


def test_one_press_stops_reminders_and_says_what_goes_on(someone):
    assert "Messages about a visit that you have booked will still come" in words(someone.get("link_stop"))

    someone.post("link_stop")
    someone.post("link_stop")

    assert someone.link.patient.contact_consent == ContactConsent.NO
    assert "Reminders are stopped" in words(someone.get("link_stop"))


def test_a_mail_program_stops_them_with_one_request(someone):
    someone.client = Client(enforce_csrf_checks=True)

    answer = someone.client.post(someone.url("link_stop"), {"List-Unsubscribe": "One-Click"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert someone.link.patient.contact_consent == ContactConsent.NO


def test_it_is_never_too_late_to_stop(someone):
    links.end(someone.link, by="maya", at=public.now())

    someone.post("link_stop")

    assert someone.link.patient.contact_consent == ContactConsent.NO


def test_a_link_to_stop_opens_on_that_page():
    person = factories.patient(at=public.now())
    someone = public.Someone(links.make(person, "stop", at=public.now()))

    assert "Stop reminders?" in words(someone.get())
    assert someone.client.post("/v/forged/stop/").status_code == 410


# ---- the calendar file ----


def test_the_calendar_file_says_when_and_where(someone):
    visit = someone.link.appointment
    answer = someone.get("link_calendar")

    calendar = Calendar.from_ical(answer.content)
    (event,) = calendar.walk("VEVENT")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert (event["uid"], event["sequence"]) == (f"{visit.public_id}@127.0.0.1", 1)
    assert (event.start, event.end) == (visit.starts_at, visit.ends_at)
    assert event["dtstart"].params["TZID"] == "Europe/London"
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/London"]
    assert str(event["summary"]) == "Visit: Harbour Skin Clinic"
    assert "020 7946 0123" in str(event["description"])
    assert max(len(line) for line in answer.content.splitlines()) <= 75


def test_after_a_move_it_is_the_same_entry_with_a_higher_number(someone, client):
    visit = someone.link.appointment
    moved = factories.moved(visit, visit.starts_at + timedelta(hours=2), at=public.now())
    client.force_login(factories.staff("reception"))

    text = client.get(f"/visits/{visit.public_id}/visit.ics").content.decode()

    assert f"UID:{visit.public_id}@127.0.0.1" in text
    assert f"SEQUENCE:{moved.version}" in text
    assert moved.version > visit.version


def test_a_cancelled_visit_is_cancelled_in_the_file(someone, client):
    visit = someone.link.appointment
    appointments.cancel(visit, who="clinic", reason="Is ill", by="maya", at=public.now())
    client.force_login(factories.staff("reception"))

    assert "STATUS:CANCELLED" in client.get(f"/visits/{visit.public_id}/visit.ics").content.decode()
