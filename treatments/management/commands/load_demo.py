"""Fill an empty database with the demo clinic: fictional people through the same services as everybody else."""

from __future__ import annotations

import tomllib
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from clinic import permissions
from clinic.models import Location, Practitioner, Room, User
from treatments.models import Appointment, Indication, Patient, Product
from treatments.queries.rulebook import rulebook
from treatments.rules.periods import add_months
from treatments.rules.vocabulary import Answer, AppointmentState, Side, TreatmentKind
from treatments.services import appointments, courses, flags, patients, treatments

FOLDER = Path(__file__).resolve().parent.parent / "demo"
BY = "load_demo"


class Command(BaseCommand):
    help = "Load the demo clinic into an empty database and print its sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing where patients are on record")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo clinic has known passwords and does not belong into production.")
        demo = Demo(tomllib.loads((FOLDER / "clinic.toml").read_text("utf-8")), at=timezone.now())
        if Patient.objects.exists():
            if not options["if_empty"]:
                raise CommandError(
                    "There are patients on record. The demo clinic is loaded into an empty database only."
                )
        else:
            with transaction.atomic():
                demo.load(tomllib.loads((FOLDER / "people.toml").read_text("utf-8"))["people"])
            self.stdout.write(f"Demo clinic loaded: {Patient.objects.count()} patients.")
        if User.objects.filter(username=demo.clinic["staff"][0]["username"]).exists():
            self.stdout.write(demo.sign_ins())


