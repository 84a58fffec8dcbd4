"""Every treatment as a file, streamed: it costs no more memory for a big clinic than for a small one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic import audit
from clinic.formats import safe_cell
from clinic.permissions import needs
from treatments.forms.reports import Period
from treatments.queries import treatment_rows
from treatments.queries.treatment_rows import COLUMNS, TYPED, UNITS, VOIDED
from treatments.views import reports

_SAYS = {0: "", 1: "yes"}
_SUB_STANDARD, _ELSEWHERE = list(COLUMNS).index("sub_standard"), list(COLUMNS).index("elsewhere")


@require_safe
@needs("treatments.view_closedmonth", "treatments.change_patient")
def treatments(request: HttpRequest) -> HttpResponseBase:
    """One row for each treatment and course. That it was taken is kept before the first row goes out."""
    form = Period(request.GET)
    if not form.is_valid():
        return reports.index_with(request, form, status=422)
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    at = timezone.now()
    audit.record(
        "treatments.exported",
        request.user,  # type: ignore[arg-type]
        by=request.user.get_username(),
        at=at,
        details={"first": first, "last": last, "names": True},
    )
    answer = StreamingHttpResponse(
        lines(treatment_rows.chunks(treatment_rows.rows(first, last))), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="treatments-{timezone.localtime(at):%Y-%m-%d}.csv"'
    return answer


def lines(chunks: Iterable[list[tuple]]) -> Iterator[str]:
    """The file piece by piece, beginning with a mark by which spreadsheets know the letters."""
    kept = io.StringIO()
    writer = csv.writer(kept)
    kept.write("\ufeff")
    writer.writerow(COLUMNS)
    for chunk in chunks:
        writer.writerows([_row(row) for row in chunk])
        yield kept.getvalue()
        kept.seek(0)
        kept.truncate()
    if rest := kept.getvalue():
        yield rest


def _row(row: tuple) -> list[Any]:
    """A row without formulas, its units without empty decimals."""
    cells = list(row)
    for place in TYPED:
        text = cells[place]
        if text and not text[0].isalnum():
            cells[place] = safe_cell(text)
    units = cells[UNITS]
    if units is not None and type(units) is not int:
        text = str(units)
        cells[UNITS] = text.rstrip("0").rstrip(".") if "." in text else text
    for place in (_SUB_STANDARD, _ELSEWHERE, VOIDED):
        cells[place] = _SAYS[cells[place]]
    return cells
