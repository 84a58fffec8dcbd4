"""The record of a treatment: what was given on one line each, and the reasons that amending or voiding needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from clinic.models import Practitioner
from treatments.forms.layout import DayField, LineField, WordsField, helper
from treatments.forms.safety import AnswersForm
from treatments.models import Indication, Product
from treatments.models.fields import REASON_LENGTH
from treatments.models.treatments import KIND_LABELS, MOST_UNITS, SIDE_LABELS
from treatments.rules.facts import RuleBook
from treatments.rules.vocabulary import TreatmentKind

PREFIX = "injections"
QUESTIONS = "questions"
MOST_ROWS = 120
_NUMBER = re.compile(r"[+-]?(?=\.?[0-9])[0-9]*(\.(?P<decimals>[0-9]*))?")


class UnitsField(forms.CharField):
    """A number of units: 4, 4.5 or 4,5, with at most two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        shown = {"inputmode": "decimal", "autocomplete": "off", "maxlength": 12}
        super().__init__(widget=forms.TextInput(attrs=shown), **kwargs)
        self.validators = []

    def clean(self, value: Any) -> Decimal | None:
        text = str(super().clean(value) or "").replace(",", ".")
        if not text:
            return None
        written = _NUMBER.fullmatch(text)
        if written is None:
            raise ValidationError(_("Units must be a number, like 4."))
        if len(written["decimals"] or "") > 2:  # also "1,000", which might mean a thousand
            raise ValidationError(_("Units can have two decimal places."))
        units = Decimal(text)
        if units <= 0:
            raise ValidationError(_("Units must be more than 0."))
        if units > MOST_UNITS:
            raise ValidationError(_("Units must be %(most)s or fewer.") % {"most": MOST_UNITS})
        return units.quantize(Decimal("0.01"))


class ChosenField(forms.ChoiceField):
    """One of a few things that are at hand, named by a code; cleans to the thing itself."""

    def __init__(self, things: Mapping[str, Any], *, missing: Any, empty: Any = None, **kwargs: Any) -> None:
        self.things = things
        choices = [(code, str(thing)) for code, thing in things.items()]
        messages = {"required": missing, "invalid_choice": missing}
        super().__init__(choices=[("", empty), *choices] if empty else choices, error_messages=messages, **kwargs)

    def clean(self, value: Any) -> Any:
        return self.things.get(super().clean(value))


