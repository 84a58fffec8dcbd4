"""A create form counts once, however often it is sent: double press, Back, a lost reply."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from treatments.models import FormToken
from treatments.queries.prepared import prepared
from treatments.services.acts import act

FIELD = "once"
KEPT = timedelta(days=2)  # longer than any page stays open
T = TypeVar("T")


class AlreadyMade(Exception):
    """This very form was saved before; `url` is what it made."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(url)


def is_token(text: str) -> bool:
    """Whether this is a token as forms carry it: 32 hexadecimal digits."""
    return re.fullmatch(r"[0-9a-f]{32}", text) is not None


@act
def once(token: str, make: Callable[[], T], *, by: str, at: datetime, url: str = "") -> T:
    """Run `make` unless a form with this token was saved before: then raise `AlreadyMade`.

    What `make` refuses leaves the token unused. What is no token asks for nothing. `url` leads to what was made, where
    it has no page of its own.
    """
    if not is_token(token):
        return make()
    if old := _before(at - KEPT):
        FormToken.objects.filter(pk__in=old).delete()
    try:
        with transaction.atomic():
            FormToken.objects.create(token=token, by=by, at=at)
    except IntegrityError:  # another one is there; PostgreSQL waits until it is known whether it stays
        raise AlreadyMade(FormToken.objects.get(token=token).made) from None
    made: Any = make()
    FormToken.objects.filter(token=token).update(made=url or made.get_absolute_url())
    return made


@prepared
def _before(at: datetime) -> QuerySet[FormToken, Any]:
    """A few of those that no page can send any more: every saved form takes some away."""
    return FormToken.objects.filter(at__lt=at).order_by("at").values_list("pk", flat=True)[:100]
