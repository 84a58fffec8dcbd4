"""Sending one message by hand: its words and their length first, then one press, and Undo for three minutes."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.formats import moment
from clinic.permissions import needs
from treatments.models import Appointment, Message, Treatment
from treatments.rules import texts
from treatments.services import one_by_one
from treatments.services.one_by_one import LOT, About
from treatments.services.visit_messages import Untrue
from treatments.views.frames import patient_frame
from treatments.views.message_rows import ABOUT, WAYS
from treatments.views.once import once
from treatments.views.rows import national
from treatments.views.visit_forms import person


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_contactattempt")
def of_visit(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the state of a visit asks to be said: confirm and answer, speak to us first, we missed you."""
    visits = Appointment.objects.select_related("patient", "practitioner", "room__location")
    visit = get_object_or_404(visits, public_id=public_id.upper())
    code = one_by_one.code_of(visit, at=timezone.now())
    if not code:
        raise Http404
    return _page(request, visit, code)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_contactattempt")
def of_treatment(request: HttpRequest, public_id: str) -> HttpResponse:
    """The lot of this treatment was stopped: ask the patient to call."""
    treatments = Treatment.objects.select_related("patient", "product", "appointment")
    return _page(request, get_object_or_404(treatments, public_id=public_id.upper()), LOT)


@require_POST
@needs("treatments.add_contactattempt")
def take_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Undo: nobody is written to."""
    message = get_object_or_404(Message.objects.select_related("patient"), public_id=public_id.upper())
    try:
        one_by_one.take_back(message, by=person(request).username, at=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The message was taken back. Nobody was written to."))
    return redirect("patient_messages", message.patient.public_id)


def _page(request: HttpRequest, about: About, code: str) -> HttpResponse:
    problem, at = "", timezone.now()
    if request.method == "POST":
        by = person(request).username
        try:
            message = once(request, lambda: one_by_one.send(about, code, by=by, at=at), url=about.get_absolute_url())
        except Untrue as untrue:
            problem = str(untrue)
        else:
            return _sent(request, about, message)
    shown = _words(about, code) if not problem else {"problem": problem}
    context = patient_frame(about.patient) | shown | {"about": ABOUT[code], "back": about.get_absolute_url()}
    return render(request, "messages/send.html", context, status=409 if problem else 200)


def _words(about: About, code: str) -> dict[str, object]:
    try:
        draft = one_by_one.draft(about, code, at=timezone.now())
    except Untrue as untrue:
        return {"problem": str(untrue)}
    return {
        "problem": "",
        "to": national(draft.address) if draft.way == "sms" else draft.address,
        "way": WAYS.get(draft.way, draft.way),
        "subject": draft.words.subject,
        "body": draft.words.body,
        "parts": texts.sms_parts(draft.words.body) if draft.way == "sms" else 0,
        "quiet": moment(draft.quiet),
    }


def _sent(request: HttpRequest, about: About, message: Message) -> HttpResponse:
    words = _("%(who)s: the message goes in three minutes, if it is still true then.")
    said = words % {"who": about.patient.list_name}
    messages.success(request, format_html("{} {}", said, _undo(request, message)))
    return redirect(about)


def _undo(request: HttpRequest, message: Message) -> SafeString:
    return format_html(
        '<form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        "<button>{}</button></form>",
        reverse("message_take_back", args=[message.public_id]),
        get_token(request),
        _("Undo"),
    )
