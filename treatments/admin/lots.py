"""Lots that must not be used: stopped and lifted by the service that judges everything again, with who got them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.admin import moment_column
from treatments.admin.base import ServiceAdmin, ServiceForm
from treatments.models import LotStop, Product, Treatment
from treatments.queries.lots import key_of
from treatments.services import lots


class StopForm(ServiceForm):
    def act(self) -> models.Model:
        said = self.cleaned_data
        return lots.stop(said["product"], said["lot_number"], reason=said["reason"], by=self.by.username, at=self.at)


class LiftForm(ServiceForm):
    lift_reason = forms.CharField(
        label=gettext_lazy("Why it may be used again"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )

    def act(self) -> models.Model:
        row = LotStop.objects.get(pk=self.instance.pk)
        return lots.lift(row, reason=self.cleaned_data["lift_reason"], by=self.by.username, at=self.at)


class LiftedFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("stopped", gettext_lazy("Stopped")), ("lifted", gettext_lazy("In use again"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() not in ("stopped", "lifted"):
            return queryset
        return queryset.filter(lifted_at__isnull=self.value() == "stopped")


@admin.register(LotStop)
class LotStopAdmin(ServiceAdmin):
    list_display = ("lot_number", "product", "state", "reason", "given", "stopped", "by")
    list_filter = (LiftedFilter, "product")
    list_select_related = ("product",)
    search_fields = ("lot_number", "lot_key", "reason")
    search_help_text = gettext_lazy("Lot, or words of the reason")
    autocomplete_fields = ("product",)
    stopped = moment_column("at", gettext_lazy("stopped"))
    lifted = moment_column("lifted_at", gettext_lazy("lifted"))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[LotStop]:
        given = Treatment.objects.valid().filter(product=OuterRef("product")).annotate(key=key_of("lot_number"))
        patients = given.filter(key=OuterRef("lot_key")).order_by().values("product")
        counted = patients.annotate(n=Count("patient", distinct=True)).values("n")
        return (
            super().get_queryset(request).annotate(n_given=Coalesce(Subquery(counted), 0, output_field=IntegerField()))
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.lifted_at)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = LiftForm if obj else StopForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (
            ("lot_number", "product", "state", "reason", "given", "stopped", "by", "lifted", "lifted_by") if obj else ()
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            hint = gettext_lazy(
                "Nobody may inject of it any more. What was given of it no longer counts for the effect: "
                "those patients are due sooner."
            )
            return ((None, {"fields": ("product", "lot_number", "reason"), "description": hint}),)
        told = (None, {"fields": ("lot_number", "product", "state", "reason", "given", ("stopped", "by"))})
        if obj.lifted_at:
            end = (gettext_lazy("In use again"), {"fields": (("lifted", "lifted_by"), "lift_reason")})
            return (told, end)
        lift = (gettext_lazy("Take it into use again"), {"fields": ("lift_reason",)})
        return (told, lift) if self.has_change_permission(request, obj) else (told,)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = Product.objects.order_by("brand", "pk")  # one that is no longer in use can be recalled too
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["show_save_and_continue"] = context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: LotStop) -> str:
        return _("In use again") if row.lifted_at else _("Stopped")

    @admin.display(description=gettext_lazy("given to"), ordering="n_given")
    def given(self, row: LotStop) -> str:
        n: int = row.n_given  # type: ignore[attr-defined]
        words = ngettext("%(n)d patient", "%(n)d patients", n) % {"n": n}
        if not n:
            return words
        there = f"{reverse('admin:treatments_treatment_changelist')}?{urlencode({'lot': row.pk})}"
        return format_html('<a href="{}">{}</a>', there, words)
