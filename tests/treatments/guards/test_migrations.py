"""Migrations on a filled database keep every row and every guard, on the way through Django's own hooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from clinic import guards
from tests import factories
from tests.treatments.guards.world import World, build, change, refused_by
from treatments.models import Course
from treatments.queries.invariants import violations

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = ["patient", "appointment", "flag", "treatment", "coursetreatment", "injection", "safetyanswer"]


@pytest.fixture
def world(transactional_db: None) -> World:
    """Filled, and for good: a table is not altered inside a transaction."""
    factories.load_catalogue()
    return build()


def everything() -> dict[str, list[tuple]]:
    """Every row of the guarded tables, of the columns that the models know."""
    found = {}
    for model in [*apps.get_app_config("treatments").get_models(), apps.get_model("clinic", "AuditEvent")]:
        columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {model._meta.db_table} ORDER BY {model._meta.pk.column}")
            found[model._meta.model_name] = [tuple(map(str, row)) for row in cursor.fetchall()]
    return found


def steps(model: str) -> Iterator[Operation]:
    """What a migration can do to a table, each undone by a later one."""
    extra = models.CharField(max_length=20, default="as before")
    yield migrations.AddField(model, "extra", extra)
    yield migrations.AddField(model, "unknown", models.IntegerField(null=True))
    yield migrations.AlterField(model, "extra", models.CharField(max_length=40, default="as before", db_index=True))
    yield migrations.AlterField(model, "extra", models.TextField(default="as before"))
    yield migrations.RenameField(model, "extra", "spare")
    yield migrations.AddIndex(model, models.Index(fields=["spare"], name="index_of_the_test"))
    yield migrations.AddConstraint(
        model, models.CheckConstraint(condition=~models.Q(spare=""), name="check_of_the_test")
    )
    yield migrations.AddConstraint(model, models.UniqueConstraint(fields=["id", "spare"], name="once_of_the_test"))
    yield migrations.RemoveConstraint(model, "once_of_the_test")
    yield migrations.RemoveConstraint(model, "check_of_the_test")
    yield migrations.RemoveIndex(model, "index_of_the_test")
    yield migrations.RemoveField(model, "unknown")
    yield migrations.RemoveField(model, "spare")


GUARDED = {
    "patient": ("family_name", models.CharField(max_length=200)),
    "appointment": ("state", models.CharField(max_length=30, default="booked")),
    "flag": ("kind", models.TextField()),
    "treatment": ("kind", models.CharField(max_length=30)),
    "coursetreatment": ("units", models.DecimalField(max_digits=9, decimal_places=2, null=True)),
    "injection": ("site", models.TextField()),
    "safetyanswer": ("answer", models.TextField()),
}


TOLD: dict[str, Any] = {
    "verbosity": 0,
    "interactive": False,
    "db": "default",
    "plan": [(migrations.Migration("of_the_test", "treatments"), False)],
}


def migrate(operation: Operation, state: ProjectState) -> ProjectState:
    """One operation, as `manage.py migrate` goes about it."""
    after = state.clone()
    operation.state_forwards("treatments", after)
    emit_pre_migrate_signal(**TOLD, apps=state.apps)
    with connection.schema_editor() as editor:
        operation.database_forwards("treatments", editor, state, after)
    emit_post_migrate_signal(**TOLD, apps=after.apps)
    return after


@pytest.mark.parametrize("model", TABLES)
def test_no_change_of_a_table_loses_a_row_or_a_guard(world: World, model: str):
    before, state = everything(), ProjectState.from_apps(apps)
    name, wider = GUARDED[model]
    as_it_was = apps.get_model("treatments", model)._meta.get_field(name).clone()

    for step in (
        *steps(model),
        migrations.AlterField(model, name, wider),
        migrations.AlterField(model, name, as_it_was),
    ):
        state = migrate(step, state)

        assert guards.differences(connection) == [], step.describe()
        assert everything() == before, step.describe()
    assert refused_by(change(world.held, state="booked")) == "visit_hard_stop"
    assert refused_by(change(world.given, units=40)) == "given_kept"


@pytest.mark.sqlite
def test_a_migration_that_breaks_off_leaves_no_guards_and_the_next_one_puts_them_back(world: World):
    """SQLite has them only after the last step: until then the application serves read-only."""
    emit_pre_migrate_signal(**TOLD, apps=apps)
    assert len(guards.differences(connection)) > 24

    call_command("migrate", verbosity=0)

    assert guards.differences(connection) == []


# ---- every migration that was shipped ----

FIRST = [("clinic", "0001_initial"), ("treatments", "0001_initial")]
ON = date(2026, 6, 1)
AT = datetime(2026, 6, 1, 10, tzinfo=UTC)


def old_models() -> Any:
    executor = MigrationExecutor(connection)
    return executor.loader.project_state(FIRST).apps


def fill(old: Any) -> None:
    """A clinic as the first release stored it."""

    def make(label: str, **values: Any) -> Any:
        return old.get_model(label)._default_manager.create(**values)

    botox = make(
        "treatments.Product", code="botox-then", brand="Botox", nonproprietary_name="x", unit_system="x", source="x"
    )
    face = make("treatments.Indication", code="face-then", name="x", short_name="x", kind="aesthetic", source="x")
    rule = {"effective_from": date(2020, 1, 1), "source": "x"}
    licence = make(
        "treatments.Licence", indication=face, product=botox, min_interval=3, min_interval_unit="months", **rule
    )
    someone = make(
        "treatments.Patient", public_id="OLD001", family_name="Marsh", born_on=date(1985, 7, 14), registered_on=ON
    )
    course = make("treatments.Course", patient=someone, indication=face, earliest_on=ON, last_treated_on=ON)
    here, osei = make("clinic.Location", name="Then"), make("clinic.Practitioner", name="Then")
    visit = make(
        "treatments.Appointment", public_id="OLD002", patient=someone, on=ON, starts_at=AT, ends_at=AT.replace(minute=30),
        practitioner=osei, room=make("clinic.Room", name="Then", location=here),
        state_by="maya", state_at=AT, booked_by="maya", booked_at=AT, override_by="osei", override_at=AT,
        override_reason="benefit", override_words="Agreed with the hospital",
    )  # fmt: skip
    visit.courses.add(course)
    treatment = make(
        "treatments.Treatment", public_id="OLD003", patient=someone, appointment=visit, performed_on=ON, kind="full",
        product=botox, lot_number="C1", lot_expires_on=date(2027, 1, 1), signed_by="osei", signed_at=AT, practitioner=osei,
    )  # fmt: skip
    given = make("treatments.CourseTreatment", treatment=treatment, course=course, units=20, licence=licence)
    make("treatments.Injection", given=given, site="procerus", units=20)
    make("treatments.Flag", public_id="OLD004", patient=someone, kind="pregnancy", starts_on=date(2026, 7, 1),
         raised_by="maya", raised_at=AT)  # fmt: skip
    make("treatments.SafetyAnswer", patient=someone, kind="pregnancy", answer="no", answered_on=ON, asked_by="maya")
    make("clinic.AuditEvent", at=AT, by="maya", verb="patient.registered", object_type="patient", object_id="OLD001")


def rows_of(old: Any) -> dict[str, list[tuple]]:
    """Every row in the columns that the first release had."""
    found = {}
    for label in ("clinic", "treatments"):
        for model in old.get_app_config(label).get_models(include_auto_created=True):
            columns = ", ".join(f'"{field.column}"' for field in model._meta.local_concrete_fields)
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {columns} FROM {model._meta.db_table} ORDER BY 1")
                found[model._meta.db_table] = [tuple(map(str, row)) for row in cursor.fetchall()]
    return found


@pytest.fixture
def first_release() -> Iterator[Any]:
    with guards.lifted():
        call_command("flush", verbosity=0, interactive=False)
    for app, name in reversed(FIRST):
        call_command("migrate", app, name, verbosity=0)
    yield old_models()
    call_command("migrate", verbosity=0)


def test_every_shipped_migration_keeps_the_rows_of_the_first_release(first_release: Any):
    fill(first_release)
    before = rows_of(first_release)
    executor = MigrationExecutor(connection)
    plan = [migration for migration, _back in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    assert len(plan) >= 2
    assert [said for said in guards.differences(connection) if not said.endswith("is missing.")] == []

    for migration in plan:
        call_command("migrate", migration.app_label, migration.name, verbosity=0)
        assert rows_of(first_release) == before, migration
    call_command("migrate", verbosity=0)

    assert violations(connection) == []
    assert guards.differences(connection) == []
    assert [course.last_injector.name for course in Course.objects.all()] == ["Then"]
