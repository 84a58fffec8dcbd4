"""The versioned rules. A change closes the version in effect and adds the clinic's own, stricter one from today on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.admin import day_column
from treatments.admin.base import ServiceAdmin, ServiceForm
from treatments.admin.fields import TicksField
from treatments.models import Contraindication, DoseLimit, Indication, Licence, Product, Rule, Schedule, in_effect
from treatments.rules.doses import units
from treatments.rules.vocabulary import IndicationKind
from treatments.services import catalogue


class InEffectFilter(admin.SimpleListFilter):
    """The versions in effect today, unless somebody asks for the others."""

    title = _("version")
    parameter_name = "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("past", _("Past")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        shown = [(None, _("In effect")), *self.lookup_choices]
        for value, title in shown:
            query = changelist.get_query_string({self.parameter_name: value} if value else {}, [self.parameter_name])
            yield {"selected": self.value() == value, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        today = timezone.localdate()
        if self.value() == "past":
            return queryset.exclude(in_effect(today))
        return queryset if self.value() == "all" else queryset.filter(in_effect(today))


class RuleForm(ServiceForm):
    def act(self) -> models.Model:
        if self.instance._state.adding:
            chosen = self.cleaned_data.get("indications", ()) if isinstance(self.instance, DoseLimit) else ()
            return catalogue.add(self.instance, by=self.by.username, at=self.at, indications=chosen)
        row: Rule = type(self.instance)._default_manager.get(pk=self.instance.pk)
        return catalogue.revise(row, changes=self.changes(*self.changed_data), by=self.by.username, at=self.at)


class ContraindicationForm(RuleForm):
    products = TicksField(
        label=_("Only these products"), choices=lambda: list(Product.objects.values_list("code", "brand"))
    )
    indications = TicksField(
        label=_("Only these indications"), choices=lambda: list(Indication.objects.values_list("code", "short_name"))
    )
    kinds = TicksField(
        label=_("Only these kinds"), choices=[(kind.value, kind.value.title()) for kind in IndicationKind]
    )


def _unit_systems() -> list[tuple[str, str]]:
    systems = Product.objects.order_by("unit_system").values_list("unit_system", flat=True).distinct()
    return [(system, system) for system in systems]


class DoseLimitForm(RuleForm):
    indications = forms.ModelMultipleChoiceField(
        label=_("Only these indications"),
        queryset=Indication.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    unit_system = forms.ChoiceField(label=_("Unit system"), choices=_unit_systems)


class RuleAdmin(ServiceAdmin):
    """Past versions stay readable as they were; only the version in effect has a form."""

    key: tuple[str, ...] = ()
    in_effect_from = day_column("effective_from", _("in effect from"))
    in_effect_until = day_column("effective_until", _("until"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.effective_until)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        always = ("origin", "in_effect_from", "in_effect_until")
        return (*always, *self.key) if obj else always

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        kept = (_("Source"), {"fields": ("source", "verified", "note")})
        version = (_("Version"), {"fields": ("origin", "in_effect_from", "in_effect_until")})
        return (*(self.fieldsets or ()), kept, version) if obj else (*(self.fieldsets or ()), kept)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["show_save_and_continue"] = False  # this page shows the version that the save has just closed
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("origin"))
    def origin(self, row: Rule) -> Any:
        return _("Delivered") if row.shipped else _("This clinic")


def _units(value: Decimal | None) -> str:
    return units(value) if value is not None else ""


@admin.register(Schedule)
class ScheduleAdmin(RuleAdmin):
    form = RuleForm
    key = ("indication",)
    list_display = ("indication", "kind", "window", "lapse_after_months", "touch_up", "in_effect_from", "origin")
    list_filter = (InEffectFilter, "kind", "verified")
    list_select_related = ("indication",)
    search_fields = ("indication__name", "indication__short_name", "note")
    fieldsets = (
        (None, {"fields": ("indication", "kind")}),
        (
            _("Window"),
            {"fields": (("effect_low", "effect_high", "effect_unit"), "lapse_after_months")},
        ),
        (_("Touch-up"), {"fields": (("touch_up_from_days", "touch_up_to_days"),)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # an indication has exactly one schedule, which comes with it

    @admin.display(description=_("window"))
    def window(self, row: Schedule) -> str:
        return f"{row.effect_low} to {row.effect_high} {row.get_effect_unit_display()}"

    @admin.display(description=_("touch-up, days"))
    def touch_up(self, row: Schedule) -> str:
        return f"{row.touch_up_from_days} to {row.touch_up_to_days}"


@admin.register(Licence)
class LicenceAdmin(RuleAdmin):
    form = RuleForm
    key = ("indication", "product")
    autocomplete_fields = ("indication", "product")
    list_display = (
        "indication", "any_product", "licensed", "interval", "most", "usual", "origin",
    )  # fmt: skip
    list_filter = (InEffectFilter, "licensed", "verified", "indication", "product")
    list_select_related = ("indication", "product")
    search_fields = ("indication__name", "indication__short_name", "product__brand", "condition")
    fieldsets = (
        (None, {"fields": ("indication", "product", "licensed", "condition")}),
        (_("Interval and age"), {"fields": (("min_interval", "min_interval_unit"), "min_age_years")}),
        (_("Most units"), {"fields": (("max_units_per_session", "max_units_per_site"),)}),
        (_("Usual"), {"fields": (("typical_units_low", "typical_units_high"), ("sites", "units_per_site"))}),
    )

    @admin.display(description=_("product"), ordering="product__brand")
    def any_product(self, row: Licence) -> Any:
        return row.product or _("any other")

    @admin.display(description=_("minimum interval"))
    def interval(self, row: Licence) -> str:
        return str(row.length)

    @admin.display(description=_("most units in a session"), ordering="max_units_per_session")
    def most(self, row: Licence) -> str:
        return _units(row.max_units_per_session)

    @admin.display(description=_("usual units"))
    def usual(self, row: Licence) -> str:
        low, high = _units(row.typical_units_low), _units(row.typical_units_high)
        return (
            str(_("%(low)s to %(high)s") % {"low": low, "high": high}) if low and high and low != high else low or high
        )


@admin.register(DoseLimit)
class DoseLimitAdmin(RuleAdmin):
    form = DoseLimitForm
    key = ("code", "unit_system", "indications")
    list_display = ("code", "unit_system", "most", "within", "in_effect_from", "origin")
    list_filter = (InEffectFilter, "unit_system", "verified")
    search_fields = ("code", "unit_system", "note")
    fieldsets = ((None, {"fields": ("code", "unit_system", "indications", "units", ("window", "window_unit"))}),)

    @admin.display(description=_("most units"), ordering="units")
    def most(self, row: DoseLimit) -> str:
        return _units(row.units)

    @admin.display(description=_("within"))
    def within(self, row: DoseLimit) -> Any:
        return f"{row.window} {row.get_window_unit_display()}" if row.window else _("one session")


@admin.register(Contraindication)
class ContraindicationAdmin(RuleAdmin):
    form = ContraindicationForm
    key = ("code",)
    list_display = (
        "short_name",
        "severity",
        "time_limited",
        "review_after_days",
        "verified",
        "in_effect_from",
        "origin",
    )
    list_filter = (InEffectFilter, "severity", "raised_by_hand", "verified")
    search_fields = ("code", "name", "short_name", "question")
    fieldsets = (
        (None, {"fields": ("code", "name", "short_name", "severity", "raised_by_hand", "question", "next_step")}),
        (_("Reach"), {"fields": ("products", "indications", "kinds")}),
        (_("Time"), {"fields": ("time_limited", "review_after_days", "review_after")}),
    )
