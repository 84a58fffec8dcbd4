"""A treatment at another clinic as typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crispy_forms.layout import Div
from django import forms
from django.utils.translation import gettext_lazy as _

from treatments.forms.layout import DayField, WordsField, helper
from treatments.forms.treatments import ChosenField, UnitsField
from treatments.models import Indication, Product


class ElsewhereForm(forms.Form):
    """A treatment at another clinic, as far as anybody knows."""

    not_before_on = DayField(
        label=_("First possible day"), missing=_("Enter the day, or the first day it may have been.")
    )
    performed_on = DayField(
        label=_("Last possible day"), required=False, help_text=_("Leave it empty where the day is known.")
    )
    units = UnitsField(label=_("Units"), required=False, help_text=_("For one area only. Empty where nobody knows."))
    note = WordsField(label=_("Note"), required=False, help_text=_("Which clinic, who said so, what is doubtful."))

    field_order = ("not_before_on", "performed_on", "indications", "product", "units", "note")

    def __init__(
        self, *args: Any, indications: Mapping[str, Indication], products: Iterable[Product], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.indications = indications
        self.fields["indications"] = forms.MultipleChoiceField(
            label=_("What was treated"),
            choices=[(code, row.name) for code, row in indications.items()],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": _("Choose what was treated."), "invalid_choice": _("Choose from the list.")},
        )
        self.fields["product"] = ChosenField(
            {row.code: row for row in products},
            label=_("Product"),
            missing=_("Choose a product from the list."),
            empty=_("Not known"),
            required=False,
        )
        self.order_fields(self.field_order)
        days = Div("not_before_on", "performed_on", css_class="field-row")
        what = Div("product", "units", css_class="field-row")
        self.helper = helper(days, "indications", what, "note")

    def clean_indications(self) -> list[Indication]:
        return [self.indications[code] for code in self.cleaned_data["indications"]]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("units") and not typed.get("product") and "product" not in self.errors:
            self.add_error("product", _("Choose the product: units without a product mean nothing."))
        if not typed.get("performed_on") and "performed_on" not in self.errors:
            typed["performed_on"] = typed.get("not_before_on")
        return typed
