"""Guards: triggers and constraints by which the database refuses what can never be, whoever writes.

This module puts them in, takes them out and compares what lies in the database with what was shipped. The guards
themselves come from the module that `settings.DATABASE_GUARDS` names: a function `shipped(vendor)`.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)
RECHECK_SECONDS = 60
_ORDER = ("function", "trigger", "constraint")  # made in this order, taken away in the other

Key = tuple[str, str, str]  # kind, table, name


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that lies in the database: a trigger, its function, a constraint.

    `create` makes it; `text` is what the database's own catalogue then says of it. `{schema}` stands for the schema
    in which the tables lie.
    """

    kind: str
    table: str
    name: str
    create: str
    text: str

    @property
    def key(self) -> Key:
        return self.kind, self.table, self.name


@dataclass(frozen=True, slots=True)
class Guard:
    """One rule. A refusal carries its name; `says` is the rule in words."""

    name: str
    says: str
    parts: tuple[Part, ...]


class NotInstalled(CommandError):
    """Rows that are already there break a guard, so the database would not take it."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"The database did not take these guards, because rows in it break them: {', '.join(names)}. "
            "`manage.py check_invariants` names the rows. Correct them, then run `manage.py migrate` again."
        )


@cache
def shipped(vendor: str) -> dict[str, Guard]:
    """The guards of this release for one kind of database, by name."""
    return {guard.name: guard for guard in import_module(settings.DATABASE_GUARDS).shipped(vendor)}


def tables(vendor: str) -> set[str]:
    """The tables that are guarded."""
    return {part.table for guard in shipped(vendor).values() for part in guard.parts if part.table}


def violated(error: IntegrityError) -> str | None:
    """The name of the guard that refused, or None where it was something else."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is not None:
        name = diagnosis.constraint_name
        return name if name in shipped("postgresql") else None
    told = re.search(r"guard: (\w+)", str(error))
    return told[1] if told else None


# ---- what lies in the database ----

_SQLITE = "SELECT 'trigger', tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
_POSTGRESQL = """
SELECT 'function', '', p.proname::text,
       concat_ws(' ', p.provolatile, p.prosecdef, l.lanname,
                 replace(array_to_string(p.proconfig, ';'), '=' || quote_ident(current_schema()) || ',', '={schema},'))
       || p.prosrc
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE p.pronamespace = current_schema()::regnamespace AND p.proname LIKE 'guard\\_%%'
UNION ALL
SELECT 'trigger', c.relname, t.tgname, pg_get_triggerdef(t.oid, true) || ' ENABLED ' || t.tgenabled::text
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal AND c.relname = ANY (%s)
UNION ALL
SELECT 'constraint', c.relname, k.conname,
       pg_get_constraintdef(k.oid, true) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_index i ON i.indexrelid = k.conindid
 WHERE c.relnamespace = current_schema()::regnamespace AND k.contype = 'x' AND c.relname = ANY (%s)
"""


def _wanted(connection: BaseDatabaseWrapper) -> dict[Key, Part]:
    return {part.key: part for guard in shipped(connection.vendor).values() for part in guard.parts}


def _found(connection: BaseDatabaseWrapper) -> dict[Key, str]:
    """What is there now, as the database writes it down itself. One query."""
    parameters: list[Any] | None = None
    if connection.vendor == "postgresql":
        parameters = [sorted(tables("postgresql"))] * 2
    with connection.cursor() as cursor:
        cursor.execute(_POSTGRESQL if parameters else _SQLITE, parameters)
        return {(kind, table, name): text for kind, table, name, text in cursor.fetchall()}


def _same(part: Part, text: str | None) -> bool:
    if text is None:
        return False
    return _bare(text) == _bare(part.text) if part.kind == "constraint" else text == part.text


def _bare(text: str) -> str:
    """Without what PostgreSQL's versions add of their own: casts, brackets, spaces."""
    return re.sub(r"::[a-z ]+(\[\])?|[()\s]", "", text)


def differences(connection: BaseDatabaseWrapper) -> list[str]:
    """One sentence for everything that is missing, altered, switched off or not ours. Empty: all guards stand."""
    wanted, found = _wanted(connection), _found(connection)
    guard_of = {part.key: guard.name for guard in shipped(connection.vendor).values() for part in guard.parts}
    said = []
    for key, part in wanted.items():
        what = f"{guard_of[key]}: {part.kind} {part.name}" + (f" on {part.table}" if part.table else "")
        if key not in found:
            said.append(f"{what} is missing.")
        elif not _same(part, found[key]):
            said.append(f"{what} is not as shipped.")
    said += [
        f"{name}: this {kind} on {table or 'no table'} is none of the shipped ones."
        for kind, table, name in found.keys() - wanted.keys()
    ]
    return sorted(said)


