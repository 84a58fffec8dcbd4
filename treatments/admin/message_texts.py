"""The words of messages: changed with a preview beside them, and tried out on oneself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import phones
from clinic.models import User
from treatments.admin.base import SeenForm, ServiceAdmin
from treatments.admin.text_examples import example_values
from treatments.models import MessageText
from treatments.rules import texts
from treatments.services import message_texts


class TextForm(SeenForm):
    def act(self) -> models.Model:
        names = [name for name in self.changed_data if name != "seen"]
        row = MessageText.objects.get(pk=self.instance.pk)
        return message_texts.amend(row, changes=self.changes(*names), by=self.by.username, at=self.at)


@admin.register(MessageText)
class TextAdmin(ServiceAdmin):
    form = TextForm
    change_form_template = "admin/treatments/messagetext/change_form.html"
    list_display = ("name", "code", "parts")
    search_fields = ("name", "code", "sms", "email")
    fieldsets = (
        (None, {"fields": ("name",)}),
        (gettext_lazy("Text message"), {"fields": ("sms",)}),
        (gettext_lazy("E-mail"), {"fields": ("subject", "email")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # what is sent when is known by the code of a text

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        pages = [("preview", self.preview), ("test", self.test)]
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"treatments_messagetext_{name}")
            for name, view in pages
        ]
        return [*own, *super().get_urls()]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("sms", "email"):
            kwargs["widget"] = forms.Textarea(attrs={"rows": 4 if db_field.name == "sms" else 12, "cols": 70})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("parts, as a rule"))
    def parts(self, row: MessageText) -> str:
        return str(texts.sms_parts(texts.fill(row.sms, self.values))) if row.sms else _("no text message")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.values = example_values()
        return super().changelist_view(request, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        shown = preview(row.code, {name: getattr(row, name) for name in message_texts.WORDS}) if row else {}
        fields = [(name, texts.FIELDS[name]) for name in message_texts.fields_of(row.code)] if row else []
        context = {"preview": shown, "text_fields": fields, "to": cast(User, request.user).email}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The words as typed, with example values: beside the form, or as a page of its own without script."""
        row = self._row(request, pk)
        shown = preview(row.code, _typed(request))
        template = "_preview.html" if request.headers.get("HX-Request") else "preview.html"
        context = self.admin_site.each_context(request) | {"title": _("Preview: %(name)s") % {"name": row.name}}
        context |= {"preview": shown, "original": row, "opts": self.model._meta}
        return render(request, f"admin/treatments/messagetext/{template}", context)

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The words as typed, to oneself: by e-mail, or as a text message to the number that was typed."""
        row, user, typed = self._row(request, pk), cast(User, request.user), _typed(request)
        shown = preview(row.code, typed)
        way = "sms" if "to_phone" in request.POST else "email"
        if shown["problems"]:
            problem = " ".join(shown["problems"].values())
        elif not (to := _address(request, user, way)):
            problem = _("Enter a mobile number.") if way == "sms" else _("You have no e-mail address here.")
        else:
            words = shown["sms"] if way == "sms" else shown["email"]
            problem = message_texts.try_out(
                row, way=way, to=to, subject=shown["subject"], words=words, by=user.username, at=timezone.now()
            )
        if problem:
            messages.error(request, _("No test was sent. %(why)s") % {"why": problem})
        else:
            messages.success(request, _("A test was sent to %(to)s. Nothing was saved here.") % {"to": to})
        context = self.admin_site.each_context(request) | {"title": _("Test: %(name)s") % {"name": row.name}}
        context |= {"preview": shown, "original": row, "opts": self.model._meta}
        return render(request, "admin/treatments/messagetext/preview.html", context)

    def _row(self, request: HttpRequest, pk: int) -> MessageText:
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(MessageText, pk=pk)


def preview(code: str, words: dict[str, str]) -> dict[str, Any]:
    """How the words look to a patient, their length, and what is wrong with them."""
    wrong = message_texts.problems(code, words)
    values = example_values()
    filled = {name: "" if name in wrong else texts.fill(words[name], values) for name in message_texts.WORDS}
    size = texts.size(filled["sms"])
    return filled | {"problems": wrong, "size": asdict(size), "beyond": " ".join(size.beyond)}


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "").replace("\r\n", "\n")[:10000] for name in message_texts.WORDS}


def _address(request: HttpRequest, user: User, way: str) -> str:
    if way == "email":
        return user.email
    try:
        return phones.read(request.POST.get("phone", ""))
    except ValidationError:
        return ""
