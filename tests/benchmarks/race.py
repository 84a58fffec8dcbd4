"""P6: many requests for one time at the same moment. One is booked, the others are refused cleanly, whatever the door."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import count
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from clinic.models import Location, Practitioner, Room, User
from tests.benchmarks.measure import CSRF
from tests.benchmarks.people import Form, Person, staff
from tests.benchmarks.server import Answer, Server, together
from treatments.forms.times import Slot
from treatments.models import Appointment, Flag, Indication, Patient
from treatments.queries.invariants import violations
from treatments.rules.vocabulary import GOING_AHEAD
from treatments.services import appointments, patients
from treatments.services.diary import Booking

FOR, MINUTES = "glabellar_lines", 30
REFUSED = (409, 422)
Ask = Callable[[], Answer]


@dataclass
class Race:
    """What came of all rounds at one door."""

    door: str
    rounds: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    booked: Counter[int] = field(default_factory=Counter)  # how many got the time -> in how many rounds
    wanted: int = 1

    @property
    def lost(self) -> bool:
        return set(self.booked) != {self.wanted} or bool(set(self.statuses) - {"booked", "saved", "refused"})

    def row(self) -> str:
        told = ", ".join(f"{n} in {rounds} rounds" for n, rounds in sorted(self.booked.items()))
        answers = ", ".join(f"{number} {status}" for status, number in sorted(self.statuses.items()))
        return f"{self.door:34}{self.rounds:7}   {told:22}{answers}{'   MISSED' if self.lost else ''}"


class Scene:
    """A clinic in which so many members of staff each have a patient and a browser."""

    def __init__(self, server: Server, clients: int) -> None:
        self.on, self.at = timezone.localdate(), timezone.now()
        here = Location.objects.create(name="Race")
        self.server, self.clients = server, clients
        self.room = Room.objects.create(name="Race room", location=here)
        self.parking = Room.objects.create(name="Waiting room", location=here)
        self.indication = Indication.objects.get(code=FOR)
        self.users = staff(clients, "reception", "manager", is_staff=True)
        self.staff = [Person.of(server, user) for user in self.users]
        self.patients = [self.patient(n) for n in range(clients)]
        self.n_patients = clients
        self.forms: dict[tuple[str, str], Form] = {}

    def form(self, person: Person, path: str, name: str) -> Form:
        """The form as the person's browser got it, opened anew: with a token of its own against a second press."""
        key = person.session, path
        if key not in self.forms:
            self.forms[key] = person.form(path, name)
        known = self.forms[key]
        return replace(known, fields=known.filled(once=uuid4().hex))

    def patient(self, number: int) -> Patient:
        return patients.register(
            family_name=f"Racer{number:05}", given_name="Alina", born_on=date(1985, 7, 14), by=self.users[0].username,
            at=self.at, different=True,
        )  # fmt: skip

    def practitioner(self, name: str) -> Practitioner:
        return Practitioner.objects.create(name=name)

    def day(self, turn: int) -> date:
        return self.on + timedelta(days=20 + turn)

    def book(self, who: Patient, practitioner: Practitioner, room: Room, starts_at: datetime, by: User) -> Appointment:
        booking = Booking(who, (self.indication,), practitioner, room, starts_at, MINUTES)
        return appointments.book(booking, by=by, at=self.at)


def moment(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, timezone.get_current_timezone())


# ---- the doors: each gives, round after round, what everybody asks for at once ----


def books_offered(scene: Scene, practitioner: Practitioner) -> Iterator[list[Ask]]:
    """The booking page, for the same time as it stands among the free ones."""

    def press(_n: int, turn: int) -> dict[str, object]:
        return {"slot": Slot(moment(scene.day(turn), time(9)), practitioner.pk, scene.room.pk), "starts": "", "on": ""}

    yield from _by_page(scene, practitioner, press)


def books_typed(scene: Scene, practitioner: Practitioner) -> Iterator[list[Ask]]:
    """The same for an hour each that is typed and starts at another minute: every two of them overlap."""

    def write(n: int, turn: int) -> dict[str, object]:
        return {"slot": "", "on": scene.day(turn), "starts": f"10:{n % 60:02}", "minutes": 60}

    yield from _by_page(scene, practitioner, write)


def _by_page(
    scene: Scene, practitioner: Practitioner, when: Callable[[int, int], dict[str, object]]
) -> Iterator[list[Ask]]:
    for turn in count():
        asks = []
        for n, (person, patient) in enumerate(zip(scene.staff, scene.patients, strict=True)):
            form = scene.form(person, f"/patients/{patient.public_id}/book/", "starts")
            area = "indications" if "indications" in form.names else "others"
            sent = form.filled(**{area: FOR}, practitioner=practitioner.pk, room=scene.room.pk, **when(n, turn))
            asks.append(lambda person=person, form=form, sent=sent: person.post(form.action, sent))
        yield asks


