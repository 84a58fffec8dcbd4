"""The filters of the call list and the day of the day sheet, each of them in the address of its page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from treatments.forms.layout import DayField, PlainSelect
from treatments.queries.due_tabs import ON_HOLD, REBOOK, REVIEW, SNOOZED, Filters, Tab


class DueFilters(forms.Form):
    """Indication, last injector, whom to show, in which order. Lists that are worked through show who is to be called."""

    indication = forms.ChoiceField(label=_("For"), required=False, widget=PlainSelect)
    practitioner = forms.ChoiceField(label=_("Last injector"), required=False, widget=PlainSelect)
    booked = forms.ChoiceField(label=_("Show"), required=False, widget=PlainSelect)
    order = forms.ChoiceField(label=_("Order"), required=False, widget=PlainSelect)

    def __init__(
        self, data: Mapping[str, Any], *, tab: Tab, indications: Iterable[tuple[str, str]], practitioners: Iterable[str]
    ) -> None:
        self.usual = Filters(booked="all" if tab in (ON_HOLD, REVIEW) else "no")
        super().__init__({"booked": self.usual.booked, **{name: data[name] for name in data}})
        self.put("indication", [("", _("Everything")), *indications])
        self.put("practitioner", [("", _("Everyone")), *((name, name) for name in practitioners)])
        no = _("Not booked") if tab in (ON_HOLD, REVIEW) else _("To be called")
        self.put(
            "booked", [("no", no), ("yes", _("Booked")), ("out", _("Said no to reminders")), ("all", _("Everybody"))]
        )
        usual = _("By reason") if tab.by_reason else _("As usual")
        self.put("order", [("", usual), ("longest", _("Longest first")), ("contact", _("Last contact"))])
        if tab in (REBOOK, SNOOZED):
            del self.fields["booked"]

    def put(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        field.choices = choices  # type: ignore[attr-defined]
        field.widget.attrs = {"class": "form-select"}
        field.error_messages["invalid_choice"] = _("Choose one of the list.")

    @cached_property
    def drawn(self) -> SafeString:
        """The fields of the bar above the list; a loop in a template costs several times as much."""
        return format_html_join(
            "",
            '<div class="field"><label class="form-label" for="{}">{}</label>{}{}</div>',
            ((field.id_for_label, field.label, field, _said(field)) for field in self),
        )

    @cached_property
    def chosen(self) -> Filters:
        """What was chosen; what could not be understood narrows nothing."""
        self.is_valid()
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        return Filters(**({"booked": self.usual.booked} | chosen))


def _said(field: forms.BoundField) -> SafeString:
    return format_html_join("", '<p class="field-error">{}</p>', ((error,) for error in field.errors))


class DayChoice(forms.Form):
    """Which day, and whose."""

    date = DayField(label=_("Day"), required=False)
    who = forms.ChoiceField(label=_("With"), required=False, widget=PlainSelect)

    def __init__(self, data: Mapping[str, Any], *, today: str, practitioners: Iterable[str], mine: str = "") -> None:
        super().__init__({"date": today, **{name: data[name] for name in data}})
        who = [("", _("Everyone")), *((name, name) for name in practitioners)]
        if mine:
            who.insert(1, ("me", _("Me")))
        self.fields["who"].choices = who  # type: ignore[attr-defined]
        self.fields["who"].widget.attrs = {"class": "form-select"}
        self.fields["date"].widget.attrs = {"class": "form-control"}
        self.fields["who"].error_messages["invalid_choice"] = _("Choose one of the list.")
