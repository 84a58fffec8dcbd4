"""Who is taken when: the time of a visit, which practitioner, room and patient can give only once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.formats import clock, day
from clinic.models import Practitioner, Room
from treatments.models import Appointment, Indication, Patient, Product
from treatments.rules.findings import Finding, Refused
from treatments.rules.vocabulary import Severity

SHORTEST, LONGEST = 5, 480  # minutes
_DAYS_AHEAD = 730


class TimeTaken(Refused):
    """Practitioner, room or patient already has a visit then. The codes are `practitioner_busy` and the like."""


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
        return self.starts_at.astimezone(UTC) + timedelta(minutes=self.minutes)  # also when the clocks change meanwhile


def check(booking: Booking, *, at: datetime) -> None:
    """What no visit can be, in one sentence per field."""
    wrong: dict[str, str] = {}
    if not booking.indications:
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
    if wrong:
        raise ValidationError(wrong)


def locked(booking: Booking) -> Booking:
    """The booking with its people and room as they are now, held until it is written.

    One order of locks everywhere: patient, practitioner, room.
    """
    return replace(
        booking,
        patient=Patient.objects.select_for_update().get(pk=booking.patient.pk),
        practitioner=Practitioner.objects.select_for_update().get(pk=booking.practitioner.pk),
        room=Room.objects.select_for_update().get(pk=booking.room.pk),
    )


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
            span = {"from": clock(other.starts_at), "to": clock(other.ends_at)}
            found.append(_busy(f"{field}_busy", sentence % {"who": value, **span}, about=other.public_id))
    return found


def refuse_taken(booking: Booking, *, but: Appointment | None = None) -> None:
    """Refuse a second live visit of one practitioner, room or patient at the same time."""
    if taken := clashes(booking, but=but):
        raise TimeTaken(taken)


def _busy(code: str, sentence: str, *, about: str) -> Finding:
    return Finding(code, Severity.HARD_STOP, sentence, "Diary", about=about)
