"""Sign-in, display, health, and the page that says what is not allowed."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic import guards
from clinic.models import Theme, User


class SignIn(LoginView):
    template_name = "registration/sign_in.html"
    redirect_authenticated_user = True


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the device says; kept with the person, rendered by the server."""
    wanted = request.POST.get("theme", "")
    if wanted in Theme.values and isinstance(request.user, User):
        request.user.theme = wanted
        request.user.save(update_fields=["theme"])
    return _back(request)


@require_POST
def digest(request: HttpRequest) -> HttpResponse:
    """The morning e-mail: on or off, for oneself."""
    wanted = request.POST.get("digest", "")
    if wanted in ("on", "off") and isinstance(request.user, User):
        request.user.wants_digest = wanted == "on"
        request.user.save(update_fields=["wants_digest"])
        messages.success(request, _digest_words(request.user))
    return _back(request)


def _digest_words(user: User) -> str:
    if not user.wants_digest:
        return _("The morning e-mail is off.")
    if not user.email:
        return _("The morning e-mail is on, but you have no e-mail address here. Ask a manager to enter it.")
    return _("The morning e-mail is on: counts and links, no name of a patient, to %(email)s.") % {"email": user.email}


def _back(request: HttpRequest) -> HttpResponse:
    """The page that it came from."""
    back = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if safe else reverse("home"))


@login_not_required
def health(request: HttpRequest) -> JsonResponse:
    """For the load balancer: the application answers, reaches its database, and finds every guard in it."""
    if problems := guards.problems(fresh=True):
        return JsonResponse({"status": "read-only", "guards": problems}, status=503)
    return JsonResponse({"status": "ok"})


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Says which right is missing, when the refusal knows it."""
    return render(request, "403.html", {"exception": str(exception)}, status=403)
