"""What times are looked for beside the form of a visit: all that a page of times needs, without the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core import signing
from django.utils import timezone

from treatments.queries import slots
from treatments.rules.best_times import DayWord, Wish, day_word
from treatments.rules.contraindications import blocks
from treatments.rules.slots import Ask
from treatments.views.decision import Question

_SALT = "times"
_WEEKS = timedelta(days=41)  # looked through where there is no window to come
_LONGEST = timedelta(days=61)


@dataclass(frozen=True)
class Search:
    """A visit without its time. It travels with the page, signed, so that turning a month reads the days alone.

    `blocked`: first day and the day after the last, of the patient's flags. `first` and `last`: where the best times
    are looked for.
    """

    patient: int
    visit: int | None
    treatment: bool
    minutes: int
    prepare_minutes: int
    practitioner: int | None
    location: int | None
    room: int | None
    rooms: tuple[int, ...]
    practitioners: tuple[int, ...]
    usual: int | None
    window_from: date | None
    window_until: date | None
    blocked: tuple[tuple[date, date | None], ...]
    first: date
    last: date
    weekday: int | None = None
    hour_minute: time | None = None

    def ask(self, at: datetime, *, anyone: bool = False) -> Ask:
        return Ask(
            patient=self.patient,
            minutes=self.minutes,
            prepare_minutes=self.prepare_minutes,
            practitioner=None if anyone else self.practitioner,
            location=self.location,
            room=self.room,
            rooms=frozenset(self.rooms),
            practitioners=frozenset(self.practitioners),
            not_before=at,
            usual_practitioner=self.usual,
        )

    @property
    def wish(self) -> Wish:
        return Wish(self.window_from, self.window_until, self.usual, self.weekday, self.hour_minute)

    def word(self, day: date) -> DayWord:
        return day_word(day, self.window_from, self.window_until)

    def is_blocked(self, day: date) -> bool:
        return any(starts_on <= day and (ends_on is None or day < ends_on) for starts_on, ends_on in self.blocked)

    @property
    def window_is_open(self) -> bool:
        """True where the best times were looked for inside the window."""
        return self.window_until is not None and self.window_until >= self.first

    def sealed(self) -> str:
        """As a field of the page."""
        plain = asdict(self)
        for name in ("window_from", "window_until", "first", "last", "hour_minute"):
            plain[name] = plain[name].isoformat() if plain[name] else None
        plain["blocked"] = [[day.isoformat() if day else None for day in block] for block in self.blocked]
        return signing.dumps(plain, salt=_SALT, compress=True)


def unsealed(text: str) -> Search:
    """Raises `BadSignature` where the text is not from one of our pages."""
    plain: dict[str, Any] = signing.loads(text, salt=_SALT)
    for name in ("window_from", "window_until", "first", "last"):
        plain[name] = _day(plain[name])
    plain["hour_minute"] = time.fromisoformat(plain["hour_minute"]) if plain["hour_minute"] else None
    plain["blocked"] = tuple((_day(starts_on), _day(ends_on)) for starts_on, ends_on in plain["blocked"])
    return Search(**plain | {name: tuple(plain[name]) for name in ("rooms", "practitioners")})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def search(question: Question, frame: dict[str, Any], *, usual: int | None, at: datetime) -> Search:
    """From what has been chosen on the form so far."""
    form, service, on = question.form, question.service, frame["on"]
    who, where, room = form.wanted("practitioner"), form.wanted("location"), form.wanted("room")
    last = slots.last_visit(question.patient, before=at)
    was = timezone.localtime(last.starts_at) if last else None
    window_from, window_until = _window(question)
    first, until = _range(question, on, window_from, window_until)
    return Search(
        patient=question.patient.pk,
        visit=question.visit.pk if question.visit else None,
        treatment=question.is_treatment,
        minutes=form.cleaned_data.get("minutes") or form.usual_minutes,
        prepare_minutes=service.prepare_minutes if service else 0,
        practitioner=who.pk if who else None,
        location=where.pk if where else None,
        room=room.pk if room else last.room if last else None,
        rooms=(room.pk,) if room else tuple(each.pk for each in service.rooms.all()) if service else (),
        practitioners=_practitioners(question),
        usual=usual,
        window_from=window_from,
        window_until=window_until,
        blocked=_blocked(question, frame),
        first=first,
        last=until,
        weekday=was.weekday() if was else None,
        hour_minute=was.time().replace(second=0, microsecond=0) if was else None,
    )


def _practitioners(question: Question) -> tuple[int, ...]:
    """Those who may do it."""
    here = [each.pk for each in question.form.practitioners]
    allowed = slots.injectors(question.indications) if question.is_treatment else None
    return tuple(pk for pk in here if allowed is None or pk in allowed)


def _window(question: Question) -> tuple[date | None, date | None]:
    """The days that suit all the courses; where they have none in common, from the day on which the last is due."""
    courses = question.courses if question.is_treatment else []
    opens = [course.due_from for course in courses if course.due_from]
    closes = [course.due_until for course in courses if course.due_until]
    if not opens or not closes:
        return None, None
    return max(opens), max(min(closes), *opens)


def _range(question: Question, on: date, opens: date | None, closes: date | None) -> tuple[date, date]:
    """The days among which the best times are looked for: the window that is not over, else the next six weeks."""
    if opens and closes and closes >= on:
        first = max(on, opens)
        return first, min(closes, first + _LONGEST)
    courses: Sequence[Any] = question.courses if question.is_treatment else []
    first = max([on, *(course.earliest_on for course in courses if course.earliest_on)])
    return first, first + _WEEKS


def _blocked(question: Question, frame: dict[str, Any]) -> tuple[tuple[date, date | None], ...]:
    """When a flag of the patient stops what is chosen."""
    if not question.is_treatment:
        return ()
    found = {
        (block.period.starts_on, block.period.ends_on)
        for course in question.courses
        for block in blocks(
            frame["facts"],
            frame["book"],
            indication=course.indication.code,
            product=question.product.code if question.product else course.product,
        )
    }
    return tuple(sorted(found, key=str))
