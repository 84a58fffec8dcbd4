"""What came of a call: the contact is kept, and the course rests until the day on which it is called again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from clinic.formats import day
from clinic.models import AuditEvent
from treatments.models import ContactAttempt, Course
from treatments.models.fields import no_hidden_characters
from treatments.models.patients import ContactConsent
from treatments.rules.calls import BACK_AFTER, LONGEST_SNOOZE, SOON
from treatments.rules.vocabulary import Outcome, Way
from treatments.services import call_list, courses, effects, patients, people, replies
from treatments.services.acts import act

_CHANGES = {Outcome.STOP: {"contact_consent": ContactConsent.NO.value}, Outcome.WRONG_NUMBER: {"phone": ""}}
_SAME_CALL = (Outcome.NO_ANSWER, Outcome.LEFT_MESSAGE, Outcome.WILL_CALL)


@act
def log(
    course: Course,
    *,
    outcome: Outcome,
    by: str,
    at: datetime,
    way: Way = Way.PHONE,
    until: date | None = None,
    reason: str = "",
    worn_off_on: date | None = None,
    still_working_on: date | None = None,
) -> ContactAttempt:
    """Keep what came of one contact. The course leaves the call list until its day: 2, 5 or 7 days, or `until`.

    Nobody is called twice in a row: what the same call says of the patient's other courses that are up, rests too.
    Stop sets the consent to no, a wrong number is taken off the record; both stay in the audit trail. What the patient
    said of the effect is noted with it, and stays where the contact is taken back.
    """
    people.locked(course.patient)
    course = Course.objects.select_related("patient", "indication").get(pk=course.pk)
    on = timezone.localtime(at).date()
    _must_be_called(course, on=on)
    back = _back_on(outcome, until, reason, on=on)
    attempt = _added(course, outcome, way, back, reason, by=by, at=at)
    if worn_off_on or still_working_on:
        effects.note(course, worn_off_on=worn_off_on, still_working_on=still_working_on, by=by, at=at)
    if outcome in _SAME_CALL:
        for other in _others_up(course, on=on):
            _added(other, outcome, way, back, reason, by=by, at=at)
    if changes := _CHANGES.get(outcome):
        patients.amend(course.patient, changes=changes, reason=_said(outcome), by=by, at=at)
    audit.record(
        "contact.logged",
        attempt,
        by=by,
        at=at,
        patient=course.patient.public_id,
        reason=reason.strip(),
        details={"course": course.indication.code, "outcome": outcome.value, "way": way.value, "back_on": back},
    )
    return attempt


def _must_be_called(course: Course, *, on: date) -> None:
    """Refuse a contact that nobody should have, in a sentence."""
    patient = course.patient
    if patient.merged_into_id:
        raise ValidationError(_("This record was merged into another one. Log the contact there."))
    if patient.died_on:
        raise ValidationError(_("The patient died on %(day)s. Nobody is called.") % {"day": day(patient.died_on)})
    if course.stopped_on:
        said = {"day": day(course.stopped_on)}
        raise ValidationError(_("This course was stopped on %(day)s. Let it run again first.") % said)


def _back_on(outcome: Outcome, until: date | None, reason: str, *, on: date) -> date | None:
    """The day on which the course is on the list again."""
    if outcome != Outcome.NOT_NOW:
        return on + BACK_AFTER[outcome] if outcome in BACK_AFTER else None
    wrong: dict[str, str] = {}
    if until is None:
        wrong["until"] = _("Choose when to call again.")
    elif until <= on:
        wrong["until"] = _("Snooze date must be after today.")
    elif until > on + LONGEST_SNOOZE:
        wrong["until"] = _("Choose a date before %(day)s, or stop reminders.") % {
            "day": day(on + LONGEST_SNOOZE + timedelta(days=1))
        }
    if not reason.strip():
        wrong["reason"] = _("Say why not now.")
    if wrong:
        raise ValidationError(wrong)
    try:
        no_hidden_characters(reason)
    except ValidationError as error:
        raise ValidationError({"reason": error.messages}) from error
    return until


def _added(
    course: Course, outcome: Outcome, way: Way, back: date | None, reason: str, *, by: str, at: datetime
) -> ContactAttempt:
    attempt = ContactAttempt(
        course=course,
        cycle_on=course.last_treated_on,
        at=at,
        by=by,
        way=way.value,
        outcome=outcome.value,
        reason=reason.strip(),
        snoozed_until=back,
    )
    attempt.clean_fields(exclude=["course"])
    attempt.save(force_insert=True)
    if back:
        call_list.keep([course.patient_id])
    return attempt


def _others_up(course: Course, *, on: date) -> Iterable[Course]:
    """The patient's other running courses that the same call was about: due by now or soon, or to be booked again."""
    up = Q(due_from__lte=on + SOON) | Q(rebook_since__isnull=False)
    return Course.objects.filter(up, patient=course.patient, stopped_on__isnull=True).exclude(pk=course.pk)


def _said(outcome: Outcome) -> str:
    return _("Asked for no more reminders.") if outcome == Outcome.STOP else _("Wrong number, said on the telephone.")


@act
def undo(attempt: ContactAttempt, *, by: str, at: datetime) -> ContactAttempt:
    """Take a contact back: the course is where it was, and so are the consent and the number that it changed."""
    patient = people.locked(attempt.course.patient)
    attempt = ContactAttempt.objects.select_related("course__patient").get(pk=attempt.pk)
    if attempt.undone_at:
        raise ValidationError(_("This contact was taken back already."))
    same = ContactAttempt.objects.filter(
        course__patient=attempt.course.patient_id,
        at=attempt.at,
        by=attempt.by,
        outcome=attempt.outcome,
        undone_at__isnull=True,
    )
    same.update(undone_by=by, undone_at=at)
    call_list.keep([patient.pk])
    if restored := _restored(attempt):
        reason = _("The contact was taken back.")
        patients.amend(patient, changes=restored, reason=reason, by=by, at=at)
    audit.record("contact.undone", attempt, by=by, at=at, patient=patient.public_id)
    attempt.refresh_from_db()
    return attempt


def _restored(attempt: ContactAttempt) -> dict[str, str]:
    """What the contact changed of the patient, as it was before; nothing where it has been said or changed since."""
    changes, patient = _CHANGES.get(Outcome(attempt.outcome), {}), attempt.course.patient
    told = AuditEvent.objects.filter(
        verb="patient.amended", object_id=patient.public_id, at=attempt.at, by=attempt.by
    ).first()
    if told is None or any(getattr(patient, name) != value for name, value in changes.items()):
        return {}
    if "contact_consent" in changes and replies.said_no(patient, since=attempt.at):
        return {}
    return {name: told.details[name][0] for name in changes if name in told.details}


@act
def close(course: Course, *, by: str, at: datetime) -> Course:
    """Nobody is called for this course any more until its next full treatment."""
    if course.stopped_on:
        raise ValidationError(_("This course was stopped on %(day)s.") % {"day": day(course.stopped_on)})
    return courses.stop(course, reason=_(courses.UNTIL_TREATED), by=by, at=at)


@act
def reopen(course: Course, *, by: str, at: datetime) -> Course:
    """Take the closing back."""
    course = Course.objects.select_related("patient", "indication").get(pk=course.pk)
    if course.stopped_on is None or course.stopped_reason != _(courses.UNTIL_TREATED):
        raise ValidationError(_("This course was not closed from the call list, or it runs already."))
    return courses.stop(course, reason="", by=by, at=at)
