"""The due list: who must be called, by band; on the screen, on paper and as a file."""

from __future__ import annotations

import csv
import re
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic import audit
from clinic.addresses import address
from clinic.formats import clock, count, day, safe_cell
from clinic.permissions import needs
from treatments.forms.due import DueFilters
from treatments.queries import due as courses
from treatments.queries import due_counts, due_report
from treatments.queries.due import Cursor, Page, place_of
from treatments.queries.due_tabs import (
    BANDS,
    CALLED,
    REVIEW,
    SNOOZED,
    TABS,
    Filters,
    Tab,
    indications_in_use,
    injectors,
    lapsed_before,
    narrowed,
)
from treatments.views.due_rows import DueRows
from treatments.views.due_words import BY_REASON, EMPTY, LABELS, NEXT, ORDERS, OTHER_ORDERS, SHOWN
from treatments.views.rows import national

PRINTED = 500
_CURSOR = re.compile(r"([0-3])\.(\d{4}-\d\d-\d\d)\.([A-Z0-9]{1,12})\.([a-z0-9_-]{1,60})")


@require_safe
@needs("treatments.view_course")
def due(request: HttpRequest, tab: str = "overdue") -> HttpResponse:
    """One tab of the list. `?print=1` shows up to 500 rows for the printer, `?run=1` one row and its number to call."""
    on, chosen = timezone.localdate(), tab_of(tab)
    form, to_print, run = _form(request, chosen), "print" in request.GET, "run" in request.GET
    filters, lapsed = form.chosen, lapsed_before(on)
    numbers = due_counts.counts(on, filters, lapsed=lapsed)
    size = PRINTED if to_print else 1 if run else courses.PAGE_SIZE
    page = courses.page(chosen, on, filters, cursor=_cursor(request), size=size, lapsed=lapsed)
    shown = numbers[chosen.slug] if filters.booked == form.usual.booked else due_counts.number(chosen, on, filters)
    context = {
        "form": form,
        "heading": LABELS[chosen],
        "day": day(on),
        "tabs": _tabs(chosen, form, numbers, shown),
        "line": {
            "count": _counted(shown),
            "rest": _rest(chosen, form, filters),
            "clear_url": _here(chosen) if filters != form.usual else "",
            "updated": clock(timezone.now()),
        },
        "by_reason": BY_REASON if chosen.by_reason and not filters.order else "",
        "rows": DueRows(request, page.rows, tab=chosen, on=on).html(page.rows),
        "empty": None if page.rows else _empty(chosen, on, form),
        "pager": _pager(chosen, form, page, shown, run=run),
        "to_print": to_print,
        "left_out": max(0, shown - PRINTED) if to_print else 0,
        "urls": _urls(chosen, form),
    }
    return render(request, "due/run.html" if run else "due/list.html", context)


@require_safe
@needs("treatments.view_course")
def export(request: HttpRequest) -> HttpResponse:
    """The tab with its filters as a CSV file; that somebody took it away is kept in the audit trail."""
    on, chosen = timezone.localdate(), tab_of(request.GET.get("tab", "overdue"))
    filters = _form(request, chosen).chosen
    wanted = narrowed(chosen, filters, on)
    phones = dict(wanted.order_by().values_list("patient__public_id", "patient__phone"))
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="due-{chosen.slug}-{on.isoformat()}.csv"'
    lines, number = csv.writer(answer), 0
    lines.writerow([*due_report.COLUMNS, "phone"])
    for row in due_report.rows(on, wanted):
        lines.writerow(safe_cell(cell) for cell in (*row, national(phones[row[0]])))
        number += 1
    audit.record(
        "due_list.exported",
        request.user,  # type: ignore[arg-type]
        by=request.user.get_username(),
        at=timezone.now(),
        details={"tab": chosen.slug, "on": on, "rows": number, **asked_for(filters)},
    )
    return answer


def tab_of(slug: str) -> Tab:
    """The tab of an address."""
    if slug not in TABS:
        raise Http404
    return TABS[slug]


def filters_of(request: HttpRequest, tab: Tab) -> tuple[Filters, str]:
    """What the address asks for, and the same in words with the order of the list."""
    form = _form(request, tab)
    filters = form.chosen
    return filters, _rest(tab, form, filters)


def _form(request: HttpRequest, tab: Tab) -> DueFilters:
    asked = tuple((name, request.GET[name]) for name in DueFilters.base_fields if name in request.GET)
    return _read(asked, tab, tuple(indications_in_use()), tuple(injectors()), get_language())


@lru_cache(maxsize=256)
def _read(
    asked: tuple[tuple[str, str], ...],
    tab: Tab,
    indications: tuple[tuple[str, str], ...],
    practitioners: tuple[str, ...],
    _language: str | None,
) -> DueFilters:
    """Filters that were asked for before are read and drawn: only looked at from then on, never changed."""
    return DueFilters(dict(asked), tab=tab, indications=indications, practitioners=practitioners)


