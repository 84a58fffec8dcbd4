"""The audit trail's only writer. Called inside the service's transaction, so act and row stand or fall together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from clinic.models import AuditEvent


def record(
    verb: str,
    about: models.Model,
    *,
    by: str,
    at: datetime,
    patient: str = "",
    findings: Iterable[Mapping[str, Any]] = (),
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Write one row. `by` is the person's user name (or the command's), `patient` the patient's public id."""
    row = event(verb, about, by=by, at=at, patient=patient, findings=findings, reason=reason, details=details)
    row.save(force_insert=True)
    return row


def record_many(events: Iterable[AuditEvent]) -> None:
    """Write the rows of acts that happen together, made with `event`."""
    AuditEvent.objects.bulk_create(events, batch_size=500)


def event(
    verb: str,
    about: models.Model,
    *,
    by: str,
    at: datetime,
    patient: str = "",
    findings: Iterable[Mapping[str, Any]] = (),
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """A row that is not written yet."""
    return AuditEvent(
        at=at,
        by=by,
        verb=verb,
        object_type=about._meta.model_name or "",
        object_id=str(getattr(about, "public_id", about.pk)),
        patient_id=patient,
        findings=list(findings),
        reason=reason,
        details=dict(details or {}),
    )
