"""Visits: booked, moved, marked and cancelled by the same services and past the same gate as in the app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.admin import moment_column
from clinic.formats import moment
from clinic.models import Practitioner, Room, User
from treatments.admin.base import PatientSearch, ServiceAdmin, ServiceForm
from treatments.models import Appointment, Indication, OverrideReason, Product
from treatments.rules.findings import Finding, soft_stops
from treatments.rules.vocabulary import AppointmentState
from treatments.services import appointments, courses
from treatments.services.diary import Booking
from treatments.services.overrides import Override

_MOVE, _CANCEL, _RELEASE, _OVERRIDE = "move", "cancel", "release", "override"
_ACTS = [
    (_MOVE, gettext_lazy("Move to the time, person and room below")),
    (AppointmentState.ARRIVED.value, gettext_lazy("Arrived")),
    (AppointmentState.DONE.value, gettext_lazy("Done")),
    (AppointmentState.MISSED.value, gettext_lazy("Missed")),
    (AppointmentState.BOOKED.value, gettext_lazy("Booked again: arrived, done or missed was wrong")),
    (_RELEASE, gettext_lazy("Take off hold: nothing stands against it any more")),
    (_OVERRIDE, gettext_lazy("Take off hold in spite of a soft stop")),
    (_CANCEL, gettext_lazy("Cancel")),
]


_OFFERED = {
    AppointmentState.BOOKED: (_MOVE, AppointmentState.ARRIVED, AppointmentState.DONE, AppointmentState.MISSED, _CANCEL),
    AppointmentState.ON_HOLD: (_RELEASE, _OVERRIDE, _MOVE, AppointmentState.MISSED, _CANCEL),
    AppointmentState.ARRIVED: (AppointmentState.DONE, AppointmentState.BOOKED, _MOVE, _CANCEL),
    AppointmentState.DONE: (AppointmentState.BOOKED,),
    AppointmentState.MISSED: (AppointmentState.BOOKED,),
    AppointmentState.CANCELLED: (),
}


class RoomChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.location}, {obj}"


class VisitForm(ServiceForm):
    """What booking and moving have in common. The override stands on the form for prescribers only."""

    field_of: ClassVar[dict[str, str]] = {
        "practitioner_busy": "practitioner",
        "room_busy": "room",
        "patient_busy": "patient",
        "not_acknowledged": "acknowledged",
    }
    minutes = forms.IntegerField(label=gettext_lazy("Length in minutes"), min_value=5, max_value=480, initial=30)
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
    indications = forms.ModelMultipleChoiceField(
        label=gettext_lazy("For"),
        queryset=Indication.objects.filter(is_active=True),
        widget=forms.CheckboxSelectMultiple,
    )

    def act(self) -> models.Model:
        said = self.cleaned_data
        booking = Booking(
            patient=said["patient"],
            indications=tuple(said["indications"]),
            practitioner=said["practitioner"],
            room=said["room"],
            starts_at=said["starts_at"],
            minutes=said["minutes"],
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
        name, at = self.by.username, self.at
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
                version=said["seen_version"],
            )
        if said["act_on"] == _CANCEL:
            return appointments.cancel(
                visit, who=said["who"], reason=said["reason"], by=name, at=at, version=said["seen_version"]
            )
        if said["act_on"] == _RELEASE:
            return appointments.release(visit, by=name, at=at)
        if said["act_on"] == _OVERRIDE:
            decision = self.override() or Override(self.by, "", "")
            return appointments.override(visit, decision, at=at)
        return appointments.mark(visit, AppointmentState(said["act_on"]), by=name, at=at)


@admin.register(Appointment)
class AppointmentAdmin(PatientSearch, ServiceAdmin):
    list_display = ("starts", "patient", "courses_for", "practitioner", "room", "state", "override_by", "booked_by")
    list_filter = ("state", ("on", admin.DateFieldListFilter), "practitioner", "room")
    list_select_related = ("patient", "practitioner", "room")
    ordering = ("-starts_at", "-pk")
    search_help_text = gettext_lazy("Patient's name, date of birth, phone or number, or the visit's number")
    autocomplete_fields = ("patient",)
    starts = moment_column("starts_at", gettext_lazy("starts"))
    ends = moment_column("ends_at", gettext_lazy("ends"))
    booked = moment_column("booked_at", gettext_lazy("booked"))
    changed = moment_column("state_at", gettext_lazy("changed"))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Appointment]:
        return super().get_queryset(request).prefetch_related("courses__indication")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        cancelled = obj is not None and obj.state == AppointmentState.CANCELLED
        return super().has_change_permission(request, obj) and not cancelled

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = VisitChangeForm if obj else BookingForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("patient_link", "courses_for", "starts", "ends", "product", "state", "state_reason", "said",
                "overridden", "booked", "booked_by", "changed", "state_by", "note") if obj else ()  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        time = ("practitioner", "room", "starts_at", "minutes")
        gate: tuple[Any, dict[str, Any]] = (gettext_lazy("Cautions"), {"fields": ("acknowledged",)})
        if cast(User, request.user).is_prescriber:
            hint = gettext_lazy("Only where a soft stop stands in the way. A hard stop has no override.")
            gate = (
                gettext_lazy("Cautions and override"),
                {"fields": ("acknowledged", "override_reason", "override_words", "seen_stops"), "description": hint},
            )
        if obj is None:
            return ((None, {"fields": ("patient", "indications", "product", *time, "note")}), gate)
        told = ("patient_link", "courses_for", "starts", "ends", "product", "note")
        state = (gettext_lazy("State"), {"fields": ("state", "state_reason", "said", "overridden")})
        log = (gettext_lazy("Record"), {"fields": (("booked", "booked_by"), ("changed", "state_by"))})
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": (*told, "practitioner", "room")}), state, log)
        change = (gettext_lazy("Change"), {"fields": ("act_on", *time, "seen_version")})
        cancel = (gettext_lazy("Only when it is cancelled"), {"fields": (("who", "reason"),)})
        return ((None, {"fields": told}), state, change, gate, cancel, log)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        in_use = {"practitioner": Practitioner, "room": Room, "product": Product}.get(db_field.name)
        if in_use is not None:
            kwargs["queryset"] = in_use._default_manager.filter(is_active=True)
        if db_field.name == "room":
            kwargs["queryset"] = kwargs["queryset"].select_related("location")
            kwargs["form_class"] = RoomChoice
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def headline(self, obj: Any) -> str:
        return f"{obj.patient}, {moment(obj.starts_at)}, {obj.public_id}"

    @admin.display(description=gettext_lazy("for"))
    def courses_for(self, visit: Appointment) -> str:
        return ", ".join(course.indication.short_name for course in visit.courses.all())

    @admin.display(description=gettext_lazy("patient"))
    def patient_link(self, visit: Appointment) -> str:
        return format_html('<a href="{}">{}</a>', visit.patient.get_absolute_url(), visit.patient)

    @admin.display(description=gettext_lazy("findings"))
    def said(self, visit: Appointment) -> str:
        return format_html_join("", "<p>{}</p>", ((row.get("sentence", ""),) for row in visit.findings))

    @admin.display(description=gettext_lazy("override"))
    def overridden(self, visit: Appointment) -> str:
        if not visit.override_by:
            return ""
        words = {"who": visit.override_by, "why": visit.get_override_reason_display(), "words": visit.override_words}
        return _("%(who)s: %(why)s. %(words)s") % words
