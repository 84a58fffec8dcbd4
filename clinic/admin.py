"""The admin panel's frame, and the organisation's tables in it: people, locations, rooms, the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.forms import CheckboxSelectMultiple, Media, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import audit
from clinic.formats import day, moment
from clinic.models import AuditEvent, Location, Practitioner, Room, User

ADMIN_ROLES = {"manager", "auditor"}

admin.site.site_header = gettext_lazy("Clinic administration")
admin.site.site_title = gettext_lazy("Clinic administration")
admin.site.index_title = gettext_lazy("Administration")
admin.site.enable_nav_sidebar = True
admin.site.unregister(Group)  # roles are kept in clinic/permissions.py


@login_not_required
def sign_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """The product has one sign-in page. Somebody signed in who comes here may not see the admin panel."""
    if request.user.is_authenticated:
        if admin.site.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        raise PermissionDenied(_("This page is for: manager, auditor."))
    after = request.GET.get("next") or reverse("admin:index")
    return HttpResponseRedirect(f"{reverse('sign_in')}?{urlencode({'next': after})}")


def password_change(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Somebody's own password, with its row in the audit trail."""
    with transaction.atomic():
        answer = _own_password(request, extra_context)
        if request.method == "POST" and answer.status_code == 302:
            audit.record("user.password_changed", cast(User, request.user), by=request.user.username, at=timezone.now())
    return answer


_own_password = admin.site.password_change
admin.site.login = sign_in  # type: ignore[method-assign]
admin.site.password_change = password_change  # type: ignore[assignment,method-assign]


def day_column(name: str, label: Any) -> Callable[[Any, models.Model], str]:
    """A date for lists and pages, written as everywhere: 14-Jul-2026."""

    @admin.display(description=label, ordering=name, empty_value="")
    def column(_model_admin: Any, row: models.Model) -> str:
        return day(getattr(row, name))

    return column


def moment_column(name: str, label: Any) -> Callable[[Any, models.Model], str]:
    """A moment for lists and pages: 14-Jul-2026 14:05."""

    @admin.display(description=label, ordering=name, empty_value="")
    def column(_model_admin: Any, row: models.Model) -> str:
        return moment(getattr(row, name))

    return column


class Picker(AutocompleteSelect):
    """A search-as-you-type choice that says what it is for before anything is chosen."""

    @property
    def media(self) -> Media:
        return super().media + Media(js=("admin/js/autocomplete.js", "clinic/js/admin-pickers.js"))

    def optgroups(self, name: str, value: Any, attr: dict[str, Any] | None = None) -> Any:
        """What was posted and is no row's number is no choice: the field says so, the page is shown all the same."""
        return super().optgroups(name, [one for one in value if str(one).isascii() and str(one).isdigit()], attr)

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        attrs = super().build_attrs(base_attrs, extra_attrs)
        wanted = {"name": self.field.verbose_name}
        attrs["data-placeholder"] = _("No %(name)s") % wanted if self.field.blank else _("Choose a %(name)s") % wanted
        return attrs


class ClinicAdmin(admin.ModelAdmin):
    """What holds for every table: nothing is deleted, nothing is done in bulk, the audit trail is the only history."""

    actions = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = Picker(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Other rows are changed on their own page; what is searched for may be added from here."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        if isinstance(widget, RelatedFieldWidgetWrapper):
            widget.can_change_related = widget.can_delete_related = widget.can_view_related = False
            widget.can_add_related = widget.can_add_related and isinstance(widget.widget, Picker)
        return field

    def headline(self, obj: Any) -> str:
        """What stands over the page of one row."""
        return str(obj)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if context.get("original"):
            context["subtitle"] = self.headline(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if any("\0" in text for texts in request.GET.lists() for text in texts[1]):
            return HttpResponseRedirect(request.path)  # PostgreSQL takes no such text
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))

    def view_on_site(self, obj: Any) -> str | None:
        return obj.get_absolute_url() if hasattr(obj, "get_absolute_url") else None

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit trail, filtered to this row."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        about = {"object_type__exact": self.opts.model_name, "object_id__exact": getattr(row, "public_id", row.pk)}
        return HttpResponseRedirect(f"{reverse('admin:clinic_auditevent_changelist')}?{urlencode(about)}")

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """What the audit trail keeps: each changed field before and after, and of a password only that it changed."""
        changed = {name for name in form.changed_data if "password" not in name}
        details = {name: [_plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))] for name in changed}
        return details | ({"password": "changed"} if changed != set(form.changed_data) else {})

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        self._record("added", request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        self._record("changed", request, obj, message)

    def _record(self, act: str, request: HttpRequest, obj: Any, details: Any) -> None:
        if details or act == "added":
            verb = f"{self.opts.model_name}.{act}"
            audit.record(verb, obj, by=request.user.username, at=timezone.now(), details=details)


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, list | models.QuerySet):
        return [_plain(item) for item in value]
    return value


