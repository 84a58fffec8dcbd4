"""20,000 operations of every kind by several processes: nothing is violated, and what happened can be recorded."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection

from clinic import guards
from tests.factories import TODAY
from tests.soak import crew, report, scene
from tests.soak.databases import Database
from tests.soak.operations import AREAS, Clinic, Desk
from treatments.models import Patient, Treatment
from treatments.rules.findings import Refused
from treatments.services import courses
from treatments.services.stale import Stale

PROCESSES, OPERATIONS, PEOPLE = 4, 20_000, 60
SHARES = {
    "book": 20, "move": 8, "cancel": 6, "step": 6, "release": 5, "override": 4, "flag": 7, "end_flag": 6,
    "change_birth": 4, "merge": 3, "undo_merge": 3, "record": 10, "amend": 3, "void": 5, "record_elsewhere": 1,
    "insert_visit": 4, "update_visit": 3, "insert_treatment": 4,
}  # fmt: skip
WRITES_PAST_SERVICES = ("insert_visit", "update_visit", "insert_treatment")
ALWAYS_TAKEN = ("record", "flag")  # the safety gate has a word on these, and never the last one
KINDS_OF_WRONG = (
    ("visit_practitioner_once", "visit_room_once", "visit_patient_once"),
    ("visit_hard_stop",),
    ("treatment_interval",),
)


def soak(database: Database, scale: float, seeds: tuple[int, ...]) -> None:
    operations = max(PROCESSES, round(OPERATIONS * scale / PROCESSES))
    for seed in seeds:
        database.fresh()
        outcomes = _work(seed, operations)
        report.clean(f"mixed operations, seed {seed}")
        report.line(f"mixed operations, seed {seed}: {crew.said(_in_short(outcomes))}; 0 violations, {_afterwards()}")
    shown = report.must_go_wrong("mixed operations", partial(_control, database))
    report.line(f"mixed operations, control without guards: at least {shown} violations of each invariant")


def _in_short(outcomes: Counter[str]) -> Counter[str]:
    """done, refused and so on, over all kinds of operation."""
    short: Counter[str] = Counter()
    for name, number in outcomes.items():
        short[name.partition(" ")[2]] += number
    return short


def _control(database: Database, tried: int) -> int:
    """How often the least broken of the three invariants is broken."""
    database.fresh(guarded=False)
    _work(100 + tried, 80 * tried)
    wrong = report.went_wrong()
    return min(sum(wrong[rule] for rule in rules) for rules in KINDS_OF_WRONG)


def _afterwards() -> str:
    """Every stored date is as the facts say, and nobody is in a state in which a treatment cannot be recorded."""
    everybody = list(Patient.objects.order_by("pk").values_list("pk", flat=True))
    if differed := courses.refresh(everybody, on=TODAY):
        raise AssertionError(f"{differed} courses were not as their facts say.")
    before, desk = Treatment.objects.count(), Desk(Clinic.found(), random.Random(0).choice)
    for patient in desk.clinic.people:
        desk.record_today(patient, AREAS[patient.pk % len(AREAS)])
    recorded = Treatment.objects.count() - before
    connection.close()
    return f"0 courses differ, {recorded} of {len(everybody)} patients recordable"


def _work(seed: int, operations: int) -> Counter[str]:
    clinic, starts = Clinic.built(PEOPLE), crew.barrier(PROCESSES)
    scene.settled()
    works = [partial(_member, clinic, starts, seed, number, operations) for number in range(PROCESSES)]
    return crew.total(crew.together(works, starts))


def _member(clinic: Clinic, starts: crew.Barrier, seed: int, number: int, operations: int) -> Counter[str]:
    chance, outcomes = random.Random(seed * 1000 + number), Counter[str]()
    desk = Desk(clinic, chance.choice)
    crew.connect("read committed")
    starts.wait()
    for name in chance.choices([*SHARES], weights=[*SHARES.values()], k=operations):
        outcomes[f"{name} {_done(desk, name)}"] += 1
    return outcomes


def _done(desk: Desk, name: str) -> str:
    """What came of it. Anything but a refusal in words is an error, and so is a refusal of what is always taken."""
    try:
        return "done" if getattr(desk, name)() else "had nothing to do"
    except (Refused, ValidationError) as error:
        if name in ALWAYS_TAKEN or (name == "amend" and isinstance(error, Refused)):
            raise
        return "refused"
    except Stale:
        return "stale"
    except IntegrityError as error:
        if name in WRITES_PAST_SERVICES and guards.violated(error):
            return "refused by a guard"
        raise
    except OperationalError as error:
        if name in WRITES_PAST_SERVICES and getattr(error.__cause__, "sqlstate", "") in ("40001", "40P01"):
            return "sent away"
        raise
