"""Booked visits. Every verb asks the gate for the day of the visit, then the diary, then writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from clinic import audit
from clinic.formats import clock
from clinic.models import Practitioner, Room, User
from treatments.models import Appointment, Course, Indication, Patient, Product, WhatNext
from treatments.queries import history, plans
from treatments.queries.courses import of_patient
from treatments.queries.rulebook import rulebook
from treatments.queries.staff import staff_names
from treatments.rules.findings import Finding, Refused, cautions, in_order, soft_stops
from treatments.rules.review import review, review_without_treatment
from treatments.rules.vocabulary import GOING_AHEAD, TRANSITIONS, Answer, AppointmentState
from treatments.services import (
    call_list,
    consents,
    courses,
    diary,
    earlier,
    effects,
    overrides,
    patients,
    people,
    replies,
    slot_holds,
    stale,
    visit_messages,
)
from treatments.services.acts import act
from treatments.services.diary import Booking
from treatments.services.overrides import Override

Stale = stale.Stale
CLOSED = gettext_noop("Closed until the patient asks.")
CANCELLED_BY = {"patient": gettext_lazy("Patient"), "clinic": gettext_lazy("Clinic")}


def findings(booking: Booking, *, on: date) -> list[Finding]:
    """What the gate says of a visit that is not booked yet, on the day of the visit, and the diary of its hour."""
    if booking.is_treatment:
        found = findings_for(booking.patient, booking.indications, product=booking.product, visit_on=booking.on, on=on)
    else:
        found = review_without_treatment(history.facts(booking.patient), on=booking.on)
    return in_order([*found, *diary.hours_findings(booking)])


def findings_for(
    patient: Patient, indications: Iterable[Indication], *, product: Product | None, visit_on: date, on: date
) -> list[Finding]:
    """The same before anybody has chosen a time: the gate judges the day."""
    known = {course.indication_id: course for course in of_patient(patient.pk)}
    planned = [known.get(i.pk) or Course(patient=patient, indication=i) for i in indications]
    plan = plans.of_courses(planned, product=product.code if product else "")
    return review(plan, history.facts(patient), rulebook(on), on=visit_on)


@act
def book(
    booking: Booking, *, by: User, at: datetime, override: Override | None = None, acknowledged: bool = False
) -> Appointment:
    """Book a visit, or raise `Refused` with everything that stands against it."""
    booking, found = _allowed(booking, by=by, at=at, override=override, acknowledged=acknowledged)
    override = override if soft_stops(found) else None
    appointment = Appointment(
        patient=booking.patient,
        service=booking.service,
        product=booking.product,
        practitioner=booking.practitioner,
        room=booking.room,
        on=booking.on,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        state_by=by.username,
        state_at=at,
        booked_by=by.username,
        booked_at=at,
        note=booking.note,
        findings=[f.as_data() for f in found],
        acknowledged_by=by.username if cautions(found) else "",
    )
    if override:
        overrides.note(appointment, override, found, at=at)
    held_or_chosen = ("patient", "practitioner", "room", "service", "product")  # rows that were read a moment ago
    appointment.clean_fields(exclude=["public_id", "findings", *held_or_chosen])
    appointment.save(force_insert=True)
    overrides.keep(appointment)
    appointment.courses.add(*courses.ensure(booking.patient, booking.indications, on=timezone.localtime(at).date()))
    call_list.keep([booking.patient.pk])
    slot_holds.drop(booking.patient, by=by.username)
    earlier.fulfilled(booking.patient, at=at)
    replies.booked(booking.patient, by=by.username, at=at)
    visit_messages.note(appointment, knew=None, by=by.username, at=at)
    _audit("appointment.booked", appointment, by=by.username, at=at, findings=found, override=override)
    return appointment


def _allowed(
    booking: Booking,
    *,
    by: User,
    at: datetime,
    override: Override | None,
    acknowledged: bool,
    but: Appointment | None = None,
) -> tuple[Booking, list[Finding]]:
    """The booking, its time held against everybody else, with what the gate says of it; or refused."""
    booking = diary.locked(booking)
    diary.check(booking, at=at)
    found = findings(booking, on=timezone.localtime(at).date())
    overrides.gate(found, override=override, acknowledged=acknowledged)
    diary.refuse_taken(booking, but=but)
    diary.refuse_held(booking, by=by.username, at=at)
    return booking, found


@act
def move(
    appointment: Appointment,
    *,
    practitioner: Practitioner,
    room: Room,
    starts_at: datetime,
    minutes: int,
    by: User,
    at: datetime,
    override: Override | None = None,
    acknowledged: bool = False,
    version: int | None = None,
) -> Appointment:
    """Another time: judged like a new visit. An earlier override was for the old day and does not move with it."""
    appointment = _locked(appointment, version=version)
    _must_be_live(appointment)
    if AppointmentState(appointment.state) in (AppointmentState.CHECKED, AppointmentState.IN_ROOM):
        raise ValidationError(_("The patient is checked in. Take the visit back to arrived, then move it."))
    booking = Booking(
        patient=appointment.patient,
        indications=tuple(course.indication for course in appointment.courses.select_related("indication")),
        practitioner=practitioner,
        room=room,
        starts_at=starts_at,
        minutes=minutes,
        product=appointment.product,
        service=appointment.service,
    )
    booking, found = _allowed(booking, by=by, at=at, override=override, acknowledged=acknowledged, but=appointment)
    override = override if soft_stops(found) else None
    was, knew = timezone.localtime(appointment.starts_at), visit_messages.as_it_stands(appointment)
    appointment.practitioner, appointment.room = booking.practitioner, booking.room
    appointment.on, appointment.starts_at, appointment.ends_at = booking.on, booking.starts_at, booking.ends_at
    if visit_messages.as_it_stands(appointment) != knew:  # another room alone is nothing to the patient
        replies.forget(appointment)
        replies.settled(appointment, by=by.username, at=at)
    appointment.findings = [f.as_data() for f in found]
    appointment.acknowledged_by = by.username if cautions(found) else ""
    overrides.note(appointment, override, found, at=at)
    _set_state(appointment, AppointmentState.BOOKED, by=by.username, at=at)
    overrides.keep(appointment)
    slot_holds.drop(appointment.patient, by=by.username)
    if appointment.starts_at < was:
        earlier.fulfilled(appointment.patient, at=at)
    visit_messages.note(appointment, knew=knew, by=by.username, at=at)
    moved: dict[str, object] = {"from": was}
    _audit("appointment.moved", appointment, by=by.username, at=at, findings=found, override=override, details=moved)
    return appointment


@act
def cancel(
    appointment: Appointment,
    *,
    who: str,
    reason: str,
    by: str,
    at: datetime,
    what_next: str = "",
    version: int | None = None,
) -> Appointment:
    """Free the time. `who`: patient or clinic; `what_next`: one of `WhatNext`."""
    appointment = _locked(appointment, version=version)
    _must_be_live(appointment)
    wrong: dict[str, str] = {}
    if who not in CANCELLED_BY:
        wrong["who"] = _("Choose who cancelled.")
    if not reason.strip():
        wrong["reason"] = _("Say why it was cancelled.")
    if what_next and what_next not in WhatNext.values:
        wrong["what_next"] = _("Choose what happens next.")
    if wrong:
        raise ValidationError(wrong)
    overrides.plain(reason, field="reason")
    appointment.what_next = what_next
    replies.settled(appointment, by=by, at=at)
    _set_state(appointment, AppointmentState.CANCELLED, by=by, at=at, reason=f"{CANCELLED_BY[who]}: {reason.strip()}")
    if what_next == WhatNext.CLOSE:
        for course in appointment.courses.filter(stopped_on__isnull=True):
            courses.stop(course, reason=_("Closed until the patient asks."), by=by, at=at)
    visit_messages.note(appointment, knew=visit_messages.as_it_stands(appointment), by=by, at=at)
    details: dict[str, object] = {"what_next": what_next} if what_next else {}
    _audit("appointment.cancelled", appointment, by=by, at=at, reason=appointment.state_reason, details=details)
    return appointment


@act
def mark(
    appointment: Appointment, state: AppointmentState, *, by: str, at: datetime, version: int | None = None
) -> Appointment:
    """The next step of the day, or one step back (undo). The gate is asked at the door and at every way back to life."""
    appointment = _locked(appointment, version=version)
    was = AppointmentState(appointment.state)
    if state in (AppointmentState.ON_HOLD, AppointmentState.CANCELLED) or state not in TRANSITIONS[was]:
        said = {"state": appointment.get_state_display().lower(), "time": clock(appointment.state_at)}
        if was == state:
            said["who"] = staff_names({appointment.state_by})[appointment.state_by]
            raise ValidationError(_("Already %(state)s at %(time)s by %(who)s.") % said)
        raise ValidationError(_("The visit is %(state)s since %(time)s. Reload the page.") % said)
    if was == AppointmentState.ON_HOLD and state != AppointmentState.MISSED:
        raise ValidationError(_("The visit is on hold. Decide on it first."))
    if state != AppointmentState.BOOKED and appointment.on > timezone.localtime(at).date():
        raise ValidationError(_("The visit is on another day."))
    if not was.is_live:
        _comes_back(appointment, was, at=at)
    elif state in GOING_AHEAD:
        _stands_up(appointment, at=at)
    if state == AppointmentState.ARRIVED:
        appointment.checked_by, appointment.checked_at, appointment.identity_note = "", None, ""
    if was == AppointmentState.CANCELLED and appointment.what_next == WhatNext.CLOSE:
        _reopen(appointment, by=by, at=at)
    appointment.what_next = WhatNext.LIST if state == AppointmentState.MISSED else ""
    _set_state(appointment, state, by=by, at=at)
    if was == AppointmentState.CANCELLED:
        visit_messages.note(appointment, knew=None, by=by, at=at)
    _audit(f"appointment.{state}", appointment, by=by, at=at, details={"was": str(was)})
    return appointment


@act
def check_in(
    appointment: Appointment,
    *,
    by: str,
    at: datetime,
    identified: bool,
    identity_note: str = "",
    answers: Mapping[str, Answer] | None = None,
    consent_signed: bool = False,
    effect: str = "",
    version: int | None = None,
) -> Appointment:
    """The patient stands at the desk: who they are, what they answer today, and their consent.

    A yes raises its flag at once, and the visit goes on hold instead. `effect` is what is true today of the effect of
    last time, "still_working_on" or "seen_gone_on". Returns the visit as it is then.
    """
    appointment = _locked(appointment, version=version)
    if not identified and not identity_note.strip():
        raise ValidationError({"identity_note": _("Tick both identity checks, or say why you cannot.")})
    if appointment.state == AppointmentState.BOOKED:
        appointment = mark(appointment, AppointmentState.ARRIVED, by=by, at=at)
    day = timezone.localtime(at).date()
    if answers:
        patients.answer_questions(appointment.patient, answers=answers, by=by, at=at, answered_on=day)
    if consent_signed:
        consents.sign(appointment.patient, signed_on=day, by=by, at=at)
    if effect:
        effects.note_of_visit(appointment, effect, by=by, at=at)
    appointment.refresh_from_db()
    if appointment.state == AppointmentState.ON_HOLD:
        return appointment
    appointment = mark(appointment, AppointmentState.CHECKED, by=by, at=at)
    appointment.checked_by, appointment.checked_at = by, at
    appointment.identity_note = "" if identified else identity_note.strip()
    appointment.clean_fields(exclude=["public_id", "patient", "product", "service", "findings"])
    appointment.save(update_fields=["checked_by", "checked_at", "identity_note"])
    return appointment


@act
def release(appointment: Appointment, *, by: str, at: datetime, version: int | None = None) -> Appointment:
    """Take a visit off hold once nothing stands against it; nothing un-holds by itself."""
    appointment = _locked(appointment, version=version)
    if appointment.state != AppointmentState.ON_HOLD:
        raise ValidationError(_("The visit is not on hold."))
    found = _stands_up(appointment, at=at)
    appointment.findings = [f.as_data() for f in found]
    _set_state(appointment, AppointmentState.BOOKED, by=by, at=at)
    visit_messages.note_release(appointment, by=by, at=at)
    _audit("appointment.released", appointment, by=by, at=at, findings=found)
    return appointment


@act
def override(appointment: Appointment, decision: Override, *, at: datetime, version: int | None = None) -> Appointment:
    """A prescriber goes on with a visit on hold in spite of its soft stops."""
    appointment = _locked(appointment, version=version)
    if appointment.state != AppointmentState.ON_HOLD:
        raise ValidationError(_("The visit is not on hold."))
    found = standing(appointment, at=at)
    if not courses.not_overridden(appointment, found):
        raise ValidationError(_("Nothing stands against the visit any more. Release it instead."))
    overrides.gate(found, override=decision, acknowledged=True)
    overrides.note(appointment, decision, found, at=at)
    appointment.findings = [f.as_data() for f in found]
    appointment.acknowledged_by = decision.by.username if cautions(found) else ""
    _set_state(appointment, AppointmentState.BOOKED, by=decision.by.username, at=at)
    overrides.keep(appointment)
    visit_messages.note_release(appointment, by=decision.by.username, at=at)
    _audit("appointment.overridden", appointment, by=decision.by.username, at=at, findings=found, override=decision)
    return appointment


def standing(appointment: Appointment, *, at: datetime) -> list[Finding]:
    """What the gate says now of a booked visit, on the day of the visit."""
    return courses.judge(appointment, history.facts(appointment.patient), rulebook(timezone.localtime(at).date()))


def _stands_up(appointment: Appointment, *, at: datetime) -> list[Finding]:
    """The findings of a visit that goes ahead; refuses while a stop stands."""
    found = standing(appointment, at=at)
    if stopping := courses.not_overridden(appointment, found):
        raise Refused(stopping)
    return found


def _comes_back(appointment: Appointment, was: AppointmentState, *, at: datetime) -> None:
    """A visit that ended is booked again: its time must still be free, and nothing stand against it."""
    if appointment.treatments.valid().exists():
        raise ValidationError(_("A treatment is signed for this visit. Void the treatment first."))
    if not was.takes_time:
        diary.refuse_taken(diary.locked(_as_booking(appointment)), but=appointment)
    _stands_up(appointment, at=at)


def _reopen(appointment: Appointment, *, by: str, at: datetime) -> None:
    """The cancellation that closed the courses is taken back: they run again."""
    for course in appointment.courses.filter(stopped_reason=_(CLOSED), stopped_on__isnull=False):
        courses.stop(course, reason="", by=by, at=at)


def _locked(appointment: Appointment, *, version: int | None = None) -> Appointment:
    """The visit as it is now. Everything that changes one holds its patient first."""
    people.locked(appointment.patient)
    rows = Appointment.objects.select_for_update(of=("self",))
    fresh = rows.select_related("patient", "practitioner", "room", "product", "service").get(pk=appointment.pk)
    stale.check(fresh, version)
    return fresh


def _must_be_live(appointment: Appointment) -> None:
    if not AppointmentState(appointment.state).is_live:
        state = appointment.get_state_display().lower()
        raise ValidationError(_("The visit is %(state)s and can no longer be changed.") % {"state": state})


def _as_booking(appointment: Appointment) -> Booking:
    return Booking(
        patient=appointment.patient,
        indications=(),
        practitioner=appointment.practitioner,
        room=appointment.room,
        starts_at=appointment.starts_at,
        minutes=int((appointment.ends_at - appointment.starts_at).total_seconds() // 60),
        service=appointment.service,
    )


def _set_state(appointment: Appointment, state: AppointmentState, *, by: str, at: datetime, reason: str = "") -> None:
    appointment.state, appointment.state_by, appointment.state_at = state.value, by, at
    appointment.state_reason = reason
    if state == AppointmentState.BOOKED:
        appointment.checked_by, appointment.checked_at, appointment.identity_note = "", None, ""
    appointment.version += 1
    appointment.save()
    call_list.keep([appointment.patient_id])


def _audit(
    verb: str,
    appointment: Appointment,
    *,
    by: str,
    at: datetime,
    findings: Iterable[Finding] = (),
    override: Override | None = None,
    reason: str = "",
    details: dict[str, object] | None = None,
) -> None:
    audit.record(
        verb,
        appointment,
        by=by,
        at=at,
        patient=appointment.patient.public_id,
        findings=[f.as_data() for f in findings],
        reason=f"{override.reason}: {override.words.strip()}" if override else reason,
        details={"starts_at": appointment.starts_at, **(details or {})},
    )
