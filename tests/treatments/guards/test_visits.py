"""What the guards of visits refuse and what they let through, by plain SQL."""

from __future__ import annotations

from datetime import date

import pytest

from tests import factories
from tests.treatments.guards.world import FACE, NECK, VISIT_ON, World, change, copy, refused_by
from treatments.models import Contraindication, Indication, Licence, Product, Service
from treatments.rules.vocabulary import GOING_AHEAD, TRANSITIONS, AppointmentState

pytestmark = pytest.mark.django_db
STATES = [state.value for state in AppointmentState]


def at(start: str, end: str) -> dict[str, object]:
    return {"starts_at": f"2026-12-01 {start}:00", "ends_at": f"2026-12-01 {end}:00"}


# ---- one visit at a time ----


@pytest.mark.parametrize(
    ("start", "end", "free"),
    [
        ("09:30", "10:00", True),
        ("10:30", "11:00", True),
        ("09:30", "10:01", False),
        ("10:29", "11:00", False),
        ("10:10", "10:20", False),
        ("08:00", "13:30", False),
        ("10:00", "10:30", False),
    ],
)
def test_visits_may_touch_and_never_overlap(world: World, start: str, end: str, free: bool):
    statement = copy(world.later, **at(start, end), room_id=world.rooms[0].pk)

    assert refused_by(statement) == (None if free else "visit_room_once")


@pytest.mark.parametrize("state", STATES)
def test_a_visit_keeps_its_time_until_it_is_cancelled_or_missed(world: World, state: str):
    for step in {"checked": ["arrived"], "in_room": ["arrived", "checked"]}.get(state, []):
        assert refused_by(change(world.visit, state=step)) is None
    assert refused_by(change(world.visit, state=state)) is None

    taken = refused_by(copy(world.later, **at("10:15", "10:45"), room_id=world.rooms[0].pk))

    assert taken == (None if state in ("missed", "cancelled") else "visit_room_once")


def test_a_cancelled_visit_does_not_come_back_into_a_time_that_was_given_away(world: World):
    assert refused_by(change(world.visit, state="cancelled")) is None
    assert refused_by(copy(world.later, **at("10:15", "10:45"), room_id=world.rooms[0].pk)) is None

    assert refused_by(change(world.visit, state="booked")) == "visit_room_once"


def test_the_longest_visit_is_seen_from_its_last_minute(world: World):
    long = copy(world.later, **at("15:00", "23:00"), practitioner_id=world.people[0].pk, room_id=factories.room().pk)

    assert refused_by(long) is None
    assert refused_by(copy(world.visit, **at("22:59", "23:29"), patient_id=world.dan.pk)) in (
        "visit_practitioner_once",
        "visit_patient_once",
    )


# ---- states ----


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_a_visit_goes_from_state_to_state_as_the_rules_say(world: World, old: str, new: str):
    visit = world.visit_of(world.ada, 6)
    for step in {"checked": ["arrived", "checked"], "in_room": ["arrived", "checked", "in_room"]}.get(old, [old]):
        assert refused_by(change(visit, state=step)) is None

    allowed = old == new or new in TRANSITIONS[AppointmentState(old)]

    assert refused_by(change(visit, state=new)) == (None if allowed else "visit_transition")


# ---- hard stops ----


@pytest.mark.parametrize("state", STATES)
def test_no_visit_goes_ahead_on_a_day_under_a_stop(world: World, state: str):
    visit = world.visit_of(world.bea, 6, state="on_hold")
    if AppointmentState(state) not in (AppointmentState.ON_HOLD, *TRANSITIONS[AppointmentState.ON_HOLD]):
        return

    assert refused_by(change(visit, state=state)) == (
        "visit_hard_stop" if AppointmentState(state) in GOING_AHEAD else None
    )


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "holds"),
    [
        ("2026-12-01", None, True),
        ("2026-12-02", None, False),
        ("2026-11-01", "2026-12-01", False),
        ("2026-11-01", "2026-12-02", True),
        ("2026-12-01", "2026-12-01", False),
    ],
)
def test_a_flag_holds_from_its_first_day_until_the_day_before_its_end(world: World, starts_on, ends_on, holds: bool):
    flag = copy(world.pregnancy, patient_id=world.dan.pk, starts_on=starts_on, ends_on=ends_on)

    assert refused_by(flag) is None

    world.later.refresh_from_db()
    assert world.later.state == ("on_hold" if holds else "booked")
    again = copy(world.later, **at("05:00", "05:30"), state="booked")
    assert refused_by(again) == ("visit_hard_stop" if holds else None)


