"""The guards on PostgreSQL: exclusion constraints, and for every other rule one function and its triggers.

A function is VOLATILE, so that after waiting for another transaction it sees what that one wrote; it counts up the
patient's `safety_version` first, because only a write makes the later one of two wait and, under REPEATABLE READ,
start again. ENABLE ALWAYS: a session in replica mode does not get round them. No trigger names a column: a
migration may change any, and the functions compare old and new themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from clinic.guards import Guard, Part
from treatments.guards import common

VISIT, FLAG, PATIENT = "treatments_appointment", "treatments_flag", "treatments_patient"
TREATMENT, GIVEN, INJECTION = "treatments_treatment", "treatments_coursetreatment", "treatments_injection"


def _guard(name: str, table: str, body: str, *, on: str, truncate: bool = False) -> Guard:
    """`on`: BEFORE INSERT OR UPDATE and so on, in the order in which the catalogue writes it."""
    triggers = [_trigger(name, table, f"{on} ON {table} FOR EACH ROW", f"guard_{name}")]
    if truncate:
        triggers.append(
            _trigger(f"{name}_truncate", table, f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT", f"guard_{name}")
        )
        body = f"  IF TG_OP = 'TRUNCATE' THEN\n{_refuse(name)}\n  END IF;\n{body}"
    text = f"\nBEGIN\n{body}\n  RETURN {'NULL' if on.startswith('AFTER') else 'NEW'};\nEND\n"
    create = f"""CREATE OR REPLACE FUNCTION guard_{name}() RETURNS trigger LANGUAGE plpgsql VOLATILE
SET search_path = {{schema}}, pg_temp AS $guard${text}$guard$"""
    says = f"v f plpgsql search_path={{schema}}, pg_temp{text}"
    return Guard(name, common.SAYS[name], (Part("function", "", f"guard_{name}", create, says), *triggers))


def _trigger(name: str, table: str, when: str, function: str) -> Part:
    text = f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {function}()"
    always = f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
    return Part("trigger", table, name, f"{text}; {always}", f"{text} ENABLED A")


def _refuse(name: str) -> str:
    """Of class 23, so that Django sees an IntegrityError."""
    return f"""    RAISE EXCEPTION '{common.SAYS[name]}'
      USING ERRCODE = 'check_violation', CONSTRAINT = '{name}', TABLE = TG_TABLE_NAME;"""


def _refuse_if(name: str, condition: str) -> str:
    return f"  IF {condition} THEN\n{_refuse(name)}\n  END IF;"


def _differs(columns: Iterable[str]) -> str:
    columns = list(columns)
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return f"ROW({old}) IS DISTINCT FROM ROW({new})"


def _touch(patients: str) -> str:
    """Count up, the lower id first: two acts on the same two patients never wait for each other."""
    return f"""  PERFORM 1 FROM treatments_patient WHERE id IN ({patients}) ORDER BY id FOR NO KEY UPDATE;
  UPDATE treatments_patient SET safety_version = safety_version + 1 WHERE id IN ({patients});"""


# ---- 1. nobody and no room is in two visits at once ----


def _once(name: str, column: str) -> Guard:
    text = f"""EXCLUDE USING gist ({column} WITH =, tstzrange(starts_at, ends_at) WITH &&)
WHERE (state = ANY (ARRAY[{common.TAKING_TIME}]))"""
    create = f"CREATE EXTENSION IF NOT EXISTS btree_gist; ALTER TABLE {VISIT} ADD CONSTRAINT {name} {text}"
    return Guard(name, common.SAYS[name], (Part("constraint", VISIT, name, create, text),))


# ---- 2. no visit goes ahead under a hard stop ----


def _stopped(visit: str) -> str:
    """True where the visit must not go ahead: death, a flag in force, an age not reached."""
    return f"""(
    EXISTS (
      SELECT 1 FROM treatments_patient p WHERE p.id = {visit}.patient_id AND p.died_on <= {visit}."on")
    OR coalesce((SELECT s.is_treatment FROM treatments_service s WHERE s.id = {visit}.service_id), true) AND (
      EXISTS (
        SELECT 1 FROM treatments_flag f
          JOIN treatments_contraindication c ON c.code = f.kind
         WHERE f.patient_id = {visit}.patient_id AND NOT f.in_error
           AND f.starts_on <= {visit}."on" AND (f.ends_on IS NULL OR f.ends_on > {visit}."on")
           AND c.severity = 'hard_stop' AND c.effective_until IS NULL
           AND (c.products || c.indications || c.kinds = '[]'::jsonb
                OR EXISTS (
                  SELECT 1 FROM treatments_appointment_courses vc
                    JOIN treatments_course k ON k.id = vc.course_id
                    JOIN treatments_indication i ON i.id = k.indication_id
                   WHERE vc.appointment_id = {visit}.id
                     AND (c.indications @> to_jsonb(i.code::text) OR c.kinds @> to_jsonb(i.kind::text)
                          OR c.products @> to_jsonb({_product(visit)}::text)))))
      OR EXISTS (
        SELECT 1 FROM treatments_appointment_courses vc
          JOIN treatments_course k ON k.id = vc.course_id
          JOIN treatments_indication i ON i.id = k.indication_id
          JOIN treatments_patient p ON p.id = {visit}.patient_id
         WHERE vc.appointment_id = {visit}.id AND i.kind = 'aesthetic'
           AND extract(year FROM {visit}."on") - extract(year FROM p.born_on)
               - (to_char({visit}."on", 'MMDD') < to_char(p.born_on, 'MMDD'))::int
               < greatest({common.ADULT}, {_least_age(visit)}))))"""


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
    name, judged = "visit_hard_stop", ("patient_id", '"on"', "state", "product_id", "service_id")
    body = f"""  IF NEW.state NOT IN ({common.AHEAD}) THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'INSERT' THEN
  {_touch("NEW.patient_id")}
  ELSIF {_differs(judged)} THEN
  {_touch("OLD.patient_id, NEW.patient_id")}
  ELSE
    RETURN NEW;
  END IF;
{_refuse_if(name, _stopped("NEW"))}"""
    return _guard(name, VISIT, body, on="BEFORE INSERT OR UPDATE")


def _course_hard_stop() -> Guard:
    """After the row, so that it is judged with the visit's other courses."""
    name, table = "visit_course_hard_stop", "treatments_appointment_courses"
    stopped = f"""EXISTS (
    SELECT 1 FROM treatments_appointment v
     WHERE v.id = NEW.appointment_id AND v.state IN ({common.AHEAD}) AND {_stopped("v")})"""
    touch = _touch("(SELECT patient_id FROM treatments_appointment WHERE id = NEW.appointment_id)")
    return _guard(name, table, f"{touch}\n{_refuse_if(name, stopped)}", on="AFTER INSERT OR UPDATE")


