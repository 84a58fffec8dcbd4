"""Booked visits. Every verb asks the gate for the day of the visit, then the diary, then writes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import audit
from clinic.models import Practitioner, Room, User
from treatments.models import Appointment, Course, Indication, Patient, Product
from treatments.queries import history, plans
from treatments.queries.rulebook import rulebook
from treatments.rules.findings import Finding, Refused, cautions, soft_stops
from treatments.rules.review import review
from treatments.rules.vocabulary import AppointmentState
from treatments.services import courses, diary, overrides
from treatments.services.diary import Booking
from treatments.services.overrides import Override

CANCELLED_BY = {"patient": gettext_lazy("Patient"), "clinic": gettext_lazy("Clinic")}


class Stale(Exception):
    """Somebody changed the visit after the person's page was made; `appointment` is as it is now."""

    def __init__(self, appointment: Appointment) -> None:
        self.appointment = appointment
        super().__init__(f"{appointment.public_id} was changed at {appointment.state_at:%H:%M}")


def findings(booking: Booking, *, on: date) -> list[Finding]:
    """What the gate says of a visit that is not booked yet, on the day of the visit; `on` is today."""
    return findings_for(booking.patient, booking.indications, product=booking.product, visit_on=booking.on, on=on)


def findings_for(
    patient: Patient, indications: Iterable[Indication], *, product: Product | None, visit_on: date, on: date
) -> list[Finding]:
    """The same before anybody has chosen a time: the gate judges the day."""
    known = {course.indication_id: course for course in patient.courses.select_related("indication")}
    planned = [known.get(i.pk) or Course(patient=patient, indication=i) for i in indications]
    plan = plans.of_courses(planned, product=product.code if product else "")
    return review(plan, history.facts(patient), rulebook(on), on=visit_on)


