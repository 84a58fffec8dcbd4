"""Stopping reminders: one press, also for a link that has ended, and the one-click request of mail programs."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from treatments.models import ContactConsent, PatientLink
from treatments.services import links, replies
from treatments.views.public import contact, ended, private

ONE_CLICK = "List-Unsubscribe"  # RFC 8058: the mail program sends List-Unsubscribe=One-Click and shows no page


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST stops. Never too late, and twice is as good as once."""
    try:
        link = links.known(token)
    except links.Ended:
        return private(ended(request))
    if request.method != "POST":
        return private(stop_page(request, token, link))
    replies.stop_reminders(link.patient, by=replies.PATIENT, at=timezone.now())
    if ONE_CLICK in request.POST:
        return private(HttpResponse(status=204))
    return private(redirect("link_stop", token))


def stop_page(request: HttpRequest, token: str, link: PatientLink) -> HttpResponse:
    stopped = link.patient.contact_consent == ContactConsent.NO
    return render(request, "public/stop.html", {"token": token, "link": link, "stopped": stopped} | contact())
