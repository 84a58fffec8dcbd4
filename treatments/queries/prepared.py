"""Queries that are put together once per process and then only sent: putting one together costs more than its few rows.

    @prepared
    def flags_of(patients: tuple[int, ...]) -> QuerySet[Flag]:
        return Flag.objects.filter(patient__in=patients).order_by("starts_on", "pk")

    flags_of((7,))  # a list of flags

Values are whole numbers, texts, days, moments, or a tuple of them, and stand in the query as they come: nothing is computed
from them and none decides which query it is. A value that cannot be found again in the statement is refused at the first
call. With a longer tuple the query is put together anew: there are too many lengths to keep.

What is no value of the function's is written into the statement. SQLite has to know it to choose an index that holds a part
of the rows only, and plans the whole statement anew each time such a parameter is bound, which takes longer than reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from datetime import UTC, date, datetime, timedelta
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import connections
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError

P = ParamSpec("P")
Row = TypeVar("Row")
_LONGEST = 3
_STAND_INS: dict[type, Callable[[int], Any]] = {
    int: lambda n: -7_100_000_000 - n,
    str: lambda n: f"\x02prepared {n}\x03",
    date: lambda n: date(9771, 3, 1) + timedelta(days=n),
    datetime: lambda n: datetime(9771, 3, 1, tzinfo=UTC) + timedelta(days=n),
}


class Prepared(Generic[P, Row]):
    """A function that makes a queryset; called, it gives the rows of the same query for other values."""

    def __init__(self, make: Callable[P, QuerySet[Any, Row]]) -> None:
        self.make = make
        self._statements: dict[tuple[int | None, ...], _Statement] = {}
        update_wrapper(self, make)

    def __call__(self, *values: P.args, **none: P.kwargs) -> list[Row]:
        shape = tuple(len(value) if isinstance(value, tuple) else None for value in values)
        if any(length is not None and not 0 < length <= _LONGEST for length in shape):
            return list(self.make(*values, **none))
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._statements[shape] = _Statement(self.make, values)
        return statement.rows(values)


prepared = Prepared


class _Statement:
    """What Django made of the query, and where the values stand in it."""

    def __init__(self, make: Callable[..., QuerySet], like: tuple[Any, ...]) -> None:
        stand_ins = [_stand_in(value, 100 * n) for n, value in enumerate(like)]
        queryset: Any = make(*stand_ins)
        self.queryset = queryset
        if queryset._prefetch_related_lookups:
            raise TypeError("A prepared query sends one statement: prefetch nothing.")
        self.using, self.rows_of = queryset.db, queryset._iterable_class
        self.compiler = queryset.query.get_compiler(self.using)
        self.sql, self.params = self.compiler.as_sql()
        self.converters: dict | None = None
        sent = self._as_sent(tuple(stand_ins))
        self.places = [(place, sent.index(value)) for place, value in enumerate(self.params) if value in sent]
        if {n for _place, n in self.places} != set(range(len(sent))):
            raise TypeError("A value of a prepared query has to stand in its statement as it came.")
        if connections[self.using].vendor == "sqlite":
            self._write_constants()

    def rows(self, values: tuple[Any, ...]) -> list[Any]:
        connection = connections[self.using]
        if self.queryset.query.select_for_update and not connection.in_atomic_block:
            raise TransactionManagementError("Rows are locked inside a transaction only.")
        params, sent = list(self.params), self._as_sent(values)
        for place, n in self.places:
            params[place] = type(params[place])(sent[n]) if isinstance(sent[n], int) else sent[n]
        compiler = copy(self.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *_a, **_k: (self.sql, tuple(params))
        compiler.get_converters = self._converters
        return list(self.rows_of(_Once(self.queryset, compiler)))

    def _write_constants(self) -> None:
        parts, places = self.sql.split("%s"), dict(self.places)
        if len(parts) - 1 != len(self.params):
            return  # a %s that is no parameter
        sql, bound = parts[0], []
        for place, (param, after) in enumerate(zip(self.params, parts[1:], strict=True)):
            constant = "" if place in places else _written(param)
            sql += (constant or "%s") + after
            if not constant:
                bound.append((param, places.get(place)))
        self.sql, self.params = sql, tuple(param for param, _n in bound)
        self.places = [(place, n) for place, (_param, n) in enumerate(bound) if n is not None]

    def _converters(self, expressions: Iterable[Any]) -> dict:
        if self.converters is None:
            self.converters = self.compiler.get_converters(expressions)
        return self.converters

    def _as_sent(self, values: tuple[Any, ...]) -> list[Any]:
        ops, sent = connections[self.using].ops, []
        for value in values:
            for each in value if isinstance(value, tuple) else (value,):
                if type(each) is date:
                    each = ops.adapt_datefield_value(each)
                elif type(each) is datetime:
                    each = ops.adapt_datetimefield_value(each)
                sent.append(each)
        return sent


def _written(constant: Any) -> str:
    """A number or text as SQL has it; "" for anything else."""
    if isinstance(constant, int):
        return str(int(constant))
    return "'" + constant.replace("'", "''").replace("%", "%%") + "'" if type(constant) is str else ""


def _stand_in(value: Any, n: int) -> Any:
    if isinstance(value, tuple):
        return tuple(_STAND_INS[type(each)](n + place) for place, each in enumerate(value))
    return _STAND_INS[type(value)](n)


class _Once:
    """As much of a queryset as Django's iterables look at, with a compiler that has done its work."""

    def __init__(self, queryset: Any, compiler: Any) -> None:
        self.model, self.db, self._fields = queryset.model, queryset.db, queryset._fields
        self._known_related_objects: dict = {}
        self.query = copy(queryset.query)
        self.query.get_compiler = lambda *_a, **_k: compiler
