"""Patients and their flags, written by the same services as in the app."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import phones
from clinic.admin import day_column, moment_column
from treatments.admin.base import PatientSearch, ServiceAdmin, ServiceForm
from treatments.models import Contraindication, Flag, Patient, in_effect
from treatments.queries.rulebook import rulebook
from treatments.services import flags, patients


class PatientForm(ServiceForm):
    different = forms.BooleanField(
        label=gettext_lazy("These are different people"),
        required=False,
        help_text=gettext_lazy("Only where saving has named somebody who looks the same, and you have checked."),
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields.pop("different", None)
            self.fields["seen_version"].initial = self.instance.version
        else:
            self.fields.pop("seen_version", None)

    def act(self) -> models.Model:
        mine = [name for name in self.cleaned_data if name not in ("different", "seen_version")]
        if self.instance._state.adding:
            different = self.cleaned_data["different"]
            return patients.register(by=self.by.username, at=self.at, different=different, **self.changes(*mine))
        row = Patient.objects.get(pk=self.instance.pk)
        version = self.cleaned_data["seen_version"]
        return patients.amend(row, changes=self.changes(*mine), by=self.by.username, at=self.at, version=version)


@admin.register(Patient)
class PatientAdmin(PatientSearch, ServiceAdmin):
    form = PatientForm
    patient_path = "pk"
    list_display = ("list_name", "public_id", "born", "sex", "telephone", "contact_consent", "registered")
    list_filter = ("contact_consent", "sex", ("registered_on", admin.DateFieldListFilter))
    search_help_text = gettext_lazy("Name in any order, date of birth, phone or patient number")
    readonly_fields = ("public_id", "source_id", "registered")
    born = day_column("born_on", gettext_lazy("born"))
    registered = day_column("registered_on", gettext_lazy("registered"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        person = ("family_name", "given_name", "preferred_name", "title", "born_on", "sex")
        contact = ("phone", "email", "address", "city", "postcode", "contact_consent")
        first = (None, {"fields": (*person, "different") if obj is None else (*person, "died_on", "seen_version")})
        record = (gettext_lazy("Record"), {"fields": ("public_id", "source_id", "registered")})
        both = (first, (gettext_lazy("Contact"), {"fields": contact}), (gettext_lazy("Note"), {"fields": ("note",)}))
        return both if obj is None else (*both, record)

    @admin.display(description=gettext_lazy("name"), ordering="family_name")
    def list_name(self, patient: Patient) -> str:
        return patient.list_name

    @admin.display(description=gettext_lazy("mobile"))
    def telephone(self, patient: Patient) -> str:
        return phones.national(patient.phone)


class FlagForm(ServiceForm):
    """Raises a flag."""

    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=lambda: [("", "---------"), *_flag_kinds()])

    def act(self) -> models.Model:
        return flags.raise_flag(
            by=self.by.username,
            at=self.at,
            **self.changes("patient", "kind", "starts_on", "ends_on", "review_on", "source", "note"),
        )


class FlagChangeForm(ServiceForm):
    """What became of a flag."""

    act_on = forms.ChoiceField(
        label=gettext_lazy("What is known now"),
        choices=[
            ("confirm", gettext_lazy("Still true: ask again on another day")),
            ("end", gettext_lazy("It ends, or has ended")),
            ("error", gettext_lazy("It was entered in error and never was true")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=2000
    )

    def act(self) -> models.Model:
        flag, said = Flag.objects.get(pk=self.instance.pk), self.cleaned_data
        by, at = self.by.username, self.at
        if said["act_on"] == "error":
            return flags.enter_in_error(flag, reason=said["reason"], by=by, at=at)
        needed = {"end": "ends_on", "confirm": "review_on"}[said["act_on"]]
        if not said[needed]:
            raise forms.ValidationError({needed: _("Enter the day.")})
        if needed == "ends_on":
            return flags.end(flag, ends_on=said["ends_on"], reason=said["reason"], by=by, at=at)
        return flags.confirm(flag, review_on=said["review_on"], reason=said["reason"], by=by, at=at)


def _flag_kinds() -> list[tuple[str, str]]:
    rules = rulebook(timezone.localdate()).contraindications.values()
    return sorted(((r.code, r.short_name) for r in rules if r.raised_by_hand), key=lambda pair: pair[1].casefold())


class FlagStateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("in_force", gettext_lazy("In force today")),
            ("to_review", gettext_lazy("Review due")),
            ("ended", gettext_lazy("Ended")),
            ("in_error", gettext_lazy("Entered in error")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> models.QuerySet[Any]:
        today, true = timezone.localdate(), queryset.filter(in_error=False)
        in_force = queryset.in_force(today)
        return {
            "in_force": in_force,
            "to_review": in_force.filter(review_on__lte=today),
            "ended": true.filter(ends_on__lte=today),
            "in_error": queryset.filter(in_error=True),
        }.get(self.value() or "", queryset)


@admin.register(Flag)
class FlagAdmin(PatientSearch, ServiceAdmin):
    list_display = ("what", "patient", "since", "until", "review", "state", "raised_by")
    list_filter = (FlagStateFilter, "kind")
    list_select_related = ("patient",)
    search_help_text = gettext_lazy("Patient's name, date of birth, phone or number, or the flag's number")
    autocomplete_fields = ("patient",)
    readonly_fields = ("what", "patient_link", "since", "until", "source", "note", "raised_by", "raised", "state")
    since = day_column("starts_on", gettext_lazy("since"))
    until = day_column("ends_on", gettext_lazy("first day it no longer holds"))
    review = day_column("review_on", gettext_lazy("ask again on"))
    raised = moment_column("raised_at", gettext_lazy("raised"))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Flag]:
        named = Contraindication.objects.filter(in_effect(timezone.localdate()), code=OuterRef("kind"))
        label = Subquery(named.order_by("pk").values("short_name")[:1])
        return super().get_queryset(request).annotate(label=label)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.in_error)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = FlagChangeForm if obj else FlagForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            fields = ("patient", "kind", "starts_on", "ends_on", "review_on", "source", "note")
            return ((None, {"fields": fields}),)
        told = ("what", "patient_link", "since", "source", "note", "raised_by", "raised", "state")
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": (*told, "until", "review", "error_reason")}),)
        decision = ("act_on", "ends_on", "review_on", "reason")
        return ((None, {"fields": told}), (gettext_lazy("Review"), {"fields": decision}))

    def headline(self, obj: Any) -> str:
        return f"{obj.patient}: {self.what(obj)}"

    @admin.display(description=gettext_lazy("what"), ordering="kind")
    def what(self, flag: Flag) -> str:
        return flag.label or flag.kind  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("patient"))
    def patient_link(self, flag: Flag) -> str:
        return format_html('<a href="{}">{}</a>', flag.patient.get_absolute_url(), flag.patient)

    @admin.display(description=gettext_lazy("state"))
    def state(self, flag: Flag) -> str:
        today = timezone.localdate()
        if flag.in_error:
            return _("Entered in error")
        if flag.ends_on and flag.ends_on <= today:
            return _("Ended")
        if flag.starts_on > today:
            return _("Not yet in force")
        overdue = flag.review_on and flag.review_on <= today
        return _("In force, review due") if overdue else _("In force")
