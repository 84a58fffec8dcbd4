"""What every page shows: the clinic's name, the way about, the person's role and display."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from clinic.addresses import address
from clinic.backends import read_roles
from clinic.permissions import ROLE_LABELS

_ALSO = {"/reminders/": ("/messages/",)}  # pages that stand under an entry and not under its address


def clinic(request: HttpRequest) -> dict[str, Any]:
    """The context processor; what costs a query is only read where a page shows it."""
    user = getattr(request, "user", None)
    return {
        "clinic": {"name": settings.CLINIC_NAME},
        "nav": SimpleLazyObject(lambda: _nav(request)),
        "theme": user.theme if user and user.is_authenticated else "auto",
        "role_label": SimpleLazyObject(lambda: _role(request)),
    }


def _nav(request: HttpRequest) -> list[dict[str, Any]]:
    user = request.user
    if not user.is_authenticated:
        return []
    entries = [
        ("treatments.view_appointment", "today", "calendar-days", _("Today")),
        ("treatments.view_appointment", "calendar", "calendar-range", _("Calendar")),
        ("treatments.view_course", "due", "clock", _("Due")),
        ("treatments.view_patient", "patients", "users", _("Patients")),
        ("treatments.view_appointment", "confirmations", "message-circle-reply", _("Confirmations")),
        ("treatments.view_reminderrun", "reminders", "send", _("Reminders")),
        ("treatments.view_course", "reports", "chart-no-axes-column", _("Reports")),
    ]
    shown = [
        {"url": url, "label": label, "icon": icon, "current": _is_current(request, url)}
        for permission, name, icon, label in entries
        if user.has_perm(permission) and (url := address(name))
    ]
    if user.is_staff:
        shown.append({"url": address("admin:index"), "label": _("Admin"), "icon": "settings", "current": False})
    return shown


def _is_current(request: HttpRequest, url: str) -> bool:
    return request.path.startswith(url) or any(request.path.startswith(other) for other in _ALSO.get(url, ()))


def _role(request: HttpRequest) -> str:
    user = request.user
    if not user.is_authenticated:
        return ""
    roles = ", ".join(str(ROLE_LABELS.get(name, name)) for name in read_roles(user)[0])
    return roles or (_("Administrator") if user.is_superuser else "")
