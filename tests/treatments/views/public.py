"""A patient with a booked visit and the link to it, opened by a browser that belongs to nobody."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from html import unescape

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import Practitioner, WorkingHours
from tests import factories
from treatments.models import Appointment, ClinicSettings, Patient, PatientLink
from treatments.services import links

BORN = date(1985, 7, 14)


class Someone:
    """The holder of a link. `know` types the date of birth."""

    def __init__(self, address: str) -> None:
        self.text = address.partition("/v/")[2].partition("/")[0]
        self.client = Client()

    @property
    def link(self) -> PatientLink:
        return links.known(self.text)

    def url(self, name: str = "link", *rest: str) -> str:
        return reverse(name, args=[self.text, *rest])

    def get(self, name: str = "link", *rest: str):
        return self.client.get(self.url(name, *rest))

    def post(self, name: str, *rest: str, **data: str):
        return self.client.post(self.url(name, *rest), data)

    def know(self, born_on: date = BORN, to: str = "link_questions"):
        data = {"day": born_on.day, "month": born_on.month, "year": born_on.year}
        return self.client.post(f"{self.url('link_birth')}?next={to}", data)


def now() -> datetime:
    return timezone.now()


def open_clinic(telephone: str = "+442079460123") -> None:
    ClinicSettings.objects.create(telephone=telephone)


def visit_of(person: Patient | None = None, *, days: int = 9, **fields) -> Appointment:
    """A visit at ten in the morning, so many days from now, of somebody who works every day from nine to five."""
    person = person or factories.patient(given_name="Alina", family_name="Marsh", born_on=BORN, at=now())
    on = timezone.localdate() + timedelta(days=days)
    starts_at = timezone.make_aware(datetime.combine(on, time(10)))
    osei = Practitioner.objects.filter(name="R. Osei").first() or factories.practitioner(name="R. Osei")
    visit = factories.visit(person, starts_at, at=now(), practitioner=osei, **fields)
    for weekday in range(7):
        WorkingHours.objects.create(
            practitioner=visit.practitioner, location=visit.room.location, weekday=weekday, opens=time(9),
            closes=time(17), starts_on=date(2026, 1, 1),
        )  # fmt: skip
    return visit


def holder_of(visit: Appointment) -> Someone:
    return Someone(links.make(visit.patient, "visit", at=now(), appointment=visit))


def words(answer) -> str:
    """What is read on the page."""
    body = answer.content.decode().partition("<body")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