def test_a_flag_entered_in_error_and_a_caution_hold_nothing(world: World):
    wrong = copy(world.pregnancy, patient_id=world.dan.pk, in_error=True, error_reason="Another patient's")
    caution = copy(world.pregnancy, patient_id=world.dan.pk, kind="anticoagulant_or_antiplatelet")

    assert (refused_by(wrong), refused_by(caution)) == (None, None)

    world.later.refresh_from_db()
    assert world.later.state == "booked"


def rule(**values: object) -> str:
    """A hard stop of its own for the test; its code."""
    lists = {"products": [], "indications": [], "kinds": []}
    row = Contraindication.objects.get(code="pregnancy", effective_until__isnull=True)
    row.pk, row._state.adding, row.code = None, True, "of_the_test"
    for name, value in (lists | values).items():
        setattr(row, name, value)
    row.save()
    return row.code


@pytest.mark.parametrize(
    ("lists", "bears"),
    [
        ({}, True),
        ({"indications": [FACE]}, True),
        ({"indications": [NECK]}, False),
        ({"kinds": ["aesthetic"]}, True),
        ({"kinds": ["therapeutic"]}, False),
        ({"products": ["botox"]}, True),
        ({"products": ["dysport"], "indications": [NECK]}, False),
        ({"products": ["dysport"], "kinds": ["aesthetic"]}, True),
    ],
)
def test_a_stop_bears_on_what_one_of_its_three_lists_names(world: World, lists: dict, bears: bool):
    kind = rule(**lists)
    course = world.course_of(world.ada)
    type(course).objects.filter(pk=course.pk).update(product="botox")

    assert refused_by(copy(world.pregnancy, patient_id=world.ada.pk, kind=kind)) is None

    world.visit.refresh_from_db()
    assert world.visit.state == ("on_hold" if bears else "booked")


def test_the_product_booked_counts_before_the_last_one(world: World):
    kind = rule(products=["dysport"])
    course = world.course_of(world.ada)
    type(course).objects.filter(pk=course.pk).update(product="dysport")
    assert refused_by(change(world.visit, product_id=Product.objects.get(code="botox").pk)) is None

    assert refused_by(copy(world.pregnancy, patient_id=world.ada.pk, kind=kind)) is None
    world.visit.refresh_from_db()
    assert world.visit.state == "booked"

    assert refused_by(change(world.visit, product_id=Product.objects.get(code="dysport").pk)) == "visit_hard_stop"
    assert refused_by(change(world.visit, product_id=None)) == "visit_hard_stop"


def test_only_the_rule_in_effect_counts(world: World):
    kind = rule(effective_until="2026-11-01")

    assert refused_by(copy(world.pregnancy, patient_id=world.dan.pk, kind=kind)) is None

    world.later.refresh_from_db()
    assert world.later.state == "booked"


def test_a_visit_at_which_nothing_is_injected_goes_ahead_under_a_flag_but_not_after_death(world: World):
    talk = Service.objects.get(name="Talk only").pk

    assert refused_by(change(world.held, service_id=talk, state="booked")) is None
    assert refused_by(change(world.held, service_id=None)) == "visit_hard_stop"
    assert refused_by(change(world.bea, died_on="2026-11-30")) is None
    world.held.refresh_from_db()
    assert world.held.state == "on_hold"
    assert refused_by(change(world.held, state="booked")) == "visit_hard_stop"


@pytest.mark.parametrize(
    ("born_on", "of_age"),
    [("2008-12-01", True), ("2008-12-02", False), ("2008-02-29", True), ("2009-01-01", False), ("1950-01-01", True)],
)
def test_no_cosmetic_visit_before_the_eighteenth_birthday(world: World, born_on: str, of_age: bool):
    assert refused_by(change(world.ada, born_on=born_on)) is None

    world.visit.refresh_from_db()
    assert world.visit.state == ("booked" if of_age else "on_hold")


@pytest.mark.parametrize(("on", "of_age"), [("2027-02-28", False), ("2027-03-01", True)])
def test_who_was_born_on_29_february_is_older_on_1_march(world: World, on: str, of_age: bool):
    Indication.objects.filter(code=FACE).update(min_age_years=19)
    Licence.objects.filter(indication__code=FACE).update(min_age_years=None)
    assert refused_by(change(world.ada, born_on="2008-02-29")) is None
    world.visit.refresh_from_db()
    assert world.visit.state == "on_hold"
    assert refused_by(change(world.visit, on=on, starts_at=f"{on} 10:00:00", ends_at=f"{on} 10:30:00")) is None

    assert refused_by(change(world.visit, state="booked")) == (None if of_age else "visit_hard_stop")


