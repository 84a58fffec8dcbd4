"""The call list: its page against a signed-in page that does nothing, its SQL against what a person would write by hand."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tests.benchmarks.cases_pages import EMPTY, FULL, clinic_of, signed_in, size
from tests.benchmarks.measure import Asked, SignedIn, interleaved, pages, rows, sql_of, table
from treatments.queries import due, due_counts
from treatments.queries.due_tabs import LAPSED, OVERDUE, Filters, lapsed_before
from treatments.views.due_line import drawn


@pages()
def due_page(asked: Asked) -> str:
    """P1, P3: the first page of Overdue, a page further on, and the other tabs, among a tenth of the patients and all."""
    clinic, parts, person = clinic_of(asked.scale), [], signed_in()
    for number in (int(FULL * asked.scale / 10), int(FULL * asked.scale)):
        clinic.grow_to(number)
        page = due.page(OVERDUE, timezone.localdate(), Filters(booked="no"))
        sides = {
            EMPTY: lambda: person.get("/nothing/"),
            "Overdue, first page of 50, filters, 8 counts": lambda: person.get("/due/overdue/"),
            "the same, no row drawn that day before": lambda: _anew(person),
            "Due": lambda: person.get("/due/now/"),
            "Lapsed": lambda: person.get("/due/lapsed/"),
            "Overdue, frown lines alone": lambda: person.get("/due/overdue/?indication=glabellar_lines"),
            "Overdue, one injector's": lambda: person.get("/due/overdue/?practitioner=Injector+001"),
            "Overdue, longest first": lambda: person.get("/due/overdue/?order=longest"),
            "Overdue, everybody": lambda: person.get("/due/overdue/?booked=all"),
        }
        if page.after:
            last = page.rows[-1]
            place = f"{page.after.rank}.{page.after.day}.{last.public_id}.{last.code}"
            sides["Overdue, second page"] = lambda place=place: person.get(f"/due/overdue/?after={place}")
        parts.append(table(f"The due page, {size()}", interleaved(sides, rounds=asked.rounds)))
    return "\n".join(parts)


def _anew(person: SignedIn) -> None:
    drawn.cache_clear()
    person.get("/due/overdue/")


def due_sql(asked: Asked) -> str:
    """P2: the list and the counts against statements by hand, and against a window over all treatments."""
    clinic_of(asked.scale).grow_to(int(FULL * asked.scale))
    on, plain = timezone.localdate(), Filters(booked="no")
    day, bound = {"day": on}, {"day": on, "bound": lapsed_before(on)}
    parts = []
    for tab, by_hand in ((OVERDUE, _OVERDUE.format(**bound)), (LAPSED, _LAPSED.format(**day))):
        due.page(tab, on, plain)  # put together once per process
        listed = sql_of(lambda tab=tab: due.page(tab, on, plain, lapsed=bound["bound"]))
        sides = {
            "by hand, from the index alone": lambda sql=by_hand: rows(sql),
            "the page's": lambda sql=listed: rows(*sql),
        }
        parts.append(table(f"The list of {tab.slug}, {size()}", interleaved(sides, rounds=asked.rounds)))
    due_counts.counts(on, plain)
    counted = sql_of(lambda: due_counts.counts(on, plain, lapsed=bound["bound"]))
    by_count = {
        "by hand, overdue alone, as far as 1,001": lambda: rows(_COUNT.format(**bound)),
        "by hand, overdue alone, all of them": lambda: rows(_COUNT_ALL.format(**bound)),
        "the page's, eight tabs": lambda: rows(*counted),
    }
    parts.append(table("The counts", interleaved(by_count, rounds=asked.rounds)))
    listed = sql_of(lambda: due.page(OVERDUE, on, plain, lapsed=bound["bound"]))
    both = {
        "list and counts of the page": lambda: rows(*listed, *counted),
        "list by a window over all treatments": lambda: rows(_BY_WINDOW.format(day=on - timedelta(days=122))),
        "list and count by it": lambda: rows(
            *(sql.format(day=on - timedelta(days=122)) for sql in (_BY_WINDOW, _COUNT_BY_WINDOW))
        ),
    }
    parts.append(table("Against a window over all treatments", interleaved(both, rounds=asked.rounds)))
    return "\n".join(parts)


_CALLED = """doubt = '' AND NOT opted_out AND rebook_since IS NULL AND (closed_on IS NULL OR closed_on > '{day}')
  AND (snoozed_until IS NULL OR snoozed_until <= '{day}') AND (booked_until IS NULL OR booked_until < '{day}')
  AND (blocked_until IS NULL OR blocked_until <= '{day}' OR NOT EXISTS (SELECT 1 FROM treatments_courseblock b
    WHERE b.course_id = c.id AND b.starts_on <= '{day}' AND (b.ends_on IS NULL OR b.ends_on > '{day}')))"""
_ANY_RANK = "call_rank IN (0, 1, 2, 3)"
_IS_OVERDUE = "overdue_from <= '{day}' AND overdue_from > '{bound}' AND lapsed_from > '{day}'"
_COLUMNS = """c.id, p.public_id, p.family_name, p.given_name, p.born_on, p.phone, i.code, i.short_name, c.earliest_on, c.due_from,
  c.due_until, c.overdue_from, c.lapsed_from, c.last_treated_on, c.units, c.call_rank"""


def _by_hand(dates: str, order: str) -> str:
    """The first rows of each rank from the index, then the first of all of them with their patients."""
    ranks = " UNION ALL ".join(
        f"SELECT id FROM (SELECT id FROM treatments_course c WHERE call_rank = {rank} AND {dates} AND {_CALLED}"
        f" ORDER BY {order} LIMIT 51) AS r{rank}"
        for rank in range(4)
    )
    return (
        f"SELECT {_COLUMNS} FROM treatments_course c JOIN treatments_patient p ON p.id = c.patient_id"
        f" JOIN treatments_indication i ON i.id = c.indication_id WHERE c.id IN ({ranks})"
        f" ORDER BY c.call_rank, {', '.join('c.' + key for key in order.split(', '))} LIMIT 51"
    )


_OVERDUE = _by_hand(_IS_OVERDUE, "overdue_from, id")
_LAPSED = _by_hand("lapsed_from <= '{day}'", "lapsed_from DESC, id DESC")
_COUNT_ALL = f"SELECT count(*) FROM treatments_course c WHERE {_ANY_RANK} AND {_IS_OVERDUE} AND {_CALLED}"
_COUNT = f"SELECT count(*) FROM (SELECT 1 FROM treatments_course c WHERE {_ANY_RANK} AND {_IS_OVERDUE} AND {_CALLED} LIMIT 1001) AS counted"
_LAST = """(
  SELECT g.course_id, t.performed_on, row_number() OVER (PARTITION BY g.course_id ORDER BY t.performed_on DESC, t.id DESC) AS n
  FROM treatments_coursetreatment g JOIN treatments_treatment t ON t.id = g.treatment_id
  WHERE t.voided_at IS NULL AND t.kind = 'full') AS ranked
WHERE n = 1 AND performed_on < '{day}'"""
_BY_WINDOW = f"SELECT course_id, performed_on FROM {_LAST} ORDER BY performed_on LIMIT 51"
_COUNT_BY_WINDOW = f"SELECT count(*) FROM {_LAST}"
