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
    return AuditEvent.objects.create(
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
