"""Going on in spite of soft stops: a prescriber's own decision, for one visit, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic.models import User
from treatments.models import Appointment, OverrideReason, VisitOverride
from treatments.models.fields import REASON_LENGTH, no_hidden_characters
from treatments.rules.findings import Finding, Refused, cautions, hard_stops, soft_stops
from treatments.rules.vocabulary import Severity
from treatments.services import courses

REFUSALS = ("override_not_allowed", "override_not_of_this", "not_acknowledged")


@dataclass(frozen=True, slots=True)
class Override:
    """A prescriber's decision to go on in spite of soft stops, for one visit.

    `seen`: the keys of the stops that the prescriber was shown; it covers no other. None: whatever stands.
    """

    by: User
    reason: str
    words: str
    seen: frozenset[str] | None = None


def gate(found: list[Finding], *, override: Override | None, acknowledged: bool) -> None:
    """Hard stops always refuse; soft ones without a prescriber's override; cautions until acknowledged."""
    if hard_stops(found):
        raise Refused(found)
    if soft_stops(found):
        if override is None:
            raise Refused(found)
        if not override.by.is_prescriber:
            raise Refused([*found, _refusal("override_not_allowed", _("Only a prescriber may override a soft stop."))])
        wrong: dict[str, str] = {}
        if override.reason not in OverrideReason.values:
            wrong["override_reason"] = _("Choose a reason for the override.")
        if len(override.words.strip()) < REASON_LENGTH:
            wrong["override_words"] = _("Say in 10 characters or more why the visit should take place.")
        if wrong:
            raise ValidationError(wrong)
        plain(override.words, field="override_words")
        if override.seen is not None and not {courses.key(f) for f in soft_stops(found)} <= override.seen:
            raise Refused([*found, _refusal("override_not_of_this", _("More stands against it now. Read it again."))])
    if cautions(found) and not acknowledged:
        raise Refused([*found, _refusal("not_acknowledged", _("Confirm that you have read the cautions."))])


def note(appointment: Appointment, override: Override | None, found: list[Finding], *, at: datetime) -> None:
    """Leave the mark of an override on the visit, or take an earlier one away."""
    appointment.override_by = override.by.username if override else ""
    appointment.override_at = at if override else None
    appointment.override_reason = override.reason if override else ""
    appointment.override_words = override.words.strip() if override else ""
    appointment.override_codes = [courses.key(f) for f in soft_stops(found)] if override else []


def keep(appointment: Appointment) -> None:
    """Add the decision to those that are never changed, once its visit is saved."""
    if appointment.override_by and appointment.override_at:
        VisitOverride.objects.create(
            appointment=appointment,
            on=appointment.on,
            by=appointment.override_by,
            at=appointment.override_at,
            reason=appointment.override_reason,
            words=appointment.override_words,
            rules=appointment.override_codes,
        )


def plain(words: str, *, field: str) -> None:
    """Refuse hidden characters in somebody's words, at their field."""
    try:
        no_hidden_characters(words)
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from error


def _refusal(code: str, sentence: str) -> Finding:
    return Finding(code, Severity.HARD_STOP, sentence, "Clinic policy")
