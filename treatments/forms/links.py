"""What patients type on their own pages: the date of birth, in three boxes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

_NUMBER = {"inputmode": "numeric", "class": "form-control"}
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip


class BirthForm(forms.Form):
    """Day, month (also by its name) and year. Errors stand at the first box."""

    day = forms.CharField(
        label=_("Day"), max_length=10, required=False, widget=forms.TextInput(_NUMBER | {"autocomplete": "bday-day"})
    )
    month = forms.CharField(
        label=_("Month"),
        max_length=20,
        required=False,
        widget=forms.TextInput(_NUMBER | {"autocomplete": "bday-month"}),
    )
    year = forms.CharField(
        label=_("Year"), max_length=10, required=False, widget=forms.TextInput(_NUMBER | {"autocomplete": "bday-year"})
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        parts = [str(typed.get(name, "")).strip() for name in ("day", "month", "year")]
        if not any(parts):
            self.add_error("day", _("Enter your date of birth."))
            return typed
        try:
            day, month, year = int(parts[0]), _month(parts[1]), int(parts[2])
            typed["born_on"] = date(year, month, day)
        except ValueError:
            self.add_error("day", _("Date of birth must be a real date, like 14 7 1985."))
        return typed


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    found = [n for n, name in enumerate(_MONTHS, 1) if len(text) >= 3 and name.startswith(text.lower())]
    if len(found) != 1:
        raise ValueError(text)
    return found[0]
