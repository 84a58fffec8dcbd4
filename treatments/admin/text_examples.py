"""A patient who does not exist, for previews: everything in a message as long as it usually is."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from clinic import phones
from clinic.formats import patient_clock
from clinic.models import Practitioner
from treatments.queries import telephone
from treatments.services import links

_AHEAD = timedelta(days=3)


def example_values() -> dict[str, str]:
    """What stands in each field: the clinic's own name, number and first practitioner, a visit in three days."""
    starts = timezone.localtime() + _AHEAD
    day = f"{starts.day} {starts:%B}"
    who = Practitioner.objects.filter(is_active=True).order_by("name").values_list("name", flat=True).first()
    link = links.example()
    phone = telephone.for_patients()
    return {
        "first": "Charlotte",
        "clinic": settings.CLINIC_NAME,
        "phone": phones.national(phone) if phone else "the clinic",
        "link": link,
        "stop": f"{link}stop/",
        "day": f"{starts:%a} {day}",
        "time": patient_clock(starts.replace(hour=17, minute=30)),
        "with": who or "R. Osei",
    }
