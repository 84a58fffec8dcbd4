"""What people have decided and signed, only read here: overrides, merges, consents, wishes for an earlier time,
months that have closed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.admin import ReadOnlyAdmin, day_column, moment_column
from clinic.formats import day
from treatments.admin.base import PatientSearch
from treatments.models import ClosedMonth, Consent, EarlierWish, Patient, PatientMerge, VisitOverride
from treatments.queries import patients as find


class PatientRow(PatientSearch, ReadOnlyAdmin):
    """Rows without a number of their own."""

    number_lookups = ()
    search_help_text = gettext_lazy("Patient's name, date of birth, phone or number")


def _link(patient: Patient) -> str:
    return format_html('<a href="{}">{}</a>', patient.get_absolute_url(), patient)


@admin.register(VisitOverride)
class VisitOverrideAdmin(PatientRow):
    list_display = ("decided", "by", "patient", "visit_on", "reason", "words")
    list_filter = (("at", admin.DateFieldListFilter), "reason", ("by", admin.AllValuesFieldListFilter))
    list_select_related = ("appointment__patient",)
    patient_path = "appointment__patient"
    fields = ("decided", "by", "visit", "patient_link", "visit_on", "reason", "words", "overridden")
    decided = moment_column("at", gettext_lazy("decided"))
    visit_on = day_column("on", gettext_lazy("day of the visit"))

    def headline(self, obj: Any) -> str:
        return f"{obj.appointment.patient}, {day(obj.on)}"

    @admin.display(description=gettext_lazy("patient"))
    def patient(self, row: VisitOverride) -> str:
        return row.appointment.patient.list_name

    @admin.display(description=gettext_lazy("patient"))
    def patient_link(self, row: VisitOverride) -> str:
        return _link(row.appointment.patient)

    @admin.display(description=gettext_lazy("visit"))
    def visit(self, row: VisitOverride) -> str:
        return format_html('<a href="{}">{}</a>', row.appointment.get_absolute_url(), row.appointment.public_id)

    @admin.display(description=gettext_lazy("overridden rules"))
    def overridden(self, row: VisitOverride) -> str:
        return ", ".join(str(rule) for rule in row.rules)


@admin.register(PatientMerge)
class PatientMergeAdmin(PatientRow):
    list_display = ("merged", "by", "kept_name", "gone_name", "reason", "undone")
    list_display_links = ("merged",)
    list_select_related = ("kept", "gone")
    fields = ("merged", "by", "kept_link", "gone_link", "reason", "undone", "undone_by")
    merged = moment_column("at", gettext_lazy("merged"))
    undone = moment_column("undone_at", gettext_lazy("undone"))

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        people = find.search(text).order_by().values("pk")
        return queryset.filter(Q(kept__in=people) | Q(gone__in=people) | Q(gone__public_id__iexact=text)), False

    def headline(self, obj: Any) -> str:
        return _("%(gone)s into %(kept)s") % {"gone": obj.gone.public_id, "kept": obj.kept.public_id}

    @admin.display(description=gettext_lazy("kept"))
    def kept_name(self, row: PatientMerge) -> str:
        return f"{row.kept} {row.kept.public_id}"

    @admin.display(description=gettext_lazy("brought in"))
    def gone_name(self, row: PatientMerge) -> str:
        return f"{row.gone} {row.gone.public_id}"

    @admin.display(description=gettext_lazy("kept"))
    def kept_link(self, row: PatientMerge) -> str:
        return _link(row.kept)

    @admin.display(description=gettext_lazy("brought in"))
    def gone_link(self, row: PatientMerge) -> str:
        return _link(row.gone)


@admin.register(Consent)
class ConsentAdmin(PatientRow):
    list_display = ("patient", "signed", "withdrawn", "recorded_by")
    list_filter = (("signed_on", admin.DateFieldListFilter),)
    list_select_related = ("patient",)
    fields = ("patient_link", "signed", "withdrawn", "recorded_by", "recorded")
    signed = day_column("signed_on", gettext_lazy("signed"))
    withdrawn = day_column("withdrawn_on", gettext_lazy("withdrawn"))
    recorded = moment_column("recorded_at", gettext_lazy("recorded"))

    def headline(self, obj: Any) -> str:
        return f"{obj.patient}, {day(obj.signed_on)}"

    @admin.display(description=gettext_lazy("patient"))
    def patient_link(self, row: Consent) -> str:
        return _link(row.patient)


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", gettext_lazy("Waiting")), ("ended", gettext_lazy("Ended"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() not in ("open", "ended"):
            return queryset
        return queryset.filter(ended_at__isnull=self.value() == "open")


@admin.register(EarlierWish)
class EarlierWishAdmin(PatientRow):
    list_display = ("patient", "note", "practitioner", "not_before", "asked", "asked_by", "ended", "why_ended")
    list_filter = (OpenFilter, "practitioner")
    list_select_related = ("patient", "practitioner")
    fields = ("patient_link", "visit", "practitioner", "not_before", "note", "asked", "asked_by", "ended", "why_ended")
    not_before = day_column("not_before_on", gettext_lazy("not before"))
    asked = moment_column("asked_at", gettext_lazy("asked"))
    ended = moment_column("ended_at", gettext_lazy("ended"))

    def headline(self, obj: Any) -> str:
        return str(obj.patient)

    @admin.display(description=gettext_lazy("patient"))
    def patient_link(self, row: EarlierWish) -> str:
        return _link(row.patient)

    @admin.display(description=gettext_lazy("visit that is booked"))
    def visit(self, row: EarlierWish) -> str:
        visit = row.appointment
        return format_html('<a href="{}">{}</a>', visit.get_absolute_url(), visit.public_id) if visit else ""

    @admin.display(description=gettext_lazy("why"))
    def why_ended(self, row: EarlierWish) -> str:
        return {"booked": _("Booked"), "closed": _("Closed")}.get(row.ended_why, row.ended_why)


@admin.register(ClosedMonth)
class ClosedMonthAdmin(ReadOnlyAdmin):
    """What the reports stored when a month closed; the database itself refuses a change."""

    list_display = ("month_name", "report", "closed")
    list_filter = ("report",)
    fields = ("month_name", "report", "closed", "stored")
    closed = moment_column("closed_at", gettext_lazy("closed"))

    def headline(self, obj: Any) -> str:
        return f"{obj.month:%b-%Y}, {obj.report}"

    @admin.display(description=gettext_lazy("month"), ordering="month")
    def month_name(self, row: ClosedMonth) -> str:
        return f"{row.month:%b-%Y}"

    @admin.display(description=gettext_lazy("figures"))
    def stored(self, row: ClosedMonth) -> str:
        return format_html_join("", "<p>{}: {}</p>", sorted(row.figures.items()))
