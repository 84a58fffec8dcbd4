"""Booked visits. Every verb asks the gate for the day of the visit, then the diary, then writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import audit
from clinic.models import Practitioner, Room, User
from treatments.models import Appointment, Course, Indication, OverrideReason, Patient, Product
from treatments.models.fields import no_hidden_characters
from treatments.queries import history, plans
from treatments.queries.rulebook import rulebook
from treatments.rules.findings import Finding, Refused, cautions, hard_stops, soft_stops
from treatments.rules.review import review
from treatments.rules.vocabulary import AppointmentState, Severity
from treatments.services import courses

OWN_WORDS = 10
SHORTEST, LONGEST = 5, 480  # minutes
CANCELLED_BY = {"patient": gettext_lazy("Patient"), "clinic": gettext_lazy("Clinic")}


class TimeTaken(Refused):
    """Practitioner, room or patient already has a visit then. The codes are `practitioner_busy` and the like."""


class Stale(Exception):
    """Somebody changed the visit after the person's page was made; `appointment` is as it is now."""

    def __init__(self, appointment: Appointment) -> None:
        self.appointment = appointment
        super().__init__(f"{appointment.public_id} was changed at {appointment.state_at:%H:%M}")


@dataclass(frozen=True, slots=True)
class Override:
    """A prescriber's decision to go on in spite of soft stops, for one visit.

    `seen`: the keys of the stops that the prescriber was shown; it covers no other. None: whatever stands.
    """

    by: User
    reason: str
    words: str
    seen: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """All that is asked for when a visit is booked."""

    patient: Patient
    indications: tuple[Indication, ...]
    practitioner: Practitioner
    room: Room
    starts_at: datetime
    minutes: int
    product: Product | None = None
    note: str = ""

    @property
    def on(self) -> date:
        return timezone.localtime(self.starts_at).date()

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


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
    _check(booking, at=at)
    booking = _locked_booking(booking)
    found = findings(booking, on=on)
    _gate(found, override=override, acknowledged=acknowledged)
    _time_is_free(booking)
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
    if override and soft_stops(found):
        _note_override(appointment, override, found, at=at)
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
    _check(booking, at=at)
    booking = _locked_booking(booking)
    found = findings(booking, on=timezone.localtime(at).date())
    _gate(found, override=override, acknowledged=acknowledged)
    _time_is_free(booking, but=appointment)
    was = timezone.localtime(appointment.starts_at)
    appointment.practitioner, appointment.room = booking.practitioner, booking.room
    appointment.on, appointment.starts_at, appointment.ends_at = booking.on, booking.starts_at, booking.ends_at
    appointment.findings = [f.as_data() for f in found]
    appointment.acknowledged_by = by.username if cautions(found) else ""
    _note_override(appointment, override if soft_stops(found) else None, found, at=at)
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
    _plain(reason, field="reason")
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
    """Arrived, done, missed, or booked again (undo). Coming back to life is judged like a new booking."""
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
    if not stops(found):
        raise ValidationError(_("Nothing stands against the visit any more. Release it instead."))
    _gate(found, override=decision, acknowledged=True)
    _note_override(appointment, decision, found, at=at)
    appointment.findings = [f.as_data() for f in found]
    appointment.acknowledged_by = decision.by.username if cautions(found) else ""
    _set_state(appointment, AppointmentState.BOOKED, by=decision.by.username, at=at)
    _audit("appointment.overridden", appointment, by=decision.by.username, at=at, findings=found, override=decision)
    return appointment


def _gate(found: list[Finding], *, override: Override | None, acknowledged: bool) -> None:
    """Hard stops always refuse; soft ones without a prescriber's override; cautions until acknowledged."""
    if hard_stops(found):
        raise Refused(found)
    if soft_stops(found):
        if override is None:
            raise Refused(found)
        if not override.by.is_prescriber:
            raise Refused([*found, _refusal("override_not_allowed", _("Only a prescriber may override a soft stop."))])
        wrong: dict[str, str] = {}
        if override.reason not in OverrideReason.values:
            wrong["override_reason"] = _("Choose a reason for the override.")
        if len(override.words.strip()) < OWN_WORDS:
            wrong["override_words"] = _("Say in 10 characters or more why the visit should take place.")
        if wrong:
            raise ValidationError(wrong)
        _plain(override.words, field="override_words")
        if override.seen is not None and not {courses.key(f) for f in soft_stops(found)} <= override.seen:
            raise Refused([*found, _refusal("override_not_of_this", _("More stands against it now. Read it again."))])
    if cautions(found) and not acknowledged:
        raise Refused([*found, _refusal("not_acknowledged", _("Confirm that you have read the cautions."))])


