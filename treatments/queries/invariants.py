"""What can never be true in storage, looked for in all of it. Shares nothing with the guards that keep it out.

The SQL reads plain rows as text, on both engines alike; the judging is done here. `manage.py check_invariants` says
what was found: every night, after a restore, and at the end of the tests.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

from clinic import guards
from treatments.queries import invariant_messages, invariant_shapes
from treatments.queries.invariant_shapes import day_of, moment_of


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that should never be, with the rows in which it stands."""

    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.sentence}"


def violations(connection: BaseDatabaseWrapper) -> list[Violation]:
    """Everything that stands in the database and never should. Empty on a sound one."""
    found = [
        *_overlaps(connection),
        *_on_another_day(connection),
        *_under_a_flag(connection),
        *_dead(connection),
        *_under_age(connection),
        *_too_close(connection),
        *_of_two_patients(connection),
        *_override_without_its_row(connection),
        *_merged_away(connection),
    ]
    for others in (invariant_shapes, invariant_messages):
        found += [Violation(rule, sentence) for rule, sentence in others.broken(connection)]
    found += [Violation("guards", sentence) for sentence in guards.differences(connection)]
    return found


def _rows(connection: BaseDatabaseWrapper, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


# ---- time ----

_TAKING_TIME = """
SELECT public_id, practitioner_id, room_id, patient_id, CAST(starts_at AS text), CAST(ends_at AS text)
  FROM treatments_appointment WHERE state NOT IN ('missed', 'cancelled')
"""


def _overlaps(connection: BaseDatabaseWrapper) -> Iterator[Violation]:
    """Sweeps through the visits of each practitioner, room and patient in the order of time."""
    rows = []
    for public_id, *who, starts, ends in _rows(connection, _TAKING_TIME):
        starts_at, ends_at = moment_of(starts), moment_of(ends)
        if starts_at and ends_at:
            rows.append((starts_at, ends_at, public_id, who))
    rows.sort(key=lambda row: (row[0], row[2]))
    for place, what in enumerate(("practitioner", "room", "patient")):
        going_on: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        for starts_at, ends_at, public_id, who in rows:
            earlier = [one for one in going_on[who[place]] if one[0] > starts_at]
            for _until, other in earlier:
                sentence = _("Visits %(one)s and %(other)s of one %(what)s overlap at %(at)s UTC.")
                names = {"one": other, "other": public_id, "what": what, "at": f"{starts_at:%Y-%m-%d %H:%M}"}
                yield Violation(f"visit_{what}_once", sentence % names)
            going_on[who[place]] = [*earlier, (ends_at, public_id)]


def _on_another_day(connection: BaseDatabaseWrapper) -> Iterator[Violation]:
    zone = ZoneInfo(settings.TIME_ZONE)
    for public_id, on, starts in _rows(
        connection, 'SELECT public_id, CAST("on" AS text), CAST(starts_at AS text) FROM treatments_appointment'
    ):
        starts_at = moment_of(starts)
        if starts_at and on != str(starts_at.replace(tzinfo=UTC).astimezone(zone).date()):
            sentence = _("Visit %(visit)s is kept under %(on)s, and begins at %(at)s UTC, another day at the clinic.")
            yield Violation("visit_day", sentence % {"visit": public_id, "on": on, "at": starts})


# ---- safety ----

_FLAGGED = """
SELECT v.public_id, CAST(v."on" AS text), f.public_id, f.kind, CAST(c.products AS text), CAST(c.indications AS text),
       CAST(c.kinds AS text), i.code, i.kind, coalesce(p.code, k.product)
  FROM treatments_flag f
  JOIN treatments_contraindication c ON c.code = f.kind AND c.severity = 'hard_stop' AND c.effective_until IS NULL
  JOIN treatments_appointment v ON v.patient_id = f.patient_id AND v.state IN ('booked', 'arrived', 'checked', 'in_room')
  LEFT JOIN treatments_service s ON s.id = v.service_id
  LEFT JOIN treatments_appointment_courses vc ON vc.appointment_id = v.id
  LEFT JOIN treatments_course k ON k.id = vc.course_id
  LEFT JOIN treatments_indication i ON i.id = k.indication_id
  LEFT JOIN treatments_product p ON p.id = v.product_id
 WHERE NOT f.in_error AND v."on" >= f.starts_on AND (f.ends_on IS NULL OR v."on" < f.ends_on)
   AND (s.id IS NULL OR s.is_treatment)
 ORDER BY v.id, f.id
"""


def _under_a_flag(connection: BaseDatabaseWrapper) -> Iterator[Violation]:
    said = set()
    for visit, on, flag, kind, products, indications, kinds, area, sort, product in _rows(connection, _FLAGGED):
        lists = [json.loads(text) for text in (products, indications, kinds)]
        bears = not any(lists) or any(
            mine in listed for mine, listed in zip((product, area, sort), lists, strict=True) if mine
        )
        if bears and (visit, flag) not in said:
            said.add((visit, flag))
            sentence = _("Visit %(visit)s goes ahead on %(on)s under flag %(flag)s (%(kind)s).")
            yield Violation("visit_hard_stop", sentence % {"visit": visit, "on": on, "flag": flag, "kind": kind})


_DEAD = """
SELECT v.public_id, CAST(v."on" AS text), p.public_id, CAST(p.died_on AS text)
  FROM treatments_patient p JOIN treatments_appointment v ON v.patient_id = p.id
 WHERE p.died_on IS NOT NULL AND v."on" >= p.died_on AND v.state IN ('booked', 'arrived', 'checked', 'in_room')
 ORDER BY v.id
"""


def _dead(connection: BaseDatabaseWrapper) -> Iterator[Violation]:
    for visit, on, patient, died_on in _rows(connection, _DEAD):
        sentence = _("Visit %(visit)s goes ahead on %(on)s, and patient %(patient)s died on %(died)s.")
        names = {"visit": visit, "on": on, "patient": patient, "died": died_on}
        yield Violation("visit_hard_stop", sentence % names)


_COSMETIC = """
SELECT v.public_id, CAST(v."on" AS text), p.public_id, CAST(p.born_on AS text), i.id, i.min_age_years,
       coalesce(pr.code, k.product)
  FROM treatments_indication i
  JOIN treatments_course k ON k.indication_id = i.id
  JOIN treatments_appointment_courses vc ON vc.course_id = k.id
  JOIN treatments_appointment v ON v.id = vc.appointment_id
  JOIN treatments_patient p ON p.id = v.patient_id
  LEFT JOIN treatments_service s ON s.id = v.service_id
  LEFT JOIN treatments_product pr ON pr.id = v.product_id
 WHERE i.kind = 'aesthetic' AND v.state IN ('booked', 'arrived', 'checked', 'in_room')
   AND (s.id IS NULL OR s.is_treatment)
 ORDER BY v.id, i.id
"""
_LICENCES = """
SELECT l.indication_id, p.code, l.min_age_years FROM treatments_licence l
  LEFT JOIN treatments_product p ON p.id = l.product_id WHERE l.effective_until IS NULL
"""


def _under_age(connection: BaseDatabaseWrapper) -> Iterator[Violation]:
    licences = {(area, product): years for area, product, years in _rows(connection, _LICENCES)}
    for visit, on, patient, born_on, area, least, product in _rows(connection, _COSMETIC):
        licensed = licences.get((area, product), licences.get((area, None)))
        years = max(18, licensed or least or 0)
        day, birth = day_of(on), day_of(born_on)
        if day and birth and _age(birth, day) < years:
            sentence = _("Visit %(visit)s goes ahead on %(on)s, when patient %(patient)s is under %(years)d.")
            names = {"visit": visit, "on": on, "patient": patient, "years": years}
            yield Violation("visit_hard_stop", sentence % names)


def _age(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


# ---- treatments ----

_FULL = """
SELECT g.course_id, g.id, t.public_id, CAST(t.performed_on AS text), CAST(g.repeat_from AS text),
       CAST(g.previous_until AS text), t.elsewhere,
       t.incident_reason <> '' OR max(CASE WHEN CAST(d.rules AS text) LIKE '%interval%' THEN 1 ELSE 0 END) = 1
  FROM treatments_coursetreatment g JOIN treatments_treatment t ON t.id = g.treatment_id
  LEFT JOIN treatments_visitoverride d ON d.appointment_id = t.appointment_id AND d."on" = t.performed_on
 WHERE t.kind = 'full' AND t.voided_at IS NULL
 GROUP BY g.course_id, g.id, t.id
 ORDER BY g.course_id, g.id
"""


def _too_close(connection: BaseDatabaseWrapper) -> Iterator[Violation]:
    """The one that was written later has to carry a reason of its own, unless another clinic gave it."""
    of_course: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for course, _pk, *given in _rows(connection, _FULL):
        of_course[course].append(tuple(given))
    for given_in_order in of_course.values():
        for one, later in combinations(given_in_order, 2):
            reason, elsewhere = later[5], later[4]
            if not reason and not elsewhere and _close(*sorted((one, later), key=lambda given: given[1])):
                sentence = _("Treatment %(later)s lies too close to %(one)s and carries no reason.")
                yield Violation("treatment_interval", sentence % {"later": later[0], "one": one[0]})


def _close(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    """By either record's own interval. The days are text of one spelling, in the order of time."""
    repeat_from, previous_until = before[2], after[3]
    return bool((repeat_from and after[1] < repeat_from) or (previous_until and before[1] > previous_until))


# ---- who owns what ----

_TWO_PATIENTS = """
SELECT 'treatment_patient', t.public_id, a.public_id, b.public_id
  FROM treatments_coursetreatment g
  JOIN treatments_treatment t ON t.id = g.treatment_id JOIN treatments_course k ON k.id = g.course_id
  JOIN treatments_patient a ON a.id = t.patient_id JOIN treatments_patient b ON b.id = k.patient_id
 WHERE a.id <> b.id
UNION ALL
SELECT 'visit_patient', v.public_id, a.public_id, b.public_id
  FROM treatments_appointment_courses vc
  JOIN treatments_appointment v ON v.id = vc.appointment_id JOIN treatments_course k ON k.id = vc.course_id
  JOIN treatments_patient a ON a.id = v.patient_id JOIN treatments_patient b ON b.id = k.patient_id
 WHERE a.id <> b.id
UNION ALL
SELECT 'treatment_visit', t.public_id, a.public_id, b.public_id
  FROM treatments_treatment t JOIN treatments_appointment v ON v.id = t.appointment_id
  JOIN treatments_patient a ON a.id = t.patient_id JOIN treatments_patient b ON b.id = v.patient_id
 WHERE a.id <> b.id
"""


def _of_two_patients(connection: BaseDatabaseWrapper) -> Iterator[Violation]:
    for rule, public_id, one, other in _rows(connection, _TWO_PATIENTS):
        what = {
            "treatment_patient": _("Treatment %(id)s of patient %(one)s gives to a course of patient %(other)s."),
            "visit_patient": _("Visit %(id)s of patient %(one)s is for a course of patient %(other)s."),
            "treatment_visit": _("Treatment %(id)s of patient %(one)s belongs to a visit of patient %(other)s."),
        }
        yield Violation(rule, what[rule] % {"id": public_id, "one": one, "other": other})


_MARKED = """
SELECT v.public_id, v.override_by, CAST(v."on" AS text)
  FROM treatments_appointment v
  LEFT JOIN treatments_visitoverride o ON o.appointment_id = v.id AND o."on" = v."on" AND o.by = v.override_by
 WHERE v.override_by <> '' AND o.id IS NULL
"""


def _override_without_its_row(connection: BaseDatabaseWrapper) -> Iterator[Violation]:
    for visit, by, on in _rows(connection, _MARKED):
        sentence = _("Visit %(visit)s says that %(by)s overrode a stop on %(on)s, and no such override is recorded.")
        yield Violation("visit_override", sentence % {"visit": visit, "by": by, "on": on})


_MERGED = """
SELECT p.public_id, 'appointment', count(*) FROM treatments_patient p
  JOIN treatments_appointment r ON r.patient_id = p.id WHERE p.merged_into_id IS NOT NULL GROUP BY p.public_id
UNION ALL SELECT p.public_id, 'course', count(*) FROM treatments_patient p
  JOIN treatments_course r ON r.patient_id = p.id AND r.stopped_on IS NULL  -- an emptied one stays behind, stopped
 WHERE p.merged_into_id IS NOT NULL GROUP BY p.public_id
UNION ALL SELECT p.public_id, 'flag', count(*) FROM treatments_patient p
  JOIN treatments_flag r ON r.patient_id = p.id WHERE p.merged_into_id IS NOT NULL GROUP BY p.public_id
UNION ALL SELECT p.public_id, 'treatment', count(*) FROM treatments_patient p
  JOIN treatments_treatment r ON r.patient_id = p.id WHERE p.merged_into_id IS NOT NULL GROUP BY p.public_id
UNION ALL SELECT p.public_id, 'answer', count(*) FROM treatments_patient p
  JOIN treatments_safetyanswer r ON r.patient_id = p.id WHERE p.merged_into_id IS NOT NULL GROUP BY p.public_id
UNION ALL SELECT p.public_id, 'consent', count(*) FROM treatments_patient p
  JOIN treatments_consent r ON r.patient_id = p.id WHERE p.merged_into_id IS NOT NULL GROUP BY p.public_id
"""


def _merged_away(connection: BaseDatabaseWrapper) -> Iterator[Violation]:
    owned: dict[str, list[str]] = defaultdict(list)
    for patient, what, number in _rows(connection, _MERGED):
        owned[patient].append(f"{what} ({number})")
    for patient, rows in owned.items():
        sentence = _("Patient %(patient)s was merged into another and still owns: %(rows)s.")
        yield Violation("patient_merged", sentence % {"patient": patient, "rows": ", ".join(rows)})
