"""The way about, on every page and twice on each: written in Python, as a loop in a template costs several times as much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

from clinic.templatetags.icons import icon

register = template.Library()
_CURRENT = ' aria-current="page"'


@register.simple_tag
def rail(nav: Iterable[dict[str, Any]]) -> SafeString:
    """The entries beside the page: url, label, icon, current of each."""
    return SafeString("".join(f"<li>{_way(way, 20, '<span>{}</span>')}</li>" for way in nav))


@register.simple_tag
def phone_ways(nav: list[dict[str, Any]]) -> SafeString:
    """The first four, in the bar at the bottom of a phone."""
    return SafeString("".join(_way(way, 22, "<span>{}</span>") for way in nav[:4]))


@register.simple_tag
def more_ways(nav: list[dict[str, Any]]) -> SafeString:
    """All others, in its menu."""
    return SafeString("".join(f"<li>{_way(way, 20, '{}')}</li>" for way in nav[4:]))


def _way(way: dict[str, Any], size: int, label: str) -> str:
    current = _CURRENT if way["current"] else ""
    words = label.format(escape(way["label"]))
    return f'<a href="{escape(way["url"])}"{current}>{icon(way["icon"], size)}{words}</a>'
