"""Products, indications and the two plain lists. A change makes new rules for everybody at once."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from clinic.models import Practitioner
from treatments.admin.base import SeenForm, ServiceAdmin, with_seen
from treatments.admin.fields import LinesField, NumbersField, TicksField
from treatments.models import AdverseEventKind, Indication, Licence, OutcomeMeasure, Product, Schedule
from treatments.models.catalogue import LENGTH_UNITS
from treatments.rules.vocabulary import ScheduleKind
from treatments.services import catalogue, offered


class PlainForm(SeenForm):
    """Adds a row, or changes the fields of it that the page offers."""

    def act(self) -> models.Model:
        if self.instance._state.adding:
            return catalogue.enter(self.instance, by=self.by.username, at=self.at)
        row = type(self.instance)._default_manager.get(pk=self.instance.pk)
        return catalogue.amend(row, changes=self.changes(*self.changed_data), by=self.by.username, at=self.at)


class ProductForm(PlainForm):
    vial_units = NumbersField(label=_("Vial sizes"), required=False, help_text=_("Units in a vial, one size a line."))
    excipients = LinesField(label=_("Excipients"), required=False, help_text=_("One a line."))


class IndicationForm(PlainForm):
    """An indication; a new one comes with its window and the interval that holds for any product."""

    muscles = LinesField(label=_("Muscles"), required=False, help_text=_("One a line."))
    needs_before = LinesField(label=_("Needed before"), required=False, help_text=_("One a line."))
    outcome_measures = TicksField(label=_("Outcome measures"), choices=lambda: _choices(OutcomeMeasure, "name"))
    min_interval = forms.IntegerField(label=_("Minimum interval"), min_value=1, max_value=1000)
    min_interval_unit = forms.ChoiceField(label=_("Unit of the interval"), choices=LENGTH_UNITS, initial="weeks")
    schedule = forms.ChoiceField(
        label=_("Schedule"), choices=[(kind.value, kind.value.title()) for kind in ScheduleKind]
    )
    effect_low = forms.IntegerField(label=_("Window opens after"), min_value=1, max_value=1000)
    effect_high = forms.IntegerField(label=_("Window closes after"), min_value=1, max_value=1000)
    effect_unit = forms.ChoiceField(label=_("Unit of the window"), choices=LENGTH_UNITS, initial="weeks")
    injectors = forms.ModelMultipleChoiceField(
        label=_("Who injects it"),
        queryset=Practitioner.objects.filter(is_active=True),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None ticked: everybody."),
    )

    def act(self) -> models.Model:
        injectors = self.cleaned_data["injectors"]
        row = cast(Indication, super().act() if not self.instance._state.adding else self._add())
        return offered.set_injectors(row, injectors, by=self.by.username, at=self.at)

    def changes(self, *names: str) -> dict[str, Any]:
        return super().changes(*(name for name in names if name != "injectors"))

    def _add(self) -> models.Model:
        said = self.cleaned_data
        schedule = Schedule(
            kind=said["schedule"],
            effect_low=said["effect_low"],
            effect_high=said["effect_high"],
            effect_unit=said["effect_unit"],
            source=said["source"],
        )
        any_product = Licence(
            min_interval=said["min_interval"], min_interval_unit=said["min_interval_unit"], source=said["source"]
        )
        return catalogue.add_indication(
            self.instance, schedule=schedule, any_product=any_product, by=self.by.username, at=self.at
        )


class OutcomeMeasureForm(PlainForm):
    indications = TicksField(label=_("Indications"), choices=lambda: _choices(Indication, "short_name"))


class AdverseEventForm(PlainForm):
    onset_days = NumbersField(label=_("Onset, days"), required=False, help_text=_("First and last day, one a line."))
    resolution_days = NumbersField(
        label=_("Resolution, days"), required=False, help_text=_("First and last day, one a line.")
    )


def _choices(model: type[models.Model], label: str) -> list[tuple[str, str]]:
    return list(model._default_manager.order_by(label, "pk").values_list("code", label))


class PlainAdmin(ServiceAdmin):
    """Codes and what past doses were counted by stay as they are once the row exists."""

    fixed: tuple[str, ...] = ("code",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = self.fixed if obj else ()
        return (*super().get_readonly_fields(request, obj), *fixed)


@admin.register(Product)
class ProductAdmin(PlainAdmin):
    form = ProductForm
    fixed = ("code", "unit_system")
    list_display = ("brand", "nonproprietary_name", "manufacturer", "unit_system", "use_within_hours", "is_active")
    list_filter = ("is_active", "unit_system")
    search_fields = ("brand", "nonproprietary_name", "manufacturer", "code")
    readonly_fields = ("not_verified",)
    fieldsets = (
        (None, {"fields": ("code", "brand", "nonproprietary_name", "manufacturer", "is_active")}),
        (_("Units and vials"), {"fields": ("unit_system", "vial_units", "duration_family")}),
        (_("Handling"), {"fields": ("storage", "use_within_hours", "excipients")}),
        (_("Source"), {"fields": ("source", "not_verified")}),
    )

    @admin.display(description=_("not verified"))
    def not_verified(self, row: Product) -> str:
        return ", ".join(row.unverified)


@admin.register(Indication)
class IndicationAdmin(PlainAdmin):
    form = IndicationForm
    fixed = ("code", "kind")
    list_display = ("short_name", "name", "kind", "min_age_years", "is_active")
    list_filter = ("is_active", "kind")
    search_fields = ("name", "short_name", "code")
    readonly_fields = ("usual_sites", "not_verified")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        first = (None, {"fields": ("code", "name", "short_name", "kind", "min_age_years", "is_active")})
        rules = (
            _("Window and interval"),
            {
                "description": _(
                    "From today on, for every product. Both are changed later under Schedules and Licences."
                ),
                "fields": (
                    "schedule",
                    ("effect_low", "effect_high", "effect_unit"),
                    ("min_interval", "min_interval_unit"),
                ),
            },
        )
        used = (_("Sites and outcome"), {"fields": ("muscles", "needs_before", "outcome_measures")})
        known = (_("Sites and outcome"), {"fields": ("muscles", "usual_sites", "needs_before", "outcome_measures")})
        people = (_("People"), {"fields": ("injectors",)})
        if obj is None:
            return (first, rules, used, people, (_("Source"), {"fields": ("source",)}))
        shown = (first, known, people, (_("Source"), {"fields": ("source", "not_verified")}))
        return with_seen(shown) if self.has_change_permission(request, obj) else shown

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if obj is not None:
            for name in ("min_interval", "min_interval_unit", "schedule", "effect_low", "effect_high", "effect_unit"):
                del form.base_fields[name]
        return form

    @admin.display(description=_("usual sites"))
    def usual_sites(self, row: Indication) -> str:
        return format_html_join("", "<p>{}</p>", ((_site(site),) for site in row.sites))

    @admin.display(description=_("not verified"))
    def not_verified(self, row: Indication) -> str:
        return ", ".join(row.unverified)


def _site(site: dict[str, Any]) -> str:
    """One usual site in words, whatever the source knew of it."""
    return ", ".join(
        f"{name.replace('_', ' ')}: {value}" for name, value in site.items() if value not in ("", [], None)
    )


@admin.register(AdverseEventKind)
class AdverseEventKindAdmin(PlainAdmin):
    form = AdverseEventForm
    list_display = ("name", "serious", "escalate")
    list_filter = ("serious",)
    search_fields = ("name", "code")
    fields = ("code", "name", "serious", "escalate", "onset_days", "resolution_days", "source")


@admin.register(OutcomeMeasure)
class OutcomeMeasureAdmin(PlainAdmin):
    form = OutcomeMeasureForm
    list_display = ("name", "minimum", "maximum", "better")
    search_fields = ("name", "code")
    fields = ("code", "name", "minimum", "maximum", "better", "indications", "source")