# ---- putting in, taking out ----


def install(connection: BaseDatabaseWrapper) -> None:
    """Bring the database to the shipped guards: what is right stays, the rest is made anew. All in one transaction.

    Raises `NotInstalled` where rows in the database break a constraint; every other guard then stands.
    """
    refused = []
    with transaction.atomic(using=connection.alias):
        schema = _schema(connection)
        wanted, found = _wanted(connection), _found(connection)
        right = {key for key, part in wanted.items() if _same(part, found.get(key))}
        replaced = {part.key for part in wanted.values() if part.kind == "function"}  # in place: its trigger stays
        _take_away(connection, found.keys() - right - replaced)
        for part in sorted(wanted.values(), key=lambda part: _ORDER.index(part.kind)):
            if part.key in right:
                continue
            try:
                with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                    cursor.execute(part.create.replace("{schema}", schema))
            except IntegrityError:
                refused.append(part.name)
    if refused:
        raise NotInstalled(refused)


def _schema(connection: BaseDatabaseWrapper) -> str:
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        return cursor.fetchone()[0]


def drop(connection: BaseDatabaseWrapper, *names: str) -> None:
    """Take the named guards out of the database; without a name all of them, also those of an older release."""
    with transaction.atomic(using=connection.alias):
        keys = set(_found(connection))
        if names:
            guards = shipped(connection.vendor)
            keys &= {part.key for name in names for part in guards[name].parts}
        _take_away(connection, keys)


def _take_away(connection: BaseDatabaseWrapper, keys: Iterable[Key]) -> None:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for kind, table, name in sorted(keys, key=lambda key: -_ORDER.index(key[0])):
            if connection.vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER {quote(name)}")
            elif kind == "trigger":
                cursor.execute(f"DROP TRIGGER {quote(name)} ON {quote(table)}")
            elif kind == "constraint":
                cursor.execute(f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(name)}")
            else:
                cursor.execute(f"DROP FUNCTION {quote(name)}() CASCADE")


@contextmanager
def lifted(*names: str, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Without the named guards (without names: without any) while the block runs; for tests and bulk tools.

    One transaction around all of it: nobody else can write meanwhile, and an error puts everything back.
    """
    connection = connections[using]
    with transaction.atomic(using=using):
        _settle(connection)
        drop(connection, *names)
        yield
        _settle(connection)
        install(connection)


def _settle(connection: BaseDatabaseWrapper) -> None:
    """PostgreSQL alters no table while checks of foreign keys are still to come: have them made now."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


# ---- around a migration ----


def before_migrate(*, using: str, plan: Iterable[Any] = (), **_sent: Any) -> None:
    """SQLite makes a changed table anew: its triggers are lost without a word, and others that name it stop the change.

    PostgreSQL keeps them through every change of a table, and so do we.
    """
    connection = connections[using]
    if connection.vendor == "sqlite" and plan:
        drop(connection)


def after_migrate(*, using: str, apps: Apps = global_apps, **_sent: Any) -> None:
    """The guards again, at once compared with what was shipped; none where the tables are those of an older release."""
    connection = connections[using]
    if not _fits(apps, connection.vendor):
        drop(connection)
        return
    install(connection)
    if found := differences(connection):
        raise CommandError(f"The guards could not be put back: {' '.join(found)}")


def _fits(apps: Apps, vendor: str) -> bool:
    """True where the migrated tables have every column that this release knows."""
    labels = {model._meta.app_label for model in global_apps.get_models() if model._meta.db_table in tables(vendor)}
    return all(_columns(global_apps, label) <= _columns(apps, label) for label in labels)


def _columns(apps: Apps, label: str) -> set[tuple[str, str]]:
    try:
        models = apps.get_app_config(label).get_models(include_auto_created=True)
    except LookupError:
        return set()
    return {(model._meta.db_table, field.column) for model in models for field in model._meta.local_concrete_fields}


# ---- what the application goes by ----

_last_look: tuple[float, list[str]] | None = None


def problems(*, fresh: bool = False) -> list[str]:
    """What is wrong with the guards of the default database; looked at again after a minute, or at once."""
    global _last_look  # noqa: PLW0603  one answer for the process
    if fresh or _last_look is None or time.monotonic() - _last_look[0] > RECHECK_SECONDS:
        _last_look = (time.monotonic(), differences(connections[DEFAULT_DB_ALIAS]))
        if _last_look[1]:
            logger.error("Serving read-only. %s", " ".join(_last_look[1]))
    return _last_look[1]
