"""The people behind user names, as pages call them."""

from __future__ import annotations

from collections.abc import Iterable

from clinic.models import User


def staff_names(usernames: Iterable[str]) -> dict[str, str]:
    """User name -> name, in one query; a command's name stands for itself."""
    wanted = set(usernames)
    people = {user.username: str(user) for user in User.objects.filter(username__in=wanted)}
    return {name: people.get(name, name) for name in wanted}
