"""Days on which the clinic is closed; the public holidays of a year are suggested, and somebody ticks them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.admin import day_column
from clinic.formats import long_day
from clinic.models import ClosedDay
from treatments.admin.base import ServiceForm
from treatments.admin.hours import HoursAdmin, warn_of_visits
from treatments.queries import closed_days
from treatments.services import hours

_YEARS_AHEAD = 2


class ClosedDayForm(ServiceForm):
    def act(self) -> models.Model:
        return hours.close_day(by=self.by.username, at=self.at, **self.changes("on", "name", "location"))


class SuggestionForm(forms.Form):
    """The public holidays of one year that are not closed days yet. None is ticked for the clinic."""

    days = forms.MultipleChoiceField(
        label=gettext_lazy("Close the clinic on"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick the days on which the clinic is closed.")},
    )

    def __init__(self, found: list[closed_days.Suggestion], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = {row.on.isoformat(): row.name for row in found if not row.closed}
        self.fields["days"].choices = list(self.names.items())  # type: ignore[attr-defined]

    def chosen(self) -> list[tuple[date, str]]:
        return [(date.fromisoformat(on), self.names[on]) for on in self.cleaned_data["days"]]


@admin.register(ClosedDay)
class ClosedDayAdmin(HoursAdmin):
    """A closed day is not changed but opened again."""

    form = ClosedDayForm
    list_display = ("day", "name", "place")
    list_filter = (("on", admin.DateFieldListFilter), "location")
    list_select_related = ("location",)
    search_fields = ("name",)
    ordering = ("-on", "pk")
    day = day_column("on", gettext_lazy("day"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return ((None, {"fields": ("day", "name", "place") if obj else ("on", "name", "location")}),)

    def delete_model(self, request: HttpRequest, obj: ClosedDay) -> None:
        hours.open_day(obj, by=request.user.get_username(), at=timezone.now())

    def headline(self, obj: Any) -> str:
        return f"{ClosedDayAdmin.day(self, obj)}, {obj.name}"

    @admin.display(description=gettext_lazy("location"), ordering="location__name")
    def place(self, row: ClosedDay) -> str:
        return str(row.location or _("Everywhere"))

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.suggest_view)
        return [path("suggest/", page, name="clinic_closedday_suggest"), *super().get_urls()]

    def suggest_view(self, request: HttpRequest) -> HttpResponse:
        """The public holidays of a year with a box each."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        this_year = timezone.localdate().year
        years = [str(year) for year in range(this_year, this_year + _YEARS_AHEAD + 1)]
        asked = request.POST.get("year") or request.GET.get("year")
        year = asked if asked in years else years[0]
        found = closed_days.suggested(int(year), settings.CLINIC_HOLIDAYS, on=timezone.localdate())
        form = SuggestionForm(found, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid() and self._close(request, form):
            return HttpResponseRedirect(reverse("admin:clinic_closedday_changelist"))
        title = _("Public holidays of %(year)s") % {"year": year}
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "form": form,
            "years": [{"year": one, "chosen": one == year} for one in years],
            "year": year,
            "region": settings.CLINIC_HOLIDAYS,
            "rows": _rows(found, set(request.POST.getlist("days"))),
        }
        return TemplateResponse(request, "admin/clinic/closedday/suggest.html", context)

    def _close(self, request: HttpRequest, form: SuggestionForm) -> bool:
        by = request.user.get_username()
        try:
            closed = hours.close_days(form.chosen(), by=by, at=timezone.now())
        except ValidationError as error:
            form.add_error("days", error.messages)
            return False
        said = {"n": len(closed)}
        messages.success(
            request, ngettext("%(n)d closed day was added.", "%(n)d closed days were added.", said["n"]) % said
        )
        warn_of_visits(request)
        return True


def _rows(found: list[closed_days.Suggestion], ticked: set[str]) -> list[dict[str, Any]]:
    """The page's lines."""
    rows = []
    for row in found:
        iso, n = row.on.isoformat(), row.visits
        visits = ngettext("%(n)d visit", "%(n)d visits", n) % {"n": n} if n else ""
        rows.append(
            {"value": iso, "day": long_day(row.on), "name": row.name, "closed": row.closed, "visits": visits,
             "ticked": iso in ticked}
        )  # fmt: skip
    return rows
