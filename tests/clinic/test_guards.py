"""Guards put in, taken out and compared; what the application does while one is missing; settings that are too weak."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from clinic import checks, environment, guards
from clinic.models import AuditEvent
from tests import factories
from tests.factories import BY, NOW
from treatments.models import Appointment

pytestmark = pytest.mark.django_db
SQLITE = connection.vendor == "sqlite"
AUDIT = "audit_append_only"


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def event() -> AuditEvent:
    return AuditEvent.objects.create(at=NOW, by=BY, verb="test", object_type="x", object_id="1")


@pytest.fixture
def looked_at_anew() -> Iterator[None]:
    """The application looks again before and after: the test's transaction takes back what it did to the guards."""
    guards.problems(fresh=True)
    yield
    guards._last_look = None


@pytest.fixture
def one_missing(looked_at_anew: None) -> None:
    guards.drop(connection, AUDIT)
    guards._last_look = None


# ---- in, out, compared ----


def test_after_migrate_every_guard_stands():
    assert guards.differences(connection) == []
    assert len(guards.shipped(connection.vendor)) >= 24


def test_taken_out_put_back_and_left_alone_where_it_stands():
    guards.drop(connection)
    assert len(guards.differences(connection)) == sum(len(g.parts) for g in guards.shipped(connection.vendor).values())

    guards.install(connection)
    assert guards.differences(connection) == []
    guards.install(connection)
    assert guards.differences(connection) == []


@pytest.mark.parametrize("name", guards.shipped(connection.vendor))
def test_every_missing_guard_is_named(name: str):
    guards.drop(connection, name)

    said = guards.differences(connection)

    assert len(said) == len(guards.shipped(connection.vendor)[name].parts)
    assert all(sentence.startswith(f"{name}: ") and sentence.endswith("is missing.") for sentence in said)


@pytest.mark.sqlite
def test_a_trigger_of_another_text_is_found_on_sqlite():
    [part, *_others] = guards.shipped("sqlite")[AUDIT].parts
    run(f"DROP TRIGGER {part.name}")
    run(part.create.replace("BEGIN", "WHEN 0\nBEGIN"))

    assert guards.differences(connection) == [
        "audit_append_only: trigger audit_append_only_update on clinic_auditevent is not as shipped."
    ]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("ALTER TABLE clinic_auditevent DISABLE TRIGGER audit_append_only", "trigger audit_append_only on"),
        ("ALTER TABLE clinic_auditevent ENABLE TRIGGER audit_append_only", "trigger audit_append_only on"),
        ("ALTER TABLE clinic_auditevent DISABLE TRIGGER USER", "trigger audit_append_only on"),
        ("DROP TRIGGER audit_append_only ON clinic_auditevent; CREATE TRIGGER audit_append_only BEFORE DELETE ON"
         " clinic_auditevent FOR EACH ROW EXECUTE FUNCTION guard_audit_append_only();"
         "ALTER TABLE clinic_auditevent ENABLE ALWAYS TRIGGER audit_append_only", "trigger audit_append_only on"),
        ("CREATE OR REPLACE FUNCTION guard_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
         "function guard_audit_append_only"),
        ("ALTER FUNCTION guard_audit_append_only() STABLE", "function guard_audit_append_only"),
        ("ALTER FUNCTION guard_audit_append_only() SECURITY DEFINER", "function guard_audit_append_only"),
        ("ALTER FUNCTION guard_audit_append_only() SET search_path = pg_temp", "function guard_audit_append_only"),
        ("ALTER TABLE treatments_appointment DROP CONSTRAINT visit_room_once; ALTER TABLE treatments_appointment ADD"
         " CONSTRAINT visit_room_once EXCLUDE USING gist (room_id WITH =, tstzrange(starts_at, ends_at) WITH &&)"
         " WHERE (state = 'booked')", "constraint visit_room_once on treatments_appointment"),
    ],
)  # fmt: skip
def test_whatever_was_altered_is_found_and_repaired_on_postgresql(sql: str, what: str):
    run(sql)

    assert any(f": {what}" in sentence and "not as shipped" in sentence for sentence in guards.differences(connection))

    guards.install(connection)
    assert guards.differences(connection) == []


