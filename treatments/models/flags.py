"""Flags: dated facts about a patient that bear on safety."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from treatments.models.fields import PlainCharField, PlainTextField, PublicIdField
from treatments.models.patients import Patient


class FlagQuerySet(models.QuerySet["Flag"]):
    def in_force(self, day: date) -> FlagQuerySet:
        """Those that hold on a day; what was entered in error never does."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=day), in_error=False, starts_on__lte=day)


class Flag(models.Model):
    """A dated fact about a patient that bears on safety. `kind` is the code of a contraindication.

    In force from `starts_on` until the day before `ends_on`; without an end it stays in force, whatever the review
    date. Entered in error: it never was true, and counts nowhere.
    """

    public_id = PublicIdField(_("flag number"))
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="flags", verbose_name=_("patient"))
    kind = models.CharField(_("what"), max_length=60)
    starts_on = models.DateField(_("since"))
    ends_on = models.DateField(_("first day it no longer holds"), null=True, blank=True)
    review_on = models.DateField(_("ask again on"), null=True, blank=True)
    source = PlainCharField(_("who said so"), max_length=80, blank=True)
    note = PlainTextField(_("note"), blank=True)
    raised_by = models.CharField(_("raised by"), max_length=150)
    raised_at = models.DateTimeField(_("raised"))
    ended_by = models.CharField(_("ended by"), max_length=150, blank=True)
    error_reason = PlainTextField(_("why it was entered in error"), blank=True)
    in_error = models.BooleanField(_("entered in error"), default=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = FlagQuerySet.as_manager()

    class Meta:
        ordering = ("-starts_on", "-pk")
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        indexes: ClassVar = [models.Index(fields=["patient", "starts_on"], name="flag_of_patient")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="flag_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(in_error=False) | ~Q(error_reason=""), name="flag_error_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.starts_on}"

    def get_absolute_url(self) -> str:
        return reverse("flag", args=[self.public_id])
