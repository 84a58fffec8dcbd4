"""The rows of one page of the call list. Each course is a table body of its own, so that a panel can open under it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from treatments.queries import due_beside as beside
from treatments.queries import due_tabs as due
from treatments.queries.due import Row
from treatments.queries.due_tabs import Tab
from treatments.queries.rulebook import rulebook
from treatments.queries.staff import staff_names
from treatments.views.course_panel import personal_range
from treatments.views.due_line import Line, Reader, drawn
from treatments.views.rows import address_of


class DueRows:
    """What the rows of one page share, and the way from a course to its table body."""

    def __init__(self, request: HttpRequest, rows: list[Row], *, tab: Tab | None, on: date) -> None:
        ids = [row.pk for row in rows]
        may = request.user.has_perm
        self.reader = Reader(
            tab,
            on,
            may("treatments.add_appointment"),
            may("treatments.add_contactattempt"),
            may("treatments.add_treatment"),
            get_language(),
            timezone.get_current_timezone_name(),
        )
        self.visits = beside.next_visits(ids, on)
        self.contacts = beside.contacts((row.pk, row.last_treated_on) for row in rows)
        self.holds = beside.holds(ids, on) if tab == due.ON_HOLD else {}
        set_by = {row.set_by for row in rows if row.set_by}
        self.staff = staff_names(set_by) if set_by else {}
        self.rules = rulebook(on) if any(row.taught for row in rows) else None

    def html(self, rows: Iterable[Row]) -> SafeString:
        return SafeString("\n".join(self.body(row) for row in rows))

    def body(self, row: Row, below: str = "") -> str:
        """A table body: the row, and what stands under it."""
        url = address_of("due_row", row.code)(row.public_id)
        under = f'<tr class="row-panel"><td colspan="6">{below}</td></tr>' if below else ""
        return f'<tbody data-patient="{row.public_id}" data-row="{url}">{drawn(self._line(row), self.reader)}{under}</tbody>'

    def _line(self, row: Row) -> Line:
        return Line(
            row,
            self.visits.get(row.pk),
            tuple(self.holds.get(row.pk, ())),
            self.contacts.get(row.pk),
            self.staff.get(row.set_by, row.set_by),
            personal_range(row, self.rules) if self.rules and row.taught else None,
        )
