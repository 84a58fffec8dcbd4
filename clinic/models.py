"""The clinic as an organisation: who works here, where, and what was done by whom."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    AUTO = "auto", _("Match the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractUser):
    """A member of staff. Groups say what they may do; `is_prescriber` who may override a soft stop."""

    is_prescriber = models.BooleanField(
        _("prescriber"), default=False, help_text=_("May override a soft stop, for one visit, with a reason.")
    )
    theme = models.CharField(_("display"), max_length=5, choices=Theme, default=Theme.AUTO)

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Location(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("location")
        verbose_name_plural = _("locations")

    def __str__(self) -> str:
        return self.name


class Room(models.Model):
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="rooms", verbose_name=_("location"))
    name = models.CharField(_("name"), max_length=40)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ("location", "name", "pk")
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["location", "name"], name="room_name_once_per_location")
        ]

    def __str__(self) -> str:
        return self.name


class Practitioner(models.Model):
    """Somebody who injects. The user is theirs if they sign in; people who have left keep their row."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    user = models.OneToOneField(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="practitioner", verbose_name=_("user")
    )
    is_active = models.BooleanField(_("works here"), default=True)

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("practitioner")
        verbose_name_plural = _("practitioners")

    def __str__(self) -> str:
        return self.name


class AuditEvent(models.Model):
    """One act of one person. No foreign keys: the row outlives what it speaks of. Written by `clinic.audit` only."""

    at = models.DateTimeField(_("when"), db_index=True)
    by = models.CharField(_("who"), max_length=150)
    verb = models.CharField(_("what"), max_length=60, db_index=True)
    object_type = models.CharField(_("kind"), max_length=40)
    object_id = models.CharField(_("id"), max_length=40)
    patient_id = models.CharField(_("about"), max_length=12, blank=True, db_index=True)
    findings = models.JSONField(_("findings"), default=list, blank=True, encoder=DjangoJSONEncoder)
    reason = models.TextField(_("reason"), blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True, encoder=DjangoJSONEncoder)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by} {self.verb} {self.object_type} {self.object_id}"
