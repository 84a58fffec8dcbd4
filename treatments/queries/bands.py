"""Where a course stands on a day, by the dates that are stored on it."""

from __future__ import annotations

from datetime import date

from treatments.models import Course
from treatments.rules.intervals import Forecast, band_on
from treatments.rules.vocabulary import Band


def stored_band(course: Course, day: date, *, held: bool, died_on: date | None) -> Band:
    """`intervals.band_on` without a query. `held`: a stop from a flag is in force on the course that day."""
    stored = Forecast(
        course.indication.code,
        course.earliest_on,
        due_from=course.due_from,
        due_until=course.due_until,
        overdue_from=course.overdue_from,
        lapsed_from=course.lapsed_from,
        doubt=course.doubt,
    )
    stopped = any(ended_on <= day for ended_on in (course.stopped_on, died_on) if ended_on)
    band = band_on(stored, day, stopped=stopped)
    return Band.ON_HOLD if held and band != Band.STOPPED else band