def _hold(patient: str) -> str:
    return f"""  UPDATE treatments_appointment
     SET state = 'on_hold', state_by = '{common.HELD_BY}', state_reason = '{common.HELD_REASON}',
         state_at = now(), version = version + 1
   WHERE patient_id = {patient} AND state IN ({common.AHEAD}) AND {_stopped(VISIT)};"""


def _flag_holds() -> Guard:
    name, bears = "flag_holds", ("patient_id", "kind", "starts_on", "ends_on", "in_error")
    body = f"""  IF TG_OP = 'INSERT' THEN
  {_touch("NEW.patient_id")}
  ELSIF {_differs(bears)} THEN
  {_touch("OLD.patient_id, NEW.patient_id")}
  ELSE
    RETURN NULL;
  END IF;
{_hold("NEW.patient_id")}"""
    return _guard(name, FLAG, body, on="AFTER INSERT OR UPDATE")


def _patient_holds() -> Guard:
    """Counting up updates the patient again: with the same days, so it ends there."""
    name = "patient_holds"
    body = f"""  IF {_differs(("born_on", "died_on"))} THEN
  {_touch("NEW.id")}
{_hold("NEW.id")}
  END IF;"""
    return _guard(name, PATIENT, body, on="AFTER UPDATE")


# ---- 3. no full treatment before the minimum interval without its own reason ----


def _interval() -> Guard:
    """The later one of a pair is the one with the greater id. So that it is also the one that waited, a row whose id
    was drawn before another transaction wrote to the course is not taken: the act is run again.
    """
    name, bears = "treatment_interval", ("course_id", "repeat_from", "previous_until")
    too_close = f"""EXISTS (
    SELECT 1 FROM treatments_treatment t, treatments_coursetreatment g
      JOIN treatments_treatment o ON o.id = g.treatment_id
     WHERE t.id = NEW.treatment_id AND t.voided_at IS NULL AND t.kind = 'full'
       AND g.course_id = NEW.course_id AND g.treatment_id <> NEW.treatment_id
       AND o.voided_at IS NULL AND o.kind = 'full'
       AND CASE WHEN o.performed_on <= t.performed_on
                THEN g.repeat_from > t.performed_on OR o.performed_on > NEW.previous_until
                ELSE NEW.repeat_from > o.performed_on OR t.performed_on > g.previous_until END
       AND CASE WHEN g.id < NEW.id THEN {common.no_reason("t")}
                ELSE {common.no_reason("o")} END)"""
    body = f"""  IF TG_OP = 'INSERT' THEN
  {_touch("(SELECT patient_id FROM treatments_course WHERE id = NEW.course_id)")}
    IF EXISTS (SELECT 1 FROM treatments_coursetreatment WHERE course_id = NEW.course_id AND id > NEW.id) THEN
      RAISE EXCEPTION 'Another treatment of the course was written meanwhile.' USING ERRCODE = 'serialization_failure';
    END IF;
  ELSIF {_differs(bears)} THEN
  {_touch("SELECT patient_id FROM treatments_course WHERE id IN (OLD.course_id, NEW.course_id)")}
  ELSE
    RETURN NEW;
  END IF;
{_refuse_if(name, too_close)}"""
    return _guard(name, GIVEN, body, on="BEFORE INSERT OR UPDATE")


