"""The counts of a morning: numbers alone, no name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from treatments.models import Appointment, Message, PatientRequest
from treatments.queries import due_counts
from treatments.queries import due_tabs as due
from treatments.queries.due_tabs import Filters
from treatments.rules.vocabulary import AppointmentState, MessageState, Reply


@dataclass(frozen=True, slots=True)
class Morning:
    """`cannot_come`, `another_time`: visits to come; `asked`: requests that wait, those included.

    `due` and `overdue` are counted as far as `due_counts.COUNTED` and one more.
    """

    visits: int
    on_hold: int
    due: int
    overdue: int
    failed: int
    uncertain: int
    cannot_come: int
    another_time: int
    asked: int


def morning(on: date) -> Morning:
    """Everything that waits on a day: six queries, whatever the number."""
    live, tabs = Appointment.objects.live(), due_counts.counts(on, Filters())
    ahead = Q(on__gte=on)
    visits = live.aggregate(
        today=Count("pk", filter=Q(on=on)),
        held=Count("pk", filter=ahead & Q(state=AppointmentState.ON_HOLD)),
        declined=Count("pk", filter=ahead & Q(reply=Reply.NOT_COMING)),
        another=Count("pk", filter=ahead & Q(reply=Reply.ANOTHER_TIME)),
    )
    told = dict(
        Message.objects.filter(state__in=[MessageState.FAILED.value, MessageState.UNCERTAIN.value])
        .order_by()
        .values_list("state")
        .annotate(number=Count("pk"))
    )
    return Morning(
        visits=visits["today"],
        on_hold=visits["held"],
        due=tabs[due.NOW.slug],
        overdue=tabs[due.OVERDUE.slug],
        failed=told.get(MessageState.FAILED.value, 0),
        uncertain=told.get(MessageState.UNCERTAIN.value, 0),
        cannot_come=visits["declined"],
        another_time=visits["another"],
        asked=PatientRequest.objects.filter(handled_at__isnull=True).count(),
    )
