"""Two people at one form: both versions beside each other, and what this one typed is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Model, Q
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.formats import clock, day, moment
from clinic.models import AuditEvent
from treatments.forms.patients import AmendPatientForm, known
from treatments.models import Patient
from treatments.queries.staff import staff_names

STATUS = 409


@dataclass(frozen=True, slots=True)
class Line:
    """One field; `mine` is "" where this person did not touch it."""

    label: str
    mine: str
    now: str


@dataclass(frozen=True, slots=True)
class Clash:
    """What components/stale.html shows. `action`: where a save goes, "" for here. `final`: why none is possible."""

    sentence: str
    lines: list[Line]
    theirs: str
    action: str = ""
    final: str = ""


def clash(
    *records: Model, lines: Iterable[tuple[Any, Any, Any]], theirs: str, action: str = "", final: str = ""
) -> Clash:
    """Who changed the records and when, with (label, what was typed, what is on record) where there is either."""
    shown = [Line(str(label), said(mine), said(now)) for label, mine, now in lines]
    return Clash(_sentence(_events(*records)[-1:]), [x for x in shown if x.mine or x.now], theirs, action, final)


def newest(data: QueryDict, version: int) -> QueryDict:
    """What was posted, on the version of now."""
    again = data.copy()
    again["version"] = str(version)
    return again


def version_of(request: HttpRequest) -> int | None:
    """The version that the posted page was made from."""
    said = request.POST.get("version", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None


def both(form: AmendPatientForm, data: QueryDict, patient: Patient) -> tuple[AmendPatientForm, Clash]:
    """A form on the version of now that keeps what was typed, and what changed meanwhile.

    A field that this person left alone takes the other one's value, so that saving again undoes nobody's work.
    """
    patient.refresh_from_db()
    n_missed = max(patient.version - form.cleaned_data["version"], 0)
    events = [event for event in _events(patient) if event.verb == "patient.amended"]
    events = events[-n_missed:] if n_missed else []
    before: dict[str, str] = {}
    for event in events:
        for name, (old, _new) in event.details.items():
            before.setdefault(name, old)
    now, again, lines = known(patient), newest(data, patient.version), []
    for name in (name for name in before if name in form.fields):
        typed = form.cleaned_data[name]
        kept = _plain(typed) != _plain(before[name])
        if not kept:
            again[name] = _plain(now[name])
        lines.append(Line(str(form.fields[name].label), said(typed) if kept else "", said(now[name])))
    merged = AmendPatientForm(again, initial=now)
    merged.is_valid()
    return merged, Clash(_sentence(events[-1:]), lines, patient.get_absolute_url())


def said(value: Any) -> str:
    """A value as the two columns show it."""
    return day(value) if isinstance(value, date) else _plain(value)


def _plain(value: Any) -> str:
    return "" if value in (None, "None") else str(value)


def _events(*records: Model) -> list[AuditEvent]:
    """What was done with the records, oldest first."""
    about = Q(pk__in=[])
    for record in records:
        about |= Q(object_type=record._meta.model_name, object_id=str(getattr(record, "public_id", record.pk)))
    return list(AuditEvent.objects.filter(about).order_by("at", "pk"))


def _sentence(latest: list[AuditEvent]) -> str:
    end = _("Your changes are not saved.")
    if not latest:
        return _("Somebody changed this meanwhile.") + " " + end
    [event] = latest
    today = timezone.localtime(event.at).date() == timezone.localdate()
    who = {"who": staff_names({event.by})[event.by], "at": clock(event.at) if today else moment(event.at)}
    return _("%(who)s changed this at %(at)s.") % who + " " + end