def _own_patient() -> Guard:
    """Only at the beginning: a merge moves treatments and courses one after the other."""
    name = "treatment_patient"
    differs = """(SELECT patient_id FROM treatments_treatment WHERE id = NEW.treatment_id)
     IS DISTINCT FROM (SELECT patient_id FROM treatments_course WHERE id = NEW.course_id)"""
    return _guard(name, GIVEN, _refuse_if(name, differs), on="BEFORE INSERT")


# ---- 4. a visit goes from state to state ----


def _transition() -> Guard:
    name = "visit_transition"
    body = f"""  IF TG_OP = 'INSERT' THEN
  {_refuse_if(name, f"NEW.state NOT IN ({common.BEGINS_AS})")}
  ELSIF TG_OP = 'DELETE' THEN
{_refuse(name)}
  ELSIF OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({common.MAY_BECOME}) THEN
{_refuse(name)}
  END IF;"""
    return _guard(name, VISIT, body, on="BEFORE INSERT OR DELETE OR UPDATE")


# ---- 5. what was written stays ----


def _only_added(name: str, table: str) -> Guard:
    return _guard(name, table, _refuse(name), on="BEFORE DELETE OR UPDATE", truncate=True)


def _kept(name: str, table: str, *also: str, truncate: bool = True) -> Guard:
    """Never deleted; the columns that stay do, those filled once are filled once, and `also` never becomes true.

    Without `truncate`: the guard of a table that points here refuses it already.
    """
    changed = [_differs(common.STAYS[table])]
    changed += [
        f"OLD.{column} IS DISTINCT FROM NEW.{column} AND coalesce(OLD.{column}::text, '') <> ''"
        for column in common.FILLED_ONCE.get(table, ())
    ]
    refused = "\n    OR ".join((*changed, *also))
    body = f"  IF TG_OP = 'DELETE' THEN\n{_refuse(name)}\n  END IF;\n{_refuse_if(name, refused)}"
    return _guard(name, table, body, on="BEFORE DELETE OR UPDATE", truncate=truncate)


# ---- 6. values have a shape that people can mean; most of it the types hold already ----


def _day(column: str, *, first: str = common.FIRST_DAY) -> str:
    """True for a day out of bounds, 'infinity' included. NULL where it is empty: it is not refused."""
    return f"(NEW.{column} < '{first}' OR NEW.{column} >= '{common.LAST_DAY}')"


def _shape(name: str, table: str, columns: tuple[str, ...], wrong: Iterable[str]) -> Guard:
    """`columns`: those that may change afterwards; the others stay as they came in."""
    body = _refuse_if(name, "\n    OR ".join(wrong))
    if not columns:
        return _guard(name, table, body, on="BEFORE INSERT")
    same = f"  IF TG_OP = 'UPDATE' AND NOT {_differs(columns)} THEN\n    RETURN NEW;\n  END IF;"
    return _guard(name, table, f"{same}\n{body}", on="BEFORE INSERT OR UPDATE")


VISIT_SHAPE = (
    _day("starts_at"),
    _day("ends_at"),
    "date_trunc('minute', NEW.starts_at) <> NEW.starts_at OR date_trunc('minute', NEW.ends_at) <> NEW.ends_at",
    f"NEW.ends_at <= NEW.starts_at OR NEW.ends_at > NEW.starts_at + interval '{common.LONGEST_HOURS} hours'",
    "abs(NEW.\"on\" - (NEW.starts_at AT TIME ZONE 'UTC')::date) > 1",
)
UNITS = f"(NEW.units = 'NaN' OR NEW.units <= 0 OR NEW.units > {common.MOST_UNITS})"
LONGER_REASON = "left(NEW.incident_reason, length(OLD.incident_reason)) <> OLD.incident_reason"

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
    _kept("treatment_kept", TREATMENT, LONGER_REASON, truncate=False),
    _kept("given_kept", GIVEN, truncate=False),
    _only_added("injection_kept", INJECTION),
    _shape("visit_shape", VISIT, ("starts_at", "ends_at", '"on"'), VISIT_SHAPE),
    _shape(
        "flag_shape",
        FLAG,
        ("starts_on", "ends_on", "review_on"),
        (_day("starts_on", first=common.FIRST_BIRTH), _day("ends_on", first=common.FIRST_BIRTH), _day("review_on")),
    ),
    _shape(
        "patient_shape",
        PATIENT,
        ("born_on", "died_on"),
        (_day("born_on", first=common.FIRST_BIRTH), _day("died_on", first=common.FIRST_BIRTH)),
    ),
    _shape(
        "treatment_shape",
        TREATMENT,
        (),
        (_day("performed_on"), _day("not_before_on"), _day("lot_expires_on")),
    ),
    _shape(
        "given_shape",
        GIVEN,
        (*common.SAID_OF_EFFECT, "repeat_from", "previous_until"),
        (
            UNITS,
            *(_day(column) for column in (*common.SAID_OF_EFFECT, "repeat_from")),
            _day("previous_until", first="1800-01-01"),
        ),
    ),
    _shape("injection_shape", INJECTION, (), ("NEW.site = ''", UNITS)),
)
