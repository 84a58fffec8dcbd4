"""10,000 due courses, four workers, one of them killed every few seconds, a provider that fails and hangs.

No message twice, none lost, every uncertain one listed, and the buckets add up.
"""

from __future__ import annotations

import os
import random
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from multiprocessing.process import BaseProcess

from django.conf import settings
from django.db import connections

from clinic.channels.base import Outgoing, Trouble
from clinic.channels.http import Channel
from tests.factories import BY, TODAY
from tests.soak import report, scene
from tests.soak.crew import FORK, said
from tests.soak.databases import Database
from tests.soak.provider import TIMEOUT, Provider, open_for_business
from treatments.models import Course, Message, Patient, Reminder
from treatments.rules.reminders import Bucket
from treatments.rules.vocabulary import MessageState
from treatments.services import messages, reminders

PEOPLE, WORKERS = 10_000, 4
NOON = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
ROUND = timedelta(minutes=30)  # by which the clock is put forward for what is tried again
# Every so many patients one who is not to be written to, by reason.
HELD_BACK = {
    "opted_out": {"contact_consent": "no"},
    "not_asked": {"contact_consent": ""},
    "no_channel": {"phone": ""},
    "stopped": {"died_on": date(2026, 11, 1)},
}
EVERY = 25


def soak(database: Database, scale: float, _seeds: tuple[int, ...]) -> None:
    people = max(100, round(PEOPLE * scale))
    every = (2.0, 5.0) if scale >= 0.5 else (0.2, 0.5)
    kills = 1_000 if scale >= 0.5 else 12  # of one round
    with open_for_business(database.folder) as provider:
        settings.CHANNELS = {"sms": "http", "email": "off"}
        settings.CLINIC_SMS_URL, settings.CHANNEL_TIMEOUT = provider.url, TIMEOUT
        _proven(database, provider, people, every, kills)
        twice = 0

        def control(tried: int) -> int:
            nonlocal twice
            database.fresh()
            provider.forget()
            number = min(people, 200) * tried
            number -= sum(_clinic(number).values())
            _work(_carelessly, every, kills, lambda: Message.objects.count() < number)
            twice = sum(number - 1 for number in provider.numbers.values())
            return twice

        report.must_go_wrong("reminders", control)
        report.line(f"reminders, control that marks after it has sent: {twice} sent again")


def _proven(database: Database, provider: Provider, people: int, every: tuple[float, float], kills: int) -> None:
    database.fresh()
    held_back, started = _clinic(people), time.monotonic()
    expected = people - sum(held_back.values())
    killed = _work(_run, every, kills, lambda: Reminder.objects.count() < expected)
    at, unfinished = NOON, [MessageState.WAITING.value, MessageState.CLAIMED.value]
    waiting = Message.objects.filter(state=MessageState.WAITING.value)
    while Message.objects.filter(state__in=unfinished).exists():
        at += ROUND
        killed += _work(partial(_try_again, at), every, kills, waiting.exists)
    balance = reminders.balance(on=TODAY, at=at)
    took = time.monotonic() - started
    _check(provider, people, held_back, balance)
    report.clean("reminders")
    uncertain = Message.objects.filter(state=MessageState.UNCERTAIN.value)
    arrived = len(set(uncertain.values_list("public_id", flat=True)) & set(provider.ids))
    listed = Counter({name: number for name, number in balance.items() if number})
    report.line(
        f"reminders, {people:,} due courses, {WORKERS} workers, {killed} killed, {took:.0f} s: "
        f"{sum(provider.ids.values()):,} taken by the provider, 0 twice, 0 lost; {said(listed)}; "
        f"of the uncertain ones {arrived} had arrived"
    )
    connections.close_all()


