"""What the database itself refuses, whoever writes: each constraint with the rows on both sides of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from clinic import guards
from tests import factories
from tests.factories import NOW, TODAY
from treatments.models import (
    Appointment,
    Consent,
    ContactPlan,
    ContactStep,
    Course,
    CourseBlock,
    CourseTreatment,
    Flag,
    Injection,
    Message,
    MessageText,
    Patient,
    PatientRequest,
    Service,
    Treatment,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
ELSEWHERE = {"elsewhere": True, "product": None, "lot_number": "", "lot_expires_on": None}
NO_OVERRIDE = {"override_by": "", "override_at": None, "override_words": ""}
OVERRIDE = {"override_by": "osei", "override_at": NOW, "override_words": "Agreed with the hospital"}
NOT_SET = {"set_from": None, "set_until": None, "set_at": None, "set_by": ""}
SET = {"set_from": TODAY, "set_until": TODAY + DAY, "set_at": NOW, "set_by": "osei"}
PINNED = {"duration_mode": "pinned", "pinned_low_days": 90, "pinned_high_days": 120}
NOT_VOIDED = {"voided_at": None, "voided_by": "", "void_reason": ""}
VOIDED = {"voided_at": NOW, "voided_by": "osei", "void_reason": "Entered for the wrong patient"}


@pytest.fixture(autouse=True)
def _constraints_alone(db: None) -> None:
    """Without the guards, of which some refuse the same; the test's transaction takes it back."""
    guards.drop(connection)


@pytest.fixture
def rows() -> dict[type[models.Model], models.Model]:
    """One row of each model, all in order."""
    person = factories.patient(born_on=date(1985, 7, 14))
    given = factories.treated(person, date(2026, 6, 1))
    flag = factories.flag(person)
    start = datetime(2026, 12, 1, 10, tzinfo=UTC)
    visit = Appointment.objects.create(
        patient=person, practitioner=factories.practitioner(), room=factories.room(), on=start.date(),
        starts_at=start, ends_at=start + timedelta(minutes=30), state_by="maya", state_at=NOW, booked_by="maya",
        booked_at=NOW,
    )  # fmt: skip
    [course_given] = given.courses.all()
    [injection] = course_given.injections.all()
    consent = Consent.objects.create(patient=person, signed_on=TODAY, recorded_by="maya", recorded_at=NOW)
    service = Service.objects.create(name="Review")
    plan = ContactPlan.objects.create(code="a-plan", name="A plan", quiet_from=time(20), quiet_until=time(9))
    text = MessageText.objects.create(code="a-text", name="A text")
    step = ContactStep.objects.create(plan=plan, code="first", anchor="due_from", offset_days=-21, text=text)
    message = Message.objects.create(
        key="a-key", kind="reminder", patient=person, made_by="maya", made_at=NOW, not_before_at=NOW
    )
    course = course_given.course
    request = PatientRequest.objects.create(patient=person, wish="call", way="link", at=NOW)
    found = (
        person,
        given,
        flag,
        visit,
        course_given,
        injection,
        consent,
        service,
        plan,
        step,
        message,
        course,
        request,
    )
    return {type(row): row for row in found}


CASES = {
    "course_set_date_is_whole": (
        Course,
        [NOT_SET, SET, {**SET, "set_until": TODAY}],
        [
            *({**SET, name: NOT_SET[name]} for name in SET),
            *({**NOT_SET, name: SET[name]} for name in SET),
            {**SET, "set_until": TODAY - DAY},
        ],
    ),
    "course_pinned_is_whole": (
        Course,
        [{"duration_mode": "off"}, PINNED, {**PINNED, "pinned_high_days": 90}],
        [{**PINNED, name: None} for name in ("pinned_low_days", "pinned_high_days")]
        + [{**PINNED, "pinned_high_days": 89}],
    ),
    "quiet_hours_end": (ContactPlan, [{"quiet_until": time(9)}], [{"quiet_until": time(20)}]),
    "contact_step_within_a_year": (
        ContactStep,
        [{"offset_days": -366}, {"offset_days": 366}],
        [{"offset_days": -367}, {"offset_days": 367}],
    ),
    "message_sent_has_its_time": (
        Message,
        [{"state": "waiting", "sent_at": None}, {"state": "sent", "sent_at": NOW}],
        [{"state": "sent", "sent_at": None}],
    ),
    "message_claimed_by_somebody": (
        Message,
        [{"state": "claimed", "claimed_at": NOW, "claimed_by": "worker"}],
        [
            {"state": "claimed", "claimed_at": None, "claimed_by": "worker"},
            {"state": "claimed", "claimed_at": NOW, "claimed_by": ""},
        ],
    ),
    "request_handled_is_whole": (
        PatientRequest,
        [{"handled_by": "", "handled_at": None}, {"handled_by": "maya", "handled_at": NOW}],
        [{"handled_by": "maya", "handled_at": None}, {"handled_by": "", "handled_at": NOW}],
    ),
    "consent_withdrawn_after_signed": (
        Consent,
        [{"withdrawn_on": None}, {"withdrawn_on": TODAY}],
        [{"withdrawn_on": TODAY - DAY}],
    ),
    "service_length_in_bounds": (
        Service,
        [{"minutes": 5}, {"minutes": 480, "prepare_minutes": 120}],
        [{"minutes": 4}, {"minutes": 481}, {"prepare_minutes": 121}],
    ),
    "patient_dies_after_birth": (
        Patient,
        [{"died_on": None}, {"died_on": date(1985, 7, 14)}, {"died_on": TODAY}],
        [{"died_on": date(1985, 7, 13)}],
    ),
    "flag_ends_after_start": (
        Flag,
        [{"ends_on": None}, {"ends_on": TODAY}, {"ends_on": TODAY + DAY}],
        [{"ends_on": TODAY - DAY}],
    ),
    "flag_error_has_reason": (
        Flag,
        [{"in_error": False, "error_reason": ""}, {"in_error": True, "error_reason": "Mixed up"}],
        [{"in_error": True, "error_reason": ""}],
    ),
    "treatment_void_is_whole": (
        Treatment,
        [NOT_VOIDED, VOIDED],
        [
            *({**VOIDED, name: NOT_VOIDED[name]} for name in VOIDED),
            *({**NOT_VOIDED, name: VOIDED[name]} for name in VOIDED),
        ],
    ),
    "treatment_range_in_order": (
        Treatment,
        [{"not_before_on": None}, {"not_before_on": date(2026, 6, 1)}, {"not_before_on": date(2026, 5, 1)}],
        [{"not_before_on": date(2026, 6, 2)}],
    ),
    "treatment_here_has_product_and_lot": (
        Treatment,
        [{"elsewhere": False}, ELSEWHERE],
        [{name: ELSEWHERE[name]} for name in ("product", "lot_number", "lot_expires_on")],
    ),
    "course_units_in_bounds": (
        CourseTreatment,
        [{"units": None}, {"units": Decimal("0.01")}, {"units": Decimal(30000)}],
        [{"units": Decimal(0)}, {"units": Decimal(-4)}, {"units": Decimal("30000.01")}],
    ),
    "injection_units_in_bounds": (
        Injection,
        [{"units": Decimal("0.01")}, {"units": Decimal(30000)}],
        [{"units": Decimal(0)}, {"units": Decimal(-4)}, {"units": Decimal("30000.01")}],
    ),
    "appointment_ends_after_start": (
        Appointment,
        [{"ends_at": datetime(2026, 12, 1, 10, 0, 1, tzinfo=UTC)}],
        [{"ends_at": datetime(2026, 12, 1, 10, tzinfo=UTC)}, {"ends_at": datetime(2026, 12, 1, 9, tzinfo=UTC)}],
    ),
    "appointment_override_is_whole": (
        Appointment,
        [NO_OVERRIDE, OVERRIDE],
        [
            *({**OVERRIDE, name: NO_OVERRIDE[name]} for name in OVERRIDE),
            *({**NO_OVERRIDE, name: OVERRIDE[name]} for name in OVERRIDE),
        ],
    ),
}  # fmt: skip


