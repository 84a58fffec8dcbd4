"""Checking a patient in: who they are, whether anything has changed, and the consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatments.forms.layout import LineField, helper
from treatments.forms.safety import AnswersForm
from treatments.rules.facts import ContraindicationRule
from treatments.rules.vocabulary import Answer

SAME, CHANGED, LATER = "same", "changed", "later"
_LATER = gettext_lazy("Not asked here: the injector asks")
_CHANGES = [
    (SAME, gettext_lazy("No, all answers are still the same")),
    (CHANGED, gettext_lazy("Yes: ask all the questions")),
    (LATER, _LATER),
]
_ALL = [(CHANGED, gettext_lazy("Ask all the questions now")), (LATER, _LATER)]
_CHOOSE = gettext_lazy("Choose whether anything has changed since the questions were answered.")


EFFECTS = [
    ("", gettext_lazy("Not asked")),
    ("still_working_on", gettext_lazy("Still working")),
    ("seen_gone_on", gettext_lazy("Gone")),
]


class CheckInForm(AnswersForm):
    """`asks`: whether the questions belong here; `same`: the answers that "still the same" stands for, None where they
    are out of date or open, so that only asking them all will do.
    """

    name_said = forms.BooleanField(label=gettext_lazy("Said their name"), required=False)
    birth_said = forms.BooleanField(label=gettext_lazy("Said their date of birth"), required=False)
    identity_note = LineField(label=gettext_lazy("Cannot be checked, because"), required=False, max_length=200)
    changed = forms.ChoiceField(
        label=gettext_lazy("Has anything changed?"),
        choices=_CHANGES,
        widget=forms.RadioSelect,
        error_messages={"required": _CHOOSE, "invalid_choice": _CHOOSE},
    )
    effect = forms.ChoiceField(
        label=gettext_lazy("Is the effect of last time still there?"),
        choices=EFFECTS,
        widget=forms.RadioSelect,
        required=False,
    )
    consent = forms.BooleanField(label=gettext_lazy("Consent signed today"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        questions: Iterable[str],
        rules: Mapping[str, ContraindicationRule],
        same: Mapping[str, Answer] | None,
        asks: bool,
        asks_consent: bool,
        asks_effect: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, questions=questions if asks else (), rules=rules, **kwargs)
        self.helper, self.same = helper(), same
        fields: dict[str, Any] = self.fields
        fields["asked_all"].label = _("All asked now, answered no to all")
        self.no_to_all = bool(self.data.get("asked_all"))
        all_asked = self.data.get("changed") == CHANGED
        for code in self.questions:
            fields[code].required = all_asked and not self.no_to_all
        if same is None:
            fields["changed"].choices, fields["changed"].initial = _ALL, CHANGED
            fields["changed"].label = _("The answers are out of date or open")
        for name, shown in {
            "changed": asks,
            "asked_all": asks,
            "consent": asks_consent,
            "effect": asks_effect,
        }.items():
            if not shown:
                del fields[name]

    @property
    def identified(self) -> bool:
        return bool(self.cleaned_data.get("name_said") and self.cleaned_data.get("birth_said"))

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if not self.identified and not said.get("identity_note") and "identity_note" not in self.errors:
            self.add_error("identity_note", _("Tick both identity checks, or say why you cannot."))
        return said

    def given(self) -> dict[str, Answer] | None:
        """The answers of this day; None where nothing was asked: no asking is invented."""
        changed = self.cleaned_data.get("changed")
        if changed == SAME:
            return dict(self.same or {})
        return self.answers() if changed == CHANGED else None
