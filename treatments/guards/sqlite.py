"""The guards on SQLite: one trigger for each rule and event. There is one writer at a time, so a look is a lock.

Days and moments are text here: comparing them is right only in one spelling, which the shapes hold to.
"""

from __future__ import annotations

from collections.abc import Iterable

from clinic.guards import Guard, Part
from treatments.guards import common

VISIT, FLAG, PATIENT = "treatments_appointment", "treatments_flag", "treatments_patient"
TREATMENT, GIVEN, INJECTION = "treatments_treatment", "treatments_coursetreatment", "treatments_injection"


def _trigger(guard: str, event: str, table: str, *, when: str = "", of: Iterable[str] = (), do: str = "") -> Part:
    """`event`: BEFORE INSERT and so on. Without `do` it refuses whenever `when` holds."""
    name = f"{guard}_{event.split()[1].lower()}"
    columns = f" OF {', '.join(of)}" if of else ""
    condition = f"\nWHEN {when}" if when else ""
    text = f"CREATE TRIGGER {name} {event}{columns} ON {table}{condition}\nBEGIN\n{do or _refuse(guard)}\nEND"
    return Part("trigger", table, name, text, text)


def _refuse(guard: str, where: str = "") -> str:
    return f"  SELECT RAISE(ABORT, 'guard: {guard}'){f' WHERE {where}' if where else ''};"


def _guard(name: str, *parts: Part) -> Guard:
    return Guard(name, common.SAYS[name], parts)


def _differs(columns: Iterable[str]) -> str:
    return " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)


def _touch(patients: str) -> str:
    """Every write that bears on safety counts up its patients; on PostgreSQL it is what makes one of two wait."""
    return f"  UPDATE treatments_patient SET safety_version = safety_version + 1 WHERE id IN ({patients});"


# ---- 1. nobody and no room is in two visits at once ----


def _once(name: str, column: str) -> Guard:
    taken = f"""EXISTS (
  SELECT 1 FROM treatments_appointment other
   WHERE other.{column} = NEW.{column}
     AND other.starts_at > strftime('%Y-%m-%d %H:%M:%S', NEW.starts_at, '-{common.LONGEST_HOURS} hours')
     AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at
     AND other.state IN ({common.TAKING_TIME})"""
    comes = f"NEW.state IN ({common.TAKING_TIME})"
    moved = f"OLD.state NOT IN ({common.TAKING_TIME}) OR {_differs((column, 'starts_at', 'ends_at'))}"
    return _guard(
        name,
        _trigger(name, "BEFORE INSERT", VISIT, when=f"{comes} AND {taken})"),
        _trigger(
            name,
            "BEFORE UPDATE",
            VISIT,
            of=(column, "starts_at", "ends_at", "state"),
            when=f"{comes} AND ({moved}) AND {taken} AND other.id <> OLD.id)",
        ),
    )


# ---- 2. no visit goes ahead under a hard stop ----


def _stopped(visit: str) -> str:
    """True where the visit must not go ahead: death, a flag in force, an age not reached."""
    return f"""(
  EXISTS (
    SELECT 1 FROM treatments_patient p WHERE p.id = {visit}.patient_id AND p.died_on <= {visit}."on")
  OR coalesce((SELECT s.is_treatment FROM treatments_service s WHERE s.id = {visit}.service_id), 1) AND (
    EXISTS (
      SELECT 1 FROM treatments_flag f
        JOIN treatments_contraindication c ON c.code = f.kind
       WHERE f.patient_id = {visit}.patient_id AND NOT f.in_error
         AND f.starts_on <= {visit}."on" AND (f.ends_on IS NULL OR f.ends_on > {visit}."on")
         AND c.severity = 'hard_stop' AND c.effective_until IS NULL
         AND (json_array_length(c.products) + json_array_length(c.indications) + json_array_length(c.kinds) = 0
              OR EXISTS (
                SELECT 1 FROM treatments_appointment_courses vc
                  JOIN treatments_course k ON k.id = vc.course_id
                  JOIN treatments_indication i ON i.id = k.indication_id
                 WHERE vc.appointment_id = {visit}.id
                   AND (i.code IN (SELECT value FROM json_each(c.indications))
                        OR i.kind IN (SELECT value FROM json_each(c.kinds))
                        OR {_product(visit)} IN (SELECT value FROM json_each(c.products))))))
    OR EXISTS (
      SELECT 1 FROM treatments_appointment_courses vc
        JOIN treatments_course k ON k.id = vc.course_id
        JOIN treatments_indication i ON i.id = k.indication_id
        JOIN treatments_patient p ON p.id = {visit}.patient_id
       WHERE vc.appointment_id = {visit}.id AND i.kind = 'aesthetic'
         AND {visit}."on" < date(p.born_on, '+' || max({common.ADULT}, {_least_age(visit)}) || ' years'))))"""


