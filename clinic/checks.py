"""What has to be right before the clinic may rely on its database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections

from clinic import guards

_ON = ("on", "1", "true", "yes")
_SQLITE_NEEDS = {
    "journal_mode": (("wal",), "without WAL, readers and writers shut each other out"),
    "synchronous": (("full", "extra", "2", "3"), "with less than FULL, a power cut takes saved bookings back"),
    "recursive_triggers": (_ON, "without them a REPLACE deletes rows past their guards"),
    "foreign_keys": (_ON, "without them a row can point at nothing"),
}


def weak_sqlite(database: dict[str, Any]) -> list[str]:
    """What is weaker than the clinic's records need, in one clause each. Nothing for other engines."""
    if not database["ENGINE"].endswith("sqlite3"):
        return []
    options = database.get("OPTIONS", {})
    set_to = {"foreign_keys": "on"}  # by Django itself, on every connection
    for name, value in re.findall(r"PRAGMA\s+(\w+)\s*=\s*['\"]?(\w+)", options.get("init_command", ""), re.IGNORECASE):
        set_to[name.lower()] = value.lower()
    found = [
        f"{name} is {set_to.get(name, 'not set')} ({why})"
        for name, (enough, why) in _SQLITE_NEEDS.items()
        if set_to.get(name) not in enough
    ]
    mode = options.get("transaction_mode")
    if mode != "IMMEDIATE":
        found.append(f"transaction_mode is {mode or 'not set'} (without IMMEDIATE two writers fail instead of waiting)")
    return found


def refuse_weak_sqlite(database: dict[str, Any]) -> None:
    """Stop the start. `SQLITE_MAY_LOSE_WRITES` is for tests, whose data nobody misses."""
    found = weak_sqlite(database)
    if found and not getattr(settings, "SQLITE_MAY_LOSE_WRITES", False):
        raise ImproperlyConfigured(
            f"The SQLite settings are too weak for patients' records: {'; '.join(found)}. "
            "Use the ones of clinic/environment.py."
        )


def guards_stand(
    *, app_configs: Any = None, databases: Sequence[str] | None = None, **_options: Any
) -> list[checks.CheckMessage]:
    """A warning, not an error: an error would keep `migrate` from repairing it."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    connection = connections[DEFAULT_DB_ALIAS]
    if not guards.tables(connection.vendor) <= set(connection.introspection.table_names()):
        return []  # nothing to guard yet
    names = sorted({sentence.partition(":")[0] for sentence in guards.differences(connection)})
    if not names:
        return []
    return [
        checks.Warning(
            f"The database's guards are not as shipped: {', '.join(names)}. The application serves read-only.",
            hint="Run manage.py migrate. The address /healthz says what is wrong with each.",
            id="clinic.W001",
        )
    ]
