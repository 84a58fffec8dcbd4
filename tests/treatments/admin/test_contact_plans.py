"""Plans and steps in the admin panel: saved by their services, refused at the field, with their trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import said, url
from treatments.models import ContactPlan, ContactStep, MessageText

pytestmark = pytest.mark.django_db


def plan(**fields: Any) -> dict[str, Any]:
    return {
        "code": "own", "name": "Own plan", "is_active": "on", "cap_days": "21", "most_per_cycle": "3",
        "quiet_from": "20:00", "quiet_until": "09:00", "indications": [factories.indication("platysma_bands").pk],
    } | fields  # fmt: skip


def step(**fields: Any) -> dict[str, Any]:
    return {
        "plan": ContactPlan.objects.get(is_usual=True).pk, "code": "extra", "is_active": "on", "anchor": "due_until",
        "offset_days": "-7", "text": MessageText.objects.get(code="due").pk, "channels": "email,sms",
    } | fields  # fmt: skip


def test_a_plan_is_added_and_changed_with_its_trail(door: Client, manager):
    door.post(url("contactplan", "add"), plan())
    row = ContactPlan.objects.get(code="own")
    door.post(url("contactplan", "change", row.pk), plan(cap_days="28", indications=[]))

    row.refresh_from_db()
    assert (row.cap_days, row.indications.count(), row.version) == (28, 0, 2)
    events = AuditEvent.objects.filter(object_type="contactplan").order_by("pk")
    assert [(event.verb, event.by) for event in events] == [
        ("plan.added", manager.username), ("plan.amended", manager.username),
    ]  # fmt: skip
    assert events[1].details == {"cap_days": ["21", "28"], "indications": [["platysma_bands"], []]}


def test_a_step_is_added_and_changed(door: Client):
    door.post(url("contactstep", "add"), step())
    row = ContactStep.objects.get(code="extra")
    assert (row.channels, row.offset_days) == (["email", "sms"], -7)

    door.post(url("contactstep", "change", row.pk), step(channels="sms", offset_days="-10"))

    row.refresh_from_db()
    assert (row.channels, row.offset_days) == (["sms"], -10)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"cap_days": "0"}, "cap_days"),
        ({"most_per_cycle": "21"}, "most_per_cycle"),
        ({"quiet_until": "20:00"}, "quiet_until"),
        ({"name": ""}, "name"),
        ({"code": "usual"}, "code"),
        ({"indications": ["999999"]}, "indications"),
    ],
)
def test_a_plan_that_cannot_be_is_said_at_its_field(door: Client, fields: dict[str, Any], field: str):
    assert set(said(door.post(url("contactplan", "add"), plan(**fields)))) == {field}
    assert not ContactPlan.objects.filter(code="own").exists()


def test_a_new_plan_may_be_the_usual_one(door: Client):
    assert door.post(url("contactplan", "add"), plan(is_usual="on")).status_code == 302

    assert ContactPlan.objects.get(is_usual=True).code == "own"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"offset_days": "367"}, "offset_days"),
        ({"offset_days": "soon"}, "offset_days"),
        ({"channels": "phone"}, "channels"),
        ({"anchor": "birthday"}, "anchor"),
        ({"text": "999999"}, "text"),
    ],
)
def test_a_step_that_cannot_be_is_said_at_its_field(door: Client, fields: dict[str, Any], field: str):
    assert set(said(door.post(url("contactstep", "add"), step(**fields)))) == {field}


def test_what_somebody_else_has_changed_stands_beside_what_was_typed(door: Client):
    row = ContactPlan.objects.get(is_usual=True)
    page = door.get(url("contactplan", "change", row.pk))
    seen = page.context["adminform"].form.fields["seen"].initial
    ContactPlan.objects.filter(pk=row.pk).update(cap_days=30)

    errors = said(door.post(url("contactplan", "change", row.pk), plan(is_usual="on", indications=[], seen=seen)))

    assert errors["cap_days"] == ["Somebody has changed this to: 30. Saving again keeps what stands here."]


def test_the_lists_say_when_and_how(door: Client):
    steps = door.get(url("contactstep", "changelist")).content.decode()
    plans = door.get(url("contactplan", "changelist")).content.decode()

    assert "21 days before the window opens" in steps
    assert "Text message, else e-mail" in steps
    assert "on the day on which the window opens" in steps
    assert "20:00–09:00" in plans
    assert "due_soon, due, last, overdue" in plans


@pytest.mark.parametrize(("role", "status"), [("reception", 403), ("auditor", 403)])
def test_who_may_not_add(client: Client, role: str, status: int):
    client.force_login(factories.staff(role, is_staff=True))

    assert client.post(url("contactplan", "add"), plan()).status_code == status
    assert client.post(url("contactstep", "add"), step()).status_code == status
