"""What a visit can be: its length, what it needs, and whether anything is injected."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.models import Room
from treatments.models.catalogue import Indication

LONGEST_PREPARATION = timedelta(minutes=120)


class Service(models.Model):
    """A kind of visit that is booked. Without rooms or indications of its own it takes any."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    is_treatment = models.BooleanField(
        _("something is injected"),
        default=True,
        help_text=_("Untick for a consultation or a review: the safety gate judges treatments only."),
    )
    minutes = models.PositiveSmallIntegerField(_("length in minutes"), default=30)
    prepare_minutes = models.PositiveSmallIntegerField(
        _("preparation in minutes"),
        default=0,
        help_text=_("Kept free before the visit for the practitioner and the room."),
    )
    indications = models.ManyToManyField(
        Indication, blank=True, related_name="services", verbose_name=_("for"), help_text=_("None: for all.")
    )
    rooms = models.ManyToManyField(
        Room, blank=True, related_name="+", verbose_name=_("rooms"), help_text=_("None: in any room.")
    )
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        ordering = ("-is_treatment", "name", "pk")
        verbose_name = _("service")
        verbose_name_plural = _("services")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    minutes__gte=5, minutes__lte=480, prepare_minutes__lte=LONGEST_PREPARATION // timedelta(minutes=1)
                ),
                name="service_length_in_bounds",
            )
        ]

    def __str__(self) -> str:
        return self.name
