"""Why two records are the same person, as typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from treatments.forms.layout import WordsField, helper


class MergeForm(forms.Form):
    reason = WordsField(
        label=_("Why are they the same person?"),
        missing=_("Say in 10 characters or more why they are the same person."),
        max_length=500,
        help_text=_("For example who said so, and by which paper."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()
