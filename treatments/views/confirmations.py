"""Who of the next two working days has answered, and what patients wait for: called from here, one press for what came of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from clinic.formats import clock, long_day, moment, short_day
from clinic.permissions import needs
from treatments.models import Appointment, Message, PatientRequest
from treatments.models.contact import WAY_LABELS
from treatments.queries import confirmations as found
from treatments.queries.confirmations import Expected
from treatments.rules.vocabulary import AppointmentState, Reply, Way, Wish
from treatments.services import replies
from treatments.views.reply_words import WORDS
from treatments.views.rows import born, phone_link
from treatments.views.visit_page import appointment_of, what

NO_ANSWER = "no_answer"
RESULTS = {
    Reply.COMING.value: gettext_lazy("Confirmed"),
    NO_ANSWER: gettext_lazy("No answer"),
    Reply.NOT_COMING.value: gettext_lazy("Cannot come"),
    Reply.ANOTHER_TIME.value: gettext_lazy("Another time"),
}
_GROUPS = (
    (Reply.NONE, gettext_lazy("Not answered")),
    (Reply.NOT_COMING, gettext_lazy("Cannot come")),
    (Reply.ANOTHER_TIME, gettext_lazy("Wants another time")),
)


@require_safe
@needs("treatments.view_appointment")
def index(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    days = found.working_days(timezone.localtime(now).date())
    rows = [_row(each) for each in found.expected(days)]
    asked = [_request(each) for each in found.requests()]
    number = len(rows)
    context = {
        "count": ngettext("%(n)d visit", "%(n)d visits", number) % {"n": number},
        "days": _(" and ").join(long_day(day) for day in days),
        "groups": [(words, [row for row in rows if row["reply"] == reply]) for reply, words in _GROUPS],
        "confirmed": [row for row in rows if row["reply"] == Reply.COMING],
        "all_answered": bool(rows) and all(row["reply"] for row in rows),
        "has_visits": bool(rows),
        "requests": asked,
        "more": len(asked) >= found.AT_MOST,
        "results": RESULTS.items(),
        "updated": clock(now),
    }
    return render(request, "confirmations/index.html", context)


@require_POST
@needs("treatments.change_appointment")
def result(request: HttpRequest, public_id: str, said: str) -> HttpResponse:
    """What came of a call about a visit."""
    visit, by, at = appointment_of(public_id), request.user.get_username(), timezone.now()
    about = {"who": visit.patient.list_name, "when": f"{short_day(visit.on)} {clock(visit.starts_at)}"}
    if said == NO_ANSWER:
        replies.called(visit, by=by, at=at)
        messages.success(request, _("Nobody answered: %(who)s, %(when)s.") % about)
        return redirect("confirmations")
    if said not in WORDS:
        raise Http404
    try:
        replies.reply(visit, Reply(said), by=by, at=at, way=Way.PHONE)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("%(said)s: %(who)s, %(when)s.") % (about | {"said": WORDS[said]}))
    return redirect("confirmations")


@require_POST
@needs("treatments.change_appointment")
def handle(request: HttpRequest, public_id: str) -> HttpResponse:
    """A request is dealt with; it can be taken back at once."""
    row = get_object_or_404(PatientRequest.objects.select_related("patient"), public_id=public_id.upper())
    by, at = request.user.get_username(), timezone.now()
    if "undo" in request.POST:
        replies.reopen(row, by=by, at=at)
        messages.success(request, _("Back on the list: %(what)s.") % {"what": _about(row)})
        return redirect("confirmations")
    replies.handle(row, by=by, at=at)
    undo = format_html(
        '{} <form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<button name="undo" value="1">{}</button></form>',
        _("Dealt with: %(what)s.") % {"what": _about(row)},
        reverse("request_handle", args=[row.public_id]),
        get_token(request),
        _("Undo"),
    )
    messages.success(request, undo)
    return redirect("confirmations")


# ---- rows ----


def _row(each: Expected) -> dict[str, Any]:
    visit, patient = each.visit, each.visit.patient
    return {
        "public_id": visit.public_id,
        "reply": visit.reply,
        "held": visit.state == AppointmentState.ON_HOLD,
        "day": short_day(visit.on),
        "time": clock(visit.starts_at),
        "url": visit.get_absolute_url(),
        "name": patient.list_name,
        "patient_url": patient.get_absolute_url(),
        "born": born(patient.born_on, visit.on),
        "phone": phone_link(patient.phone),
        "what": what(visit),
        "who": visit.practitioner.name,
        "message": _message(each.message),
        "called": _("called %(when)s, no answer") % {"when": moment(each.called_at)} if each.called_at else "",
        "replied": moment(visit.replied_at),
    }


def _message(message: Message | None) -> dict[str, str] | None:
    if message is None:
        return None
    way = str(WAY_LABELS[Way(message.channel)]) if message.channel in WAY_LABELS else ""
    return {"way": way, "at": moment(message.sent_at)}


def _request(row: PatientRequest) -> dict[str, Any]:
    patient, visit = row.patient, row.appointment
    live = bool(visit and AppointmentState(visit.state).is_live)
    return {
        "public_id": row.public_id,
        "wish": row.get_wish_display(),
        "asked": moment(row.at),
        "way": row.get_way_display(),
        "name": patient.list_name if patient else _("Unknown sender"),
        "url": patient.get_absolute_url() if patient else "",
        "born": born(patient.born_on, timezone.localdate()) if patient else "",
        "phone": phone_link(row.phone or (patient.phone if patient else "")),
        "wished": moment(row.wished_at),
        "words": row.words,
        "visit": f"{short_day(visit.on)} {clock(visit.starts_at)}, {visit.practitioner.name}" if visit else "",
        "visit_url": visit.get_absolute_url() if visit else "",
        "step": _step(row, visit if live else None),
    }


def _step(row: PatientRequest, visit: Appointment | None) -> tuple[str, str] | None:
    """The page on which it is done: words and address."""
    day = f"?date={timezone.localtime(row.wished_at).date().isoformat()}" if row.wished_at else ""
    if row.wish in (Wish.ANSWERS, Wish.WORDS):
        return None
    if visit and row.wish == Wish.CANNOT_COME:
        return _("Cancel"), reverse("visit_cancel", args=[visit.public_id])
    if visit:
        return _("Move"), reverse("visit_move", args=[visit.public_id]) + day
    return (_("Book"), reverse("book", args=[row.patient.public_id]) + day) if row.patient else None


def _about(row: PatientRequest) -> str:
    name = row.patient.list_name if row.patient else row.phone
    return f"{row.get_wish_display()}, {name}"
