"""The rows of the call list, written in Python once per page. Each course is a table body of its own, so that a panel
can open under it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from html import escape

from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from clinic.formats import clock, day, short_day
from treatments.models.contact import OUTCOME_LABELS
from treatments.models.patients import list_name
from treatments.queries import due_beside as beside
from treatments.queries import due_tabs as due
from treatments.queries.due import Row
from treatments.queries.due_beside import Contacts, Hold, Visit
from treatments.queries.due_tabs import Tab
from treatments.queries.rulebook import rulebook
from treatments.queries.staff import staff_names
from treatments.rules.cycles import FEWEST
from treatments.rules.doses import units
from treatments.rules.vocabulary import AppointmentState, Band
from treatments.views.course_panel import personal_range
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

    def __init__(self, request: HttpRequest, rows: list[Row], *, tab: Tab | None, on: date) -> None:
        ids = [row.pk for row in rows]
        self.tab, self.on, self.language = tab, on, get_language()
        may = request.user.has_perm
        self.may_book, self.may_log = may("treatments.add_appointment"), may("treatments.add_contactattempt")
        self.doses = may("treatments.add_treatment")
        self.visits = beside.next_visits(ids, on)
        self.injectors = beside.last_injectors(ids)
        self.contacts = beside.contacts((row.pk, row.last_treated_on) for row in rows)
        self.holds = beside.holds(ids, on) if tab == due.ON_HOLD else {}
        set_by = {row.set_by for row in rows if row.set_by}
        self.staff = staff_names(set_by) if set_by else {}
        self.rules = rulebook(on) if any(row.learned.get("n", 0) >= FEWEST for row in rows) else None
        self.patient, self.book, self.visit = address_of("patient"), address_of("book"), address_of("visit")
        self.flag = address_of("flag")
        self.words = {
            name: escape(said)
            for name, said in (
                ("for", _("For")), ("last", _("Last")), ("phone", _("Phone")), ("none", _("Not booked")),
                ("book", _("Book")), ("log", _("Log contact")), ("more", _("More")), ("open", _("Open visit")),
            )
        }  # fmt: skip

    def html(self, rows: Iterable[Row]) -> SafeString:
        return SafeString("\n".join(self.body(row) for row in rows))

    def body(self, row: Row, below: str = "") -> str:
        """A table body: the row, and what stands under it."""
        url = address_of("due_row", row.code)(row.public_id)
        under = f'<tr class="row-panel"><td colspan="6">{below}</td></tr>' if below else ""
        return f'<tbody data-patient="{row.public_id}" data-row="{url}">{self.line(row)}{under}</tbody>'

    def line(self, row: Row) -> SafeString:
        """The table row of one course."""
        visit, holds, words = self.visits.get(row.pk), self.holds.get(row.pk, []), self.words
        name = name_cell(self.patient(row.public_id), family=row.family_name, given=row.given_name)
        about = escape(list_name(row.family_name, row.given_name))
        who = born(row.born_on, self.on, public_id=row.public_id)
        return SafeString(
            f'<tr><td>{self._band(row, holds)}</td><th scope="row">{name}<span class="row-sub nowrap">{who}</span></th>'
            f'<td data-label="{words["for"]}">{self._picture(row, visit, holds)}</td>'
            f'<td data-label="{words["last"]}">{self._last(row)}</td>'
            f'<td data-label="{words["phone"]}">{phone_link(row.phone)}<span class="row-sub">{self._visit(visit)}</span>'
            f"{self._contacts(row)}</td>"
            f'<td><div class="row-actions">{self._action(row, about, visit, holds)}</div></td></tr>'
        )

    def _band(self, row: Row, holds: list[Hold]) -> SafeString:
        if self.tab == due.ON_HOLD:
            return format_html('{} <span class="row-sub">{}</span>', chip("on_hold", _("On hold")), hold_words(holds))
        if self.tab == due.REVIEW:
            return format_html(
                '{} <span class="row-sub">{}</span>', chip("needs_review", _("To be looked at")), row.doubt
            )
        state, words, sub = _days(dates_tab(row, self.on), row, self.on)
        shown = chip(state, words) if words else SafeString("")
        return SafeString(f'{shown} <span class="row-sub">{escape(sub)}</span>{self._aside(row)}')

    def _aside(self, row: Row) -> SafeString:
        """Why the course is not simply to be called: resting, to be booked again, or a no to reminders."""
        said = []
        if row.rebook_since:
            said.append(_("to rebook since %(day)s") % {"day": day(row.rebook_since)})
        if row.snoozed_until and row.snoozed_until > self.on:
            said.append(_("back on %(day)s") % {"day": day(row.snoozed_until)})
        if row.opted_out:
            said.append(_("said no to reminders"))
        return SafeString("".join(f'<span class="row-sub">{escape(each)}</span>' for each in said))

    def _picture(self, row: Row, visit: Visit | None, holds: list[Hold]) -> SafeString | str:
        dates = _dates(row)
        if dates is None:
            return escape(row.indication)
        drawn = _drawn(
            dates,
            self.on,
            _BANDS[self.tab if self.tab in (due.ON_HOLD, due.REVIEW) else dates_tab(row, self.on)],
            row.indication,
            f"{row.public_id}-{row.code}",
            visit.on if visit and visit.state != AppointmentState.ON_HOLD else None,
            hold_words(holds),
            personal_range(row, self.rules) if self.rules else None,
            self.language,
        )
        return SafeString(f"{escape(row.indication)}{drawn}{self._set_by_hand(row)}")

    def _set_by_hand(self, row: Row) -> SafeString | str:
        """The day that a person set, beside the one that was computed."""
        if row.computed_from is None or row.set_from is None or row.set_at is None:
            return ""  # none was set, or a full treatment has ended it
        said = {
            "from": short_day(row.set_from),
            "until": day(row.set_until),
            "who": self.staff.get(row.set_by, row.set_by),
            "on": short_day(timezone.localtime(row.set_at).date()),
            "why": row.set_reason,
            "computed": day(row.computed_from),
        }
        words = _("Due %(from)s to %(until)s (set by %(who)s %(on)s: %(why)s). Computed %(computed)s.") % said
        return format_html('<span class="row-sub">{}</span>', words)

    def _last(self, row: Row) -> SafeString:
        given = _("%(units)s units") % {"units": units(row.units)} if row.units and self.doses else ""
        who = self.injectors.get(row.pk, "")
        said = escape(", ".join(part for part in (given, who) if part))
        return SafeString(f'{day(row.last_treated_on)} <span class="row-sub">{said}</span>')

    def _visit(self, visit: Visit | None) -> SafeString | str:
        if visit is None:
            return self.words["none"]
        held = visit.state == AppointmentState.ON_HOLD
        words = _("On hold %(when)s") if held else _("Booked %(when)s")
        when = f"{short_day(visit.on)} {clock(visit.starts_at)}"
        shown = chip("on_hold" if held else "booked", words % {"when": when})
        return format_html('<a href="{}">{}</a>', self.visit(visit.public_id), shown)

    def _contacts(self, row: Row) -> SafeString | str:
        found = self.contacts.get(row.pk)
        return format_html('<span class="row-sub">{}</span>', contacts_words(found)) if found else ""

    def _action(self, row: Row, about: str, visit: Visit | None, holds: list[Hold]) -> SafeString | str:
        if self.tab == due.ON_HOLD:
            return _button(self.flag(holds[0].flag), _("Review"), about) if holds else ""
        if self.tab == due.REVIEW:
            return _button(self.patient(row.public_id), _("Look at record"), about)
        book = ""
        if visit is not None:
            book = _button(self.visit(visit.public_id), self.words["open"], about)
        elif self.may_book:
            book = self._opens(row, "book", about, SafeString(" btn-outline-primary"))
        return SafeString(
            book + (self._opens(row, "log", about) + self._opens(row, "more", about) if self.may_log else "")
        )

    def _opens(self, row: Row, panel: str, about: str, css: str = "") -> SafeString:
        """A button that opens a panel under the row; without script, a page of its own."""
        url = address_of(PANELS[panel], row.code)(row.public_id)
        return SafeString(
            f'<a class="btn btn-sm{css}" href="{url}" hx-get="{url}">{self.words[panel]}'
            f'<span class="visually-hidden">, {about}</span></a>'
        )


PANELS = {"book": "due_book", "log": "due_contact", "more": "due_more"}


@lru_cache(maxsize=8192)
def _drawn(
    dates: Dates,
    on: date,
    band: Band,
    name: str,
    ref: str,
    booked_on: date | None,
    hold: str,
    personal: tuple[date, date, date] | None,
    language: str | None,
) -> SafeString:
    """A picture is drawn once a day for the same dates and words, whoever reads the list."""
    return picture(
        due_bar(
            dates, on=on, band=band, name=name, ref=ref, size="row", booked_on=booked_on, hold=hold, personal=personal
        )
    )


def dates_tab(row: Row, on: date) -> Tab:
    """The tab whose dates a course has, whatever list it stands in."""
    if row.lapsed_from and row.lapsed_from <= on:
        return due.LAPSED
    if row.overdue_from and row.overdue_from <= on:
        return due.OVERDUE
    return due.NOW if row.due_from and row.due_from <= on else due.SOON


def contacts_words(found: Contacts) -> str:
    """2 contacts, last 09-Jul no answer."""
    said = {
        "n": found.number,
        "day": short_day(timezone.localtime(found.at).date()),
        "what": str(OUTCOME_LABELS[found.outcome]).lower(),
    }
    return ngettext("%(n)d contact, %(day)s %(what)s", "%(n)d contacts, last %(day)s %(what)s", found.number) % said


def _button(url: str, words: str, about: str) -> SafeString:
    return SafeString(
        f'<a class="btn btn-sm btn-outline-primary" href="{url}">{words}<span class="visually-hidden">, {about}</span></a>'
    )


def _days(tab: Tab, row: Row, on: date) -> tuple[str, str, str]:
    """Sign, word with days, and the line below it."""
    if tab == due.SOON:
        if row.due_from is None:
            return "", "", ""
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


def hold_words(holds: list[Hold]) -> str:
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
