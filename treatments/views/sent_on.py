"""Leaving a view for another page in mid-work: the view raises, the answer is a redirect with a sentence."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from treatments.rules.findings import Refused


class SentOn(Exception):
    """What was asked for lies at `url`; `sentence` says why."""

    def __init__(self, url: str, sentence: str) -> None:
        self.url, self.sentence = url, sentence
        super().__init__(f"{url}: {sentence}")


class SentOnMiddleware:
    """Answer `SentOn` with its redirect and its sentence, and a refusal that nobody caught with its words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if (
            isinstance(exception, Refused) and request.method == "POST"
        ):  # what no view expected: a guard was there first
            messages.error(request, " ".join((_("Nothing was saved."), *(f.sentence for f in exception.findings))))
            back = request.headers.get("Referer", "")
            return redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "home")
        if not isinstance(exception, SentOn):
            return None
        messages.info(request, exception.sentence)
        return redirect(exception.url)
