"""Two people at one treatment: what was typed, beside the record as the other one has left it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from treatments.models import Treatment
from treatments.models.treatments import KIND_LABELS, SIDE_LABELS
from treatments.queries.treatments import injections_of, versions_of
from treatments.rules.doses import units as written
from treatments.rules.vocabulary import Side, TreatmentKind
from treatments.views import stale
from treatments.views.treatment_form import Draft


def standing(treatment: Treatment) -> Treatment:
    """The version that stands in the place of a record; the record itself where it was voided."""
    latest = versions_of(treatment)[-1]
    return treatment if latest.voided_at else latest


def amended(draft: Draft, treatment: Treatment) -> stale.Clash:
    """An amendment that came second."""
    now, typed = standing(treatment), draft.form.cleaned_data
    mine = [row.cleaned_data for row in draft.injections.filled()]
    lines = [
        (_("Day"), typed["performed_on"], now.performed_on),
        (_("Kind"), KIND_LABELS[TreatmentKind(typed["kind"])], KIND_LABELS[TreatmentKind(now.kind)]),
        (_("Product"), typed["product"], now.product),
        (_("Lot"), typed["lot_number"], now.lot_number),
        (_("Expiry"), typed["lot_expires_on"], now.lot_expires_on),
        (_("Injector"), typed["practitioner"], now.practitioner),
        (
            _("Injections"),
            _sites((row["indication"].short_name, row["site"], row["side"], row["units"]) for row in mine),
            _sites(
                (row.given.course.indication.short_name, row.site, row.side, row.units) for row in injections_of(now)
            ),
        ),
        (_("Note"), typed["note"], now.note),
    ]
    differing = [line for line in lines if stale.said(line[1]) != stale.said(line[2])]
    return _clash(treatment, [*differing, (_("Reason"), typed["reason"], treatment.void_reason)])


def voided(reason: str, treatment: Treatment) -> stale.Clash:
    """A void that came second."""
    return _clash(treatment, [(_("Reason"), reason, treatment.void_reason)])


def _clash(treatment: Treatment, lines: Iterable[tuple[Any, Any, Any]]) -> stale.Clash:
    now = standing(treatment)
    final = "" if now != treatment else _("The record was voided and can no longer be changed. Record it anew.")
    return stale.clash(treatment, now, lines=lines, theirs=now.get_absolute_url(), final=final)


def _sites(rows: Iterable[tuple[str, str, str, Decimal]]) -> str:
    return "; ".join(
        " ".join(part for part in (name, site, str(SIDE_LABELS[Side(side)]) if side else "", written(units)) if part)
        for name, site, side, units in rows
    )
