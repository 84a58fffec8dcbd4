"""Which consent holds on a day: signed by then, not withdrawn, and not older than the clinic lets one be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from treatments.models import Consent


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The latest consent that was not withdrawn, seen from a day. `signed_on` is None where there is none."""

    signed_on: date | None
    holds: bool


NONE = ConsentState(None, holds=False)


def states(patients: Iterable[int], day: date) -> dict[int, ConsentState]:
    """For each patient with a consent on record how it stands on that day, in one query."""
    rows = _not_withdrawn(day).filter(patient__in=list(patients)).order_by().values("patient")
    return {
        pk: state(signed_on, day) for pk, signed_on in rows.annotate(on=Max("signed_on")).values_list("patient", "on")
    }


def state(signed_on: date | None, day: date) -> ConsentState:
    """How the consent that was signed on a day stands on another."""
    valid = timedelta(days=settings.CLINIC_CONSENT_VALID_DAYS)
    return ConsentState(signed_on, holds=signed_on is not None and day - signed_on <= valid)


def latest(day: date) -> Subquery:
    """For a query of patients: when the consent was signed that is not withdrawn on that day."""
    return Subquery(
        _not_withdrawn(day).filter(patient=OuterRef("pk")).order_by("-signed_on", "-pk").values("signed_on")[:1]
    )


def _not_withdrawn(day: date) -> QuerySet[Consent]:
    return Consent.objects.filter(Q(withdrawn_on__isnull=True) | Q(withdrawn_on__gt=day), signed_on__lte=day)
