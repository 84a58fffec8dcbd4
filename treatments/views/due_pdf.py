"""The due list on paper: to go through by telephone, with a box for each outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from clinic import audit
from clinic.formats import day
from clinic.permissions import needs
from treatments.models.contact import OUTCOME_LABELS
from treatments.models.patients import list_name
from treatments.queries import due as courses
from treatments.queries.due import Row
from treatments.queries.due_beside import contacts, holds
from treatments.queries.due_tabs import LAPSED, NOW, ON_HOLD, OVERDUE, REBOOK, SNOOZED, Tab
from treatments.rules.vocabulary import Outcome
from treatments.views.due import PRINTED, asked_for, filters_of, tab_of
from treatments.views.due_line import contacts_words, dates_tab, hold_words
from treatments.views.due_words import LABELS
from treatments.views.paper import Column, Paper
from treatments.views.rows import national

BOXES = (Outcome.NO_ANSWER, Outcome.LEFT_MESSAGE, Outcome.WILL_CALL, Outcome.NOT_NOW)


@require_safe
@needs("treatments.view_course")
def due_pdf(request: HttpRequest, tab: str) -> HttpResponse:
    """One tab with its filters, in the order of the screen; that it was taken away is kept in the audit trail."""
    at = timezone.now()
    on, chosen = timezone.localtime(at).date(), tab_of(tab)
    filters, words = filters_of(request, chosen)
    rows = courses.page(chosen, on, filters, size=PRINTED).rows
    paper = Paper(
        clinic=settings.CLINIC_NAME,
        title=_("Due list: %(tab)s") % {"tab": LABELS[chosen]},
        by=str(request.user),
        at=at,
        wide=True,
    )
    paper.heading(_("Due list: %(tab)s, %(day)s") % {"tab": str(LABELS[chosen]).lower(), "day": day(on)})
    number = ngettext("%(n)d course", "%(n)d courses", len(rows)) % {"n": len(rows)}
    paper.paragraph(f"{number}{words}.")
    if len(rows) == PRINTED:
        paper.paragraph(_("The first %(n)d are printed. Narrow the list to see others.") % {"n": PRINTED}, bold=True)
    paper.ln(2)
    paper.table_of(*(_held(rows, on) if chosen == ON_HOLD else _to_call(chosen, rows, on)), bold=(1, 3))
    if not rows:
        paper.paragraph(_("Nobody is on this list."))
    audit.record(
        "due_list.exported",
        request.user,  # type: ignore[arg-type]
        by=request.user.get_username(),
        at=at,
        details={"tab": chosen.slug, "on": on, "rows": len(rows), "format": "pdf", **asked_for(filters)},
    )
    answer = HttpResponse(paper.bytes_of(), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="due-{chosen.slug}-{on.isoformat()}.pdf"'
    return answer


def _to_call(tab: Tab, rows: Sequence[Row], on: date) -> tuple[list[Column], list[list[str]]]:
    """Whom to call, and boxes for what came of it."""
    columns = [
        Column(_("Band"), 24), Column(_("Patient, number, born"), 46), Column(_("For"), 31), Column(_("Phone"), 29),
        Column(_("Last treatment"), 25), Column(_("Last attempt"), 32), Column(_("Outcome of the call"), 86),
    ]  # fmt: skip
    tried = contacts((row.pk, row.last_treated_on) for row in rows)
    said = "   ".join(f"☐ {OUTCOME_LABELS[outcome]}" for outcome in BOXES)
    boxes = f"{said}\n☐ {_('Booked')} ______________   {_('Note')} ________________"
    return columns, [
        [
            f"{LABELS[tab]}\n{_days(tab, row, on)}",
            *_who(row),
            day(row.last_treated_on),
            contacts_words(tried[row.pk]) if row.pk in tried else "",
            boxes,
        ]
        for row in rows
    ]


def _held(rows: Sequence[Row], on: date) -> tuple[list[Column], list[list[str]]]:
    """Whom not to call, and until when; no box for a call."""
    columns = [
        Column(_("Why, and until when"), 70), Column(_("Patient, number, born"), 46), Column(_("For"), 36),
        Column(_("Phone"), 29), Column(_("Last treatment"), 25), Column(_("Note"), 67),
    ]  # fmt: skip
    why = holds([row.pk for row in rows], on)
    return columns, [[hold_words(why.get(row.pk, [])), *_who(row), day(row.last_treated_on), ""] for row in rows]


def _who(row: Row) -> list[str]:
    return [
        f"{list_name(row.family_name, row.given_name)}\n{row.public_id}  {day(row.born_on)}",
        row.indication,
        national(row.phone) if row.phone else "",
    ]


def _days(tab: Tab, row: Row, on: date) -> str:
    """How many days until the window, left in it, or past it."""
    if tab in (REBOOK, SNOOZED):
        tab = dates_tab(row, on)
    if tab in (OVERDUE, LAPSED) and row.due_until:
        late = (on - row.due_until).days
        return ngettext("%(n)d day past", "%(n)d days past", late) % {"n": late}
    if tab == NOW and row.due_until:
        return _("until %(day)s") % {"day": day(row.due_until)}
    return _("from %(day)s") % {"day": day(row.due_from)} if row.due_from else ""
