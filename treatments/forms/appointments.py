"""Forms of visits: what for, with whom, where and when; moving, cancelling and overriding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.db.models import Case, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Practitioner, Room
from treatments.forms.layout import DayField, LineField, WordsField, helper
from treatments.models import Course, Indication, OverrideReason, Product
from treatments.models.fields import REASON_LENGTH

CANCEL_REASONS = {
    "patient": [
        ("unwell", gettext_lazy("Unwell")),
        ("cannot_come", gettext_lazy("Cannot come then")),
        ("changed_mind", gettext_lazy("No longer wants it")),
        ("elsewhere", gettext_lazy("Goes to another clinic")),
    ],
    "clinic": [
        ("staff_away", gettext_lazy("Staff away")),
        ("not_safe", gettext_lazy("Not safe on that day")),
        ("no_product", gettext_lazy("Product not there")),
        ("booked_wrongly", gettext_lazy("Booked wrongly")),
    ],
}
_OTHER = ("other", gettext_lazy("Another reason, in own words"))
_CLOCK = re.compile(r"\d{2}:\d{2}")


class ClockInput(forms.TimeInput):
    """The browser's time field. What it could not show (25:10) comes back in a plain field, as it was typed."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(attrs={"step": 300}, format="%H:%M")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["value"]
        if shown and not _CLOCK.fullmatch(str(shown)):
            context["widget"]["type"] = "text"
        return context


class PractitionerField(forms.ModelChoiceField):
    """Those who work here, the patient's usual one first."""

    usual: int | None = None

    def label_from_instance(self, obj: Any) -> str:
        return _("%(name)s (usual)") % {"name": obj.name} if obj.pk == self.usual else obj.name

    def put_first(self, usual: Practitioner | None) -> None:
        self.usual = usual.pk if usual else None
        self.queryset = Practitioner.objects.filter(is_active=True).order_by(
            Case(When(pk=self.usual, then=0), default=1), "name", "pk"
        )


class RoomField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.location.name}, {obj.name}"


class IndicationsField(forms.ModelMultipleChoiceField):
    """Ticks by code; `notes` says beside each where its course stands."""

    widget = forms.CheckboxSelectMultiple
    notes: Mapping[str, str] = {}

    def label_from_instance(self, obj: Any) -> str:
        note = self.notes.get(obj.code)
        return f"{obj.short_name}: {note}" if note else obj.short_name

    def clean(self, value: Any) -> Any:
        """None is not an error here: the form asks for one of both groups."""
        return super().clean(value) if value else Indication.objects.none()


