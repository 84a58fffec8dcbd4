"""Plans and texts: delivered once, the clinic's own from then on."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW
from treatments.models import ContactPlan, ContactStep, MessageText
from treatments.rules.contact import Text
from treatments.services import contact
from treatments.services.stale import Stale

pytestmark = pytest.mark.django_db


def usual() -> ContactPlan:
    return ContactPlan.objects.get(is_usual=True)


def step(code: str = "due") -> ContactStep:
    return ContactStep.objects.get(plan=usual(), code=code)


def test_the_delivered_plans_have_their_indications():
    plans = {plan.code: set(plan.indications.values_list("code", flat=True)) for plan in ContactPlan.objects.all()}

    assert plans["fixed"] == {"chronic_migraine"}
    assert {"cervical_dystonia", "strabismus"} <= plans["therapeutic"]
    assert plans["usual"] == set()
    assert factories.indication("glabellar_lines").contact_plan is None


def test_loading_again_changes_nothing():
    assert contact.load() == 0


def test_what_the_clinic_has_changed_is_kept(monkeypatch):
    mine = MessageText.objects.get(code="due")
    mine.sms = "Come, {first}"
    mine.save()
    ContactStep.objects.filter(pk=step().pk).update(offset_days=3)
    ContactPlan.objects.get(code="fixed").indications.set([])
    newer = [Text(t.code, t.name, t.sms + "!", t.subject, t.email) for t in contact.contact.load().texts]
    monkeypatch.setattr(contact.contact, "load", lambda: contact.contact.Delivered(tuple(newer), DELIVERED.plans))

    assert contact.load() == len(newer) - 1

    assert MessageText.objects.get(code="due").sms == "Come, {first}"
    assert MessageText.objects.get(code="booked").sms.endswith("!")
    assert step().offset_days == 3
    assert factories.indication("chronic_migraine").contact_plan is None


DELIVERED = contact.contact.load()


def test_a_plan_is_changed_with_its_trail():
    migraine = factories.indication("chronic_migraine")

    row = contact.amend_plan(
        usual(), changes={"cap_days": 21, "indications": [migraine]}, by=BY, at=NOW, version=usual().version
    )

    assert (row.cap_days, row.version, list(row.indications.all())) == (21, 2, [migraine])
    event = AuditEvent.objects.get(verb="plan.amended")
    assert event.details == {"cap_days": ["14", "21"], "indications": [[], ["chronic_migraine"]]}


def test_a_plan_that_somebody_else_has_changed():
    with pytest.raises(Stale):
        contact.amend_plan(usual(), changes={"cap_days": 21}, by=BY, at=NOW, version=7)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quiet_until": time(20)}, "quiet_until"),
        ({"cap_days": 0}, "cap_days"),
        ({"cap_days": 367}, "cap_days"),
        ({"most_per_cycle": 0}, "most_per_cycle"),
        ({"most_per_cycle": 21}, "most_per_cycle"),
        ({"name": ""}, "name"),
    ],
)
def test_a_plan_that_cannot_be(changes: dict[str, Any], field: str):
    with pytest.raises(ValidationError) as raised:
        contact.amend_plan(usual(), changes=changes, by=BY, at=NOW)

    assert list(raised.value.message_dict) == [field]


def test_another_usual_plan_takes_the_place_of_the_one_there_is():
    before = usual()
    own = ContactPlan(code="own", name="Own", is_usual=True, quiet_from=time(20), quiet_until=time(9))

    contact.add_plan(own, by=BY, at=NOW)

    assert usual() == own
    event = AuditEvent.objects.get(verb="plan.amended")
    assert (event.object_id, event.details) == (str(before.pk), {"is_usual": ["True", "False"]})
    contact.amend_plan(before, changes={"is_usual": True}, by=BY, at=NOW)
    assert usual() == before


def test_there_is_always_a_usual_plan():
    with pytest.raises(ValidationError, match="Make another plan the usual one"):
        contact.amend_plan(usual(), changes={"is_usual": False}, by=BY, at=NOW)

    assert usual().code == "usual"


def test_a_step_is_added_and_changed_with_its_trail():
    own = contact.add_plan(
        ContactPlan(code="own", name="Own", quiet_from=time(20), quiet_until=time(9)),
        indications=[factories.indication("platysma_bands")], by=BY, at=NOW,
    )  # fmt: skip
    text = MessageText.objects.get(code="due")
    row = ContactStep(plan=own, code="first", anchor="due_from", offset_days=-7, channels=["email"], text=text)

    contact.amend_step(contact.add_step(row, by=BY, at=NOW), changes={"offset_days": -10}, by=BY, at=NOW)

    assert list(own.steps.values_list("code", "offset_days")) == [("first", -10)]
    own.refresh_from_db()
    assert own.version == 2
    event = AuditEvent.objects.get(verb="plan.step_amended")
    assert event.details == {"offset_days": [-7, -10]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"offset_days": 367}, "offset_days"),
        ({"offset_days": -367}, "offset_days"),
        ({"channels": []}, "channels"),
        ({"channels": ["phone"]}, "channels"),
        ({"anchor": "birthday"}, "anchor"),
    ],
)
def test_a_step_that_cannot_be(changes: dict[str, Any], field: str):
    with pytest.raises(ValidationError) as raised:
        contact.amend_step(step(), changes=changes, by=BY, at=NOW)

    assert list(raised.value.message_dict) == [field]


@pytest.mark.parametrize("words", [{"sms": ""}, {"email": " "}, {"subject": ""}])
def test_a_step_whose_text_has_no_words_for_a_way(words: dict[str, str]):
    MessageText.objects.filter(code="last").update(**words)

    with pytest.raises(ValidationError, match="This text has no"):
        contact.amend_step(step(), changes={"text": MessageText.objects.get(code="last")}, by=BY, at=NOW)
