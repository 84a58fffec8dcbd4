"""Stopped lots and who got them."""

from datetime import date

import pytest

from clinic.models import AuditEvent
from tests import factories
from tests.treatments.admin.forms import said, url
from treatments.models import Course, LotStop
from treatments.services import lots

WHY = "Recalled by its maker"


def stop(**fields):
    return {"product": factories.product().pk, "lot_number": "c4821-ab", "reason": WHY} | fields


@pytest.fixture
def given():
    """Two patients with the factories' lot, one of them twice; nobody else."""
    one, two = factories.patient(), factories.patient()
    for person, on in ((one, date(2026, 2, 1)), (one, date(2026, 7, 1)), (two, date(2026, 8, 1))):
        factories.treated(person, on)
    return one, two


def test_a_lot_is_stopped_and_everything_it_touched_is_judged_again(door, given, manager):
    one, _two = given
    before = Course.objects.get(patient=one).due_until

    door.post(url("lotstop", "add"), stop())

    row = LotStop.objects.get()
    assert (row.lot_key, row.by, row.reason) == ("C4821AB", manager.username, WHY)
    assert AuditEvent.objects.get(verb="lot.stopped").by == manager.username
    assert Course.objects.get(patient=one).due_until < before  # as if it had no effect


def test_the_list_says_how_many_got_it_and_leads_to_them(door, given):
    door.post(url("lotstop", "add"), stop())
    other = factories.patient()
    factories.treated(other, date(2026, 7, 1), brand="xeomin")

    page = door.get(url("lotstop", "changelist")).content.decode()
    there = f"{url('treatment', 'changelist')}?lot={LotStop.objects.get().pk}"
    rows = door.get(there).context["cl"].result_list

    assert f'<a href="{there}">2 patients</a>' in page
    assert {row.patient for row in rows} == set(given)
    assert len(rows) == 3


@pytest.mark.parametrize("asked", ["999", "x", "1 OR 1"])
def test_a_stopped_lot_that_is_none_shows_all(door, given, asked):
    door.post(url("lotstop", "add"), stop())

    assert len(door.get(url("treatment", "changelist"), {"lot": asked}).context["cl"].result_list) == 3


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"lot_number": ""}, "lot_number"),
        ({"lot_number": " - "}, "lot_number"),
        ({"reason": "short"}, "reason"),
        ({"product": "999999"}, "product"),
        ({"lot_number": "a\x00b"}, "lot_number"),
    ],
)
def test_a_stop_that_says_too_little_is_refused_at_its_field(door, fields, field):
    assert set(said(door.post(url("lotstop", "add"), stop(**fields)))) == {field}
    assert LotStop.objects.count() == 0


def test_a_lot_is_stopped_once_and_lifted_once(door, given, manager):
    door.post(url("lotstop", "add"), stop())
    row = LotStop.objects.get()
    there = url("lotstop", "change", row.pk)

    twice = door.post(url("lotstop", "add"), stop(lot_number="C4821AB"))
    short = door.post(there, {"lift_reason": "ok"})
    door.post(there, {"lift_reason": "The maker has withdrawn the recall"})

    row.refresh_from_db()
    assert said(twice) == {"lot_number": ["This lot is stopped already."]}
    assert set(said(short)) == {"lift_reason"}
    assert (row.lifted_by, row.reason) == (manager.username, WHY)
    assert door.get(there).status_code == 200
    assert door.post(there, {"lift_reason": "The maker has withdrawn it"}).status_code == 403
    assert [event.verb for event in AuditEvent.objects.filter(object_type="lotstop").order_by("pk")] == [
        "lot.stopped", "lot.lifted",
    ]  # fmt: skip


def test_the_state_filter_parts_the_stopped_from_the_lifted(door):
    for number in ("L1", "L2"):
        lots.stop(factories.product(), number, reason=WHY, by=factories.BY, at=factories.NOW)
    lots.lift(LotStop.objects.get(lot_key="L1"), reason="Withdrawn again", by=factories.BY, at=factories.NOW)

    shown = {
        state: [
            row.lot_number for row in door.get(url("lotstop", "changelist"), {"state": state}).context["cl"].result_list
        ]
        for state in ("stopped", "lifted")
    }

    assert shown == {"stopped": ["L2"], "lifted": ["L1"]}


@pytest.mark.parametrize("role", ["reception", "injector", "auditor"])
def test_only_managers_stop_a_lot(client, role):
    client.force_login(factories.staff(role, is_staff=role == "auditor"))

    assert client.post(url("lotstop", "add"), stop(), follow=True).status_code == 403
    assert LotStop.objects.count() == 0
