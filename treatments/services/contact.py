"""Contact plans and the delivered texts: loaded once, changed by the clinic, never overwritten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import audit
from treatments.models import ContactPlan, ContactStep, Indication, MessageText, Schedule
from treatments.rules import contact
from treatments.rules.contact import FURTHEST, MESSAGE_WAYS, Delivered, DeliveredPlan, Text
from treatments.services import stale
from treatments.services.acts import act

_WORDS = ("sms", "subject", "email")
LONGEST_CAP, MOST_PER_CYCLE = 366, 20


@act
def load() -> int:
    """Bring texts and plans to what is delivered; how many rows were written. What the clinic has changed stays."""
    delivered = contact.load()
    return sum(_load_text(text) for text in delivered.texts) + sum(_load_plan(p, delivered) for p in delivered.plans)


def _load_text(text: Text) -> int:
    words = {name: getattr(text, name) for name in _WORDS}
    values = {**words, "name": text.name, "shipped": _fingerprint(words)}
    row = MessageText.objects.filter(code=text.code).first()
    if row is None:
        MessageText.objects.create(code=text.code, **values)
        return 1
    own = row.shipped != _fingerprint({name: getattr(row, name) for name in _WORDS})
    if own or row.shipped == values["shipped"]:
        return 0
    MessageText.objects.filter(pk=row.pk).update(**values, version=row.version + 1)
    return 1


def _load_plan(plan: DeliveredPlan, delivered: Delivered) -> int:
    if ContactPlan.objects.filter(code=plan.code).exists():
        return 0
    row = ContactPlan.objects.create(
        code=plan.code,
        name=plan.name,
        is_usual=plan.usual and not ContactPlan.objects.filter(is_usual=True).exists(),
        quiet_from=plan.quiet_from,
        quiet_until=plan.quiet_until,
        cap_days=plan.cap_days,
        most_per_cycle=plan.most_per_cycle,
    )
    texts = {text.code: text for text in MessageText.objects.all()}
    ContactStep.objects.bulk_create(
        ContactStep(
            plan=row,
            code=step.code,
            anchor=step.anchor.value,
            offset_days=step.offset,
            channels=[way.value for way in step.channels],
            text=texts[step.text],
        )
        for step in plan.steps
    )
    _hand_out(row, delivered)
    return 1 + len(plan.steps)


def _hand_out(row: ContactPlan, delivered: Delivered) -> None:
    """The new plan goes to its indications, where none has been chosen."""
    kinds = dict(Schedule.objects.filter(effective_until__isnull=True).values_list("indication", "kind"))
    free = Indication.objects.filter(contact_plan__isnull=True).values_list("pk", "kind")
    mine = [pk for pk, kind in free if delivered.plan_of(kind, kinds.get(pk, "")) == row.code]
    Indication.objects.filter(pk__in=mine).update(contact_plan=row)


def _fingerprint(words: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


# ---- the clinic's own ----


@act
def add_plan(row: ContactPlan, *, indications: Iterable[Indication] = (), by: str, at: datetime) -> ContactPlan:
    """A plan of the clinic's own."""
    _check_plan(row)
    _take_the_place_of_the_usual_one(row, by=by, at=at)
    row.save(force_insert=True)
    row.indications.set(indications)
    audit.record("plan.added", row, by=by, at=at, details=_told(row))
    return row


@act
def amend_plan(
    row: ContactPlan, *, changes: Mapping[str, Any], by: str, at: datetime, version: int | None = None
) -> ContactPlan:
    """Change a plan for every reminder from now on. `indications` may be among the changes."""
    row = ContactPlan.objects.select_for_update().get(pk=row.pk)
    stale.check(row, version)
    before = _told(row)
    for name, value in changes.items():
        if name != "indications":
            setattr(row, name, value)
    _check_plan(row)
    _take_the_place_of_the_usual_one(row, by=by, at=at)
    row.version += 1
    row.save()
    if "indications" in changes:
        row.indications.set(changes["indications"])
    _say_changed("plan.amended", row, before, _told(row), by=by, at=at)
    return row


