"""Who fits a time that has become free: who asked first, then who is due; never anybody who may not come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests import factories
from tests.factories import BY, NOW, TODAY
from treatments.models import Appointment, EarlierWish
from treatments.queries import fits
from treatments.queries.fits import Slot
from treatments.queries.rulebook import rulebook
from treatments.services import appointments, earlier

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 24)
STARTS = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DUE = date(2026, 7, 30)  # three months later lies in the window


@pytest.fixture
def osei():
    return factories.practitioner(name="R. Osei")


@pytest.fixture
def slot(osei) -> Slot:
    return Slot(osei.pk, factories.room().pk, STARTS, STARTS + timedelta(minutes=30), ON)


def person(**fields):
    made = factories.patient(**({"phone": "+447700900123"} | fields))
    factories.answers(made)
    return made


def due(practitioner, on: date = DUE, **fields):
    made = person(**fields)
    factories.treated(made, on, practitioner=practitioner)
    return made


def booked(patient, *, days: int = 10, minutes: int = 30, practitioner=None) -> Appointment:
    wanted = appointments.Booking(
        patient=patient,
        indications=(factories.indication(),),
        practitioner=practitioner or factories.practitioner(),
        room=factories.room(),
        starts_at=STARTS + timedelta(days=days),
        minutes=minutes,
    )
    return appointments.book(wanted, by=factories.staff("reception"), at=NOW, acknowledged=True)


def wish(patient, **fields) -> EarlierWish:
    return earlier.ask(patient, by=BY, at=fields.pop("at", NOW), **fields)


def who(slot: Slot, **more) -> list[str]:
    return [fit.patient.public_id for fit in fits.fits(slot, today=TODAY, **more)]


def test_who_asked_stands_before_who_is_due_and_the_first_asked_first(osei, slot):
    overdue, in_window = due(osei, date(2026, 3, 1)), due(osei)
    second, first = person(), person()
    wish(second, appointment=booked(second), at=NOW)
    wish(first, appointment=booked(first), at=NOW - timedelta(days=2))

    assert who(slot, limit=9) == [p.public_id for p in (first, second, overdue, in_window)]
    assert len(who(slot)) == 3


def test_a_fit_says_why_and_for_what(osei, slot):
    late, window = due(osei, date(2026, 3, 1)), due(osei)
    asked = person()
    visit = booked(asked)
    wish(asked, appointment=visit, note="Mornings")

    by_asking, overdue, due_now = fits.fits(slot, today=TODAY)

    assert (by_asking.visit, by_asking.wish.note, by_asking.courses) == (visit, "Mornings", ("glabellar_lines",))
    assert (overdue.patient, overdue.overdue, overdue.due_until) == (late, True, date(2026, 7, 1))
    assert (due_now.patient, due_now.overdue, due_now.due_until) == (window, False, date(2026, 11, 30))


@pytest.mark.parametrize(
    "why",
    [
        "no phone", "another practitioner", "booked", "blocked that day", "too soon", "lapsed", "stopped", "not sure", "who gave it up",
    ],
)  # fmt: skip
def test_who_may_not_or_cannot_come_is_left_out(osei, slot, why):
    fields = {"no phone": {"phone": ""}}.get(why, {})
    last = {"too soon": date(2026, 10, 1), "lapsed": date(2025, 1, 1)}.get(why, DUE)
    someone = due(factories.practitioner() if why == "another practitioner" else osei, last, **fields)
    if why == "booked":
        booked(someone)
    elif why == "blocked that day":
        factories.flag(someone, "breastfeeding", starts_on=ON)
    elif why == "stopped":
        from treatments.services import courses  # noqa: PLC0415  only here

        courses.stop(someone.courses.get(), reason="Moved away", by=BY, at=NOW)
    elif why == "not sure":
        from treatments.rules.vocabulary import Answer  # noqa: PLC0415  only here

        factories.answers(someone, **{rulebook(TODAY).questions[0]: Answer.NOT_SURE})

    assert who(slot, but=someone.pk if why == "who gave it up" else None) == []


def test_open_questions_do_not_leave_anybody_out_but_are_said(osei, slot):
    someone = factories.patient(phone="+447700900123")
    factories.treated(someone, DUE, practitioner=osei)

    (fit,) = fits.fits(slot, today=TODAY)

    assert (fit.patient, fit.ask) == (someone, True)


@pytest.mark.parametrize("why", ["closed", "with somebody else", "not before", "comes sooner", "too long", "on hold"])
def test_a_wish_that_this_time_does_not_help(osei, slot, why):
    someone = person()
    visit = booked(someone, days=-1 if why == "comes sooner" else 10, minutes=60 if why == "too long" else 30)
    made = wish(
        someone,
        appointment=visit,
        practitioner=factories.practitioner() if why == "with somebody else" else None,
        not_before_on=ON + timedelta(days=1) if why == "not before" else None,
    )
    if why == "closed":
        earlier.close(made, by=BY, at=NOW)
    elif why == "on hold":
        factories.flag(someone, "breastfeeding", starts_on=ON + timedelta(days=5), ends_on=ON + timedelta(days=30))

    assert who(slot) == []


def test_a_wish_without_a_visit_is_for_what_is_due_then(osei, slot):
    someone = due(factories.practitioner())
    wish(someone)

    (fit,) = fits.fits(slot, today=TODAY)

    assert (fit.patient, fit.visit, fit.courses) == (someone, None, ("glabellar_lines",))


def test_only_for_what_the_practitioner_injects(osei, slot):
    due(osei)
    other = factories.practitioner()
    factories.indication().injectors.set([other])

    assert who(slot) == []


def test_a_time_is_free_until_it_is_taken_or_over(osei, slot):
    before = fits.is_free(slot, at=NOW)
    booked(person(), days=0, practitioner=osei)

    assert (before, fits.is_free(slot, at=NOW), fits.is_free(slot, at=STARTS)) == (True, False, False)


@pytest.mark.parametrize("number", [1, 30])
def test_thirty_who_fit_cost_what_one_does(osei, slot, django_assert_num_queries, number):
    for n in range(number):
        due(osei)
        someone = person()
        wish(someone, appointment=booked(someone, days=10 + n))
    rulebook(TODAY)

    with django_assert_num_queries(10):
        assert len(fits.fits(slot, today=TODAY, limit=60)) == min(number, 20) + number
