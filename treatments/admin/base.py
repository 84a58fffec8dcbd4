"""Forms and tables that save through a service."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.forms.models import construct_instance
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from clinic.admin import ClinicAdmin
from clinic.formats import day
from clinic.models import User
from treatments.models.catalogue import SEVERITY_LABELS
from treatments.queries import patients as find
from treatments.rules.findings import Finding, Refused
from treatments.rules.vocabulary import Severity
from treatments.services.patients import Resembles
from treatments.services.stale import Stale


class ServiceForm(forms.ModelForm):
    """A form that saves while it is checked, so that what a service refuses becomes the form's own error.

    Once every field is right, `act` calls the service inside a savepoint. What it raises undoes the savepoint and is
    shown on the form; what it returns is the form's instance, and nothing is left for `save` to do. The page has one
    transaction around all of this, and no other form beside this one that could still fail.
    """

    by: User
    at: datetime
    field_of: ClassVar[dict[str, str]] = {}  # the service's name of a field, or a finding's code -> this form's field

    def act(self) -> models.Model:
        """Call one service and return the row it wrote."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        self._check_fields()
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self.act()
        except Refused as refused:
            self._show_findings(refused.findings)
        except Resembles as resembles:
            self.add_error(None, _people(resembles))
        except ValidationError as error:
            self._show(error)
        except Stale:
            self.add_error(
                None, _("Somebody changed this record while the page was open. Nothing was saved: open it again.")
            )
        except IntegrityError:
            self.add_error(
                None, _("Somebody else saved at the same moment. Nothing was saved here: check and try again.")
            )

    def _check_fields(self) -> None:
        """The model's own validators. Its constraints are left to the service, which has a sentence for each."""
        construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        try:
            self.instance.clean_fields(exclude=self._get_validation_exclusions())  # type: ignore[attr-defined]
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]
        self.validate_unique()

    def _show_findings(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if finding.severity != Severity.INFORM:
                field = self.field_of.get(finding.code)
                self.add_error(field if field in self.fields else None, finding_text(finding))

    def _show(self, error: ValidationError) -> None:
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            field = self.field_of.get(name, name)
            self.add_error(field if field in self.fields and field != NON_FIELD_ERRORS else None, errors)

    def save(self, commit: bool = True) -> models.Model:
        self.save_m2m = lambda: None  # type: ignore[method-assign]
        return self.instance

    def changes(self, *names: str) -> dict[str, Any]:
        """The values of those fields that this page offers for changing."""
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class SeenForm(ServiceForm):
    """A change form that knows what its page showed. What somebody else changed meanwhile stands beside what was typed."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=20000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.fields.pop("seen", None)
        elif "seen" in self.fields:
            self.fields["seen"].initial = self.seen_now()

    def seen_now(self) -> str:
        """What the page shows; for a form that fills in more than its model's own fields, once it has."""
        return json.dumps(self._now())

    def _now(self) -> dict[str, str]:
        return {name: _shown(self.initial[name]) for name in self.fields if name in self.initial}

    def clean(self) -> dict[str, Any] | None:
        """A saved change that the page did not show is named at its field; saving again keeps what was typed."""
        said, now = super().clean(), self._now()
        if "seen" in self.fields:
            seen = _read(self.cleaned_data.get("seen", ""))
            for name in [name for name in now if name in seen and seen[name] != now[name]]:
                sentence = _("Somebody has changed this to: %(value)s. Saving again keeps what stands here.")
                self.add_error(name, sentence % {"value": now[name] or "-"})
            self.data = cast(QueryDict, self.data).copy()
            self.data["seen"] = json.dumps(now)
        return said


def _read(text: str) -> dict[str, Any]:
    try:
        seen = json.loads(text or "{}")
    except ValueError:
        return {}
    return seen if isinstance(seen, dict) else {}


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple | models.QuerySet):
        return ", ".join(sorted(str(one) for one in value))
    return "" if value is None else str(value)


def finding_text(finding: Finding) -> str:
    """One finding as one sentence after another: what, since when, why, what next."""
    parts = [f"{SEVERITY_LABELS[finding.severity]}: {finding.sentence}"]
    if finding.since:
        parts.append(_("Since %(day)s.") % {"day": day(finding.since)})
    if finding.until:
        parts.append(_("Clear from %(day)s.") % {"day": day(finding.until)})
    if finding.change:
        parts.append(finding.change)
    if finding.source:
        first, *more = finding.source.rstrip(".").split("; ")
        source = _("%(first)s and %(number)d more") % {"first": first, "number": len(more)} if more else first
        parts.append(_("Source: %(source)s.") % {"source": source})
    return " ".join(parts)


def _people(resembles: Resembles) -> str:
    links = format_html_join(
        ", ",
        '<a href="{}">{}, {} ({})</a>',
        ((p.get_absolute_url(), p.list_name, day(p.born_on), p.public_id) for p in resembles.others),
    )
    return format_html(
        "{} {}. {}",
        _("Somebody on record looks like the same person:"),
        links,
        _("Open the record. If they are different people, tick the box below and save again."),
    )


def with_seen(fieldsets: Any) -> Any:
    """The same fields, with the hidden one that a `SeenForm` needs."""
    (name, options), *others = fieldsets
    return ((name, {**options, "fields": (*options["fields"], "seen")}), *others)


class ServiceAdmin(ClinicAdmin):
    """A table whose rows are written by services, which also write the audit trail."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if issubclass(form, ServiceForm):
            form.by, form.at = cast(User, request.user), timezone.now()
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        changes = obj is not None and self.has_change_permission(request, obj)
        return with_seen(fieldsets) if changes and issubclass(self.form, SeenForm) else fieldsets

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return []  # a form beside the one that has saved could fail after it

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The service has saved."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has saved."""

    def _record(self, act: str, request: HttpRequest, obj: Any, details: Any) -> None:
        """The service has written the audit trail."""


class PatientSearch(ClinicAdmin):
    """Search of rows that belong to a patient: by the patient as everywhere, or by their own numbers."""

    search_fields = ("public_id",)  # shows the search box
    patient_path = "patient"
    number_lookups: tuple[str, ...] = ("public_id__iexact",)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        people = find.search(text).order_by()
        wanted = Q(**{f"{self.patient_path}__in": people.values("pk")})
        for lookup in self.number_lookups:
            wanted |= Q(**{lookup: text})
        return queryset.filter(wanted), False
