"""Answers to HEAD, and to whatever would be saved while the database's guards are not all there."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from clinic import guards


class HeadMiddleware:
    """Answer HEAD without a body: Django leaves it on, and the server then complains about every such request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            length = len(response.content)
            response.content = b""
            response["Content-Length"] = str(length)
        return response


class ReadOnlyMiddleware:
    """Refuse to save while a guard of the database is missing or altered; reading and signing in go on.

    Last in the list, so that the page comes with everything the others add.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        reads = request.method in ("GET", "HEAD", "OPTIONS", "TRACE")
        if reads or not guards.problems() or request.path in _doors():
            return self.get_response(request)
        return render(request, "read_only.html", status=503)


def _doors() -> tuple[str, ...]:
    return tuple(reverse(name) for name in ("sign_in", "sign_out", "admin:login", "admin:logout"))
