"""Words as people spell them, made comparable."""

from __future__ import annotations

import unicodedata

_APOSTROPHES = dict.fromkeys(map(ord, "'\u2018\u2019\u02bc`\u00b4"))
_UNJOINED = {
    ord(char): plain for char, plain in zip("øłđßæœðþı", ("o", "l", "d", "ss", "ae", "oe", "d", "th", "i"), strict=True)
}


def fold(text: str) -> str:
    """Lower case without accents and apostrophes; any other mark counts as a space. "O'Neil-Ångström": "oneil angstrom"."""
    letters = unicodedata.normalize("NFD", text.translate(_APOSTROPHES).casefold().translate(_UNJOINED))
    kept = (_kept(char) for char in letters if not unicodedata.combining(char))
    return " ".join("".join(kept).split())


def _kept(char: str) -> str:
    """Letters, digits, and the vowel signs of scripts that write them as marks; a space for the rest."""
    return char if char.isalnum() or unicodedata.category(char).startswith("M") else " "
