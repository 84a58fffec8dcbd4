"""Every benchmark by its name, and how many rounds it takes where nobody says."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks import cases_diary, cases_due, cases_duration, cases_growth, cases_pages, cases_reports
from tests.benchmarks.measure import Asked

CASES: dict[str, Callable[[Asked], str]] = {
    "due-page": cases_due.due_page,
    "due-sql": cases_due.due_sql,
    "patient": cases_pages.patient,
    "search": cases_pages.search,
    "import": cases_pages.imports,
    "recompute": cases_growth.recompute,
    "save": cases_growth.save,
    "growth": cases_growth.growth,
    "race": cases_diary.races,
    "booking": cases_diary.booking,
    "slots": cases_diary.slots,
    "calendar": cases_diary.calendar,
    "export": cases_reports.export,
    "duration": cases_duration.duration,
}
