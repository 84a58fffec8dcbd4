"""What the patient said of an effect, or what was seen of it: gone on a day, still there, gone when seen.

An observation, not a change of the record: it may be said again, and taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import audit
from clinic.formats import day
from treatments.models import Appointment, Course, CourseTreatment
from treatments.rules.vocabulary import TreatmentKind
from treatments.services import courses, people, stale
from treatments.services.acts import act

VOIDED = gettext_lazy("This treatment has been voided and can no longer be changed.")


@dataclass(frozen=True, slots=True)
class Said:
    """All that is known of the effect of one treatment in one course."""

    worn_off_on: date | None = None  # the day on which it had gone
    still_working_on: date | None = None  # it was still there on that day
    seen_gone_on: date | None = None  # it had gone by that day, nobody knows since when


def said_of(given: CourseTreatment) -> Said:
    return Said(given.worn_off_on, given.still_working_on, given.seen_gone_on)


def latest(course: Course, *, on: date) -> CourseTreatment | None:
    """The last valid full treatment of a course up to a day: the one whose effect people speak of."""
    rows = CourseTreatment.objects.filter(
        course=course,
        treatment__voided_at__isnull=True,
        treatment__kind=TreatmentKind.FULL.value,
        treatment__performed_on__lte=on,
    )
    return rows.select_related("treatment__patient", "course").order_by("-treatment__performed_on", "-pk").first()


@act
def note(
    course: Course,
    *,
    by: str,
    at: datetime,
    worn_off_on: date | None = None,
    still_working_on: date | None = None,
    seen_gone_on: date | None = None,
    version: int | None = None,
) -> CourseTreatment:
    """Add what was said of the effect of the last full treatment. What contradicts it is taken back, the rest stays."""
    people.locked(course.patient)
    given = latest(course, on=timezone.localtime(at).date())
    if given is None:
        raise ValidationError(_("No full treatment is on record, so there is no effect to speak of."))
    said = together(said_of(given), Said(worn_off_on, still_working_on, seen_gone_on))
    return correct(given, said, by=by, at=at, version=version)


@act
def note_of_visit(appointment: Appointment, said: str, *, by: str, at: datetime) -> None:
    """What is true today of the effect of last time, in every course of a visit that had one before today."""
    on = timezone.localtime(at).date()
    note_before(appointment.courses.order_by("pk"), Said(**{said: on}), on=on, by=by, at=at)


@act
def note_before(treated: Iterable[Course], said: Said, *, on: date, by: str, at: datetime) -> None:
    """What was said, on a day, of the full treatment before that day, in each of the courses that had one."""
    for course in treated:
        if given := latest(course, on=on - timedelta(days=1)):
            correct(given, together(said_of(given), said), by=by, at=at)


@act
def correct(
    given: CourseTreatment, said: Said, *, by: str, at: datetime, version: int | None = None
) -> CourseTreatment:
    """Put down all that is known of one effect in the place of what was there. `version` is that of the course."""
    people.locked(given.treatment.patient)
    given = CourseTreatment.objects.select_related("treatment__patient", "course").get(pk=given.pk)
    stale.check(given.course, version)
    before = said_of(given)
    if said == before:
        return given
    _check(given, said, on=timezone.localtime(at).date())
    for field in fields(said):
        setattr(given, field.name, getattr(said, field.name))
    CourseTreatment.objects.filter(pk=given.pk).update(
        worn_off_on=said.worn_off_on, still_working_on=said.still_working_on, seen_gone_on=said.seen_gone_on
    )
    Course.objects.filter(pk=given.course_id).update(version=F("version") + 1)
    given.course.version += 1
    courses.refresh([given.course.patient_id], on=timezone.localtime(at).date())
    audit.record(
        "effect.noted",
        given.treatment,
        by=by,
        at=at,
        patient=given.treatment.patient.public_id,
        details={
            field.name: [getattr(before, field.name), getattr(said, field.name)]
            for field in fields(said)
            if getattr(before, field.name) != getattr(said, field.name)
        },
    )
    return given


def together(known: Said, new: Said) -> Said:
    """What is known and what is said now; where the two cannot both be true, what is said now."""
    gone, still, seen = known.worn_off_on, known.still_working_on, known.seen_gone_on
    for said in (new.worn_off_on, new.seen_gone_on):
        if said and still and still >= said:
            still = None
    if new.worn_off_on and seen and seen < new.worn_off_on:
        seen = None
    if new.seen_gone_on and gone and gone > new.seen_gone_on:
        gone = None
    if new.still_working_on:
        gone = None if gone and gone <= new.still_working_on else gone
        seen = None if seen and seen <= new.still_working_on else seen
    kept = replace(known, worn_off_on=gone, still_working_on=still, seen_gone_on=seen)
    return replace(kept, **{f.name: getattr(new, f.name) for f in fields(new) if getattr(new, f.name)})


def _check(given: CourseTreatment, said: Said, *, on: date) -> None:
    """What no effect can be, in one sentence per field."""
    treatment = given.treatment
    if treatment.voided_at:
        raise ValidationError(VOIDED)
    until, wrong = _ends(given, on), {}
    for field in fields(said):
        value = getattr(said, field.name)
        if value and not treatment.performed_on <= value <= until:
            between = {"from": day(treatment.performed_on), "until": _("today") if until == on else day(until)}
            wrong[field.name] = _("The day must lie between the treatment, %(from)s, and %(until)s.") % between
    if not wrong:
        wrong = _contradictions(said)
    if wrong:
        raise ValidationError(wrong)


def _contradictions(said: Said) -> dict[str, str]:
    gone_by = min(filter(None, (said.worn_off_on, said.seen_gone_on)), default=None)
    if said.still_working_on and gone_by and said.still_working_on >= gone_by:
        return {"still_working_on": _("The effect cannot be there on a day on which it had gone.")}
    if said.worn_off_on and said.seen_gone_on and said.seen_gone_on < said.worn_off_on:
        return {"seen_gone_on": _("The effect cannot be seen gone before the day on which it went.")}
    return {}


def _ends(given: CourseTreatment, on: date) -> date:
    """The last day on which anybody can speak of this effect: that of the next full treatment, else today."""
    later = CourseTreatment.objects.filter(
        course=given.course_id,
        treatment__voided_at__isnull=True,
        treatment__kind=TreatmentKind.FULL.value,
        treatment__performed_on__gt=given.treatment.performed_on,
    )
    following: date | None = (
        later.order_by("treatment__performed_on").values_list("treatment__performed_on", flat=True).first()
    )
    return min(following, on) if following else on
