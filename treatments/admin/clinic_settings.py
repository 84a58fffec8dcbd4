"""The clinic's own settings: one row, and a look at what a change would move."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import phones
from clinic.formats import day
from treatments.admin.base import SeenForm, ServiceAdmin
from treatments.models import ClinicSettings
from treatments.models.clinic_settings import LEARNED_LABELS
from treatments.queries.learned import Move, would_move
from treatments.rules.vocabulary import LearnedDuration
from treatments.services import clinic_settings

SHOWN = 20


class ClinicSettingsForm(SeenForm):
    class Meta:
        model = ClinicSettings
        fields = ("telephone", "learned_duration")
        widgets = {"learned_duration": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.telephone and "telephone" in self.initial:
            self.initial["telephone"] = phones.national(self.instance.telephone)

    def act(self) -> models.Model:
        changes = self.changes("telephone", "learned_duration")
        return clinic_settings.amend(changes=changes, by=self.by.username, at=self.at)


@admin.register(ClinicSettings)
class ClinicSettingsAdmin(ServiceAdmin):
    form = ClinicSettingsForm
    list_display = ("name", "telephone", "learned_duration")
    fieldsets = ((None, {"fields": ("telephone", "learned_duration")}),)
    readonly_fields = ("look",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not ClinicSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        (name, options), *others = super().get_fieldsets(request, obj)
        return ((name, {**options, "fields": (*options["fields"], "look")}), *others)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        row = ClinicSettings.objects.order_by("pk").first()
        if row is None:
            return super().changelist_view(request, extra_context)
        return HttpResponseRedirect(reverse("admin:treatments_clinicsettings_change", args=[row.pk]))

    def headline(self, obj: Any) -> str:
        return self.name(obj)

    @admin.display(description=gettext_lazy("settings"))
    def name(self, row: ClinicSettings) -> str:
        return _("Clinic settings")

    @admin.display(description=gettext_lazy("before you change it"))
    def look(self, row: ClinicSettings) -> str:
        url = reverse("admin:treatments_clinicsettings_look")
        link = format_html('<a href="{}">{}</a>', url, _("See which windows would move"))
        if not row.owed_version:
            return link
        said = _("Some windows may still be those of the setting before. The next run of the reminders moves them.")
        return format_html("{}<br>{}", link, said)

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.look_view)
        return [path("look/", page, name="treatments_clinicsettings_look"), *super().get_urls()]

    def look_view(self, request: HttpRequest) -> HttpResponse:
        """For each setting, how many windows it would move, and the first of them. Nothing is changed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        today = timezone.localdate()
        found = {setting: would_move(setting, on=today) for setting in LearnedDuration}
        rows = [
            {"label": LEARNED_LABELS[setting], "n": len(moves), "moves": [_line(move) for move in moves[:SHOWN]]}
            for setting, moves in found.items()
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Which windows would move"),
            "opts": self.opts,
            "rows": rows,
            "shown": SHOWN,
        }
        return TemplateResponse(request, "admin/treatments/clinicsettings/look.html", context)


def _line(move: Move) -> dict[str, str]:
    course = move.course
    return {
        "url": course.patient.get_absolute_url(),
        "who": f"{course.patient.list_name} ({course.patient.public_id})",
        "what": course.indication.short_name,
        "now": f"{day(course.due_from)} – {day(course.due_until)}",
        "then": f"{day(move.due_from)} – {day(move.due_until)}",
    }