def _clinic(number: int) -> Counter[str]:
    """As many people with one due course each; how many are held back, by reason."""
    reasons = list(HELD_BACK)
    why = [reasons[n // EVERY % len(reasons)] if n % EVERY == 0 else "" for n in range(number)]
    people = Patient.objects.bulk_create(
        [
            Patient(
                **({"phone": f"+4477009{n:05}", "contact_consent": "yes"} | HELD_BACK.get(why[n], {})),
                public_id=f"S{n:05}", family_name=f"Soak{n}", given_name="Alina", born_on=scene.BORN_ON, registered_on=TODAY,
            )
            for n in range(number)
        ],
        batch_size=2000,
    )  # fmt: skip
    area = scene.indication()
    Course.objects.bulk_create(
        [
            Course(
                patient=person, indication=area, earliest_on=date(2026, 10, 17), due_from=date(2026, 10, 25),
                due_until=date(2026, 11, 25), overdue_from=date(2026, 11, 26), lapsed_from=date(2027, 7, 25),
                last_treated_on=date(2026, 7, 25), last_effective_on=date(2026, 7, 25), product="botox", units=20,
            )
            for person in people
        ],
        batch_size=2000,
    )  # fmt: skip
    scene.settled()
    return Counter(reason for reason in why if reason)


def _check(provider: Provider, people: int, held_back: Counter[str], balance: dict[str, int]) -> None:
    """The provider's own list against what is stored, and the buckets against the courses."""
    state = dict(Message.objects.values_list("public_id", "state"))
    sent = {id for id, one in state.items() if one == MessageState.SENT}
    uncertain = {id for id, one in state.items() if one == MessageState.UNCERTAIN}
    expected = people - sum(held_back.values())
    wrong = {
        "the provider was given a message twice": [id for id, n in provider.ids.items() if n > 1],
        "somebody was written to twice": [to for to, n in provider.numbers.items() if n > 1],
        "marked as sent, and the provider does not have it": sorted(sent - set(provider.ids)),
        "the provider has it, and nobody is told": sorted(set(provider.ids) - sent - uncertain),
        "neither sent nor uncertain": sorted(set(state) - sent - uncertain),
        "messages without a step, or steps without one": [Reminder.objects.count()]
        * (Reminder.objects.count() != len(state)),
        "nobody was written to": [expected - len(state)] * (expected != len(state)),
        "the buckets do not add up": [balance]
        * (sum(balance[b.value] for b in Bucket if b != Bucket.TO_SEND) != people),
        "in another bucket": [balance] * (any(balance[name] != n for name, n in held_back.items())),
        "the uncertain ones are not all listed": [balance] * (balance["uncertain"] != len(uncertain)),
        "left over": [balance[reminders.LEFT]] * bool(balance[reminders.LEFT]),
    }
    if found := {what: (len(rows), rows[:5]) for what, rows in wrong.items() if rows}:
        raise AssertionError(f"reminders: {found}")


# ---- workers that are killed ----


def _work(work: Callable[[], None], every: tuple[float, float], kills: int, left: Callable[[], bool]) -> int:
    """Four workers at the same work until each has come to its end; one is killed every so often while any is left.

    How many were killed.
    """
    connections.close_all()
    working, killed, chance = [_start(work) for _n in range(WORKERS)], 0, random.Random(WORKERS)
    deadline = time.monotonic() + 3600
    while working:
        time.sleep(chance.uniform(*every) if killed < kills else 0.05)
        for process in [one for one in working if not one.is_alive()]:
            process.join()
            if process.exitcode:
                raise AssertionError(f"A worker ended with {process.exitcode}.")
            working.remove(process)
        if working and killed < kills and left():
            victim = working.pop(chance.randrange(len(working)))
            victim.kill()
            victim.join()
            killed += victim.exitcode == -9
            working.append(_start(work))
        if time.monotonic() > deadline:
            raise AssertionError("The workers do not come to an end.")
    return killed


def _start(work: Callable[[], None]) -> BaseProcess:
    connections.close_all()  # none is open where they part
    process = FORK.Process(target=_alone, args=(work,))
    process.start()
    return process


def _alone(work: Callable[[], None]) -> None:
    random.seed(os.getpid())
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    finally:
        connections.close_all()


def _run() -> None:
    row = reminders.run(on=TODAY, at=NOON, by=BY)
    if row.counts[reminders.ERRORS]:
        raise AssertionError(f"{row.counts[reminders.ERRORS]} patients failed.")


def _try_again(at: datetime) -> None:
    done = messages.send_waiting(at=at, most=PEOPLE)
    if done.counts["error"]:
        raise AssertionError(f"{done.counts['error']} messages failed.")


def _carelessly() -> None:
    """Looks who was not written to, writes, and marks it then."""
    for person in Patient.objects.filter(contact_consent="yes", died_on=None).exclude(phone="").order_by("pk"):
        if Message.objects.filter(patient=person).exists():
            continue
        try:
            Channel().send(Outgoing("CARELS", person.phone, "You are due."))
        except Trouble:
            continue
        Message.objects.create(
            key=f"{os.getpid()} {time.monotonic_ns()}", kind="careless", patient=person, made_by=BY, made_at=NOON,
            not_before_at=NOON, sent_at=NOON, state=MessageState.SENT.value,
        )  # fmt: skip
