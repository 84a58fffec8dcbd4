"""The clinic's own settings: one row, made by its first change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from clinic import phones
from treatments.admin.base import SeenForm, ServiceAdmin
from treatments.models import ClinicSettings
from treatments.services import clinic_settings


class SettingsForm(SeenForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.telephone and "telephone" in self.initial:
            self.initial["telephone"] = phones.national(self.instance.telephone)

    def act(self) -> models.Model:
        names = [name for name in self.fields if name != "seen"]
        return clinic_settings.amend(changes=self.changes(*names), by=self.by.username, at=self.at)


@admin.register(ClinicSettings)
class SettingsAdmin(ServiceAdmin):
    form = SettingsForm
    list_display = ("__str__", "telephone")
    fieldsets = ((None, {"fields": ("telephone",)}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not ClinicSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one row: straight to it."""
        row = ClinicSettings.objects.order_by("pk").first()
        if row is None:
            return super().changelist_view(request, extra_context)
        return HttpResponseRedirect(reverse("admin:treatments_clinicsettings_change", args=[row.pk]))