def _cursor(request: HttpRequest) -> Cursor | None:
    """The place in the address, like 3.2026-08-11.7KX2Q9.glabellar_lines; anything else is the beginning."""
    back = "before" in request.GET
    match = _CURSOR.fullmatch(request.GET.get("before" if back else "after", ""))
    try:
        return (
            Cursor(int(match[1]), date.fromisoformat(match[2]), place_of(match[3], match[4]), back) if match else None
        )
    except ValueError:
        return None


def asked_for(filters: Filters) -> dict[str, str]:
    """The filters by name, as the audit trail keeps them."""
    return {name: getattr(filters, name) for name in ("indication", "practitioner", "booked", "order")}


def _asked(form: DueFilters) -> dict[str, str]:
    """The filters that differ from the usual ones, for an address."""
    usual = asked_for(form.usual)
    return {name: value for name, value in asked_for(form.chosen).items() if value != usual[name]}


def _here(tab: Tab, form: DueFilters | None = None, **more: Any) -> str:
    asked = urlencode({**(_asked(form) if form else {}), **more})
    return address("due_tab", tab.slug) + (f"?{asked}" if asked else "")


def _counted(number: int) -> str:
    if number > due_counts.COUNTED:
        return _("More than 1,000 courses")
    return count(number, _("course"), _("courses"))


def _tabs(chosen: Tab, form: DueFilters, numbers: dict[str, int], shown: int) -> list[dict[str, Any]]:
    """The tabs with their numbers under the same filters; records to be looked at only where there are any."""
    kept = urlencode({name: value for name, value in _asked(form).items() if name in ("indication", "practitioner")})
    tabs = []
    for tab, label in LABELS.items():
        number = shown if tab == chosen else numbers[tab.slug]
        if tab == REVIEW and tab != chosen and not number:
            continue
        url = address("due_tab", tab.slug) + (f"?{kept}" if kept else "")
        words = "1,000+" if number > due_counts.COUNTED else number
        tabs.append({"url": url, "label": label, "count": words, "current": tab == chosen})
    return tabs


def _rest(tab: Tab, form: DueFilters, filters: Filters) -> str:
    """What the list is narrowed to and how it is ordered, in words."""
    said = [str(LABELS[tab]).lower()]
    if filters.indication:
        said.append(str(dict(form.fields["indication"].choices)[filters.indication]).lower())  # type: ignore[attr-defined]
    if filters.practitioner:
        said.append(_("last injected by %(name)s") % {"name": filters.practitioner})
    if SHOWN[filters.booked] and "booked" in form.fields:
        said.append(str(SHOWN[filters.booked]))
    return ", " + ", ".join([*said, str(OTHER_ORDERS.get(filters.order, ORDERS[tab]))])


def _empty(tab: Tab, on: date, form: DueFilters) -> dict[str, str]:
    """Why the list is empty and what comes next, with one way on."""
    filters = form.chosen
    if filters != form.usual:
        return {"text": _("No course matches these filters."), "url": _here(tab), "label": _("Clear filters")}
    if tab in BANDS and (n_booked := due_counts.number(tab, on, Filters(booked="yes"))):
        said = _("Everybody here is booked: %(n)d.") % {"n": n_booked}
        return {"text": said, "url": _here(tab, booked="yes"), "label": _("Show who is booked")}
    next_on = due_counts.next_day(tab, on)
    said = " ".join([str(EMPTY[tab]), *([str(NEXT[tab]) % {"day": day(next_on)}] if next_on else [])])
    return {"text": said, "url": "", "label": ""}


def _pager(tab: Tab, form: DueFilters, page: Page, shown: int, *, run: bool) -> dict[str, str]:
    def at(name: str, cursor: Cursor | None, row: int) -> str:
        if cursor is None:
            return ""
        last = page.rows[row]
        place = f"{cursor.rank}.{cursor.day.isoformat()}.{last.public_id}.{last.code}"
        return _here(tab, form, **{name: place}, **({"run": 1} if run else {}))

    every = "1,000+" if shown > due_counts.COUNTED else shown
    said = _("%(some)d of %(all)s courses") % {"some": len(page.rows), "all": every}
    return {"prev": at("before", page.before, 0), "next": at("after", page.after, -1), "text": said}


def _urls(tab: Tab, form: DueFilters) -> dict[str, str]:
    asked = urlencode({"tab": tab.slug, **_asked(form)})
    return {
        "list": _here(tab, form),
        "print": _here(tab, form, print=1),
        "run": _here(tab, form, run=1) if tab in (*CALLED, SNOOZED) else "",
        "csv": f"{address('due_csv')}?{asked}",
        "pdf": f"{address('due_pdf', tab.slug)}?{urlencode(_asked(form))}",
    }
