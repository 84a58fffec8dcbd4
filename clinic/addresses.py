"""Addresses that are the same in every answer: resolved once per process, as a page asks for a dozen of them."""

from __future__ import annotations

from functools import cache

from django.urls import reverse


@cache
def address(name: str, *parts: str) -> str:
    """The address of a named page. Only for parts of which there are few: a tab, never a patient."""
    return reverse(name, args=parts)
