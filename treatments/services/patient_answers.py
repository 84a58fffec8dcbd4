"""The safety questions answered by the patient alone, page by page, and sent as one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from treatments.models import PatientLink
from treatments.rules import asking
from treatments.rules.vocabulary import Way, Wish
from treatments.services import links, patients, replies
from treatments.services.acts import act


@act
def keep(link: PatientLink, code: str, said: str, *, questions: Mapping[str, str], at: datetime) -> PatientLink:
    """Note one answer with the link. It is nobody's record yet, and goes when all are sent or the link is over."""
    links.forget_drafts(at=at)
    link = _locked(link)
    given = begun(link)
    if said not in asking.ANSWERS or code not in {page.code for page in asking.sequence(questions, given)}:
        raise ValidationError(_("Choose one of the answers."))
    link.draft = {"given": given | {code: said}}
    link.save(update_fields=["draft"])
    return link


@act
def send(link: PatientLink, *, questions: Mapping[str, str], at: datetime) -> bool:
    """All answers become the patient's record; what they stop is on hold at once. True where somebody has to call."""
    link = _locked(link)
    given = begun(link)
    if not asking.is_whole(questions, given):
        raise ValidationError(_("Some questions have no answer yet."))
    found = asking.answers(questions, given)
    today = timezone.localtime(at).date()
    patients.answer_questions(link.patient, answers=found, by=replies.PATIENT, at=at, answered_on=today)
    talk = asking.needs_a_talk(found.values())
    if talk:
        replies.ask(link.patient, Wish.ANSWERS, at=at, way=Way.LINK, appointment=link.appointment)
    link.draft = {"sent": today.isoformat(), "talk": talk}
    link.save(update_fields=["draft"])
    return talk


def begun(link: PatientLink) -> dict[str, str]:
    """The answers that are not sent yet, by page."""
    return dict(link.draft.get("given", {}))


def sent(link: PatientLink) -> tuple[date, bool] | None:
    """The day on which the answers were sent, and whether somebody has to call; None before.

    They may have been sent by another link of the same visit: the next message carries a new one.
    """
    rows = PatientLink.objects.filter(appointment=link.appointment_id, patient=link.patient_id)
    told = [row for row in rows.values_list("draft", flat=True) if "sent" in row]
    latest = max(told, key=lambda row: str(row["sent"]), default=None)
    return (date.fromisoformat(latest["sent"]), any(row["talk"] for row in told)) if latest else None


def _locked(link: PatientLink) -> PatientLink:
    rows = PatientLink.objects.select_for_update(of=("self",)).select_related("patient", "appointment")
    return rows.get(pk=link.pk)
