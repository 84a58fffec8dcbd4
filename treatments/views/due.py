"""The due list: who must be called, by band; on the screen, on paper and as a file."""

from __future__ import annotations

import csv
import re
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from clinic import audit
from clinic.formats import clock, count, day, safe_cell
from clinic.models import Practitioner
from clinic.permissions import needs
from treatments.forms.due import DueFilters
from treatments.models import Indication
from treatments.queries import due as courses
from treatments.queries import due_report
from treatments.queries.due import Cursor, Filters, Page, Tab
from treatments.views.due_rows import DueRows
from treatments.views.rows import national

PRINTED = 500
_CURSOR = re.compile(r"(\d{4}-\d\d-\d\d)\.([A-Z0-9]{1,12})\.([a-z0-9_-]{1,60})")
LABELS = {
    courses.SOON: gettext_lazy("Due soon"),
    courses.NOW: gettext_lazy("Due"),
    courses.OVERDUE: gettext_lazy("Overdue"),
    courses.LAPSED: gettext_lazy("Lapsed"),
    courses.ON_HOLD: gettext_lazy("On hold"),
    courses.REVIEW: gettext_lazy("To be looked at"),
}
ORDERS = {
    courses.SOON: gettext_lazy("soonest first"),
    courses.NOW: gettext_lazy("window closing first"),
    courses.OVERDUE: gettext_lazy("longest first"),
    courses.LAPSED: gettext_lazy("latest lapse first"),
    courses.ON_HOLD: gettext_lazy("next review or end first"),
    courses.REVIEW: gettext_lazy("longest first"),
}
EMPTY = {
    courses.SOON: gettext_lazy("Nobody's window opens within 21 days."),
    courses.NOW: gettext_lazy("Nobody is due."),
    courses.OVERDUE: gettext_lazy("Nobody is overdue."),
    courses.LAPSED: gettext_lazy("Nobody has lapsed."),
    courses.ON_HOLD: gettext_lazy("Nobody is on hold."),
    courses.REVIEW: gettext_lazy("No record has to be looked at."),
}
NEXT = {
    courses.SOON: gettext_lazy("The next window opens on %(day)s."),
    courses.NOW: gettext_lazy("The next one becomes due on %(day)s."),
    courses.OVERDUE: gettext_lazy("The next one becomes overdue on %(day)s."),
    courses.LAPSED: gettext_lazy("The next one lapses on %(day)s."),
}


@require_safe
@needs("treatments.view_course")
def due(request: HttpRequest, tab: str = "overdue") -> HttpResponse:
    """One tab of the list. `?print=1` shows up to 500 rows for the printer instead of pages."""
    on, chosen = timezone.localdate(), tab_of(tab)
    form, to_print = _form(request, chosen), "print" in request.GET
    filters = form.filters()
    numbers = courses.counts(on, filters)
    form.put("booked", _booked_choices(numbers[chosen.slug]))
    size = PRINTED if to_print else courses.PAGE_SIZE
    page = courses.page(chosen, on, filters, cursor=_cursor(request), size=size)
    may_book = request.user.has_perm("treatments.add_appointment")
    shown = _shown(numbers[chosen.slug], filters.booked)
    context = {
        "form": form,
        "heading": LABELS[chosen],
        "day": day(on),
        "tabs": _tabs(chosen, form, numbers, filters),
        "line": {
            "count": count(shown, _("course"), _("courses")),
            "rest": _rest(chosen, form, filters),
            "clear_url": _here(chosen) if filters != form.usual else "",
            "updated": clock(timezone.now()),
        },
        "rows": DueRows(chosen, page.rows, on=on, may_book=may_book).html(page.rows),
        "empty": None if page.rows else _empty(chosen, on, form, numbers[chosen.slug]),
        "pager": _pager(chosen, form, page, shown),
        "to_print": to_print,
        "left_out": max(0, shown - PRINTED) if to_print else 0,
        "urls": _urls(chosen, form),
    }
    return render(request, "due/list.html", context)


@require_safe
@needs("treatments.view_course")
def export(request: HttpRequest) -> HttpResponse:
    """The tab with its filters as a CSV file; that somebody took it away is kept in the audit trail."""
    on, chosen = timezone.localdate(), tab_of(request.GET.get("tab", "overdue"))
    filters = _form(request, chosen).filters()
    wanted = courses.narrowed(courses.in_tab(chosen, on), filters, on)
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
        details={"tab": chosen.slug, "on": on, "rows": number, **_asked_for(filters)},
    )
    return answer


def tab_of(slug: str) -> Tab:
    """The tab of an address."""
    if slug not in courses.TABS:
        raise Http404
    return courses.TABS[slug]


def filters_of(request: HttpRequest, tab: Tab) -> tuple[Filters, str]:
    """What the address asks for, and the same in words with the order of the list."""
    form = _form(request, tab)
    filters = form.filters()
    return filters, _rest(tab, form, filters)


