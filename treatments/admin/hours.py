"""When people work, written by the service that checks one against the other."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.admin import day_column
from clinic.formats import moment
from clinic.models import HoursException, Location, Practitioner, Weekday, WorkingHours
from treatments.admin.base import ServiceAdmin, ServiceForm
from treatments.queries.outside_hours import visits_outside
from treatments.services import hours

_CHANGE, _END = "change", "end"


class HoursAdmin(ServiceAdmin):
    """A row of these may be taken away: it says what is planned, not what was done. The audit trail keeps its words."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        """The service has written the audit trail."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        in_use = {"practitioner": Practitioner, "location": Location}.get(db_field.name)
        if in_use is not None:
            kwargs["queryset"] = in_use._default_manager.filter(is_active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, models.TimeField) and field is not None:
            field.widget.format = "%H:%M"
        return field

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        if more := getattr(obj, "more", ""):
            messages.success(request, more)
        warn_of_visits(request)
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        warn_of_visits(request)
        return super().response_change(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        warn_of_visits(request)
        return super().response_delete(request, obj_display, obj_id)


def warn_of_visits(request: HttpRequest) -> None:
    """Hours never touch a visit: whoever changes them is told which ones now need a look."""
    if n := sum(not row.knowingly for row in visits_outside(timezone.localdate())):
        sentence = ngettext("%(n)d visit lies outside the hours.", "%(n)d visits lie outside the hours.", n) % {"n": n}
        where = reverse("admin:clinic_workinghours_outside")
        messages.warning(request, format_html('{} <a href="{}">{}</a>', sentence, where, _("Show them")))


# ---- every week ----


class WeekForm(ServiceForm):
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days of the week"),
        choices=Weekday.choices,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )

    def act(self) -> models.Model:
        first, *others = hours.set_hours(
            by=self.by.username,
            at=self.at,
            **self.changes("practitioner", "location", "weekdays", "opens", "closes", "starts_on", "ends_on"),
        )
        if others:
            names = ", ".join(str(Weekday(row.weekday).label) for row in others)
            first.more = _("The same hours were added for %(days)s.") % {"days": names}  # type: ignore[attr-defined]
        return first


class WeekChangeForm(ServiceForm):
    """What becomes of the hours of one day of the week: one act at a time."""

    field_of: ClassVar[dict[str, str]] = {"starts_on": "from_on", "ends_on": "from_on"}
    act_on = forms.ChoiceField(
        label=gettext_lazy("What changes"),
        choices=[
            (_CHANGE, gettext_lazy("Other hours from that day on: those below")),
            (_END, gettext_lazy("No more work on this day of the week from that day on")),
        ],
        widget=forms.RadioSelect,
    )
    from_on = forms.DateField(label=gettext_lazy("From which day"), widget=admin.widgets.AdminDateWidget)

    def act(self) -> models.Model:
        row, said = WorkingHours.objects.get(pk=self.instance.pk), self.cleaned_data
        by, at, from_on = self.by.username, self.at, said["from_on"]
        if said["act_on"] == _END:
            return hours.end_hours(row, ends_on=from_on, by=by, at=at) or self.instance
        new = self.changes("location", "opens", "closes")
        return hours.change_hours(row, **new, starts_on=from_on, by=by, at=at)


