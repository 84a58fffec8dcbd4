"""The next-due picture: where a course stands on one line of time. Geometry only, in percent of the axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.formats import day, short_day
from treatments.rules.vocabulary import Band


class Segment(NamedTuple):
    x: float
    width: float
    cls: str
    label: str


class Tick(NamedTuple):
    x: float
    label: str
    anchor: str


class Mark(NamedTuple):
    x: float
    kind: str
    label: str
    anchor: str


class Bracket(NamedTuple):
    """The patient's own range, and the likely day in it."""

    x: float
    width: float
    best_x: float


class Dates(NamedTuple):
    """The stored dates of one course; anything with these names will do."""

    earliest_on: date
    due_from: date
    due_until: date
    overdue_from: date
    lapsed_from: date
    last_treated_on: date


@dataclass(frozen=True)
class DueBar:
    """What components/due_bar.html draws."""

    size: str
    id: str
    title: str
    sentence: str
    segments: list[Segment] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    table: list[tuple[str, str]] = field(default_factory=list)
    bracket: Bracket | None = None


def due_bar(
    dates: Dates,
    *,
    on: date,
    band: Band,
    name: str,
    ref: str,
    size: str,
    booked_on: date | None = None,
    hold: str = "",
    returns: Sequence[date] = (),
    personal: tuple[date, date, date] | None = None,
) -> DueBar:
    """The picture of one course on a day. `returns`: days of touch-ups and other visits since the last treatment.

    `personal`: from when to when the effect goes in this patient, with the likely day in the middle.
    """
    starts, ends = dates.last_treated_on, _axis_end(dates, on, booked_on)
    span = max((ends - starts).days, 1)

    def at(value: date) -> float:
        return round(100 * min(max((value - starts).days, 0), span) / span, 2)

    return DueBar(
        size=size,
        id=f"due-{ref}",
        title=_("Next due, %(name)s") % {"name": name.lower()},
        sentence=_sentence(dates, on=on, band=band, booked_on=booked_on, hold=hold) + _own(personal),
        segments=_segments(dates, at, ends, size=size, held=bool(hold)),
        ticks=[] if size == "row" else _ticks(dates, at),
        marks=_marks(dates, at, on=on, booked_on=booked_on, returns=returns, size=size),
        table=[] if size == "row" else _table(dates, booked_on=booked_on, personal=personal),
        bracket=_bracket(personal, at),
    )


def _bracket(personal: tuple[date, date, date] | None, at: Any) -> Bracket | None:
    if personal is None:
        return None
    low, best, high = (at(value) for value in personal)
    return Bracket(low, round(high - low, 2), best)


def _own(personal: tuple[date, date, date] | None) -> str:
    if personal is None:
        return ""
    said = {"from": day(personal[0]), "until": day(personal[2])}
    return " " + _("By this patient's own cycles the effect goes between %(from)s and %(until)s.") % said


