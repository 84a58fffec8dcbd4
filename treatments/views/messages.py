"""Messages: those that a person has to decide on, and all of one patient."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
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
    "mark-sent": (messages.mark_sent, gettext_lazy("Marked as sent: %(who)s.")),
    "send-again": (
        messages.send_again,
        gettext_lazy("It goes out again within a minute, if it is still true: %(who)s."),
    ),
    "leave": (messages.leave, gettext_lazy("Left unsent: %(who)s.")),
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
    """One press: mark as sent, send again, or leave it."""
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
        notices.success(request, str(said) % {"who": message.patient.list_name})
    return redirect("messages")


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
