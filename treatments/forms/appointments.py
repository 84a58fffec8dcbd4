"""Forms about a booked visit: cancelling it, and a prescriber's decision to go on with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatments.forms.layout import LineField, WordsField, helper
from treatments.models import OverrideReason, WhatNext
from treatments.models.fields import REASON_LENGTH

CANCEL_REASONS = {
    "patient": [
        ("unwell", gettext_lazy("Unwell")),
        ("cannot_come", gettext_lazy("Cannot come then")),
        ("changed_mind", gettext_lazy("No longer wants it")),
        ("elsewhere", gettext_lazy("Goes to another clinic")),
    ],
    "clinic": [
        ("staff_away", gettext_lazy("Staff away")),
        ("not_safe", gettext_lazy("Not safe on that day")),
        ("no_product", gettext_lazy("Product not there")),
        ("booked_wrongly", gettext_lazy("Booked wrongly")),
    ],
}
_OTHER = ("other", gettext_lazy("Another reason, in own words"))


class OverrideForm(forms.Form):
    """A prescriber's decision. `stops`: what stands now; it may only be decided by somebody who was shown all of it."""

    override_reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=OverrideReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose a reason for the override.")},
    )
    override_words = WordsField(
        label=gettext_lazy("In your own words"),
        help_text=gettext_lazy("At least 10 characters. Stays on the visit and in the record."),
        max_length=500,
        min_length=REASON_LENGTH,
        missing=gettext_lazy("Say in 10 characters or more why the visit should take place."),
    )

    def __init__(self, *args: Any, stops: frozenset[str], cautions: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()
        self.stops, self.cautions = stops, cautions
        self.fields["override_words"].error_messages["min_length"] = self.fields["override_words"].error_messages[
            "required"
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.stops <= self.seen:
            raise forms.ValidationError(_("More stands against it now. Read it again, then decide."))
        if self.cautions and self.data.get("acknowledged") != self.cautions:
            raise forms.ValidationError(_("Confirm that you have read the cautions."))
        return cleaned

    @property
    def seen(self) -> frozenset[str]:
        """The stops that were on the page from which the decision came."""
        return frozenset(self.data.getlist("override_seen")) if self.is_bound else frozenset()  # type: ignore[attr-defined]


class CancelForm(forms.Form):
    who = forms.ChoiceField(
        label=gettext_lazy("Who cancelled?"),
        choices=[("patient", gettext_lazy("The patient")), ("clinic", gettext_lazy("The clinic"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose who cancelled.")},
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Why?"),
        choices=[
            ("", gettext_lazy("Choose")),
            (gettext_lazy("The patient"), CANCEL_REASONS["patient"]),
            (gettext_lazy("The clinic"), CANCEL_REASONS["clinic"]),
            _OTHER,
        ],
        error_messages={"required": gettext_lazy("Choose why it was cancelled.")},
    )
    words = LineField(label=gettext_lazy("In own words"), required=False, max_length=200)
    what_next = forms.ChoiceField(
        label=gettext_lazy("What next?"),
        choices=WhatNext.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose what happens next."),
            "invalid_choice": gettext_lazy("Choose what happens next."),
        },
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("reason") == "other" and not cleaned.get("words"):
            self.add_error("words", _("Say in your own words why it was cancelled."))
        return cleaned

    def sentence(self) -> str:
        """The reason as the visit keeps it."""
        labels = dict([*CANCEL_REASONS["patient"], *CANCEL_REASONS["clinic"]])
        listed, words = str(labels.get(self.cleaned_data["reason"], "")), self.cleaned_data["words"]
        return ". ".join(part for part in (listed, words) if part)
