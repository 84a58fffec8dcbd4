"""Who is taken when: the time of a visit, which practitioner, room and patient can give only once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.formats import clock, day
from clinic.models import Practitioner, Room
from treatments.models import Appointment, Indication, Patient, Product, Service, SlotHold
from treatments.queries import hours, slots
from treatments.queries.prepared import Prepared, prepared
from treatments.queries.staff import staff_names
from treatments.rules.findings import Finding, TimeTaken
from treatments.rules.vocabulary import Severity
from treatments.services import people

SHORTEST, LONGEST = 5, 480  # minutes
_DAYS_AHEAD = 730


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
    service: Service | None = None

    @property
    def is_treatment(self) -> bool:
        return self.service is None or self.service.is_treatment

    @property
    def prepare(self) -> timedelta:
        """Kept free before the visit for the practitioner and the room."""
        return timedelta(minutes=self.service.prepare_minutes if self.service else 0)

    @property
    def on(self) -> date:
        return timezone.localtime(self.starts_at).date()

    @property
    def ends_at(self) -> datetime:
        return self.starts_at.astimezone(UTC) + timedelta(minutes=self.minutes)  # also when the clocks change meanwhile


def check(booking: Booking, *, at: datetime) -> None:
    """What no visit can be, in one sentence per field."""
    wrong: dict[str, str] = {}
    if booking.is_treatment and not booking.indications:
        wrong["indications"] = _("Choose what the visit is for.")
    if booking.starts_at < at - timedelta(minutes=5):
        wrong["starts_at"] = _("Choose a time after %(now)s.") % {
            "now": f"{clock(at)}, {day(timezone.localtime(at).date())}"
        }
    if booking.on > timezone.localtime(at).date() + timedelta(days=_DAYS_AHEAD):
        wrong["starts_at"] = _("Choose a day within the next two years.")
    if not SHORTEST <= booking.minutes <= LONGEST:
        wrong["minutes"] = _("The length must be between 5 and 480 minutes.")
    if not booking.practitioner.is_active:
        wrong["practitioner"] = _("%(name)s no longer works here. Choose somebody else.") % {
            "name": booking.practitioner
        }
    if not booking.room.is_active:
        wrong["room"] = _("%(name)s is no longer in use. Choose another room.") % {"name": booking.room}
    wrong |= _of_service(booking)
    if wrong:
        raise ValidationError(wrong)


def _of_service(booking: Booking) -> dict[str, str]:
    """What the kind of visit and the people do not allow."""
    wrong: dict[str, str] = {}
    allowed = slots.injectors_of(booking.indications) if booking.is_treatment else {}
    for indication in booking.indications:
        if booking.practitioner.pk not in allowed.get(indication.pk, {booking.practitioner.pk}):
            said = {"who": booking.practitioner, "what": indication.short_name}
            wrong["practitioner"] = _("%(who)s does not inject %(what)s. Choose somebody else.") % said
    if booking.service is None:
        return wrong
    if not booking.service.is_active:
        wrong["service"] = _("%(name)s is no longer offered. Choose another one.") % {"name": booking.service}
    rooms, indications = set(booking.service.rooms.all()), set(booking.service.indications.all())
    if rooms and booking.room not in rooms:
        names = ", ".join(sorted(room.name for room in rooms))
        wrong["room"] = _("%(service)s needs one of these rooms: %(names)s.") % {
            "service": booking.service,
            "names": names,
        }
    if indications and not set(booking.indications) <= indications:
        wrong["service"] = _("%(service)s is not for this indication. Choose another kind of visit.") % {
            "service": booking.service
        }
    return wrong


def hours_findings(booking: Booking) -> list[Finding]:
    """Cautions about the hour: outside somebody's working hours, or on a closed day. Staff may book there knowingly."""
    work = hours.work_days(booking.on, booking.on, practitioners=[booking.practitioner.pk])[booking.on]
    here = booking.room.location_id
    if why := work.closed_everywhere or work.closed.get(here, ""):
        return [_caution("clinic_closed", _("The clinic is closed on that day: %(why)s.") % {"why": why})]
    open_here = [desk.open for desk in work.desks if desk.location == here]
    if any(span.starts_at <= booking.starts_at and booking.ends_at <= span.ends_at for span in open_here):
        return []
    if not hours.has_hours(booking.practitioner.pk):
        return []
    spans = [f"{clock(span.starts_at)} to {clock(span.ends_at)}" for span in open_here]
    who = {"who": booking.practitioner, "hours": ", ".join(spans)}
    sentence = _("%(who)s works here from %(hours)s on that day.") if spans else _("%(who)s does not work here then.")
    return [_caution("outside_hours", sentence % who)]


