"""Many rows of one table at once, each with its own values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models


def update(model: type[models.Model], names: Sequence[str], rows: Mapping[int, Sequence[Any]]) -> None:
    """Write these columns of these rows, by number: one statement sent once for each row.

    `bulk_update` puts all rows into one statement with a branch for every value, and takes longer to put it together
    than the database takes to write it.
    """
    if not rows:
        return
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    quote = connection.ops.quote_name
    columns = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    sql = f"UPDATE {quote(model._meta.db_table)} SET {columns} WHERE id = %s"  # noqa: S608  names of columns
    with connection.cursor() as cursor:
        cursor.executemany(
            sql,
            [
                [*(field.get_db_prep_save(value, connection) for field, value in zip(fields, values, strict=True)), pk]
                for pk, values in rows.items()
            ],
        )
