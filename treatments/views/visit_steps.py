"""What can be done with a visit: the next step first, then the rest and the way back. By state, day and person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from treatments.models import Appointment
from treatments.queries.diary import Visit
from treatments.rules.findings import hard_stops
from treatments.rules.vocabulary import AppointmentState
from treatments.services.courses import not_overridden
from treatments.views.rows import address_of

S = AppointmentState
OVER = (S.MISSED, S.CANCELLED)
CANCEL_UNDO = timedelta(minutes=3)


@dataclass(frozen=True)
class Able:
    """What the person at the screen may do."""

    mark: bool = False
    treat: bool = False
    book: bool = False
    prescribe: bool = False
    wish: bool = False

    @classmethod
    def of(cls, user: Any) -> Able:
        return cls(
            mark=user.has_perm("treatments.change_appointment"),
            treat=user.has_perm("treatments.add_treatment"),
            book=user.has_perm("treatments.add_appointment"),
            prescribe=user.is_prescriber,
            wish=user.has_perm("treatments.add_earlierwish"),
        )


@dataclass(frozen=True)
class Step:
    """One thing to do. `post`: a button that does it, and goes on to `then`; otherwise a link to its page."""

    label: str
    url: str
    post: bool = False
    primary: bool = False
    then: str = ""


def steps(visit: Visit, able: Able, *, today: date, now: datetime) -> list[Step]:
    """The steps of a visit; where one of them is the next, it is `primary`."""
    a, state = visit.appointment, S(visit.appointment.state)
    if state in OVER:
        return list(_after_it_ended(a, state, able, now))
    if not able.mark:
        return []
    if state == S.DONE:
        return [] if visit.treated else [_back(a, _before_done(a))]
    if a.on > today:
        return [*(_off_hold(visit, able) if state == S.ON_HOLD else ()), *_other_time(a, able)]
    if a.on < today:
        return [*_late(visit, able), *_other_time(a, able, past=True)]
    return [*_today(visit, able), *_other_time(a, able)]


def rebook_url(a: Appointment) -> str:
    """Booking the same again."""
    asked = urlencode([("course", course.indication.code) for course in a.courses.all()])
    return f"{address_of('book')(a.patient.public_id)}?{asked}"


def treat_url(a: Appointment) -> str:
    return f"{address_of('treat')(a.patient.public_id)}?{urlencode({'visit': a.public_id})}"


def _mark(label: str, a: Appointment, to: AppointmentState, *, primary: bool = False, then: str = "") -> Step:
    return Step(label, address_of("visit_mark", to.value)(a.public_id), post=True, primary=primary, then=then)


def _link(label: str, name: str, a: Appointment, *, primary: bool = False) -> Step:
    return Step(label, address_of(name)(a.public_id), primary=primary)


def _before_done(a: Appointment) -> AppointmentState:
    """Where a visit was before it was done."""
    if a.checked_at is None:
        return S.ARRIVED
    return S.IN_ROOM if a.is_treatment else S.CHECKED


def _after_it_ended(a: Appointment, state: AppointmentState, able: Able, now: datetime) -> Iterator[Step]:
    if able.book:
        yield Step(_("Rebook"), rebook_url(a), primary=True)
    if able.mark and (state == S.MISSED or now - a.state_at <= CANCEL_UNDO):
        yield _mark(_("Undo: booked again"), a, S.BOOKED)


def _today(visit: Visit, able: Able) -> Iterator[Step]:
    a, state = visit.appointment, S(visit.appointment.state)
    if state == S.ON_HOLD or not_overridden(a, visit.findings):
        yield from _off_hold(visit, able)
    elif state == S.BOOKED:
        yield _mark(_("Arrive"), a, S.ARRIVED, primary=True)
        yield _link(_("Check in"), "visit_check_in", a)
    elif state == S.ARRIVED:
        yield _link(_("Check in"), "visit_check_in", a, primary=True)
    else:
        yield from _under_way(a, state, able)
    if state in (S.BOOKED, S.ON_HOLD):
        yield _mark(_("Missed"), a, S.MISSED)
    elif a.is_treatment:
        yield _mark(_("Finish without a treatment"), a, S.DONE)
    back = {S.ARRIVED: S.BOOKED, S.CHECKED: S.ARRIVED, S.IN_ROOM: S.CHECKED}
    if state in back:
        yield _back(a, back[state])


def _under_way(a: Appointment, state: AppointmentState, able: Able) -> Iterator[Step]:
    """Checked in, or in the room already. Signing the record is what marks a treatment as done."""
    if not a.is_treatment:
        yield _mark(_("Finish"), a, S.DONE, primary=True)
    elif able.treat and state == S.CHECKED:
        yield _mark(_("Treat"), a, S.IN_ROOM, primary=True, then="treat")
    elif able.treat:
        yield Step(_("Treat"), treat_url(a), primary=True)
    if state == S.CHECKED:
        yield _mark(_("In room"), a, S.IN_ROOM, primary=a.is_treatment and not able.treat)


def _off_hold(visit: Visit, able: Able) -> Iterator[Step]:
    """A visit that may not go ahead: somebody decides. On its own page stands what there is to know."""
    a, standing = visit.appointment, not_overridden(visit.appointment, visit.findings)
    if not standing:
        yield Step(_("Release"), address_of("visit_release")(a.public_id), post=True, primary=True)
        return
    yield _link(_("Clinical check"), "visit", a, primary=True)
    if a.state == S.ON_HOLD and able.prescribe and not hard_stops(standing):
        yield _link(_("Override…"), "visit_override", a)


def _late(visit: Visit, able: Able) -> Iterator[Step]:
    """A day that is over: only how it ended is still marked."""
    a, state = visit.appointment, S(visit.appointment.state)
    open_end = state in (S.BOOKED, S.ON_HOLD)
    if open_end:
        yield _mark(_("Missed"), a, S.MISSED, primary=True)
    yield _mark(_("Done"), a, S.DONE, primary=not open_end)
    if able.treat and a.is_treatment:
        yield Step(_("Record the treatment"), treat_url(a))


def _other_time(a: Appointment, able: Able, *, past: bool = False) -> Iterator[Step]:
    if not past:
        yield _link(_("Move"), "visit_move", a)
        if able.wish and a.state == S.BOOKED:
            yield Step(
                _("Earlier if possible"), f"{address_of('earlier_ask')(a.patient.public_id)}?visit={a.public_id}"
            )
    yield _link(_("Cancel"), "visit_cancel", a)


def _back(a: Appointment, to: AppointmentState) -> Step:
    words = {
        S.BOOKED: _("Back to booked"),
        S.ARRIVED: _("Back to arrived"),
        S.CHECKED: _("Back to checked in"),
        S.IN_ROOM: _("Back to in room"),
    }
    return _mark(words[to], a, to)