def moves(scene: Scene, practitioner: Practitioner) -> Iterator[list[Ask]]:
    """The page that moves a visit: everybody's lies elsewhere and is moved to the same time."""
    elsewhere = scene.practitioner("Elsewhere")
    visits = []
    for n, (patient, user) in enumerate(zip(scene.patients, scene.users, strict=True)):
        starts_at = moment(scene.on + timedelta(days=2 + n // 16), time(8 + n % 16 // 2, n % 2 * 30))
        visits.append(scene.book(patient, elsewhere, scene.parking, starts_at, user))
    for turn in count():
        asks = []
        for person, visit in zip(scene.staff, visits, strict=True):
            form = scene.form(person, f"/visits/{visit.public_id}/move/", "starts")
            sent = form.filled(
                practitioner=practitioner.pk,
                room=scene.room.pk,
                on=scene.day(turn),
                slot="",
                starts="12:00",
                minutes=MINUTES,
                version=Appointment.objects.get(pk=visit.pk).version,
            )
            asks.append(lambda person=person, form=form, sent=sent: person.post(form.action, sent))
        yield asks


def adds_in_admin(scene: Scene, practitioner: Practitioner) -> Iterator[list[Ask]]:
    """The admin panel's own form, which answers a refusal with the form and its errors."""
    for turn in count():
        asks = []
        for person, patient in zip(scene.staff, scene.patients, strict=True):
            form = scene.form(person, "/admin/treatments/appointment/add/", "starts_at_0")
            sent = form.filled(
                patient=patient.pk, indications=scene.indication.pk, practitioner=practitioner.pk, room=scene.room.pk,
                starts_at_0=scene.day(turn), starts_at_1="13:00", minutes=MINUTES,
            )  # fmt: skip
            asks.append(lambda person=person, form=form, sent=sent: person.post(form.action, sent))
        yield asks


def comes_back(scene: Scene, practitioner: Practitioner) -> Iterator[list[Ask]]:
    """Visits of one time, each cancelled for the next one; then all of them are to be booked again."""
    for turn in count():
        asks = []
        for person, patient, user in zip(scene.staff, scene.patients, scene.users, strict=True):
            visit = scene.book(patient, practitioner, scene.room, moment(scene.day(turn), time(14)), user)
            appointments.cancel(visit, who="clinic", reason="Race", by=user.username, at=scene.at)
            path, sent = f"/visits/{visit.public_id}/mark/booked/", [("csrfmiddlewaretoken", CSRF)]
            asks.append(lambda person=person, path=path, sent=sent: person.post(path, sent))
        yield asks


DOORS: dict[str, Callable[[Scene, Practitioner], Iterator[list[Ask]]]] = {
    "booking page, an offered time": books_offered,
    "booking page, overlapping times": books_typed,
    "moving a visit there": moves,
    "admin panel, add": adds_in_admin,
    "cancelled visits, booked again": comes_back,
}


def at_the_door(scene: Scene, name: str, rounds: int) -> Race:
    """All rounds of one door, each counted in the database after everybody was answered."""
    race, practitioner = Race(name), scene.practitioner(name)
    asked = DOORS[name](scene, practitioner)
    for turn in range(rounds):
        answers = together(next(asked))
        there = Appointment.objects.taking_time().filter(practitioner=practitioner, on=scene.day(turn))
        race.rounds += 1
        race.booked[there.count()] += 1
        race.statuses.update(map(_outcome, answers))
    return race


def _outcome(answer: Answer) -> str:
    if answer.status == 302:
        return "booked"
    errors = answer.status == 200 and "errornote" in answer.body  # the admin panel's way to say no
    return "refused" if errors or answer.status in REFUSED else f"answered {answer.status}"


# ---- a flag at the same moment ----


def flag_against_booking(scene: Scene, rounds: int) -> Race:
    """Pregnancy is saved for everybody whom a colleague is booking. The flag always is; no visit goes ahead under it."""
    race, practitioners = Race("pregnancy saved while booking", wanted=0), []
    pairs = max(1, scene.clients // 2)
    for n in range(pairs):
        practitioners.append(scene.practitioner(f"Flag race {n}"))
    for turn in range(rounds):
        people = [scene.patient(scene.n_patients + n) for n in range(pairs)]
        scene.n_patients += pairs
        answers = together(
            [ask for n, who in enumerate(people) for ask in _pair(scene, who, practitioners[n], n, turn)]
        )
        under = Appointment.objects.filter(patient__in=people, state__in=[state.value for state in GOING_AHEAD])
        unsaved = pairs - Flag.objects.filter(patient__in=people, kind="pregnancy").count()
        race.rounds += 1
        race.booked[under.count() + unsaved] += 1
        race.statuses.update("saved" if answer.status == 302 else _outcome(answer) for answer in answers)
    return race


def _pair(scene: Scene, patient: Patient, practitioner: Practitioner, n: int, turn: int) -> list[Ask]:
    books, raises = scene.staff[2 * n % scene.clients], scene.staff[(2 * n + 1) % scene.clients]
    room = Room.objects.get_or_create(name=f"Flag room {n}", location=scene.room.location)[0]
    visit = books.form(f"/patients/{patient.public_id}/book/", "starts")
    flag = raises.form(f"/patients/{patient.public_id}/flags/new/", "kind")
    booked = visit.filled(
        others=FOR,
        practitioner=practitioner.pk,
        room=room.pk,
        on=scene.day(turn),
        slot="",
        starts="09:00",
        minutes=MINUTES,
    )
    raised = flag.filled(kind="pregnancy", starts_on=scene.on)
    return [lambda: books.post(visit.action, booked), lambda: raises.post(flag.action, raised)]


def what_is_broken() -> list[str]:
    """By the independent checker, which shares nothing with the services or the guards."""
    return [str(violation) for violation in violations(connection)]
