"""Flags: raised, reviewed, ended, or found to have been entered in error. Raising one is never refused."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from clinic.formats import day
from treatments.models import Flag, Patient
from treatments.models.fields import REASON_LENGTH
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import RuleBook
from treatments.services import courses, people, stale
from treatments.services.acts import act

_REVIEW_AFTER_DAYS = 90


def proposed_review(kind: str, on: date, book: RuleBook) -> date | None:
    """When to ask again: after the rule's own days, else after 90; None for what does not pass."""
    rule = book.contraindications[kind]
    return on + timedelta(days=rule.review_after_days or _REVIEW_AFTER_DAYS) if rule.time_limited else None


@act
def raise_flag(
    *,
    patient: Patient,
    kind: str,
    starts_on: date,
    by: str,
    at: datetime,
    ends_on: date | None = None,
    review_on: date | None = None,
    source: str = "",
    note: str = "",
) -> Flag:
    """Record a dated fact; future visits it covers go on hold in the same transaction."""
    patient = people.locked(patient)
    flag = Flag(
        patient=patient,
        kind=kind,
        starts_on=starts_on,
        ends_on=ends_on,
        review_on=review_on,
        source=source,
        note=note,
        raised_by=by,
        raised_at=at,
    )
    _check(flag, on=timezone.localtime(at).date())
    flag.save(force_insert=True)
    _changed("flag.raised", flag, by=by, at=at, details={"kind": kind, "starts_on": starts_on, "ends_on": ends_on})
    return flag


@act
def end(flag: Flag, *, ends_on: date, by: str, at: datetime, reason: str = "", version: int | None = None) -> Flag:
    """The first day on which it no longer holds. Visits on hold stay so until somebody releases them."""
    flag = _locked(flag, version)
    flag.ends_on, flag.ended_by, flag.review_on = ends_on, by, None
    _check(flag, on=timezone.localtime(at).date())
    flag.save(update_fields=["ends_on", "ended_by", "review_on", "version"])
    _changed("flag.ended", flag, by=by, at=at, reason=reason, details={"ends_on": ends_on})
    return flag


@act
def confirm(
    flag: Flag, *, review_on: date, by: str, at: datetime, reason: str = "", version: int | None = None
) -> Flag:
    """Still true: ask again on another day."""
    flag = _locked(flag, version)
    if review_on <= timezone.localtime(at).date():
        raise ValidationError({"review_on": _("The next review must be after today.")})
    flag.review_on = review_on
    flag.save(update_fields=["review_on", "version"])
    _changed("flag.confirmed", flag, by=by, at=at, reason=reason, details={"review_on": review_on})
    return flag


@act
def enter_in_error(flag: Flag, *, reason: str, by: str, at: datetime, version: int | None = None) -> Flag:
    """It never was true: it stays readable and counts nowhere."""
    flag = _locked(flag, version)
    if len(reason.strip()) < REASON_LENGTH:
        raise ValidationError({"reason": _("Say in 10 characters or more why it was entered in error.")})
    flag.in_error, flag.error_reason = True, reason.strip()
    flag.save(update_fields=["in_error", "error_reason", "version"])
    _changed("flag.entered_in_error", flag, by=by, at=at, reason=reason)
    return flag


def _locked(flag: Flag, version: int | None) -> Flag:
    """The flag as it is now, its version counted up for what comes."""
    people.locked(flag.patient)
    flag = Flag.objects.select_for_update().get(pk=flag.pk)
    stale.check(flag, version)
    flag.version += 1
    if flag.in_error:
        raise ValidationError(_("This flag was entered in error and can no longer be changed."))
    return flag


def _check(flag: Flag, *, on: date) -> None:
    rule = rulebook(on).contraindications.get(flag.kind)
    if rule is None or not rule.raised_by_hand:
        raise ValidationError({"kind": _("Choose what the flag is about.")})
    wrong: dict[str, str] = {}
    if flag.starts_on < flag.patient.born_on:
        wrong["starts_on"] = _("The start must be the same as or after the date of birth.")
    if flag.ends_on and flag.ends_on < flag.starts_on:
        wrong["ends_on"] = _("End date must be the same as or after %(day)s when it started.") % {
            "day": day(flag.starts_on)
        }
    if flag.ends_on and flag.ends_on.year > on.year + 20:
        wrong["ends_on"] = _("Enter an end within the next 20 years, or leave it empty.")
    if rule.time_limited and not flag.ends_on and not flag.review_on:
        wrong["review_on"] = _("Enter when it ends, or when to ask again.")
    if wrong:
        raise ValidationError(wrong)
    flag.clean_fields(exclude=["public_id", "patient"])


def _changed(
    verb: str, flag: Flag, *, by: str, at: datetime, reason: str = "", details: dict[str, object] | None = None
) -> None:
    patient = flag.patient
    audit.record(verb, flag, by=by, at=at, patient=patient.public_id, reason=reason, details=details)
    courses.fact_changed(patient, by=by, at=at)
