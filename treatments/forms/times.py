"""The time of a visit: one of those offered, or one that is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.formats import clock, day
from clinic.models import Practitioner, Room
from treatments.forms.layout import DayField, helper
from treatments.rules import wall_clock

USUAL_MINUTES = 30  # of a visit without a service of its own
_CLOCK = re.compile(r"\d{2}:\d{2}")
_SLOT = re.compile(r"(\d{8}T\d{4})Z\.(\d{1,18})\.(\d{1,18})")


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


class ClockField(forms.TimeField):
    """A time of day, as staff type it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=ClockInput,
            input_formats=["%H:%M", "%H.%M", "%H:%M:%S", "%H%M"],
            error_messages={
                "required": gettext_lazy("Enter a time."),
                "invalid": gettext_lazy("Time must be a real time, like 14:30."),
            },
            **kwargs,
        )


class OneOf(forms.ChoiceField):
    """One of some objects, which are read once for the choices and for the answer; None where nothing is chosen."""

    objects: dict[str, Any] = {}

    def offer(
        self, objects: Iterable[Any], *, label: Callable[[Any], str] = str, key: str = "pk", empty: Any = ""
    ) -> None:
        self.objects = {str(getattr(each, key)): each for each in objects}
        self.choices = [*([("", empty)] if empty else []), *((k, label(each)) for k, each in self.objects.items())]

    def clean(self, value: Any) -> Any:
        return self.objects.get(super().clean(value))


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that was offered: when, with whom and where."""

    starts_at: datetime
    practitioner: int
    room: int

    def __str__(self) -> str:
        """As the form sends it. In UTC, so that the two times of a repeated hour differ."""
        return f"{self.starts_at.astimezone(UTC):%Y%m%dT%H%M}Z.{self.practitioner}.{self.room}"

    @classmethod
    def read(cls, text: str) -> Slot | None:
        """None where the text is no such time."""
        if not (found := _SLOT.fullmatch(text)):
            return None
        try:
            starts_at = datetime.strptime(found[1], "%Y%m%dT%H%M").replace(tzinfo=UTC)
            timezone.localtime(starts_at)
        except (ValueError, OverflowError):
            return None
        return cls(starts_at, int(found[2]), int(found[3]))


class TimeForm(forms.Form):
    """With whom, where and when. Nobody and no room chosen: anyone, anywhere. `starts_at` is the moment."""

    practitioner = OneOf(label=gettext_lazy("With"), required=False)
    location = OneOf(label=gettext_lazy("Location"), required=False)
    room = OneOf(label=gettext_lazy("Where"), required=False)
    slot = forms.CharField(label=gettext_lazy("Time"), required=False, max_length=60, widget=forms.HiddenInput)
    on = DayField(label=gettext_lazy("Day"), required=False)
    starts = ClockField(label=gettext_lazy("Start"), required=False)
    which = forms.ChoiceField(
        label=gettext_lazy("Which of the two?"),
        choices=[("first", gettext_lazy("The first")), ("second", gettext_lazy("The second"))],
        widget=forms.RadioSelect,
        required=False,
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        required=False,
        min_value=5,
        max_value=480,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": gettext_lazy("The length must be a whole number of minutes, like 30."),
            "min_value": gettext_lazy("The length must be between 5 and 480 minutes."),
            "max_value": gettext_lazy("The length must be between 5 and 480 minutes."),
        },
    )

    starts_at: datetime | None = None

    def __init__(
        self,
        *args: Any,
        usual: int | None = None,
        practitioners: Sequence[Practitioner] = (),
        rooms: Sequence[Room] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper()
        self.twice: tuple[datetime, ...] = ()  # the two moments of a repeated time
        self.practitioners, self.rooms = practitioners, rooms
        fields: dict[str, Any] = self.fields
        fields["practitioner"].offer(
            sorted(practitioners, key=lambda each: each.pk != usual),
            label=lambda each: _("%(name)s (usual)") % {"name": each.name} if each.pk == usual else each.name,
            empty=_("Anyone"),
        )
        fields["room"].offer(rooms, label=lambda room: f"{room.location.name}, {room.name}", empty=_("Any room"))
        locations = {room.location_id: room.location for room in rooms}
        if len(locations) > 1:
            fields["location"].offer(locations.values(), empty=_("Any location"))
        else:
            del fields["location"]

    @property
    def usual_minutes(self) -> int:
        """The length where none is typed."""
        return USUAL_MINUTES

    @property
    def offered(self) -> Slot | None:
        """The time that is chosen from those offered."""
        return Slot.read(str(self.data.get("slot") or "")) if self.is_bound else None

    def wanted(self, name: str) -> Any:
        """What is chosen in a list, also where an offered time says more: with whom and where to look for times."""
        field = self.fields.get(name)
        return field.objects.get(str(self.data.get(name) or "")) if isinstance(field, OneOf) and self.is_bound else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "minutes" not in self.errors:
            cleaned["minutes"] = cleaned.get("minutes") or self.usual_minutes
        if cleaned.get("slot"):
            self._take_slot(cleaned)
        else:
            self._take_typed(cleaned)
        return cleaned

    def _take_slot(self, cleaned: dict[str, Any]) -> None:
        slot, typed = Slot.read(cleaned["slot"]), cleaned.get("starts")
        practitioner = {each.pk: each for each in self.practitioners}.get(slot.practitioner if slot else 0)
        room = {each.pk: each for each in self.rooms}.get(slot.room if slot else 0)
        if slot is None or practitioner is None or room is None:
            self.add_error("slot", _("Choose one of the times offered."))
            return
        if typed:
            said = {"listed": clock(slot.starts_at), "typed": f"{typed:%H:%M}"}
            self.add_error("starts", _("Two times are chosen: %(listed)s and %(typed)s. Empty this one.") % said)
        self.starts_at = slot.starts_at
        cleaned |= {"on": timezone.localtime(slot.starts_at).date(), "practitioner": practitioner, "room": room}

    def _take_typed(self, cleaned: dict[str, Any]) -> None:
        on, starts = cleaned.get("on"), cleaned.get("starts")
        if on and starts:
            self._set_start(on, starts)
        missing = {
            "practitioner": _("Choose who the visit is with."),
            "room": _("Choose the room."),
            "on": _("Enter the day of the visit."),
            "starts": _("Choose a time."),
        }
        if not starts and "starts" not in self.errors:
            del missing["practitioner"], missing["room"]  # whoever is free at the time that is chosen
        for name, sentence in missing.items():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error("slot" if name == "starts" else name, sentence)

    def _set_start(self, on: date, starts: time) -> None:
        """The moment of that clock time. Where the clocks change, a time may not exist, or come twice."""
        zone = ZoneInfo(timezone.get_current_timezone_name())
        found = wall_clock.moments(on, starts, zone)
        said = {"time": f"{starts:%H:%M}"}
        if not found:
            existing = wall_clock.next_existing(on, starts, zone)
            said["next"] = clock(existing) if existing.date() == on else f"{clock(existing)}, {day(existing.date())}"
            sentence = _("%(time)s does not exist on that day: the clocks go forward. The next time is %(next)s.")
            self.add_error("starts", sentence % said)
        elif len(found) == 1:
            [self.starts_at] = found
        else:
            self._set_twice(found, said)

    def _set_twice(self, found: tuple[datetime, ...], said: dict[str, str]) -> None:
        self.twice = found
        names = [f"{clock(moment)} ({timezone.localtime(moment).tzname()})" for moment in found]
        labels = [_("The first %(time)s"), _("The second %(time)s")]
        self.fields["which"].choices = [  # type: ignore[attr-defined]
            (value, label % {"time": name})
            for value, label, name in zip(("first", "second"), labels, names, strict=True)
        ]
        which = self.cleaned_data.get("which")
        if which:
            self.starts_at = found[which == "second"]
        else:
            self.add_error("which", _("%(time)s comes twice on that day. Choose which.") % said)


class MoveForm(TimeForm):
    """`length`: of the visit that is moved."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, length: int = USUAL_MINUTES, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.length = length

    @property
    def usual_minutes(self) -> int:
        return self.length
