"""A patient who does not exist, for previews: everything in a message as long as it usually is."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from clinic import phones
from clinic.formats import patient_clock
from clinic.models import Practitioner
from treatments.queries import telephone
from treatments.rules import texts

_TOKEN = "kQ3v8xWb2LrT5nYp0cZsGd.Ab3dEf7h"  # as long as those of real links
_AHEAD = timedelta(days=3)


def example(code: str, words: str) -> str:
    """The words with example values. ValueError as `texts.fill` raises it."""
    starts = timezone.localtime() + _AHEAD
    day = f"{starts.day} {starts:%B}"
    who = Practitioner.objects.filter(is_active=True).order_by("name").values_list("name", flat=True).first()
    link = f"{settings.CLINIC_URL.rstrip('/')}/v/{_TOKEN}/"
    values = {
        "first": "Charlotte",
        "clinic": settings.CLINIC_NAME,
        "phone": phones.national(telephone.for_patients()) if telephone.for_patients() else "the clinic",
        "link": link,
        "stop": f"{link}stop/",
        "day": f"{starts:%a} {day}",
        "time": patient_clock(starts.replace(hour=17, minute=30)),
        "with": who or "R. Osei",
    }
    return texts.fill(words, values)
