"""A patient's consent: on which day it was signed, and that it was withdrawn."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.formats import day
from clinic.permissions import needs
from treatments.forms.layout import put_errors
from treatments.forms.visits import ConsentForm
from treatments.queries import consents as found
from treatments.services import consents
from treatments.views.frames import patient_frame, patient_of
from treatments.views.once import once
from treatments.views.returns import asked_return


@require_http_methods(["GET", "HEAD", "POST"])
@needs("treatments.add_consent")
def consent(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note that the patient has signed."""
    patient, on = patient_of(public_id), timezone.localdate()
    back = asked_return(request) or patient.get_absolute_url()
    form = ConsentForm(request.POST or None, initial={"signed_on": on})
    if request.method == "POST" and form.is_valid():
        by, at, signed_on = request.user.get_username(), timezone.now(), form.cleaned_data["signed_on"]
        try:
            once(request, lambda: consents.sign(patient, signed_on=signed_on, by=by, at=at), url=back)
        except ValidationError as error:
            put_errors(form, error)
        else:
            said = {"who": patient.list_name, "day": day(signed_on)}
            messages.success(request, _("Consent recorded: %(who)s, signed %(day)s.") % said)
            return redirect(back)
    state = found.states([patient.pk], on).get(patient.pk, found.NONE)
    context = {"form": form, "signed": day(state.signed_on), "holds": state.holds, "next": asked_return(request)}
    status = 422 if form.errors else 200
    return render(request, "patients/consent.html", patient_frame(patient) | context, status=status)


@require_POST
@needs("treatments.change_consent")
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """From today on no consent holds."""
    patient = patient_of(public_id)
    if consents.withdraw(patient, by=request.user.get_username(), at=timezone.now()):
        messages.success(request, _("Consent withdrawn: %(who)s.") % {"who": patient.list_name})
    else:
        messages.info(request, _("There is no consent to withdraw."))
    return redirect(asked_return(request) or patient)
