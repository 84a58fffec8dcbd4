"""A due window set by hand, and the learned duration of one course: shown, pinned, switched off."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import BY, NOW
from treatments.models import ClinicSettings, Course, CourseTreatment, Patient
from treatments.rules.vocabulary import CourseDuration, LearnedDuration
from treatments.services import catalogue, due_dates, effects
from treatments.services.effects import Said

pytestmark = pytest.mark.django_db
DAYS = (date(2025, 1, 10), date(2025, 6, 10), date(2026, 8, 1))
USUAL = (date(2026, 11, 1), date(2026, 12, 1))


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def person() -> Patient:
    person = factories.patient(family_name="Marsh", given_name="Alina")
    factories.treated(person, DAYS[2])
    return person


def taught(person: Patient, after: int = 100, cycles: int = 2) -> None:
    for on in DAYS[:cycles]:
        given = factories.treated(person, on).courses.get()
        effects.correct(given, Said(worn_off_on=on + timedelta(days=after)), by=BY, at=NOW)


def signed_in(role: str, **fields) -> Client:
    client = Client()
    client.force_login(factories.staff(role, **fields))
    return client


def words(page) -> str:
    text = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(text).split())


def url(name: str, person: Patient, area: str = "glabellar_lines") -> str:
    return reverse(name, args=[person.public_id, area])


def typed(**changed) -> dict[str, str]:
    fields = {"due_from": "2026-12-20", "due_until": "2027-01-10", "reason": "Away until Christmas"}
    return fields | {name: str(value) for name, value in changed.items()}


def window() -> tuple[date, date]:
    course = Course.objects.get()
    return course.due_from, course.due_until


# ---- set by hand ----


def test_reception_sets_a_window_and_both_stand_on_the_page(person):
    client = signed_in("reception", first_name="Maya", last_name="Ellis")

    page = client.post(url("due_set", person), typed(version=Course.objects.get().version), follow=True)

    assert window() == (date(2026, 12, 20), date(2027, 1, 10))
    assert "Frown lines: due 20-Dec-2026 to 10-Jan-2027, set by hand." in words(page)
    assert "Set by Maya Ellis on 22-Nov-2026: Away until Christmas. Computed: 01-Nov-2026 to 01-Dec-2026." in words(
        page
    )


def test_the_computed_window_is_one_press_away(person):
    client = signed_in("reception")
    client.post(url("due_set", person), typed())

    page = client.post(
        url("due_set", person), {"act": "computed", "version": Course.objects.get().version}, follow=True
    )

    assert window() == USUAL
    assert "Frown lines: the computed window holds, 01-Nov-2026 to 01-Dec-2026." in words(page)
    assert "Set by" not in words(page).replace("set by hand", "")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"due_from": "2026-10-31"}, "The window cannot open before the earliest day, 01-Nov-2026."),
        ({"due_until": "2026-12-19"}, "The last good day must be the same as or after the first."),
        ({"due_from": "soon"}, "Date must be a real date, like 14/07/2026."),
        ({"due_from": ""}, "Enter the first good day."),
        ({"due_until": ""}, "Enter the last good day."),
        ({"reason": ""}, "Say why the day is set."),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_kept(person, changed, sentence):
    page = signed_in("reception").post(url("due_set", person), typed(**changed))

    assert page.status_code == 200
    assert sentence in words(page)
    assert "There is a problem" in words(page)
    assert 'value="2027-01-10"' in page.content.decode() or "due_until" in changed
    assert window() == USUAL


@pytest.mark.parametrize("act", ["set", "computed"])
def test_two_people_at_one_window_see_both_versions(person, act):
    seen = Course.objects.get().version
    due_dates.set_window(
        Course.objects.get(), due_from=date(2027, 2, 1), due_until=date(2027, 2, 9), reason="Baby", by=BY, at=NOW
    )

    data = typed(version=seen) if act == "set" else {"act": "computed", "version": seen}
    page = signed_in("reception").post(url("due_set", person), data)

    assert page.status_code == 409
    assert "01-Feb-2027" in words(page)
    assert window() == (date(2027, 2, 1), date(2027, 2, 9))


@pytest.mark.parametrize(
    ("name", "role", "status"),
    [
        ("due_set", "auditor", 403),
        ("due_set", "reception", 200),
        ("due_set", "injector", 200),
        ("course_duration", "auditor", 403),
        ("course_duration", "reception", 403),
        ("course_duration", "injector", 200),
        ("course_duration", "manager", 200),
    ],
)
def test_who_may(person, name, role, status):
    assert signed_in(role).get(url(name, person)).status_code == status


@pytest.mark.parametrize("name", ["due_set", "course_duration"])
def test_a_course_that_is_not_there_is_not_found(person, name):
    assert signed_in("injector").get(url(name, person, "chronic_migraine")).status_code == 404


# ---- what was learned ----


def test_an_estimate_is_shown_with_its_number_its_range_and_what_it_rests_on(person):
    taught(person)
    low, middle, high = (round(day / 7) for day in Course.objects.get().learned["days"][1:4])

    page = words(signed_in("reception").get(person.get_absolute_url()))

    assert f"About {middle} weeks, {low} to {high}, from 2 cycles (2 seen to the end). Usual here 13 to 17." in page
    assert "The usual window holds; this stands beside it." in page
    assert "gone on day 100" in page
    assert "Drawn towards 17 weeks (several published figures: " in page
    assert "By this patient's own cycles the effect goes between" in page


@pytest.mark.parametrize(
    ("setting", "mode", "shown"),
    [
        (LearnedDuration.SUGGEST, CourseDuration.CLINIC, True),
        (LearnedDuration.OFF, CourseDuration.CLINIC, False),
        (LearnedDuration.SUGGEST, CourseDuration.OFF, False),
    ],
)
def test_where_it_is_off_nothing_of_it_is_shown(person, setting, mode, shown):
    taught(person)
    ClinicSettings.objects.create(learned_duration=setting.value)
    catalogue.rules_changed(by=BY, at=NOW)
    Course.objects.update(duration_mode=mode.value)

    page = signed_in("injector").get(person.get_absolute_url())

    assert ("from 2 cycles" in words(page)) == shown
    assert ("bracket" in page.content.decode()) == shown


def test_one_cycle_is_no_picture(person):
    taught(person, cycles=1)

    page = signed_in("reception").get(person.get_absolute_url())

    assert "1 cycle is noted. An estimate is shown from two on." in words(page)
    assert "duration-picture" not in page.content.decode()


def test_what_was_left_out_is_said_with_its_reason(person):
    taught(person)
    given = CourseTreatment.objects.get(treatment__performed_on=DAYS[0])
    effects.correct(given, Said(worn_off_on=DAYS[0] + timedelta(days=20)), by=BY, at=NOW)

    assert "Left out: 10-Jan-2025 (says too little)." in words(signed_in("injector").get(person.get_absolute_url()))


def test_an_effect_that_goes_before_the_earliest_day_asks_for_a_prescriber(person):
    taught(person, after=62)

    page = words(signed_in("injector").get(person.get_absolute_url()))

    assert "days before the earliest day. Ask a prescriber about dose or product." in page


def test_it_is_pinned_switched_off_and_left_to_the_clinic_again(person):
    taught(person)
    client, where = signed_in("injector"), url("course_duration", person)

    proposed = client.get(where).content.decode()
    pinned = client.post(where, {"act": "pin", "low_days": "100", "high_days": "120"}, follow=True)
    after_pin = window()
    off = client.post(where, {"act": "off"}, follow=True)
    clinic = client.post(where, {"act": "clinic", "version": Course.objects.get().version}, follow=True)

    learned = Course.objects.get().learned["days"]
    assert f'value="{learned[1]}"' in proposed
    assert after_pin == (DAYS[2] + timedelta(days=100), DAYS[2] + timedelta(days=120))
    assert "Frown lines, learned duration: pinned, day 100 to 120 after each treatment." in words(pinned)
    assert "Pinned for this course: the window opens on day 100 and closes on day 120." in words(pinned)
    assert "Frown lines, learned duration: off, the usual window holds." in words(off)
    assert "Frown lines, learned duration: as the clinic does." in words(clinic)
    assert window() == USUAL


@pytest.mark.parametrize(
    ("low", "high", "sentence"),
    [
        ("", "120", "Enter the day after the treatment on which the window opens."),
        ("many", "120", "Days must be a whole number, like 98."),
        ("0", "120", "Enter a number of days from 1 to 1100."),
        ("120", "100", "The window must close on or after the day it opens."),
    ],
)
def test_days_that_cannot_be_pinned_are_refused_at_their_field(person, low, high, sentence):
    page = signed_in("injector").post(
        url("course_duration", person), {"act": "pin", "low_days": low, "high_days": high}
    )

    assert sentence in words(page)
    assert window() == USUAL


def test_a_fixed_schedule_is_not_pinned(person):
    factories.treated(person, DAYS[2], area="chronic_migraine", units="155")
    where = url("course_duration", person, "chronic_migraine")

    page = signed_in("injector").post(where, {"act": "pin", "low_days": "70", "high_days": "90"})

    assert "This course has a fixed schedule: its window is not moved." in words(page)


def test_two_people_at_one_decision_see_what_holds(person):
    seen = Course.objects.get().version
    effects.note(Course.objects.get(), still_working_on=NOW.date(), by=BY, at=NOW)

    page = signed_in("injector").post(url("course_duration", person), {"act": "off", "version": seen})

    assert page.status_code == 409
    assert Course.objects.get().duration_mode == ""