class RecordForm(forms.Form):
    """Everything about a treatment but its injections. Day and expiry are judged by the gate, not here."""

    performed_on = DayField(label=_("Day"), missing=_("Enter the day of the treatment."))
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[(kind.value, label) for kind, label in KIND_LABELS.items()],
        widget=forms.RadioSelect,
        initial=TreatmentKind.FULL.value,
        error_messages={"required": _("Choose full or touch-up."), "invalid_choice": _("Choose full or touch-up.")},
    )
    lot_number = LineField(label=_("Lot"), max_length=40, missing=_("Enter the lot number."))
    lot_expires_on = DayField(label=_("Expiry"), missing=_("Enter the expiry date that is printed on the vial."))
    vial_checked = forms.BooleanField(
        label=_("I checked the vial: name, lot, expiry"),
        error_messages={"required": _("Confirm that you checked the vial.")},
    )
    effect = forms.ChoiceField(
        label=_("Had the effect of last time worn off?"),
        choices=[
            ("", _("Not known")),
            ("still_working_on", _("Still working")),
            ("seen_gone_on", _("Gone when seen")),
            ("worn_off_on", _("Gone on")),
        ],
        widget=forms.RadioSelect,
        required=False,
    )
    effect_on = DayField(label=_("Day on which it was gone"), required=False)
    note = WordsField(label=_("Note"), required=False)
    acknowledged = forms.BooleanField(label=_("I have read the cautions and go on"), required=False)
    incident_reason = WordsField(label=_("Why it was given all the same"), required=False, rows=2)

    field_order = ("performed_on", "practitioner", "kind", "product", "lot_number", "lot_expires_on", "vial_checked")

    def __init__(
        self,
        *args: Any,
        products: Iterable[Product],
        practitioners: Iterable[Practitioner],
        today: date,
        born_on: date,
        amending: bool = False,
        asks_effect: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.born_on = today, born_on
        self.fields["product"] = ChosenField(
            {row.code: row for row in products}, label=_("Product"), missing=_("Choose the product."), empty=_("Choose")
        )
        self.fields["practitioner"] = ChosenField(
            {str(row.pk): row for row in practitioners},
            label=_("Injector"),
            missing=_("Choose who injected."),
            empty=_("Choose"),
        )
        if amending:
            self.fields["reason"] = WordsField(
                label=_("Why is it amended?"), missing=_("Say in 10 characters or more why it is amended."), rows=2
            )
        if not asks_effect:
            del self.fields["effect"], self.fields["effect_on"]
        self.order_fields(self.field_order)
        self.fields["lot_number"].widget.attrs |= {"class": "mono", "autocomplete": "off", "spellcheck": "false"}

    def clean_performed_on(self) -> date:
        day: date = self.cleaned_data["performed_on"]
        if day > self.today:
            raise ValidationError(_("The day of the treatment must not be in the future."))
        if day < self.born_on:
            raise ValidationError(_("The day of the treatment must be after the date of birth."))
        return day

    def clean_reason(self) -> str:
        return _long_enough(self.cleaned_data["reason"], _("Say in 10 characters or more why it is amended."))

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if typed.get("effect") == "worn_off_on" and not typed.get("effect_on") and "effect_on" not in self.errors:
            self.add_error("effect_on", _("Enter the day on which the effect was gone, or choose “Not known”."))
        return typed

    def effect_said(self) -> dict[str, date]:
        """What was said of the effect of last time, by the field that keeps it; on the day of the treatment where no other."""
        said = self.cleaned_data.get("effect")
        if not said:
            return {}
        return {said: self.cleaned_data["effect_on" if said == "worn_off_on" else "performed_on"]}


class InjectionForm(forms.Form):
    """One line: a site, its side and units. A line without site and units is blank and counts for nothing."""

    site = LineField(label=_("Site"), max_length=80, required=False)
    side = forms.ChoiceField(
        label=_("Side"), choices=[(side.value, label) for side, label in SIDE_LABELS.items()], required=False
    )
    units = UnitsField(label=_("Units"), required=False)

    field_order = ("indication", "site", "side", "units")

    def __init__(self, *args: Any, indications: Mapping[str, Indication], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["indication"] = ChosenField(
            indications, label=_("For"), missing=_("Choose what it is for."), empty=_("Choose"), required=False
        )
        self.order_fields(self.field_order)
        self.fields["indication"].widget.attrs["data-formset-copy"] = True
        self.fields["site"].widget.attrs |= {"list": "usual-sites", "autocomplete": "off", "placeholder": _("Site")}
        self.fields["units"].widget.attrs["placeholder"] = _("Units")
        for bound in self:  # each row's inputs are named by the head of their column
            shape = "form-select" if isinstance(bound.field, forms.ChoiceField) else "form-control"
            bound.field.widget.attrs |= {"aria-labelledby": f"{PREFIX}-{bound.name}", "class": shape}

    @property
    def is_blank(self) -> bool:
        return not any(str(self.data.get(self.add_prefix(name)) or "").strip() for name in ("site", "units"))

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if self.is_blank:
            return typed
        site = typed.get("site")
        if not typed.get("indication") and "indication" not in self.errors:
            self.add_error("indication", _("Choose what it is for."))
        if not site and "site" not in self.errors:
            self.add_error("site", _("Enter the site, or empty the units."))
        if typed.get("units") is None and "units" not in self.errors:
            self.add_error("units", _("Enter units for %(site)s, or remove it.") % {"site": site or _("this site")})
        return typed

    def refuse_more_than(self, most: Decimal) -> None:
        sentence = _("Units for %(site)s must be %(most)s or fewer.")
        self.add_error("units", sentence % {"site": self.cleaned_data["site"], "most": f"{most.normalize():f}"})


class BaseInjections(BaseFormSet):
    """All lines of one treatment. Every row may be blank; at least one must not be."""

    def initial_form_count(self) -> int:
        return 0

    def total_form_count(self) -> int:
        return super().total_form_count() if self.is_bound else len(self.initial or ()) + self.extra

    def clean(self) -> None:
        if not any(self.errors) and not self.filled():
            raise ValidationError(_("Add at least one site."))

    def filled(self) -> list[InjectionForm]:
        """The rows in which somebody wrote something."""
        return [form for form in self.forms if not form.is_blank]

    def refuse_above_limits(self, product: str, book: RuleBook) -> None:
        """Put the licence's most for one site at the rows that go beyond it. Only for rows that are valid so far."""
        for form in self.filled():
            most = book.licence(product, form.cleaned_data["indication"].code).max_units_per_site
            if most and form.cleaned_data["units"] > most:
                form.refuse_more_than(most)


InjectionFormSet = formset_factory(
    InjectionForm, formset=BaseInjections, extra=0, max_num=MOST_ROWS, absolute_max=MOST_ROWS, validate_max=True
)


class RecordAnswers(AnswersForm):
    """The safety questions inside the record: answered one by one, or ticked as all answered no."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix=QUESTIONS, **kwargs)
        self.fields["asked_all"].widget.attrs["class"] = "form-check-input"
        self.fields["asked_all"].label = _("All questions asked on this day, and answered no")
        self.no_to_all = bool(self.data.get(self.add_prefix("asked_all")))
        self.touched = any(self.data.get(self.add_prefix(name)) for name in self.fields)
        for code in self.questions:
            self.fields[code].required = not self.no_to_all
            self.fields[code].widget.attrs["class"] = "form-check-input"


class Together:
    """Several forms as one, for the summary of errors."""

    def __init__(self, *members: forms.Form) -> None:
        self.members = members
        self.errors = {name: error for form in members for name, error in form.errors.items()}

    def __iter__(self) -> Iterator[Any]:
        return (field for form in self.members for field in form)

    def non_field_errors(self) -> list[str]:
        return [str(error) for form in self.members for error in form.non_field_errors()]


class VoidForm(forms.Form):
    """Why a record is taken out of count."""

    helper = helper()

    reason = WordsField(
        label=_("Why is it voided?"), missing=_("Say in 10 characters or more why it is voided."), rows=3
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)

    def clean_reason(self) -> str:
        return _long_enough(self.cleaned_data["reason"], _("Say in 10 characters or more why it is voided."))


def _long_enough(words: str, sentence: Any) -> str:
    if len(words.strip()) < REASON_LENGTH:
        raise ValidationError(sentence)
    return words
