"""Fill an empty database with the demo clinic: fictional people through the same services as everybody else."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from clinic.models import User
from treatments.management import demo_messages
from treatments.management.demo_clinic import Clinic, Days, on_day
from treatments.models import Appointment, CourseTreatment, Patient
from treatments.queries.rulebook import rulebook
from treatments.rules.periods import add_months
from treatments.rules.vocabulary import Answer, AppointmentState, Outcome, Reply, Side, TreatmentKind, Way
from treatments.services import (
    appointments,
    consents,
    contacts,
    courses,
    due_dates,
    earlier,
    effects,
    flags,
    merges,
    patients,
    replies,
    treatments,
)

FOLDER = Path(__file__).resolve().parent.parent / "demo"
FILES = ("people", "diary", "regulars")
TELL_OF = ("glabellar_lines", "chronic_migraine")  # whoever has one of these is asked how long it lasted
STORIES = (
    "history",
    "effects",
    "by_hand",
    "flags",
    "visits",
    "elsewhere",
    "answered",
    "died",
    "stopped",
    "consent",
    "earlier",
    "contacts",
)


class Command(BaseCommand):
    help = "Load the demo clinic into an empty database and print its sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing where patients are on record")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo clinic has known passwords and does not belong into production.")
        clinic = Clinic(_read("clinic"), Days(timezone.now()))
        if Patient.objects.exists():
            if not options["if_empty"]:
                raise CommandError(
                    "There are patients on record. The demo clinic is loaded into an empty database only."
                )
        else:
            with transaction.atomic():
                clinic.load()
                Demo(clinic).load([person for name in FILES for person in _read(name)["people"]])
            demo_messages.load(at=clinic.days.at)
            self.stdout.write(f"Demo clinic loaded: {Patient.objects.count()} patients.")
        if User.objects.filter(username=clinic.told["staff"][0]["username"]).exists():
            self.stdout.write(clinic.sign_ins())


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


class Demo:
    """The people of one load. Days in the files count from its day, those of visits are working days."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.days = clinic, clinic.days
        self.at, self.today = clinic.days.at, clinic.days.today
        self._day, self._moment = clinic.days.day, clinic.days.moment

    def load(self, people: list[dict[str, Any]]) -> None:
        self.book, self.told = rulebook(self.today), 0
        for person in people:
            self._person(dict(person))
        self.clinic.stop_lot()
        self._merge()

    def _person(self, row: dict[str, Any]) -> None:
        stories = {name: row.pop(name, None) for name in STORIES}
        self.asks = not stories["effects"]  # those with a story of their own have told it all
        ago = [day for given in stories["history"] or [] for day in given["days"]]
        patient = patients.register(by="maya", at=self._moment(-max(ago, default=20) - 10), **row)
        self._past(patient, stories, ago)
        visits = stories["visits"] or []
        for visit in visits:
            if "override" not in visit:
                self._visit(patient, visit)
        for flag in stories["flags"] or []:
            self._flag(patient, flag)
        for visit in visits:
            if "override" in visit:
                self._visit(patient, visit)
        for row in stories["contacts"] or []:
            self._contact(patient, row)
        if wish := stories["earlier"]:
            self._earlier(patient, wish)
        self._ends(patient, stories)

    def _past(self, patient: Patient, stories: dict[str, Any], ago: list[int]) -> None:
        history = stories["history"] or []
        for given, day in sorted(((g, day) for g in history for day in g["days"]), key=lambda pair: -pair[1]):
            self._treat(patient, given, day)
        if elsewhere := stories["elsewhere"]:
            self._elsewhere(patient, elsewhere)
        for row in stories["effects"] or []:
            self._effect(patient, row)
        if row := stories["by_hand"]:
            self._set_window(patient, row)
        if stories["answered"] is not None and -stories["answered"] not in ago:
            self._answer(patient, stories["answered"])
        if ago and stories["consent"] is not False:
            signed = stories["consent"] or -min(ago)
            consents.sign(patient, signed_on=self._day(signed), by="lin", at=self._moment(signed))

    def _ends(self, patient: Patient, stories: dict[str, Any]) -> None:
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
            product=self.clinic.products[given["product"]],
            lot_number=given["lot"],
            lot_expires_on=add_months(self.today, self.clinic.told["lots"][given["lot"]]),
            lines=tuple(lines),
            practitioner=self.clinic.practitioners[given["by"]],
            appointment=visit,
        )
        self._told(patient, ago)
        self._answer(patient, -ago)
        treatments.sign(
            record,
            patient=patient,
            by=self._user(given["by"]),
            at=min(self._moment(-ago, "17:00"), self.at),
            acknowledged=True,
        )

    def _effect(self, patient: Patient, row: dict[str, Any]) -> None:
        """What was said of the effect of one treatment, in days after it."""
        given = CourseTreatment.objects.get(
            course__patient=patient,
            course__indication__code=row["area"],
            treatment__performed_on=self._day(-row["ago"]),
        )
        said = {
            name: self._day(row[word] - row["ago"]) if word in row else None
            for name, word in (("worn_off_on", "gone"), ("still_working_on", "still"), ("seen_gone_on", "seen"))
        }
        effects.correct(given, effects.Said(**said), by="lin", at=self.at)

    def _set_window(self, patient: Patient, row: dict[str, Any]) -> None:
        course = patient.courses.get(indication__code=row["area"])
        opens, closes = self._day(row["from"]), self._day(row["until"])
        at = self._moment(-3)
        due_dates.set_window(course, due_from=opens, due_until=closes, reason=row["reason"], by="maya", at=at)

    def _told(self, patient: Patient, ago: int) -> None:
        """What most people say of the last effect when they come again: gone after so many days, or still there."""
        course = patient.courses.filter(indication__code__in=TELL_OF, last_treated_on__lt=self._day(-ago)).first()
        self.told += 1
        if not self.asks or course is None or course.last_treated_on is None or self.told % 5 == 0:
            return
        gone_on = course.last_treated_on + timedelta(days=91 + self.told * 11 % 36)
        again_on = self._day(-ago)
        gone = gone_on < again_on
        effects.note(
            course,
            by="lin",
            at=self._moment(-ago),
            worn_off_on=gone_on if gone else None,
            still_working_on=None if gone else again_on,
        )

    def _lines(self, area: str, units: Decimal) -> list[treatments.Line]:
        """The units of an area spread over its usual sites, to half a unit; the last site takes the rest."""
        sites = self.clinic.told["sites"][area]
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
            indications=[self.clinic.indications[area] for area in row["areas"]],
            not_before_on=self._day(-row["days"][0]),
            performed_on=self._day(-row["days"][1]),
            product=self.clinic.products[row["product"]],
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
        service, decided = self.clinic.services[row["service"]], row.get("override")
        booking = appointments.Booking(
            patient=patient,
            indications=tuple(self.clinic.indications[area] for area in row["areas"]),
            practitioner=self.clinic.practitioners[row["by"]],
            room=self.clinic.rooms[row["room"]],
            starts_at=on_day(self.days.working_day(row["day"]), row["at"]),
            minutes=row.get("minutes", service.minutes),
            service=service,
        )
        people = self.clinic.people
        override = (
            appointments.Override(people[decided["by"]], decided["reason"], decided["words"]) if decided else None
        )
        booked_at = self._moment(-1 if decided else -row["booked"])
        by = people[decided["by"] if decided else "maya"]
        visit = appointments.book(booking, by=by, at=booked_at, override=override, acknowledged=True)
        self._happened(visit, row)

    def _happened(self, visit: Appointment, row: dict[str, Any]) -> None:
        """What has become of the visit until now."""
        state = AppointmentState(row["state"])
        since = max(self.at - timedelta(minutes=row.get("waited", 20)), self._moment(0, "00:01"))
        if state == AppointmentState.CANCELLED:
            who, reason = row["reason"].split(": ", 1)
            appointments.cancel(visit, who=who, reason=reason, what_next="list", by="maya", at=self._moment(-1))
        elif state == AppointmentState.DONE:
            self._treat(visit.patient, row["given"], 0, visit)
        elif state in (AppointmentState.CHECKED, AppointmentState.IN_ROOM):
            answers = dict.fromkeys(self.book.questions, Answer.NO)
            appointments.check_in(visit, identified=True, answers=answers, by="maya", at=since)
            if state == AppointmentState.IN_ROOM:
                appointments.mark(visit, state, by="lin", at=max(self.at - timedelta(minutes=5), since))
        elif state != AppointmentState.BOOKED:
            appointments.mark(visit, state, by="maya", at=since)
        if "reply" in row:
            wished = on_day(self.days.working_day(row["wished"][0]), row["wished"][1]) if "wished" in row else None
            said, at = Reply(row["reply"]), self._moment(-1, "18:20")
            replies.reply(visit, said, by=replies.PATIENT, at=at, way=Way.LINK, wished_at=wished)

    def _earlier(self, patient: Patient, row: dict[str, Any]) -> None:
        visit = patient.appointments.live().order_by("starts_at", "pk").first()
        who = self.clinic.practitioners[row["by"]] if "by" in row else None
        earlier.ask(patient, appointment=visit, practitioner=who, note=row["note"], by="maya", at=self._moment(-3))

    def _contact(self, patient: Patient, row: dict[str, Any]) -> None:
        """A call about the course that was treated first in the file."""
        until = self._day(row["until"]) if "until" in row else None
        contacts.log(
            patient.courses.order_by("pk")[0],
            outcome=Outcome(row["outcome"]),
            until=until,
            reason=row.get("reason", ""),
            by="maya",
            at=self._moment(-row["ago"], row["at"]),
        )

    def _merge(self) -> None:
        row = self.clinic.told["merge"]
        kept = Patient.objects.get(family_name=row["kept"])
        gone = patients.register(by="maya", at=self._moment(-300), different=True, **row["gone"])
        merges.merge(kept, gone, reason=row["reason"], by="ito", at=self._moment(-20))

    def _user(self, practitioner: str) -> str:
        return next(row["username"] for row in self.clinic.told["staff"] if row.get("practitioner") == practitioner)
