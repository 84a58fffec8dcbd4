"""Answers to HEAD."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase


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
