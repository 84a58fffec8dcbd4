"""The lists behind two figures of the reports: who was treated too early, whose record lacks something."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from clinic.formats import moment
from treatments.models import Indication
from treatments.models.patients import list_name
from treatments.queries import data_quality, returns
from treatments.queries.data_quality import CHECKS, Cursor
from treatments.views import report_intervals
from treatments.views.report_frame import Asked, Column, Link, Table, n_people
from treatments.views.report_quality import LABELS
from treatments.views.reports import asked_of, kind_of, shown_table, url_of
from treatments.views.rows import national

EARLY_ROWS = 100


@require_safe
def early(request: HttpRequest) -> HttpResponse:
    """Who was treated before the minimum interval was over, for those who may see names."""
    kind = kind_of(request, "intervals")
    asked = asked_of(request, kind, request.GET)
    _refuse_nameless(asked)
    groups = {} if asked.form.errors else report_intervals.found(asked)
    found = [(cycle, cycle.after) for group in groups.values() for cycle in group.early if cycle.after]
    found.sort(key=lambda pair: (pair[1].on, pair[1].ref), reverse=True)
    listed = found[:EARLY_ROWS]
    people = returns.people_of(after.ref for _cycle, after in listed)
    names = dict(Indication.objects.values_list("code", "short_name"))
    rows = [report_intervals.early_row(cycle, after, people[after.ref], names) for cycle, after in listed]
    caption = _("Treated before the minimum interval was over, latest first")
    table = Table("early", caption, report_intervals.early_columns(), rows)
    if len(found) > EARLY_ROWS:
        said = {"n": EARLY_ROWS, "all": len(found)}
        table.note = _("The latest %(n)d of %(all)d are listed. Choose a shorter period to see others.") % said
    empty = "" if rows or asked.form.errors else _("Nobody was treated too early %(words)s.") % {"words": asked.words()}
    context = {
        "heading": _("Who was treated too early?"),
        "back": {"url": url_of(kind), "label": kind.question},
        "form": asked.form,
        "answer": "" if empty or asked.form.errors else _early_answer(len(found), asked),
        "table": shown_table(table),
        "empty": empty,
        "as_of": moment(asked.at),
    }
    return render(request, "reports/list.html", context)


def _early_answer(number: int, asked: Asked) -> str:
    times = ngettext("%(n)d treatment came", "%(n)d treatments came", number) % {"n": number}
    return _("%(times)s before the minimum interval was over, %(words)s.") % {"times": times, "words": asked.words()}


@require_safe
def quality_list(request: HttpRequest, check: str) -> HttpResponse:
    """The patients whose record lacks something, page by page, for those who may see names."""
    kind = kind_of(request, "data-quality")
    asked = asked_of(request, kind, {})
    _refuse_nameless(asked)
    if check not in CHECKS:
        raise Http404
    place = tuple(request.GET.get(name, "") for name in Cursor._fields)
    page = data_quality.page(check, asked.on, after=Cursor(*place) if any(place) else None)
    number = data_quality.counts(asked.on)[check]
    columns = [Column(_("Patient")), Column(_("Patient number")), Column(_("Born")), Column(_("Phone"))]
    rows: list[list] = [
        [Link(list_name(row.family_name, row.given_name), reverse("patient", args=[row.public_id])),
         row.public_id, row.born_on, national(row.phone)]
        for row in page.rows
    ]  # fmt: skip
    here = reverse("report_quality_list", args=[check])
    return render(
        request,
        "reports/list.html",
        {
            "heading": LABELS[check],
            "back": {"url": url_of(kind), "label": kind.question},
            "answer": n_people(number),
            "table": shown_table(Table(check, LABELS[check], columns, rows)),
            "empty": "" if rows else _("Nobody: there is nothing to do here."),
            "as_of": moment(asked.at),
            "pager": {
                "prev": "",
                "next": f"{here}?{urlencode(page.after._asdict())}" if page.after else "",
                "text": _("%(some)d of %(all)d patients") % {"some": len(rows), "all": number},
                "first": here if any(place) else "",
            },
        },
    )


def _refuse_nameless(asked: Asked) -> None:
    if not asked.names:
        raise PermissionDenied(_("Lists of patients are for those who work with them."))
