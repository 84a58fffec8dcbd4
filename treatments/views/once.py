"""A create form counts once: the view hands its one service call over, a second press lands on what the first made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from treatments.services import once as service
from treatments.views.sent_on import SentOn

T = TypeVar("T")


def once(request: HttpRequest, make: Callable[[], T], *, url: str = "") -> T:
    """What `make` makes, unless this very form was saved before: then on to what it made, "It was saved already."

    `url` is where that lies, for what has no page of its own. The form carries `{% load once %}{% once %}`.
    """
    token = request.POST.get(service.FIELD, "")
    by, at = request.user.get_username(), timezone.now()
    try:
        return service.once(token, make, url=url, by=by, at=at)
    except service.AlreadyMade as already:
        raise SentOn(already.url, _("It was saved already.")) from None
