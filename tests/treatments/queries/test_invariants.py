"""The checker finds whatever is planted past the guards, names its rows, and finds nothing in a sound database."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import guards
from tests import factories
from tests.treatments.guards.world import FACE, NECK, Raw, World, change, copy, run, world
from treatments.models import Course, Product
from treatments.queries.invariants import violations

__all__ = ["world"]
pytestmark = pytest.mark.django_db
AT = {"starts_at": "2026-12-01 10:15:00", "ends_at": "2026-12-01 10:45:00"}
FREE = {"starts_at": "2026-12-01 06:00:00", "ends_at": "2026-12-01 06:30:00"}


def settle() -> None:
    """PostgreSQL alters no table while checks of foreign keys are still to come."""
    if connection.vendor == "postgresql":
        run("SET CONSTRAINTS ALL IMMEDIATE")
        run("SET CONSTRAINTS ALL DEFERRED")


def test_a_sound_database_has_nothing(world: World):
    assert violations(connection) == []


def _links(world: World, course: Course) -> str:
    return (
        f"INSERT INTO treatments_appointment_courses (appointment_id, course_id) VALUES ({world.young.pk}, {course.pk})"
    )


def _too_close(world: World) -> str:
    later = world.treat(world.ada, world.given.treatment.performed_on.replace(day=20))
    return change(later, course_id=world.given.course_id)


# What is planted, the rule under which it is found, the rows it names.
PLANTED: dict[str, tuple[Callable[[World], str], str, Callable[[World], list[str]]]] = {
    "two visits of a practitioner": (
        lambda w: copy(w.later, **AT, practitioner_id=w.people[0].pk, public_id="TWICE1"),
        "visit_practitioner_once",
        lambda w: ["TWICE1", w.visit.public_id],
    ),
    "two visits in a room": (
        lambda w: copy(w.later, **AT, room_id=w.rooms[0].pk, public_id="TWICE1"),
        "visit_room_once",
        lambda w: ["TWICE1", w.visit.public_id],
    ),
    "two visits of a patient": (
        lambda w: copy(w.later, **AT, patient_id=w.ada.pk, public_id="TWICE1"),
        "visit_patient_once",
        lambda w: ["TWICE1", w.visit.public_id],
    ),
    "a visit under a flag": (
        lambda w: change(w.held, state="booked"),
        "visit_hard_stop",
        lambda w: [w.held.public_id, w.pregnancy.public_id],
    ),
    "a visit after death": (
        lambda w: change(w.dan, died_on="2026-11-30"),
        "visit_hard_stop",
        lambda w: [w.later.public_id, w.dan.public_id],
    ),
    "a cosmetic visit under age": (
        lambda w: _links(w, w.course_of(w.cy, FACE)),
        "visit_hard_stop",
        lambda w: [w.young.public_id, w.cy.public_id],
    ),
    "a treatment too soon": (
        _too_close,
        "treatment_interval",
        lambda w: [w.given.treatment.public_id],
    ),
    "a visit under another day": (
        lambda w: change(w.later, on="2026-12-02"),
        "visit_day",
        lambda w: [w.later.public_id, "2026-12-02"],
    ),
    "a visit of nine hours": (
        lambda w: change(w.held, ends_at="2026-12-02 01:00:00"),
        "visit_shape",
        lambda w: [w.held.public_id],
    ),
    "a visit in half minutes": (
        lambda w: change(w.held, ends_at="2026-12-01 16:30:30"),
        "visit_shape",
        lambda w: [w.held.public_id],
    ),
    "a birth in 1066": (lambda w: change(w.ada, born_on="1066-10-14"), "patient_shape", lambda w: [w.ada.public_id]),
    "a flag until 2300": (lambda w: change(w.ended, ends_on="2300-01-01"), "flag_shape", lambda w: [w.ended.public_id]),
    "a lot until 2300": (
        lambda w: change(w.given.treatment, lot_expires_on="2300-01-01"),
        "treatment_shape",
        lambda w: [w.given.treatment.public_id],
    ),
    "an effect until 2300": (lambda w: change(w.given, worn_off_on="2300-01-01"), "given_shape", lambda w: []),
    "an injection at no site": (lambda w: change(w.injection, site=""), "injection_shape", lambda w: []),
    "a treatment of another's course": (
        lambda w: change(w.given, course_id=w.course_of(w.ada, NECK).pk),
        "treatment_patient",
        lambda w: [w.given.treatment.public_id, w.ada.public_id, w.dan.public_id],
    ),
    "a visit for another's course": (
        lambda w: _links(w, w.course_of(w.ada, NECK)),
        "visit_patient",
        lambda w: [w.young.public_id, w.ada.public_id, w.cy.public_id],
    ),
    "a treatment at another's visit": (
        lambda w: change(w.given.treatment, appointment_id=w.visit.pk),
        "treatment_visit",
        lambda w: [w.given.treatment.public_id],
    ),
    "an override that nobody recorded": (
        lambda w: change(
            w.later, override_by="osei", override_at="2026-11-22 09:00:00", override_words="Agreed with her"
        ),
        "visit_override",
        lambda w: [w.later.public_id, "osei"],
    ),
    "a merged patient with a record": (
        lambda w: change(w.dan, merged_into_id=w.ada.pk),
        "patient_merged",
        lambda w: [w.dan.public_id],
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_whatever_is_planted_is_found_with_its_rows(world: World, planted: str):
    plant, rule, names = PLANTED[planted]
    settle()
    guards.drop(connection)
    run(plant(world))

    said = [violation.sentence for violation in violations(connection) if violation.rule == rule]

    assert len(said) == 1
    assert [name for name in names(world) if name not in said[0]] == []


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        (lambda w: change(w.later, starts_at="2026-12-01T14:00:00", ends_at="2026-12-01T14:30:00"), "visit_shape"),
        (lambda w: change(w.later, on="2027-02-30"), "visit_shape"),
        (lambda w: change(w.ada, born_on="2027-02-30"), "patient_shape"),
        (lambda w: change(w.ada, born_on="1985-07-14T00:00"), "patient_shape"),
        (lambda w: change(w.injection, units=Raw("33.335")), "injection_shape"),
        (lambda w: change(w.given, units=Raw("33.335")), "given_shape"),
    ],
)
def test_values_that_only_sqlite_stores_are_found(world: World, plant, rule: str):
    guards.drop(connection)
    run(plant(world))

    assert rule in {violation.rule for violation in violations(connection)}


def test_a_missing_guard_is_found(world: World):
    settle()
    guards.drop(connection, "flag_kept")

    assert {str(violation).split(" ")[1] for violation in violations(connection)} == {"flag_kept:"}


def test_three_visits_at_once_are_three_pairs(world: World):
    settle()
    guards.drop(connection)
    for number in "12":
        room = factories.room().pk
        other = factories.patient().pk
        run(
            copy(
                world.later,
                **AT,
                practitioner_id=world.people[0].pk,
                room_id=room,
                patient_id=other,
                public_id=f"TWICE{number}",
            )
        )

    pairs = [violation for violation in violations(connection) if violation.rule == "visit_practitioner_once"]

    assert len(pairs) == 3


def test_a_long_visit_is_seen_behind_the_short_ones_in_between(world: World):
    settle()
    guards.drop(connection)
    patient, room = factories.patient().pk, factories.room().pk
    run(change(world.visit, ends_at="2026-12-01 18:00:00"))
    run(copy(world.later, practitioner_id=world.people[0].pk, patient_id=patient, room_id=room, public_id="SHORT1",
             starts_at="2026-12-01 11:00:00", ends_at="2026-12-01 11:30:00"))  # fmt: skip
    run(copy(world.later, practitioner_id=world.people[0].pk, patient_id=patient, room_id=room, public_id="SHORT2",
             starts_at="2026-12-01 13:00:00", ends_at="2026-12-01 13:30:00"))  # fmt: skip

    said = " ".join(str(violation) for violation in violations(connection))

    assert "SHORT1" in said
    assert "SHORT2" in said


def test_what_may_be_is_not_complained_of(world: World):
    """A stop for one product, a visit without a treatment, a reason, a treatment elsewhere."""
    course = world.course_of(world.ada)
    Course.objects.filter(pk=course.pk).update(product=Product.objects.get(code="botox").code)
    world.treat(world.ada, world.given.treatment.performed_on, area=NECK)
    world.treat(world.dan, world.given.treatment.performed_on.replace(day=20), reason="The patient asked for it")
    run(copy(world.given.treatment, elsewhere=True, performed_on="2026-06-10", public_id="AWAY01"))

    assert violations(connection) == []


def test_the_number_of_statements_does_not_grow_with_the_rows(world: World, django_assert_num_queries):
    with CaptureQueriesContext(connection) as before:
        violations(connection)
    for hour in range(5):
        world.visit_of(factories.patient(), hour)

    with django_assert_num_queries(len(before)):
        violations(connection)


# ---- the command ----


def test_the_command_says_that_nothing_was_found(world: World):
    out = StringIO()

    call_command("check_invariants", stdout=out)

    assert out.getvalue() == "Nothing found that should never be.\n"


def test_the_command_lists_what_it_found_and_fails(world: World):
    settle()
    guards.drop(connection, "visit_hard_stop")
    run(change(world.held, state="booked"))
    out = StringIO()

    with pytest.raises(CommandError, match="found that should never be"):
        call_command("check_invariants", stdout=out)

    assert (
        f"Visit {world.held.public_id} goes ahead on 2026-12-01 under flag {world.pregnancy.public_id}"
        in out.getvalue()
    )
