"""Services and who injects what."""

import json

import pytest

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import said, url
from tests.treatments.admin.test_catalogue import indication
from treatments.models import Service


def service(**fields):
    return {
        "name": "Treatment, migraine",
        "is_treatment": "on",
        "is_active": "on",
        "minutes": "45",
        "prepare_minutes": "10",
        "indications": [factories.indication("chronic_migraine").pk],
    } | fields


def test_a_service_is_added_and_changed_with_its_audit_rows(door, manager):
    room = factories.room()

    door.post(url("service", "add"), service(rooms=[room.pk]))
    row = Service.objects.get()
    door.post(url("service", "change", row.pk), service(minutes="50", rooms=[]))

    row.refresh_from_db()
    events = AuditEvent.objects.filter(object_type="service").order_by("pk")
    assert (row.minutes, list(row.rooms.all())) == (50, [])
    assert [(event.verb, event.by) for event in events] == [
        ("service.added", manager.username), ("service.amended", manager.username),
    ]  # fmt: skip
    assert events[1].details == {"minutes": [45, 50], "rooms": [[room.name], []]}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"minutes": "4"}, "minutes"),
        ({"minutes": "481"}, "minutes"),
        ({"prepare_minutes": "121"}, "prepare_minutes"),
        ({"minutes": "NaN"}, "minutes"),
        ({"indications": ["999999"]}, "indications"),
    ],
)
def test_a_service_that_cannot_be_is_said_at_its_field(door, fields, field):
    assert set(said(door.post(url("service", "add"), service(**fields)))) == {field}
    assert Service.objects.count() == 0


def test_a_second_service_of_that_name_is_refused(door):
    door.post(url("service", "add"), service())

    assert set(said(door.post(url("service", "add"), service()))) == {"name"}


def test_whether_something_is_injected_stays_as_visits_were_judged_by_it(door):
    door.post(url("service", "add"), service())
    row = Service.objects.get()

    door.post(url("service", "change", row.pk), service(is_treatment="", minutes="40"))

    row.refresh_from_db()
    assert (row.is_treatment, row.minutes) == (True, 40)


def test_a_change_made_meanwhile_is_named_and_what_was_typed_is_kept(door):
    door.post(url("service", "add"), service())
    row = Service.objects.get()
    there = url("service", "change", row.pk)
    seen = door.get(there).context["adminform"].form["seen"].value()
    Service.objects.filter(pk=row.pk).update(minutes=60)

    answer = door.post(there, service(minutes="50", seen=seen))

    form = answer.context["adminform"].form
    row.refresh_from_db()
    assert said(answer) == {"minutes": ["Somebody has changed this to: 60. Saving again keeps what stands here."]}
    assert (row.minutes, form["minutes"].value()) == (60, "50")
    door.post(there, service(minutes="50", seen=form["seen"].value()))
    row.refresh_from_db()
    assert row.minutes == 50


@pytest.mark.parametrize("seen", ["[]", "{", json.dumps({"minutes": 1}) + "x"])
def test_what_no_page_has_sent_does_not_break_the_save(door, seen):
    door.post(url("service", "add"), service())
    row = Service.objects.get()

    assert door.post(url("service", "change", row.pk), service(minutes="50", seen=seen)).status_code == 302


def test_who_injects_an_indication_is_set_with_its_audit_row(door):
    row, who = factories.indication("strabismus"), factories.practitioner(name="R. Osei")

    door.post(url("indication", "change", row.pk), indication(row, injectors=[who.pk]))
    door.post(url("indication", "change", row.pk), indication(row, injectors=[who.pk]))

    events = AuditEvent.objects.filter(verb="indication.injectors_set")
    assert list(row.injectors.all()) == [who]
    assert [event.details for event in events] == [{"injectors": [[], ["R. Osei"]]}]
    assert not AuditEvent.objects.filter(verb="catalogue.amended").exists()


@pytest.mark.parametrize("role", ["reception", "injector", "auditor"])
def test_only_managers_change_services(client, role):
    client.force_login(factories.staff(role, is_staff=role == "auditor"))

    assert client.post(url("service", "add"), service(), follow=True).status_code == 403
    assert Service.objects.count() == 0
