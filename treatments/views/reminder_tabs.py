"""The pages about reminders, as tabs."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _


def tabs(current: str, to_look_at: int) -> list[dict[str, Any]]:
    """`to_look_at`: how many messages wait for a person."""
    pages = (
        ("reminders", _("Today"), None),
        ("messages", _("To look at"), to_look_at),
        ("reminder_runs", _("Runs"), None),
    )
    return [
        {"url": reverse(name), "label": label, "count": number, "current": name == current}
        for name, label, number in pages
    ]
