"""What all forms share: their fields of days and words, and the helper that lets the template hold the form's tag."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, LayoutObject
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from treatments.models.fields import no_hidden_characters

DAY_FORMS = ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y"]
FIRST_DAY, LAST_DAY = date(1890, 1, 1), date(2199, 12, 31)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def helper(*layout: Any) -> FormHelper:
    """A crispy helper without a form tag of its own: the template writes `<form novalidate>`, token and buttons."""
    made = FormHelper()
    made.form_tag = False
    made.disable_csrf = True
    if layout:
        made.layout = Layout(*layout)
    return made


def beside(*names: str) -> Div:
    """Fields that belong together, in one line where there is room."""
    return Div(*(Field(name, wrapper_class="flex-fill") for name in names), css_class="d-flex flex-wrap column-gap-4")


def days_beside(*names: str) -> Div:
    """Fields of days in one line, their boxes at one height."""
    fields = (Field(name, wrapper_class="field-short") for name in names)
    return Div(*fields, css_class="d-flex flex-wrap align-items-end column-gap-4")


class DayInput(forms.DateInput):
    """The browser's date field. What it could not show (31/02/2026) comes back in a plain field, as it was typed."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["value"]
        if shown and not _ISO.fullmatch(str(shown)):
            context["widget"]["type"] = "text"
        return context


class DayField(forms.DateField):
    """A civil date: ISO, or day first. `missing` is the sentence where it is required and empty."""

    widget = DayInput

    def __init__(self, *, missing: Any = "", **kwargs: Any) -> None:
        messages = {"invalid": _("Date must be a real date, like 14/07/2026.")}
        if missing:
            messages["required"] = missing
        super().__init__(input_formats=DAY_FORMS, error_messages=messages, **kwargs)

    def clean(self, value: Any) -> date | None:
        day = super().clean(value)
        if day and not FIRST_DAY <= day <= LAST_DAY:
            raise ValidationError(_("Date must be between 1890 and 2199."), code="invalid")
        return day


class LineField(forms.CharField):
    """A line of words, without hidden characters. `missing` is the sentence where it is required and empty."""

    def __init__(self, *, missing: Any = "", **kwargs: Any) -> None:
        messages = {"max_length": _("Use %(limit_value)d characters or fewer. This has %(show_value)d.")}
        if missing:
            messages["required"] = missing
        super().__init__(error_messages=messages, **kwargs)
        self.validators = [v for v in self.validators if not isinstance(v, ProhibitNullCharactersValidator)]
        self.validators.append(no_hidden_characters)


class WordsField(LineField):
    """Several lines of words."""

    def __init__(self, *, rows: int = 3, max_length: int = 2000, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), max_length=max_length, **kwargs)


def put_errors(form: forms.Form, error: ValidationError) -> None:
    """Put what a service refused on the form: each sentence at its field, the rest on top."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


class Fold(LayoutObject):
    """Fields behind a summary that opens in place; open from the start where one of them has an error or a value."""

    def __init__(self, summary: Any, *fields: Any) -> None:
        self.summary, self.fields = summary, list(fields)

    def render(self, form: forms.Form, context: Any, template_pack: str = "bootstrap5", **kwargs: Any) -> str:
        names = [pointer.name for pointer in self.get_field_names()]
        is_open = any(form.errors.get(name) or form[name].value() for name in names)
        return format_html(
            '<details class="fold"{}><summary>{}</summary><div class="fold-body">{}</div></details>',
            mark_safe(" open") if is_open else "",
            self.summary,
            self.get_rendered_fields(form, context, template_pack, **kwargs),
        )


class PlainSelect(forms.Select):
    """A list to choose from, written in Python: Django renders three templates for every choice. Groups are not for it."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = {str(each) for each in self.format_value(value)}
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, _SELECTED if str(key) in chosen else "", label) for key, label in self.choices),
        )
        return format_html("<select{}>{}</select>", flatatt({"name": name, **self.attrs, **(attrs or {})}), options)


_SELECTED = SafeString(" selected")