class ReadOnlyAdmin(ClinicAdmin):
    """Rows that are looked up here and written elsewhere."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Location)
class LocationAdmin(ClinicAdmin):
    list_display = ("name", "address", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "address")


@admin.register(Room)
class RoomAdmin(ClinicAdmin):
    list_display = ("name", "location", "is_active")
    list_filter = ("location", "is_active")
    list_select_related = ("location",)
    search_fields = ("name", "location__name")
    autocomplete_fields = ("location",)


@admin.register(Practitioner)
class PractitionerAdmin(ClinicAdmin):
    list_display = ("name", "user", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "user__last_name")
    autocomplete_fields = ("user",)


@admin.register(User)
class UserAdmin(ClinicAdmin, DjangoUserAdmin):
    """Staff. Rights come from roles only; who is a manager or an auditor may open the admin panel."""

    list_display = ("username", "last_name", "first_name", "roles", "is_prescriber", "is_active", "last_login_at")
    list_filter = ("groups", "is_prescriber", "is_active")
    search_fields = ("username", "first_name", "last_name", "email")
    add_form = UserCreationForm
    readonly_fields = ("last_login_at", "joined_at")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "last_name", "email")}),
        (gettext_lazy("Rights"), {"fields": ("groups", "is_prescriber", "is_active")}),
        (gettext_lazy("Dates"), {"fields": ("last_login_at", "joined_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "password1", "password2")}),
        (gettext_lazy("Rights"), {"fields": ("groups", "is_prescriber")}),
    )
    last_login_at = moment_column("last_login", gettext_lazy("last sign-in"))
    joined_at = moment_column("date_joined", gettext_lazy("joined"))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all()))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An administrator's account is changed by administrators only."""
        allowed = super().has_change_permission(request, obj)
        return allowed and not (obj and obj.is_superuser and not request.user.is_superuser)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nobody gives rights to themselves, or locks themselves out."""
        own = ("groups", "is_prescriber", "is_active") if obj and obj.pk == request.user.pk else ()
        return (*super().get_readonly_fields(request, obj), *own)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        wanted = {"widget": CheckboxSelectMultiple, "label": _("Roles"), "help_text": ""}
        return super().formfield_for_manytomany(db_field, request, **(kwargs | wanted))

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        user: User = form.instance
        user.is_staff = user.is_superuser or user.groups.filter(name__in=ADMIN_ROLES).exists()
        user.save(update_fields=["is_staff"])

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("when", "by", "verb", "object_type", "object_id", "patient", "reason")
    list_filter = (("at", admin.DateFieldListFilter), ("verb", admin.AllValuesFieldListFilter))
    search_fields = ("by", "patient_id", "object_id", "reason")
    search_help_text = gettext_lazy("User name, patient number, record number or words of the reason")
    fields = ("when", "by", "verb", "object_type", "object_id", "patient", "reason", "found", "particulars")
    when = moment_column("at", gettext_lazy("when"))

    def headline(self, obj: Any) -> str:
        return f"{moment(obj.at)} {obj.by} {obj.verb}"

    @admin.display(description=gettext_lazy("patient"), ordering="patient_id")
    def patient(self, event: AuditEvent) -> str:
        if not event.patient_id:
            return ""
        return format_html('<a href="{}">{}</a>', reverse("patient", args=[event.patient_id]), event.patient_id)

    @admin.display(description=gettext_lazy("findings"))
    def found(self, event: AuditEvent) -> str:
        return format_html_join("", "<p>{}</p>", ((finding.get("sentence", ""),) for finding in event.findings))

    @admin.display(description=gettext_lazy("details"))
    def particulars(self, event: AuditEvent) -> str:
        return format_html_join("", "<p>{}: {}</p>", ((name, _told(value)) for name, value in event.details.items()))

    def view_on_site(self, obj: Any) -> str | None:
        return reverse("patient", args=[obj.patient_id]) if obj and obj.patient_id else None


def _told(value: Any) -> str:
    """A pair of values as before and after; anything else as it is."""
    if isinstance(value, list) and len(value) == 2:
        return _("%(before)s, now %(after)s") % {"before": value[0] or "-", "after": value[1] or "-"}
    return str(value)
