"""Booked times. A live appointment takes its time from practitioner, room and patient."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clinic.models import Practitioner, Room
from treatments.models.catalogue import Product
from treatments.models.courses import Course
from treatments.models.fields import PlainCharField, PlainTextField, PublicIdField
from treatments.models.patients import Patient
from treatments.rules.vocabulary import AppointmentState

STATE_LABELS = {
    AppointmentState.BOOKED: _("Booked"),
    AppointmentState.ON_HOLD: _("On hold"),
    AppointmentState.ARRIVED: _("Arrived"),
    AppointmentState.DONE: _("Done"),
    AppointmentState.MISSED: _("Missed"),
    AppointmentState.CANCELLED: _("Cancelled"),
}
LIVE = [state.value for state in AppointmentState if state.is_live]


class OverrideReason(models.TextChoices):
    """Why a prescriber overrides a soft stop."""

    BENEFIT = "benefit", _("The benefit outweighs the risk for this patient")
    SPECIALIST = "specialist", _("Agreed with the treating specialist")
    MEDICINE_ENDED = "medicine_ended", _("The medicine ends before the visit")
    LOWER_DOSE = "lower_dose", _("Treated with a lower dose")
    OTHER = "other", _("Another reason, in own words")


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def live(self) -> AppointmentQuerySet:
        return self.filter(state__in=LIVE)

    def upcoming(self, day: date) -> AppointmentQuerySet:
        """Live and on that day or later."""
        return self.live().filter(on__gte=day)


class Appointment(models.Model):
    """A booked time for a patient, with the courses it is for. `on` is the civil date in the clinic's time zone."""

    public_id = PublicIdField(_("visit number"))
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="appointments", verbose_name=_("patient")
    )
    courses = models.ManyToManyField(Course, related_name="appointments", verbose_name=_("for"))
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("product"))
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, related_name="appointments", verbose_name=_("with")
    )
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="appointments", verbose_name=_("room"))
    on = models.DateField(_("day"))
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    state = models.CharField(
        _("state"),
        max_length=9,
        choices=[(s.value, label) for s, label in STATE_LABELS.items()],
        default=AppointmentState.BOOKED.value,
    )
    state_by = models.CharField(_("changed by"), max_length=150)
    state_at = models.DateTimeField(_("changed"))
    state_reason = PlainTextField(_("reason"), blank=True)
    booked_by = models.CharField(_("booked by"), max_length=150)
    booked_at = models.DateTimeField(_("booked"))
    note = PlainCharField(_("note"), max_length=200, blank=True)
    findings = models.JSONField(_("findings"), default=list, encoder=DjangoJSONEncoder)
    acknowledged_by = models.CharField(_("cautions acknowledged by"), max_length=150, blank=True)
    override_by = models.CharField(_("overridden by"), max_length=150, blank=True)
    override_at = models.DateTimeField(_("overridden"), null=True, blank=True)
    override_reason = models.CharField(_("override reason"), max_length=20, choices=OverrideReason, blank=True)
    override_words = PlainTextField(_("override, in own words"), blank=True)
    override_codes = models.JSONField(_("overridden rules"), default=list, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        ordering = ("starts_at", "pk")
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        indexes: ClassVar = [
            models.Index(fields=["on", "starts_at"], name="appointment_day"),
            models.Index(fields=["practitioner", "starts_at"], name="appointment_practitioner"),
            models.Index(fields=["room", "starts_at"], name="appointment_room"),
            models.Index(fields=["patient", "starts_at"], name="appointment_patient"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointment_ends_after_start"),
            models.CheckConstraint(
                condition=Q(override_by="", override_at__isnull=True, override_words="")
                | (~Q(override_by="") & Q(override_at__isnull=False) & ~Q(override_words="")),
                name="appointment_override_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.on}"

    def get_absolute_url(self) -> str:
        return reverse("visit", args=[self.public_id])
