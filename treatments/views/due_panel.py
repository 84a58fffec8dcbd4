"""A panel under a row of the call list: with script in the row, without it a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from treatments.models import Course
from treatments.queries import due
from treatments.views.due_rows import DueRows
from treatments.views.frames import is_fragment, patient_frame, patient_of
from treatments.views.returns import asked_return
from treatments.views.rows import address_of
from treatments.views.sent_on import SentOn

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Place:
    """The row a panel belongs to."""

    request: HttpRequest
    course: Course

    @property
    def names(self) -> tuple[str, str]:
        return self.course.patient.public_id, self.course.indication.code

    def url(self, name: str) -> str:
        public_id, code = self.names
        return address_of(name, code)(public_id)

    @property
    def back(self) -> str:
        """The list that the person came from."""
        came = urlsplit(self.request.headers.get("Referer", ""))
        own = came.netloc == self.request.get_host() and came.path.startswith(reverse("due"))
        here = f"{came.path}?{came.query}" if came.query else came.path
        return asked_return(self.request) or (here if own and self.names[0] not in came.path else reverse("due"))

    def body(self, below: str = "") -> HttpResponse:
        """The row as it is now, with what stands under it."""
        row = due.one(*self.names)
        if row is None:
            raise Http404
        rows = DueRows(self.request, [row], tab=None, on=timezone.localdate())
        return HttpResponse(rows.body(row, below))

    def panel(self, template: str, context: dict[str, Any], *, heading: str, status: int = 200) -> HttpResponse:
        """The panel: in the row, or as a page."""
        piece = is_fragment(self.request)
        about = {"heading": heading, "course": self.course, "patient": self.course.patient, "back": self.back}
        shown = context | about | {"fragment": piece, "close_url": self.url("due_row")}
        if not piece:
            frame = patient_frame(self.course.patient)
            return render(self.request, "due/panel.html", frame | shown | {"panel": template}, status=status)
        answer = self.body(render_to_string(template, shown, self.request))
        answer.status_code = status
        return answer

    def done(self, words: str, *, undo_url: str = "", label: str = "", **fields: Any) -> HttpResponse:
        """What was done, in one line, with Undo; the row stays until the page is read again."""
        line = format_html("{} {}", words, self._undo(undo_url, label or _("Undo"), fields)) if undo_url else words
        return self._said(line, "success")

    def problem(self, words: str) -> HttpResponse:
        """Why nothing was done."""
        return self._said(words, "error")

    def _said(self, words: str, level: str) -> HttpResponse:
        if not is_fragment(self.request):
            (messages.success if level == "success" else messages.error)(self.request, words)
            return redirect(self.back)
        return self.body(
            format_html(
                '<div class="notice notice-{}" role="status" tabindex="-1" autofocus><svg class="sign" aria-hidden="true">'
                '<use href="#sign-{}"/></svg><p>{}</p></div>',
                level,
                level,
                words,
            )
        )

    def _undo(self, url: str, label: str, fields: dict[str, Any]) -> SafeString:
        kept = fields | {"next": self.back, "csrfmiddlewaretoken": get_token(self.request)}
        hidden = format_html_join("", '<input type="hidden" name="{}" value="{}">', kept.items())
        piece = format_html(' hx-post="{}"', url) if is_fragment(self.request) else ""
        return format_html('<form method="post" action="{}"{}>{}<button>{}</button></form>', url, piece, hidden, label)


def of_row(view: View) -> View:
    """Give a view its place. A record that was merged leads on to the one that was kept, also from inside a row."""

    @wraps(view)
    def placed(request: HttpRequest, public_id: str, indication: str) -> HttpResponse:
        try:
            patient = patient_of(public_id)
            courses = Course.objects.select_related("patient", "indication")
            course = courses.filter(patient=patient, indication__code=indication).first()
            if course is None:
                raise Http404
            return view(request, Place(request, course))
        except SentOn as on:
            if not is_fragment(request):
                raise
            messages.info(request, on.sentence)
            return HttpResponseClientRedirect(on.url)

    return placed
