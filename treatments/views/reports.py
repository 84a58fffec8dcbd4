"""The reports: an index of questions with their answers, one page each, the same as files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic import audit
from clinic.formats import moment
from clinic.models import Practitioner
from treatments.forms.reports import Period, ReportFilters
from treatments.models import Indication
from treatments.queries.returns import Scope
from treatments.views import report_files, report_kinds, report_months
from treatments.views.report_frame import Asked, Kind, Report, Table, shown
from treatments.views.report_kinds import KINDS

ANSWERS_SECONDS = 600


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every question that this person may ask, with its answer for the usual period, at most ten minutes old."""
    return index_with(request, Period())


def index_with(request: HttpRequest, form: Period, *, status: int = 200) -> HttpResponse:
    """The index, with what was typed for the file of all treatments."""
    kinds = report_kinds.of(request.user)
    if not kinds:
        raise PermissionDenied(_("Your role has no reports."))
    answers = []
    for kind in kinds:
        answer, at = _kept_answer(request, kind)
        answers.append({"question": kind.question, "answer": answer, "as_of": moment(at), "url": url_of(kind)})
    may_export = request.user.has_perm("treatments.view_closedmonth") and report_kinds.sees_names(request.user)
    return render(
        request, "reports/index.html", {"answers": answers, "may_export": may_export, "form": form}, status=status
    )


def _kept_answer(request: HttpRequest, kind: Kind) -> tuple[str, datetime]:
    own = report_kinds.own(request.user, kind)
    key = f"answer-{kind.slug}-{own if own is None else request.user.pk}-{timezone.localdate()}"
    found: tuple[str, datetime] | None = cache.get(key)
    if found is None:
        asked = asked_of(request, kind, {})
        found = _report(kind, asked).answer, asked.at
        cache.set(key, found, ANSWERS_SECONDS)
    return found


@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """One question: the answer, its picture, its tables, how it is counted."""
    kind = kind_of(request, slug)
    asked = asked_of(request, kind, request.GET)
    report = _report(kind, asked)
    months = None if asked.form.errors or report.empty else report_months.table(kind, asked)
    narrowed = urlencode({name: value for name, value in request.GET.items() if name in asked.form.fields and value})
    context = {
        "kind": kind,
        "form": asked.form,
        "report": report,
        "tables": [shown_table(table) for table in report.tables if table.folded],
        "open_tables": [shown_table(table) for table in report.tables if not table.folded],
        "months": _months(months) if months else None,
        "months_hidden": bool(narrowed) and not asked.whole_clinic and asked.own is None,
        "as_of": moment(asked.at),
        "own": asked.own,
        "urls": {
            "csv": f"{url_of(kind, 'csv')}?{narrowed}" if report.main else "",
            "xlsx": f"{url_of(kind, 'xlsx')}?{narrowed}" if report.main else "",
            "clear": url_of(kind) if asked.form.changed else "",
            "table": f"{url_of(kind, 'csv')}?{narrowed}{'&' if narrowed else ''}table=",
        },
    }
    return render(request, "reports/report.html", context)


@require_safe
def export(request: HttpRequest, slug: str, ending: str) -> HttpResponseBase:
    """The report as a file; that somebody took it away is kept in the audit trail."""
    kind = kind_of(request, slug)
    asked = asked_of(request, kind, request.GET)
    report = _report(kind, asked)
    if not (asked.form.errors or report.empty) and (months := report_months.table(kind, asked)):
        report.tables.append(months)
    wanted = request.GET.get("table") or (report.main.slug if report.main else "")
    table = next((each for each in report.tables if each.slug == wanted), None)
    if ending == "csv" and table is None:
        raise Http404
    name = f"{kind.slug}-{asked.on.isoformat()}" if ending == "xlsx" else f"{kind.slug}-{wanted}-{asked.on.isoformat()}"
    audit.record(
        "report.exported",
        request.user,  # type: ignore[arg-type]
        by=request.user.get_username(),
        at=asked.at,
        details={
            "report": kind.slug,
            "format": ending,
            "table": wanted if ending == "csv" else "",
            "rows": sum(len(each.rows) for each in report.tables)
            if table is None or ending == "xlsx"
            else len(table.rows),
            "names": asked.names,
            **{name: str(value or "") for name, value in asked.form.cleaned_data.items()},
        },
    )
    if ending == "xlsx" or table is None:
        return report_files.workbook(kind, report, asked, name=name)
    return report_files.csv_file(table, name=name)


def kind_of(request: HttpRequest, slug: str) -> Kind:
    """The question of an address, where this person may ask it."""
    if slug not in KINDS:
        raise Http404
    kind = KINDS[slug]
    if not report_kinds.may_ask(request.user, kind):
        raise PermissionDenied(_("Your role does not see this report."))
    return kind


def url_of(kind: Kind, ending: str = "") -> str:
    """The page of a question, or a file of it."""
    return reverse("report_file", args=[kind.slug, ending]) if ending else reverse("report", args=[kind.slug])


def asked_of(request: HttpRequest, kind: Kind, data: Any) -> Asked:
    """What the address asks for. With nonsense in it, nothing is counted and the form says why."""
    at, user = timezone.now(), request.user
    on = timezone.localtime(at).date()
    own = report_kinds.own(user, kind)
    names = [name for name in kind.fields if own is None or name not in ("injector", "by")]
    indications = Indication.objects.filter(is_active=True).order_by("short_name", "pk")
    injectors = Practitioner.objects.order_by("name", "pk").values_list("name", flat=True)
    form = ReportFilters(
        data,
        names=names,
        usual=(on - timedelta(days=kind.usual_days), on),
        indications=indications.values_list("code", "short_name") if "indication" in names else (),
        injectors=injectors if "injector" in names else (),
    )
    form.is_valid()
    said = form.cleaned_data
    scope = Scope(
        said.get("first") or on,
        said.get("last") or on,
        said.get("indication", ""),
        own if own is not None else said.get("injector", ""),
    )
    names_too, who = report_kinds.sees_names(user), user.get_username()
    return Asked(on, at, form, names_too, own, who, weeks=said.get("weeks") or 8, scope=scope)


def _report(kind: Kind, asked: Asked) -> Report:
    if asked.own == "":
        return Report(
            _("There are no figures of yours: your sign-in belongs to no injector. A manager can change that."),
            empty=True,
        )
    if any(name in asked.form.errors for name in ("first", "last", "weeks", "indication", "injector")):
        return Report("")
    return kind.build(asked)


def _months(table: Table) -> dict[str, Any]:
    """The latest months, and those before them for the fold."""
    latest = shown_table(replace(table, rows=table.rows[: report_months.OPEN]))
    earlier = shown_table(replace(table, rows=table.rows[report_months.OPEN :]))
    return latest | {"earlier": earlier if earlier["rows"] else None}


def shown_table(table: Table) -> dict[str, Any]:
    """A table as the template prints it."""
    return {
        "slug": table.slug,
        "caption": table.caption,
        "note": table.note,
        "columns": table.columns,
        "rows": [
            [
                shown(cell) | {"numeric": column.numeric, "label": column.label}
                for column, cell in zip(table.columns, row, strict=True)
            ]
            for row in table.rows
        ],
    }
