"""Leaving a view for another page in mid-work: the view raises, the answer is a redirect with a sentence."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect


class SentOn(Exception):
    """What was asked for lies at `url`; `sentence` says why."""

    def __init__(self, url: str, sentence: str) -> None:
        self.url, self.sentence = url, sentence
        super().__init__(f"{url}: {sentence}")


class SentOnMiddleware:
    """Answer `SentOn` with its redirect and its sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, SentOn):
            return None
        messages.info(request, exception.sentence)
        return redirect(exception.url)
