"""Telephone numbers: read in any spelling, kept as E.164, shown as people of this country write them.

Only the length is checked, not whether a number has been given out: number plans age, and ranges kept for fiction are
as good as any other here.
"""

from __future__ import annotations

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def read(text: str) -> str:
    """The number as E.164, "" for nothing. ValidationError with the sentence for what cannot be a number."""
    if not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text, settings.CLINIC_PHONE_REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not _is_whole(number):
        raise ValidationError(_("Enter a phone number with 10 or 11 digits, or start with + and the country code."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_whole(number: phonenumbers.PhoneNumber) -> bool:
    """True for a length that can be dialled from anywhere; without its area code a number reaches somebody else."""
    return bool(phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE)


def national(number: str) -> str:
    """07700 900123: as it is dialled in the clinic's country; other countries keep their code."""
    try:
        parsed = phonenumbers.parse(number, settings.CLINIC_PHONE_REGION)
    except phonenumbers.NumberParseException:
        return number
    home = phonenumbers.country_code_for_region(settings.CLINIC_PHONE_REGION)
    form = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(parsed, form.NATIONAL if parsed.country_code == home else form.INTERNATIONAL)