def _form(request: HttpRequest, tab: Tab) -> DueFilters:
    indications = Indication.objects.filter(is_active=True).order_by("short_name", "pk")
    return DueFilters(
        request.GET,
        tab=tab,
        indications=indications.values_list("code", "short_name"),
        practitioners=Practitioner.objects.order_by("name", "pk").values_list("name", flat=True),
    )


def _cursor(request: HttpRequest) -> Cursor | None:
    """The place in the address, like 2026-08-11.7KX2Q9.glabellar_lines; anything else is the beginning."""
    back = "before" in request.GET
    match = _CURSOR.fullmatch(request.GET.get("before" if back else "after", ""))
    try:
        return Cursor(date.fromisoformat(match[1]), match[2], match[3], back) if match else None
    except ValueError:
        return None


def _asked_for(filters: Filters) -> dict[str, str]:
    return {"indication": filters.indication, "practitioner": filters.practitioner, "booked": filters.booked}


def _asked(form: DueFilters) -> dict[str, str]:
    """The filters that differ from the usual ones, for an address."""
    usual = _asked_for(form.usual)
    return {name: value for name, value in _asked_for(form.filters()).items() if value != usual[name]}


def _here(tab: Tab, form: DueFilters | None = None, **more: Any) -> str:
    asked = urlencode({**(_asked(form) if form else {}), **more})
    return reverse("due_tab", args=[tab.slug]) + (f"?{asked}" if asked else "")


def _shown(numbers: tuple[int, int], booked: str) -> int:
    return {"no": numbers[0], "yes": numbers[1], "all": numbers[0] + numbers[1]}[booked]


def _tabs(chosen: Tab, form: DueFilters, numbers: dict[str, tuple[int, int]], filters: Filters) -> list[dict[str, Any]]:
    """The tabs with their numbers under the same filters; records to be looked at only where there are any."""
    kept = {name: value for name, value in _asked(form).items() if name != "booked"}
    tabs = []
    for tab, label in LABELS.items():
        booked = filters.booked if tab == chosen else "all" if tab in (courses.ON_HOLD, courses.REVIEW) else "no"
        number = _shown(numbers[tab.slug], booked)
        if tab == courses.REVIEW and tab != chosen and not number:
            continue
        url = reverse("due_tab", args=[tab.slug]) + (f"?{urlencode(kept)}" if kept else "")
        tabs.append({"url": url, "label": label, "count": number, "current": tab == chosen})
    return tabs


def _booked_choices(numbers: tuple[int, int]) -> list[tuple[str, str]]:
    words = {"no": _("Not booked (%(n)d)"), "yes": _("Booked (%(n)d)"), "all": _("All (%(n)d)")}
    return [(value, said % {"n": _shown(numbers, value)}) for value, said in words.items()]


def _rest(tab: Tab, form: DueFilters, filters: Filters) -> str:
    """What the list is narrowed to and how it is ordered, in words."""
    said = [str(LABELS[tab]).lower()]
    if filters.indication:
        said.append(str(dict(form.fields["indication"].choices)[filters.indication]).lower())  # type: ignore[attr-defined]
    if filters.practitioner:
        said.append(_("last injected by %(name)s") % {"name": filters.practitioner})
    said += {"no": [_("not booked")], "yes": [_("booked")], "all": []}[filters.booked]
    return ", " + ", ".join([*said, str(ORDERS[tab])])


def _empty(tab: Tab, on: date, form: DueFilters, numbers: tuple[int, int]) -> dict[str, str]:
    """Why the list is empty and what comes next, with one way on."""
    filters = form.filters()
    if filters == form.usual and numbers[1]:
        said = _("Everybody here is booked: %(n)d.") % {"n": numbers[1]}
        return {"text": said, "url": _here(tab, booked="yes"), "label": _("Show who is booked")}
    if filters != form.usual:
        return {"text": _("No course matches these filters."), "url": _here(tab), "label": _("Clear filters")}
    next_on = courses.next_day(tab, on)
    said = " ".join([str(EMPTY[tab]), *([str(NEXT[tab]) % {"day": day(next_on)}] if next_on else [])])
    return {"text": said, "url": "", "label": ""}


def _pager(tab: Tab, form: DueFilters, page: Page, shown: int) -> dict[str, str]:
    def at(name: str, cursor: Cursor | None) -> str:
        place = f"{cursor.day.isoformat()}.{cursor.public_id}.{cursor.code}" if cursor else ""
        return _here(tab, form, **{name: place}) if place else ""

    said = _("%(some)d of %(all)d courses") % {"some": len(page.rows), "all": shown}
    return {"prev": at("before", page.before), "next": at("after", page.after), "text": said}


def _urls(tab: Tab, form: DueFilters) -> dict[str, str]:
    asked = urlencode({"tab": tab.slug, **_asked(form)})
    return {
        "list": _here(tab, form),
        "print": _here(tab, form, print=1),
        "csv": f"{reverse('due_csv')}?{asked}",
        "pdf": f"{reverse('due_pdf', args=[tab.slug])}?{urlencode(_asked(form))}",
    }
