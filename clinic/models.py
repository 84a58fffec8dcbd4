"""The clinic as an organisation: who works here, where, and what was done by whom."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    AUTO = "auto", _("Match the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Weekday(models.IntegerChoices):
    """As Python counts them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class User(AbstractUser):
    """A member of staff. Groups say what they may do; `is_prescriber` who may override a soft stop."""

    is_prescriber = models.BooleanField(
        _("prescriber"), default=False, help_text=_("May override a soft stop, for one visit, with a reason.")
    )
    wants_digest = models.BooleanField(
        _("morning e-mail"), default=False, help_text=_("Each morning the counts of the day, without any name.")
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


class WorkingHours(models.Model):
    """When somebody works where, every week. In effect from the first day until the day before the last."""

    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.CASCADE, related_name="hours", verbose_name=_("practitioner")
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("location"))
    weekday = models.PositiveSmallIntegerField(_("day of the week"), choices=Weekday)
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("until"))
    starts_on = models.DateField(_("in effect from"))
    ends_on = models.DateField(_("until the day before"), null=True, blank=True)

    class Meta:
        ordering = ("practitioner", "weekday", "opens", "pk")
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="hours_close_after_they_open"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")), name="hours_end_after_they_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.practitioner}, {self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class HoursException(models.Model):
    """One day on which somebody works other hours, or not at all: it stands in place of the weekly hours."""

    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.CASCADE, related_name="exceptions", verbose_name=_("practitioner")
    )
    on = models.DateField(_("day"))
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("location")
    )
    opens = models.TimeField(_("from"), null=True, blank=True)
    closes = models.TimeField(_("until"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=80, blank=True)

    class Meta:
        ordering = ("on", "practitioner", "opens", "pk")
        verbose_name = _("exception to the hours")
        verbose_name_plural = _("exceptions to the hours")
        indexes: ClassVar = [models.Index(fields=["on"], name="hours_exception_day")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(opens__isnull=True, closes__isnull=True, location__isnull=True)
                | Q(opens__isnull=False, closes__gt=F("opens"), location__isnull=False),
                name="exception_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.practitioner} {self.on:%Y-%m-%d}"


class ClosedDay(models.Model):
    """A day on which a location, or the whole clinic, is closed."""

    on = models.DateField(_("day"))
    location = models.ForeignKey(
        Location,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="closed_days",
        verbose_name=_("location"),
        help_text=_("None: everywhere."),
    )
    name = models.CharField(_("why"), max_length=80)

    class Meta:
        ordering = ("on", "pk")
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["on", "location"], name="closed_once"),
            models.UniqueConstraint(fields=["on"], condition=Q(location__isnull=True), name="closed_everywhere_once"),
        ]

    def __str__(self) -> str:
        return f"{self.on:%Y-%m-%d} {self.name}"


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
