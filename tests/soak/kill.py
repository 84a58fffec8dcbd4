"""kill -9 with four writers at work: nothing that was acknowledged is lost, nothing is half there."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from statistics import median

from django.db import connection, connections

from clinic.models import AuditEvent
from tests.soak import report
from tests.soak.databases import Database
from tests.soak.killing import Clinic, killed_at_work
from treatments.models import Appointment, Flag, Treatment

ROUNDS = {"sqlite": 1_000, "postgres": 120}
WORKS = {"sqlite": (0.02, 0.2), "postgres": (0.3, 1.2)}  # seconds until the kill
CONTROL = {"sqlite": 15, "postgres": 3}
MODELS = {"visit": Appointment, "treatment": Treatment, "flag": Flag}
VERBS = {"visit": "appointment.booked", "treatment": "treatment.signed", "flag": "flag.raised"}


@dataclass
class Tally:
    """What was counted over all rounds; `seen` are the last ids that were looked at."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    unacknowledged: int = 0
    recovered: list[float] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)


def soak(database: Database, scale: float, _seeds: tuple[int, ...]) -> None:
    rounds = max(2, round(ROUNDS[database.engine] * scale))
    tally = _rounds(database, rounds, careless=False)
    _sound(database)
    report.clean("kill -9")
    if tally.lost or tally.half:
        raise AssertionError(f"Lost: {tally.lost[:10]}. Half there: {tally.half[:10]}.")
    report.line(
        f"kill -9, {rounds:,} rounds: {tally.acknowledged:,} acknowledged, 0 lost, 0 half, "
        f"{tally.unacknowledged} saved and not acknowledged{_recovery(tally)}"
    )
    lost, half = 0, 0

    def control(tried: int) -> int:
        nonlocal lost, half
        tally = _rounds(database, CONTROL[database.engine] * tried, careless=True)
        lost, half = lost + len(tally.lost), half + len(tally.half)
        return min(lost, half)

    report.must_go_wrong("kill -9", control)
    report.line(f"kill -9, control with careless writers: {lost} acknowledged lost, {half} half there")


def _recovery(tally: Tally) -> str:
    if not tally.recovered:
        return ""
    return f"; serving again after {median(tally.recovered):.1f} s, {max(tally.recovered):.1f} s at most"


def _rounds(database: Database, rounds: int, *, careless: bool) -> Tally:
    database.fresh()
    clinic, tally, chance = Clinic.built(), Tally(), random.Random(rounds)
    kill = database.server.kill if database.server else lambda: None
    for turn in range(rounds):
        works = partial(killed_at_work, clinic, turn, careless=careless, kill=kill)
        said = works(for_=chance.uniform(*WORKS[database.engine]))
        if database.server:
            tally.recovered.append(database.server.start())
        _compare(said, tally)
    return tally


def _compare(said: list[list[str]], tally: Tally) -> None:
    """The list of acknowledgements against what is stored, and what is stored against itself."""
    if failed := [line for line in said if line[0] not in MODELS]:
        raise AssertionError(" ".join(failed[0]))
    told = {kind: {row[1]: int(row[2]) for row in said if row[0] == kind} for kind in MODELS}
    kept_trail = AuditEvent.objects.filter(pk__gt=tally.seen["trail"])
    trail = list(kept_trail.order_by("pk").values_list("pk", "verb", "object_id"))
    for kind, model in MODELS.items():
        rows = dict(model.objects.filter(pk__gt=tally.seen[kind]).order_by("pk").values_list("public_id", "pk"))
        tally.lost += [f"{kind} {id}" for id in told[kind].keys() - rows.keys()]
        tally.unacknowledged += len(rows.keys() - told[kind].keys())
        of_trail = {about for _pk, verb, about in trail if verb == VERBS[kind]}
        tally.half += [f"{kind} {id} without its trail, or the reverse" for id in rows.keys() ^ of_trail]
        tally.seen[kind] = max([tally.seen[kind], *rows.values()])
    _look_inside(told["visit"], {about for _pk, verb, about in trail if verb == "appointment.cancelled"}, tally)
    tally.acknowledged += len(said)
    tally.seen["trail"] = max([tally.seen["trail"], *(pk for pk, _verb, _about in trail)])
    connections.close_all()


def _look_inside(visits: dict[str, int], cancelled: set[str], tally: Tally) -> None:
    rows = Appointment.objects.filter(public_id__in=visits).values_list("public_id", "version", "state")
    for id, version, state in rows:
        if version < visits[id]:
            tally.lost.append(f"visit {id}: version {visits[id]} was acknowledged, {version} is stored")
        if (state == "cancelled") != (id in cancelled):
            tally.half.append(f"visit {id} is {state}, and its trail says otherwise")
    before = tally.seen["inside"], tally.seen["inside treatments"]
    bare = Appointment.objects.filter(pk__gt=before[0], courses__isnull=True)
    tally.half += [f"visit {id} without a course" for id in bare.values_list("public_id", flat=True)]
    empty = Treatment.objects.filter(pk__gt=before[1], courses__injections__isnull=True)
    tally.half += [f"treatment {id} without injections" for id in empty.values_list("public_id", flat=True)]
    tally.seen["inside"], tally.seen["inside treatments"] = tally.seen["visit"], tally.seen["treatment"]


def _sound(database: Database) -> None:
    """The file itself is whole, where the database is a file."""
    if database.engine == "sqlite":
        with connection.cursor() as cursor:
            checks = [cursor.execute(f"PRAGMA {name}").fetchall() for name in ("integrity_check", "foreign_key_check")]
        if checks != [[("ok",)], []]:
            raise AssertionError(f"The file is damaged: {checks}")
