"""What the clinic has decided for itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clinic import audit
from treatments.models import ClinicSettings
from treatments.services.acts import act


@act
def amend(*, changes: Mapping[str, Any], by: str, at: datetime) -> ClinicSettings:
    """Change the one row, which is made at the first change."""
    row = ClinicSettings.objects.select_for_update().order_by("pk").first() or ClinicSettings()
    before = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)
    row.full_clean()
    changed = {name: [before[name], getattr(row, name)] for name in changes if before[name] != getattr(row, name)}
    if changed:
        row.version += 1
        row.save()
        audit.record("settings.amended", row, by=by, at=at, details=changed)
    return row