@transaction.atomic
def book(
    booking: Booking, *, by: User, at: datetime, override: Override | None = None, acknowledged: bool = False
) -> Appointment:
    """Book a visit, or raise `Refused` with everything that stands against it."""
    on = timezone.localtime(at).date()
    booking = diary.locked(booking)
    diary.check(booking, at=at)
    found = findings(booking, on=on)
    overrides.gate(found, override=override, acknowledged=acknowledged)
    override = override if soft_stops(found) else None
    diary.refuse_taken(booking)
    appointment = Appointment(
        patient=booking.patient,
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
    appointment.clean_fields(exclude=["public_id", "patient", "product", "findings"])
    appointment.save(force_insert=True)
    appointment.courses.set(courses.ensure(booking.patient, booking.indications, on=on))
    _audit("appointment.booked", appointment, by=by.username, at=at, findings=found, override=override)
    return appointment


@transaction.atomic
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
    booking = Booking(
        patient=appointment.patient,
        indications=tuple(course.indication for course in appointment.courses.select_related("indication")),
        practitioner=practitioner,
        room=room,
        starts_at=starts_at,
        minutes=minutes,
        product=appointment.product,
    )
    booking = diary.locked(booking)
    diary.check(booking, at=at)
    found = findings(booking, on=timezone.localtime(at).date())
    overrides.gate(found, override=override, acknowledged=acknowledged)
    override = override if soft_stops(found) else None
    diary.refuse_taken(booking, but=appointment)
    was = timezone.localtime(appointment.starts_at)
    appointment.practitioner, appointment.room = booking.practitioner, booking.room
    appointment.on, appointment.starts_at, appointment.ends_at = booking.on, booking.starts_at, booking.ends_at
    appointment.findings = [f.as_data() for f in found]
    appointment.acknowledged_by = by.username if cautions(found) else ""
    overrides.note(appointment, override, found, at=at)
    _set_state(appointment, AppointmentState.BOOKED, by=by.username, at=at)
    _audit(
        "appointment.moved",
        appointment,
        by=by.username,
        at=at,
        findings=found,
        override=override,
        details={"from": was},
    )
    return appointment


@transaction.atomic
def cancel(
    appointment: Appointment, *, who: str, reason: str, by: str, at: datetime, version: int | None = None
) -> Appointment:
    """Free the time. `who`: patient or clinic."""
    appointment = _locked(appointment, version=version)
    _must_be_live(appointment)
    wrong: dict[str, str] = {}
    if who not in CANCELLED_BY:
        wrong["who"] = _("Choose who cancelled.")
    if not reason.strip():
        wrong["reason"] = _("Say why it was cancelled.")
    if wrong:
        raise ValidationError(wrong)
    overrides.plain(reason, field="reason")
    _set_state(appointment, AppointmentState.CANCELLED, by=by, at=at, reason=f"{CANCELLED_BY[who]}: {reason.strip()}")
    _audit("appointment.cancelled", appointment, by=by, at=at, reason=appointment.state_reason)
    return appointment


_MAY_BECOME = {
    AppointmentState.ARRIVED: (AppointmentState.BOOKED,),
    AppointmentState.DONE: (AppointmentState.ARRIVED, AppointmentState.BOOKED),
    AppointmentState.MISSED: (AppointmentState.BOOKED, AppointmentState.ON_HOLD),
    AppointmentState.BOOKED: (AppointmentState.ARRIVED, AppointmentState.MISSED, AppointmentState.DONE),
}


@transaction.atomic
def mark(appointment: Appointment, state: AppointmentState, *, by: str, at: datetime) -> Appointment:
    """Arrived, done, missed, or booked again (undo). The gate is asked at the door, and when a visit comes back to life."""
    appointment = _locked(appointment)
    was = AppointmentState(appointment.state)
    if was not in _MAY_BECOME.get(state, ()):
        raise ValidationError(
            _("The visit is %(state)s. Reload the page.") % {"state": appointment.get_state_display().lower()}
        )
    if (
        state in (AppointmentState.ARRIVED, AppointmentState.DONE, AppointmentState.MISSED)
        and appointment.on > timezone.localtime(at).date()
    ):
        raise ValidationError(_("The visit is on another day."))
    if state == AppointmentState.BOOKED:
        _comes_back(appointment, was, at=at)
    elif state == AppointmentState.ARRIVED:
        _stands_up(appointment, at=at)
    _set_state(appointment, state, by=by, at=at)
    _audit(f"appointment.{state}", appointment, by=by, at=at, details={"was": str(was)})
    return appointment


@transaction.atomic
def release(appointment: Appointment, *, by: str, at: datetime) -> Appointment:
    """Take a visit off hold once nothing stands against it; nothing un-holds by itself."""
    appointment = _locked(appointment)
    if appointment.state != AppointmentState.ON_HOLD:
        raise ValidationError(_("The visit is not on hold."))
    found = _stands_up(appointment, at=at)
    appointment.findings = [f.as_data() for f in found]
    _set_state(appointment, AppointmentState.BOOKED, by=by, at=at)
    _audit("appointment.released", appointment, by=by, at=at, findings=found)
    return appointment


@transaction.atomic
def override(appointment: Appointment, decision: Override, *, at: datetime) -> Appointment:
    """A prescriber goes on with a visit on hold in spite of its soft stops."""
    appointment = _locked(appointment)
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
    if not was.is_live:
        diary.refuse_taken(diary.locked(_as_booking(appointment)), but=appointment)
    _stands_up(appointment, at=at)


def _locked(appointment: Appointment, *, version: int | None = None) -> Appointment:
    """The visit as it is now. Everything that changes one holds its patient first."""
    Patient.objects.select_for_update().get(pk=appointment.patient_id)
    rows = Appointment.objects.select_for_update(of=("self",))
    fresh = rows.select_related("patient", "practitioner", "room", "product").get(pk=appointment.pk)
    if version is not None and version != fresh.version:
        raise Stale(fresh)
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
    )


def _set_state(appointment: Appointment, state: AppointmentState, *, by: str, at: datetime, reason: str = "") -> None:
    appointment.state, appointment.state_by, appointment.state_at = state.value, by, at
    appointment.state_reason = reason
    appointment.version += 1
    appointment.save()


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
