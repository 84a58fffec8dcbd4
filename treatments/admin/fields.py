"""Form fields for lists that a row keeps as JSON: one entry a line, or ticks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from treatments.models.fields import no_hidden_characters


class LinesField(forms.CharField):
    """A list of words, one a line."""

    widget = forms.Textarea(attrs={"rows": 4})
    default_validators = [no_hidden_characters]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(item) for item in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [text for line in lines if (text := str(line).strip())]

    def run_validators(self, value: Any) -> None:
        super().run_validators("\n".join(str(item) for item in value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial or []) != self.to_python(data)


class NumbersField(LinesField):
    """A list of numbers, one a line. Whole numbers stay whole."""

    def to_python(self, value: Any) -> Any:
        return [_number(line) for line in super().to_python(value)]

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return super().has_changed(initial, data)
        except ValidationError:
            return True


def _number(text: str) -> int | float:
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= 100000:
        raise ValidationError(_("Enter numbers only, one a line."))
    return int(number) if number == number.to_integral_value() else float(number)


class TicksField(forms.MultipleChoiceField):
    """Codes of other rows, ticked from a list."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, *, choices: Any, **kwargs: Any) -> None:
        super().__init__(choices=choices, required=False, **kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(_texts(initial)) != set(_texts(data))


def _texts(values: Iterable[Any] | None) -> list[str]:
    return [str(value) for value in values or ()]
