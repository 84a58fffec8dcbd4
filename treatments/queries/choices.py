"""Rows -> what staff decided for one course."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from treatments.rules.facts import CourseChoice, SetWindow
from treatments.rules.vocabulary import CourseDuration


def of(course: Any) -> CourseChoice:
    """What staff decided for a course, or for a row with its columns; no query."""
    low, high = course.pinned_low_days, course.pinned_high_days
    pinned = (low, high) if low is not None and high is not None else None
    return CourseChoice(_window(course), CourseDuration(course.duration_mode), pinned)


def _window(course: Any) -> SetWindow | None:
    if not (course.set_from and course.set_until and course.set_at and course.set_cycle_on):
        return None
    return SetWindow(
        due_from=course.set_from,
        due_until=course.set_until,
        reason=course.set_reason,
        by=course.set_by,
        set_on=timezone.localtime(course.set_at).date(),
        cycle_on=course.set_cycle_on,
    )
