"""What is only read here: signed treatments with their injections, and the dates of courses."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.admin import ReadOnlyAdmin, day_column, moment_column
from clinic.formats import day
from treatments.admin.base import PatientSearch
from treatments.models import Course, CourseTreatment, LotStop, Treatment
from treatments.queries import lots
from treatments.rules.doses import units
from treatments.rules.vocabulary import Band


class GivenInline(admin.TabularInline):
    model = CourseTreatment
    template = "admin/treatments/treatment/given.html"
    verbose_name_plural = gettext_lazy("injections")
    fields = readonly_fields = ("area", "sites", "units", "judged_by", "worn_off")
    can_delete, extra = False, 0
    worn_off = day_column("worn_off_on", gettext_lazy("effect gone on"))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[CourseTreatment]:
        rows = super().get_queryset(request).prefetch_related("injections")
        return rows.select_related("course__indication", "licence__product", "licence__indication")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_add_permission

    @admin.display(description=gettext_lazy("for"))
    def area(self, given: CourseTreatment) -> str:
        return given.course.indication.short_name

    @admin.display(description=gettext_lazy("sites"))
    def sites(self, given: CourseTreatment) -> str:
        rows = ((i.site, i.get_side_display(), units(i.units)) for i in given.injections.all())
        return format_html_join("", "<p>{} · {} · {}</p>", rows)

    @admin.display(description=gettext_lazy("judged by"))
    def judged_by(self, given: CourseTreatment) -> str:
        return str(given.licence or "")


class TreatmentStateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("valid", gettext_lazy("Signed")), ("voided", gettext_lazy("Voided"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() == "voided":
            return queryset.filter(voided_at__isnull=False)
        return queryset.filter(voided_at__isnull=True) if self.value() == "valid" else queryset


class StoppedLotFilter(admin.SimpleListFilter):
    """Who got a lot that was stopped, however its number was written."""

    title = gettext_lazy("stopped lot")
    parameter_name = "lot"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(row.pk), str(row)) for row in LotStop.objects.select_related("product").order_by("-at", "-pk")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        asked = self.value()
        if asked not in {value for value, _label in self.lookup_choices} or asked is None:
            return queryset
        stop = LotStop.objects.select_related("product").get(pk=asked)
        return queryset.filter(pk__in=lots.treatments_of(stop.product, stop.lot_number).order_by().values("pk"))


@admin.register(Treatment)
class TreatmentAdmin(PatientSearch, ReadOnlyAdmin):
    list_display = ("public_id", "patient", "performed", "kind", "product", "lot_number", "practitioner", "state")
    list_filter = (
        TreatmentStateFilter,
        StoppedLotFilter,
        "kind",
        "product",
        "sub_standard",
        "elsewhere",
        ("performed_on", admin.DateFieldListFilter),
    )
    list_select_related = ("patient", "product", "practitioner")
    number_lookups = ("public_id__iexact", "lot_number__icontains")
    search_help_text = gettext_lazy("Lot, treatment number, or the patient's name, date of birth, phone or number")
    inlines = (GivenInline,)
    performed = day_column("performed_on", gettext_lazy("day"))
    expires = day_column("lot_expires_on", gettext_lazy("expiry"))
    signed = moment_column("signed_at", gettext_lazy("signed"))
    voided = moment_column("voided_at", gettext_lazy("voided"))
    fieldsets = (
        (None, {"fields": ("public_id", "patient", "performed", "kind", "practitioner", "elsewhere")}),
        (gettext_lazy("Product"), {"fields": ("product", "lot_number", "expires", "sub_standard")}),
        (gettext_lazy("Judgement"), {"fields": ("said", "incident_reason", "note")}),
        (
            gettext_lazy("Signature"),
            {"fields": ("signed_by", "signed", "amends", "voided_by", "voided", "void_reason")},
        ),
    )

    def headline(self, obj: Any) -> str:
        return f"{obj.patient}, {day(obj.performed_on)}, {obj.public_id}"

    @admin.display(description=gettext_lazy("state"))
    def state(self, treatment: Treatment) -> str:
        return _("Voided") if treatment.voided_at else _("Signed")

    @admin.display(description=gettext_lazy("findings"))
    def said(self, treatment: Treatment) -> str:
        return format_html_join("", "<p>{}</p>", ((row.get("sentence", ""),) for row in treatment.findings))


class BandFilter(admin.SimpleListFilter):
    title = gettext_lazy("band")
    parameter_name = "band"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(band.value, band.value.replace("_", " ").capitalize()) for band in Band]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        band = self.value()
        return queryset.in_band(Band(band), timezone.localdate()) if band in list(Band) else queryset


@admin.register(Course)
class CourseAdmin(PatientSearch, ReadOnlyAdmin):
    list_display = ("patient", "indication", "last_treated", "earliest", "due", "overdue", "lapsed", "stopped")
    list_filter = (BandFilter, "indication")
    list_select_related = ("patient", "indication")
    number_lookups = ()
    search_help_text = gettext_lazy("Patient's name, date of birth, phone or number")
    last_treated = day_column("last_treated_on", gettext_lazy("last full treatment"))
    earliest = day_column("earliest_on", gettext_lazy("earliest"))
    due = day_column("due_from", gettext_lazy("due from"))
    until = day_column("due_until", gettext_lazy("due until"))
    overdue = day_column("overdue_from", gettext_lazy("overdue from"))
    lapsed = day_column("lapsed_from", gettext_lazy("lapsed from"))
    stopped = day_column("stopped_on", gettext_lazy("stopped"))
    fieldsets = (
        (None, {"fields": ("patient", "indication", "product", "units", "last_treated")}),
        (gettext_lazy("Dates"), {"fields": ("earliest", "due", "until", "overdue", "lapsed", "why")}),
        (gettext_lazy("State"), {"fields": ("doubt", "stopped", "stopped_reason")}),
    )

    def view_on_site(self, obj: Any) -> str | None:
        return obj.patient.get_absolute_url() if obj else None

    def headline(self, obj: Any) -> str:
        return f"{obj.patient}: {obj.indication}"

    @admin.display(description=gettext_lazy("why these dates"))
    def why(self, course: Course) -> str:
        return format_html_join("", "<p>{}</p>", ((_reason(row),) for row in course.reasons))


def _reason(row: dict[str, Any]) -> str:
    """One stored reason of a date, in words."""
    date_field: Any = Course._meta.get_field(row["about"])
    says = _("%(date)s %(day)s: %(sentence)s") % {
        "date": str(date_field.verbose_name).capitalize(),
        "day": day(date.fromisoformat(row["day"])),
        "sentence": row["sentence"],
    }
    return f"{says} {_('This one decides.')}" if row["decided"] else says
