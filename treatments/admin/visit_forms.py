"""The forms of the admin's visits: each saves through one verb of the services, past the same gate as in the app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Room
from treatments.admin.base import ServiceForm
from treatments.models import Appointment, Indication, OverrideReason, Service, WhatNext
from treatments.rules.findings import Finding, soft_stops
from treatments.rules.vocabulary import AppointmentState
from treatments.services import appointments, courses
from treatments.services.diary import LONGEST, SHORTEST, Booking
from treatments.services.overrides import Override

_USUAL_MINUTES = 30
_MOVE, _CANCEL, _RELEASE, _OVERRIDE, _CHECK_IN = "move", "cancel", "release", "override", "check_in"
_STATE = AppointmentState
_ACTS = [
    (_MOVE, gettext_lazy("Move to the time, person and room below")),
    (_STATE.ARRIVED.value, gettext_lazy("Arrived")),
    (_CHECK_IN, gettext_lazy("Check in: who it is was asked at the desk")),
    (_STATE.IN_ROOM.value, gettext_lazy("In the room")),
    (_STATE.DONE.value, gettext_lazy("Done")),
    (_STATE.MISSED.value, gettext_lazy("Missed")),
    (_STATE.CHECKED.value, gettext_lazy("Back to checked in: being in the room was wrong")),
    (_STATE.BOOKED.value, gettext_lazy("Booked again: arrived, done or missed was wrong")),
    (_RELEASE, gettext_lazy("Take off hold: nothing stands against it any more")),
    (_OVERRIDE, gettext_lazy("Take off hold in spite of a soft stop")),
    (_CANCEL, gettext_lazy("Cancel")),
]
_OFFERED = {
    _STATE.BOOKED: (_MOVE, _STATE.ARRIVED, _CHECK_IN, _STATE.DONE, _STATE.MISSED, _CANCEL),
    _STATE.ON_HOLD: (_RELEASE, _OVERRIDE, _MOVE, _STATE.MISSED, _CANCEL),
    _STATE.ARRIVED: (_CHECK_IN, _STATE.DONE, _STATE.BOOKED, _MOVE, _CANCEL),
    _STATE.CHECKED: (_STATE.IN_ROOM, _STATE.DONE, _STATE.ARRIVED, _MOVE, _CANCEL),
    _STATE.IN_ROOM: (_STATE.DONE, _STATE.CHECKED, _MOVE, _CANCEL),
    _STATE.DONE: (_STATE.BOOKED,),
    _STATE.MISSED: (_STATE.BOOKED,),
    _STATE.CANCELLED: (),
}


def _room(room: Room) -> str:
    return f"{room.location}, {room}"


class RoomChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return _room(obj)


class RoomsChoice(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return _room(obj)


class VisitForm(ServiceForm):
    """What booking and moving have in common. The override stands on the form for prescribers only."""

    field_of: ClassVar[dict[str, str]] = {
        "practitioner_busy": "practitioner",
        "room_busy": "room",
        "patient_busy": "patient",
        "not_acknowledged": "acknowledged",
    }
    minutes = forms.IntegerField(
        label=gettext_lazy("Length in minutes"), min_value=SHORTEST, max_value=LONGEST, initial=_USUAL_MINUTES
    )
    acknowledged = forms.BooleanField(label=gettext_lazy("I have read the cautions"), required=False)
    override_reason = forms.ChoiceField(
        label=gettext_lazy("Reason"), choices=[("", "---------"), *OverrideReason.choices], required=False
    )
    override_words = forms.CharField(
        label=gettext_lazy("In own words"), widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=2000
    )

    seen_stops = forms.CharField(widget=forms.HiddenInput, required=False, max_length=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "starts_at" in self.fields:
            for widget, label in zip(self.fields["starts_at"].widget.widgets, (_("Day"), _("Time")), strict=True):
                widget.attrs["aria-label"] = label
            self.fields["starts_at"].widget.widgets[1].format = "%H:%M"
        if not self.by.is_prescriber:
            for name in ("override_reason", "override_words", "seen_stops"):
                self.fields.pop(name, None)

    def override(self) -> Override | None:
        """The prescriber's decision, about the soft stops that the last try to save has shown and about no others."""
        said = self.cleaned_data
        if not (said.get("override_reason") or said.get("override_words")):
            return None
        seen = frozenset(said["seen_stops"].split())
        return Override(self.by, said["override_reason"], said["override_words"], seen)

    def _show_findings(self, findings: Iterable[Finding]) -> None:
        found = list(findings)
        super()._show_findings(found)
        if "seen_stops" in self.fields:
            data = cast(QueryDict, self.data).copy()
            data["seen_stops"] = " ".join(courses.key(finding) for finding in soft_stops(found))
            self.data = data