def _axis_end(dates: Dates, on: date, booked_on: date | None) -> date:
    """A while past the window, so that overdue can be seen; never so long that the window becomes a hair."""
    window_end = dates.overdue_from
    length = (window_end - dates.last_treated_on).days
    shown = max(window_end + timedelta(days=max(length // 2, 30)), on + timedelta(days=7))
    if booked_on:
        shown = max(shown, booked_on + timedelta(days=7))
    return min(shown, dates.last_treated_on + timedelta(days=length * 5))


def _segments(dates: Dates, at, ends: date, *, size: str, held: bool) -> list[Segment]:
    soon_from = max(dates.last_treated_on, dates.due_from - timedelta(days=21))
    parts = [
        (
            dates.last_treated_on,
            soon_from,
            "too_soon",
            _("too soon") if dates.earliest_on >= soon_from else _("in effect"),
        ),
        (soon_from, dates.due_from, "due_soon", ""),
        (dates.due_from, dates.overdue_from, "due", _("window")),
        (dates.overdue_from, dates.lapsed_from, "overdue", _("overdue")),
        (dates.lapsed_from, ends, "lapsed", _("lapsed")),
    ]
    drawn = []
    for from_on, to_on, cls, label in parts:
        x, width = at(from_on), at(to_on) - at(from_on)
        if width > 0:
            shown = label if size == "panel" and width >= 12 else ""
            drawn.append(Segment(x, round(width, 2), "on_hold" if held else cls, shown))
    return drawn


def _ticks(dates: Dates, at) -> list[Tick]:
    ticks = [Tick(0, day(dates.last_treated_on), "start")]
    for value in (dates.due_from, dates.overdue_from, dates.lapsed_from):
        x = at(value)
        if x - ticks[-1].x >= 16 and x <= 94:
            ticks.append(Tick(x, short_day(value), "middle"))
    return ticks


def _marks(dates: Dates, at, *, on: date, booked_on: date | None, returns: Sequence[date], size: str) -> list[Mark]:
    marks = [Mark(0, "treated", "", "start")]
    marks += [Mark(at(value), "return", "", "middle") for value in returns if value > dates.last_treated_on]
    words = size == "panel"
    today = at(on)
    if booked_on and booked_on > on and at(booked_on) == today:
        today -= 6  # both lie beyond the axis: the visit still comes after today
    marks.append(_mark(today, "today", _("today") if words else ""))
    if booked_on:
        near = abs(at(booked_on) - today) < 14
        marks.append(
            _mark(
                at(booked_on),
                "booked",
                _("visit %(day)s") % {"day": short_day(booked_on)} if words and not near else "",
            )
        )
    return marks


def _mark(x: float, kind: str, label: str) -> Mark:
    anchor = "start" if x < 8 else "end" if x > 92 else "middle"
    return Mark(x, kind, label, anchor)


_SENTENCES = {
    Band.TOO_SOON: gettext_lazy("Day %(day)d: too soon. Earliest %(earliest)s; window %(from)s to %(until)s."),
    Band.POSSIBLE: gettext_lazy("Day %(day)d: in effect. Window opens %(from)s, in %(left)s, and closes %(until)s."),
    Band.DUE: gettext_lazy("Day %(day)d: due. The window is open until %(until)s."),
    Band.OVERDUE: gettext_lazy("Day %(day)d: overdue by %(late)s. The window closed %(until)s."),
    Band.LAPSED: gettext_lazy("Day %(day)d: lapsed since %(lapsed)s. A new consultation is needed."),
    Band.NEEDS_REVIEW: gettext_lazy("Day %(day)d: the record must be looked at first."),
    Band.STOPPED: gettext_lazy("Stopped: nobody is asked in for this course."),
    Band.ON_HOLD: gettext_lazy("Day %(day)d: on hold."),
}


def _sentence(dates: Dates, *, on: date, band: Band, booked_on: date | None, hold: str) -> str:
    said: dict[str, int | str] = {"day": (on - dates.last_treated_on).days}
    if band in (Band.TOO_SOON, Band.POSSIBLE, Band.DUE, Band.OVERDUE):
        said |= {"from": day(dates.due_from), "until": day(dates.due_until), "earliest": day(dates.earliest_on)}
    if band == Band.POSSIBLE:
        said["left"] = _days((dates.due_from - on).days)
    elif band == Band.OVERDUE:
        said["late"] = _days((on - dates.due_until).days)
    elif band == Band.LAPSED:
        said["lapsed"] = day(dates.lapsed_from)
    sentence = _SENTENCES[band] % said
    if hold:
        sentence += " " + hold
    return sentence + (" " + _("Visit booked %(day)s.") % {"day": day(booked_on)} if booked_on else "")


def _days(number: int) -> str:
    return ngettext("%(number)d day", "%(number)d days", number) % {"number": number}


def _table(dates: Dates, *, booked_on: date | None, personal: tuple[date, date, date] | None) -> list[tuple[str, str]]:
    rows = [
        (_("Last full treatment"), day(dates.last_treated_on)),
        (_("Earliest day"), day(dates.earliest_on)),
        (_("Due from"), day(dates.due_from)),
        (_("Due until"), day(dates.due_until)),
        (_("Overdue from"), day(dates.overdue_from)),
        (_("Lapsed from"), day(dates.lapsed_from)),
    ]
    if personal:
        own = _("%(from)s to %(until)s") % {"from": day(personal[0]), "until": day(personal[2])}
        rows.append((_("Own range"), own))
    return rows + ([(_("Visit booked"), day(booked_on))] if booked_on else [])
