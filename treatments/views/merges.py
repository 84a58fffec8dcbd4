"""Two records of one person: found, compared, merged, and parted again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from clinic import phones
from clinic.formats import count, day, moment
from clinic.permissions import needs
from treatments.forms.layout import put_errors
from treatments.forms.merges import MergeForm
from treatments.models import Patient, PatientMerge
from treatments.queries import merges as find
from treatments.queries import patients as people
from treatments.queries.merges import Held
from treatments.queries.staff import staff_names
from treatments.rules.vocabulary import AppointmentState
from treatments.services import merges
from treatments.views import patient_rows
from treatments.views.flag_lines import held_sentence
from treatments.views.frames import patient_frame, patient_of
from treatments.views.once import once

AT_MOST = 20


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_patientmerge")
def search(request: HttpRequest, public_id: str) -> HttpResponse:
    """Find the other record, by POST so that no name stands in an address; first those that look the same."""
    patient, on = patient_of(public_id), timezone.localdate()
    q = " ".join(request.POST.get("q", "")[:100].split())
    found = list(people.search(q).exclude(pk=patient.pk)[: AT_MOST + 1]) if q else _alike(patient)
    rows = [patient_rows.person(other, on=on) for other in found[:AT_MOST]]
    for row in rows:
        row["url"] = reverse("merge_compare", args=[patient.public_id, row["public_id"]])
    context = {
        "q": q,
        "rows": rows,
        "title": _("Found") if q else _("Looks the same"),
        "count": count(len(rows), _("patient"), _("patients")),
        "rest": _(", matching “%(q)s”, by name") % {"q": q}
        if q
        else _(", born on the same day with the same name or phone"),
        "more": len(found) > AT_MOST,
        "at_most": AT_MOST,
    }
    return render(request, "merges/search.html", patient_frame(patient) | context)


@require_safe
@needs("treatments.add_patientmerge")
def compare(request: HttpRequest, public_id: str, other: str) -> HttpResponse:
    """Both records side by side; the first one is kept."""
    kept, gone = _two(public_id, other)
    context = _sides(kept, gone) | {"refusal": merges.refusal(kept, gone)}
    return render(request, "merges/compare.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_patientmerge")
def confirm(request: HttpRequest, public_id: str, other: str) -> HttpResponse:
    """The interruption: what will happen, and why the two are one."""
    if request.method == "POST":
        return _merge(request, public_id, other)
    kept, gone = _two(public_id, other)
    if merges.refusal(kept, gone):
        return redirect("merge_compare", kept.public_id, gone.public_id)
    return render(request, "merges/confirm.html", _sides(kept, gone) | {"form": MergeForm()})


def _merge(request: HttpRequest, public_id: str, other: str) -> HttpResponse:
    kept, gone = _row(public_id), _row(other)
    form, by, at = MergeForm(request.POST), request.user.get_username(), timezone.now()
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            url = kept.get_absolute_url()
            done = once(request, lambda: merges.merge(kept, gone, reason=reason, by=by, at=at), url=url)
        except ValidationError as error:
            put_errors(form, error)
        else:
            _say_merged(request, done)
            return redirect(done.kept)
    return render(request, "merges/confirm.html", _sides(*_two(public_id, other)) | {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.change_patientmerge")
def undo(request: HttpRequest, public_id: str, other: str) -> HttpResponse:
    """Part what was merged; asks once, nothing more."""
    kept = patient_of(public_id)
    done = PatientMerge.objects.select_related("kept", "gone").filter(kept=kept, gone__public_id=other.upper()).first()
    if done is None:
        raise Http404
    if request.method == "POST" or done.undone_at:
        return _undo(request, done)
    return render(request, "merges/undo.html", patient_frame(kept) | {"merge": _line(done, staff_names({done.by}))})


def _undo(request: HttpRequest, done: PatientMerge) -> HttpResponse:
    try:
        at = timezone.now()
        done = merges.undo(done, by=request.user.get_username(), at=at)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(done.kept)
    said = {"gone": _named(done.gone), "kept": _named(done.kept)}
    messages.success(request, _("Merge undone: %(gone)s has its own record again, beside %(kept)s.") % said)
    for patient in (done.kept, done.gone):
        _say_held(request, patient, at)
    return redirect(done.gone)


def merges_of(patient: Patient) -> list[dict[str, Any]]:
    """What was merged into a record, for its page: two queries."""
    rows = find.merges_of(patient)
    names = staff_names({row.by for row in rows}) if rows else {}
    return [_line(row, names) for row in rows]


def _line(row: PatientMerge, names: dict[str, str]) -> dict[str, Any]:
    return {
        "gone": _named(row.gone),
        "at": moment(row.at),
        "by": names[row.by],
        "reason": row.reason,
        "undo_url": reverse("merge_undo", args=[row.kept.public_id, row.gone.public_id]),
    }


def _alike(patient: Patient) -> list[Patient]:
    return people.resembling(
        family_name=patient.family_name,
        given_name=patient.given_name,
        born_on=patient.born_on,
        phone=patient.phone,
        but=patient.pk,
    )


def _row(public_id: str) -> Patient:
    row = Patient.objects.filter(public_id=public_id.upper()).first()
    if row is None:
        raise Http404
    return row


def _two(public_id: str, other: str) -> tuple[Patient, Patient]:
    kept, gone = patient_of(public_id), patient_of(other)
    if kept.pk == gone.pk:
        raise Http404
    return kept, gone


def _sides(kept: Patient, gone: Patient) -> dict[str, Any]:
    """Both records, field by field; what differs of the person is marked."""
    first, second = find.beside(kept, gone)
    said = zip(_person(first.patient), _person(second.patient), strict=True)
    lines = [
        {"label": label, "kept": mine, "gone": theirs, "differs": mine != theirs}
        for (label, mine), (_label, theirs) in said
    ]
    held = zip(_held(first), _held(second), strict=True)
    lines += [{"label": label, "kept": mine, "gone": theirs} for (label, mine), (_label, theirs) in held]
    return {
        "kept": _named(kept),
        "gone": _named(gone),
        "kept_url": kept.get_absolute_url(),
        "gone_url": gone.get_absolute_url(),
        "lines": lines,
        "urls": {
            "search": reverse("merge", args=[kept.public_id]),
            "compare": reverse("merge_compare", args=[kept.public_id, gone.public_id]),
            "swap": reverse("merge_compare", args=[gone.public_id, kept.public_id]),
            "confirm": reverse("merge_confirm", args=[kept.public_id, gone.public_id]),
        },
    }


def _person(patient: Patient) -> list[tuple[str, str]]:
    return [
        (_("Name"), patient.list_name),
        (_("Preferred name"), patient.preferred_name),
        (_("Date of birth"), day(patient.born_on)),
        (_("Date of death"), day(patient.died_on)),
        (_("Gender"), str(patient.get_sex_display())),
        (_("Mobile"), phones.national(patient.phone) if patient.phone else ""),
        (_("E-mail"), patient.email),
        (_("Address"), ", ".join(part for part in (patient.address, patient.postcode, patient.city) if part)),
    ]


def _held(held: Held) -> list[tuple[str, str]]:
    """What a record holds: it comes together, so that no difference matters."""
    return [
        (_("Patient No."), held.patient.public_id),
        (_("Registered"), day(held.patient.registered_on)),
        (_("Treatments"), str(held.n_treatments)),
        (_("Last treatment"), day(held.last_treated_on)),
        (_("Visits"), str(held.n_visits)),
        (_("Last visit"), day(held.last_visit_on)),
        (_("Flags"), str(held.n_flags)),
        (_("Answers to the safety questions"), str(held.n_answers)),
    ]


def _say_merged(request: HttpRequest, done: PatientMerge) -> None:
    said = _("Merged: %(gone)s into %(kept)s.") % {"gone": _named(done.gone), "kept": _named(done.kept)}
    url = reverse("merge_undo", args=[done.kept.public_id, done.gone.public_id])
    messages.success(request, format_html('{} <a href="{}">{}</a>', said, url, _("Undo")))
    _say_held(request, done.kept, done.at)


def _say_held(request: HttpRequest, patient: Patient, at: Any) -> None:
    """Which visits this very act put on hold."""
    held = patient.appointments.filter(state=AppointmentState.ON_HOLD, state_at=at).order_by("starts_at", "pk")
    if sentence := held_sentence(held):
        messages.warning(request, sentence + " " + _("Tell reception."))


def _named(patient: Patient) -> str:
    return f"{patient.list_name} ({patient.public_id})"
