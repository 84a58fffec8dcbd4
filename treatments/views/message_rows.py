"""How a message is said on a page: what about, by which way, what became of it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import phones
from clinic.formats import day, moment
from clinic.logs import without_links
from treatments.models.contact import MESSAGE_STATE_LABELS
from treatments.models.patients import list_name
from treatments.queries.messages import MessageRow
from treatments.rules.vocabulary import MessageState

WAYS = {"sms": gettext_lazy("Text message"), "email": gettext_lazy("E-mail")}
ABOUT = {
    "reminder": gettext_lazy("Reminder"),
    "visit": gettext_lazy("Visit"),
    "booked": gettext_lazy("Visit booked"),
    "changed": gettext_lazy("Visit changed"),
    "cancelled": gettext_lazy("Visit cancelled"),
    "tomorrow": gettext_lazy("Visit tomorrow"),
    "questions": gettext_lazy("Confirm and answer"),
    "on_hold": gettext_lazy("Speak to us first"),
    "missed": gettext_lazy("Missed visit"),
    "lot": gettext_lazy("Important information"),
}
# The sign of each state, of those that chips have.
SIGNS = {
    MessageState.WAITING: "too_soon",
    MessageState.CLAIMED: "in_room",
    MessageState.SENT: "done",
    MessageState.FAILED: "overdue",
    MessageState.UNCERTAIN: "cannot_tell",
    MessageState.DROPPED: "cancelled",
}


def line(row: MessageRow) -> dict[str, Any]:
    """One message for a table."""
    state = MessageState(row.state)
    return {
        "public_id": row.public_id,
        "patient": list_name(row.family_name, row.given_name),
        "patient_id": row.patient,
        "patient_url": reverse("patient", args=[row.patient]),
        "messages_url": reverse("patient_messages", args=[row.patient]),
        "about": ABOUT.get(row.kind, row.kind),
        "visit_url": reverse("visit", args=[row.visit]) if row.visit else "",
        "visit_on": day(row.visit_on),
        "way": WAYS.get(row.channel, ""),
        "address": phones.national(row.address) if row.channel == "sms" else row.address,
        "subject": row.subject,
        "body": without_links(row.body),
        "state": SIGNS[state],
        "state_label": MESSAGE_STATE_LABELS[state],
        "why": row.why,
        "at": moment(row.sent_at or row.made_at),
        "next_at": moment(row.not_before_at) if state == MessageState.WAITING else "",
        "delivery": _delivery(row),
        "may_mark_sent": state == MessageState.UNCERTAIN,
        "may_leave": state == MessageState.FAILED,
    }


def _delivery(row: MessageRow) -> str:
    if not row.delivery:
        return ""
    said = {"word": row.delivery, "at": moment(row.delivery_at)}
    return _("The provider says: %(word)s, %(at)s") % said