def _product(visit: str) -> str:
    return f"coalesce((SELECT code FROM treatments_product WHERE id = {visit}.product_id), k.product)"


def _least_age(visit: str) -> str:
    """The product's own licence counts before the one for any product, the licence before the indication."""
    return f"""coalesce(
           (SELECT nullif(l.min_age_years, 0) FROM treatments_licence l
              LEFT JOIN treatments_product lp ON lp.id = l.product_id
             WHERE l.indication_id = i.id AND l.effective_until IS NULL
               AND (l.product_id IS NULL OR lp.code = {_product(visit)})
             ORDER BY l.product_id IS NULL LIMIT 1), i.min_age_years, 0)"""


def _hard_stop() -> Guard:
    name, ahead = "visit_hard_stop", f"NEW.state IN ({common.AHEAD})"
    judged = ("patient_id", '"on"', "state", "product_id", "service_id")
    refuse = _refuse(name, _stopped("NEW"))
    return _guard(
        name,
        _trigger(name, "BEFORE INSERT", VISIT, when=ahead, do=f"{_touch('NEW.patient_id')}\n{refuse}"),
        _trigger(
            name,
            "BEFORE UPDATE",
            VISIT,
            of=judged,
            when=f"{ahead} AND ({_differs(judged)})",
            do=f"{_touch('OLD.patient_id, NEW.patient_id')}\n{refuse}",
        ),
    )


def _course_hard_stop() -> Guard:
    """After the row, so that it is judged with the visit's other courses."""
    name = "visit_course_hard_stop"
    touch = _touch("(SELECT patient_id FROM treatments_appointment WHERE id = NEW.appointment_id)")
    refuse = f"""  SELECT RAISE(ABORT, 'guard: {name}') FROM treatments_appointment v
   WHERE v.id = NEW.appointment_id AND v.state IN ({common.AHEAD}) AND {_stopped("v")};"""
    table = "treatments_appointment_courses"
    return _guard(
        name,
        _trigger(name, "AFTER INSERT", table, do=f"{touch}\n{refuse}"),
        _trigger(name, "AFTER UPDATE", table, do=f"{touch}\n{refuse}"),
    )


def _hold(patient: str) -> str:
    return f"""  UPDATE treatments_appointment
     SET state = 'on_hold', state_by = '{common.HELD_BY}', state_reason = '{common.HELD_REASON}',
         state_at = strftime('%Y-%m-%d %H:%M:%f', 'now'), version = version + 1
   WHERE patient_id = {patient} AND state IN ({common.AHEAD}) AND {_stopped(VISIT)};"""


def _flag_holds() -> Guard:
    name, bears = "flag_holds", ("patient_id", "kind", "starts_on", "ends_on", "in_error")
    hold = _hold("NEW.patient_id")
    return _guard(
        name,
        _trigger(name, "AFTER INSERT", FLAG, do=f"{_touch('NEW.patient_id')}\n{hold}"),
        _trigger(
            name,
            "AFTER UPDATE",
            FLAG,
            of=bears,
            when=_differs(bears),
            do=f"{_touch('OLD.patient_id, NEW.patient_id')}\n{hold}",
        ),
    )


def _patient_holds() -> Guard:
    name, bears = "patient_holds", ("born_on", "died_on")
    do = f"{_touch('NEW.id')}\n{_hold('NEW.id')}"
    return _guard(name, _trigger(name, "AFTER UPDATE", PATIENT, of=bears, when=_differs(bears), do=do))


