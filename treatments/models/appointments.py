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
from treatments.models.services import Service
from treatments.rules.vocabulary import AppointmentState, Reply

STATE_LABELS = {
    AppointmentState.BOOKED: _("Booked"),
    AppointmentState.ON_HOLD: _("On hold"),
    AppointmentState.ARRIVED: _("Arrived"),
    AppointmentState.CHECKED: _("Checked in"),
    AppointmentState.IN_ROOM: _("In room"),
    AppointmentState.DONE: _("Done"),
    AppointmentState.MISSED: _("Missed"),
    AppointmentState.CANCELLED: _("Cancelled"),
}
REPLY_LABELS = {
    Reply.NONE: _("No answer yet"),
    Reply.COMING: _("Is coming"),
    Reply.NOT_COMING: _("Cannot come"),
    Reply.ANOTHER_TIME: _("Wants another time"),
}
LIVE = [state.value for state in AppointmentState if state.is_live]
TAKES_TIME = [state.value for state in AppointmentState if state.takes_time]


class OverrideReason(models.TextChoices):
    """Why a prescriber overrides a soft stop."""

    BENEFIT = "benefit", _("The benefit outweighs the risk for this patient")
    SPECIALIST = "specialist", _("Agreed with the treating specialist")
    MEDICINE_ENDED = "medicine_ended", _("The medicine ends before the visit")
    LOWER_DOSE = "lower_dose", _("Treated with a lower dose")
    OTHER = "other", _("Another reason, in own words")


class WhatNext(models.TextChoices):
    """What is to happen after a visit was cancelled or missed."""

    REBOOK = "rebook", _("Rebook now")
    LIST = "list", _("Put on the list to rebook")
    CLOSE = "close", _("Close until the patient asks")


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def live(self) -> AppointmentQuerySet:
        return self.filter(state__in=LIVE)

    def taking_time(self) -> AppointmentQuerySet:
        return self.filter(state__in=TAKES_TIME)

    def upcoming(self, day: date) -> AppointmentQuerySet:
        """Live and on that day or later."""
        return self.live().filter(on__gte=day)


class Appointment(models.Model):
    """A booked time for a patient, with the courses it is for. `on` is the civil date in the clinic's time zone."""

    public_id = PublicIdField(_("visit number"))
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="appointments", verbose_name=_("patient")
    )
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments", verbose_name=_("what")
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
    what_next = models.CharField(_("what next"), max_length=6, choices=WhatNext, blank=True)
    checked_by = models.CharField(_("checked in by"), max_length=150, blank=True)
    checked_at = models.DateTimeField(_("checked in"), null=True, blank=True)
    identity_note = PlainCharField(_("why identity was not confirmed"), max_length=200, blank=True)
    note = PlainCharField(_("note"), max_length=200, blank=True)
    findings = models.JSONField(_("findings"), default=list, encoder=DjangoJSONEncoder)
    acknowledged_by = models.CharField(_("cautions acknowledged by"), max_length=150, blank=True)
    override_by = models.CharField(_("overridden by"), max_length=150, blank=True)
    override_at = models.DateTimeField(_("overridden"), null=True, blank=True)
    override_reason = models.CharField(_("override reason"), max_length=20, choices=OverrideReason, blank=True)
    override_words = PlainTextField(_("override, in own words"), blank=True)
    override_codes = models.JSONField(_("overridden rules"), default=list, blank=True)
    reply = models.CharField(
        _("the patient says"),
        max_length=12,
        blank=True,
        choices=[(r.value, label) for r, label in REPLY_LABELS.items()],
    )
    replied_at = models.DateTimeField(_("said"), null=True, blank=True)
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

    @property
    def is_treatment(self) -> bool:
        """False for a visit at which nothing is injected: the safety gate does not judge it."""
        return self.service is None or self.service.is_treatment

    def get_absolute_url(self) -> str:
        return reverse("visit", args=[self.public_id])


class VisitOverride(models.Model):
    """A prescriber's decision to go on in spite of soft stops, for one visit and its day. Added, never changed."""

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="overrides")
    on = models.DateField(_("day of the visit"))
    by = models.CharField(_("who"), max_length=150)
    at = models.DateTimeField(_("when"))
    reason = models.CharField(_("reason"), max_length=20, choices=OverrideReason)
    words = PlainTextField(_("in own words"))
    rules = models.JSONField(_("overridden rules"), default=list)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = _("override")
        verbose_name_plural = _("overrides")
        indexes: ClassVar = [models.Index(fields=["at"], name="override_by_day")]

    def __str__(self) -> str:
        return f"{self.by} {self.on} {self.reason}"


class SlotHold(models.Model):
    """A time that somebody has chosen and not yet confirmed: nobody else is offered it until then."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    until = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("starts_at", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["by", "patient"], name="slot_held_once_by_each")]

    def __str__(self) -> str:
        return f"{self.by} {self.starts_at}"


class EarlierWish(models.Model):
    """A patient who would come sooner than the visit that is booked, or wants a time where none was free."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="earlier_wishes")
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    not_before_on = models.DateField(_("not before"), null=True, blank=True)
    note = PlainCharField(_("when it suits"), max_length=200, blank=True)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ("asked_at", "pk")
        verbose_name = _("wish for an earlier time")
        verbose_name_plural = _("wishes for an earlier time")
        indexes: ClassVar = [
            models.Index(fields=["asked_at"], condition=Q(ended_at__isnull=True), name="earlier_wish_open")
        ]

    def __str__(self) -> str:
        return f"{self.patient_id} {self.asked_at:%Y-%m-%d}"
