"""The delivered texts and plans of contact.toml: a clinic's policy to begin with. Read strictly, once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from functools import cache
from pathlib import Path

from treatments.rules import texts
from treatments.rules.vocabulary import Anchor, IndicationKind, ScheduleKind, Way

FILE = Path(__file__).with_suffix(".toml")
MESSAGE_WAYS = (Way.SMS, Way.EMAIL)
FURTHEST = 366  # days between a step and its date


class ContactError(ValueError):
    """The file cannot be used: which record, and a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Text:
    code: str
    name: str
    sms: str
    subject: str
    email: str


@dataclass(frozen=True, slots=True)
class PlannedStep:
    code: str
    anchor: Anchor
    offset: int
    channels: tuple[Way, ...]
    text: str


@dataclass(frozen=True, slots=True)
class DeliveredPlan:
    """`kinds` and `schedules` say whose plan it is; a schedule goes before a kind."""

    code: str
    name: str
    quiet_from: time
    quiet_until: time
    cap_days: int
    most_per_cycle: int
    steps: tuple[PlannedStep, ...]
    usual: bool = False
    kinds: tuple[IndicationKind, ...] = ()
    schedules: tuple[ScheduleKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    texts: tuple[Text, ...]
    plans: tuple[DeliveredPlan, ...]

    def plan_of(self, kind: str, schedule: str) -> str:
        """The plan's code for an indication, "" for the usual one."""
        by_schedule = [plan.code for plan in self.plans if schedule in plan.schedules]
        by_kind = [plan.code for plan in self.plans if kind in plan.kinds]
        return next(iter((*by_schedule, *by_kind)), "")


@cache
def load() -> Delivered:
    """What is delivered. ContactError where the file is wrong."""
    return read(FILE.read_text(encoding="utf-8"))


def read(source: str) -> Delivered:
    """The texts and plans of a file's content."""
    tables = tomllib.loads(source)
    found = tuple(_text(row) for row in _rows(tables, "texts"))
    plans = tuple(_plan(row, {text.code for text in found}) for row in _rows(tables, "plans"))
    if [plan.usual for plan in plans].count(True) != 1:
        raise ContactError("Exactly one plan is the usual one.")
    return Delivered(found, plans)


def _rows(tables: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    rows = tables.get(name)
    if not isinstance(rows, list) or not rows:
        raise ContactError(f"There are no [[{name}]].")
    return rows


def _text(row: Mapping[str, object]) -> Text:
    text = Text(
        code=_word(row, "code"),
        name=_word(row, "name"),
        sms=_word(row, "sms"),
        subject=_word(row, "subject"),
        email=_word(row, "email"),
    )
    for words in (text.sms, text.subject, text.email):
        if problem := texts.check(words):
            raise ContactError(f"{text.code}: {problem}")
    return text


def _plan(row: Mapping[str, object], known: set[str]) -> DeliveredPlan:
    code, steps = _word(row, "code"), row.get("steps")
    if not isinstance(steps, list) or not steps:
        raise ContactError(f"{code}: a plan has steps.")
    quiet_from, quiet_until = row.get("quiet_from"), row.get("quiet_until")
    if not isinstance(quiet_from, time) or not isinstance(quiet_until, time) or quiet_from == quiet_until:
        raise ContactError(f"{code}: quiet_from and quiet_until are two different times.")
    return DeliveredPlan(
        code=code,
        name=_word(row, "name"),
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        cap_days=_whole(row, "cap_days"),
        most_per_cycle=_whole(row, "most_per_cycle"),
        steps=tuple(_step(step, code, known) for step in steps),
        usual=row.get("usual") is True,
        kinds=tuple(IndicationKind(kind) for kind in _words(row, "kinds")),
        schedules=tuple(ScheduleKind(kind) for kind in _words(row, "schedules")),
    )


def _step(row: Mapping[str, object], plan: str, known: set[str]) -> PlannedStep:
    step = PlannedStep(
        code=_word(row, "code"),
        anchor=Anchor(_word(row, "anchor")),
        offset=_whole(row, "offset"),
        channels=tuple(Way(way) for way in _words(row, "channels")),
        text=_word(row, "text"),
    )
    if step.text not in known:
        raise ContactError(f"{plan}, {step.code}: there is no text “{step.text}”.")
    if not step.channels or not set(step.channels) <= set(MESSAGE_WAYS) or abs(step.offset) > FURTHEST:
        raise ContactError(f"{plan}, {step.code}: the channels or the offset cannot be.")
    return step


def _word(row: Mapping[str, object], field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ContactError(f"{row.get('code', '?')}: {field} is missing.")
    return value.strip()


def _words(row: Mapping[str, object], field: str) -> list[str]:
    value = row.get(field, [])
    if not isinstance(value, list):
        raise ContactError(f"{row.get('code', '?')}: {field} is a list.")
    return [str(one) for one in value]


def _whole(row: Mapping[str, object], field: str) -> int:
    value = row.get(field)
    if type(value) is not int:
        raise ContactError(f"{row.get('code', '?')}: {field} is a whole number.")
    return value
