"""A row of the call list, written in Python: who, how long, what was given, what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from html import escape
from typing import NamedTuple

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.formats import clock, day, short_day
from treatments.models.contact import OUTCOME_LABELS
from treatments.models.patients import list_name
from treatments.queries import due_tabs as due
from treatments.queries.due import Row
from treatments.queries.due_beside import Contacts, Hold, Visit
from treatments.queries.due_tabs import Tab
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


class Line(NamedTuple):
    """All that a row says of its course."""

    row: Row
    visit: Visit | None
    holds: tuple[Hold, ...]
    contacts: Contacts | None
    set_by: str
    personal: tuple[date, date, date] | None


class Reader(NamedTuple):
    """In which list, on which day and for whom rows are drawn. Whatever changes what they say has to stand here."""

    tab: Tab | None
    on: date
    may_book: bool
    may_log: bool
    doses: bool
    language: str | None
    time_zone: str


@lru_cache(maxsize=1024)
def drawn(line: Line, reader: Reader) -> SafeString:
    """The table row of one course: drawn once a day for the same facts, whoever with the same rights reads the list."""
    row, on = line.row, reader.on
    name = name_cell(address_of("patient")(row.public_id), family=row.family_name, given=row.given_name)
    who = born(row.born_on, on, public_id=row.public_id)
    return SafeString(
        f'<tr><td>{_band(line, reader)}</td><th scope="row">{name}<span class="row-sub nowrap">{who}</span></th>'
        f'<td data-label="{escape(_("For"))}">{_picture(line, reader)}</td>'
        f'<td data-label="{escape(_("Last"))}">{_last(line, reader)}</td>'
        f'<td data-label="{escape(_("Phone"))}">{phone_link(row.phone)}<span class="row-sub">{_visit(line.visit)}</span>'
        f"{_contacts(line.contacts)}</td>"
        f'<td><div class="row-actions">{_actions(line, reader)}</div></td></tr>'
    )


def _band(line: Line, reader: Reader) -> SafeString:
    row = line.row
    if reader.tab == due.ON_HOLD:
        return format_html('{} <span class="row-sub">{}</span>', chip("on_hold", _("On hold")), hold_words(line.holds))
    if reader.tab == due.REVIEW:
        return format_html('{} <span class="row-sub">{}</span>', chip("needs_review", _("To be looked at")), row.doubt)
    state, words, sub = _days(dates_tab(row, reader.on), row, reader.on)
    shown = chip(state, words) if words else SafeString("")
    return SafeString(f'{shown} <span class="row-sub">{escape(sub)}</span>{_aside(row, reader.on)}')


def _aside(row: Row, on: date) -> SafeString:
    """Why the course is not simply to be called: resting, to be booked again, or a no to reminders."""
    said = []
    if row.rebook_since:
        said.append(_("to rebook since %(day)s") % {"day": day(row.rebook_since)})
    if row.snoozed_until and row.snoozed_until > on:
        said.append(_("back on %(day)s") % {"day": day(row.snoozed_until)})
    if row.opted_out:
        said.append(_("said no to reminders"))
    return SafeString("".join(f'<span class="row-sub">{escape(each)}</span>' for each in said))


def _picture(line: Line, reader: Reader) -> SafeString | str:
    row, visit = line.row, line.visit
    dates = _dates(row)
    if dates is None:
        return escape(row.indication)
    bar = due_bar(
        dates,
        on=reader.on,
        band=_BANDS[reader.tab if reader.tab in (due.ON_HOLD, due.REVIEW) else dates_tab(row, reader.on)],
        name=row.indication,
        ref=f"{row.public_id}-{row.code}",
        size="row",
        booked_on=visit.on if visit and visit.state != AppointmentState.ON_HOLD else None,
        hold=hold_words(line.holds),
        personal=line.personal,
    )
    return SafeString(f"{escape(row.indication)}{picture(bar)}{_set_by_hand(line)}")


def _set_by_hand(line: Line) -> SafeString | str:
    """The day that a person set, beside the one that was computed."""
    row = line.row
    if row.computed_from is None or row.set_from is None or row.set_at is None:
        return ""  # none was set, or a full treatment has ended it
    said = {
        "from": short_day(row.set_from),
        "until": day(row.set_until),
        "who": line.set_by,
        "on": short_day(timezone.localtime(row.set_at).date()),
        "why": row.set_reason,
        "computed": day(row.computed_from),
    }
    words = _("Due %(from)s to %(until)s (set by %(who)s %(on)s: %(why)s). Computed %(computed)s.") % said
    return format_html('<span class="row-sub">{}</span>', words)


def _last(line: Line, reader: Reader) -> SafeString:
    row = line.row
    given = _("%(units)s units") % {"units": units(row.units)} if row.units and reader.doses else ""
    said = escape(", ".join(part for part in (given, row.injector) if part))
    return SafeString(f'{day(row.last_treated_on)} <span class="row-sub">{said}</span>')


def _visit(visit: Visit | None) -> SafeString | str:
    if visit is None:
        return escape(_("Not booked"))
    held = visit.state == AppointmentState.ON_HOLD
    words = _("On hold %(when)s") if held else _("Booked %(when)s")
    when = f"{short_day(visit.on)} {clock(visit.starts_at)}"
    shown = chip("on_hold" if held else "booked", words % {"when": when})
    return format_html('<a href="{}">{}</a>', address_of("visit")(visit.public_id), shown)


def _contacts(found: Contacts | None) -> SafeString | str:
    return format_html('<span class="row-sub">{}</span>', contacts_words(found)) if found else ""


def _actions(line: Line, reader: Reader) -> SafeString | str:
    row, about = line.row, escape(list_name(line.row.family_name, line.row.given_name))
    if reader.tab == due.ON_HOLD:
        return _button(address_of("flag")(line.holds[0].flag), _("Review"), about) if line.holds else ""
    if reader.tab == due.REVIEW:
        return _button(address_of("patient")(row.public_id), _("Look at record"), about)
    book = ""
    if line.visit is not None:
        book = _button(address_of("visit")(line.visit.public_id), _("Open visit"), about)
    elif reader.may_book:
        book = _opens(row, "due_book", _("Book"), about, " btn-outline-primary")
    if not reader.may_log:
        return SafeString(book)
    return SafeString(
        book + _opens(row, "due_contact", _("Log contact"), about) + _opens(row, "due_more", _("More"), about)
    )


def _opens(row: Row, panel: str, words: str, about: str, css: str = "") -> str:
    """A button that opens a panel under the row; without script, a page of its own."""
    url = address_of(panel, row.code)(row.public_id)
    return f'<a class="btn btn-sm{css}" href="{url}" hx-get="{url}" aria-label="{escape(words)}, {about}">{escape(words)}</a>'


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


def _button(url: str, words: str, about: str) -> str:
    said = escape(words)
    return f'<a class="btn btn-sm btn-outline-primary" href="{url}" aria-label="{said}, {about}">{said}</a>'


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


def hold_words(holds: Iterable[Hold]) -> str:
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


def picture(bar: DueBar) -> SafeString:
    """The row size of components/due_bar.html; numbers and class names come from the geometry, words are escaped."""
    parts = [f'<rect class="seg seg-{s.cls}" x="{s.x}%" y="5" width="{s.width}%" height="10"/>' for s in bar.segments]
    parts += [f'<use href="#mark-{mark.kind}" x="{mark.x}%"/>' for mark in bar.marks]
    if bar.bracket:
        x, width, best_x = bar.bracket
        parts.append(
            f'<rect class="bracket" x="{x}%" y="17" width="{width}%" height="2"/>'
            f'<circle class="bracket-dot" cx="{best_x}%" cy="18" r="3"/>'
        )
    said = f"{escape(bar.title)}. {escape(bar.sentence)}"
    return SafeString(f'<svg class="due-bar due-bar-row" role="img"><title>{said}</title>{"".join(parts)}</svg>')
