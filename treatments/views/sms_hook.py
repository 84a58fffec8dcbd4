"""Where the provider of text messages tells us what was delivered and what came in. Signed, and counted once."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from treatments.services import incoming, messages
from treatments.services.once import AlreadyMade, once

WINDOW_SECONDS = 300
_MOST = 16384  # bytes
_PROVIDER = "provider"


class Wrong(Exception):
    """A request that is not taken: the answer's status, and why."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


@login_not_required
@csrf_exempt
@require_POST
def sms(request: HttpRequest) -> JsonResponse:
    """JSON with `id`, and `type`: `delivery` with `ref`, `status`, or `incoming` with `from`, `text`."""
    if not settings.CLINIC_SMS_SECRET:
        raise Http404
    at = timezone.now()
    try:
        told = _read(request)
        key = hashlib.sha256(f"{told.get('type')} {told['id']}".encode()).hexdigest()[:32]
        once(key, _act(told, at), by=_PROVIDER, at=at, url=str(told.get("type")))
    except Wrong as wrong:
        return JsonResponse({"error": str(wrong)}, status=wrong.status)
    except AlreadyMade:
        return JsonResponse({"status": "known"})
    return JsonResponse({"status": "ok"})


def signature(timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a dot and the body, with CLINIC_SMS_SECRET."""
    secret = settings.CLINIC_SMS_SECRET.encode()
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _read(request: HttpRequest) -> dict[str, Any]:
    """What is told, once it is certain who tells it and that it is not an old request sent again."""
    if int(request.headers.get("Content-Length") or 0) > _MOST:
        raise Wrong(413, "The body is too long.")
    timestamp, body = request.headers.get("X-Clinic-Timestamp", ""), request.body
    given = request.headers.get("X-Clinic-Signature", "").removeprefix("sha256=")
    if not hmac.compare_digest(given.encode(), signature(timestamp, body).encode()):
        raise Wrong(403, "The signature is wrong.")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > WINDOW_SECONDS:
        raise Wrong(403, "The timestamp is more than five minutes off.")
    try:
        told = json.loads(body)
    except ValueError:
        raise Wrong(400, "The body is not JSON.") from None
    if not isinstance(told, dict) or not told.get("id"):
        raise Wrong(400, "id is missing.")
    return told


def _act(told: dict[str, Any], at: datetime) -> Callable[[], object]:
    if told.get("type") == "delivery":
        ref, status = _word(told, "ref"), _word(told, "status")
        return lambda: _delivered(ref, status, at)
    if told.get("type") == "incoming":
        phone, words = _word(told, "from"), _word(told, "text")
        return lambda: incoming.text(phone, words, at=at)
    raise Wrong(400, "type must be delivery or incoming.")


def _delivered(ref: str, status: str, at: datetime) -> None:
    """A report may be here before the message's number is: unless it is taken, its id is not spent and it comes again."""
    if not messages.delivered(ref, status, at):
        raise Wrong(404, "No message has this ref, or not yet.")


def _word(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str):
        raise Wrong(400, f"{name} is missing.")
    return value