def test_a_trigger_that_was_not_shipped_is_found_and_taken_away():
    """One that runs after the guards could change what they have let through."""
    if SQLITE:
        run("CREATE TRIGGER of_mine BEFORE UPDATE ON treatments_flag BEGIN SELECT 1; END")
    else:
        run("CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
        run("CREATE TRIGGER of_mine BEFORE UPDATE ON treatments_flag FOR EACH ROW EXECUTE FUNCTION mine()")

    assert guards.differences(connection) == ["of_mine: this trigger on treatments_flag is none of the shipped ones."]

    guards.install(connection)
    assert guards.differences(connection) == []


def test_a_refusal_names_its_guard_and_other_refusals_none(event: AuditEvent):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        event.delete()
    assert guards.violated(refused.value) == AUDIT

    user = factories.staff("reception")
    with pytest.raises(IntegrityError) as other, transaction.atomic():
        type(user).objects.create(username=user.username)
    assert guards.violated(other.value) is None


def test_lifted_for_a_block_and_back_after_it(event: AuditEvent):
    with guards.lifted(AUDIT):
        assert {said.split(":")[0] for said in guards.differences(connection)} == {AUDIT}
        event.delete()

    assert guards.differences(connection) == []


def test_an_error_takes_back_what_was_done_while_lifted(event: AuditEvent):
    def fails() -> None:
        with guards.lifted():
            AuditEvent.objects.all().delete()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()

    assert AuditEvent.objects.filter(pk=event.pk).exists()
    assert guards.differences(connection) == []


@pytest.mark.postgres
def test_rows_that_break_a_constraint_are_said_and_the_other_guards_stand(two_visits_at_once: None):
    with pytest.raises(CommandError, match=r"did not take these guards.*visit_room_once.*check_invariants"):
        guards.install(connection)

    assert {said.split(":")[0] for said in guards.differences(connection)} == {
        "visit_practitioner_once",
        "visit_room_once",
        "visit_patient_once",
    }


@pytest.fixture
def two_visits_at_once() -> None:
    person, room, practitioner = factories.patient(), factories.room(), factories.practitioner()
    run("SET CONSTRAINTS ALL IMMEDIATE")
    guards.drop(connection)
    for _i in range(2):
        Appointment.objects.create(
            patient=person, practitioner=practitioner, room=room, on=NOW.date(), starts_at=NOW,
            ends_at=NOW + timedelta(minutes=30), state_by=BY, state_at=NOW, booked_by=BY, booked_at=NOW,
        )  # fmt: skip


# ---- around a migration ----


def test_migrate_repairs():
    guards.drop(connection, AUDIT)

    call_command("migrate", verbosity=0)

    assert guards.differences(connection) == []


def test_a_migration_that_has_nothing_to_do_touches_no_guard():
    guards.before_migrate(using="default", plan=[])

    assert guards.differences(connection) == []


def test_the_system_check_warns_and_never_keeps_migrate_from_repairing():
    assert run_checks(tags=[Tags.database], databases=["default"]) == []
    guards.drop(connection, AUDIT)

    [found] = run_checks(tags=[Tags.database], databases=["default"])

    assert (found.id, found.is_serious()) == ("clinic.W001", False)
    assert f"not as shipped: {AUDIT}. The application serves read-only." in found.msg
    assert checks.guards_stand(databases=None) == []


# ---- what the application does while one is missing ----


def test_while_a_guard_is_missing_nothing_is_saved_and_everything_can_be_read(client, one_missing, caplog):
    client.force_login(factories.staff("reception"))
    with caplog.at_level(logging.ERROR, "clinic.guards"):
        answer = client.post("/account/theme/", {"theme": "dark"})

    assert answer.status_code == 503
    assert "Nothing was saved" in answer.content.decode()
    assert "Content-Security-Policy" in answer.headers
    assert "audit_append_only" in caplog.text
    assert client.get("/login/").status_code in (200, 302)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_no_unsafe_method_gets_through(client, one_missing, method: str):
    assert getattr(client, method)("/patients/new/").status_code == 503


def test_people_sign_in_and_out_while_it_is_read_only(client, one_missing):
    factories.staff("reception", username="rosei")

    inside = client.post("/login/", {"username": "rosei", "password": "correct horse battery"})
    outside = client.post("/logout/")

    assert (inside.status_code, inside.headers["Location"]) == (302, "/")
    assert (outside.status_code, outside.headers["Location"]) == (302, "/login/")


def test_health_says_what_is_missing_at_once_and_when_it_is_back(client, looked_at_anew):
    assert client.get("/healthz").json() == {"status": "ok"}
    guards.drop(connection, AUDIT)

    ill = client.get("/healthz")
    assert (ill.status_code, ill.json()["status"]) == (503, "read-only")
    assert ill.json()["guards"] == guards.differences(connection)

    guards.install(connection)
    assert client.get("/healthz").status_code == 200


def test_the_application_looks_again_after_a_minute(looked_at_anew, monkeypatch):
    monkeypatch.setattr(guards, "RECHECK_SECONDS", 60)
    now = [1000.0]
    monkeypatch.setattr(guards.time, "monotonic", lambda: now[0])
    assert guards.problems(fresh=True) == []
    guards.drop(connection, AUDIT)

    now[0] += 60
    assert guards.problems() == []
    now[0] += 1
    assert guards.problems() != []


# ---- settings of SQLite ----

STRONG = environment.sqlite("/tmp/clinic.sqlite3", settings.BASE_DIR)


def weaker(old: str, new: str) -> dict:
    options = STRONG["OPTIONS"]
    return STRONG | {"OPTIONS": options | {"init_command": options["init_command"].replace(old, new)}}


def test_our_own_settings_and_another_engine_are_strong_enough():
    assert checks.weak_sqlite(STRONG) == []
    assert checks.weak_sqlite({"ENGINE": "django.db.backends.postgresql"}) == []
    assert checks.weak_sqlite(weaker("synchronous=FULL", "synchronous = extra")) == []


@pytest.mark.parametrize(
    ("database", "said"),
    [
        (weaker("journal_mode=WAL", "journal_mode=DELETE"), "journal_mode is delete"),
        (weaker("synchronous=FULL", "synchronous=NORMAL"), "synchronous is normal"),
        (weaker("PRAGMA synchronous=FULL;", ""), "synchronous is not set"),
        (weaker("cache_size=-20000", "synchronous=OFF"), "synchronous is off"),
        (weaker("recursive_triggers=ON", "recursive_triggers=OFF"), "recursive_triggers is off"),
        (weaker("cache_size=-20000", "foreign_keys = 0"), "foreign_keys is 0"),
        (STRONG | {"OPTIONS": STRONG["OPTIONS"] | {"transaction_mode": "DEFERRED"}}, "transaction_mode is DEFERRED"),
        (STRONG | {"OPTIONS": {}}, "transaction_mode is not set"),
    ],
)
def test_weaker_settings_do_not_start(settings, database: dict, said: str):
    settings.SQLITE_MAY_LOSE_WRITES = False

    with pytest.raises(ImproperlyConfigured, match=f"too weak for patients' records: .*{said}"):
        checks.refuse_weak_sqlite(database)


@pytest.mark.sqlite
def test_the_tests_own_settings_need_their_exemption(settings):
    checks.refuse_weak_sqlite(settings.DATABASES["default"])
    del settings.SQLITE_MAY_LOSE_WRITES

    with pytest.raises(ImproperlyConfigured, match="synchronous is off"):
        checks.refuse_weak_sqlite(settings.DATABASES["default"])


@pytest.mark.sqlite
def test_the_database_is_as_the_settings_say():
    pragmas = {}
    for name in ("journal_mode", "foreign_keys", "recursive_triggers"):
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {name}")
            pragmas[name] = cursor.fetchone()[0]

    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "recursive_triggers": 1}
