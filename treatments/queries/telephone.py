"""The number that patients call."""

from __future__ import annotations

from treatments.models import ClinicSettings


def for_patients() -> str:
    """As E.164; "" where the clinic has not said."""
    return ClinicSettings.objects.order_by("pk").values_list("telephone", flat=True).first() or ""
