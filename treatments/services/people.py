"""The patient of an act, held until it is written."""

from __future__ import annotations

from treatments.models import Patient


def locked(patient: Patient) -> Patient:
    """The patient as they are now, held until the act ends; of a record that was merged, the one that was kept."""
    row = Patient.objects.select_for_update().get(pk=patient.pk)
    while row.merged_into_id is not None:
        row = Patient.objects.select_for_update().get(pk=row.merged_into_id)
    return row