class TimeForm(forms.Form):
    """With whom, where and when. `starts_at` is the moment, `said` what must be said about the clock that day."""

    practitioner = PractitionerField(
        label=gettext_lazy("With"),
        queryset=Practitioner.objects.none(),
        empty_label=gettext_lazy("Choose"),
        error_messages={"required": gettext_lazy("Choose who the visit is with.")},
    )
    room = RoomField(
        label=gettext_lazy("Where"),
        queryset=Room.objects.none(),
        empty_label=gettext_lazy("Choose"),
        error_messages={"required": gettext_lazy("Choose the room.")},
    )
    on = DayField(label=gettext_lazy("Day"), missing=gettext_lazy("Enter the day of the visit."))
    starts = forms.TimeField(
        label=gettext_lazy("Start"),
        widget=ClockInput,
        input_formats=["%H:%M", "%H.%M", "%H:%M:%S", "%H%M"],
        error_messages={
            "required": gettext_lazy("Enter the time at which the visit starts."),
            "invalid": gettext_lazy("Time must be a real time, like 14:30."),
        },
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        initial=30,
        min_value=5,
        max_value=480,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": gettext_lazy("Enter the length in minutes."),
            "invalid": gettext_lazy("The length must be a whole number of minutes, like 30."),
            "min_value": gettext_lazy("The length must be between 5 and 480 minutes."),
            "max_value": gettext_lazy("The length must be between 5 and 480 minutes."),
        },
    )

    starts_at: datetime | None = None
    said: str = ""

    def __init__(self, *args: Any, usual: Practitioner | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()
        self.fields["practitioner"].put_first(usual)  # type: ignore[attr-defined]
        rooms = Room.objects.filter(is_active=True, location__is_active=True).select_related("location")
        self.fields["room"].queryset = rooms  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("on") and cleaned.get("starts"):
            self._set_start(cleaned["on"], cleaned["starts"])
        return cleaned

    def _set_start(self, on: date, starts: time) -> None:
        """The moment of that clock time. Where the clocks change, a time may not exist, or come twice."""
        zone = timezone.get_current_timezone()
        wall = datetime.combine(on, starts)
        first = wall.replace(tzinfo=zone)
        if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
            self.add_error("starts", _("This time does not exist on that day: the clocks go forward."))
            return
        if first.utcoffset() != first.replace(fold=1).utcoffset():
            self.said = _("%(time)s comes twice on that day, because the clocks go back. The first one is meant.") % {
                "time": f"{starts:%H:%M}"
            }
        self.starts_at = first


class BookingForm(TimeForm):
    """`courses`: the patient's own, in the order in which they are offered; `notes`: code -> where it stands."""

    indications = IndicationsField(
        label=gettext_lazy("What for"), queryset=Indication.objects.none(), to_field_name="code"
    )
    others = IndicationsField(
        label=gettext_lazy("Other uses"), queryset=Indication.objects.none(), to_field_name="code", required=False
    )
    product = forms.ModelChoiceField(
        label=gettext_lazy("Product"),
        queryset=Product.objects.filter(is_active=True),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("As last time, or decided at the visit"),
    )
    note = LineField(label=gettext_lazy("Note for the visit"), required=False, max_length=200)

    def __init__(
        self, *args: Any, courses: Sequence[Course] = (), notes: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        own = [course.indication_id for course in courses]
        offered = Indication.objects.order_by(Case(*(When(pk=pk, then=at) for at, pk in enumerate(own)), default=99))
        mine: Any = self.fields["indications"]
        mine.queryset, mine.notes = offered.filter(pk__in=own), notes or {}
        rest: Any = self.fields["others"]
        rest.queryset = Indication.objects.filter(is_active=True).order_by("short_name", "pk")
        # Only others are offered; one that has become the patient's own since the page was made is still taken.
        rest.choices = [(i.code, rest.label_from_instance(i)) for i in rest.queryset if i.pk not in own]
        if not own:
            del self.fields["indications"]
            rest.label, rest.required = _("What for"), True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        chosen: Iterable[Indication] = [*cleaned.get("indications", ()), *cleaned.get("others", ())]
        cleaned["chosen"] = tuple(dict.fromkeys(chosen))
        first = "indications" if "indications" in self.fields else "others"
        if not cleaned["chosen"] and not self.errors.get("indications") and not self.errors.get("others"):
            self.add_error(first, _("Choose what the visit is for."))
        return cleaned


class MoveForm(TimeForm):
    version = forms.IntegerField(widget=forms.HiddenInput)


class OverrideForm(forms.Form):
    """A prescriber's decision. `stops`: what stands now; it may only be decided by somebody who was shown all of it."""

    override_reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=OverrideReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose a reason for the override.")},
    )
    override_words = WordsField(
        label=gettext_lazy("In your own words"),
        help_text=gettext_lazy("At least 10 characters. Stays on the visit and in the record."),
        max_length=500,
        min_length=REASON_LENGTH,
        missing=gettext_lazy("Say in 10 characters or more why the visit should take place."),
    )

    def __init__(self, *args: Any, stops: frozenset[str], cautions: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()
        self.stops, self.cautions = stops, cautions
        self.fields["override_words"].error_messages["min_length"] = self.fields["override_words"].error_messages[
            "required"
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.stops <= self.seen:
            raise forms.ValidationError(_("More stands against it now. Read it again, then decide."))
        if self.cautions and self.data.get("acknowledged") != self.cautions:
            raise forms.ValidationError(_("Confirm that you have read the cautions."))
        return cleaned

    @property
    def seen(self) -> frozenset[str]:
        """The stops that were on the page from which the decision came."""
        return frozenset(self.data.getlist("override_seen")) if self.is_bound else frozenset()  # type: ignore[attr-defined]


class CancelForm(forms.Form):
    who = forms.ChoiceField(
        label=gettext_lazy("Who cancelled?"),
        choices=[("patient", gettext_lazy("The patient")), ("clinic", gettext_lazy("The clinic"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose who cancelled.")},
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Why?"),
        choices=[
            ("", gettext_lazy("Choose")),
            (gettext_lazy("The patient"), CANCEL_REASONS["patient"]),
            (gettext_lazy("The clinic"), CANCEL_REASONS["clinic"]),
            _OTHER,
        ],
        error_messages={"required": gettext_lazy("Choose why it was cancelled.")},
    )
    words = LineField(label=gettext_lazy("In own words"), required=False, max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("reason") == "other" and not cleaned.get("words"):
            self.add_error("words", _("Say in your own words why it was cancelled."))
        return cleaned

    def sentence(self) -> str:
        """The reason as the visit keeps it."""
        labels = dict([*CANCEL_REASONS["patient"], *CANCEL_REASONS["clinic"]])
        listed, words = str(labels.get(self.cleaned_data["reason"], "")), self.cleaned_data["words"]
        return ". ".join(part for part in (listed, words) if part)
