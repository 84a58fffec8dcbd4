"""What is measured over HTTP on a running server: races, bookings, free times, the calendar; beside a peer when asked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from itertools import count, cycle
from pathlib import Path
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from clinic.models import Practitioner, Room
from tests.benchmarks import load, peer, race
from tests.benchmarks.diary import A_DAY, STAFF, Diary
from tests.benchmarks.generator import Clinic
from tests.benchmarks.load import Ask, Side
from tests.benchmarks.measure import Asked, Missed, SignedIn, interleaved, pages, table
from tests.benchmarks.peer import Peer
from tests.benchmarks.people import Person, staff
from tests.benchmarks.server import WORKERS, Server, product
from treatments.models import Appointment, Course, Flag, Patient

VISITS, CLIENTS = 100_000, 500  # at scale 1
MINUTES = 30


@contextmanager
def beside(asked: Asked, n_visits: int) -> Iterator[Peer | None]:
    """The peer with as many visits, where it is asked for."""
    with ExitStack() as resources:
        if not asked.peer:
            yield None
            return
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="clinic-peer-")))
        yield resources.enter_context(peer.running_with(n_visits, folder, on=timezone.localdate()))


def _a_round(asked: Asked, most: int) -> int:
    """How many requests a round has: fewer in a clinic that is only there for a test."""
    return max(2, min(most, int(10 * most * asked.scale)))


# ---- P6: races ----


def races(asked: Asked) -> str:
    """P6: each door, then a flag against bookings; raises where one time was given twice or an answer was not clean."""
    clients = max(4, min(50, int(CLIENTS * asked.scale)))
    with product() as server:
        scene = race.Scene(server, clients)
        ran = [race.at_the_door(scene, name, asked.rounds) for name in race.DOORS]
        ran.append(race.flag_against_booking(scene, asked.rounds))
    broken = race.what_is_broken()
    head = f"\nRaces of {clients} requests, {WORKERS} workers\n{'':34}{'rounds':>7}   {'got it':22}answers"
    lines = [
        head,
        *(each.row() for each in ran),
        f"The independent checker finds {len(broken)} violations.",
        *broken[:10],
    ]
    if asked.peer:
        lines.append(_race_of_the_peer(asked, clients))
    if broken or any(each.lost for each in ran):
        raise Missed("\n".join(lines))
    return "\n".join(lines)


def _race_of_the_peer(asked: Asked, clients: int) -> str:
    """The same half hour, asked for by everybody at once in one round, as its staff calendar does it."""
    with beside(asked, 100) as other:
        assert other is not None
        on, who = timezone.localdate() + timedelta(days=30), other.staff[0]
        answers = race.together([lambda: other.book_as_staff(who, on, "09:00") for _n in range(clients)])
    booked = sum(answer.status == 200 for answer in answers)
    return f"{peer.PEER} {peer.VERSION}, its staff calendar: {booked} of {clients} got the same time (not part of the goal)."


# ---- P7: bookings a second ----


def booking(asked: Asked) -> str:
    """P7: the booking page with everything it checks, one client and four, at times that are all free."""
    clinic = Clinic(timezone.localdate(), n_staff=max(4, int(VISITS * asked.scale / 2500)))
    clinic.grow_to(int(VISITS * asked.scale))
    n_visits, parts = Appointment.objects.count(), []
    with product() as server, beside(asked, n_visits) as other:
        ours, n = _bookings(server), _a_round(asked, 40)
        theirs = _bookings_of_the_peer(other) if other else {}
        for clients in (1, 4):
            sides = [Side("booking page, all checks and guards", server, ours, n, takes=(302,))]
            if other:
                sides += [Side(name, other.server, asks, n, takes) for name, (asks, takes) in theirs.items()]
            title = f"Bookings, {clients} clients, {n_visits:,} visits before"
            parts.append(load.table(title, load.taking_turns(sides, clients=clients, rounds=asked.rounds)))
    return "\n".join(parts) + ("" if other else f"\n{peer.HOW}")


def _bookings(server: Server) -> Iterator[Ask]:
    """Patients who are due and may be treated, each booked once, at a time that nobody else has."""
    users = staff(4, "reception")
    people = [Person.of(server, user) for user in users]
    on = timezone.localdate()
    due = Course.objects.filter(due_from__lte=on, lapsed_from__gt=on, doubt="", stopped_on=None, patient__died_on=None)
    due = due.exclude(patient__in=Flag.objects.values("patient")).exclude(patient__appointments__on__gt=on)
    rows = due.order_by("pk").values_list("patient__public_id", "indication__code").iterator()
    who, rooms = list(Practitioner.objects.order_by("pk")), list(Room.objects.order_by("pk"))
    seen: set[str] = set()
    for public_id, area in rows:
        if public_id in seen:
            continue
        number, _new = len(seen), seen.add(public_id)
        day, place = divmod(number, 16 * len(who))
        slot, desk = divmod(place, len(who))
        person = people[number % len(people)]
        form = person.form(f"/patients/{public_id}/book/", "starts")
        sent = form.filled(
            indications=area, practitioner=who[desk].pk, room=rooms[desk].pk, on=on + timedelta(days=40 + day),
            slot="", starts=f"{8 + slot // 2:02}:{slot % 2 * 30:02}", minutes=MINUTES,
        )  # fmt: skip
        yield lambda person=person, form=form, sent=sent: person.post(form.action, sent)


def _bookings_of_the_peer(other: Peer) -> dict[str, tuple[Iterator[Ask], tuple[int, ...]]]:
    """Both of its ways to book, with the answer to a booking; neither checks anything about the time."""
    numbers, on = count(), timezone.localdate() + timedelta(days=400)

    def time_of(number: int) -> tuple[int, date, str, str]:
        place, who = divmod(number, len(other.staff))
        day, slot = divmod(place, 18)
        start, end = (f"{8 + n // 2:02}:{n % 2 * 30:02}" for n in (slot, slot + 1))
        return other.staff[who], on + timedelta(days=day), start, end

    def as_staff() -> Iterator[Ask]:
        for number in numbers:
            who, day, start, _end = time_of(number)
            yield lambda who=who, day=day, start=start: other.book_as_staff(who, day, start)

    def as_client() -> Iterator[Ask]:
        for number in numbers:
            when = time_of(number)
            yield lambda number=number, when=when: other.book_as_client(number, *when)

    return {
        f"{peer.PEER}, staff calendar, no checks": (as_staff(), (200,)),
        f"{peer.PEER}, client's two steps": (as_client(), (302,)),
    }


# ---- P8: free times ----


def slots(asked: Asked) -> str:
    """P8: the free times of one practitioner and day, in a diary of a hundredth of the visits and of all of them."""
    diary, parts, growth = Diary(timezone.localdate()), [], []
    n = _a_round(asked, 50)
    sizes = sorted({max(STAFF * A_DAY, int(VISITS * asked.scale / part)) for part in (100, 1)})
    with product() as server:
        person = Person.of(server, staff(1, "reception")[0])
        for n_visits in sizes:
            diary.grow_to(n_visits)
            last = n_visits == sizes[-1]
            with beside(asked if last else asked._replace(peer=False), n_visits) as other:
                sides = [
                    Side(name, server, _slots(person, diary, on, n), n, takes=(200,))
                    for name, on in (
                        ("a pressed day, all taken", diary.full_day),
                        ("a pressed day, all free", diary.free_day),
                    )
                ]
                if other:
                    sides.append(Side(f"{peer.PEER}, its slots", other.server, _slots_of_the_peer(other, diary), n))
                speeds = load.taking_turns(sides, clients=4, rounds=asked.rounds)
            growth.append(speeds[0].cpu_ms)
            parts.append(load.table(f"Free times, 4 clients, {n_visits:,} visits", speeds))
    parts.append(f"CPU of ours at {sizes[-1]:,} visits against {sizes[0]:,}: {growth[-1] / max(growth[0], 1e-9):.2f}x")
    return "\n".join(parts) + ("" if asked.peer else f"\n{peer.HOW}")


def _slots(person: Person, diary: Diary, on: date, n: int) -> Iterator[Ask]:
    """What the booking page asks for when a day is pressed, of one practitioner after the other."""
    patient = Patient.objects.order_by("pk").values_list("public_id", flat=True)[0]
    addresses = []
    for who in diary.staff[:n]:
        page = person.form(f"/patients/{patient}/book/?practitioner={who.pk}", "search")
        search = dict(page.fields)["search"]
        addresses.append(f"{reverse('times')}?{urlencode({'search': search, 'use_day': on})}")
    for address in cycle(addresses):
        yield lambda address=address: person.get(address)


def _slots_of_the_peer(other: Peer, diary: Diary) -> Iterator[Ask]:
    for number in count():
        yield lambda number=number: other.slots(other.staff[number % len(other.staff)], diary.full_day)


# ---- P9: the calendar ----


@pages()
def calendar(asked: Asked) -> str:
    """P9: the day of twenty practitioners with 280 visits, against a page that does nothing; then over HTTP."""
    diary = Diary(timezone.localdate())
    diary.grow_to(max(STAFF * A_DAY, int(VISITS * asked.scale)))
    address = reverse("calendar_day", args=[diary.full_day])
    user = staff(1, "reception")[0]
    person = SignedIn(user)
    kilobytes = len(person.get(address)) / 1000
    sides = {"signed-in empty view": lambda: person.get("/nothing/"),
             f"day of {STAFF} with {STAFF * A_DAY} visits": lambda: person.get(address)}  # fmt: skip
    title = f"The calendar, {diary.n_visits:,} visits, {kilobytes:.0f} kB"
    parts = [table(title, interleaved(sides, rounds=asked.rounds))]
    with product() as server, beside(asked, diary.n_visits) as other:
        browser = Person.of(server, user)
        served = [
            Side("calendar of the day", server, _again(lambda: browser.get(address)), _a_round(asked, 20), takes=(200,))
        ]
        if other:
            page = len(other.calendar().body) / 1000
            served.append(Side(f"{peer.PEER}, its calendar, {page:,.0f} kB", other.server, _again(other.calendar), 1))
        parts.append(load.table("Over HTTP, 1 client", load.taking_turns(served, clients=1, rounds=asked.rounds)))
    return "\n".join(parts) + ("" if other else f"\n{peer.HOW}")


def _again(ask: Ask) -> Iterator[Ask]:
    while True:
        yield ask
