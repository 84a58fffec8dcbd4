"""Queries that are put together once per process and then only sent: putting one together costs more than its few rows.

    @prepared
    def flags_of(patient: int) -> QuerySet[Flag]:
        return Flag.objects.filter(patient=patient).order_by("starts_on", "pk")

    flags_of(7)  # a list of flags

Values are whole numbers, texts or days, and stand in the query as they come: nothing is computed from them and none decides
which query it is. A value that cannot be found again in the statement is refused at the first call.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import date, timedelta
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import connections
from django.db.models import QuerySet

P = ParamSpec("P")
Row = TypeVar("Row")
_STAND_INS: dict[type, Callable[[int], Any]] = {
    int: lambda n: -7_100_000_000 - n,
    str: lambda n: f"\x02prepared {n}\x03",
    date: lambda n: date(9771, 3, 1) + timedelta(days=n),
}


class Prepared(Generic[P, Row]):
    """A function that makes a queryset; called, it gives the rows of the same query for other values."""

    def __init__(self, make: Callable[P, QuerySet[Any, Row]]) -> None:
        self.make, self._statement = make, None
        update_wrapper(self, make)

    def __call__(self, *values: P.args, **none: P.kwargs) -> list[Row]:
        if self._statement is None:
            self._statement = _Statement(self.make, tuple(type(value) for value in values))
        return self._statement.rows(values)

    _statement: _Statement | None


prepared = Prepared


class _Statement:
    """What Django made of the query, and where the values stand in it."""

    def __init__(self, make: Callable[..., QuerySet], kinds: tuple[type, ...]) -> None:
        stand_ins = [_STAND_INS[kind](n) for n, kind in enumerate(kinds)]
        queryset: Any = make(*stand_ins)
        if queryset._prefetch_related_lookups:
            raise TypeError("A prepared query sends one statement: prefetch nothing.")
        self.using, self.rows_of = queryset.db, queryset._iterable_class
        self.compiler = queryset.query.get_compiler(self.using)
        self.sql, self.params = self.compiler.as_sql()
        self.queryset = queryset
        sent = [self._as_sent(value) for value in stand_ins]
        self.places = [(place, sent.index(value)) for place, value in enumerate(self.params) if value in sent]
        if {n for _place, n in self.places} != set(range(len(kinds))):
            raise TypeError("A value of a prepared query has to stand in its statement as it came.")

    def rows(self, values: tuple[Any, ...]) -> list[Any]:
        params = list(self.params)
        for place, n in self.places:
            sent = self._as_sent(values[n])
            params[place] = type(params[place])(sent) if isinstance(sent, int) else sent
        compiler = copy(self.compiler)
        compiler.connection = connections[self.using]
        compiler.as_sql = lambda *_a, **_k: (self.sql, tuple(params))
        return list(self.rows_of(_Once(self.queryset, compiler)))

    def _as_sent(self, value: Any) -> Any:
        return connections[self.using].ops.adapt_datefield_value(value) if type(value) is date else value


class _Once:
    """As much of a queryset as Django's iterables look at, with a compiler that has done its work."""

    def __init__(self, queryset: Any, compiler: Any) -> None:
        self.model, self.db, self._fields = queryset.model, queryset.db, queryset._fields
        self._known_related_objects: dict = {}
        self.query = copy(queryset.query)
        self.query.get_compiler = lambda *_a, **_k: compiler
