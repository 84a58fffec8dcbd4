"""The words of free times: why one is among the best, where a day lies, and why a time is not offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.formats import clock
from treatments.queries.slots import Day
from treatments.rules.best_times import Reason
from treatments.rules.obstacles import Obstacle, ObstacleCode
from treatments.rules.slots import Ask, Offer, Span, Who, Why, united


@dataclass(frozen=True)
class Names:
    """Practitioners and rooms by number, staff by user name."""

    people: Mapping[int, str]
    rooms: Mapping[int, str]
    staff: Mapping[str, str]


def reason_words(reasons: Iterable[Reason], offer: Offer, people: Mapping[int, str]) -> str:
    """Inside the window, R. Osei as usual, Tuesday like last time."""
    said = {
        Reason.IN_WINDOW: _("inside the window"),
        Reason.USUAL_PRACTITIONER: _("%(who)s as usual") % {"who": people.get(offer.practitioner, "")},
        Reason.SAME_WEEKDAY: _("%(weekday)s like last time") % {"weekday": f"{timezone.localtime(offer.starts_at):%A}"},
        Reason.SAME_TIME: _("same time of day"),
        Reason.FIRST_FREE: _("first free time"),
    }
    words = ", ".join(said[reason] for reason in reasons)
    return words[:1].upper() + words[1:]


def day_words(mark: str) -> str:
    """Beside the due window, or inside a block."""
    return {"too_soon": _("too soon"), "late": _("late"), "blocked": _("blocked")}.get(mark, "")


class _Words:
    """The sentences about one time."""

    def __init__(self, there: Day, ask: Ask, at: datetime, names: Names) -> None:
        self.there, self.ask, self.at, self.names = there, ask, at, names

    def name(self, obstacle: Obstacle) -> str:
        number = obstacle.number or 0
        return {
            Who.PRACTITIONER: self.names.people.get(number, _("The practitioner")),
            Who.ROOM: self.names.rooms.get(number, _("The room")),
            Who.PATIENT: _("The patient"),
            Who.CLINIC: _("The clinic"),
        }[obstacle.who]

    def span(self, obstacle: Obstacle) -> Span:
        """The whole time that takes up this one."""
        of = {Who.PRACTITIONER: "practitioner", Who.ROOM: "room", Who.PATIENT: "patient"}.get(obstacle.who, "")
        spans = [
            each.span
            for each in self.there.facts.taken
            if each.why == Why.VISIT and of and getattr(each, of) == obstacle.number
        ]
        point = Span(self.at, self.at + timedelta(minutes=1))
        return next((span for span in united(spans) if span.overlaps(point)), point)

    def busy(self, obstacle: Obstacle) -> str:
        span = self.span(obstacle)
        said = {"who": self.name(obstacle), "from": clock(span.starts_at), "to": clock(span.ends_at)}
        if obstacle.who == Who.PATIENT:
            return _("The patient has another visit from %(from)s to %(to)s.") % said
        if obstacle.who == Who.ROOM:
            return _("%(who)s is taken from %(from)s to %(to)s.") % said
        return _("%(who)s is booked from %(from)s to %(to)s.") % said

    def room_busy(self, obstacle: Obstacle) -> str:
        return self.busy(obstacle) if obstacle.number else _("There is no suitable room.")

    def held(self, obstacle: Obstacle) -> str:
        whose = "room" if obstacle.who == Who.ROOM else "practitioner"
        hold = next(
            (each for each in self.there.held if each.span.covers(self.at) and getattr(each, whose) == obstacle.number),
            None,
        )
        if hold is None:
            return _("A colleague is choosing this time.")
        said = {"who": self.names.staff.get(hold.by, hold.by), "until": clock(hold.until)}
        return _("The time is held by %(who)s until %(until)s.") % said

    def preparation(self, obstacle: Obstacle) -> str:
        said = {"who": self.name(obstacle), "from": clock(obstacle.until) if obstacle.until else ""}
        return _("%(who)s is needed for preparation before a visit. Free from %(from)s.") % said

    def too_short(self, obstacle: Obstacle) -> str:
        said = {"who": self.name(obstacle), "until": clock(obstacle.until) if obstacle.until else ""}
        said["minutes"] = str(self.ask.minutes)
        return _("Too short: the visit needs %(minutes)s minutes, and %(who)s is free until %(until)s only.") % said

    def not_working(self, obstacle: Obstacle) -> str:
        number = obstacle.number
        if number is not None and (why := self.there.away.get(number)) is not None:
            said = {"who": self.name(obstacle), "why": why}
            return (_("%(who)s is away: %(why)s.") if why else _("%(who)s is away.")) % said
        said = {"who": self.name(obstacle), "time": clock(self.at)}
        sentence = _("Nobody works at %(time)s.") if number is None else _("%(who)s does not work at %(time)s.")
        if obstacle.until:
            said["from"] = clock(obstacle.until)
            sentence += " " + _("Work begins at %(from)s.")
        return sentence % said

    def closed(self, obstacle: Obstacle) -> str:
        return _("The clinic is closed that day: %(why)s.") % {"why": self.there.facts.closed}

    def not_allowed(self, obstacle: Obstacle) -> str:
        if not obstacle.number:
            return _("Nobody here does this kind of visit.")
        return _("%(who)s does not do this kind of visit.") % {"who": self.name(obstacle)}

    def say(self, obstacle: Obstacle) -> str:
        worded = {
            ObstacleCode.CLOSED_DAY: self.closed,
            ObstacleCode.NOT_ALLOWED: self.not_allowed,
            ObstacleCode.NOT_WORKING: self.not_working,
            ObstacleCode.PRACTITIONER_BUSY: self.busy,
            ObstacleCode.PATIENT_BUSY: self.busy,
            ObstacleCode.ROOM_BUSY: self.room_busy,
            ObstacleCode.HELD: self.held,
            ObstacleCode.PREPARATION: self.preparation,
            ObstacleCode.TOO_SHORT: self.too_short,
        }.get(obstacle.code)
        if worded:
            return worded(obstacle)
        said = {"time": clock(self.at), "step": self.ask.step_minutes, "who": self.name(obstacle)}
        return {
            ObstacleCode.PAST: _("%(time)s is over."),
            ObstacleCode.AWAY: _("%(who)s is away."),
            ObstacleCode.OFF_GRID: _("Visits start every %(step)d minutes. Type %(time)s under Another time."),
        }[obstacle.code] % said


def obstacle_words(obstacle: Obstacle, there: Day, ask: Ask, at: datetime, names: Names) -> str:
    """One reason why a time is not offered, as a sentence."""
    return _Words(there, ask, at, names).say(obstacle)
