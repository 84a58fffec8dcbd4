"""Two transactions on PostgreSQL whose snapshots do not see each other: the later write loses or sees, never slips by.

Each order of events is played out step by step on two connections, so nothing here depends on luck.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, IntegrityError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from clinic import guards
from tests import factories
from tests.treatments.guards.world import World, build, copy, run
from treatments.models import Appointment, Treatment

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LEVELS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
FREE = {"starts_at": "2026-12-01 06:00:00", "ends_at": "2026-12-01 06:30:00"}


@pytest.fixture
def world() -> World:
    factories.load_catalogue()
    return build()


@pytest.fixture
def other() -> Iterator[BaseDatabaseWrapper]:
    """A second connection."""
    second = connection.copy()
    yield second
    second.close()


def begin(second: BaseDatabaseWrapper, level: str) -> None:
    """A transaction that has looked already: from here on it sees the database as it is now, unless READ COMMITTED."""
    with second.cursor() as cursor:
        cursor.execute(f"BEGIN ISOLATION LEVEL {level}")
        cursor.execute("SELECT count(*) FROM treatments_flag")


def refusal(second: BaseDatabaseWrapper, sql: str) -> str:
    """How the second transaction ends: the guard's name, `again` where it has to be run again, "" where it went through."""
    try:
        with second.cursor() as cursor:
            cursor.execute(sql)
            cursor.execute("COMMIT")
    except DatabaseError as error:
        with second.cursor() as cursor:
            cursor.execute("ROLLBACK")
        if isinstance(error, IntegrityError):
            return guards.violated(error) or str(error)
        return "again" if error.__cause__.sqlstate == "40001" else str(error)
    return ""


@pytest.mark.parametrize("level", LEVELS)
def test_a_booking_that_began_before_the_flag_does_not_go_ahead(world: World, other, level: str):
    begin(other, level)
    run(copy(world.pregnancy, patient_id=world.dan.pk))

    assert refusal(other, copy(world.later, **FREE, state="booked")) == (
        "visit_hard_stop" if level == "READ COMMITTED" else "again"
    )


@pytest.mark.parametrize("level", LEVELS)
def test_a_flag_that_began_before_the_booking_holds_it_or_is_run_again(world: World, other, level: str):
    begin(other, level)
    run(copy(world.later, **FREE, public_id="BOOKED"))

    told = refusal(other, copy(world.pregnancy, patient_id=world.dan.pk))

    assert told == ("" if level == "READ COMMITTED" else "again")
    if level == "READ COMMITTED":
        assert Appointment.objects.get(public_id="BOOKED").state == "on_hold"


@pytest.mark.parametrize("level", LEVELS)
def test_two_treatments_of_one_course_see_each_other(world: World, other, level: str):
    one, two = signed(world, "2026-10-01"), signed(world, "2026-10-15")
    begin(other, level)
    run(copy(world.given, treatment_id=one, repeat_from="2026-12-31", previous_until="2026-07-02"))

    told = refusal(other, copy(world.given, treatment_id=two, repeat_from="2027-01-14", previous_until="2026-07-16"))

    assert told == ("treatment_interval" if level == "READ COMMITTED" else "again")


def test_what_drew_its_number_first_and_wrote_later_is_run_again(world: World, other):
    """The later one of two carries the reason, and later means the greater number: the two have to agree."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('treatments_coursetreatment', 'id'))")
        drawn = cursor.fetchone()[0]
    run(copy(world.given, treatment_id=signed(world, "2026-10-01"), repeat_from=None, previous_until=None))
    begin(other, "READ COMMITTED")

    late = f"""INSERT INTO treatments_coursetreatment (id, treatment_id, course_id, units)
               VALUES ({drawn}, {signed(world, "2016-10-01")}, {world.given.course_id}, 20)"""

    assert refusal(other, late) == "again"


def signed(world: World, day: str) -> int:
    """Another treatment of Dan's on that day, that has given nothing to a course yet."""
    public_id = f"D{day[:4]}{day[5:7]}{day[8:]}"
    run(copy(world.given.treatment, performed_on=day, public_id=public_id))
    return Treatment.objects.get(public_id=public_id).pk
