"""Text messages that come in: yes, no and stop act by themselves, everything else is read by a person."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum

from django.core.exceptions import ValidationError

from clinic import phones
from treatments.models import Appointment, Patient
from treatments.rules.vocabulary import AppointmentState, Reply, Way, Wish
from treatments.services import replies
from treatments.services.acts import act


class Heard(StrEnum):
    """What was made of a text message."""

    STOPPED = "stopped"
    COMING = "coming"
    NOT_COMING = "not_coming"
    TO_READ = "to_read"


_STOP = re.compile(
    r"(please )?(stop|stopall|unsubscribe|end|quit)( all)?( (texts|messages|reminders))?( please| thanks)?"
)
_YES, _NO = {"yes", "y", "c", "yes please", "yes thanks"}, {"no", "n", "no thanks"}
_AHEAD = timedelta(days=14)  # an answer is about a visit that somebody was written to about


@act
def text(phone: str, words: str, *, at: datetime) -> Heard:
    """One text message. A number that several patients share stops for all of them, and answers for none."""
    patients = _patients(phone)
    said = " ".join(re.sub(r"[^\w\s]", " ", words.casefold()).split())
    if patients and _STOP.fullmatch(said):
        for patient in patients:
            replies.stop_reminders(patient, by=replies.BY_TEXT, at=at)
        return Heard.STOPPED
    answer = Reply.COMING if said in _YES else Reply.NOT_COMING if said in _NO else None
    visits = _visits(patients, at) if answer else []
    if answer and len(visits) == 1:
        try:
            replies.reply(visits[0], answer, by=replies.BY_TEXT, at=at, way=Way.SMS)
        except ValidationError:  # it began a moment ago
            pass
        else:
            return Heard(answer.value)
    only = patients[0] if len(patients) == 1 else None
    replies.ask(only, Wish.WORDS, at=at, way=Way.SMS, words=words.replace("\0", ""), phone=_number(phone))
    return Heard.TO_READ


def _patients(phone: str) -> list[Patient]:
    number = _number(phone)
    rows = Patient.objects.filter(phone=number, merged_into=None, died_on=None) if number else Patient.objects.none()
    return list(rows.order_by("pk"))


def _visits(patients: list[Patient], at: datetime) -> list[Appointment]:
    """The visits that a yes or no can be about: the next one of each day that is near."""
    open_states = (AppointmentState.BOOKED, AppointmentState.ON_HOLD)
    rows = Appointment.objects.filter(patient__in=patients, state__in=open_states)
    return list(rows.filter(starts_at__gt=at, starts_at__lte=at + _AHEAD).order_by("starts_at", "pk")[:2])


def _number(phone: str) -> str:
    try:
        return phones.read(phone)
    except ValidationError:
        return phone.replace("\0", "")[:20]
