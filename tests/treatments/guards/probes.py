"""For each guard and event one statement that only this guard stands against, written as (guard, event): statement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from clinic.models import AuditEvent
from tests import factories
from tests.factories import NOW
from tests.treatments.guards.world import FACE, NECK, VISIT_ON, World, change, copy, delete
from treatments.models import Appointment, ClosedMonth

AT = {"starts_at": "2026-12-01 10:15:00", "ends_at": "2026-12-01 10:45:00"}  # into Ada's visit
FREE = {"starts_at": "2026-12-01 06:00:00", "ends_at": "2026-12-01 06:30:00"}
LINKS = Appointment.courses.through._meta.db_table
Statement = Callable[[World], str]


def _same_practitioner(w: World) -> dict[str, object]:
    return {"practitioner_id": w.people[0].pk}


def _same_room(w: World) -> dict[str, object]:
    return {"room_id": w.rooms[0].pk}


def _same_patient(w: World) -> dict[str, object]:
    return {"patient_id": w.ada.pk}


def _event(w: World) -> AuditEvent:
    return AuditEvent.objects.filter(object_id=w.ada.public_id).latest("pk")


def _closed_month() -> ClosedMonth:
    return ClosedMonth.objects.create(report="intervals", month=date(2026, 10, 1), figures={"n": 1}, closed_at=NOW)


def _spare_treatment(w: World, on: date = date(2020, 1, 1)) -> object:
    """Dan's again, that nothing points to."""
    given = w.given.treatment
    given.pk, given._state.adding, given.public_id, given.performed_on = None, True, "SPARE1", on
    given.save()
    return given


def _too_soon(w: World) -> str:
    return copy(w.given, treatment_id=_spare_treatment(w, date(2026, 7, 1)).pk)


def _of_another(w: World) -> str:
    other = w.treat(w.ada, date(2026, 6, 20))
    return change(other, course_id=w.given.course_id)


def _link(w: World) -> str:
    return f"INSERT INTO {LINKS} (appointment_id, course_id) VALUES ({w.young.pk}, {w.course_of(w.cy, FACE).pk})"


def _relink(w: World) -> str:
    return f"UPDATE {LINKS} SET course_id = {w.course_of(w.cy, FACE).pk} WHERE appointment_id = {w.young.pk}"


def _spare_given(w: World) -> str:
    return delete(w.treat(w.ada, date(2020, 1, 1), area=NECK))


def _spare_flag(w: World) -> str:
    return delete(factories.flag(factories.patient(), "anticoagulant_or_antiplatelet"))


def _wrong_course(w: World) -> str:
    treatment = _spare_treatment(w)
    return copy(w.given, treatment_id=treatment.pk, course_id=w.course_of(w.ada, FACE).pk)