@admin.register(WorkingHours)
class WorkingHoursAdmin(HoursAdmin):
    list_display = ("practitioner", "weekday", "times", "location", "since", "until")
    list_display_links = ("practitioner", "weekday")
    list_filter = ("practitioner", "location", "weekday")
    list_select_related = ("practitioner", "location")
    search_fields = ("practitioner__name", "location__name")
    since = day_column("starts_on", gettext_lazy("in effect from"))
    until = day_column("ends_on", gettext_lazy("until the day before"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = WeekChangeForm if obj else WeekForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("practitioner", "weekday", "times", "since", "until") if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        when = ("location", ("opens", "closes"))
        if obj is None:
            return ((None, {"fields": ("practitioner", "weekdays", *when, ("starts_on", "ends_on"))}),)
        told = (None, {"fields": ("practitioner", "weekday", "times", ("since", "until"))})
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": ("practitioner", "weekday", "times", "location", ("since", "until"))}),)
        return (told, (gettext_lazy("Change"), {"fields": ("act_on", "from_on", *when)}))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if context.get("original"):
            context["show_save_and_continue"] = False  # the page shows the hours that the save may just have ended
        return super().render_change_form(request, context, *args, **kwargs)

    def delete_model(self, request: HttpRequest, obj: WorkingHours) -> None:
        hours.remove_hours(obj, by=request.user.get_username(), at=timezone.now())

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.outside_view)
        return [path("outside/", page, name="clinic_workinghours_outside"), *super().get_urls()]

    def outside_view(self, request: HttpRequest) -> HttpResponse:
        """The visits still to come that lie outside hours and closed days."""
        if not (self.has_view_permission(request) and request.user.has_perm("treatments.view_appointment")):
            raise PermissionDenied
        found = visits_outside(timezone.localdate())
        rows = [
            {
                "url": row.visit.get_absolute_url(),
                "when": moment(row.visit.starts_at),
                "patient": row.visit.patient.list_name,
                "practitioner": row.visit.practitioner.name,
                "room": f"{row.visit.room.location}, {row.visit.room}",
                "why": row.why,
                "knowingly": row.knowingly,
            }
            for row in found
        ]
        title = _("Visits outside the hours")
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "rows": rows}
        return TemplateResponse(request, "admin/clinic/workinghours/outside.html", context)

    @admin.display(description=gettext_lazy("hours"), ordering="opens")
    def times(self, row: WorkingHours) -> str:
        return _("%(from)s to %(to)s") % {"from": f"{row.opens:%H:%M}", "to": f"{row.closes:%H:%M}"}


# ---- single days ----


class ExceptionForm(ServiceForm):
    first_on = forms.DateField(label=gettext_lazy("Day"), widget=admin.widgets.AdminDateWidget)
    last_on = forms.DateField(
        label=gettext_lazy("Last day"),
        widget=admin.widgets.AdminDateWidget,
        required=False,
        help_text=gettext_lazy("Only where it is the same on several days."),
    )

    def act(self) -> models.Model:
        first, *others = hours.add_exception(
            by=self.by.username,
            at=self.at,
            **self.changes("practitioner", "first_on", "last_on", "location", "opens", "closes", "why"),
        )
        if others:
            said = {"n": len(others)}
            first.more = ngettext("And the day after it.", "And the %(n)d days after it.", len(others)) % said  # type: ignore[attr-defined]
        return first


@admin.register(HoursException)
class HoursExceptionAdmin(HoursAdmin):
    """An exception is not changed but taken away and entered again."""

    form = ExceptionForm
    list_display = ("day", "practitioner", "times", "location", "why")
    list_display_links = ("day", "practitioner")
    list_filter = (("on", admin.DateFieldListFilter), "practitioner")
    list_select_related = ("practitioner", "location")
    search_fields = ("practitioner__name", "why")
    ordering = ("-on", "practitioner", "opens", "pk")
    day = day_column("on", gettext_lazy("day"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None:
            return ((None, {"fields": ("practitioner", "day", "times", "location", "why")}),)
        hint = gettext_lazy("Leave place and times empty where somebody is away.")
        return (
            (None, {"fields": ("practitioner", ("first_on", "last_on"), "why")}),
            (
                gettext_lazy("Other hours"),
                {"fields": ("location", ("opens", "closes")), "description": hint},
            ),
        )

    def delete_model(self, request: HttpRequest, obj: HoursException) -> None:
        hours.remove_exception(obj, by=request.user.get_username(), at=timezone.now())

    @admin.display(description=gettext_lazy("hours"))
    def times(self, row: HoursException) -> str:
        if not (row.opens and row.closes):
            return _("Away")
        return _("%(from)s to %(to)s") % {"from": f"{row.opens:%H:%M}", "to": f"{row.closes:%H:%M}"}

    def headline(self, obj: Any) -> str:
        return f"{obj.practitioner}, {HoursExceptionAdmin.day(self, obj)}"
