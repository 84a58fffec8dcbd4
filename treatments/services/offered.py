"""What the clinic offers: its kinds of visit, and who injects what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import audit
from clinic.models import Practitioner, Room
from treatments.models import Indication, Service
from treatments.models.fields import no_hidden_characters
from treatments.services.acts import act

_MANY = ("rooms", "indications")


@act
def add(
    row: Service, *, rooms: Iterable[Room] = (), indications: Iterable[Indication] = (), by: str, at: datetime
) -> Service:
    """A new kind of visit."""
    _check(row)
    row.save(force_insert=True)
    row.rooms.set(rooms)
    row.indications.set(indications)
    audit.record("service.added", row, by=by, at=at, details=_told(row))
    return row


@act
def amend(row: Service, *, changes: Mapping[str, Any], by: str, at: datetime) -> Service:
    """Change a kind of visit for what is booked from now on. Whether something is injected stays as it was:
    the visits that are booked were judged by it."""
    row = Service.objects.select_for_update().get(pk=row.pk)
    before = _told(row)
    if changes.get("is_treatment", row.is_treatment) != row.is_treatment:
        raise ValidationError({"is_treatment": _("Visits were judged by this. Add another service instead.")})
    for name, value in changes.items():
        if name not in _MANY:
            setattr(row, name, value)
    _check(row)
    row.save()
    for name in _MANY:
        if name in changes:
            getattr(row, name).set(changes[name])
    details = {name: [before[name], value] for name, value in _told(row).items() if before[name] != value}
    if details:
        audit.record("service.amended", row, by=by, at=at, details=details)
    return row


@act
def set_injectors(indication: Indication, injectors: Iterable[Practitioner], *, by: str, at: datetime) -> Indication:
    """Who injects this; nobody named means everybody. Visits that are booked already stay where they are."""
    before = [who.name for who in indication.injectors.all()]
    indication.injectors.set(injectors)
    after = [who.name for who in indication.injectors.all()]
    if before != after:
        details = {"injectors": [before, after]}
        audit.record("indication.injectors_set", indication, by=by, at=at, details=details)
    return indication


def _check(row: Service) -> None:
    no_hidden_characters(row.name)
    wrong: dict[str, str] = {}
    if not 5 <= (row.minutes or 0) <= 480:
        wrong["minutes"] = _("The length must be between 5 and 480 minutes.")
    if not 0 <= (row.prepare_minutes or 0) <= 120:
        wrong["prepare_minutes"] = _("The preparation must be between 0 and 120 minutes.")
    if wrong:
        raise ValidationError(wrong)
    row.full_clean()


def _told(row: Service) -> dict[str, Any]:
    fields = ("name", "is_treatment", "minutes", "prepare_minutes", "is_active")
    told: dict[str, Any] = {name: getattr(row, name) for name in fields}
    return told | {name: [str(one) for one in getattr(row, name).all()] for name in _MANY}
