"""One asking of the safety questions: an answer to each of them, none chosen beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from treatments.rules.facts import ContraindicationRule
from treatments.rules.vocabulary import Answer

ANSWER_LABELS = {Answer.NO: _("No"), Answer.YES: _("Yes"), Answer.NOT_SURE: _("Not sure")}


class AnswersForm(forms.Form):
    """A field for each question, named by its code; `asked_all` stands for the button that answers no to all."""

    asked_all = forms.BooleanField(label=_("Asked today, answered no to all"), required=False)

    def __init__(
        self, *args: Any, questions: Iterable[str], rules: Mapping[str, ContraindicationRule], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.questions = list(questions)
        self.no_to_all = "all_no" in self.data
        for code in self.questions:
            self.fields[code] = forms.ChoiceField(
                label=rules[code].question,
                choices=[(answer.value, label) for answer, label in ANSWER_LABELS.items()],
                widget=forms.RadioSelect,
                required=not self.no_to_all,
                error_messages={
                    "required": _("%(what)s: choose an answer.") % {"what": rules[code].short_name},
                    "invalid_choice": _("%(what)s: choose No, Yes or Not sure.") % {"what": rules[code].short_name},
                },
            )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if self.no_to_all:
            if not typed.get("asked_all"):
                self.add_error("asked_all", _("Tick that all questions were asked today and answered no."))
            for code in self.questions:
                if typed.get(code) not in ("", None, Answer.NO.value):
                    self.add_error(code, _("This says something else than no. Save the answers instead."))
        return typed

    def answers(self) -> dict[str, Answer]:
        if self.no_to_all:
            return dict.fromkeys(self.questions, Answer.NO)
        return {code: Answer(self.cleaned_data[code]) for code in self.questions}
