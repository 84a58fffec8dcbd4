"""Where a page goes back to: only ever to a page of this site."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def asked_return(request: HttpRequest) -> str:
    """The `next` of the address or the form, "" where there is none or it leads off this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    hosts, secure = {request.get_host()}, request.is_secure()
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=hosts, require_https=secure)
    return wanted if safe and wanted.startswith("/") else ""
