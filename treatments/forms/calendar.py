"""The day that is typed above the calendar."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from treatments.forms.layout import DayField


class CalendarDay(forms.Form):
    date = DayField(label=_("Day"), required=False)