@act
def add_step(row: ContactStep, *, by: str, at: datetime) -> ContactStep:
    """One more reminder in a plan."""
    _check_step(row)
    row.save(force_insert=True)
    audit.record("plan.step_added", row, by=by, at=at, details=_step_told(row))
    return row


@act
def amend_step(row: ContactStep, *, changes: Mapping[str, Any], by: str, at: datetime) -> ContactStep:
    """Change a reminder of a plan. What went out by it stays as it went out."""
    row = ContactStep.objects.select_for_update().select_related("plan", "text").get(pk=row.pk)
    before = _step_told(row)
    for name, value in changes.items():
        setattr(row, name, value)
    _check_step(row)
    row.save()
    ContactPlan.objects.filter(pk=row.plan_id).update(version=row.plan.version + 1)
    _say_changed("plan.step_amended", row, before, _step_told(row), by=by, at=at)
    return row


def _check_plan(row: ContactPlan) -> None:
    wrong: dict[str, str] = {}
    if row.quiet_from and row.quiet_from == row.quiet_until:
        wrong["quiet_until"] = _("The quiet hours have to end at another time than they begin.")
    if not 1 <= (row.cap_days or 0) <= LONGEST_CAP:
        wrong["cap_days"] = _("Days between two messages: 1 to 366.")
    if not 1 <= (row.most_per_cycle or 0) <= MOST_PER_CYCLE:
        wrong["most_per_cycle"] = _("Messages in a cycle: 1 to 20.")
    if not row.is_usual and ContactPlan.objects.filter(pk=row.pk, is_usual=True).exists():
        wrong["is_usual"] = _(
            "There is always a usual plan. Make another plan the usual one: it takes the place of this."
        )
    if wrong:
        raise ValidationError(wrong)
    row.full_clean(validate_constraints=False)


def _take_the_place_of_the_usual_one(row: ContactPlan, *, by: str, at: datetime) -> None:
    """Without a usual plan whoever has none of their own would be in no bucket, and nobody would be told."""
    if not row.is_usual:
        return
    for other in ContactPlan.objects.select_for_update().filter(is_usual=True).exclude(pk=row.pk):
        before = _told(other)
        other.is_usual, other.version = False, other.version + 1
        other.save(update_fields=["is_usual", "version"])
        _say_changed("plan.amended", other, before, _told(other), by=by, at=at)


def _check_step(row: ContactStep) -> None:
    wrong: dict[str, str] = {}
    if abs(row.offset_days or 0) > FURTHEST:
        wrong["offset_days"] = _("At most 366 days before or after the date.")
    if not row.channels:
        wrong["channels"] = _("Choose at least one way.")
    elif not set(row.channels) <= {way.value for way in MESSAGE_WAYS}:
        wrong["channels"] = _("Text message and e-mail are the ways there are.")
    text = row.text if row.text_id else None
    if text and "sms" in row.channels and not text.sms.strip():
        wrong["text"] = _("This text has no words for a text message.")
    elif text and "email" in row.channels and not (text.email.strip() and text.subject.strip()):
        wrong["text"] = _("This text has no subject or no words for an e-mail.")
    if wrong:
        raise ValidationError(wrong)
    row.full_clean(validate_constraints=False)


def _told(row: ContactPlan) -> dict[str, Any]:
    names = ("name", "is_usual", "is_active", "quiet_from", "quiet_until", "cap_days", "most_per_cycle")
    return {
        **{name: str(getattr(row, name)) for name in names},
        "indications": sorted(row.indications.values_list("code", flat=True)),
    }


def _step_told(row: ContactStep) -> dict[str, Any]:
    return {
        "plan": row.plan.code,
        "code": row.code,
        "anchor": row.anchor,
        "offset_days": row.offset_days,
        "channels": list(row.channels),
        "text": row.text.code,
        "is_active": row.is_active,
    }


def _say_changed(
    verb: str, row: ContactPlan | ContactStep, before: dict[str, Any], after: dict[str, Any], *, by: str, at: datetime
) -> None:
    changed = {name: [before[name], value] for name, value in after.items() if before[name] != value}
    if changed:
        audit.record(verb, row, by=by, at=at, details=changed)