@pytest.mark.parametrize(
    ("of_product", "of_any", "of_area", "least"),
    [
        (None, None, None, 18),
        (None, None, 21, 21),
        (None, 25, 21, 21),
        (30, 25, 21, 30),
        (0, 25, 21, 21),
        (16, 16, 16, 18),
    ],
)
def test_the_least_age_is_the_licence_of_the_product_then_the_indication(
    world: World, of_product, of_any, of_area, least: int
):
    botox = Product.objects.get(code="botox")
    Licence.objects.filter(indication__code=FACE, product__isnull=True).update(min_age_years=of_any)
    Licence.objects.filter(indication__code=FACE, product=botox).update(min_age_years=of_product)
    Indication.objects.filter(code=FACE).update(min_age_years=of_area)
    assert refused_by(change(world.visit, product_id=botox.pk)) is None

    year = VISIT_ON.year - least
    assert refused_by(change(world.ada, born_on=str(date(year, 12, 1)))) is None
    world.visit.refresh_from_db()
    assert world.visit.state == "booked"
    assert refused_by(change(world.ada, born_on=str(date(year, 12, 2)))) is None
    world.visit.refresh_from_db()
    assert world.visit.state == "on_hold"


def test_a_young_patient_is_treated_where_it_is_not_cosmetic(world: World):
    world.young.refresh_from_db()

    assert world.young.state == "booked"
    assert refused_by(change(world.young, state="arrived")) is None


# ---- holding ----


def test_a_flag_holds_every_visit_that_goes_ahead_and_leaves_the_others(world: World):
    arrived = world.visit_of(world.dan, 6)
    missed = world.visit_of(world.dan, 7)
    assert (refused_by(change(arrived, state="arrived")), refused_by(change(missed, state="missed"))) == (None, None)

    assert refused_by(copy(world.pregnancy, patient_id=world.dan.pk, starts_on="2026-11-30")) is None

    for visit, state in ((world.later, "on_hold"), (arrived, "on_hold"), (missed, "missed")):
        visit.refresh_from_db()
        assert visit.state == state
    assert (world.later.state_by, world.later.state_reason) == ("database", "Held: a stop is in force on this day.")
    assert world.later.state_at.year >= 2024


def test_nothing_comes_off_hold_by_itself(world: World):
    assert refused_by(copy(world.pregnancy, patient_id=world.dan.pk, public_id="RAISED")) is None

    assert refused_by("UPDATE treatments_flag SET ends_on = '2026-11-25' WHERE public_id = 'RAISED'") is None

    world.later.refresh_from_db()
    assert world.later.state == "on_hold"


def test_a_flag_that_moves_to_another_patient_holds_there(world: World):
    assert refused_by(change(world.pregnancy, patient_id=world.dan.pk)) is None

    world.later.refresh_from_db()
    assert world.later.state == "on_hold"
    assert refused_by(change(world.held, state="booked")) is None


def test_a_visit_that_moves_to_a_patient_under_a_stop_does_not_go_ahead(world: World):
    assert refused_by(change(world.later, patient_id=world.bea.pk)) == "visit_hard_stop"
    assert refused_by(change(world.later, patient_id=world.bea.pk, state="on_hold")) is None


def test_what_bears_on_safety_counts_up_the_patients_it_concerns(world: World):
    def count(act: str) -> list[int]:
        before = versions()
        assert refused_by(act) is None
        return [after - then for then, after in zip(before, versions(), strict=True)]

    def versions() -> list[int]:
        people = (world.ada, world.bea, world.cy, world.dan)
        for person in people:
            person.refresh_from_db()
        return [person.safety_version for person in people]

    assert count(change(world.later, state="arrived")) == [0, 0, 0, 1]
    assert count(change(world.later, note="Brings a friend")) == [0, 0, 0, 0]
    assert count(change(world.later, patient_id=world.ada.pk)) == [1, 0, 0, 1]
    assert count(copy(world.ended, patient_id=world.cy.pk)) == [0, 0, 1, 0]
    assert count(change(world.pregnancy, patient_id=world.cy.pk)) == [0, 1, 1, 0]
    assert count(change(world.pregnancy, note="Told by the midwife")) == [0, 0, 0, 0]
    assert count(change(world.bea, died_on="2026-11-01")) == [0, 1, 0, 0]
    assert count(change(world.given, course_id=world.course_of(world.ada, NECK).pk)) == [1, 0, 0, 1]
