"""The filters of the reports, all of them in the address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from treatments.forms.layout import DayField

WEEKS = (4, 8, 12)


class ReportFilters(forms.Form):
    """Which days or how many weeks, which indication, whose. A report names those that it has."""

    first = DayField(label=_("From"), missing=_("Enter the first day."))
    last = DayField(label=_("To"), missing=_("Enter the last day."))
    weeks = forms.TypedChoiceField(
        label=_("Weeks ahead"), coerce=int, choices=[(n, _("%(n)d weeks") % {"n": n}) for n in WEEKS]
    )
    indication = forms.ChoiceField(label=_("For"), required=False)
    injector = forms.ChoiceField(label=_("Injector"), required=False)
    by = forms.ChoiceField(label=_("Prescriber"), required=False)
    rule = forms.ChoiceField(label=_("Rule"), required=False)

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        names: Iterable[str],
        usual: tuple[date, date],
        indications: Iterable[tuple[str, str]] = (),
        injectors: Iterable[str] = (),
    ) -> None:
        self.usual = {"first": usual[0].isoformat(), "last": usual[1].isoformat(), "weeks": "8"}
        kept = list(names)
        super().__init__({**self.usual, **{name: data[name] for name in data if name in kept}})
        for name in [name for name in self.fields if name not in kept]:
            del self.fields[name]
        self.put("indication", [("", _("Everything")), *indications])
        self.put("injector", [("", _("Everyone")), *((name, name) for name in injectors)])
        for name in ("by", "rule"):
            self.put(name, [("", _("All"))])
        for name, field in self.fields.items():
            field.widget.attrs = {"class": "form-control" if name in ("first", "last") else "form-select"}
            field.error_messages["invalid_choice"] = _("Choose one of the list.")

    def put(self, name: str, choices: list[tuple[str, Any]]) -> None:
        """What a field can be; a report that has no such field needs none."""
        if name in self.fields:
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("first") and typed.get("last") and typed["first"] > typed["last"]:
            self.add_error("first", _("From must be the same as or before To."))
        return typed

    @property
    def changed(self) -> bool:
        """True where something is asked for that is not the usual."""
        return any(str(self.data.get(name, "") or "") != self.usual.get(name, "") for name in self.fields)


class Period(forms.Form):
    """The days of the file of all treatments; empty is from the beginning, or until today."""

    first = DayField(label=_("From"), required=False)
    last = DayField(label=_("To"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        for name in ("first", "last"):
            self.fields[name].widget.attrs = {"class": "form-control"}

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("first") and typed.get("last") and typed["first"] > typed["last"]:
            self.add_error("first", _("From must be the same as or before To."))
        return typed
