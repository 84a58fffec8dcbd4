"""The frame of the pages that patients open from a message: no account, no session, one link.

The address is the right to open them: 128 random bits that nobody can guess. So nothing here reads a session or sets
its cookie, and the forms need no CSRF token (decision 0007). GET shows, POST acts. What needs the date of birth asks for
it once; a signed cookie that is sent to this link alone remembers that for half an hour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from treatments.models import PatientLink
from treatments.queries import telephone
from treatments.rules.findings import Refused
from treatments.services import links
from treatments.views.rows import phone_link

P = ParamSpec("P")
COOKIE, PROVEN_SECONDS = "born", 30 * 60
_SALT = "treatments.views.public"


@dataclass(frozen=True)
class Visitor:
    """Who opens a page: the link they came by, and whether they have given the date of birth."""

    request: HttpRequest
    text: str
    link: PatientLink
    at: datetime

    @property
    def proven(self) -> bool:
        said = self.request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=PROVEN_SECONDS)
        return said == self.link.token

    def url(self, name: str, *rest: str) -> str:
        return reverse(name, args=[self.text, *rest])

    def go(self, name: str, *rest: str) -> HttpResponse:
        return redirect(self.url(name, *rest))

    def page(self, template: str, context: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
        shared = {"token": self.text, "link": self.link, "proven": self.proven} | contact()
        return render(self.request, f"public/{template}.html", shared | (context or {}), status=status)


Page = Callable[Concatenate[Visitor, P], HttpResponse]


def patient_page(page: Page[P]) -> Callable[..., HttpResponse]:
    """A page of a link that holds. Whatever a service refuses becomes a sentence that asks to call."""

    @login_not_required
    @csrf_exempt
    @wraps(page)
    def shown(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        at = timezone.now()
        try:
            visitor = Visitor(request, token, links.find(token, at=at), at)
        except links.Ended:
            return private(ended(request))
        try:
            answer = page(visitor, *args, **kwargs)
        except links.TooManyTries:
            answer = visitor.page("locked", status=403)
        except (Refused, ValidationError):
            answer = visitor.page("not_done", status=409)
        return private(answer)

    return shown


def after_birth(page: Page[P]) -> Page[P]:
    """A page that asks for the date of birth first."""

    @wraps(page)
    def asked(visitor: Visitor, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if visitor.proven:
            return page(visitor, *args, **kwargs)
        name = visitor.request.resolver_match.url_name if visitor.request.resolver_match else ""
        return redirect(f"{visitor.url('link_birth')}?next={name}")

    return asked


def prove(visitor: Visitor, answer: HttpResponse) -> HttpResponse:
    """Remember on this device, for this link alone, that the date of birth was right."""
    answer.set_signed_cookie(
        COOKIE,
        visitor.link.token,
        salt=_SALT,
        max_age=PROVEN_SECONDS,
        path=visitor.url("link"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return answer


def ended(request: HttpRequest) -> HttpResponse:
    """Forged, unknown, out of date: nobody learns which."""
    return render(request, "public/ended.html", contact(), status=410)


def contact() -> dict[str, Any]:
    """How to reach the clinic, on every page."""
    number = telephone.for_patients()
    return {"phone": phone_link(number)}


def private(answer: HttpResponse) -> HttpResponse:
    """Kept by nobody, found by no search engine, and no other site learns the address."""
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
