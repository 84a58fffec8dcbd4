"""The rows of the day sheet: what is missing before a needle, how long somebody waits, and the next step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.formats import clock
from treatments.models import Appointment
from treatments.queries.diary import Visit
from treatments.rules.findings import Finding, cautions
from treatments.rules.vocabulary import AppointmentState
from treatments.services.courses import not_overridden
from treatments.views.rows import address_of, born, chip, name_cell

LONG_WAIT = 15
OVER = (AppointmentState.MISSED, AppointmentState.CANCELLED)


@dataclass(frozen=True)
class Able:
    """What the person at the screen may do."""

    mark: bool
    treat: bool
    book: bool


class DayRows:
    """What the rows of one day share, and the way from a visit to its line of the table."""

    def __init__(self, *, day: date, now: datetime, able: Able, token: str, here: str) -> None:
        self.day, self.now, self.able, self.token, self.here = day, now, able, token, here
        self.today = timezone.localtime(now).date()
        self.patient, self.visit, self.safety = address_of("patient"), address_of("visit"), address_of("safety")
        self.book, self.treat = address_of("book"), address_of("treat")
        self.marks = {state: address_of("visit_mark", state) for state in ("arrived", "missed", "booked")}

    def html(self, visits: list[Visit]) -> SafeString:
        """The rows by time, with the line of the present moment on the day itself."""
        rows = [(visit.appointment.starts_at, self._row(visit)) for visit in visits]
        if self.day == self.today:
            mark = format_html(
                '<tr class="row-now"><td colspan="7"><div class="row-now-mark"><span>{}</span></div></td></tr>',
                _("now %(time)s") % {"time": clock(self.now)},
            )
            place = sum(starts_at <= self.now for starts_at, _html in rows)
            rows.insert(place, (self.now, mark))
        return format_html_join("\n", "{}", ((html,) for _at, html in rows))

    def gone(self, visits: list[Visit]) -> SafeString:
        """The rows of missed and cancelled visits, below the others."""
        return format_html_join("\n", "{}", ((self._row(visit),) for visit in visits))

    def _row(self, visit: Visit) -> SafeString:
        a = visit.appointment
        state, over = AppointmentState(a.state), AppointmentState(a.state) in OVER
        about = a.patient.list_name
        return format_html(
            '<tr{}><td class="nowrap"><a class="row-time{}" href="{}">{}</a> <span class="row-sub">{}</span></td>'
            '<th scope="row">{}<span class="row-sub nowrap">{}</span></th>'
            '<td data-label="{}">{}</td><td data-label="{}">{} <span class="row-sub">{}</span></td>'
            '<td data-label="{}">{}</td><td data-label="{}">{}</td>'
            '<td><div class="row-actions">{}</div></td></tr>',
            SafeString(' class="row-over"') if over or state == AppointmentState.DONE else "",
            " struck" if over else "", self.visit(a.public_id), clock(a.starts_at), _minutes(a),
            name_cell(
                self.patient(a.patient.public_id), family=a.patient.family_name, given=a.patient.given_name,
                preferred=a.patient.preferred_name, struck=over,
            ),
            born(a.patient.born_on, self.day),
            _("For"), ", ".join(course.indication.short_name for course in a.courses.all()),
            _("With"), a.practitioner.name, a.room.name,
            _("Ready"), self._ready(visit),
            _("Status"), self._status(visit),
            self._steps(visit, about),
        )  # fmt: skip

    # ---- ready: the first gap ----

    def _ready(self, visit: Visit) -> SafeString | str:
        a = visit.appointment
        if not AppointmentState(a.state).is_live:
            return ""
        state, words, sub, url = self._gap(visit)
        shown = chip(state, words)
        line = format_html(' <span class="row-sub">{}</span>', sub) if sub else ""
        return format_html('<a href="{}">{}</a>{}{}', url, shown, line, _override_mark(a))

    def _gap(self, visit: Visit) -> tuple[str, str, str, str]:
        """Sign, word, line below, and where it can be mended."""
        a = visit.appointment
        careful = cautions(visit.findings)
        sub = _short(careful)
        if standing := not_overridden(a, visit.findings):
            return "blocked", _("Blocked"), _short(standing), self.visit(a.public_id)
        asked, asked_on = visit.answers
        safety = self.safety(a.patient.public_id)
        if asked == "not_asked":
            return "not_asked", _("Questions not asked"), sub, safety
        if asked == "out_of_date" and asked_on:
            days = (self.day - asked_on).days
            return "out_of_date", _("Questions out of date (%(days)d days)") % {"days": days}, sub, safety
        if unsettled := [f for f in visit.findings if f.unknown]:
            return "cannot_tell", _("Answer to settle"), _short(unsettled), safety
        if self.day == self.today and asked_on and asked_on != self.day:
            days = (self.day - asked_on).days
            words = ngettext("Ask again (%(days)d day)", "Ask again (%(days)d days)", days) % {"days": days}
            return "out_of_date", words, sub, safety
        if careful:
            return "caution", _("Caution"), sub, self.visit(a.public_id)
        return "clear", _("Ready"), "", self.visit(a.public_id)

    # ---- status, with the time in it ----

    def _status(self, visit: Visit) -> SafeString:
        a = visit.appointment
        state = AppointmentState(a.state)
        if state == AppointmentState.ARRIVED and self.day == self.today:
            return self._waiting(a)
        said = {
            AppointmentState.DONE: clock(a.state_at),
            AppointmentState.ARRIVED: clock(a.state_at),
            AppointmentState.CANCELLED: a.state_reason,
        }.get(state, "")
        if state == AppointmentState.ON_HOLD and not not_overridden(a, visit.findings):
            said = _("nothing stands against it now")
        if state == AppointmentState.BOOKED and (late := self._late(a)):
            said = _("%(time)s late") % {"time": _span(late)}
        sub = format_html(' <span class="row-sub">{}</span>', said) if said else ""
        return format_html("{}{}", chip(a.state, a.get_state_display()), sub)

    def _waiting(self, a: Appointment) -> SafeString:
        minutes = max(0, int((self.now - a.state_at).total_seconds() // 60))
        words = _("Waiting %(time)s") % {"time": _span(minutes)}
        if minutes > LONG_WAIT:
            return format_html(
                '{} <strong class="row-sub">{}</strong>',
                chip("arrived", words), _("over %(limit)d min") % {"limit": LONG_WAIT},
            )  # fmt: skip
        return chip("arrived", words)

    def _late(self, a: Appointment) -> int:
        """Minutes since the visit should have begun, on the day itself."""
        late = int((self.now - a.starts_at).total_seconds() // 60)
        return late if self.day == self.today and late > 0 else 0

    # ---- the next step, and the way back ----

    def _steps(self, visit: Visit, about: str) -> SafeString:
        steps = self._next(visit, about)
        return format_html_join("", "{}", ((step,) for step in steps if step))

    def _next(self, visit: Visit, about: str) -> Iterable[SafeString | str]:
        a = visit.appointment
        state = AppointmentState(a.state)
        if state == AppointmentState.ON_HOLD or (state.is_live and not_overridden(a, visit.findings)):
            yield _link(self.visit(a.public_id), _("Clinical check"), about)
        elif state == AppointmentState.BOOKED and self.able.mark and self.day <= self.today:
            yield self._mark(a, "arrived", _("Arrive"), about, main=True)
            if self.day < self.today or self._late(a) >= LONG_WAIT:
                yield self._mark(a, "missed", _("Missed"), about)
        elif state == AppointmentState.ARRIVED:
            if self.able.treat:
                yield _link(f"{self.treat(a.patient.public_id)}?visit={a.public_id}", _("Treat"), about)
            else:
                yield format_html('<span class="quiet nowrap">{}</span>', _("With injector"))
        elif state in OVER and self.able.book:
            asked = "&".join(f"course={course.indication.code}" for course in a.courses.all())
            yield _link(f"{self.book(a.patient.public_id)}?{asked}", _("Rebook"), about)
        undone = state in (AppointmentState.ARRIVED, AppointmentState.MISSED, AppointmentState.DONE)
        if undone and self.able.mark and not visit.treated:
            yield self._mark(a, "booked", _("Undo"), about)

    def _mark(self, a: Appointment, state: str, words: str, about: str, *, main: bool = False) -> SafeString:
        return format_html(
            '<form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<input type="hidden" name="next" value="{}"><button class="btn btn-sm {}">{}'
            '<span class="visually-hidden">, {}</span></button></form>',
            self.marks[state](a.public_id),
            self.token,
            self.here,
            "btn-outline-primary" if main else "btn-link",
            words,
            about,
        )


def _minutes(a: Appointment) -> str:
    return _span(int((a.ends_at - a.starts_at).total_seconds() // 60))


def _span(minutes: int) -> str:
    """18 min, 1 h 5 min."""
    hours, rest = divmod(minutes, 60)
    return _("%(h)d h %(min)d min") % {"h": hours, "min": rest} if hours else _("%(min)d min") % {"min": minutes}


def _short(found: list[Finding]) -> str:
    """The first finding in its own words, and how many more there are."""
    if not found:
        return ""
    more = len(found) - 1
    said = found[0].sentence.rstrip(".")
    return said + (" " + ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more} if more else "")


def _override_mark(a: Appointment) -> SafeString | str:
    if not a.override_by:
        return ""
    return format_html(
        ' <span class="row-sub"><svg class="sign" aria-hidden="true"><use href="#sign-soft_stop"/></svg> {}</span>',
        _("Overridden by %(who)s: %(why)s") % {"who": a.override_by, "why": a.get_override_reason_display()},
    )


def _link(url: str, words: str, about: str) -> SafeString:
    return format_html(
        '<a class="btn btn-sm btn-outline-primary" href="{}">{}<span class="visually-hidden">, {}</span></a>',
        url,
        words,
        about,
    )
