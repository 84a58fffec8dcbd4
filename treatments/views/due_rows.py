"""The rows of the due list, written in Python once per page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.formats import clock, day, short_day
from treatments.models.patients import list_name
from treatments.queries import due
from treatments.queries.due import Hold, Row, Tab, Visit
from treatments.rules.doses import units
from treatments.rules.vocabulary import AppointmentState, Band
from treatments.views.due_bar import Dates, DueBar, due_bar
from treatments.views.rows import address_of, born, chip, name_cell, phone_link

_BANDS = {
    due.SOON: Band.POSSIBLE,
    due.NOW: Band.DUE,
    due.OVERDUE: Band.OVERDUE,
    due.LAPSED: Band.LAPSED,
    due.ON_HOLD: Band.ON_HOLD,
    due.REVIEW: Band.NEEDS_REVIEW,
}


class DueRows:
    """What the rows of one page share, and the way from a course to its line of the table."""

    def __init__(self, tab: Tab, rows: list[Row], *, on: date, may_book: bool) -> None:
        ids = [row.pk for row in rows]
        self.tab, self.on, self.may_book = tab, on, may_book
        self.visits = due.next_visits(ids, on)
        self.injectors = due.last_injectors(ids)
        self.holds = due.holds(ids, on) if tab == due.ON_HOLD else {}
        self.patient, self.book, self.visit = address_of("patient"), address_of("book"), address_of("visit")
        self.flag = address_of("flag")

    def html(self, rows: Iterable[Row]) -> SafeString:
        return format_html_join(
            "\n",
            '<tr><td>{}</td><th scope="row">{}</th><td data-label="{}">{}</td><td data-label="{}">{}</td>'
            '<td data-label="{}">{}<span class="row-sub">{}</span></td><td><div class="row-actions">{}</div></td></tr>',
            (self._cells(row) for row in rows),
        )

    def _cells(self, row: Row) -> tuple[str, ...]:
        visit, holds = self.visits.get(row.pk), self.holds.get(row.pk, [])
        name = name_cell(self.patient(row.public_id), family=row.family_name, given=row.given_name)
        about = list_name(row.family_name, row.given_name)
        return (
            self._band(row, holds),
            format_html(
                '{}<span class="row-sub nowrap">{}</span>', name, born(row.born_on, self.on, public_id=row.public_id)
            ),
            _("For"), self._picture(row, visit, holds),
            _("Last"), self._last(row),
            _("Phone"), phone_link(row.phone), self._visit(visit),
            self._action(row, about, visit, holds),
        )  # fmt: skip

    def _band(self, row: Row, holds: list[Hold]) -> SafeString:
        if self.tab == due.ON_HOLD:
            return format_html('{} <span class="row-sub">{}</span>', chip("on_hold", _("On hold")), _reasons(holds))
        if self.tab == due.REVIEW:
            return format_html(
                '{} <span class="row-sub">{}</span>', chip("needs_review", _("To be looked at")), row.doubt
            )
        state, words, sub = _days(self.tab, row, self.on)
        return format_html('{} <span class="row-sub">{}</span>', chip(state, words), sub)

    def _picture(self, row: Row, visit: Visit | None, holds: list[Hold]) -> SafeString | str:
        dates = _dates(row)
        if dates is None:
            return row.indication
        bar = due_bar(
            dates,
            on=self.on,
            band=_BANDS[self.tab],
            name=row.indication,
            ref=f"{row.public_id}-{row.code}",
            size="row",
            booked_on=visit.on if visit and visit.state != AppointmentState.ON_HOLD else None,
            hold=_reasons(holds),
        )
        return format_html("{}{}", row.indication, picture(bar))

    def _last(self, row: Row) -> SafeString:
        given = _("%(units)s units") % {"units": units(row.units)} if row.units else ""
        who = self.injectors.get(row.pk, "")
        return format_html(
            '{} <span class="row-sub">{}</span>', day(row.last_treated_on), ", ".join(p for p in (given, who) if p)
        )

    def _visit(self, visit: Visit | None) -> SafeString | str:
        if visit is None:
            return _("Not booked")
        held = visit.state == AppointmentState.ON_HOLD
        words = _("On hold %(when)s") if held else _("Booked %(when)s")
        when = f"{short_day(visit.on)} {clock(visit.starts_at)}"
        shown = chip("on_hold" if held else "booked", words % {"when": when})
        return format_html('<a href="{}">{}</a>', self.visit(visit.public_id), shown)

    def _action(self, row: Row, about: str, visit: Visit | None, holds: list[Hold]) -> SafeString | str:
        if self.tab == due.ON_HOLD:
            return _button(self.flag(holds[0].flag), _("Review"), about) if holds else ""
        if self.tab == due.REVIEW:
            return _button(self.patient(row.public_id), _("Look at record"), about)
        if visit is not None:
            return _button(self.visit(visit.public_id), _("Open visit"), about)
        if not self.may_book:
            return ""
        return _button(f"{self.book(row.public_id)}?course={row.code}", _("Book"), about)


def _button(url: str, words: str, about: str) -> SafeString:
    return format_html(
        '<a class="btn btn-sm btn-outline-primary" href="{}">{}<span class="visually-hidden">, {}</span></a>',
        url,
        words,
        about,
    )


def _days(tab: Tab, row: Row, on: date) -> tuple[str, str, str]:
    """Sign, word with days, and the line below it."""
    if tab == due.SOON and row.due_from:
        left = (row.due_from - on).days
        said = ngettext("Due in %(days)d day", "Due in %(days)d days", left) % {"days": left}
        return "due_soon", said, _("from %(day)s") % {"day": day(row.due_from)}
    if tab == due.LAPSED and row.lapsed_from:
        late = (on - row.lapsed_from).days
        return "lapsed", _("Lapsed %(days)d d") % {"days": late}, _("since %(day)s") % {"day": day(row.lapsed_from)}
    if row.due_from is None or row.due_until is None:
        return "", "", ""
    if tab == due.NOW:
        since = (on - row.due_from).days
        return "due", _("Due %(days)d d") % {"days": since}, _("until %(day)s") % {"day": day(row.due_until)}
    late = (on - row.due_until).days
    return "overdue", _("Overdue %(days)d d") % {"days": late}, _("since %(day)s") % {"day": day(row.overdue_from)}


def _reasons(holds: list[Hold]) -> str:
    """What holds a course, and the day on which that ends or is asked again."""
    said = []
    for hold in holds:
        if hold.ends_on:
            step = _("ends %(day)s") % {"day": day(hold.ends_on)}
        elif hold.review_on:
            step = _("review %(day)s") % {"day": day(hold.review_on)}
        else:
            step = _("no end known")
        said.append(f"{hold.label}, {step}")
    return "; ".join(dict.fromkeys(said))


def _dates(row: Row) -> Dates | None:
    dates = (row.earliest_on, row.due_from, row.due_until, row.overdue_from, row.lapsed_from, row.last_treated_on)
    return Dates(*dates) if all(dates) else None  # type: ignore[arg-type]


_MARKS = {
    "treated": '<circle class="mark-treated" cy="10" r="5"/>',
    "return": '<path class="mark-return" d="M0 2V7"/>',
    "today": '<path class="mark-today" d="M0 0V20"/><path class="mark-today-head" d="M-4 0h8L0 5Z"/>',
    "booked": '<path class="mark-booked" d="M0 17-6 8.5a6.7 6.7 0 1 1 12 0Z"/>',
}


def picture(bar: DueBar) -> SafeString:
    """The row size of components/due_bar.html; numbers and class names come from the geometry, words are escaped."""
    parts = [
        f'<rect class="seg seg-{s.cls}" x="{s.x}%" y="5" width="{s.width}%" height="10"/>'
        f'<rect class="pattern pattern-{s.cls}" x="{s.x}%" y="5" width="{s.width}%" height="10"'
        f' fill="url(#pattern-{s.cls})"/>'
        for s in bar.segments
    ]
    parts += [f'<svg x="{mark.x}%" overflow="visible">{_MARKS[mark.kind]}</svg>' for mark in bar.marks]
    if bar.bracket:
        x, width, best_x = bar.bracket
        parts.append(
            f'<rect class="bracket" x="{x}%" y="17" width="{width}%" height="2"/>'
            f'<svg x="{best_x}%" overflow="visible"><circle class="bracket-dot" cy="18" r="3"/></svg>'
        )
    return format_html(
        '<svg class="due-bar due-bar-row" role="img" aria-labelledby="{}-title" width="160" height="20">'
        '<title id="{}-title">{}. {}</title>{}</svg>',
        bar.id,
        bar.id,
        bar.title,
        bar.sentence,
        SafeString("".join(parts)),
    )
