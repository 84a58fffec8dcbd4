"""Which windows another setting of the learned duration would move. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from treatments.models import Course
from treatments.queries import choices, history
from treatments.queries.rulebook import rulebook
from treatments.rules.intervals import forecast
from treatments.rules.vocabulary import LearnedDuration

CHUNK = 200


@dataclass(frozen=True, slots=True)
class Move:
    """One window that would move: where it is and where it would be."""

    course: Course
    due_from: date | None
    due_until: date | None


def patients_who_taught() -> list[int]:
    """The patients of every course that has learned anything: nobody else's window depends on the setting."""
    rows = Course.objects.exclude(learned={}).order_by("patient").values_list("patient", flat=True)
    return list(rows.distinct())


def would_move(setting: LearnedDuration, *, on: date) -> list[Move]:
    """Every window that the setting would move, by patient."""
    book, moves = replace(rulebook(on), learned_duration=setting), []
    ids = patients_who_taught()
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        facts = history.facts_of(chunk)
        rows = Course.objects.filter(patient__in=chunk).exclude(learned={}).select_related("patient", "indication")
        for course in rows.order_by("patient", "pk"):
            found = forecast(course.indication.code, facts[course.patient_id], book, choice=choices.of(course))
            if (found.due_from, found.due_until) != (course.due_from, course.due_until):
                moves.append(Move(course, found.due_from, found.due_until))
    return moves
