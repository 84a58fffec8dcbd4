"""Reports whose months have closed."""

from __future__ import annotations

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class ClosedMonth(models.Model):
    """The figures of one report for one month as they stood when it closed; later changes are listed, never written in."""

    report = models.SlugField(_("report"), max_length=40)
    month = models.DateField(_("month"))
    figures = models.JSONField(_("figures"), encoder=DjangoJSONEncoder)
    closed_at = models.DateTimeField(_("closed"))

    class Meta:
        ordering = ("-month", "report")
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        constraints: ClassVar = [models.UniqueConstraint(fields=["report", "month"], name="month_closed_once")]

    def __str__(self) -> str:
        return f"{self.report} {self.month:%Y-%m}"