def standing(appointment: Appointment, *, at: datetime) -> list[Finding]:
    """What the gate says now of a booked visit, on the day of the visit."""
    return courses.judge(appointment, history.facts(appointment.patient), rulebook(timezone.localtime(at).date()))


def _stands_up(appointment: Appointment, *, at: datetime) -> list[Finding]:
    """The findings of a visit that comes back to life; refuses while a stop stands."""
    found = standing(appointment, at=at)
    if stopping := courses.not_overridden(appointment, found):
        raise Refused(stopping)
    return found


def _comes_back(appointment: Appointment, was: AppointmentState, *, at: datetime) -> None:
    """A visit that ended is booked again: its time must still be free, and nothing stand against it."""
    if appointment.treatments.valid().exists():
        raise ValidationError(_("A treatment is signed for this visit. Void the treatment first."))
    if not was.is_live:
        _time_is_free(_locked_booking(_as_booking(appointment)), but=appointment)
    _stands_up(appointment, at=at)


def clashes(booking: Booking, *, but: Appointment | None = None) -> list[Finding]:
    """Live visits of the practitioner, the room or the patient at that time, one sentence for each of the three."""
    overlapping = Appointment.objects.live().filter(
        starts_at__lt=booking.ends_at,
        starts_at__gt=booking.starts_at - timedelta(days=1),  # no visit is that long; keeps the index range short
        ends_at__gt=booking.starts_at,
    )
    if but:
        overlapping = overlapping.exclude(pk=but.pk)
    found = []
    for field, value, sentence in (
        ("practitioner", booking.practitioner, _("%(who)s has another visit from %(from)s to %(to)s.")),
        ("room", booking.room, _("%(who)s is taken from %(from)s to %(to)s.")),
        ("patient", booking.patient, _("%(who)s already has a visit from %(from)s to %(to)s.")),
    ):
        if other := overlapping.filter(**{field: value}).order_by("starts_at", "pk").first():
            span = {
                "from": f"{timezone.localtime(other.starts_at):%H:%M}",
                "to": f"{timezone.localtime(other.ends_at):%H:%M}",
            }
            found.append(_refusal(f"{field}_busy", sentence % {"who": value, **span}, about=other.public_id))
    return found


def _time_is_free(booking: Booking, *, but: Appointment | None = None) -> None:
    """Refuse a second live visit of one practitioner, room or patient at the same time."""
    if taken := clashes(booking, but=but):
        raise TimeTaken(taken)


def _check(booking: Booking, *, at: datetime) -> None:
    wrong: dict[str, str] = {}
    if not booking.indications:
        wrong["indications"] = _("Choose what the visit is for.")
    if booking.starts_at < at - timedelta(minutes=5):
        wrong["starts_at"] = _("Choose a time after %(now)s.") % {"now": f"{timezone.localtime(at):%H:%M, %d-%b-%Y}"}
    if booking.on > timezone.localtime(at).date() + timedelta(days=730):
        wrong["starts_at"] = _("Choose a day within the next two years.")
    if not SHORTEST <= booking.minutes <= LONGEST:
        wrong["minutes"] = _("The length must be between 5 and 480 minutes.")
    if not booking.practitioner.is_active:
        wrong["practitioner"] = _("%(name)s no longer works here. Choose somebody else.") % {"name": booking.practitioner}
    if not booking.room.is_active:
        wrong["room"] = _("%(name)s is no longer in use. Choose another room.") % {"name": booking.room}
    if wrong:
        raise ValidationError(wrong)


def _locked_booking(booking: Booking) -> Booking:
    """The booking with its people and room as they are now, held until it is written.

    One order of locks everywhere: patient, practitioner, room.
    """
    return replace(
        booking,
        patient=Patient.objects.select_for_update().get(pk=booking.patient.pk),
        practitioner=Practitioner.objects.select_for_update().get(pk=booking.practitioner.pk),
        room=Room.objects.select_for_update().get(pk=booking.room.pk),
    )


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


def _note_override(appointment: Appointment, override: Override | None, found: list[Finding], *, at: datetime) -> None:
    appointment.override_by = override.by.username if override else ""
    appointment.override_at = at if override else None
    appointment.override_reason = override.reason if override else ""
    appointment.override_words = override.words.strip() if override else ""
    appointment.override_codes = [courses.key(f) for f in soft_stops(found)] if override else []


def _set_state(appointment: Appointment, state: AppointmentState, *, by: str, at: datetime, reason: str = "") -> None:
    appointment.state, appointment.state_by, appointment.state_at = state.value, by, at
    appointment.state_reason = reason
    appointment.version += 1
    appointment.save()


def _plain(words: str, *, field: str) -> None:
    try:
        no_hidden_characters(words)
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from error


def _refusal(code: str, sentence: str, *, about: str = "") -> Finding:
    return Finding(code, Severity.HARD_STOP, sentence, "Diary", about=about)


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
