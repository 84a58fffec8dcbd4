"""The reports: who may ask what, the answer and its figures, as files, without names where there are to be none."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from openpyxl import load_workbook

from clinic.models import AuditEvent, Practitioner, User
from tests import factories
from tests.factories import NOW
from treatments.models import (
    Appointment,
    ClosedMonth,
    ContactAttempt,
    ContactStep,
    Course,
    CourseTreatment,
    Message,
    Patient,
    Reminder,
)
from treatments.services import courses, hours, months, treatments
from treatments.views.report_kinds import KINDS

pytestmark = pytest.mark.django_db
SLUGS = list(KINDS)
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def manager() -> Client:
    return signed_in(factories.staff("manager"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def body_of(response) -> bytes:
    """Read to its end, which closes what it was made from."""
    return b"".join(response.streaming_content)


def answer(client: Client, slug: str, **asked: str) -> str:
    return client.get(f"/reports/{slug}/", asked).context["report"].answer


def table(response, slug: str) -> list[list[str]]:
    context = response.context
    tables = [*context["tables"], *context["open_tables"], *([context["months"]] if context["months"] else [])]
    return [[cell["text"] for cell in row] for one in tables if one["slug"] == slug for row in one["rows"]]


def regulars(
    number: int, *, gap_days: int = 112, since: date = date(2026, 3, 2), who: Practitioner | None = None
) -> list[Patient]:
    """People who were treated on that day and again after so many days."""
    people = []
    for _n in range(number):
        person = factories.patient()
        for on in (since, since + timedelta(days=gap_days)):
            factories.treated(person, on, practitioner=who)
        people.append(person)
    return people


# ---- who may ask ----

MAY = {
    "reception": {"due", "contacts"},
    "injector": {"due", "contacts", "retention", "intervals", "on-time", "duration", "overrides"},
    "manager": set(SLUGS),
    "auditor": set(SLUGS),
}


@pytest.mark.parametrize("role", MAY)
def test_each_role_has_its_questions(role: str):
    client = signed_in(factories.staff(role))

    opened = {slug for slug in SLUGS if client.get(f"/reports/{slug}/").status_code == 200}
    listed = {row["url"].split("/")[2] for row in client.get("/reports/").context["answers"]}

    assert opened == listed == MAY[role]
    assert 'href="/reports/"' in client.get("/reports/").content.decode()


@pytest.mark.parametrize("role", MAY)
def test_a_file_is_for_whoever_may_open_the_page(role: str):
    client = signed_in(factories.staff(role))
    regulars(1)

    refused = set()
    for slug in SLUGS:
        response = client.get(f"/reports/{slug}/export.xlsx")
        refused |= {slug} if response.status_code == 403 else set()
        assert response.status_code == 403 or body_of(response).startswith(b"PK")

    assert refused == set(SLUGS) - MAY[role]


@pytest.mark.parametrize(
    ("role", "status"), [("manager", 200), ("auditor", 403), ("injector", 403), ("reception", 403)]
)
@pytest.mark.parametrize("address", ["/reports/data-quality/phone/", "/reports/treatments/export.csv"])
def test_lists_of_names_are_for_managers(address: str, role: str, status: int):
    assert signed_in(factories.staff(role)).get(address).status_code == status


def test_the_list_of_early_treatments_has_names_so_an_auditor_does_not_get_it():
    assert [
        signed_in(factories.staff(role)).get("/reports/intervals/early/").status_code
        for role in ("manager", "injector", "auditor")
    ] == [200, 200, 403]


def test_an_injector_sees_their_own_figures_alone(manager: Client):
    user = factories.staff("injector")
    mine, other = factories.practitioner(name="R. Osei", user=user), factories.practitioner(name="T. Lin")
    regulars(22, who=mine)
    regulars(13, who=other)

    own = answer(signed_in(user), "intervals", injector="T. Lin")

    assert own.startswith("The middle one of 22 intervals")
    assert answer(manager, "intervals").startswith("The middle one of 35 intervals")
    assert "injector" not in signed_in(user).get("/reports/intervals/").context["form"].fields


def test_somebody_who_is_no_injector_here_is_told_so():
    response = signed_in(factories.staff("injector")).get("/reports/retention/")

    assert response.context["report"].answer.startswith("There are no figures of yours")


def test_an_unknown_report_is_not_found(manager: Client):
    assert [manager.get(address).status_code for address in ("/reports/profit/", "/reports/profit/export.csv")] == [
        404,
        404,
    ]


# ---- without anything ----


@pytest.mark.parametrize("slug", SLUGS)
def test_an_empty_clinic_gets_a_sentence_and_no_picture(manager: Client, slug: str):
    response = manager.get(f"/reports/{slug}/")

    assert response.context["report"].answer
    assert slug == "due" or "<figure" not in response.content.decode()


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if "first" in KINDS[slug].fields])
@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ({"first": "2026-11-22", "last": "2026-11-01"}, "first", "From must be the same as or before To."),
        ({"first": ""}, "first", "Enter the first day."),
        ({"last": "31/02/2026"}, "last", "Date must be a real date, like 14/07/2026."),
    ],
)
def test_days_that_cannot_be_get_a_sentence_and_no_figure(
    manager: Client, slug: str, asked: dict, field: str, sentence: str
):
    regulars(1)

    response = manager.get(f"/reports/{slug}/", asked)

    assert response.status_code == 200
    assert response.context["form"].errors[field] == [sentence]
    assert response.context["report"].answer == ""
    assert "There is a problem" in text_of(response)
    assert manager.get(f"/reports/{slug}/export.csv", asked).status_code == 404


@pytest.mark.parametrize(
    "asked", [{"indication": "love"}, {"injector": "\x00"}, {"weeks": "-1"}, {"weeks": "9999999999"}]
)
def test_nonsense_in_the_address_gets_a_sentence(manager: Client, asked: dict):
    response = manager.get("/reports/due/", asked)

    assert list(response.context["form"].errors.values()) == [["Choose one of the list."]]


# ---- due against capacity ----


def works(name: str = "R. Osei") -> Practitioner:
    who = factories.practitioner(name=name)
    place = factories.room().location
    hours.set_hours(
        who, location=place, weekdays=(0, 1, 2, 3, 4), opens=time(9), closes=time(12), starts_on=date(2026, 1, 1),
        by="ito", at=NOW,
    )  # fmt: skip
    return who


def test_the_weeks_ahead_stand_against_what_is_free(manager: Client):
    works()
    regulars(3, since=date(2026, 5, 8))  # 28 August and three months: Saturday 28 November

    response = manager.get("/reports/due/", {"weeks": "4"})

    rows = table(response, "weeks")
    assert [row[:4] for row in rows] == [
        ["W47", "16-Nov – 22-Nov", "0", "0"],
        ["W48", "23-Nov – 29-Nov", "3", "30"],
        ["W49", "30-Nov – 06-Dec", "0", "30"],
        ["W50", "07-Dec – 13-Dec", "0", "30"],
    ]
    assert response.context["report"].answer == (
        "Yes: each of these 4 weeks has enough free times, 90 in all for 3 people who become due."
    )


def test_a_gap_is_named_with_its_week(manager: Client):
    regulars(2, since=date(2026, 5, 8))
    regulars(1, since=date(2026, 1, 5))

    said = answer(manager, "due")

    assert said == "Week 48: 2 due, 0 free. 1 person is due already and has no visit."


def test_whoever_is_due_already_is_not_counted_again_in_a_later_week(manager: Client):
    (person,) = regulars(1, since=date(2026, 1, 5))
    factories.treated(person, date(2026, 9, 1), area="forehead_lines")  # its window opens on 1 December

    response = manager.get("/reports/due/")

    assert {row[2] for row in table(response, "weeks")} == {"0"}
    assert sum(int(row[1]) for row in table(response, "waiting")) == 1


def test_the_page_draws_the_bars_with_their_numbers(manager: Client):
    regulars(2, since=date(2026, 5, 8))

    page = manager.get("/reports/due/").content.decode()

    assert page.count('class="chart-bar"') == 8
    assert 'role="img" aria-labelledby="due-weeks-title due-weeks-desc"' in page
    assert "style=" not in page


# ---- coming back ----


def test_retention_says_who_was_back_and_hides_small_groups(manager: Client):
    regulars(20, since=date(2025, 2, 3))
    regulars(3, since=date(2025, 5, 5))

    response = manager.get("/reports/retention/")

    assert response.context["report"].answer == (
        "Of 23 people first treated from 23-Nov-2023 to 22-Nov-2026, 100 % were back by week 20, half of them by week 16; "
        "100 % of those seen for a year were back within it."
    )
    assert table(response, "quarters") == [
        ["2025 Q1", "not shown", "not shown", "not shown", "not shown", ""],
        ["2025 Q2", "fewer than 5", "fewer than 5", "fewer than 5", "", ""],
    ]


def test_too_few_get_a_sentence_with_the_number_needed(manager: Client):
    regulars(7)

    response = manager.get("/reports/retention/")

    assert "Not enough first treatments yet: 7 of 20 needed for this picture." in text_of(response)
    assert "<figure" not in response.content.decode()


def test_those_who_wait_count_as_waiting(manager: Client):
    regulars(20, since=date(2026, 1, 5))
    for _n in range(20):
        factories.treated(factories.patient(), date(2026, 1, 5))

    response = manager.get("/reports/retention/")

    curve = table(response, "curve")
    assert [(row[0], row[1], row[4]) for row in curve if row[0] in ("13", "26")] == [
        ("13", "0", "40"),
        ("26", "50", "20"),
    ]


def test_the_share_of_a_year_tells_of_no_group_under_five(manager: Client):
    regulars(2, since=date(2025, 5, 5))
    for _n in range(4):
        factories.treated(factories.patient(), date(2025, 5, 5))
    regulars(16, since=date(2026, 2, 2))

    said = answer(manager, "retention")

    assert said.startswith("Of 22 people first treated")
    assert "within it" not in said


def test_a_small_month_is_not_what_the_others_leave_of_their_quarter(manager: Client):
    for number, month in ((4, date(2024, 12, 2)), (3, date(2025, 1, 6)), (7, date(2025, 2, 3)), (9, date(2025, 3, 3))):
        regulars(number, since=month)

    response = manager.get("/reports/retention/", {"first": "2024-12-01", "last": "2026-03-31"})

    assert [row[:3] for row in table(response, "months")] == [
        ["Mar-2026", "9", "9"], ["Feb-2026", "not shown", "not shown"], ["Jan-2026", "fewer than 5", "fewer than 5"],
    ]  # fmt: skip


# ---- intervals ----


def test_intervals_by_indication_with_the_floor_and_its_source(manager: Client):
    regulars(15)
    early = regulars(5, gap_days=70)

    response = manager.get("/reports/intervals/")

    assert response.context["report"].answer == (
        "The middle one of 20 intervals from 22-Nov-2025 to 22-Nov-2026 is 16.0 weeks; 5 were shorter than the minimum interval."
    )
    ((name, number, middle, half, too_early, floor, source),) = table(response, "indications")
    assert (name, number, middle, half, too_early, floor) == (
        "Frown lines", "20", "16.0", "14.5 – 16.0", "5", "3 months, Botox",
    )  # fmt: skip
    assert source
    assert 'class="chart-early"' in response.content.decode()
    (picture,) = response.context["report"].pictures
    assert [mark.text for mark in picture.chart.labels] == ["week 0", "4", "8", "12", "16", "20", "24"]
    listed = manager.get("/reports/intervals/early/")
    assert {row[1]["text"] for row in listed.context["table"]["rows"]} == {f"{p} {p.public_id}" for p in early}
    assert {row[6]["text"] for row in listed.context["table"]["rows"]} == {"22"}


def test_under_five_intervals_or_early_ones_are_told_nowhere(manager: Client):
    regulars(20)
    regulars(2, gap_days=70)
    (other,) = regulars(1)
    Course.objects.filter(patient=other).update(indication=factories.indication("forehead_lines"))

    response = manager.get("/reports/intervals/")

    assert response.context["report"].answer.endswith("; fewer than 5 were shorter than the minimum interval.")
    rows = {row[0]: (row[1], row[4]) for row in table(response, "indications")}
    assert rows["Frown lines"] == ("not shown", "fewer than 5")
    assert [row for name, row in rows.items() if name != "Frown lines"] == [("fewer than 5", "0")]
    assert 'class="chart-early"' not in response.content.decode()
    assert "it would tell how many are in a group under five" in text_of(response)
    assert {row[3] for row in table(response, "months")} <= {"0", "fewer than 5", "not shown"}


@pytest.mark.parametrize("slug", ["intervals", "retention"])
def test_too_few_say_only_that_they_are_too_few(manager: Client, slug: str):
    regulars(1, gap_days=70)

    response = manager.get(f"/reports/{slug}/")

    assert response.context["report"].answer.startswith("There are not enough ")
    assert response.context["report"].tables == []
    assert "yet: fewer than 5 of 20 needed for this picture." in text_of(response)


def test_a_touch_up_and_a_treatment_elsewhere_make_no_interval(manager: Client):
    person = factories.patient()
    factories.treated(person, date(2026, 2, 2))
    factories.treated(person, date(2026, 2, 16), units=5, kind=factories.TreatmentKind.TOUCH_UP)
    treatments.record_elsewhere(
        patient=person, indications=[factories.indication()], not_before_on=date(2026, 5, 1), performed_on=date(2026, 6, 1),
        product=factories.product(), units=None, note="", by="maya", at=NOW,
    )  # fmt: skip

    assert answer(manager, "intervals") == "Nobody had a second treatment from 22-Nov-2025 to 22-Nov-2026."


def test_a_voided_treatment_makes_no_interval(manager: Client):
    (person,) = regulars(1)
    last = person.treatments.order_by("-performed_on").first()
    treatments.void(last, reason="Entered for the wrong patient", by="osei", at=NOW)

    assert answer(manager, "intervals").startswith("Nobody had a second treatment")


# ---- on time ----


def test_on_time_by_injector_in_the_order_of_names_with_small_groups_covered(manager: Client):
    osei, lin = factories.practitioner(name="T. Osei"), factories.practitioner(name="A. Lin")
    regulars(12, since=date(2026, 2, 2), who=osei)
    regulars(8, since=date(2026, 2, 2), gap_days=140, who=lin)

    response = manager.get("/reports/on-time/", {"first": "2026-05-01", "last": "2026-08-31"})

    assert response.context["report"].answer == (
        "Of 20 windows that ended from 01-May-2026 to 31-Aug-2026, 12 saw the next treatment on time: 60 %."
    )
    assert [row[1:5] for row in table(response, "injectors")] == [
        ["A. Lin", "8", "0", "0"],
        ["T. Osei", "12", "12", "100"],
    ]
    assert text_of(response).count("95 % range: where it may truly lie") == 1


def test_a_window_or_two_say_nothing_of_the_one_who_was_treated(manager: Client):
    regulars(1, since=date(2026, 2, 2))

    response = manager.get("/reports/on-time/")

    assert response.context["report"].answer.startswith("There are not enough windows to answer this")
    assert "fewer than 5 of 20 needed" in text_of(response)


def test_a_small_indication_is_not_what_the_others_leave_of_the_sum(manager: Client):
    osei = factories.practitioner(name="T. Osei")
    regulars(20, since=date(2026, 2, 2), who=osei)
    (other,) = regulars(1, since=date(2026, 2, 2), who=osei)
    Course.objects.filter(patient=other).update(indication=factories.indication("forehead_lines"))

    response = manager.get("/reports/on-time/", {"first": "2026-05-01", "last": "2026-08-31"})

    assert {row[2] for row in table(response, "injectors")} == {"not shown", "fewer than 5"}
    months = table(response, "months")
    assert all(row[1] in ("0", "not shown", "fewer than 5") or int(row[1]) >= 5 for row in months)


def test_a_small_month_is_not_what_the_others_leave_of_the_sum(manager: Client):
    regulars(15, since=date(2026, 2, 2))
    regulars(7, since=date(2026, 3, 2))
    regulars(2, since=date(2026, 4, 6))

    rows = table(manager.get("/reports/on-time/", {"first": "2026-06-01", "last": "2026-08-31"}), "months")

    assert sorted(row[1] for row in rows) == ["15", "fewer than 5", "not shown"]


def test_a_course_that_was_stopped_in_time_is_not_late(manager: Client):
    person = factories.patient()
    factories.treated(person, date(2026, 2, 2))
    courses.stop(person.courses.get(), reason="Moved away", by="osei", at=datetime(2026, 4, 1, 9, tzinfo=UTC))

    assert answer(manager, "on-time").startswith("No window ended")


# ---- how long it lasts ----


def test_the_median_counts_effects_that_still_last(manager: Client):
    people = regulars(12, since=date(2026, 1, 5), gap_days=126)
    for number, person in enumerate(people):
        first, second = CourseTreatment.objects.filter(treatment__patient=person).order_by("treatment__performed_on")
        CourseTreatment.objects.filter(pk=first.pk).update(worn_off_on=date(2026, 1, 5) + (11 + number % 3) * WEEK)
        said = (
            {"worn_off_on": date(2026, 5, 11) + 14 * WEEK}
            if number < 6
            else {"still_working_on": date(2026, 5, 11) + 15 * WEEK}
        )
        CourseTreatment.objects.filter(pk=second.pk).update(**said)

    response = manager.get("/reports/duration/")

    assert table(response, "numbers") == [
        ["Frown lines", "1st treatment", "12", "12", "12", "11 – ?"],
        ["Frown lines", "2nd treatment", "12", "6", "14", "14 – ?"],
    ]
    assert response.context["report"].answer == (
        "Frown lines: 12 weeks after the 1st treatment, 14 after the 2nd treatment; no difference that chance could not make."
    )


def test_under_five_that_ended_are_not_told(manager: Client):
    for number, person in enumerate(regulars(20, since=date(2026, 1, 5), gap_days=126)):
        first = CourseTreatment.objects.filter(treatment__patient=person).order_by("treatment__performed_on")[0]
        said = {"worn_off_on": date(2026, 4, 1)} if number < 1 else {"still_working_on": date(2026, 4, 1)}
        CourseTreatment.objects.filter(pk=first.pk).update(**said)

    response = manager.get("/reports/duration/")

    assert table(response, "numbers") == [["Frown lines", "1st treatment", "20", "fewer than 5", "", ""]]
    assert "1 ended" not in text_of(response)
    assert "n = 20, fewer than 5 ended" in text_of(response)


def test_too_few_observations_draw_nothing(manager: Client):
    (person,) = regulars(1)
    CourseTreatment.objects.filter(treatment__patient=person).update(worn_off_on=date(2026, 8, 1))

    assert "Not enough observations yet: fewer than 5 of 20 needed for this picture." in text_of(
        manager.get("/reports/duration/")
    )


# ---- contacts ----


def called(course: Course, days_ago: int, outcome: str = "no_answer") -> None:
    at = NOW - timedelta(days=days_ago)
    ContactAttempt.objects.create(course=course, at=at, by="maya", way="phone", outcome=outcome)


def test_calls_count_by_outcome_once_their_two_weeks_are_over(manager: Client):
    (person,) = regulars(1)
    course = person.courses.get()
    for days_ago in (40, 30, 15, 3):
        called(course, days_ago)
    called(course, 30, "will_call")

    response = manager.get("/reports/contacts/")

    assert table(response, "calls") == [["No answer", "4", "3", "0"], ["Will call us", "1", "1", "0"]]
    assert response.context["report"].answer.startswith("0 reminders were sent and 5 calls were logged")


def reminded(course: Course, days_ago: int, *, step: ContactStep, state: str = "sent", **fields) -> Message:
    """A reminder of that step; two courses may share its message."""
    at = NOW - timedelta(days=days_ago)
    message = fields.pop("message", None) or Message.objects.create(
        key=f"{course.pk}-{days_ago}-{state}", kind="due", patient=course.patient, text_code="S3", channel="sms", state=state,
        made_by="run", made_at=at, not_before_at=at, **({"sent_at": at if state == "sent" else None} | fields),
    )  # fmt: skip
    Reminder.objects.create(course=course, cycle_on=at.date(), step=step, message=message)
    return message


def test_reminders_count_by_step_with_the_bookings_after_them(manager: Client):
    step = ContactStep.objects.order_by("pk").first()
    one, two, three = (person.courses.get() for person in regulars(3))
    reminded(one, 40, step=step, delivery="delivered")
    reminded(two, 30, step=step)
    reminded(two, 20, step=step, state="failed")
    reminded(three, 5, step=step)
    reminded(three, 6, step=step, state="uncertain")
    booked_at = NOW - timedelta(days=30)
    visit = Appointment.objects.create(
        patient=one.patient, practitioner=factories.practitioner(), room=factories.room(), on=date(2026, 12, 1),
        starts_at=datetime(2026, 12, 1, 10, tzinfo=UTC), ends_at=datetime(2026, 12, 1, 10, 30, tzinfo=UTC),
        state_by="maya", state_at=booked_at, booked_by="maya", booked_at=booked_at,
    )  # fmt: skip
    visit.courses.add(one)

    response = manager.get("/reports/contacts/")

    ((_name, *figures),) = table(response, "steps")
    assert figures == [
        "3",
        "1",
        "1",
        "1",
        "2",
        "1",
    ]  # sent, delivered, failed, uncertain, two weeks over, booked by then
    assert response.context["report"].answer == (
        "3 reminders were sent and 0 calls were logged from 24-Aug-2026 to 22-Nov-2026; after 1 of 2, 50 % a visit was booked "
        "within 14 days."
    )


def test_a_message_that_came_back_is_not_what_a_booking_came_of(manager: Client):
    step = ContactStep.objects.order_by("pk").first()
    (person,) = regulars(1)
    course = person.courses.get()
    reminded(course, 40, step=step, state="failed", sent_at=NOW - timedelta(days=40))
    visit = factories.visit(person, at=NOW)
    Appointment.objects.filter(pk=visit.pk).update(booked_at=NOW - timedelta(days=35))

    response = manager.get("/reports/contacts/")

    assert table(response, "steps")[0][1:] == ["0", "0", "1", "0", "0", "0"]


def test_one_message_about_two_courses_counts_once_for_its_step(manager: Client):
    step = ContactStep.objects.order_by("pk").first()
    person = factories.patient()
    for area in ("glabellar_lines", "forehead_lines"):
        factories.treated(person, date(2026, 6, 1), area=area)
    first, second = person.courses.order_by("pk")
    message = reminded(first, 40, step=step)
    reminded(second, 40, step=step, message=message)

    assert table(manager.get("/reports/contacts/"), "steps")[0][1] == "1"


# ---- what is missing ----


def test_gaps_are_counted_and_lead_to_their_lists(manager: Client):
    factories.patient(family_name="Zaki", phone="")
    factories.patient(family_name="Abe", phone="+447700900123")
    factories.patient(family_name="Gone", phone="", died_on=date(2026, 1, 1))

    response = manager.get("/reports/data-quality/")

    assert table(response, "gaps")[0][:2] == ["No telephone number", "1"]
    listed = manager.get("/reports/data-quality/phone/")
    assert [row[0]["text"] for row in listed.context["table"]["rows"]] == ["ZAKI, Alina"]
    assert 'href="/reports/data-quality/phone/"' in response.content.decode()


def test_a_long_list_goes_on_where_it_stopped(manager: Client):
    for number in range(53):
        factories.patient(family_name=f"Marsh{number:02}", phone="")

    first = manager.get("/reports/data-quality/phone/")
    second = manager.get(first.context["pager"]["next"])

    names = [row[0]["text"] for page in (first, second) for row in page.context["table"]["rows"]]
    assert names == [f"MARSH{number:02}, Alina" for number in range(53)]
    assert second.context["pager"]["next"] == ""
    assert manager.get("/reports/data-quality/love/").status_code == 404


def test_an_auditor_sees_the_numbers_without_a_way_to_names():
    factories.patient(phone="")

    page = signed_in(factories.staff("auditor")).get("/reports/data-quality/").content.decode()

    assert "/reports/data-quality/phone/" not in page
    assert "MARSH" not in page


# ---- files ----


def test_the_workbook_holds_every_table_and_says_what_was_asked(manager: Client):
    regulars(20)

    response = manager.get("/reports/intervals/export.xlsx", {"indication": "glabellar_lines"})

    book = load_workbook(io.BytesIO(body_of(response)), read_only=True)
    about = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True)}
    rows = list(book["indications"].iter_rows(values_only=True))
    assert book.sheetnames == ["About", "indications"]
    assert about["Question"] == "How long is it from one treatment to the next?"
    assert about["Asked for"] == "from 22-Nov-2025 to 22-Nov-2026, frown lines"
    assert rows[1][:3] == ("Frown lines", 20, 16)
    assert response["Content-Disposition"] == 'attachment; filename="intervals-2026-11-22.xlsx"'
    event = AuditEvent.objects.get(verb="report.exported")
    assert (event.details["report"], event.details["format"], event.details["indication"]) == (
        "intervals", "xlsx", "glabellar_lines",
    )  # fmt: skip


def test_a_number_that_leads_to_its_list_is_a_number_in_the_workbook(manager: Client):
    factories.patient(phone="")

    book = load_workbook(io.BytesIO(body_of(manager.get("/reports/data-quality/export.xlsx"))), read_only=True)

    assert [row[1] for row in book["gaps"].iter_rows(min_row=2, values_only=True)] == [1, 1, 1, 0, 0]


def test_no_cell_of_a_file_is_a_formula(manager: Client):
    evil = factories.practitioner(name="=1+1")
    regulars(20, who=evil)
    asked = {"first": "2026-05-01", "last": "2026-11-01"}

    text = manager.get("/reports/on-time/export.csv", asked).content.decode("utf-8-sig")
    workbook = manager.get("/reports/on-time/export.xlsx", asked)

    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    book = load_workbook(io.BytesIO(body_of(workbook)))
    sheet = [cell for row in book["injectors"].iter_rows() for cell in row]
    assert "'=1+1" in cells
    assert [cell for cell in cells if cell.startswith("=")] == []
    assert {cell.data_type for cell in sheet} <= {"s", "n", "d"}


def test_each_table_is_a_file_of_its_own(manager: Client):
    regulars(1)

    response = manager.get("/reports/due/export.csv", {"table": "waiting"})

    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0] == ["Band", "People"]
    assert manager.get("/reports/due/export.csv", {"table": "love"}).status_code == 404


def test_every_treatment_is_a_row_for_each_course(manager: Client):
    (person,) = regulars(1)
    Patient.objects.filter(pk=person.pk).update(family_name="=Marsh", given_name="-Al")
    last = person.treatments.order_by("-performed_on").first()
    treatments.void(last, reason="Entered for the wrong patient", by="osei", at=NOW)

    response = manager.get("/reports/treatments/export.csv", {"last": "2026-11-22"})

    rows = list(csv.DictReader(io.StringIO(body_of(response).decode("utf-8-sig"))))
    assert [(row["performed_on"], row["units"], row["voided"]) for row in rows] == [
        ("2026-03-02", "20", ""),
        ("2026-06-22", "20", "yes"),
    ]
    assert {(row["family_name"], row["given_name"], row["indication"]) for row in rows} == {
        ("'=Marsh", "'-Al", "glabellar_lines")
    }
    event = AuditEvent.objects.get(verb="treatments.exported")
    assert (event.details["first"], event.details["last"]) == (None, "2026-11-22")


def test_units_are_written_alike_on_every_engine(manager: Client):
    person = factories.patient()
    for day, units in ((2, "12.5"), (3, "120"), (4, "7.25")):
        factories.treated(person, date(2024, day, 1), units=units, area="axillary_hyperhidrosis")

    response = manager.get("/reports/treatments/export.csv")

    rows = csv.DictReader(io.StringIO(body_of(response).decode("utf-8-sig")))
    assert [row["units"] for row in rows] == ["12.5", "120", "7.25"]


def test_days_in_the_wrong_order_give_no_file_of_treatments(manager: Client):
    response = manager.get("/reports/treatments/export.csv", {"first": "2026-11-22", "last": "2026-11-01"})

    assert response.status_code == 422
    assert response.context["form"].errors["first"] == ["From must be the same as or before To."]


# ---- the index ----


def test_the_index_gives_each_answer_and_how_old_it_is(manager: Client):
    first = manager.get("/reports/")
    factories.patient()

    again = manager.get("/reports/")

    assert [row["answer"] for row in again.context["answers"]] == [row["answer"] for row in first.context["answers"]]
    assert {row["as_of"] for row in again.context["answers"]} == {"22-Nov-2026 09:00"}
    assert all(row["answer"] for row in first.context["answers"])


def test_a_kept_answer_is_never_anothers():
    user, other = factories.staff("injector"), factories.staff("injector")
    regulars(2, who=factories.practitioner(name="R. Osei", user=user))
    factories.practitioner(name="T. Lin", user=other)

    pages = [signed_in(each).get("/reports/").context["answers"] for each in (user, other)]

    said = [next(row["answer"] for row in page if "/intervals/" in row["url"]) for page in pages]
    assert said[0].startswith("There are not enough intervals to answer this")
    assert said[1].startswith("Nobody had a second treatment")


# ---- months ----


def test_a_closed_month_keeps_its_figures_and_lists_what_changed(manager: Client):
    people = regulars(3, since=date(2026, 6, 15))  # again on 5 October
    months.close(date(2026, 10, 1), by="close_month", at=NOW)
    later = NOW + timedelta(hours=1)
    factories.treated(factories.patient(), date(2026, 10, 20), at=later)
    treatments.void(
        people[0].treatments.get(performed_on=date(2026, 10, 5)), reason="Wrong patient", by="osei", at=later
    )

    response = manager.get("/reports/intervals/")

    october = table(response, "months")[0]
    assert october[:4] == ["Oct-2026", "3", "3", "0"]
    assert october[5] == ("Closed 22-Nov-2026. Since closed: 1 treatment added, 1 voided. Returns would now be 2.")


def test_the_middle_interval_of_a_month_with_few_returns_is_not_shown(manager: Client):
    regulars(2, since=date(2026, 3, 2))  # again on 22 June
    regulars(5, since=date(2026, 4, 6))  # again on 27 July

    rows = table(manager.get("/reports/intervals/", {"first": "2026-06-01", "last": "2026-07-31"}), "months")

    assert [(row[0], row[2], row[4]) for row in rows] == [("Jul-2026", "5", "112"), ("Jun-2026", "2", "not shown")]


def test_a_month_was_closed_on_the_day_that_the_clinics_calendar_showed(manager: Client):
    regulars(3, since=date(2026, 3, 16))
    months.close(date(2026, 7, 1), by="close_month", at=datetime(2026, 8, 4, 23, 30, tzinfo=UTC))  # half past midnight

    rows = table(manager.get("/reports/intervals/", {"first": "2026-07-01", "last": "2026-07-31"}), "months")

    assert rows[0][-1].startswith("Closed 05-Aug-2026.")


def test_open_months_say_so(manager: Client):
    regulars(1)

    rows = table(manager.get("/reports/intervals/", {"first": "2026-06-01", "last": "2026-11-22"}), "months")

    assert [(row[0], row[-1]) for row in rows] == [
        ("Oct-2026", "Was never closed"), ("Sep-2026", "Was never closed"), ("Aug-2026", "Was never closed"),
    ]  # fmt: skip


def test_months_are_the_clinics_so_a_filter_takes_them_away(manager: Client):
    regulars(1)

    response = manager.get("/reports/intervals/", {"indication": "glabellar_lines"})

    assert response.context["months"] is None
    assert "Months are kept for the whole clinic" in text_of(response)


def test_what_stood_when_a_month_closed_is_shown_as_it_stood(manager: Client):
    factories.patient(phone="")
    months.close(date(2026, 10, 1), by="close_month", at=NOW)
    Patient.objects.update(phone="+447700900123")

    (row,) = table(manager.get("/reports/data-quality/"), "months")

    assert row[:3] == ["Oct-2026", "1", "1"]
    assert ClosedMonth.objects.filter(report="due").count() == 1


# ---- costs ----

QUERIES = {
    "due": 15, "retention": 8, "intervals": 10, "on-time": 10, "duration": 7, "overrides": 5, "contacts": 9,
    "data-quality": 5,
}  # fmt: skip


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("number", [20, 24])
def test_a_report_sends_the_same_queries_whatever_the_number(
    manager: Client, django_assert_num_queries, slug: str, number: int
):
    works()
    people = regulars(number, since=date(2025, 10, 6), who=Practitioner.objects.get())
    for person in people:
        factories.treated(person, date(2026, 9, 1))
        CourseTreatment.objects.filter(treatment__patient=person).update(worn_off_on=date(2026, 9, 2))
        called(person.courses.get(), 30)
    manager.get(f"/reports/{slug}/")

    with django_assert_num_queries(QUERIES[slug]):
        manager.get(f"/reports/{slug}/")
