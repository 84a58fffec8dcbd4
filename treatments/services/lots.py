"""A lot is stopped (quarantine, recall), and everything it touches is judged again."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import audit
from treatments.models import LotStop, Patient, Product
from treatments.models.fields import REASON_LENGTH
from treatments.queries import lots
from treatments.services import courses
from treatments.services.acts import act


@act
def stop(product: Product, lot_number: str, *, reason: str, by: str, at: datetime) -> LotStop:
    """Nobody may inject of this lot any more. What was given of it counts as sub-standard: those patients are due sooner."""
    row = LotStop(
        product=product,
        lot_number=lot_number.strip(),
        lot_key=lots.lot_key(lot_number),
        reason=reason.strip(),
        by=by,
        at=at,
    )
    wrong: dict[str, str] = {}
    if not row.lot_key:
        wrong["lot_number"] = _("Enter the lot number.")
    if len(row.reason) < REASON_LENGTH:
        wrong["reason"] = _("Say in 10 characters or more why the lot is stopped.")
    if LotStop.objects.filter(product=product, lot_key=row.lot_key, lifted_at__isnull=True).exists():
        wrong["lot_number"] = _("This lot is stopped already.")
    if wrong:
        raise ValidationError(wrong)
    row.clean_fields(exclude=["product"])
    row.save(force_insert=True)
    audit.record("lot.stopped", row, by=by, at=at, reason=row.reason, details={"lot": str(row)})
    _judge_again(row, by=by, at=at)
    return row


@act
def lift(row: LotStop, *, reason: str, by: str, at: datetime) -> LotStop:
    """The lot may be used again, and what was given of it counts in full."""
    row = LotStop.objects.select_for_update().get(pk=row.pk)
    if row.lifted_at:
        raise ValidationError(_("This lot is in use again already."))
    if len(reason.strip()) < REASON_LENGTH:
        raise ValidationError({"lift_reason": _("Say in 10 characters or more why the lot may be used again.")})
    row.lifted_by, row.lifted_at, row.lift_reason = by, at, reason.strip()
    row.clean_fields(exclude=["product"])
    row.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    audit.record("lot.lifted", row, by=by, at=at, reason=row.lift_reason, details={"lot": str(row)})
    _judge_again(row, by=by, at=at)
    return row


def _judge_again(row: LotStop, *, by: str, at: datetime) -> None:
    ids = lots.treatments_of(row.product, row.lot_number).order_by().values_list("patient", flat=True).distinct()
    for patient in Patient.objects.filter(pk__in=list(ids)).select_for_update().order_by("pk"):
        courses.fact_changed(patient, by=by, at=at)
