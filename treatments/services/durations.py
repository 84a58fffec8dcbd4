"""What staff decide for one course about the learned duration: pinned, off, or as the clinic does."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from treatments.models import Course
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import CourseDuration, ScheduleKind
from treatments.services import courses, people, stale
from treatments.services.acts import act

MOST_DAYS = 1100


@act
def pin(course: Course, *, low_days: int, high_days: int, by: str, at: datetime, version: int | None = None) -> Course:
    """The window opens and closes so many days after each treatment, whatever is learned later."""
    course = _locked(course, version)
    if rulebook(timezone.localtime(at).date()).indications[course.indication.code].schedule.kind != ScheduleKind.WINDOW:
        raise ValidationError(_("This course has a fixed schedule: its window is not moved."))
    wrong: dict[str, str] = {}
    for name, days in (("low_days", low_days), ("high_days", high_days)):
        if not 1 <= days <= MOST_DAYS:
            wrong[name] = _("Enter a number of days from 1 to %(most)d.") % {"most": MOST_DAYS}
    if not wrong and high_days < low_days:
        wrong["high_days"] = _("The window must close on or after the day it opens.")
    if wrong:
        raise ValidationError(wrong)
    return _saved(course, CourseDuration.PINNED, low_days, high_days, by=by, at=at)


@act
def switch_off(course: Course, *, by: str, at: datetime, version: int | None = None) -> Course:
    """The usual window holds for this course, and nothing learned is shown."""
    return _saved(_locked(course, version), CourseDuration.OFF, None, None, by=by, at=at)


@act
def as_the_clinic(course: Course, *, by: str, at: datetime, version: int | None = None) -> Course:
    """What the clinic has decided holds for this course too."""
    return _saved(_locked(course, version), CourseDuration.CLINIC, None, None, by=by, at=at)


def _locked(course: Course, version: int | None) -> Course:
    people.locked(course.patient)
    fresh = Course.objects.select_related("patient", "indication").get(pk=course.pk)
    stale.check(fresh, version)
    return fresh


def _saved(
    course: Course, mode: CourseDuration, low_days: int | None, high_days: int | None, *, by: str, at: datetime
) -> Course:
    was = [course.duration_mode, course.pinned_low_days, course.pinned_high_days]
    now = [mode.value, low_days, high_days]
    if was == now:
        return course
    course.duration_mode, course.pinned_low_days, course.pinned_high_days = mode.value, low_days, high_days
    course.version += 1
    course.save(update_fields=["duration_mode", "pinned_low_days", "pinned_high_days", "version"])
    courses.refresh([course.patient_id], on=timezone.localtime(at).date())
    details = {"was": was, "now": now}
    audit.record("course.duration", course, by=by, at=at, patient=course.patient.public_id, details=details)
    course.refresh_from_db()
    return course
