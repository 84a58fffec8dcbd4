"""The catalogue in the database: loaded from the reference files, made stricter by the clinic, never rewritten."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import audit
from clinic.models import AuditEvent
from treatments.models import (
    AdverseEventKind,
    Appointment,
    CatalogueState,
    Contraindication,
    Course,
    DoseLimit,
    Indication,
    Licence,
    OutcomeMeasure,
    Patient,
    Product,
    Rule,
    Schedule,
    in_effect,
)
from treatments.rules import reference
from treatments.services import catalogue_rows as rows
from treatments.services import contact, courses, strictness
from treatments.services.acts import act

FIRST_DAY = date(2000, 1, 1)  # what was known when the catalogue was first loaded holds for all earlier history
RowT = TypeVar("RowT", bound=Rule)
_AMENDED = "catalogue.amended"
_KEYS: dict[type[Rule], tuple[str, ...]] = {
    Schedule: ("indication",),
    Licence: ("indication", "product"),
    DoseLimit: ("code",),
    Contraindication: ("code",),
}


@dataclass
class Loaded:
    """What a load did: rows added, rules given a new version, and the clinic's own rules that were left alone."""

    added: int = 0
    revised: int = 0
    kept: list[str] = field(default_factory=list)


@act
def load(*, jurisdiction: str, by: str, at: datetime) -> Loaded:
    """Bring the database to the reference files, texts and plans of contact too. Loading twice changes nothing."""
    hold()
    shelf, done, on = reference.load(), Loaded(), timezone.localtime(at).date()
    for model, key_values in (
        (Product, rows.products(shelf, jurisdiction)),
        (Indication, rows.indications(shelf)),
        (AdverseEventKind, rows.adverse_events(shelf)),
        (OutcomeMeasure, rows.outcome_measures(shelf)),
    ):
        _load_plain(model, key_values, done)
    products = {row.code: row for row in Product.objects.all()}
    indications = {row.code: row for row in Indication.objects.all()}
    for key, values in rows.schedules(shelf):
        _load_rule(Schedule, {"indication": indications[key]}, values, done, on=on)
    for (product, indication), values in rows.licences(shelf, jurisdiction):
        whose = {"product": products.get(product), "indication": indications[indication]}
        _load_rule(Licence, whose, values, done, on=on)
    for code, values in rows.contraindications(shelf):
        _load_rule(Contraindication, {"code": code}, values, done, on=on)
    for code, values, scope in rows.dose_limits(shelf, jurisdiction):
        limit = _load_rule(DoseLimit, {"code": code}, values, done, on=on)
        if limit:
            limit.indications.set([indications[name] for name in scope])
    _retire_limits({code for code, _values, _scope in rows.dose_limits(shelf, jurisdiction)}, done, on=on)
    contact.load()
    if done.added or done.revised:
        state = rules_changed(by=by, at=at)
        details = {"jurisdiction": jurisdiction, "added": done.added, "revised": done.revised}
        audit.record("catalogue.loaded", state, by=by, at=at, details=details)
    return done


def _load_plain(model: type[models.Model], key_values: Iterable[tuple[str, Mapping[str, Any]]], done: Loaded) -> None:
    rows_of: Any = model._default_manager
    known, own = {row.code: row for row in rows_of.all()}, _own_values(model)
    for code, delivered in key_values:
        row = known.get(code)
        if row is None:
            rows_of.create(code=code, **delivered)
            done.added += 1
            continue
        values = {name: value for name, value in delivered.items() if name not in own[str(row.pk)]}
        if any(getattr(row, name) != value for name, value in values.items()):
            rows_of.filter(pk=row.pk).update(**values)
            done.revised += 1


def _load_rule(
    model: type[RowT], key: Mapping[str, Any], values: Mapping[str, Any], done: Loaded, *, on: date
) -> RowT | None:
    """Add a first or new version; the new row, or None where nothing was to do."""
    print_ = _fingerprint(values)
    wanted = {name: value for name, value in key.items() if value is not None}
    absent = {f"{name}__isnull": True for name, value in key.items() if value is None}
    rows_of: Any = model._default_manager
    versions = rows_of.filter(**wanted, **absent)
    current = versions.filter(effective_until__isnull=True).first()
    if current and current.shipped == print_:
        return None
    if current and not current.shipped:
        delivered = versions.exclude(shipped="").order_by("-effective_from", "-pk").first()
        if delivered is None or delivered.shipped != print_:
            done.kept.append(f"{model._meta.verbose_name}: {current}")
        return None
    if current:
        current.effective_until = on
        current.save(update_fields=["effective_until"])
        done.revised += 1
    else:
        done.added += 1
    starts = on if versions.exists() or CatalogueState.objects.exists() else FIRST_DAY
    return rows_of.create(**key, **values, shipped=print_, effective_from=starts)


def _retire_limits(codes: set[str], done: Loaded, *, on: date) -> None:
    """Limits of another jurisdiction end where the clinic has changed its own."""
    old = DoseLimit.objects.filter(effective_until__isnull=True).exclude(shipped="").exclude(code__in=codes)
    done.revised += old.update(effective_until=on)


