"""What the demo clinic has written to its patients: visits booked; one message failed, of one nobody is certain."""

from __future__ import annotations

from datetime import datetime, timedelta

from treatments.models import Message
from treatments.rules.vocabulary import MessageState
from treatments.services import messages, outbox


def load(*, at: datetime) -> None:
    """After everything else, outside of its transaction."""
    waiting = (
        Message.objects.filter(state=MessageState.WAITING.value).order_by("-appointment__starts_at", "-pk").first()
    )
    if waiting:  # the worker that had this one never came back
        long_ago = at - timedelta(hours=2)
        Message.objects.filter(pk=waiting.pk).update(not_before_at=long_ago)
        claimed = outbox.claim(waiting.pk, at=long_ago, worker="demo")
        if claimed:
            messages.settled(claimed, at=long_ago)
    messages.send_waiting(at=at)
    sent = Message.objects.filter(state=MessageState.SENT.value).order_by("-pk").first()
    if sent:
        messages.delivered(sent.provider_ref, "undelivered", at)
