"""The demo clinic as an organisation: staff, rooms, hours and what is offered, from `demo/clinic.toml`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from clinic import permissions, phones
from clinic.models import Location, Practitioner, Room, User
from treatments.models import ClinicSettings, Indication, Product, Service
from treatments.services import hours, lots, offered

_OPENED_DAYS_AGO = 730
_WEEK = (0, 1, 2, 3, 4)


class Days:
    """Days and moments counted from the moment of the load."""

    def __init__(self, at: datetime) -> None:
        self.at, self.today = at, timezone.localtime(at).date()

    def day(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def working_day(self, number: int) -> date:
        """Today for 0, whatever day it is; otherwise the so many-th day from Monday to Friday after it."""
        day = self.today
        while number > 0:
            day += timedelta(days=1)
            number -= day.weekday() in _WEEK
        return day

    def moment(self, days: int, at: str = "09:00") -> datetime:
        return on_day(self.day(days), at)


def on_day(day: date, at: str) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.fromisoformat(at)))


class Clinic:
    """One load of the file, by name: `people`, `practitioners`, `rooms`, `services`, `products`, `indications`."""

    def __init__(self, told: dict[str, Any], days: Days) -> None:
        self.told, self.days = told, days
        self.products = {row.code: row for row in Product.objects.all()}
        self.indications = {row.code: row for row in Indication.objects.all()}
        self.opened_at = days.moment(-_OPENED_DAYS_AGO)

    def load(self) -> None:
        ClinicSettings.objects.create(telephone=phones.read(self.told["telephone"]))
        self._staff()
        self._rooms()
        self._hours()
        self._services()

    def _staff(self) -> None:
        permissions.make_roles()
        self.people, self.practitioners = {}, {}
        for row in self.told["staff"]:
            user = User.objects.create_user(
                row["username"],
                f"{row['username']}@example.org",
                self.told["password"],
                first_name=row["first_name"],
                last_name=row["last_name"],
                is_staff=row["role"] in ("manager", "auditor"),
                is_prescriber=row.get("prescriber", False),
            )
            user.groups.add(Group.objects.get(name=row["role"]))
            self.people[row["username"]] = user
            if name := row.get("practitioner"):
                self.practitioners[name] = Practitioner.objects.create(name=name, user=user)
        for name in self.told["visiting"]:
            self.practitioners[name] = Practitioner.objects.create(name=name)

    def _rooms(self) -> None:
        self.location = Location.objects.create(name=self.told["location"])
        self.rooms = {name: Room.objects.create(location=self.location, name=name) for name in self.told["rooms"]}

    def _hours(self) -> None:
        """Every week; where today is a Saturday or Sunday, everybody works today too."""
        for name, spans in self.told["hours"].items():
            for opens, closes in spans:
                self._work(self.practitioners[name], time.fromisoformat(opens), time.fromisoformat(closes))
        away, closed = self.told["away"], self.told["closed"]
        hours.add_exception(
            self.practitioners[away["who"]],
            first_on=self.days.working_day(away["day"]),
            why=away["why"],
            by="ito",
            at=self.days.moment(-21),
        )
        hours.close_day(self.days.working_day(closed["day"]), name=closed["why"], by="ito", at=self.days.moment(-21))

    def _work(self, who: Practitioner, opens: time, closes: time) -> None:
        hours.set_hours(
            who,
            location=self.location,
            weekdays=_WEEK,
            opens=opens,
            closes=closes,
            starts_on=self.days.day(-_OPENED_DAYS_AGO),
            by="ito",
            at=self.opened_at,
        )
        if self.days.today.weekday() not in _WEEK:
            hours.add_exception(
                who,
                first_on=self.days.today,
                location=self.location,
                opens=opens,
                closes=closes,
                why="Extra day",
                by="ito",
                at=self.days.moment(-21),
            )

    def _services(self) -> None:
        self.services = {}
        for row in self.told["services"]:
            plain = {name: value for name, value in row.items() if name not in ("rooms", "indications")}
            self.services[row["name"]] = offered.add(
                Service(**plain),
                rooms=[self.rooms[name] for name in row.get("rooms", ())],
                indications=[self.indications[code] for code in row.get("indications", ())],
                by="ito",
                at=self.opened_at,
            )
        for code, names in self.told["injectors"].items():
            whom = [self.practitioners[name] for name in names]
            offered.set_injectors(self.indications[code], whom, by="ito", at=self.opened_at)

    def stop_lot(self) -> None:
        row = self.told["stopped_lot"]
        product = self.products[row["product"]]
        lots.stop(product, row["lot"], reason=row["reason"], by="ito", at=self.days.moment(row["day"]))

    def sign_ins(self) -> str:
        rows = [f"  {s['username']:<8}{permissions.ROLE_LABELS[s['role']]}" for s in self.told["staff"]]
        return "\n".join(["Demo sign-ins, all with the password: " + self.told["password"], *rows])
