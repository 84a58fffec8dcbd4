"""The stored dates of courses, and the visits they put in doubt. Called inside the transaction of the changed fact."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinic import audit
from treatments.models import Appointment, Course, Indication, Patient
from treatments.queries import history, plans
from treatments.queries.courses import of_patient
from treatments.queries.rulebook import rulebook
from treatments.rules.facts import Facts, RuleBook
from treatments.rules.findings import Finding, stops
from treatments.rules.intervals import forecast
from treatments.rules.review import review, review_without_treatment
from treatments.rules.vocabulary import AppointmentState, Severity
from treatments.services import call_list, people, stale, stored_dates
from treatments.services.acts import act
from treatments.services.stored_dates import refresh

UNTIL_TREATED = gettext_noop("Closed until the next treatment.")
DATABASE = "database"  # who put a visit on hold where the database's own guard was there first


def ensure(patient: Patient, indications: Iterable[Indication], *, on: date) -> list[Course]:
    """The patient's courses of these indications, made where they are missing."""
    known = {course.indication_id: course for course in of_patient(patient.pk)}
    missing = [indication for indication in indications if indication.pk not in known]
    if missing:
        facts, book = history.facts(patient), rulebook(on)
        for indication in missing:
            computed = stored_dates.values_of(forecast(indication.code, facts, book))
            values = dict(zip(stored_dates.STORED, computed, strict=True))
            course = Course.objects.create(patient=patient, indication=indication, **values)
            known[indication.pk] = course
        refresh([patient.pk], on=on)
    return [known[indication.pk] for indication in indications]


def fact_changed(patient: Patient, *, by: str, at: datetime) -> list[Appointment]:
    """After any change of a patient's facts: new dates, and every future visit judged again. Returns what is now held."""
    on = timezone.localtime(at).date()
    refresh([patient.pk], on=on)
    return rejudge(patient, by=by, at=at)


@act
def rejudge(patient: Patient, *, by: str, at: datetime) -> list[Appointment]:
    """Put future visits that are no longer allowed on hold. Nothing un-holds by itself."""
    on = timezone.localtime(at).date()
    Patient.objects.select_for_update().get(pk=patient.pk)  # no visit is booked, moved or cancelled meanwhile
    upcoming = list(
        Appointment.objects.upcoming(on)
        .filter(patient=patient)
        .select_related("product", "service")
        .prefetch_related("courses__indication")
    )
    if not upcoming:
        return []
    facts, book, held = history.facts(patient), rulebook(on), []
    for appointment in upcoming:
        found = judge(appointment, facts, book)
        standing = not_overridden(appointment, found)
        appointment.findings = [f.as_data() for f in found]
        if standing and appointment.state == AppointmentState.ON_HOLD and appointment.state_by != DATABASE:
            appointment.state_reason = _reason(standing)
        elif standing:
            hold(appointment, standing, by=by, at=at)
            held.append(appointment)
        appointment.save(update_fields=["findings", "state", "state_by", "state_at", "state_reason", "version"])
    call_list.keep([patient.pk])  # also what the database's own guard has put on hold
    return held


def judge(appointment: Appointment, facts: Facts, book: RuleBook) -> list[Finding]:
    """What the gate says of a booked visit, on the day of the visit; nothing but death of one without a treatment."""
    if not appointment.is_treatment:
        return review_without_treatment(facts, on=appointment.on)
    return review(plans.of_appointment(appointment), facts, book, on=appointment.on)


def not_overridden(appointment: Appointment, found: Iterable[Finding]) -> list[Finding]:
    """The stops that stand: hard ones always, soft ones unless a prescriber overrode this very stop for this visit."""
    overridden = set(appointment.override_codes)
    return [f for f in stops(found) if f.severity == Severity.HARD_STOP or key(f) not in overridden]


def key(finding: Finding) -> str:
    """What an override covers: this rule, about this, since and until then. Whatever changes of it needs a new one."""
    return "|".join((finding.code, finding.about, str(finding.since or ""), str(finding.until or "")))


def hold(appointment: Appointment, standing: list[Finding], *, by: str, at: datetime) -> None:
    """Mark a visit on hold, with its reason; the caller saves it."""
    appointment.state = AppointmentState.ON_HOLD.value
    appointment.state_by, appointment.state_at = by, at
    appointment.state_reason = _reason(standing)
    appointment.version += 1
    audit.record(
        "appointment.held",
        appointment,
        by=by,
        at=at,
        patient=appointment.patient.public_id,
        findings=[f.as_data() for f in standing],
    )


def _reason(standing: list[Finding]) -> str:
    return " ".join(f.sentence for f in standing)


@act
def stop(course: Course, *, reason: str, by: str, at: datetime, version: int | None = None) -> Course:
    """Nobody is asked in for this course any more. With an empty reason a stopped course runs again."""
    people.locked(course.patient)
    course.refresh_from_db(fields=["stopped_on", "stopped_reason", "version"])
    stale.check(course, version)
    if bool(course.stopped_on) == bool(reason.strip()):
        return course
    course.stopped_on = timezone.localtime(at).date() if reason.strip() else None
    course.stopped_reason = reason.strip()
    course.version += 1
    course.save(update_fields=["stopped_on", "stopped_reason", "version"])
    call_list.keep([course.patient_id])
    verb = "course.stopped" if course.stopped_on else "course.resumed"
    audit.record(verb, course, by=by, at=at, patient=course.patient.public_id, reason=reason)
    return course


def treated_again(patient: Patient, indications: Iterable[str], *, by: str, at: datetime) -> None:
    """Courses that were closed until their next full treatment run again."""
    closed = patient.courses.filter(indication__code__in=set(indications), stopped_reason=_(UNTIL_TREATED))
    for course in closed.filter(stopped_on__isnull=False).select_related("patient", "indication"):
        stop(course, reason="", by=by, at=at)
