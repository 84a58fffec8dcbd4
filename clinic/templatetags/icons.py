"""Icons beside words, drawn once per process: putting one together anew costs more than a row of a list."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, size: int = 20, css: str = "") -> SafeString:
    """An icon that says nothing to a screen reader: the word stands beside it. `css` is its class."""
    return SafeString(lucide(name, size=size, aria_hidden="true", **({"class": css} if css else {})))


icon.folds = True  # type: ignore[attr-defined]  # clinic.folding draws it into the template where its name stands there
