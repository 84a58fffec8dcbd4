"""The clinic's one row of settings: changed by managers through the service, with a look at what it would move."""

import re
from datetime import date, timedelta

import pytest

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW
from tests.treatments.admin.forms import said, url
from treatments.models import ClinicSettings, Course
from treatments.queries import telephone
from treatments.services import effects
from treatments.services.effects import Said

TYPED = {"telephone": "020 7946 0123", "learned_duration": "suggest"}
DAYS = (date(2025, 1, 10), date(2025, 6, 10), date(2026, 8, 1))


def learned_course() -> Course:
    person = factories.patient(family_name="Marsh", given_name="Alina")
    for on in DAYS:
        given = factories.treated(person, on).courses.get()
        if on != DAYS[-1]:
            effects.correct(given, Said(worn_off_on=on + timedelta(days=135)), by=BY, at=NOW)
    return Course.objects.get(patient=person)


def test_the_row_is_added_once_and_changed_after_that(door, manager):
    door.post(url("clinicsettings", "add"), {"telephone": "020 7946 0123", "learned_duration": "suggest"})
    row = ClinicSettings.objects.get()
    again = door.get(url("clinicsettings", "add"))
    door.post(url("clinicsettings", "change", row.pk), {"telephone": "", "learned_duration": "off"})

    row.refresh_from_db()
    events = AuditEvent.objects.filter(verb="settings.amended").order_by("pk")
    assert again.status_code == 403
    assert (row.telephone, row.learned_duration, row.version) == ("", "off", 2)
    assert [event.by for event in events] == [manager.username] * 2
    assert events[1].details == {"telephone": ["+442079460123", ""], "learned_duration": ["suggest", "off"]}


def test_the_page_says_that_windows_have_not_followed(door):
    row = ClinicSettings.objects.create()
    page = url("clinicsettings", "change", row.pk)
    sentence = "Some windows may still be those of the setting before."

    assert sentence not in door.get(page).content.decode()
    ClinicSettings.objects.update(owed_version=row.version)
    assert sentence in door.get(page).content.decode()


def test_the_list_leads_to_the_one_row(door):
    assert door.get(url("clinicsettings", "changelist")).status_code == 200
    row = ClinicSettings.objects.create()

    assert door.get(url("clinicsettings", "changelist")).url == url("clinicsettings", "change", row.pk)


def test_what_cannot_be_is_said_at_its_field(door):
    answer = door.post(url("clinicsettings", "add"), {"telephone": "call us", "learned_duration": "always"})

    assert set(said(answer)) == {"telephone", "learned_duration"}
    assert not ClinicSettings.objects.exists()


def test_a_change_by_somebody_else_is_named_at_its_field(door):
    row = ClinicSettings.objects.create()
    seen = door.get(url("clinicsettings", "change", row.pk)).context["adminform"].form["seen"].value()
    ClinicSettings.objects.update(learned_duration="off")

    answer = door.post(
        url("clinicsettings", "change", row.pk), {"telephone": "", "learned_duration": "apply", "seen": seen}
    )

    assert set(said(answer)) == {"learned_duration"}


def test_the_look_counts_what_each_setting_would_move_and_changes_nothing(door):
    course = learned_course()
    low, high = (DAYS[-1] + timedelta(days=course.learned["days"][n]) for n in (1, 3))

    answer = door.get(url("clinicsettings", "look"))

    assert [row["n"] for row in answer.context["rows"]] == [0, 0, 1]
    page = re.sub(r"</?span[^>]*>", "", answer.content.decode())
    assert "1 window would move." in page
    assert "01-Nov-2026 – 01-Dec-2026" in page
    assert f"{low:%d-%b-%Y} – {high:%d-%b-%Y}" in page
    assert Course.objects.get().due_from == course.due_from


@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("auditor", 200), ("reception", 403)])
def test_who_may_look(client, role, status):
    client.force_login(factories.staff(role, is_staff=True))

    assert client.get(url("clinicsettings", "look")).status_code == status


def test_the_telephone_is_set_once_and_changed_after(door, manager):
    door.post(url("clinicsettings", "add"), TYPED)
    row = ClinicSettings.objects.get()
    assert telephone.for_patients() == "+442079460123"

    there = url("clinicsettings", "change", row.pk)
    assert door.get(url("clinicsettings", "changelist")).url == there
    assert door.get(there).context["adminform"].form["telephone"].value() == "020 7946 0123"
    door.post(there, TYPED | {"telephone": "020 7946 0999"})

    assert telephone.for_patients() == "+442079460999"
    events = AuditEvent.objects.filter(verb="settings.amended").order_by("pk")
    assert [(event.by, event.details["telephone"][1]) for event in events] == [
        (manager.username, "+442079460123"), (manager.username, "+442079460999"),
    ]  # fmt: skip


def test_a_second_row_is_never_made(door):
    door.post(url("clinicsettings", "add"), TYPED)

    assert door.post(url("clinicsettings", "add"), TYPED | {"telephone": "020 7946 0999"}).status_code == 403
    assert ClinicSettings.objects.count() == 1


def test_what_is_no_number_is_said(door):
    assert set(said(door.post(url("clinicsettings", "add"), TYPED | {"telephone": "12"}))) == {"telephone"}


@pytest.mark.parametrize("role", ["auditor", "reception"])
def test_others_change_nothing(client, role):
    client.force_login(factories.staff(role, is_staff=True))

    assert client.post(url("clinicsettings", "add"), TYPED).status_code in (302, 403)
    assert not ClinicSettings.objects.exists()
