"""What was said of an effect, a due window set by hand, and what is decided about the learned duration."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from treatments.forms.layout import DayField, LineField, days_beside, helper

SAID = {
    "worn_off_on": _("Effect gone"),
    "still_working_on": _("Still working"),
    "seen_gone_on": _("Gone when seen"),
}


def _version() -> forms.IntegerField:
    return forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)


class NoteForm(forms.Form):
    """One press: what is true of the effect on a day, today unless another one was chosen."""

    said = forms.ChoiceField(choices=list(SAID.items()), error_messages={"required": _("Choose what is noted.")})
    on = DayField(label=_("Day"), missing=_("Enter the day."))
    version = _version()


class EffectForm(forms.Form):
    """All that is known of one effect; an empty day takes it back. `version` is that of the course."""

    helper = helper()

    worn_off_on = DayField(
        label=_("Effect gone on"), required=False, help_text=_("The very day, as the patient noticed it.")
    )
    still_working_on = DayField(
        label=_("Still working on"), required=False, help_text=_("The last day on which it was certainly there.")
    )
    seen_gone_on = DayField(
        label=_("Gone when seen on"), required=False, help_text=_("It had gone by then; nobody knows since when.")
    )
    version = _version()


class DueForm(forms.Form):
    """From when to when the patient is to be asked in, and why."""

    due_from = DayField(label=_("Due from"), missing=_("Enter the first good day."))
    due_until = DayField(label=_("Due until"), missing=_("Enter the last good day."), help_text=_("The last good day."))
    reason = LineField(
        label=_("Why"), missing=_("Say why the day is set."), max_length=200, help_text=_("Like: away until September.")
    )
    version = _version()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper(days_beside("due_from", "due_until"), "reason", "version")


class PinForm(forms.Form):
    """Days after the treatment between which the next one is due."""

    low_days = forms.IntegerField(
        label=_("Opens on day"),
        error_messages={"required": _("Enter the day after the treatment on which the window opens.")},
    )
    high_days = forms.IntegerField(
        label=_("Closes on day"),
        error_messages={"required": _("Enter the day after the treatment on which the window closes.")},
    )
    version = _version()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("low_days", "high_days"):
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
            self.fields[name].error_messages["invalid"] = _("Days must be a whole number, like 98.")
        self.helper = helper(days_beside("low_days", "high_days"), "version")
