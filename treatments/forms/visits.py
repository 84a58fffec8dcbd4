"""Small forms around a visit: the wish to come earlier, and a consent that was signed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.models import Practitioner
from treatments.forms.layout import DayField, LineField, helper


class EarlierForm(forms.Form):
    """With whom and from when an earlier time would suit."""

    practitioner = forms.ModelChoiceField(
        label=_("With"),
        queryset=Practitioner.objects.filter(is_active=True).order_by("name", "pk"),
        required=False,
        empty_label=_("Anyone"),
        error_messages={"invalid_choice": _("Choose somebody of the list, or anyone.")},
    )
    not_before_on = DayField(label=_("Not before"), required=False)
    note = LineField(
        label=_("When it suits"),
        required=False,
        max_length=200,
        help_text=_("For example: mornings, an hour's notice."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()


class ConsentForm(forms.Form):
    signed_on = DayField(label=_("Signed on"), missing=_("Enter the day on which the consent was signed."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()
