"""Two records of one person become one; everything is judged again, and it can be undone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from clinic.formats import moment
from treatments.models import (
    Appointment,
    Consent,
    ContactAttempt,
    ContactConsent,
    Course,
    CourseTreatment,
    EarlierWish,
    Flag,
    Message,
    Patient,
    PatientLink,
    PatientMerge,
    PatientRequest,
    Reminder,
    SafetyAnswer,
    SlotHold,
    Treatment,
)
from treatments.models.fields import REASON_LENGTH, no_hidden_characters
from treatments.queries import history
from treatments.queries import merges as find
from treatments.queries.rulebook import rulebook
from treatments.rules.vocabulary import GOING_AHEAD, AppointmentState
from treatments.services import courses, patients, replies
from treatments.services.acts import act

_OWNED: tuple[type[models.Model], ...] = (
    Flag, SafetyAnswer, Consent, EarlierWish, Message, PatientLink, PatientRequest,
)  # fmt: skip
"""What a patient owns and the merge hands over as it is. Treatments, courses and visits need more care."""
_SAID = "contact_consent"  # in `moved`, beside the rows


@act
def merge(kept: Patient, gone: Patient, *, reason: str, by: str, at: datetime) -> PatientMerge:
    """Hand everything of `gone` over to `kept`. Future visits that are no longer allowed go on hold.

    Refused where both have a visit at one time: one of the two has to be moved or cancelled first.
    """
    kept, gone = _both(kept, gone)
    _check(kept, gone, reason)
    moved: dict[str, Any] = {model.__name__: _hand_over(model, gone, kept) for model in _OWNED}
    moved[_SAID] = _keep_the_no(kept, gone, by=by, at=at)
    _explain_intervals(kept, gone, by=by, at=at)
    moved["Course"] = _hand_over_courses(gone, kept)
    moved["Reminder"] = _hand_over_reminders(gone, kept)
    moved["Treatment"] = _hand_over(Treatment, gone, kept)
    visits = list(_visits(Appointment.objects.filter(patient=gone)))
    moved["Appointment"] = [visit.pk for visit in visits]
    _give_visits(visits, kept, by=by, at=at)
    _settle_courses(kept, at=at)
    moved["ContactAttempt"] = _give_attempts(gone, kept)
    moved["stopped"] = _stop_empty_courses(gone, kept, at=at)
    SlotHold.objects.filter(patient=gone).delete()
    _mark(gone, merged_into=kept)
    gone.search_keys.all().delete()
    done = PatientMerge.objects.create(kept=kept, gone=gone, by=by, at=at, reason=reason.strip(), moved=moved)
    _recorded("patient.merged", done, by=by, at=at, reason=reason)
    _judged_again(kept, gone, by=by, at=at)
    return done


@act
def undo(done: PatientMerge, *, by: str, at: datetime) -> PatientMerge:
    """Hand back what came over, with what was added to it since. What else was recorded stays with the kept one.

    A visit that the merge put on hold stays on hold, and a reason that it gave to a treatment stays on it.
    """
    kept, gone = _both(done.kept, done.gone)
    done = PatientMerge.objects.select_for_update().get(pk=done.pk)
    if done.undone_at or gone.merged_into_id != kept.pk:
        raise ValidationError(_("This merge has been undone already."))
    if kept.merged_into_id:
        raise ValidationError(_("The record that was kept has itself been merged since. Undo that merge first."))
    moved = done.moved
    for model in _OWNED:
        model._default_manager.filter(pk__in=moved.get(model.__name__, ()), patient=kept).update(patient=gone)
    _hand_back_reminders(moved.get("Reminder", ()), kept, gone)
    for pk in moved["Course"]:
        Course.objects.filter(pk=pk, patient=kept).update(patient=gone)
    Course.objects.filter(pk__in=moved["stopped"]).update(stopped_on=None, stopped_reason="", version=F("version") + 1)
    Message.objects.filter(appointment__in=moved["Appointment"], patient=kept).update(patient=gone)  # made since, too
    given = find.with_what_followed(moved["Treatment"], moved["Appointment"], kept)
    Treatment.objects.filter(pk__in=given, patient=kept).update(patient=gone)
    _give_visits(_visits(Appointment.objects.filter(pk__in=moved["Appointment"], patient=kept)), gone, by=by, at=at)
    for patient in (gone, kept):
        _settle_courses(patient, at=at)
    _give_attempts(kept, gone, only=moved.get("ContactAttempt", ()))
    _mark(gone, merged_into=None)
    patients.write_keys(gone)
    _give_back_consent(kept, gone, moved.get(_SAID), since=done.at, by=by, at=at)
    done.undone_by, done.undone_at = by, at
    done.save(update_fields=["undone_by", "undone_at"])
    _recorded("patient.merge_undone", done, by=by, at=at)
    _judged_again(kept, gone, by=by, at=at)
    return done


def refusal(kept: Patient, gone: Patient) -> str:
    """Why the two records cannot become one as they are, in a sentence; "" where they can."""
    if kept.pk == gone.pk:
        return _("Choose two different records.")
    if kept.merged_into_id or gone.merged_into_id:
        return _("One of the two records has been merged already.")
    if kept.born_on != gone.born_on:
        return _("The dates of birth differ. Correct the wrong one first.")
    if bool(kept.died_on) != bool(gone.died_on):
        return _("One of the two records says that the patient has died. Correct that first.")
    if clash := find.clash(kept, gone):
        said = {"one": clash[0].public_id, "two": clash[1].public_id, "when": moment(clash[0].starts_at)}
        return _("Visits %(one)s and %(two)s are at the same time (%(when)s). Move or cancel one first.") % said
    return ""


def _check(kept: Patient, gone: Patient, reason: str) -> None:
    if why_not := refusal(kept, gone):
        raise ValidationError(why_not)
    if len(reason.strip()) < REASON_LENGTH:
        raise ValidationError({"reason": _("Say in 10 characters or more why they are the same person.")})
    no_hidden_characters(reason)


def _both(kept: Patient, gone: Patient) -> tuple[Patient, Patient]:
    """Both as they are now, locked in one order."""
    rows = {row.pk: row for row in Patient.objects.select_for_update().filter(pk__in=[kept.pk, gone.pk]).order_by("pk")}
    return rows[kept.pk], rows[gone.pk]


def _mark(gone: Patient, *, merged_into: Patient | None) -> None:
    gone.merged_into = merged_into
    gone.version += 1
    gone.save(update_fields=["merged_into", "version"])


def _hand_over(model: type[models.Model], gone: Patient, kept: Patient) -> list[int]:
    rows: Any = model._default_manager.filter(patient=gone)
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    model._default_manager.filter(pk__in=ids).update(patient=kept)
    return ids


def _explain_intervals(kept: Patient, gone: Patient, *, by: str, at: datetime) -> None:
    """Two full treatments may turn out to lie too close: the later record says why, before they meet."""
    for row in find.too_close(kept, gone):
        said = _("Treatments of two records that were merged lie closer than the minimum interval.")
        Treatment.objects.filter(pk=row.pk, incident_reason="").update(incident_reason=said)
        audit.record("treatment.incident_noted", row, by=by, at=at, patient=row.patient.public_id, reason=said)


def _visits(rows: models.QuerySet[Appointment]) -> Iterable[Appointment]:
    return rows.select_related("product", "service").prefetch_related("courses__indication").order_by("pk")


def _give_visits(visits: Iterable[Appointment], to: Patient, *, by: str, at: datetime) -> None:
    """The visits change hands one by one; what may not go ahead for `to` is on hold from that moment."""
    facts, book = history.facts(to), rulebook(timezone.localtime(at).date())
    for visit in visits:
        visit.patient = to
        if AppointmentState(visit.state) in GOING_AHEAD:
            standing = courses.not_overridden(visit, courses.judge(visit, facts, book))
            if standing:
                courses.hold(visit, standing, by=by, at=at)
        visit.save(update_fields=["patient", "state", "state_by", "state_at", "state_reason", "version"])


# ---- consent ----


def _keep_the_no(kept: Patient, gone: Patient, *, by: str, at: datetime) -> str | None:
    """Whoever stopped reminders under one record has stopped them. What `kept` said before, where that changes it."""
    before = kept.contact_consent
    if gone.contact_consent != ContactConsent.NO or before == ContactConsent.NO:
        return None
    reason = _("Said no to reminders in the record that was merged.")
    patients.amend(kept, changes={"contact_consent": ContactConsent.NO.value}, reason=reason, by=by, at=at)
    return before


def _give_back_consent(
    kept: Patient, gone: Patient, before: str | None, *, since: datetime, by: str, at: datetime
) -> None:
    """What the merge made a no is what it was, unless somebody has changed it since.

    Whoever has said no since then may be either of the two: it holds for both.
    """
    if replies.said_no(kept, since=since):
        reason = _("Said no to reminders while the two records were one.")
        patients.amend(gone, changes={"contact_consent": ContactConsent.NO.value}, reason=reason, by=by, at=at)
    elif before is not None and Patient.objects.get(pk=kept.pk).contact_consent == ContactConsent.NO:
        reason = _("The merge that had made it a no was undone.")
        patients.amend(kept, changes={"contact_consent": before}, reason=reason, by=by, at=at)


# ---- courses ----


def _hand_over_courses(gone: Patient, kept: Patient) -> list[int]:
    """The courses that only `gone` had come over whole."""
    own = Course.objects.filter(patient=kept).values("indication")
    ids = list(
        Course.objects.filter(patient=gone).exclude(indication__in=own).order_by("pk").values_list("pk", flat=True)
    )
    Course.objects.filter(pk__in=ids).update(patient=kept)
    return ids


def _hand_over_reminders(gone: Patient, kept: Patient) -> list[int]:
    """What somebody was reminded of under one record, nobody reminds them of under the other: the step stays taken.

    Where both have had the same step of the same cycle, the one that is left behind says nothing more.
    """
    own = {course.indication_id: course for course in Course.objects.filter(patient=kept)}
    moved = []
    left = Reminder.objects.filter(course__patient=gone, course__indication__in=own).select_related("course")
    for row in left.order_by("pk"):
        to = own[row.course.indication_id]
        if not to.reminders.filter(cycle_on=row.cycle_on, step=row.step_id, refused=False).exists():
            Reminder.objects.filter(pk=row.pk).update(course=to)
            moved.append(row.pk)
    return moved


def _hand_back_reminders(moved: Iterable[int], kept: Patient, gone: Patient) -> None:
    own = {course.indication_id: course for course in Course.objects.filter(patient=gone)}
    for row in Reminder.objects.filter(pk__in=moved, course__patient=kept).select_related("course"):
        Reminder.objects.filter(pk=row.pk).update(course=own[row.course.indication_id])


def _settle_courses(patient: Patient, *, at: datetime) -> None:
    """Whatever of this patient stands in a course of somebody else's goes to the same course of the patient's own."""
    on = timezone.localtime(at).date()
    given = CourseTreatment.objects.filter(treatment__patient=patient).exclude(course__patient=patient)
    for row in given.select_related("course__indication").order_by("pk"):
        (own,) = courses.ensure(patient, [row.course.indication], on=on)
        CourseTreatment.objects.filter(pk=row.pk).update(course=own)
    links = Appointment.courses.through.objects.filter(appointment__patient=patient).exclude(course__patient=patient)
    for link in links.select_related("course__indication").order_by("pk"):
        (own,) = courses.ensure(patient, [link.course.indication], on=on)
        links.filter(pk=link.pk).update(course=own)


def _give_attempts(giver: Patient, taker: Patient, *, only: Iterable[int] | None = None) -> list[int]:
    """Contacts about a course that both have go to that of the other."""
    own = {course.indication_id: course for course in taker.courses.all()}
    rows = ContactAttempt.objects.filter(course__patient=giver).select_related("course").order_by("pk")
    given = [row for row in (rows if only is None else rows.filter(pk__in=only)) if row.course.indication_id in own]
    for row in given:
        ContactAttempt.objects.filter(pk=row.pk).update(course=own[row.course.indication_id])
    return [row.pk for row in given]


def _stop_empty_courses(gone: Patient, kept: Patient, *, at: datetime) -> list[int]:
    """Nobody is asked in for what is left behind."""
    left = Course.objects.filter(patient=gone, stopped_on__isnull=True)
    ids = list(left.order_by("pk").values_list("pk", flat=True))
    Course.objects.filter(pk__in=ids).update(
        stopped_on=timezone.localtime(at).date(),
        stopped_reason=_("Merged into %(id)s") % {"id": kept.public_id},
        version=F("version") + 1,
    )
    return ids


def _judged_again(kept: Patient, gone: Patient, *, by: str, at: datetime) -> None:
    for patient in (kept, gone):
        courses.fact_changed(patient, by=by, at=at)


def _recorded(verb: str, done: PatientMerge, *, by: str, at: datetime, reason: str = "") -> None:
    for patient, other in ((done.kept, done.gone), (done.gone, done.kept)):
        audit.record(
            verb, patient, by=by, at=at, patient=patient.public_id, reason=reason, details={"with": other.public_id}
        )
