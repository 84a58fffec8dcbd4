"""The hidden token of a create form."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from treatments.services.once import FIELD, is_token

register = template.Library()


@register.simple_tag(takes_context=True)
def once(context: template.Context) -> SafeString:
    """A new token; the one that was posted where the form comes back with errors."""
    request: Any = context.get("request")
    posted = request.POST.get(FIELD, "") if request is not None else ""
    token = posted if is_token(posted) else token_hex(16)
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, token)
