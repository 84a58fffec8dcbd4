"""Who a patient is, as typed."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import Field
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import phones
from treatments.forms.layout import DayField, Fold, LineField, WordsField, beside, helper
from treatments.models import ContactConsent, Patient, Sex

_IN_MORE = ("preferred_name", "title", "sex", "email", "address", "city", "postcode", "contact_consent", "note")


def _more() -> list[Any]:
    """The fields of `_IN_MORE` as they are laid out."""
    return [
        beside("preferred_name", "title"),
        beside("sex", "contact_consent"),
        beside("email", "address"),
        beside("city", "postcode"),
        "note",
    ]


class PhoneField(LineField):
    """A telephone number in any spelling; cleaned to E.164, the form in which it is kept."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "off", "inputmode": "tel"})

    def clean(self, value: Any) -> str:
        return phones.read(super().clean(value))


class PatientForm(forms.Form):
    """What is asked of everybody, and the rest behind a fold."""

    given_name = LineField(
        label=_("Given name"),
        max_length=120,
        required=False,
        help_text=_("Empty for somebody with one name only."),
    )
    family_name = LineField(label=_("Family name"), max_length=120, missing=_("Enter the family name."))
    born_on = DayField(label=_("Date of birth"), missing=_("Enter the date of birth."))
    phone = PhoneField(label=_("Mobile"), required=False, max_length=60, help_text=_("For calls and reminders."))
    preferred_name = LineField(label=_("Preferred name"), max_length=120, required=False)
    title = LineField(label=_("Title"), max_length=20, required=False)
    sex = forms.ChoiceField(label=_("Gender"), choices=Sex.choices, required=False)
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        error_messages={"invalid": _("Enter an e-mail address like name@example.org.")},
    )
    address = LineField(label=_("Address"), max_length=200, required=False)
    city = LineField(label=_("Town"), max_length=80, required=False)
    postcode = LineField(label=_("Postcode"), max_length=12, required=False)
    contact_consent = forms.ChoiceField(
        label=_("May we send reminders?"), choices=ContactConsent.choices, required=False
    )
    note = WordsField(label=_("Note"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("given_name", "family_name", "email"):
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.helper = helper(*self.layout())

    def layout(self) -> list[Any]:
        return [
            "given_name",
            "family_name",
            Field("born_on", wrapper_class="field-short"),
            Field("phone", wrapper_class="field-short"),
            Fold(_("More: preferred name, address, reminders, note"), *_more()),
        ]


class NewPatientForm(PatientForm):
    """Asks whether they are different people once somebody looks the same (`alike`)."""

    different = forms.BooleanField(label=_("These are different people"), required=False)

    def __init__(self, *args: Any, alike: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not alike:
            self.fields["different"].widget = forms.HiddenInput()

    def layout(self) -> list[Any]:
        return ["different", *super().layout()]

    def typed(self) -> dict[str, Any]:
        """The patient's own fields."""
        return {name: value for name, value in self.cleaned_data.items() if name != "different"}


class AmendPatientForm(PatientForm):
    """The same, of somebody on record. `version` is the one that the person saw."""

    died_on = DayField(label=_("Date of death"), required=False)
    reason = LineField(
        label=_("Why it is changed"),
        max_length=200,
        required=False,
        help_text=_("Kept in the audit trail with who, when and what."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def layout(self) -> list[Any]:
        return [
            *super().layout()[:-1],
            *_more(),
            Field("died_on", wrapper_class="field-short"),
            "reason",
            "version",
        ]

    def typed(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("reason", "version")}


def known(patient: Patient) -> dict[str, Any]:
    """The fields of a patient on record, for the form."""
    values = {name: getattr(patient, name) for name in ("given_name", "family_name", "born_on", "died_on", *_IN_MORE)}
    phone = phones.national(patient.phone) if patient.phone else ""
    return values | {"phone": phone, "version": patient.version}


class StopForm(forms.Form):
    reason = WordsField(
        label=_("Why is the course stopped?"),
        missing=_("Say why the course is stopped."),
        max_length=500,
        help_text=_("Nobody is asked in for it until it runs again."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()
