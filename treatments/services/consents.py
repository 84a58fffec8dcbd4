"""The patient's signed consent: noted, and withdrawn."""

from __future__ import annotations

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from treatments.models import Consent, Patient
from treatments.services import people
from treatments.services.acts import act


@act
def sign(patient: Patient, *, signed_on: date, by: str, at: datetime) -> Consent:
    """The patient has signed on that day."""
    patient = people.locked(patient)
    if signed_on > timezone.localtime(at).date():
        raise ValidationError({"signed_on": _("The day must not be in the future.")})
    consent = Consent.objects.create(patient=patient, signed_on=signed_on, recorded_by=by, recorded_at=at)
    audit.record("consent.signed", consent, by=by, at=at, patient=patient.public_id, details={"signed_on": signed_on})
    return consent


@act
def withdraw(patient: Patient, *, by: str, at: datetime) -> int:
    """From today on no consent holds; how many were withdrawn."""
    patient, day = people.locked(patient), timezone.localtime(at).date()
    n = Consent.objects.filter(patient=patient, withdrawn_on__isnull=True).update(withdrawn_on=day)
    if n:
        audit.record("consent.withdrawn", patient, by=by, at=at, patient=patient.public_id)
    return n
