"""Sign-in, display, health, and the page that says what is not allowed."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
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
