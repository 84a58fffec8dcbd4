"""The due window that a person sets: it stands beside the computed one until the next full treatment."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from clinic.formats import day
from treatments.models import Course
from treatments.services import courses, people, stale
from treatments.services.acts import act

FARTHEST_DAYS = 2 * 366
_SET = ("set_from", "set_until", "set_reason", "set_by", "set_at", "set_cycle_on", "version")


@act
def set_window(
    course: Course,
    *,
    due_from: date,
    due_until: date,
    reason: str,
    by: str,
    at: datetime,
    version: int | None = None,
) -> Course:
    """Say from when to when the patient is to be asked in. Never before the earliest day; the next full treatment ends it."""
    course = _locked(course, version)
    _check(course, due_from, due_until, reason, on=timezone.localtime(at).date())
    course.set_from, course.set_until, course.set_reason = due_from, due_until, reason.strip()
    course.set_by, course.set_at, course.set_cycle_on = by, at, course.last_treated_on
    details = {"due_from": due_from, "due_until": due_until, "was": [course.due_from, course.due_until]}
    return _saved(course, "course.due_set", by=by, at=at, reason=reason, details=details)


@act
def use_computed(course: Course, *, by: str, at: datetime, version: int | None = None) -> Course:
    """Take back the window that a person set: the computed one rules again."""
    course = _locked(course, version)
    if course.set_from is None:
        return course
    details: dict[str, object] = {"was": [course.set_from, course.set_until], "set_by": course.set_by}
    course.set_from = course.set_until = course.set_at = course.set_cycle_on = None
    course.set_reason = course.set_by = ""
    return _saved(course, "course.due_computed", by=by, at=at, reason="", details=details)


def _locked(course: Course, version: int | None) -> Course:
    people.locked(course.patient)
    fresh = Course.objects.select_related("patient", "indication").get(pk=course.pk)
    stale.check(fresh, version)
    return fresh


def _check(course: Course, due_from: date, due_until: date, reason: str, *, on: date) -> None:
    """What no window set by hand can be, in one sentence per field."""
    if course.last_treated_on is None:
        raise ValidationError(_("No full treatment is on record, so nothing is due and no day can be set."))
    wrong: dict[str, str] = {}
    farthest = on + timedelta(days=FARTHEST_DAYS)
    if due_from < course.earliest_on:
        wrong["due_from"] = _("The window cannot open before the earliest day, %(day)s.") % {
            "day": day(course.earliest_on)
        }
    if due_until < due_from:
        wrong["due_until"] = _("The last good day must be the same as or after the first.")
    elif due_until < on:
        wrong["due_until"] = _("The last good day must not be in the past.")
    elif due_until > farthest:
        wrong["due_until"] = _("Choose a day before %(day)s, or stop the course.") % {"day": day(farthest)}
    if not reason.strip():
        wrong["reason"] = _("Say why the day is set.")
    elif len(reason.strip()) > 200:
        wrong["reason"] = _("Say it in 200 characters or fewer.")
    if wrong:
        raise ValidationError(wrong)
    try:
        Course._meta.get_field("set_reason").run_validators(reason.strip())
    except ValidationError as error:
        raise ValidationError({"reason": error.messages}) from error


def _saved(course: Course, verb: str, *, by: str, at: datetime, reason: str, details: dict[str, object]) -> Course:
    course.version += 1
    course.save(update_fields=_SET)
    courses.refresh([course.patient_id], on=timezone.localtime(at).date())
    audit.record(verb, course, by=by, at=at, patient=course.patient.public_id, reason=reason.strip(), details=details)
    course.refresh_from_db()
    return course
