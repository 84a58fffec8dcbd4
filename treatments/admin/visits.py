"""Visits: booked, moved, marked and cancelled by the same services and past the same gate as in the app."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.admin import moment_column
from clinic.formats import moment
from clinic.models import Practitioner, Room, User
from treatments.admin.base import PatientSearch, ServiceAdmin
from treatments.admin.visit_forms import BookingForm, RoomChoice, VisitChangeForm
from treatments.models import Appointment, Product, Service
from treatments.rules.vocabulary import AppointmentState


@admin.register(Appointment)
class AppointmentAdmin(PatientSearch, ServiceAdmin):
    list_display = (
        "starts", "patient", "service", "courses_for", "practitioner", "room", "state", "override_by", "booked_by",
    )  # fmt: skip
    list_filter = ("state", "service", ("on", admin.DateFieldListFilter), "practitioner", "room")
    list_select_related = ("patient", "service", "practitioner", "room")
    ordering = ("-starts_at", "-pk")
    search_help_text = gettext_lazy("Patient's name, date of birth, phone or number, or the visit's number")
    autocomplete_fields = ("patient",)
    starts = moment_column("starts_at", gettext_lazy("starts"))
    ends = moment_column("ends_at", gettext_lazy("ends"))
    booked = moment_column("booked_at", gettext_lazy("booked"))
    changed = moment_column("state_at", gettext_lazy("changed"))
    checked = moment_column("checked_at", gettext_lazy("checked in"))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Appointment]:
        return super().get_queryset(request).prefetch_related("courses__indication")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        cancelled = obj is not None and obj.state == AppointmentState.CANCELLED
        return super().has_change_permission(request, obj) and not cancelled

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = VisitChangeForm if obj else BookingForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("patient_link", "service", "courses_for", "starts", "ends", "product", "state", "state_reason", "said",
                "overridden", "checked", "checked_by", "unsure", "booked", "booked_by", "changed", "state_by",
                "note") if obj else ()  # fmt: skip

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
            return ((None, {"fields": ("patient", "service", "indications", "product", *time, "note")}), gate)
        told = ("patient_link", "service", "courses_for", "starts", "ends", "product", "note")
        state = (gettext_lazy("State"), {"fields": ("state", "state_reason", "said", "overridden")})
        checked = (("checked", "checked_by"), "unsure") if obj.checked_at else ()
        log = (gettext_lazy("Record"), {"fields": (("booked", "booked_by"), *checked, ("changed", "state_by"))})
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": (*told, "practitioner", "room")}), state, log)
        change = (gettext_lazy("Change"), {"fields": ("act_on", *time, "seen_version")})
        check_in = (gettext_lazy("Only at check-in"), {"fields": ("identified", "identity_note")})
        cancel = (gettext_lazy("Only when it is cancelled"), {"fields": (("who", "reason"), "what_next")})
        return ((None, {"fields": told}), state, change, gate, check_in, cancel, log)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        in_use = {"practitioner": Practitioner, "room": Room, "product": Product, "service": Service}.get(db_field.name)
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

    @admin.display(description=gettext_lazy("why identity was not confirmed"))
    def unsure(self, visit: Appointment) -> str:
        return visit.identity_note

    @admin.display(description=gettext_lazy("findings"))
    def said(self, visit: Appointment) -> str:
        return format_html_join("", "<p>{}</p>", ((row.get("sentence", ""),) for row in visit.findings))

    @admin.display(description=gettext_lazy("override"))
    def overridden(self, visit: Appointment) -> str:
        if not visit.override_by:
            return ""
        words = {"who": visit.override_by, "why": visit.get_override_reason_display(), "words": visit.override_words}
        return _("%(who)s: %(why)s. %(words)s") % words
