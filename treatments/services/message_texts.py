"""The clinic's own words in messages: checked, kept with who and when, and tried out on oneself."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import audit
from clinic.channels import registry
from clinic.channels.base import Outgoing, Trouble
from treatments.models import ContactStep, Indication, MessageText, Product
from treatments.models.fields import no_hidden_characters
from treatments.rules import texts
from treatments.rules.words import fold
from treatments.services import stale
from treatments.services.acts import act

WORDS = ("sms", "subject", "email")
_ALWAYS = ("first", "clinic", "phone", "link", "day")
_VISIT_CODES = ("booked", "changed", "cancelled", "tomorrow", "questions", "on_hold", "missed")
_NO_LINK = ("on_hold", "lot")
_NEEDS = {
    "sms": gettext_lazy("Text messages go out with these words: keep some."),
    "email": gettext_lazy("E-mails go out with these words: keep some."),
}
_NEVER = (  # in no word, whatever its ending
    "botulin", "toxin", "inject", "treatment", "wrinkle", "frown", "sweat", "hidrosis", "migraine", "headache", "spasm",
    "spastic", "dystoni", "squint", "bladder", "incontinen", "drool", "pregnan", "breastfe", "allerg", "infect",
)  # fmt: skip


@act
def amend(
    row: MessageText, *, changes: Mapping[str, str], by: str, at: datetime, version: int | None = None
) -> MessageText:
    """Change the words for every message from now on. What was sent stays as it was sent."""
    row = MessageText.objects.select_for_update().get(pk=row.pk)
    stale.check(row, version)
    before = {name: getattr(row, name) for name in changes}
    changed = {name: value.strip() for name, value in changes.items() if value.strip() != before[name].strip()}
    if not changed:
        return row
    for name, value in changed.items():
        setattr(row, name, value)
    if wrong := problems(row.code, {name: getattr(row, name) for name in WORDS}):
        raise ValidationError(wrong)
    row.version += 1
    row.full_clean()
    row.save()
    details = {name: [before[name], value] for name, value in changed.items()}
    audit.record("text.amended", row, by=by, at=at, details=details)
    return row


def fields_of(code: str) -> tuple[str, ...]:
    """The fields that a message of this kind has."""
    more = ("time", "with") if code in _VISIT_CODES else () if code in _NO_LINK else ("stop",)
    return tuple(name for name in (*_ALWAYS, *more) if name != "link" or code not in _NO_LINK)


def problems(code: str, words: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the words, one sentence for each box."""
    found = {name: _problem(code, words[name]) for name in WORDS}
    if bool(words["email"].strip()) != bool(words["subject"].strip()):
        found["subject" if words["email"].strip() else "email"] = _("An e-mail needs a subject and words.")
    if "stop" in fields_of(code) and words["email"].strip() and "stop" not in texts.used(words["email"]):
        found["email"] = found["email"] or _("A reminder by e-mail needs {stop}, so that everybody can end it.")
    for name in _needed(code):
        if not words[name].strip():
            found[name] = found[name] or str(_NEEDS[name])
    return {name: sentence for name, sentence in found.items() if sentence}


def _needed(code: str) -> set[str]:
    """The ways by which a message of this kind goes out: a reminder by those of its steps in use, any other by every way."""
    if "stop" not in fields_of(code):
        return set(_NEEDS)
    used = ContactStep.objects.filter(text__code=code, is_active=True).values_list("channels", flat=True)
    return {way for channels in used for way in channels if way in _NEEDS}


def _problem(code: str, words: str) -> str:
    try:
        no_hidden_characters(words)
    except ValidationError as error:
        return str(error.messages[0])
    if sentence := texts.check(words):
        return sentence
    for name in texts.used(words):
        if name not in fields_of(code):
            return _("{%(field)s} is not known in a message of this kind.") % {"field": name}
    if name := named(words):
        return _("“%(name)s” names a treatment, a product or a health fact. Messages name none.") % {"name": name}
    return ""


def named(words: str) -> str:
    """The treatment, product or health fact that the words name; "" for none. The names are the catalogue's own."""
    said = f" {fold(words)} "
    whole = next((name for name in _forbidden() if re.search(rf" {re.escape(fold(name))}s? ", said)), "")
    return whole or next((word for word in said.split() if any(part in word for part in _NEVER)), "")


def _forbidden() -> list[str]:
    names = set(Product.objects.values_list("brand", flat=True))
    for pair in Indication.objects.values_list("name", "short_name"):
        names.update(pair)
    return sorted((name for name in names if fold(name)), key=lambda name: (-len(name), name))


def try_out(row: MessageText, *, way: str, to: str, subject: str, words: str, by: str, at: datetime) -> str:
    """Send the words to oneself; "" where they were taken, else why not."""
    if way not in registry.ways():
        return _("Nothing is sent this way here.")
    number = secrets.token_hex(4)
    try:
        registry.channel(way).send(Outgoing(f"test-{number}", to, words, subject))
    except Trouble as error:
        return str(error)
    audit.record("text.tried", row, by=by, at=at, details={"way": way})
    return ""
