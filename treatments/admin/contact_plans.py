"""When patients are written to: the clinic's own plans and their steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from treatments.admin.base import SeenForm, ServiceAdmin
from treatments.models import ContactPlan, ContactStep, Indication
from treatments.services import contact

WAYS = (
    ("sms,email", _("Text message, else e-mail")),
    ("email,sms", _("E-mail, else text message")),
    ("sms", _("Text message only")),
    ("email", _("E-mail only")),
)


class PlanForm(SeenForm):
    indications = forms.ModelMultipleChoiceField(
        label=_("For"),
        queryset=Indication.objects.filter(is_active=True),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Whatever is ticked nowhere has the usual plan."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["indications"] = list(self.instance.indications.all())
            if "seen" in self.fields:
                self.fields["seen"].initial = self.seen_now()

    def act(self) -> models.Model:
        by, at = self.by.username, self.at
        if self.instance._state.adding:
            return contact.add_plan(self.instance, by=by, at=at, **self.changes("indications"))
        row = ContactPlan.objects.get(pk=self.instance.pk)
        names = [name for name in self.changed_data if name != "seen"]
        return contact.amend_plan(row, changes=self.changes(*names), by=by, at=at)


@admin.register(ContactPlan)
class PlanAdmin(ServiceAdmin):
    form = PlanForm
    list_display = ("name", "is_usual", "is_active", "quiet", "cap_days", "most_per_cycle", "all_steps")
    search_fields = ("name", "code")
    fieldsets = (
        (None, {"fields": ("code", "name", "is_usual", "is_active", "indications")}),
        (_("How often, and at which hours"), {
            "fields": ("cap_days", "most_per_cycle", "quiet_from", "quiet_until"),
            "description": _("The clinic's own policy: no guideline says when to write to a patient."),
        }),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ContactPlan]:
        return super().get_queryset(request).prefetch_related("steps")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("code",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # messages went out by it: it is switched off instead

    @admin.display(description=_("quiet hours"))
    def quiet(self, row: ContactPlan) -> str:
        return f"{row.quiet_from:%H:%M}–{row.quiet_until:%H:%M}"

    @admin.display(description=_("steps"))
    def all_steps(self, row: ContactPlan) -> str:
        return ", ".join(step.code for step in row.steps.all() if step.is_active) or str(_("none"))


class StepForm(SeenForm):
    channels = forms.TypedChoiceField(label=_("Way"), choices=WAYS, coerce=lambda words: words.split(","))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "channels" in self.fields:
            self.initial["channels"] = ",".join(self.instance.channels)
            if "seen" in self.fields:
                self.fields["seen"].initial = self.seen_now()

    def act(self) -> models.Model:
        by, at = self.by.username, self.at
        if self.instance._state.adding:
            return contact.add_step(self.instance, by=by, at=at)
        row = ContactStep.objects.get(pk=self.instance.pk)
        names = [name for name in self.changed_data if name != "seen"]
        return contact.amend_step(row, changes=self.changes(*names), by=by, at=at)


@admin.register(ContactStep)
class StepAdmin(ServiceAdmin):
    form = StepForm
    list_display = ("code", "plan", "when", "way", "text", "is_active")
    list_filter = ("plan", "is_active")
    list_select_related = ("plan", "text")
    fieldsets = (
        (None, {"fields": ("plan", "code", "is_active")}),
        (_("When"), {"fields": ("anchor", "offset_days")}),
        (_("What, and how"), {"fields": ("text", "channels")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("plan", "code") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("when"), ordering="offset_days")
    def when(self, row: ContactStep) -> str:
        said = {"days": abs(row.offset_days), "date": row.get_anchor_display()}
        if row.offset_days == 0:
            return str(_("on the day on which %(date)s") % said)
        if row.offset_days < 0:
            return str(_("%(days)d days before %(date)s") % said)
        return str(_("%(days)d days after %(date)s") % said)

    @admin.display(description=_("way"))
    def way(self, row: ContactStep) -> str:
        return str(dict(WAYS).get(",".join(row.channels), ", ".join(row.channels)))