def named(right: bool) -> list:
    return [
        pytest.param(model, name, values, id=f"{name}-{number}")
        for name, (model, good, bad) in CASES.items()
        for number, values in enumerate(good if right else bad)
    ]


def update(rows: dict, model: type[models.Model], values: dict) -> None:
    """Past every form, service and clean()."""
    with transaction.atomic():
        model._default_manager.filter(pk=rows[model].pk).update(**values)


@pytest.mark.parametrize(("model", "name", "values"), named(right=False))
def test_refused(rows, model, name: str, values: dict):
    with pytest.raises(IntegrityError, match=name):
        update(rows, model, values)


@pytest.mark.parametrize(("model", "name", "values"), named(right=True))
def test_accepted(rows, model, name: str, values: dict):
    update(rows, model, values)

    row = model._default_manager.get(pk=rows[model].pk)
    assert {field: getattr(row, field) for field in values} == values


def test_every_check_constraint_has_its_cases():
    found = {
        constraint.name
        for model in apps.get_app_config("treatments").get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint)
    }

    assert found == set(CASES)


# ---- once only ----


def again(row: models.Model, **changed: object) -> None:
    """The same row a second time."""
    copy = type(row)._default_manager.get(pk=row.pk)
    copy.pk, copy._state.adding = None, True
    for name, value in changed.items():
        setattr(copy, name, value)
    with transaction.atomic():
        copy.save(force_insert=True)


@pytest.mark.parametrize("model", [Patient, Flag, Treatment, Appointment], ids=lambda model: model.__name__)
def test_a_public_id_is_given_once(rows, model):
    with pytest.raises(IntegrityError):
        again(rows[model])
    again(rows[model], public_id="ANEWID")


def test_a_patient_has_one_course_of_an_indication(rows):
    with pytest.raises(IntegrityError):
        again(Course.objects.get())


def test_a_treatment_gives_a_course_once(rows):
    with pytest.raises(IntegrityError):
        again(rows[CourseTreatment])


def test_a_flag_blocks_a_course_once(rows):
    with pytest.raises(IntegrityError):
        again(CourseBlock.objects.get())


def test_a_search_key_stands_once(rows):
    with pytest.raises(IntegrityError):
        again(rows[Patient].search_keys.first())


def test_a_treatment_is_amended_once(rows):
    again(rows[Treatment], public_id="FIRST2", amends=rows[Treatment])

    with pytest.raises(IntegrityError):
        again(rows[Treatment], public_id="SECOND", amends=rows[Treatment])


@pytest.mark.parametrize(("model", "field"), [(Patient, "source_id"), (Treatment, "source_key")])
def test_ids_of_the_old_system_come_in_once_and_may_be_unknown(rows, model, field: str):
    again(rows[model], public_id="FIRST2", **{field: None})
    again(rows[model], public_id="THIRD3", **{field: "old-1"})

    with pytest.raises(IntegrityError):
        again(rows[model], public_id="SECOND", **{field: "old-1"})


# ---- nothing clinical is deleted by the way ----


def test_a_patient_with_a_record_cannot_be_deleted(rows):
    with pytest.raises(models.ProtectedError):
        rows[Patient].delete()
