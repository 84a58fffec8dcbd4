"""The rows of the day sheet and the cards of the board: one visit as a line, with its next step and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic.formats import clock, short_day
from treatments.models import Appointment
from treatments.models.patients import list_name
from treatments.queries.diary import HeldVisit, Visit
from treatments.rules.vocabulary import AppointmentState
from treatments.views import ready
from treatments.views.reply_words import said_line
from treatments.views.rows import address_of, born, chip, name_cell
from treatments.views.today_actions import actions, control
from treatments.views.visit_page import state_label, what
from treatments.views.visit_steps import OVER, Able, Step

S = AppointmentState
LONG_WAIT = 15  # minutes
_BUSY = (S.ARRIVED, S.CHECKED, S.IN_ROOM)


@dataclass(frozen=True)
class Shown:
    """What all rows of one sheet share. `changed`: visit -> who changed it a moment ago."""

    day: date
    now: datetime
    able: Able
    token: str
    here: str
    private: bool = False
    changed: dict[str, str] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return timezone.localtime(self.now).date()

    @property
    def is_today(self) -> bool:
        return self.day == self.today

    def about(self, family: str, given: str) -> str:
        return initials(family, given) if self.private else list_name(family, given)


@dataclass(frozen=True)
class Line:
    """The cells of one visit."""

    over: bool
    time: SafeString
    name: SafeString
    born: str
    what: str
    who: str
    room: str
    ready: SafeString | str
    status: SafeString
    actions: SafeString


def initials(family: str, given: str) -> str:
    """M. A.: enough to find the row, not enough to know the person."""
    return " ".join(f"{word[0].upper()}." for word in (family.strip(), given.strip()) if word)


class DayRows:
    """The way from a visit to its line of the table, or its card of the board."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self.patient, self.visit = address_of("patient"), address_of("visit")

    # ---- the table ----

    def html(self, visits: list[Visit]) -> SafeString:
        """The rows by time, with the line of the present moment on the day itself."""
        rows = [(visit.appointment.starts_at, self._row(visit)) for visit in visits]
        if self.shown.is_today and rows:
            mark = format_html(
                '<tr class="row-now"><td colspan="7"><div class="row-now-mark"><span>{}</span></div></td></tr>',
                _("now %(time)s") % {"time": clock(self.shown.now)},
            )
            place = sum(starts_at <= self.shown.now for starts_at, _html in rows)
            rows.insert(place, (self.shown.now, mark))
        return format_html_join("\n", "{}", ((html,) for _at, html in rows))

    def plain(self, visits: list[Visit]) -> SafeString:
        """Rows without the line of now: those on hold above, the missed and cancelled below the others."""
        return format_html_join("\n", "{}", ((self._row(visit),) for visit in visits))

    def _row(self, visit: Visit) -> SafeString:
        line = self.line(visit)
        return format_html(
            '<tr{}><td class="nowrap">{}</td><th scope="row">{}<span class="row-sub nowrap">{}</span></th>'
            '<td data-label="{}">{}</td><td data-label="{}">{} <span class="row-sub">{}</span></td>'
            '<td data-label="{}">{}</td><td data-label="{}">{}</td><td>{}</td></tr>',
            SafeString(' class="row-over"') if line.over else "",
            line.time, line.name, line.born,
            _("For"), line.what, _("With"), line.who, line.room,
            _("Ready"), line.ready, _("Status"), line.status, line.actions,
        )  # fmt: skip

    def held_after(self, visits: list[HeldVisit]) -> SafeString:
        """The visits on hold of the coming days, each with the way to its decision."""
        return format_html_join("\n", "{}", ((self._held(visit),) for visit in visits))

    def _held(self, visit: HeldVisit) -> SafeString:
        family, given = visit.family_name, visit.given_name
        decide = Step(_("Clinical check"), self.visit(visit.public_id), primary=True)
        return format_html(
            '<tr><td class="nowrap"><a class="row-time" href="{}">{}</a> <span class="row-sub">{}</span></td>'
            '<th scope="row">{}<span class="row-sub nowrap">{}</span></th><td></td>'
            '<td data-label="{}">{} <span class="row-sub">{}</span></td><td data-label="{}">{}{}</td>'
            '<td data-label="{}">{}</td><td><div class="row-actions">{}</div></td></tr>',
            self.visit(visit.public_id), short_day(visit.on), clock(visit.starts_at),
            self._name(visit.patient_id, family, given), "" if self.shown.private else born(visit.born_on, visit.on),
            _("With"), visit.practitioner, visit.room,
            _("Ready"), chip("blocked", _("Blocked")), self._sub(visit.reason.rstrip(".")),
            _("Status"), chip("on_hold", _("On hold")),
            control(decide, self.shown.about(family, given)),
        )  # fmt: skip

    # ---- one visit ----

    def line(self, visit: Visit) -> Line:
        a, private = visit.appointment, self.shown.private
        over = S(a.state) in OVER
        who = a.patient
        return Line(
            over=over or a.state == S.DONE,
            time=self._time(a, over=over),
            name=self._name(who.public_id, who.family_name, who.given_name, who.preferred_name, struck=over),
            born="" if private else born(who.born_on, self.shown.day),
            what=what(a),
            who=a.practitioner.name,
            room=a.room.name,
            ready=self._ready(visit),
            status=self._status(visit),
            actions=actions(visit, self.shown, self.shown.about(who.family_name, who.given_name)),
        )

    def _time(self, a: Appointment, *, over: bool) -> SafeString:
        return format_html(
            '<a class="row-time{}" href="{}">{}</a> <span class="row-sub">{}</span>',
            " struck" if over else "",
            self.visit(a.public_id),
            clock(a.starts_at),
            span(int((a.ends_at - a.starts_at).total_seconds() // 60)),
        )

    def _name(
        self, public_id: str, family: str, given: str, preferred: str = "", *, struck: bool = False
    ) -> SafeString:
        if self.shown.private:
            return name_cell(self.patient(public_id), family=initials(family, given), given="", struck=struck)
        return name_cell(self.patient(public_id), family=family, given=given, preferred=preferred, struck=struck)

    def _ready(self, visit: Visit) -> SafeString | str:
        a = visit.appointment
        if not S(a.state).is_live:
            return ""
        gap = ready.first(visit, today=self.shown.today)
        link = format_html('<a href="{}">{}</a>', gap.url, chip(gap.state, gap.words))
        return format_html("{}{}{}", link, self._sub(gap.sub), self._override_mark(a))

    def _override_mark(self, a: Appointment) -> SafeString | str:
        if not a.override_by:
            return ""
        said = {"who": a.override_by, "why": a.get_override_reason_display()}
        words = _("Overridden") if self.shown.private else _("Overridden by %(who)s: %(why)s") % said
        sign = SafeString('<svg class="sign" aria-hidden="true"><use href="#sign-soft_stop"/></svg>')
        return format_html(' <span class="row-sub">{} {}</span>', sign, words)

    def _sub(self, words: str) -> SafeString | str:
        """The line below; what it says of somebody's health is not for everybody who walks by."""
        return sub_line("" if self.shown.private else words)

    # ---- status, with the time in it ----

    def _status(self, visit: Visit) -> SafeString:
        a, state = visit.appointment, S(visit.appointment.state)
        if state in _BUSY and self.shown.is_today:
            return format_html("{}{}", self._waiting(a, state), self._changed(a))
        said = clock(a.state_at) if state in (*_BUSY, S.DONE) else ""
        if state == S.CANCELLED and not self.shown.private:
            said = a.state_reason
        elif state == S.BOOKED and (late := self._late(a)):
            said = _("%(time)s late") % {"time": span(late)}
        answer = said_line(a.state, a.reply)
        return format_html("{}{}{}{}", chip(state, state_label(a)), sub_line(said), answer, self._changed(a))

    def _waiting(self, a: Appointment, state: AppointmentState) -> SafeString:
        """How long somebody sits there; in bold, with a clock, when it is too long. Nothing blinks."""
        minutes = max(0, int((self.shown.now - a.state_at).total_seconds() // 60))
        shown = chip(state, state_label(a))
        if state == S.IN_ROOM:
            return format_html("{}{}", shown, sub_line(span(minutes)))
        words = _("Waiting %(time)s") % {"time": span(minutes)}
        if minutes <= LONG_WAIT:
            return format_html("{}{}", shown, sub_line(words))
        return format_html(
            '{} <strong class="row-sub row-waits"><svg class="sign" aria-hidden="true"><use href="#sign-waits"/></svg> {}'
            "</strong>",
            shown,
            _("%(waiting)s, over %(limit)d") % {"waiting": words, "limit": LONG_WAIT},
        )

    def _late(self, a: Appointment) -> int:
        """Minutes since the visit should have begun, on the day itself."""
        late = int((self.shown.now - a.starts_at).total_seconds() // 60)
        return late if self.shown.is_today and late > 0 else 0

    def _changed(self, a: Appointment) -> SafeString | str:
        who = self.shown.changed.get(a.public_id)
        if who is None:
            return ""
        said = _("changed %(time)s by %(who)s") % {"time": clock(a.state_at), "who": who}
        return format_html(' <span class="row-sub row-changed">{}</span>', said)


def span(minutes: int) -> str:
    """18 min, 1 h 5 min."""
    hours, rest = divmod(minutes, 60)
    return _("%(h)d h %(min)d min") % {"h": hours, "min": rest} if hours else _("%(min)d min") % {"min": minutes}


def sub_line(words: str) -> SafeString | str:
    return format_html(' <span class="row-sub">{}</span>', words) if words else ""
