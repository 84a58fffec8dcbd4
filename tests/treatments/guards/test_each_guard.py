"""Each guard by itself: it refuses, and it alone. Take any one away, and one of these turns red."""

from __future__ import annotations

import re

import pytest
from django.db import connection, transaction

from clinic import guards
from tests.benchmarks.generator import Clinic
from tests.factories import TODAY
from tests.treatments.guards.probes import HOLDS, REFUSED
from tests.treatments.guards.world import World, change, copy, refused_by, run
from treatments.models import Treatment

POSTGRES = connection.vendor == "postgresql"
HERE = [key for key in REFUSED if POSTGRES or key[1] != "truncate"]
pytestmark = pytest.mark.django_db


def settle() -> None:
    """PostgreSQL empties no table while checks of foreign keys are still to come."""
    if POSTGRES:
        run("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("key", HERE, ids="-".join)
def test_the_guard_refuses(world: World, key: tuple[str, str]):
    statement = REFUSED[key](world)
    settle()

    assert refused_by(statement) == key[0]


@pytest.mark.parametrize("key", HERE, ids="-".join)
def test_nothing_else_refuses_what_it_refuses(world: World, key: tuple[str, str]):
    statement = REFUSED[key](world)
    settle()
    guards.drop(connection, key[0])  # the test's transaction takes it back

    assert refused_by(statement) is None


@pytest.mark.parametrize("key", HOLDS, ids="-".join)
def test_the_guard_holds_a_visit_that_would_go_ahead_without_it(world: World, key: tuple[str, str]):
    statement, held = HOLDS[key][0](world), HOLDS[key][1](world)

    assert refused_by(statement) is None

    held.refresh_from_db()
    assert (held.state, held.state_by, held.version) == ("on_hold", "database", 2)


@pytest.mark.parametrize("key", HOLDS, ids="-".join)
def test_nothing_else_holds_what_it_holds(world: World, key: tuple[str, str]):
    statement, held = HOLDS[key][0](world), HOLDS[key][1](world)
    settle()
    guards.drop(connection, key[0])

    assert refused_by(statement) is None

    held.refresh_from_db()
    assert held.state == "booked"


def test_every_guard_has_its_statements_for_every_event():
    tried = set(HERE) | set(HOLDS)
    shipped = set()
    for name, guard in guards.shipped(connection.vendor).items():
        for part in guard.parts:
            if part.kind == "constraint":
                shipped |= {(name, "insert"), (name, "update")}
            if part.kind == "trigger":
                events = re.search(r"(BEFORE|AFTER) (.+?)(?: OF .+?)? ON ", part.text)[2]
                shipped |= {(name, event.lower()) for event in events.split(" OR ")}

    assert tried == shipped


def test_both_engines_have_the_same_guards():
    one, other = guards.shipped("sqlite"), guards.shipped("postgresql")

    assert list(one) == list(other)
    assert [guard.says for guard in one.values()] == [guard.says for guard in other.values()]


@pytest.mark.sqlite
def test_no_guard_reads_more_rows_in_a_bigger_clinic(world: World):
    """Counted in steps of SQLite's own machine, which are the same every time."""
    signed = _signed(world)
    acts = {
        "a booking": copy(world.later, starts_at="2026-12-01 06:00:00", ends_at="2026-12-01 06:30:00"),
        "a move": change(world.later, starts_at="2026-12-01 13:50:00"),
        "an arrival": change(world.later, state="arrived"),
        "a flag": copy(world.pregnancy, patient_id=world.ada.pk),
        "a birth date": change(world.ada, born_on="1990-01-01"),
        "a treatment": copy(world.given, treatment_id=signed, repeat_from=None, previous_until=None),
    }
    crowd = Clinic(TODAY)
    crowd.grow_to(20)
    before = {act: machine_steps(sql) for act, sql in acts.items()}
    crowd.grow_to(400)

    after = {act: machine_steps(sql) for act, sql in acts.items()}
    assert {act: after[act] / before[act] for act in acts if after[act] > 1.2 * before[act]} == {}


def _signed(world: World) -> int:
    run(copy(world.given.treatment, performed_on="2026-11-01", public_id="SIGNED"))
    return Treatment.objects.get(public_id="SIGNED").pk


def machine_steps(sql: str) -> int:
    """What the statement costs with all its triggers; it is taken back."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    with transaction.atomic():
        connection.connection.set_progress_handler(count, 1)
        try:
            assert refused_by(sql) is None
        finally:
            connection.connection.set_progress_handler(None, 1)
            transaction.set_rollback(True)
    return counted[0]
