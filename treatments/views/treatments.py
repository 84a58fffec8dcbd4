"""Recording, amending and voiding treatments, and the record as it was signed."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.models import User
from clinic.permissions import needs
from treatments.forms.elsewhere import ElsewhereForm
from treatments.forms.layout import put_errors
from treatments.forms.treatments import VoidForm
from treatments.models import Indication, Patient, Product, Treatment
from treatments.rules.findings import Refused
from treatments.services import patients, treatments
from treatments.services.signing import AlreadySigned
from treatments.services.stale import Stale
from treatments.views import stale, treatment_stale
from treatments.views.frames import patient_frame, patient_of
from treatments.views.once import once
from treatments.views.treatment_form import Draft
from treatments.views.treatment_page import held_line, record_page, signed_line


@needs("treatments.add_treatment")
def new(request: HttpRequest, public_id: str) -> HttpResponse:
    return _record(request, patient_of(public_id))


@needs("treatments.change_treatment")
def amend(request: HttpRequest, public_id: str) -> HttpResponse:
    treatment = _treatment(public_id)
    if treatment.voided_at and request.method == "GET":
        messages.error(request, treatments.VOIDED)
        return redirect(treatment)
    if treatment.elsewhere:
        messages.error(request, _("A treatment given elsewhere is not amended: void it and record it again."))
        return redirect(treatment)
    return _record(request, treatment.patient, amends=treatment)


def _record(request: HttpRequest, patient: Patient, *, amends: Treatment | None = None) -> HttpResponse:
    """The record page: writing, signing, and everything that stands in between."""
    draft = _draft(request, patient, amends)
    if draft.signing and draft.is_valid():
        by, at = request.user.get_username(), timezone.now()
        try:
            version = stale.version_of(request)
            treatment = once(request, lambda: draft.sign(by=by, at=at, version=version))
        except AlreadySigned as already:
            messages.info(
                request, _("This treatment was signed a moment ago. It is shown here and was not added again.")
            )
            return redirect(already.treatment)
        except Stale as error:
            return _amended_meanwhile(request, draft, error.now)
        except Refused:
            draft = _keep_answers(request, draft, patient, amends)
        except ValidationError as error:
            draft.put(error)
        else:
            _say_signed(request, treatment)
            return redirect(treatment)
    return render(request, "treatments/record.html", draft.page())


def _amended_meanwhile(request: HttpRequest, draft: Draft, treatment: Treatment) -> HttpResponse:
    """Both versions; what was typed is now an amendment of the one that stands."""
    clash, now = treatment_stale.amended(draft, treatment), treatment_stale.standing(treatment)
    data = stale.newest(request.POST, now.version)
    data.pop("sign", None)
    again = Draft(patient_frame(treatment.patient), user=cast(User, request.user), data=data, amends=now)
    page = again.page() | {"stale": clash, "has_errors": True}
    return render(request, "treatments/record.html", page, status=stale.STATUS)


def _draft(request: HttpRequest, patient: Patient, amends: Treatment | None) -> Draft:
    data = request.POST if request.method == "POST" else None
    return Draft(patient_frame(patient), user=cast(User, request.user), data=data, query=request.GET, amends=amends)


def _keep_answers(request: HttpRequest, draft: Draft, patient: Patient, amends: Treatment | None) -> Draft:
    """A refused signature does not forget what the patient said: the answers are stored, and a yes raises its flag."""
    if answers := draft.given_answers():
        by, at, on = request.user.get_username(), timezone.now(), draft.day
        patients.answer_questions(patient, answers=answers, by=by, at=at, answered_on=on)
        messages.info(request, _("Not signed yet. The answers to the safety questions have been saved."))
        draft = _draft(request, patient, amends)
        draft.is_valid()
    draft.refuse()
    return draft


def _say_signed(request: HttpRequest, treatment: Treatment) -> None:
    may_book = request.user.has_perm("treatments.add_appointment")
    messages.success(request, signed_line(treatment, on=timezone.localdate(), may_book=may_book))
    if held := held_line(treatment):
        messages.warning(request, held)


@require_POST
@needs("treatments.add_treatment")
def check(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the gate says of the record as it is written so far."""
    patient = patient_of(public_id)
    ref = request.POST.get("amends", "")
    amends = get_object_or_404(Treatment, public_id=ref.upper(), patient=patient) if ref.isalnum() else None
    draft = _draft(request, patient, amends)
    draft.signing = False
    return render(request, "treatments/_checks.html", {**draft.checks(), "announce": True})


@needs("treatments.view_treatment")
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    treatment = _treatment(public_id)
    return render(request, "treatments/show.html", {**patient_frame(treatment.patient), **record_page(treatment)})


@needs("treatments.change_treatment")
def void(request: HttpRequest, public_id: str) -> HttpResponse:
    treatment, version, clash = _treatment(public_id), stale.version_of(request), None
    if treatment.voided_at and version in (None, treatment.version):
        messages.error(request, treatments.VOIDED)
        return redirect(treatment)
    form = VoidForm(request.POST or None, initial={"version": treatment.version})
    if form.is_valid():
        by, reason = request.user.get_username(), form.cleaned_data["reason"]
        try:
            treatments.void(treatment, reason=reason, by=by, at=timezone.now(), version=version)
        except ValidationError as error:
            put_errors(form, error)
        except Stale as error:
            clash, treatment = treatment_stale.voided(reason, error.now), treatment_stale.standing(error.now)
            form = VoidForm(stale.newest(request.POST, treatment.version))
        else:
            messages.success(
                request, _("Voided: %(what)s. It counts nowhere from now on.") % {"what": _name(treatment)}
            )
            return redirect(treatment)
    context = {**patient_frame(treatment.patient), **record_page(treatment), "form": form, "stale": clash}
    return render(request, "treatments/void.html", context, status=stale.STATUS if clash else 200)


@needs("treatments.add_treatment")
def elsewhere(request: HttpRequest, public_id: str) -> HttpResponse:
    patient = patient_of(public_id)
    here = patient.get_absolute_url()
    form = ElsewhereForm(
        request.POST if request.method == "POST" else None,
        indications={row.code: row for row in Indication.objects.filter(is_active=True)},
        products=Product.objects.all(),
    )
    if form.is_valid():
        by, at = request.user.get_username(), timezone.now()
        try:
            said = form.cleaned_data
            treatment = once(
                request, lambda: treatments.record_elsewhere(patient=patient, by=by, at=at, **said), url=here
            )
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, _("Recorded: %(what)s, at another clinic.") % {"what": _name(treatment)})
            if held := held_line(treatment):
                messages.warning(request, held)
            return redirect(patient)
    return render(request, "treatments/elsewhere.html", {**patient_frame(patient), "form": form})


def _treatment(public_id: str) -> Treatment:
    rows = Treatment.objects.select_related("patient", "product", "practitioner", "appointment__practitioner")
    return get_object_or_404(rows, public_id=public_id.upper())


def _name(treatment: Treatment) -> str:
    said = {"who": treatment.patient.list_name, "day": f"{treatment.performed_on:%d-%b-%Y}"}
    return _("%(who)s, treatment of %(day)s") % said
