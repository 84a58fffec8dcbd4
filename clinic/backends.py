"""Rights come from roles only, read in one query: which groups a person is in, and what those may do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group

from clinic.models import User


class RoleBackend(ModelBackend):
    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Permission names of an active person's roles, kept on the person for the request."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        return read_roles(user_obj)[1]

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return self.get_all_permissions(user_obj, obj)


def read_roles(user: User) -> tuple[list[str], set[str]]:
    """Role names and permission names of a person."""
    kept: tuple[list[str], set[str]] | None = getattr(user, "_roles", None)
    if kept is None:
        rows = list(
            Group.objects.filter(user=user)
            .order_by("name")
            .values_list("name", "permissions__content_type__app_label", "permissions__codename")
        )
        kept = (
            list(dict.fromkeys(name for name, _app, _code in rows)),
            {f"{app}.{code}" for _n, app, code in rows if code},
        )
        user._roles = kept  # type: ignore[attr-defined]
    return kept