class BookingForm(VisitForm):
    field_of: ClassVar[dict[str, str]] = {**VisitForm.field_of, "starts_at": "starts_at"}
    minutes = forms.IntegerField(
        label=gettext_lazy("Length in minutes"),
        min_value=SHORTEST,
        max_value=LONGEST,
        required=False,
        help_text=gettext_lazy("Empty: as long as the service takes, or 30 without one."),
    )
    indications = forms.ModelMultipleChoiceField(
        label=gettext_lazy("For"),
        queryset=Indication.objects.filter(is_active=True),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy("Needed for every visit at which something is injected."),
    )

    def act(self) -> models.Model:
        said = self.cleaned_data
        service: Service | None = said["service"]
        booking = Booking(
            patient=said["patient"],
            service=service,
            indications=tuple(said["indications"]),
            practitioner=said["practitioner"],
            room=said["room"],
            starts_at=said["starts_at"],
            minutes=said["minutes"] or (service.minutes if service else _USUAL_MINUTES),
            product=said["product"],
            note=said["note"],
        )
        return appointments.book(
            booking, by=self.by, at=self.at, override=self.override(), acknowledged=said["acknowledged"]
        )


class VisitChangeForm(VisitForm):
    """What becomes of a booked visit: one act at a time."""

    act_on = forms.ChoiceField(label=gettext_lazy("What happens"), choices=_ACTS, widget=forms.RadioSelect)
    who = forms.ChoiceField(
        label=gettext_lazy("Cancelled by"),
        choices=[("", "---------"), *appointments.CANCELLED_BY.items()],
        required=False,
    )
    reason = forms.CharField(label=gettext_lazy("Why it is cancelled"), required=False, max_length=200)
    what_next = forms.ChoiceField(
        label=gettext_lazy("What next"), choices=[("", "---------"), *WhatNext.choices], required=False
    )
    identified = forms.BooleanField(
        label=gettext_lazy("Name and date of birth were said by the patient and are right"), required=False
    )
    identity_note = forms.CharField(
        label=gettext_lazy("If not: why identity was not confirmed"), required=False, max_length=200
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        visit: Appointment = self.instance
        self.fields["minutes"].initial = int((visit.ends_at - visit.starts_at).total_seconds() // 60)
        self.fields["seen_version"].initial = visit.version
        if "act_on" in self.fields:
            offered = [
                act for act in _OFFERED[AppointmentState(visit.state)] if act != _OVERRIDE or self.by.is_prescriber
            ]
            acts = cast(forms.ChoiceField, self.fields["act_on"])
            acts.choices = [act for act in _ACTS if act[0] in offered]

    def act(self) -> models.Model:
        visit, said = Appointment.objects.get(pk=self.instance.pk), self.cleaned_data
        name, at, version = self.by.username, self.at, said["seen_version"]
        if said["act_on"] == _MOVE:
            return appointments.move(
                visit,
                practitioner=said["practitioner"],
                room=said["room"],
                starts_at=said["starts_at"],
                minutes=said["minutes"],
                by=self.by,
                at=at,
                override=self.override(),
                acknowledged=said["acknowledged"],
                version=version,
            )
        if said["act_on"] == _CANCEL:
            why = self.changes("who", "reason", "what_next")
            return appointments.cancel(visit, **why, by=name, at=at, version=version)
        if said["act_on"] == _CHECK_IN:
            asked = self.changes("identified", "identity_note")
            return appointments.check_in(visit, **asked, by=name, at=at, version=version)
        if said["act_on"] == _RELEASE:
            return appointments.release(visit, by=name, at=at, version=version)
        if said["act_on"] == _OVERRIDE:
            decision = self.override() or Override(self.by, "", "")
            return appointments.override(visit, decision, at=at, version=version)
        return appointments.mark(visit, AppointmentState(said["act_on"]), by=name, at=at, version=version)