class Demo:
    """One load. Days in the files count from `at`."""

    def __init__(self, clinic: dict[str, Any], *, at: datetime) -> None:
        self.clinic, self.at, self.today = clinic, at, timezone.localtime(at).date()

    def load(self, people: list[dict[str, Any]]) -> None:
        self._staff()
        self.products = {row.code: row for row in Product.objects.all()}
        self.indications = {row.code: row for row in Indication.objects.all()}
        self.book = rulebook(self.today)
        for person in people:
            self._person(dict(person))

    def sign_ins(self) -> str:
        rows = [f"  {s['username']:<8}{permissions.ROLE_LABELS[s['role']]}" for s in self.clinic["staff"]]
        return "\n".join(["Demo sign-ins, all with the password: " + self.clinic["password"], *rows])

    def _staff(self) -> None:
        permissions.make_roles()
        self.people, self.practitioners = {}, {}
        for row in self.clinic["staff"]:
            user = User.objects.create_user(
                row["username"],
                f"{row['username']}@example.org",
                self.clinic["password"],
                first_name=row["first_name"],
                last_name=row["last_name"],
                is_staff=row["role"] in ("manager", "auditor"),
                is_prescriber=row.get("prescriber", False),
            )
            user.groups.add(Group.objects.get(name=row["role"]))
            self.people[row["username"]] = user
            if name := row.get("practitioner"):
                self.practitioners[name] = Practitioner.objects.create(name=name, user=user)
        location = Location.objects.create(name=self.clinic["location"])
        self.rooms = {name: Room.objects.create(location=location, name=name) for name in self.clinic["rooms"]}

    def _person(self, row: dict[str, Any]) -> None:
        stories = {
            name: row.pop(name, None)
            for name in ("history", "flags", "visit", "elsewhere", "answered", "died", "stopped")
        }
        history = stories["history"] or []
        first = max((day for given in history for day in given["days"]), default=20)
        patient = patients.register(by="maya", at=self._moment(-first - 10), **row)
        for given, ago in sorted(((g, day) for g in history for day in g["days"]), key=lambda pair: -pair[1]):
            self._treat(patient, given, ago)
        if elsewhere := stories["elsewhere"]:
            self._elsewhere(patient, elsewhere)
        if stories["answered"] is not None and stories["answered"] not in {-day for g in history for day in g["days"]}:
            self._answer(patient, stories["answered"])
        visit = stories["visit"]
        if visit and "override" not in visit:
            self._visit(patient, visit)
        for flag in stories["flags"] or []:
            self._flag(patient, flag)
        if visit and "override" in visit:
            self._visit(patient, visit)
        if stories["died"]:
            changes = {"died_on": self._day(stories["died"])}
            patients.amend(patient, changes=changes, by="maya", at=self._moment(stories["died"] + 9))
        if stories["stopped"]:
            for course in patient.courses.all():
                courses.stop(course, reason=stories["stopped"], by="ito", at=self._moment(-40))

    def _treat(self, patient: Patient, given: dict[str, Any], ago: int, visit: Appointment | None = None) -> None:
        lines = [line for area, units in given["areas"].items() for line in self._lines(area, Decimal(units))]
        record = treatments.Record(
            performed_on=self._day(-ago),
            kind=TreatmentKind(given["kind"]),
            product=self.products[given["product"]],
            lot_number=given["lot"],
            lot_expires_on=add_months(self.today, self.clinic["lots"][given["lot"]]),
            lines=tuple(lines),
            practitioner=self.practitioners[given["by"]],
            appointment=visit,
        )
        self._answer(patient, -ago)
        treatments.sign(
            record,
            patient=patient,
            by=self._user(given["by"]),
            at=min(self._moment(-ago, "17:00"), self.at),
            acknowledged=True,
        )

    def _lines(self, area: str, units: Decimal) -> list[treatments.Line]:
        """The units of an area spread over its usual sites, to half a unit; the last site takes the rest."""
        sites = self.clinic["sites"][area]
        whole, left, lines = sum(share for _s, _side, share in sites), units, []
        for number, (site, side, share) in enumerate(sites, start=1):
            part = (units * share / whole * 2).quantize(Decimal(1), ROUND_HALF_UP) / 2
            part = left if number == len(sites) else part
            left -= part
            lines.append(treatments.Line(area, site, part, Side(side)))
        return lines

    def _elsewhere(self, patient: Patient, row: dict[str, Any]) -> None:
        treatments.record_elsewhere(
            patient=patient,
            indications=[self.indications[area] for area in row["areas"]],
            not_before_on=self._day(-row["days"][0]),
            performed_on=self._day(-row["days"][1]),
            product=self.products[row["product"]],
            units=Decimal(row["units"]),
            note=row["note"],
            by="maya",
            at=self._moment(-2),
        )

    def _answer(self, patient: Patient, days: int) -> None:
        answers = dict.fromkeys(self.book.questions, Answer.NO)
        patients.answer_questions(
            patient, answers=answers, by="lin", at=self._moment(days), answered_on=self._day(days)
        )

    def _flag(self, patient: Patient, row: dict[str, Any]) -> None:
        flags.raise_flag(
            patient=patient,
            kind=row["kind"],
            starts_on=self._day(row["since"]),
            ends_on=self._day(row["ends"]) if "ends" in row else None,
            review_on=self._review(row),
            source=row["source"],
            note=row.get("note", ""),
            by="osei",
            at=self._moment(min(row["since"], -1)),
        )

    def _review(self, row: dict[str, Any]) -> date | None:
        if "review" in row:
            return self._day(row["review"])
        return None if "ends" in row else flags.proposed_review(row["kind"], self.today, self.book)

    def _visit(self, patient: Patient, row: dict[str, Any]) -> None:
        starts_at = self._moment(row["day"], row["at"])
        booking = appointments.Booking(
            patient=patient,
            indications=tuple(self.indications[area] for area in row["areas"]),
            practitioner=self.practitioners[row["by"]],
            room=self.rooms[row["room"]],
            starts_at=starts_at,
            minutes=row["minutes"],
        )
        decided = row.get("override")
        override = (
            appointments.Override(self.people[decided["by"]], decided["reason"], decided["words"]) if decided else None
        )
        booked_at = self._moment(-1 if decided else -row["booked"])
        by = self.people[decided["by"] if decided else "maya"]
        visit = appointments.book(booking, by=by, at=booked_at, override=override, acknowledged=True)
        state = AppointmentState(row["state"])
        if state == AppointmentState.CANCELLED:
            who, reason = row["reason"].split(": ", 1)
            appointments.cancel(visit, who=who, reason=reason, by="maya", at=self._moment(-1))
        elif state == AppointmentState.DONE:
            self._treat(patient, row["given"], 0, visit)
        elif state != AppointmentState.BOOKED:
            waited = timedelta(minutes=row.get("waited", 20))
            appointments.mark(visit, state, by="maya", at=max(self.at - waited, self._moment(0, "00:01")))

    def _day(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def _moment(self, days: int, at: str = "09:00") -> datetime:
        return timezone.make_aware(datetime.combine(self._day(days), time.fromisoformat(at)))

    def _user(self, practitioner: str) -> str:
        return next(row["username"] for row in self.clinic["staff"] if row.get("practitioner") == practitioner)