def _caution(code: str, sentence: str) -> Finding:
    return Finding(code, Severity.CAUTION, sentence, "Diary", change=_("Choose another time, or book it knowingly."))


def locked(booking: Booking) -> Booking:
    """The booking with its people and room as they are now, held until it is written.

    One order of locks everywhere: patient, practitioner, room.
    """
    patient = people.locked(booking.patient)
    (practitioner,), (room,) = _practitioner(booking.practitioner.pk), _room(booking.room.pk)
    return replace(booking, patient=patient, practitioner=practitioner, room=room)


@prepared
def _practitioner(practitioner: int) -> QuerySet[Practitioner]:
    return Practitioner.objects.select_for_update().filter(pk=practitioner).order_by()


@prepared
def _room(room: int) -> QuerySet[Room]:
    return Room.objects.select_for_update().filter(pk=room).order_by()


def clashes(booking: Booking, *, but: Appointment | None = None) -> list[Finding]:
    """Live visits of the practitioner, the room or the patient at that time, one sentence for each of the three."""
    # No visit is longer than eight hours and no preparation than two: that keeps the index range short.
    span = booking.starts_at - timedelta(hours=10), booking.ends_at + timedelta(hours=2)
    found = []
    for field, value, sentence in (
        ("practitioner", booking.practitioner, _("%(who)s has another visit from %(from)s to %(to)s.")),
        ("room", booking.room, _("%(who)s is taken from %(from)s to %(to)s.")),
        ("patient", booking.patient, _("%(who)s already has a visit from %(from)s to %(to)s.")),
    ):
        rows = (row for row in _NEARBY[field](value.pk, *span) if but is None or row[0] != but.pk)
        if other := next((row for row in rows if _meets(booking, *row[2:], prepared=field != "patient")), None):
            _pk, public_id, starts_at, ends_at, _prepare = other
            span_said = {"from": clock(starts_at), "to": clock(ends_at)}
            found.append(_busy(f"{field}_busy", sentence % {"who": value, **span_said}, about=public_id))
    return found


def _nearby(field: str) -> Prepared:
    """What one of them is taken by, around a time: number, public id, start, end and preparation."""

    @prepared
    def rows(owner: int, after: datetime, before: datetime) -> QuerySet[Appointment, tuple]:
        found = Appointment.objects.taking_time().filter(starts_at__gt=after, starts_at__lt=before)
        columns = ("pk", "public_id", "starts_at", "ends_at", "service__prepare_minutes")
        return found.filter(**{field: owner}).order_by("starts_at", "pk").values_list(*columns)

    return rows


_NEARBY = {field: _nearby(field) for field in ("practitioner", "room", "patient")}


def _meets(booking: Booking, starts_at: datetime, ends_at: datetime, prepare: int | None, *, prepared: bool) -> bool:
    """True where the two overlap; for practitioner and room with the time that each needs to prepare."""
    ours, theirs = (booking.prepare, timedelta(minutes=prepare or 0)) if prepared else (timedelta(0), timedelta(0))
    return booking.starts_at - ours < ends_at and starts_at - theirs < booking.ends_at


def refuse_taken(booking: Booking, *, but: Appointment | None = None) -> None:
    """Refuse a second live visit of one practitioner, room or patient at the same time."""
    if taken := clashes(booking, but=but):
        raise TimeTaken(taken)


def refuse_held(booking: Booking, *, by: str, at: datetime) -> None:
    """Refuse a time that a colleague has chosen within the last five minutes and not confirmed yet."""
    rows = _holds(booking.practitioner.pk, booking.room.pk, booking.starts_at, booking.ends_at, at, by)
    if rows:
        holder, until = rows[0]
        sentence = _("%(who)s has chosen this time and may confirm it until %(until)s.")
        said = {"who": staff_names({holder})[holder], "until": clock(until)}
        raise TimeTaken([_busy("slot_held", sentence % said, about="")])


@prepared
def _holds(
    practitioner: int, room: int, starts_at: datetime, ends_at: datetime, at: datetime, by: str
) -> QuerySet[SlotHold, tuple]:
    """By whom and until when, of others."""
    held = SlotHold.objects.filter(
        Q(practitioner=practitioner) | Q(room=room), starts_at__lt=ends_at, ends_at__gt=starts_at, until__gt=at
    )
    return held.exclude(by=by).values_list("by", "until")


def _busy(code: str, sentence: str, *, about: str) -> Finding:
    return Finding(code, Severity.HARD_STOP, sentence, "Diary", about=about)
