"""Rights come from roles only, read in one query: which groups a person is in, and what those may do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db import connection

from clinic.models import User

# Read on every page: building the statement anew would cost ten times what it does.
_RIGHTS = """
SELECT g.name, t.app_label, p.codename FROM clinic_user_groups ug JOIN auth_group g ON g.id = ug.group_id
LEFT JOIN auth_group_permissions gp ON gp.group_id = g.id LEFT JOIN auth_permission p ON p.id = gp.permission_id
LEFT JOIN django_content_type t ON t.id = p.content_type_id WHERE ug.user_id = %s ORDER BY g.name"""


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
        with connection.cursor() as cursor:
            cursor.execute(_RIGHTS, [user.pk])
            rows = cursor.fetchall()
        kept = (
            list(dict.fromkeys(name for name, _app, _code in rows)),
            {f"{app}.{code}" for _n, app, code in rows if code},
        )
        user._roles = kept  # type: ignore[attr-defined]
    return kept
