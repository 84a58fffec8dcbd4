"""What can never be true in storage, as the databases themselves hold it: one module per engine, the same names.

`clinic.guards` installs and compares them; docs/decisions/0006-database-guards.md says why they are as they are.
"""

from __future__ import annotations

from clinic.guards import Guard
from treatments.guards.common import HELD_BY, HELD_REASON
from treatments.guards.postgres import GUARDS as ON_POSTGRESQL
from treatments.guards.sqlite import GUARDS as ON_SQLITE

__all__ = ["HELD_BY", "HELD_REASON", "shipped"]


def shipped(vendor: str) -> tuple[Guard, ...]:
    """The guards for one kind of database."""
    return {"sqlite": ON_SQLITE, "postgresql": ON_POSTGRESQL}[vendor]
