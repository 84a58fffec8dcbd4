"""Field kinds that several models share."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic import phones

# Without 0 O 1 I L 8 B 5 S 2 Z U V: nothing that is misread on paper or misheard on the telephone.
PUBLIC_ID_ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
PUBLIC_ID_LENGTH, LONG_ID_LENGTH = 6, 10
REASON_LENGTH = 10  # characters of somebody's own words, the least that says anything


def new_public_id() -> str:
    """Six characters by chance; the column is unique."""
    return "".join(secrets.choice(PUBLIC_ID_ALPHABET) for _i in range(PUBLIC_ID_LENGTH))


def new_long_id() -> str:
    """Ten characters, for what a clinic makes by the hundred thousand: two by chance the same stay unheard of."""
    return "".join(secrets.choice(PUBLIC_ID_ALPHABET) for _i in range(LONG_ID_LENGTH))


def no_hidden_characters(text: str) -> None:
    """Refuse what one database refuses or what only deceives the eye: NUL, lone surrogates, bidi overrides."""
    for char in text:
        code = ord(char)
        control = code < 32 and char not in "\t\n\r"
        if control or code == 127 or 0xD800 <= code <= 0xDFFF or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
            raise ValidationError(_("Remove the hidden character at position %(at)s.") % {"at": text.index(char) + 1})


class PublicIdField(models.CharField):
    """Six unambiguous characters, made once: for addresses, paper and the telephone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_length": 12, "unique": True, "editable": False, "default": new_public_id}
        super().__init__(*args, **kwargs)


class PlainTextField(models.TextField):
    """Text of people, without hidden characters."""

    default_validators = [no_hidden_characters]


class PhoneField(models.CharField):
    """A telephone number, read in any spelling and kept as E.164."""

    description = "Telephone number"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"max_length": 20} | kwargs))

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return super().clean(phones.read(value or ""), model_instance)


class PlainCharField(models.CharField):
    """A line of people, without hidden characters."""

    default_validators = [no_hidden_characters]