def _fingerprint(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


@act
def revise(row: Rule, *, changes: Mapping[str, Any], by: str, at: datetime) -> Rule:
    """The clinic's own version of a rule, from today on. Stricter than delivered, or `ValidationError`."""
    hold()
    changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not changed:
        return row
    if type(row)._default_manager.filter(pk=row.pk, effective_until__isnull=False).exists():
        raise ValidationError(_("This version has ended. Change the version in effect."))
    wanted = copy(row)
    for name, value in changed.items():
        setattr(wanted, name, value)
    wanted.full_clean()
    strictness.check(wanted)
    on = timezone.localtime(at).date()
    limited_to = list(row.indications.all()) if isinstance(row, DoseLimit) else []
    old_pk = row.pk
    type(row)._default_manager.filter(pk=old_pk).update(effective_until=on)
    row.pk, row._state.adding = None, True
    row.shipped, row.effective_from = "", on
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    if isinstance(row, DoseLimit):
        row.indications.set(limited_to)
    details = {name: str(value) for name, value in changed.items()}
    audit.record("rule.revised", row, by=by, at=at, details={"replaces": old_pk, **details})
    rules_changed(by=by, at=at)
    return row


@act
def add(row: Rule, *, by: str, at: datetime, indications: Iterable[Indication] = ()) -> Rule:
    """A rule of the clinic's own from today on, beside those delivered and never weaker than they are."""
    hold()
    on = timezone.localtime(at).date()
    row.shipped, row.effective_from, row.effective_until = "", on, None
    row.full_clean()
    key = {name: getattr(row, name) for name in _KEYS[type(row)]}
    same = {name if value is not None else f"{name}__isnull": value or True for name, value in key.items()}
    rows_of: Any = type(row)._default_manager
    if rows_of.filter(in_effect(on), **same).exists():
        raise ValidationError({next(iter(key)): _("There is such a rule already. Change the version in effect.")})
    strictness.check(row)
    row.save(force_insert=True)
    if isinstance(row, DoseLimit):
        row.indications.set(indications)
    audit.record("rule.added", row, by=by, at=at, details={"rule": str(row)})
    rules_changed(by=by, at=at)
    return row


@act
def add_indication(row: Indication, *, schedule: Schedule, any_product: Licence, by: str, at: datetime) -> Indication:
    """An indication of the clinic's own. It needs its window and an interval for any product before anybody is booked."""
    enter(row, by=by, at=at, known_rules=False)
    for rule in (schedule, any_product):
        rule.indication = row
        add(rule, by=by, at=at)
    return row


@act
def enter(row: models.Model, *, by: str, at: datetime, known_rules: bool = True) -> models.Model:
    """Add a product or another plain row of the catalogue."""
    hold()
    row.full_clean()
    if isinstance(row, Indication):
        _age_possible(row)
    row.save(force_insert=True)
    audit.record("catalogue.added", row, by=by, at=at, details={"code": getattr(row, "code", "")})
    if known_rules:
        rules_changed(by=by, at=at)
    return row


@act
def amend(row: models.Model, *, changes: Mapping[str, Any], by: str, at: datetime) -> models.Model:
    """Change a plain row. What the clinic has changed itself stays so when the catalogue is loaded again."""
    hold()
    changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not changed:
        return row
    details = {name: [getattr(row, name), value] for name, value in changed.items()}
    for name, value in changed.items():
        setattr(row, name, value)
    if isinstance(row, Indication):
        _age_possible(row)
    row.full_clean()
    row.save(update_fields=[*changed])
    audit.record(_AMENDED, row, by=by, at=at, details=details)
    rules_changed(by=by, at=at)
    return row


def _age_possible(row: Indication) -> None:
    """An age that somebody can reach, and not below the one delivered."""
    if wrong := strictness.too_long(row, "min_age_years"):
        raise ValidationError(wrong)
    delivered = reference.load().indications.get(row.code)
    if delivered and (delivered.min_age_years or 0) > (row.min_age_years or 0):
        raise ValidationError(
            {"min_age_years": _("The minimum age may be raised, never lowered below what was delivered.")}
        )


def _own_values(model: type[models.Model]) -> dict[str, set[str]]:
    """The fields that the clinic has changed itself, for each row; the audit trail knows."""
    own: dict[str, set[str]] = defaultdict(set)
    amended = AuditEvent.objects.filter(verb=_AMENDED, object_type=model._meta.model_name)
    for pk, details in amended.values_list("object_id", "details"):
        own[pk] |= set(details)
    return own


def hold() -> None:
    """One change of the catalogue at a time, and nobody registered meanwhile: held to the end of the transaction."""
    list(CatalogueState.objects.select_for_update())


def renew_token() -> CatalogueState:
    """Every process reads its rule book anew, once this transaction has ended."""
    state = CatalogueState.objects.select_for_update().first() or CatalogueState()
    state.token = uuid.uuid4().hex
    state.save()
    return state


def rules_changed(*, by: str, at: datetime) -> CatalogueState:
    """A new token for every process's rule book, new dates for every course, every future visit judged again."""
    state = renew_token()
    # Whoever books or records by the old rules is waited for; whoever comes later waits and reads the new ones.
    list(Patient.objects.select_for_update().order_by("pk").values_list("pk"))
    on = timezone.localtime(at).date()
    courses.refresh(list(Course.objects.order_by().values_list("patient", flat=True).distinct()), on=on)
    booked = Appointment.objects.upcoming(on).values("patient")
    for patient in Patient.objects.filter(pk__in=booked).order_by("pk"):
        courses.rejudge(patient, by=by, at=at)
    return state
