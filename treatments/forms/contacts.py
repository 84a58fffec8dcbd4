"""The panels of the call list: what came of a call, and a due window set by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatments.forms.layout import DayField, LineField, helper
from treatments.models.contact import OUTCOME_LABELS, WAY_LABELS
from treatments.rules.vocabulary import Outcome, Way

WHEN = [
    ("7", gettext_lazy("in 1 week")),
    ("14", gettext_lazy("in 2 weeks")),
    ("28", gettext_lazy("in 4 weeks")),
    ("day", gettext_lazy("on a day")),
]
REASONS = [
    ("", gettext_lazy("Choose")),
    ("away", gettext_lazy("Away")),
    ("unwell", gettext_lazy("Not well")),
    ("lasts", gettext_lazy("The effect still lasts")),
    ("cost", gettext_lazy("Cost")),
    ("thinks", gettext_lazy("Wants to think it over")),
    ("other", gettext_lazy("Another reason")),
]


class ContactForm(forms.Form):
    """One press says what came of the call. `effect`: what the patient said of it, where that was asked."""

    outcome = forms.ChoiceField(
        choices=[(each.value, OUTCOME_LABELS[each]) for each in Outcome],
        error_messages={
            "required": gettext_lazy("Choose what came of the call."),
            "invalid_choice": gettext_lazy("Choose what came of the call."),
        },
    )
    way = forms.ChoiceField(
        label=gettext_lazy("How"),
        choices=[(w.value, WAY_LABELS[w]) for w in Way if w != Way.LINK],
        widget=forms.Select(attrs={"class": "form-select"}),
        required=False,
    )
    when = forms.ChoiceField(
        label=gettext_lazy("Call again"), choices=WHEN, widget=forms.RadioSelect, required=False, initial="14"
    )
    until = DayField(label=gettext_lazy("Day"), required=False)
    reason = forms.ChoiceField(label=gettext_lazy("Why not now?"), choices=REASONS, required=False)
    words = LineField(label=gettext_lazy("In own words"), required=False, max_length=150)
    effect = forms.ChoiceField(
        label=gettext_lazy("What does the patient say of the effect?"),
        choices=[
            ("", gettext_lazy("Not asked")),
            ("still", gettext_lazy("Still working")),
            ("gone", gettext_lazy("Gone on")),
        ],
        widget=forms.RadioSelect,
        required=False,
    )
    gone_on = DayField(label=gettext_lazy("Day on which it was gone"), required=False)

    def __init__(self, *args: Any, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper, self.on = helper(), on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("effect") == "gone" and not cleaned.get("gone_on") and "gone_on" not in self.errors:
            self.add_error("gone_on", _("Enter the day on which the effect was gone, or choose “Not asked”."))
        if cleaned.get("outcome") == Outcome.NOT_NOW:
            self._not_now(cleaned)
        return cleaned

    def _not_now(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("when") != "day":
            cleaned["until"] = self.on + timedelta(days=int(cleaned.get("when") or 14))
        elif not cleaned.get("until") and "until" not in self.errors:
            self.add_error("until", _("Choose when to call again."))
        if cleaned.get("reason") == "other" and not cleaned.get("words"):
            self.add_error("words", _("Say in your own words why not now."))

    def why(self) -> str:
        """The reason as the contact keeps it."""
        listed = "" if self.cleaned_data["reason"] == "other" else str(dict(REASONS)[self.cleaned_data["reason"]])
        if not self.cleaned_data["reason"]:
            listed = ""
        return ". ".join(part for part in (listed, self.cleaned_data["words"]) if part)


class WindowForm(forms.Form):
    """From when to when the patient is to be asked in, and why."""

    due_from = DayField(label=gettext_lazy("Due from"), missing=gettext_lazy("Enter the first day."))
    due_until = DayField(label=gettext_lazy("Due until"), missing=gettext_lazy("Enter the last good day."))
    reason = LineField(label=gettext_lazy("Why"), missing=gettext_lazy("Say why the day is set."), max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()
