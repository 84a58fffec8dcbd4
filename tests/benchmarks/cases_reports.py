"""P12, the half that goes out: every treatment as a file against the driver's cursor; and what the reports cost."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from clinic import permissions
from clinic.models import User
from tests.benchmarks.cases_pages import FULL, clinic_of
from tests.benchmarks.measure import Asked, Figure, SignedIn, interleaved, pages, sql_of, table
from treatments.models import CourseTreatment
from treatments.queries import treatment_rows
from treatments.queries.treatment_rows import CHUNK
from treatments.views import exports
from treatments.views.report_kinds import KINDS

STATUS, PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@pages()
def export(asked: Asked) -> str:
    """One row per treatment and course through every step of the product, beside the same statement and csv.writer."""
    clinic_of(asked.scale).grow_to(int(FULL * asked.scale))
    n_rows = CourseTreatment.objects.count()
    sides: dict[str, Callable[[], object]] = {
        "driver's cursor and csv.writer": _bare,
        "the export": lambda: _drained(exports.lines(treatment_rows.chunks(treatment_rows.rows()))),
        "the same by values_list": lambda: _drained(exports.lines(_by_orm())),
    }
    figures = interleaved(sides, rounds=asked.rounds)
    bare, ours = _cost(figures[0]), _cost(figures[1])
    printed = table(f"Export of all treatments, {n_rows:,} rows", figures)
    rate = f"{n_rows / ours * 1000:,.0f} rows a second, {100 * bare / ours:.0f} % of the bare cursor (goal: 50 %)"
    memory = f"memory at its highest: +{_memory(sides['the export']):.1f} MB (goal: at most +20)"
    return "\n".join([printed, rate, memory, _reports()])


def _cost(figure: Figure) -> float:
    """CPU of this process; on PostgreSQL what it waited for, because the server works too."""
    return figure.wall_ms if connection.vendor == "postgresql" else figure.cpu_ms


def _statement() -> tuple[str, tuple]:
    sql, values = treatment_rows.rows().query.sql_with_params()
    return sql, values


def _bare() -> None:
    sql, values = _statement()
    kept = io.StringIO()
    writer = csv.writer(kept)
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while chunk := cursor.fetchmany(CHUNK):
            writer.writerows(chunk)
            kept.seek(0)
            kept.truncate()


def _by_orm() -> Iterable[list[tuple]]:
    chunk: list[tuple] = []
    for row in treatment_rows.rows().iterator(chunk_size=CHUNK):
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk


def _drained(pieces: Iterable[str]) -> int:
    return sum(len(piece) for piece in pieces)


def _memory(run: Callable[[], object]) -> float:
    """How many megabytes more than before the process held while it ran, at the highest; 0 where nobody can tell."""
    if not os.access(PEAK, os.W_OK):
        return 0.0
    PEAK.write_text("5")  # the highest mark begins anew
    before = _kilobytes("VmHWM")
    run()
    return (_kilobytes("VmHWM") - before) / 1024


def _kilobytes(name: str) -> int:
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(name))


def _reports() -> str:
    """Each report for its usual period, once, as a manager sees it: seconds, and how many statements."""
    permissions.make_roles()
    user = User.objects.create(username="benchmark")
    user.groups.add(Group.objects.get(name="manager"))
    person = SignedIn(user)
    lines = ["", f"{'A report, for its usual period':40}{'seconds':>10}{'statements':>12}"]
    for slug in KINDS:
        cache.clear()
        start = time.perf_counter()
        sent = len(sql_of(lambda slug=slug: person.get(f"/reports/{slug}/")))
        lines.append(f"{slug:40}{time.perf_counter() - start:10.2f}{sent:12}")
    since = timezone.localdate() - timedelta(days=91)
    start = time.perf_counter()
    person.get(f"/reports/intervals/?first={since}")
    lines.append(f"{'intervals, a quarter of a year':40}{time.perf_counter() - start:10.2f}")
    return "\n".join(lines)
