"""One verb, one transaction: tried again where the database asks for it, its last refusals put into words."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import guards
from treatments.rules.findings import Finding, Refused, TimeTaken
from treatments.rules.vocabulary import Severity

P = ParamSpec("P")
T = TypeVar("T")
IDS = 5  # public ids that are tried: with a million rows one in 150 is taken, five in a row never
TRIES, LONGEST_PAUSE = (
    30,
    0.5,
)  # a flag is never sent away, not even where every transaction is SERIALIZABLE and all are slow
_TRY_AGAIN = ("40001", "40P01")  # PostgreSQL: could not serialize, deadlock
_TAKEN = {
    "visit_practitioner_once": gettext_lazy("The practitioner was given another visit at that time a moment ago."),
    "visit_room_once": gettext_lazy("The room was taken for that time a moment ago."),
    "visit_patient_once": gettext_lazy("The patient was given another visit at that time a moment ago."),
}
_STOPPED = {
    "visit_hard_stop": gettext_lazy("A stop that nobody may override came into force on that day a moment ago."),
    "visit_course_hard_stop": gettext_lazy("A stop that nobody may override is in force on that day."),
    "treatment_interval": gettext_lazy(
        "Another full treatment lies too close to that day. Give the reason, then sign."
    ),
    "visit_transition": gettext_lazy("The visit has changed meanwhile. Reload the page."),
}


def act(verb: Callable[P, T]) -> Callable[P, T]:
    """A service verb. All or nothing; run again, up to thirty times, when it met another at the same moment."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:  # part of a larger act, which is the one to be run again
            return _attempt(verb, *args, **kwargs)
        for tried in range(1, TRIES + 1):
            try:
                return _attempt(verb, *args, **kwargs)
            except OperationalError as error:
                if not _met_another(error):
                    raise
                time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.01 * 2**tried)))
        raise ValidationError(_("Others were saving at the same moment. Nothing was saved: try again."))

    return run


def _attempt(verb: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """All or nothing; and again where the public id that something new was given is another's already."""
    for _spare in range(IDS - 1):
        try:
            return _once(verb, *args, **kwargs)
        except IntegrityError as error:
            if not _id_was_taken(error):
                raise
    return _once(verb, *args, **kwargs)


def _once(verb: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        with transaction.atomic():
            return verb(*args, **kwargs)
    except IntegrityError as error:
        if name := guards.violated(error):
            raise _in_words(name) from error
        raise


def _id_was_taken(error: IntegrityError) -> bool:
    """Both engines name the column: SQLite in its sentence, PostgreSQL in the name of the index."""
    return "unique" in str(error).lower() and "public_id" in str(error)


def _met_another(error: OperationalError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in _TRY_AGAIN or "database is locked" in str(error)


def _in_words(guard: str) -> Refused:
    """The services say it first and better; this is for what happened between their look and their write."""
    if guard in _TAKEN:
        code = guard.removeprefix("visit_").replace("_once", "_busy")
        return TimeTaken([Finding(code, Severity.HARD_STOP, str(_TAKEN[guard]), "Diary")])
    sentence = _STOPPED.get(guard) or _("The database does not allow this (%(guard)s). Nothing was saved.") % {
        "guard": guard
    }
    return Refused([Finding(guard, Severity.HARD_STOP, str(sentence), "Database")])
