"""The clinic's own settings in the admin panel."""

from __future__ import annotations

import pytest

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import said, url
from treatments.models import ClinicSettings
from treatments.queries import telephone


def test_the_telephone_is_set_once_and_changed_after(door, manager):
    door.post(url("clinicsettings", "add"), {"telephone": "020 7946 0123"})
    row = ClinicSettings.objects.get()
    assert telephone.for_patients() == "+442079460123"

    there = url("clinicsettings", "change", row.pk)
    assert door.get(url("clinicsettings", "changelist")).url == there
    assert door.get(there).context["adminform"].form["telephone"].value() == "020 7946 0123"
    door.post(there, {"telephone": "020 7946 0999"})

    assert telephone.for_patients() == "+442079460999"
    events = AuditEvent.objects.filter(verb="settings.amended").order_by("pk")
    assert [(event.by, event.details["telephone"][1]) for event in events] == [
        (manager.username, "+442079460123"), (manager.username, "+442079460999"),
    ]  # fmt: skip


def test_a_second_row_is_never_made(door):
    door.post(url("clinicsettings", "add"), {"telephone": "020 7946 0123"})

    assert door.post(url("clinicsettings", "add"), {"telephone": "020 7946 0999"}).status_code == 403
    assert ClinicSettings.objects.count() == 1


def test_what_is_no_number_is_said(door):
    assert set(said(door.post(url("clinicsettings", "add"), {"telephone": "12"}))) == {"telephone"}


@pytest.mark.parametrize("role", ["auditor", "reception"])
def test_others_change_nothing(client, role):
    client.force_login(factories.staff(role, is_staff=True))

    assert client.post(url("clinicsettings", "add"), {"telephone": "020 7946 0123"}).status_code in (302, 403)
    assert not ClinicSettings.objects.exists()
