"""Messages: those that a person has to decide on, and all of one patient."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from clinic.formats import count
from clinic.permissions import needs
from treatments.models import Message
from treatments.queries import messages as find
from treatments.services import messages
from treatments.views.frames import patient_frame, patient_of
from treatments.views.message_rows import line
from treatments.views.patient_page import tabs as patient_tabs
from treatments.views.reminder_tabs import tabs

ACTS: dict[str, tuple[Callable[..., Message], Any]] = {
    "mark-sent": (messages.mark_sent, gettext_lazy("Counted as sent: %(who)s.")),
    "send-again": (
        messages.send_again,
        gettext_lazy("It goes out again in three minutes, if it is still true: %(who)s."),
    ),
    "leave": (messages.leave, gettext_lazy("Left unsent: %(who)s.")),
    "undo": (messages.undo, gettext_lazy("It waits for a person again: %(who)s.")),
}


@require_safe
@needs("treatments.view_reminderrun", "treatments.view_message")
def index(request: HttpRequest) -> HttpResponse:
    """What failed, and what nobody is certain of, the oldest first."""
    found = find.to_look_at()
    number = found.count()
    context = {
        "tabs": tabs("messages", number),
        "rows": [line(row) for row in find.rows(found)],
        "count": count(number, _("message"), _("messages")),
        "left_out": max(0, number - find.AT_MOST),
        "decides": request.user.has_perm("treatments.change_message"),
    }
    return render(request, "messages/index.html", context)


@require_POST
@needs("treatments.change_message")
def decide(request: HttpRequest, public_id: str, act: str) -> HttpResponse:
    """One press: it counts as sent, goes out again, or is left; and one press takes that back."""
    if act not in ACTS:
        raise Http404
    message = get_object_or_404(Message.objects.select_related("patient"), public_id=public_id.upper())
    service, said = ACTS[act]
    at: datetime = timezone.now()
    try:
        service(message, by=request.user.get_username(), at=at)
    except ValidationError as error:
        notices.error(request, " ".join(error.messages))
    else:
        words = str(said) % {"who": message.patient.list_name}
        notices.success(request, words if act == "undo" else format_html("{} {}", words, _undo(request, message)))
    return redirect("messages")


def _undo(request: HttpRequest, message: Message) -> SafeString:
    return format_html(
        '<form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        "<button>{}</button></form>",
        reverse("message_decide", args=[message.public_id, "undo"]),
        get_token(request),
        _("Undo"),
    )


@require_safe
@needs("treatments.view_patient", "treatments.view_message")
def of_patient(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every message to one patient, the latest first."""
    patient = patient_of(public_id)
    found = find.of_patient(patient)
    rows = find.rows(found, most=find.AT_MOST + 1)
    context = {
        "tabs": patient_tabs(patient.public_id, "patient_messages"),
        "rows": [line(row) for row in rows[: find.AT_MOST]],
        "more": len(rows) > find.AT_MOST,
        "at_most": find.AT_MOST,
        "consent": patient.get_contact_consent_display(),
    }
    return render(request, "messages/of_patient.html", patient_frame(patient) | context)
