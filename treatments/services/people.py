"""The patient of an act, held until it is written."""

from __future__ import annotations

from django.db.models import QuerySet

from treatments.models import Patient
from treatments.queries.prepared import prepared


def locked(patient: Patient) -> Patient:
    """The patient as they are now, held until the act ends; of a record that was merged, the one that was kept."""
    (row,) = _locked(patient.pk)
    while row.merged_into_id is not None:
        (row,) = _locked(row.merged_into_id)
    return row


@prepared
def _locked(patient: int) -> QuerySet[Patient]:
    return Patient.objects.select_for_update().filter(pk=patient).order_by()
