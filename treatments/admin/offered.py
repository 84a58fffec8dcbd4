"""The kinds of visit that can be booked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clinic.models import Room
from treatments.admin.base import SeenForm, ServiceAdmin
from treatments.admin.visit_forms import RoomsChoice
from treatments.models import Indication, Service
from treatments.services import offered


class OfferForm(SeenForm):
    indications = forms.ModelMultipleChoiceField(
        label=_("For"),
        queryset=Indication.objects.filter(is_active=True),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None ticked: for all."),
    )
    rooms = RoomsChoice(
        label=_("Rooms"),
        queryset=Room.objects.filter(is_active=True).select_related("location"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None ticked: in any room."),
    )

    def act(self) -> models.Model:
        by, at = self.by.username, self.at
        if self.instance._state.adding:
            return offered.add(self.instance, by=by, at=at, **self.changes("rooms", "indications"))
        row = Service.objects.get(pk=self.instance.pk)
        return offered.amend(row, changes=self.changes(*self.changed_data), by=by, at=at)

    def changes(self, *names: str) -> dict[str, Any]:
        return super().changes(*(name for name in names if name != "seen"))


@admin.register(Service)
class OfferAdmin(ServiceAdmin):
    form = OfferForm
    list_display = ("name", "is_treatment", "minutes", "prepare_minutes", "needs_rooms", "is_active")
    list_filter = ("is_active", "is_treatment")
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "is_treatment", "is_active")}),
        (_("Time"), {"fields": ("minutes", "prepare_minutes")}),
        (_("What it needs"), {"fields": ("indications", "rooms")}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Service]:
        return super().get_queryset(request).prefetch_related("rooms")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("injected",) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        (name, first), *others = super().get_fieldsets(request, obj)
        if obj is None:
            return ((name, first), *others)
        # Whether something is injected stays: the visits that are booked were judged by it.
        kept = tuple("injected" if field == "is_treatment" else field for field in first["fields"])
        return ((name, {"fields": kept}), *others)

    @admin.display(description=_("something is injected"))
    def injected(self, row: Service) -> Any:
        return _("Yes") if row.is_treatment else _("No")

    @admin.display(description=_("rooms"))
    def needs_rooms(self, row: Service) -> str:
        return ", ".join(room.name for room in row.rooms.all()) or str(_("any"))
