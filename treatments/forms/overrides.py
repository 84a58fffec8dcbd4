"""The filters of the report on overrides, all of them in its address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from treatments.forms.layout import DayField


class OverrideFilters(forms.Form):
    """Which days, whose decisions, which rule."""

    first = DayField(label=_("From"), missing=_("Enter the first day."))
    last = DayField(label=_("To"), missing=_("Enter the last day."))
    by = forms.ChoiceField(label=_("Prescriber"), required=False)
    rule = forms.ChoiceField(label=_("Rule"), required=False)

    def __init__(self, data: Mapping[str, Any], *, usual: tuple[date, date]) -> None:
        days = {"first": usual[0].isoformat(), "last": usual[1].isoformat()}
        super().__init__({**days, **{name: data[name] for name in data}})
        for name in ("first", "last"):
            self.fields[name].widget.attrs = {"class": "form-control"}

    def put(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        field = self.fields[name]
        field.choices = [("", _("All")), *choices]  # type: ignore[attr-defined]
        field.widget.attrs = {"class": "form-select"}
        field.error_messages["invalid_choice"] = _("Choose one of the list.")

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("first") and typed.get("last") and typed["first"] > typed["last"]:
            self.add_error("first", _("From must be the same as or before To."))
        return typed
