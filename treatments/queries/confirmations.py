"""The visits of the next working days with what their patients say, and what patients wait for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch

from clinic.models import AuditEvent
from treatments.models import Appointment, Course, Message, PatientRequest
from treatments.queries import hours
from treatments.rules.vocabulary import AppointmentState, MessageState

WORKING_DAYS, AT_MOST = 2, 100
_LOOKED_THROUGH = 21
_OPEN = (AppointmentState.BOOKED.value, AppointmentState.ON_HOLD.value)


@dataclass(frozen=True, slots=True)
class Expected:
    """A visit that is to come. `message`: the last one that went out about it; `called_at`: when nobody answered."""

    visit: Appointment
    message: Message | None
    called_at: datetime | None


def working_days(on: date) -> list[date]:
    """The next two days after that one on which somebody works; weekdays, where the clinic has set no hours."""
    first = on + timedelta(days=1)
    work = hours.work_days(first, on + timedelta(days=_LOOKED_THROUGH))
    open_days = [day for day, there in work.items() if there.desks]
    if not open_days:
        open_days = [day for day, there in work.items() if day.weekday() < 5 and not there.closed_everywhere]
    return open_days[:WORKING_DAYS]


def expected(days: list[date]) -> list[Expected]:
    """The visits of those days by time: four queries, whatever their number."""
    courses = Course.objects.select_related("indication").defer("reasons", "stopped_reason").order_by("pk")
    rows = Appointment.objects.filter(on__in=days, state__in=_OPEN).order_by("starts_at", "pk")
    visits = list(
        rows.select_related("patient", "practitioner", "room", "service")
        .defer("findings")
        .prefetch_related(Prefetch("courses", queryset=courses))
    )
    told = {
        message.appointment_id: message
        for message in Message.objects.filter(appointment__in=visits, state=MessageState.SENT).order_by("sent_at", "pk")
    }
    calls = AuditEvent.objects.filter(
        verb="appointment.called", object_type="appointment", object_id__in=[visit.public_id for visit in visits]
    )
    called = dict(calls.order_by("at", "pk").values_list("object_id", "at"))
    return [Expected(visit, told.get(visit.pk), called.get(visit.public_id)) for visit in visits]


def requests() -> list[PatientRequest]:
    """What patients wait for, who asked first on top."""
    rows = PatientRequest.objects.filter(handled_at__isnull=True).order_by("at", "pk")
    return list(rows.select_related("patient", "appointment__practitioner", "appointment__room")[:AT_MOST])


def waiting() -> int:
    """How many requests wait."""
    return PatientRequest.objects.filter(handled_at__isnull=True).count()
