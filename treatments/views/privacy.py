"""Names off the screen: for ten minutes lists say initials, and signs instead of words."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest

PRIVATE_FOR = timedelta(minutes=10)
PRIVATE_UNTIL = "private_until"


def is_private(request: HttpRequest, now: datetime) -> bool:
    """True for ten minutes after somebody has switched the names off, in this session."""
    return float(request.session.get(PRIVATE_UNTIL, 0)) > now.timestamp()
