"""Visits on the calendar: their blocks in the grid, and the lines above and below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic.formats import clock, short_day
from treatments.models.appointments import STATE_LABELS
from treatments.queries.calendar import Days, Visit
from treatments.rules.vocabulary import AppointmentState, Reply
from treatments.views.calendar_columns import NOT_GOING_AHEAD, Column, rows_of, wall_clock
from treatments.views.reply_words import said, sign_of
from treatments.views.rows import address_of, chip

_SIGNS = {
    AppointmentState.ON_HOLD: "on_hold",
    AppointmentState.ARRIVED: "arrived",
    AppointmentState.CHECKED: "arrived",
    AppointmentState.IN_ROOM: "arrived",
}

_BUTTON = '<a class="btn btn-sm btn-outline-primary" href="{}">{}<span class="visually-hidden">, {}</span></a>'

Block = tuple[int, int, list[Visit]]  # the first row, the one after the last, the visits


class Blocks:
    """What the blocks of one grid share. `but`: the visit that is being moved; while one is, no other is a link."""

    def __init__(self, days: Days, *, by_room: bool, but: int | None = None) -> None:
        self.by_room, self.but = by_room, but
        self.zone = timezone.get_current_timezone()
        self.people = {pk: escape(name) for pk, name in days.practitioners.items()}
        self.rooms = {pk: escape(room.name) for pk, room in days.rooms.items()}
        answers = [reply.value for reply in Reply]
        self.states = {(s.value, reply): _state(s, reply) for s in AppointmentState for reply in answers}
        self.css = {(state.value, short): _css(state, short) for state in AppointmentState for short in (True, False)}
        self.url = address_of("visit")

    def of(self, column: Column) -> list[Block]:
        """The visits of a column by time; those that share a row share a block."""
        blocks: list[Block] = []
        for visit in column.shown:
            if visit.pk == self.but:
                continue
            first, end = rows_of(visit.starts_at, visit.ends_at, self.zone)
            if blocks and first < blocks[-1][1]:
                start, last, others = blocks.pop()
                blocks.append((start, max(last, end), [*others, visit]))
            else:
                blocks.append((first, end, [visit]))
        return blocks

    def html(self, block: Block, column: Column) -> str:
        first, end, visits = block
        inside = "".join(self._visit(visit, column, end - first == 1) for visit in visits)
        ends = [visit.ends_at for visit in visits]
        if any(visit.starts_at < max(ends[:n]) for n, visit in enumerate(visits) if n):
            return f"<strong>{escape(_('Double booked'))}</strong>{inside}"
        return inside

    def _visit(self, visit: Visit, column: Column, short: bool) -> str:
        second = self.people[visit.practitioner] if self.by_room else self.rooms[visit.room]
        about = [part for part in (escape(visit.what), second if column.second is None else "") if part]
        words = (
            f"{wall_clock(visit.starts_at, self.zone)} <bdi>{escape(visit.name)}</bdi>"
            f"{self.states[visit.state, visit.reply]}<i>{' · '.join(about)}</i>"
        )
        css = self.css[visit.state, short]
        if self.but is not None:
            return f"<div{css}>{words}</div>"
        return f'<a{css} href="{self.url(visit.public_id)}">{words}</a>'


def _css(state: AppointmentState, short: bool) -> str:
    """A booked visit of half an hour or more, as nearly all are, needs no class."""
    names = [f"s-{state.value}"] if state != AppointmentState.BOOKED else []
    names += ["short"] if short else []
    return f' class="{" ".join(names)}"' if names else ""


def _state(state: AppointmentState, reply: str) -> str:
    """The word, with the sign of what waits for somebody; a booked visit needs neither. Then what the patient said."""
    answer = said(state.value, reply)
    answered = f" <u>{_sign(sign_of(reply))}{escape(answer)}</u>" if answer else ""
    if state == AppointmentState.BOOKED:
        return answered
    sign = _sign(_SIGNS[state]) if state in _SIGNS else ""
    return f" <u>{sign}{escape(str(STATE_LABELS[state]))}</u>{answered}"


def _sign(name: str) -> str:
    return f'<svg class="sign" aria-hidden="true"><use href="#sign-{name}"/></svg>'


# ---- the lines above and below the grid ----


def held(
    visits: Iterable[Visit], days: Days, *, move: Callable[[str], str], may_move: bool, with_day: bool
) -> list[SafeString]:
    """The visits on hold, each with what holds it, the page on which it is decided, and the way to another time."""
    url = address_of("visit")
    return [
        _line(
            visit,
            days,
            with_day=with_day,
            struck="",
            actions=[
                (url(visit.public_id), _("Decide")),
                *([(move(visit.public_id), _("Move"))] if may_move else []),
            ],
        )
        for visit in visits
        if visit.state == AppointmentState.ON_HOLD
    ]


def gone(visits: Iterable[Visit], days: Days, *, may_book: bool, with_day: bool) -> list[SafeString]:
    """The visits that were cancelled or missed, struck through, each with the way to a new one."""
    book = address_of("book")
    return [
        _line(
            visit,
            days,
            with_day=with_day,
            struck=" struck",
            actions=[(book(visit.patient_id), _("Rebook"))] if may_book else [],
        )
        for visit in visits
        if visit.state in NOT_GOING_AHEAD
    ]


def _line(visit: Visit, days: Days, *, with_day: bool, struck: str, actions: list[tuple[str, str]]) -> SafeString:
    when = f"{short_day(visit.on)} {clock(visit.starts_at)}" if with_day else clock(visit.starts_at)
    about = [visit.reason, days.practitioners[visit.practitioner]]
    return format_html(
        '<span class="nowrap{}">{}</span><a href="{}"><bdi class="{}">{}</bdi></a>{}<span class="quiet">{}</span>'
        '<span class="row-actions">{}</span>',
        struck,
        when,
        address_of("visit")(visit.public_id),
        struck.strip(),
        visit.name,
        chip(visit.state, str(STATE_LABELS[AppointmentState(visit.state)])),
        " · ".join(part for part in about if part),
        format_html_join(" ", _BUTTON, ((url, words, visit.name) for url, words in actions)),
    )
