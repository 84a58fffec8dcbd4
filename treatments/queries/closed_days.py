"""Public holidays beside the clinic's own closed days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from clinic import public_holidays
from clinic.models import ClosedDay
from treatments.models import Appointment


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One public holiday. `closed`: the clinic's own name of the closed day; `visits`: how many are booked on it."""

    on: date
    name: str
    closed: str
    visits: int


def suggested(year: int, region: str, *, on: date) -> list[Suggestion]:
    """The public holidays of a year that are not past on that day."""
    found = {day: name for day, name in public_holidays.of_year(year, region).items() if day >= on}
    rows = ClosedDay.objects.filter(on__in=found, location__isnull=True).values_list("on", "name")
    closed = dict(rows)
    counted = Appointment.objects.live().filter(on__in=found).order_by().values("on").annotate(n=Count("pk"))
    visits = dict(counted.values_list("on", "n"))
    return [Suggestion(day, name, closed.get(day, ""), visits.get(day, 0)) for day, name in found.items()]
