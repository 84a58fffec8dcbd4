"""What every view about one patient starts with."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from treatments.models import Patient
from treatments.queries import history
from treatments.queries.prepared import prepared
from treatments.queries.rulebook import rulebook
from treatments.views.banner import banner
from treatments.views.sent_on import SentOn


def patient_of(public_id: str) -> Patient:
    """The patient of an address; lower case works too. Of a merged record: on to the one that was kept."""
    found = _numbered(public_id.upper())
    if not found:
        raise Http404
    refuse_merged(found[0])
    return found[0]


@prepared
def _numbered(public_id: str) -> QuerySet[Patient]:
    return Patient.objects.filter(public_id=public_id)


def refuse_merged(patient: Patient) -> None:
    """Send whoever asks for a merged record on to the patient's page of the one that was kept."""
    if patient.merged_into_id is None:
        return
    kept = patient
    while kept.merged_into:
        kept = kept.merged_into
    said = {"old": patient.public_id, "who": kept.list_name, "number": kept.public_id}
    raise SentOn(kept.get_absolute_url(), _("Record %(old)s was merged into this one: %(who)s, %(number)s.") % said)


def patient_frame(patient: Patient, *, on: date | None = None) -> dict[str, Any]:
    """Patient, banner, facts and rules for the template and the view: four queries."""
    on = on or timezone.localdate()
    facts, book = history.facts(patient), rulebook(on)
    return {"patient": patient, "on": on, "facts": facts, "book": book, "banner": banner(patient, facts, book, on=on)}


def is_fragment(request: HttpRequest) -> bool:
    """True where htmx asks for a piece of a page rather than the page."""
    return bool(getattr(request, "htmx", False)) and not request.htmx.boosted  # type: ignore[attr-defined]