# ---- 3. no full treatment before the minimum interval without its own reason ----


def _too_close(later_has_none: str) -> str:
    """Another valid full treatment of the course, too near on either side, with no reason on the later record."""
    return f"""EXISTS (
    SELECT 1 FROM treatments_treatment t, treatments_coursetreatment g
      JOIN treatments_treatment o ON o.id = g.treatment_id
     WHERE t.id = NEW.treatment_id AND t.voided_at IS NULL AND t.kind = 'full'
       AND g.course_id = NEW.course_id AND g.treatment_id <> NEW.treatment_id AND o.voided_at IS NULL AND o.kind = 'full'
       AND CASE WHEN o.performed_on <= t.performed_on
                THEN g.repeat_from > t.performed_on OR o.performed_on > NEW.previous_until
                ELSE NEW.repeat_from > o.performed_on OR t.performed_on > g.previous_until END
       AND {later_has_none})"""


def _interval() -> Guard:
    name, bears = "treatment_interval", ("course_id", "repeat_from", "previous_until")
    new_has_none = common.no_reason("t")
    either = f"CASE WHEN g.id < NEW.id THEN {new_has_none}\n                ELSE {common.no_reason('o')} END"
    whose = "SELECT patient_id FROM treatments_course WHERE id IN ({})"
    return _guard(
        name,
        _trigger(
            name,
            "BEFORE INSERT",
            GIVEN,
            do=f"{_touch(whose.format('NEW.course_id'))}\n{_refuse(name, _too_close(new_has_none))}",
        ),
        _trigger(
            name,
            "BEFORE UPDATE",
            GIVEN,
            of=bears,
            when=_differs(bears),
            do=f"{_touch(whose.format('OLD.course_id, NEW.course_id'))}\n{_refuse(name, _too_close(either))}",
        ),
    )


def _own_patient() -> Guard:
    """Only at the beginning: a merge moves treatments and courses one after the other."""
    name = "treatment_patient"
    differs = """(SELECT patient_id FROM treatments_treatment WHERE id = NEW.treatment_id)
     IS NOT (SELECT patient_id FROM treatments_course WHERE id = NEW.course_id)"""
    return _guard(name, _trigger(name, "BEFORE INSERT", GIVEN, when=differs))


# ---- 4. a visit goes from state to state ----


def _transition() -> Guard:
    name = "visit_transition"
    leap = f"OLD.state IS NOT NEW.state AND OLD.state || '>' || NEW.state NOT IN ({common.MAY_BECOME})"
    return _guard(
        name,
        _trigger(name, "BEFORE INSERT", VISIT, when=f"NEW.state NOT IN ({common.BEGINS_AS})"),
        _trigger(name, "BEFORE UPDATE", VISIT, of=("state",), when=leap),
        _trigger(name, "BEFORE DELETE", VISIT),
    )


# ---- 5. what was written stays ----


def _only_added(name: str, table: str) -> Guard:
    return _guard(name, _trigger(name, "BEFORE UPDATE", table), _trigger(name, "BEFORE DELETE", table))


def _kept(name: str, table: str, *also: str) -> Guard:
    """Never deleted; the columns that stay do, those filled once are filled once, and `also` never becomes true."""
    changed = [f"OLD.{column} IS NOT NEW.{column}" for column in common.STAYS[table]]
    changed += [
        f"OLD.{column} IS NOT NEW.{column} AND coalesce(OLD.{column}, '') <> ''"
        for column in common.FILLED_ONCE.get(table, ())
    ]
    refused = "\n  OR ".join((*changed, *also))
    return _guard(name, _trigger(name, "BEFORE UPDATE", table, when=refused), _trigger(name, "BEFORE DELETE", table))


# ---- 6. values have the shape that comparing them relies on ----


