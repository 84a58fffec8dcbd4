"""Two people at one form: what the other one changed, beside what this one typed."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from clinic.formats import day, moment
from clinic.models import AuditEvent
from treatments.forms.patients import AmendPatientForm, known
from treatments.models import Patient
from treatments.queries.staff import staff_names


def both(form: AmendPatientForm, data: QueryDict, patient: Patient) -> tuple[AmendPatientForm, list[dict[str, Any]]]:
    """A form on the version of now that keeps what was typed, and one line for each field that changed meanwhile.

    A field that this person left alone takes the other one's value, so that saving again undoes nobody's work.
    """
    patient.refresh_from_db()
    events = _events(patient, since=form.cleaned_data["version"])
    before: dict[str, str] = {}
    for event in events:
        for name, (old, _new) in event.details.items():
            before.setdefault(name, old)
    now = known(patient)
    lines = []
    for name in (name for name in before if name in form.fields):
        typed = form.cleaned_data[name]
        kept = _plain(typed) != _plain(before[name])
        if not kept:
            data[name] = _plain(now[name])
        lines.append(_line(form, name, now[name], typed if kept else ""))
    data["version"] = str(patient.version)
    merged = AmendPatientForm(data, initial=now)
    merged.is_valid()
    merged.add_error(None, _sentence(events))
    return merged, lines


def _events(patient: Patient, *, since: int) -> list[AuditEvent]:
    rows = AuditEvent.objects.filter(object_type="patient", object_id=patient.public_id, verb="patient.amended")
    return list(rows.order_by("-at", "-pk")[: max(patient.version - since, 0)])[::-1]


def _sentence(events: list[AuditEvent]) -> str:
    end = _("Your changes are not saved. Compare, then save again.")
    if not events:
        return _("Somebody changed this patient meanwhile.") + " " + end
    last = events[-1]
    who = staff_names({last.by})[last.by]
    return _("%(who)s changed this patient at %(at)s.") % {"who": who, "at": moment(last.at)} + " " + end


def _line(form: AmendPatientForm, name: str, now: Any, typed: Any) -> dict[str, Any]:
    return {"label": form.fields[name].label, "now": _shown(now), "typed": _shown(typed)}


def _shown(value: Any) -> str:
    return day(value) if isinstance(value, date) else _plain(value)


def _plain(value: Any) -> str:
    return "" if value in (None, "None") else str(value)
