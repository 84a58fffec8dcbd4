"""The courses of one patient, read again and again while a visit is booked."""

from __future__ import annotations

from django.db.models import QuerySet

from treatments.models import Course
from treatments.queries.prepared import prepared


@prepared
def of_patient(patient: int) -> QuerySet[Course]:
    """With their indications."""
    return Course.objects.filter(patient=patient).select_related("indication").order_by("pk")