REFUSED: dict[tuple[str, str], Statement] = {
    ("visit_practitioner_once", "insert"): lambda w: copy(w.later, **AT, **_same_practitioner(w)),
    ("visit_practitioner_once", "update"): lambda w: change(w.later, **AT, **_same_practitioner(w)),
    ("visit_room_once", "insert"): lambda w: copy(w.later, **AT, **_same_room(w)),
    ("visit_room_once", "update"): lambda w: change(w.later, **AT, **_same_room(w)),
    ("visit_patient_once", "insert"): lambda w: copy(w.later, **AT, **_same_patient(w)),
    ("visit_patient_once", "update"): lambda w: change(w.later, **AT, **_same_patient(w)),
    ("visit_hard_stop", "insert"): lambda w: copy(w.held, **FREE, state="booked"),
    ("visit_hard_stop", "update"): lambda w: change(w.held, state="booked"),
    ("visit_course_hard_stop", "insert"): _link,
    ("visit_course_hard_stop", "update"): _relink,
    ("treatment_interval", "insert"): _too_soon,
    ("treatment_interval", "update"): _of_another,
    ("treatment_patient", "insert"): _wrong_course,
    ("visit_transition", "insert"): lambda w: copy(w.later, **FREE, state="done"),
    ("visit_transition", "update"): lambda w: change(w.later, state="checked"),
    ("visit_transition", "delete"): lambda w: delete(w.later),
    ("audit_append_only", "update"): lambda w: change(_event(w), reason="Nobody asked"),
    ("audit_append_only", "delete"): lambda w: delete(_event(w)),
    ("audit_append_only", "truncate"): lambda w: "TRUNCATE clinic_auditevent",
    ("override_append_only", "update"): lambda w: change(w.override, words="Something else"),
    ("override_append_only", "delete"): lambda w: delete(w.override),
    ("override_append_only", "truncate"): lambda w: "TRUNCATE treatments_visitoverride",
    ("month_append_only", "update"): lambda w: change(_closed_month(), figures="{}"),
    ("month_append_only", "delete"): lambda w: delete(_closed_month()),
    ("month_append_only", "truncate"): lambda w: "TRUNCATE treatments_closedmonth",
    ("answer_append_only", "update"): lambda w: change(w.answer, answer="yes"),
    ("answer_append_only", "delete"): lambda w: delete(w.answer),
    ("answer_append_only", "truncate"): lambda w: "TRUNCATE treatments_safetyanswer",
    ("consent_kept", "update"): lambda w: change(w.consent, signed_on="2026-01-01"),
    ("consent_kept", "delete"): lambda w: delete(w.consent),
    ("consent_kept", "truncate"): lambda w: "TRUNCATE treatments_consent",
    ("flag_kept", "update"): lambda w: change(w.pregnancy, kind="anticoagulant_or_antiplatelet"),
    ("flag_kept", "delete"): _spare_flag,
    ("flag_kept", "truncate"): lambda w: "TRUNCATE treatments_flag, treatments_courseblock",
    ("treatment_kept", "update"): lambda w: change(w.given.treatment, performed_on="2026-05-01"),
    ("treatment_kept", "delete"): lambda w: delete(_spare_treatment(w)),
    ("given_kept", "update"): lambda w: change(w.given, units=40),
    ("given_kept", "delete"): _spare_given,
    ("injection_kept", "update"): lambda w: change(w.injection, units=40),
    ("injection_kept", "delete"): lambda w: delete(w.injection),
    ("injection_kept", "truncate"): lambda w: "TRUNCATE treatments_injection",
    ("visit_shape", "insert"): lambda w: copy(w.later, starts_at="2026-12-01 06:00:00", ends_at="2026-12-01 06:30:30"),
    ("visit_shape", "update"): lambda w: change(w.later, on="2026-12-03"),
    ("flag_shape", "insert"): lambda w: copy(w.ended, ends_on="2300-01-01"),
    ("flag_shape", "update"): lambda w: change(w.ended, ends_on="2300-01-01"),
    ("patient_shape", "insert"): lambda w: copy(w.ada, born_on="1066-10-14"),
    ("patient_shape", "update"): lambda w: change(w.ada, born_on="1066-10-14"),
    ("treatment_shape", "insert"): lambda w: copy(w.given.treatment, lot_expires_on="2300-01-01"),
    ("given_shape", "insert"): lambda w: copy(
        w.given, treatment_id=_spare_treatment(w).pk, worn_off_on="2300-01-01", repeat_from=None, previous_until=None
    ),
    ("given_shape", "update"): lambda w: change(w.given, worn_off_on="2300-01-01"),
    ("injection_shape", "insert"): lambda w: copy(w.injection, site=""),
}


# These refuse nothing: with the guard the visit goes on hold, without it it stays booked.
HOLDS: dict[tuple[str, str], tuple[Statement, Callable[[World], Appointment]]] = {
    ("flag_holds", "insert"): (lambda w: copy(w.pregnancy, patient_id=w.dan.pk), lambda w: w.later),
    ("flag_holds", "update"): (lambda w: change(w.ended, ends_on=None), lambda w: w.visit),
    ("patient_holds", "update"): (lambda w: change(w.dan, died_on=str(VISIT_ON)), lambda w: w.later),
}
