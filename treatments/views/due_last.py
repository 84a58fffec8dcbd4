"""The last message of a cycle: offered in the panel after calls without an answer, with its words, and taken back."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.permissions import needs
from treatments.models import Message
from treatments.rules import texts
from treatments.rules.reminders import Bucket
from treatments.services import last_message, outbox
from treatments.services.last_message import Offer
from treatments.views.due_panel import Place, of_row
from treatments.views.message_rows import WAYS
from treatments.views.once import once
from treatments.views.reminder_words import BUCKETS, reason
from treatments.views.visit_forms import person


def offered(place: Place) -> dict[str, Any]:
    """The button with the words that it sends, or why there is none."""
    offer = last_message.offer(place.course, at=timezone.now())
    if offer is None:
        return {"why_not": _("The course is not due, or its contact plan has no last message."), "url": ""}
    if offer.words is None:
        return {"why_not": _why_not(offer), "url": ""}
    return {
        "url": place.url("due_last"),
        "way": WAYS.get(offer.decision.way, offer.decision.way),
        "subject": offer.words.subject,
        "body": offer.words.body,
        "parts": texts.sms_parts(offer.words.body) if offer.decision.way == "sms" else 0,
        "quiet": offer.decision.bucket == Bucket.QUIET_HOURS,
        "why_not": "",
    }


def _why_not(offer: Offer) -> str:
    decision = offer.decision
    name = str(BUCKETS[decision.bucket][0]).lower()
    why = f"{name} ({reason(decision).lower()})" if decision.why or decision.until else name
    return _("No last message can go now: %(why)s.") % {"why": why}


@require_POST
@needs("treatments.add_contactattempt")
@of_row
def send(request: HttpRequest, place: Place) -> HttpResponse:
    """One press, once, however often it is pressed; Undo within three minutes reaches nobody."""
    by, at = person(request).username, timezone.now()
    try:
        message = once(request, lambda: last_message.send(place.course, by=by, at=at), url=place.back)
    except ValidationError as error:
        return place.problem(" ".join(error.messages))
    words = _("%(who)s: the last message goes in three minutes, if nothing stands against it then.")
    said = words % {"who": place.course.patient.list_name}
    return place.done(said, undo_url=place.url("due_last_undo"), message=message.public_id)


@require_POST
@needs("treatments.add_contactattempt")
@of_row
def undo(request: HttpRequest, place: Place) -> HttpResponse:
    """Take the message back that was asked for a moment ago."""
    ref = request.POST.get("message", "")
    message = Message.objects.filter(public_id=ref, patient=place.course.patient).first() if ref.isalnum() else None
    if message is None:
        raise Http404
    try:
        outbox.take_back(message, by=person(request).username, at=timezone.now())
    except ValidationError as error:
        return place.problem(" ".join(error.messages))
    return place.done(_("The message was taken back. Nobody was written to."))
