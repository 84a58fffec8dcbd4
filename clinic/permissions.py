"""Who may do what: roles as groups with Django permissions, and the guard for views."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Protocol

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_SEE_ALL = [
    f"treatments.view_{name}"
    for name in (
        "patient",
        "flag",
        "course",
        "treatment",
        "coursetreatment",
        "injection",
        "appointment",
        "safetyanswer",
        "consent",
        "earlierwish",
        "contactattempt",
        "message",
    )
]
_RUNS = ["treatments.view_reminderrun", "treatments.add_reminderrun", "treatments.change_message"]
_CATALOGUE = (
    "product", "indication", "schedule", "licence", "doselimit", "contraindication", "adverseeventkind", "outcomemeasure",
    "service", "contactplan", "contactstep",
)  # fmt: skip
_ORGANISATION = ("location", "room", "practitioner", "workinghours", "hoursexception", "closedday")
_DAY = [
    "treatments.change_coursetreatment",  # what is said of an effect: nothing else of it ever changes
    *(f"treatments.{act}" for act in ("add_consent", "add_earlierwish", "change_earlierwish")),
    *(f"treatments.{act}_contactattempt" for act in ("add", "change")),
]

ROLES: dict[str, list[str]] = {
    "reception": [
        *_SEE_ALL,
        "treatments.add_patient",
        "treatments.change_patient",
        "treatments.add_flag",
        "treatments.add_appointment",
        "treatments.change_appointment",
        *_DAY,
        *_RUNS,
    ],
    "injector": [
        *_SEE_ALL,
        "treatments.add_patient",
        "treatments.change_patient",
        "treatments.add_flag",
        "treatments.change_flag",
        "treatments.add_appointment",
        "treatments.change_appointment",
        "treatments.add_treatment",
        "treatments.change_treatment",
        "treatments.change_course",
        *_DAY,
        "treatments.change_consent",
        "treatments.view_lotstop",
        "treatments.view_visitoverride",
    ],
    "manager": [
        *_SEE_ALL,
        "treatments.add_patient",
        "treatments.change_patient",
        "treatments.add_flag",
        "treatments.add_appointment",
        "treatments.change_appointment",
        "treatments.change_course",
        *_DAY,
        *_RUNS,
        *(f"treatments.{act}_lotstop" for act in ("view", "add", "change")),
        *(f"treatments.{act}_patientmerge" for act in ("view", "add", "change")),
        "treatments.view_visitoverride",
        "treatments.view_closedmonth",
        *(f"treatments.{act}_messagetext" for act in ("view", "change")),
        *(f"treatments.{act}_clinicsettings" for act in ("view", "add", "change")),
        *(f"clinic.delete_{name}" for name in ("workinghours", "hoursexception", "closedday")),
        *(f"treatments.{act}_{name}" for name in _CATALOGUE for act in ("view", "add", "change")),
        *(f"clinic.{act}_{name}" for name in _ORGANISATION for act in ("view", "add", "change")),
        "clinic.view_user",
        "clinic.add_user",
        "clinic.change_user",
        "clinic.view_auditevent",
    ],
    "auditor": [
        *_SEE_ALL,
        "treatments.view_reminderrun",
        *(f"treatments.view_{name}" for name in _CATALOGUE),
        *(
            f"treatments.view_{name}"
            for name in ("lotstop", "patientmerge", "visitoverride", "closedmonth", "messagetext", "clinicsettings")
        ),
        *(f"clinic.view_{name}" for name in _ORGANISATION),
        "clinic.view_auditevent",
    ],
}
ROLE_LABELS = {
    "reception": gettext_lazy("Reception"),
    "injector": gettext_lazy("Injector"),
    "manager": gettext_lazy("Manager"),
    "auditor": gettext_lazy("Auditor"),
}


def make_roles() -> None:
    """Create or correct the groups; harmless to run again."""
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for role, names in ROLES.items():
        group, _made = Group.objects.get_or_create(name=role)
        group.permissions.set([known[name] for name in names])


class View(Protocol):
    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase: ...


def needs(*permissions: str) -> Callable[[View], View]:
    """Open a view to people who hold every one of these permissions; everybody else gets the 403 page."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perms(permissions):
                raise PermissionDenied(_who_may(permissions))
            return view(request, *args, **kwargs)

        return guarded

    return guard


def _who_may(permissions: Iterable[str]) -> str:
    wanted = set(permissions)
    roles = [str(ROLE_LABELS[role]).lower() for role, names in ROLES.items() if wanted <= set(names)]
    return _("This page is for: %(roles)s.") % {"roles": ", ".join(roles) or _("administrators")}