def _day(column: str, *, empty: bool = False, first: str = common.FIRST_DAY) -> str:
    """True for what is no real day in the one spelling. '2027-02-30' is moved by adding nothing to it."""
    wrong = f"NEW.{column} IS NOT date(NEW.{column}, '+0 days') OR NEW.{column} NOT BETWEEN '{first}' AND '2199-12-31'"
    return f"(NEW.{column} IS NOT NULL AND ({wrong}))" if empty else f"({wrong})"


def _minute(column: str) -> str:
    return f"NEW.{column} IS NOT strftime('%Y-%m-%d %H:%M:00', NEW.{column}, '+0 days')"


def _units(*, empty: bool = False) -> str:
    wrong = f"""typeof(NEW.units) NOT IN ('integer', 'real') OR NEW.units <= 0 OR NEW.units > {common.MOST_UNITS}
   OR round(NEW.units, 2) <> NEW.units"""
    return f"(NEW.units IS NOT NULL AND ({wrong}))" if empty else f"({wrong})"


def _shape(name: str, table: str, columns: tuple[str, ...], wrong: Iterable[str]) -> Guard:
    """`columns`: those that may change afterwards; the others stay as they came in."""
    when = "\n  OR ".join(wrong)
    parts = [_trigger(name, "BEFORE INSERT", table, when=when)]
    if columns:
        changed = f"({_differs(columns)}) AND (\n  {when})"
        parts.append(_trigger(name, "BEFORE UPDATE", table, of=columns, when=changed))
    return _guard(name, *parts)


VISIT_SHAPE = (
    _minute("starts_at"),
    _minute("ends_at"),
    "NEW.ends_at <= NEW.starts_at",
    f"NEW.ends_at > strftime('%Y-%m-%d %H:%M:%S', NEW.starts_at, '+{common.LONGEST_HOURS} hours')",
    _day('"on"'),
    "NEW.\"on\" NOT BETWEEN date(NEW.starts_at, '-1 day') AND date(NEW.starts_at, '+1 day')",
)
LONGER_REASON = "substr(NEW.incident_reason, 1, length(OLD.incident_reason)) <> OLD.incident_reason"

GUARDS: tuple[Guard, ...] = (
    *(_once(name, column) for name, column in common.ONCE.items()),
    _hard_stop(),
    _course_hard_stop(),
    _flag_holds(),
    _patient_holds(),
    _interval(),
    _own_patient(),
    _transition(),
    _only_added("audit_append_only", "clinic_auditevent"),
    _only_added("override_append_only", "treatments_visitoverride"),
    _only_added("month_append_only", "treatments_closedmonth"),
    _kept("answer_append_only", "treatments_safetyanswer"),
    _kept("consent_kept", "treatments_consent"),
    _kept("flag_kept", FLAG, "OLD.in_error AND NOT NEW.in_error"),
    _kept("treatment_kept", TREATMENT, LONGER_REASON),
    _kept("given_kept", GIVEN),
    _only_added("injection_kept", INJECTION),
    _shape("visit_shape", VISIT, ("starts_at", "ends_at", '"on"'), VISIT_SHAPE),
    _shape(
        "flag_shape",
        FLAG,
        ("starts_on", "ends_on", "review_on"),
        (_day("starts_on", first=common.FIRST_BIRTH), _day("ends_on", empty=True, first=common.FIRST_BIRTH),
         _day("review_on", empty=True)),
    ),
    _shape(
        "patient_shape",
        PATIENT,
        ("born_on", "died_on"),
        (_day("born_on", first=common.FIRST_BIRTH), _day("died_on", empty=True, first=common.FIRST_BIRTH)),
    ),
    _shape(
        "treatment_shape",
        TREATMENT,
        (),
        (_day("performed_on"), _day("not_before_on", empty=True), _day("lot_expires_on", empty=True)),
    ),
    _shape(
        "given_shape",
        GIVEN,
        (*common.SAID_OF_EFFECT, "repeat_from", "previous_until"),
        (_units(empty=True), *(_day(column, empty=True) for column in (*common.SAID_OF_EFFECT, "repeat_from")),
         _day("previous_until", empty=True, first="1800-01-01")),
    ),
    _shape("injection_shape", INJECTION, (), ("NEW.site = ''", _units())),
)  # fmt: skip
