"""Flags as typed: a dated fact that bears on safety, and its review."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from crispy_forms.layout import Field
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.formats import day
from treatments.forms.layout import DayField, LineField, WordsField, days_beside, helper
from treatments.rules.facts import ContraindicationRule
from treatments.rules.vocabulary import Severity

EFFECTS = {
    Severity.HARD_STOP: _("Stops treatment, no override"),
    Severity.SOFT_STOP: _("Stops treatment, a prescriber may override"),
    Severity.CAUTION: _("Caution, to be confirmed by the injector"),
    Severity.INFORM: _("Shown"),
}
FIRST = ("pregnancy", "breastfeeding")


def kind_choices(rules: Mapping[str, ContraindicationRule]) -> list[Any]:
    """Kinds that are raised by hand, grouped by what they do; pregnancy and breastfeeding first."""
    by_hand = sorted(
        (rule for rule in rules.values() if rule.raised_by_hand),
        key=lambda r: (r.severity.weight, FIRST.index(r.code) if r.code in FIRST else len(FIRST), r.short_name),
    )
    groups = [(EFFECTS[s], [(r.code, r.short_name) for r in by_hand if r.severity == s]) for s in Severity]
    return [("", _("Choose"))] + [group for group in groups if group[1]]


class FlagForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What"),
        error_messages={
            "required": _("Choose what the flag is about."),
            "invalid_choice": _("Choose what the flag is about."),
        },
    )
    starts_on = DayField(
        label=_("Since"),
        missing=_("Enter when it started; today, where nobody knows."),
        help_text=_("Today, where nobody knows."),
    )
    ends_on = DayField(label=_("Ends on"), required=False, help_text=_("First day it no longer holds."))
    review_on = DayField(label=_("Ask again on"), required=False, help_text=_("Empty: after the usual time."))
    expected_on = DayField(
        label=_("Expected birth"),
        required=False,
        help_text=_("For a pregnancy only."),
    )
    source = LineField(label=_("Who said so"), max_length=80, required=False)
    note = WordsField(label=_("Note"), required=False)

    def __init__(self, *args: Any, rules: Mapping[str, ContraindicationRule], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules, self.today = rules, today
        self.fields["kind"].choices = kind_choices(rules)  # type: ignore[attr-defined]
        self.helper = helper("kind", days_beside("starts_on", "ends_on", "review_on", "expected_on"), "source", "note")

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        expected_on, starts_on = typed.get("expected_on"), typed.get("starts_on")
        if expected_on and typed.get("kind") and typed["kind"] != "pregnancy":
            self.add_error("expected_on", _("Only a pregnancy has an expected date. Leave it empty."))
        elif expected_on and starts_on and expected_on <= starts_on:
            self.add_error("expected_on", _("The expected date must be after the day the pregnancy was known."))
        if typed.get("review_on") and typed["review_on"] <= self.today:
            self.add_error("review_on", _("The day to ask again must be after today."))
        return typed

    def flag(self) -> dict[str, Any]:
        """The flag's own fields. The expected date becomes the review and stands in the note."""
        typed = dict(self.cleaned_data)
        expected_on = typed.pop("expected_on")
        if expected_on:
            typed["review_on"] = typed["review_on"] or expected_on
            line = _("Expected %(day)s; then ask about breastfeeding.") % {"day": day(expected_on)}
            typed["note"] = "\n".join(part for part in (line, typed["note"]) if part)
        return typed


class _ReviewForm(forms.Form):
    reason = WordsField(label=_("Why, or who said so"), required=False, max_length=500)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = [Field(n, wrapper_class="field-short") for n in ("review_on", "ends_on") if n in self.fields]
        self.helper = helper(*days, "reason", "version")


class ConfirmForm(_ReviewForm):
    review_on = DayField(label=_("Ask again on"), missing=_("Enter when to ask again."))


class EndForm(_ReviewForm):
    ends_on = DayField(
        label=_("Ended on"),
        missing=_("Enter when it ended."),
        help_text=_("The first day it no longer holds. It may lie ahead."),
    )


class ErrorForm(_ReviewForm):
    reason = WordsField(
        label=_("Why it was entered in error"), missing=_("Say why it was entered in error."), max_length=500
    )
