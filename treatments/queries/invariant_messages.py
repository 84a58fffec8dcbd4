"""What no message may be: sent twice, without its step, about somebody else's visit. Part of `invariants`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _


def broken(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    """Rule and sentence of every message that should not be as it is."""
    yield from _reminded_twice(connection)
    yield from _without_its_step(connection)
    yield from _of_another_patient(connection)


def _rows(connection: BaseDatabaseWrapper, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


_TWICE = """
SELECT k.id, CAST(r.cycle_on AS text), s.code, count(*)
  FROM treatments_reminder r
  JOIN treatments_message m ON m.id = r.message_id AND m.state <> 'dropped'
  JOIN treatments_contactstep s ON s.id = r.step_id JOIN treatments_course k ON k.id = r.course_id
 WHERE NOT r.refused
 GROUP BY k.id, r.cycle_on, s.id, s.code HAVING count(*) > 1
 ORDER BY k.id
"""
_TOLD_TWICE = """
SELECT v.public_id, CAST(v."on" AS text), count(*)
  FROM treatments_message m JOIN treatments_appointment v ON v.id = m.appointment_id
 WHERE m.kind = 'tomorrow' AND m.state IN ('sent', 'claimed', 'uncertain') AND m.key LIKE '%' || CAST(v."on" AS text)
 GROUP BY v.public_id, v."on" HAVING count(*) > 1
 ORDER BY v.public_id
"""


def _reminded_twice(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    for course, cycle, step, number in _rows(connection, _TWICE):
        sentence = _("Course %(course)s, treated on %(cycle)s, has %(number)d messages for step %(step)s.")
        names = {"course": course, "cycle": cycle, "step": step, "number": number}
        yield "reminder_once", sentence % names
    for visit, on, number in _rows(connection, _TOLD_TWICE):
        sentence = _("Visit %(visit)s on %(on)s was told of %(number)d times on the day before.")
        yield "reminder_once", sentence % {"visit": visit, "on": on, "number": number}


_BARE = """
SELECT m.public_id, m.state FROM treatments_message m
  LEFT JOIN treatments_reminder r ON r.message_id = m.id
 WHERE m.kind = 'reminder' AND m.state IN ('sent', 'claimed', 'uncertain', 'waiting') AND r.id IS NULL
 ORDER BY m.id
"""


def _without_its_step(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    for message, state in _rows(connection, _BARE):
        sentence = _("Message %(message)s reminds somebody (%(state)s), and no step is kept with it.")
        yield "reminder_step", sentence % {"message": message, "state": state}


_OTHERS = """
SELECT m.public_id, a.public_id, b.public_id
  FROM treatments_message m JOIN treatments_patient a ON a.id = m.patient_id
  JOIN treatments_appointment v ON v.id = m.appointment_id JOIN treatments_patient b ON b.id = v.patient_id
 WHERE a.id <> b.id
 ORDER BY m.id
"""


def _of_another_patient(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    for message, one, other in _rows(connection, _OTHERS):
        sentence = _("Message %(message)s to patient %(one)s is about a visit of patient %(other)s.")
        yield "message_patient", sentence % {"message": message, "one": one, "other": other}
