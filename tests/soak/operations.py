"""What a clinic does all day, each act chosen by chance: for the mixed soak and for the state machine.

An operation returns the words for what it did, or None where there was nothing to do it to. It raises what the
service raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction

from clinic.models import Practitioner, Room, User
from tests.factories import BY, NOW, TODAY
from tests.soak import scene
from treatments.models import (
    Appointment,
    CourseTreatment,
    Flag,
    Indication,
    Injection,
    Patient,
    PatientMerge,
    Product,
    Treatment,
)
from treatments.rules.vocabulary import TRANSITIONS, AppointmentState, Side, TreatmentKind
from treatments.services import appointments, call_list, courses, flags, merges, patients, treatments
from treatments.services.diary import Booking
from treatments.services.overrides import Override
from treatments.services.treatments import Line, Record

T = TypeVar("T")
Pick = Callable[[Sequence[T]], T]

WORDS = "It was talked over with the patient"
BIRTHDAYS = (date(1985, 7, 14), date(1985, 7, 14), date(1972, 2, 29), date(2008, 12, 9))  # the last one is not yet 18
KINDS = ("pregnancy", "trying_to_conceive", "infection_at_site", "cows_milk_protein_allergy", "anticholinergics")
AREAS = ("glabellar_lines", "forehead_lines", "cervical_dystonia")
LONG = timedelta(days=84)


@dataclass
class Clinic:
    """A small one, so that everybody gets in each other's way."""

    people: list[Patient]
    practitioners: list[Practitioner]
    rooms: list[Room]
    reception: User
    prescriber: User
    areas: list[Indication]
    products: list[Product]

    @classmethod
    def built(cls, people: int) -> Clinic:
        scene.people(people)
        scene.practitioners(3)
        scene.rooms(3)
        scene.staff(1)
        scene.staff(1, role="injector", prescriber=True)
        return cls.found()

    @classmethod
    def found(cls) -> Clinic:
        """The one that was built before in this database."""
        return cls(
            list(Patient.objects.order_by("pk")),
            list(Practitioner.objects.order_by("pk")),
            list(Room.objects.order_by("pk")),
            User.objects.get(username="reception0"),
            User.objects.get(username="injector0"),
            list(Indication.objects.filter(code__in=AREAS).order_by("code")),
            list(Product.objects.filter(code__in=("botox", "dysport")).order_by("code")),
        )


class Desk:
    """One member of staff at work. `pick` chooses one of several; `at` is the moment it is."""

    def __init__(self, clinic: Clinic, pick: Pick[Any], *, at: datetime = NOW) -> None:
        self.clinic, self.pick, self.at = clinic, pick, at

    # ---- the day's work ----

    def book(self) -> Appointment:
        areas = tuple({self.pick(self.clinic.areas) for _n in range(self.pick((1, 1, 2)))})
        booking = Booking(
            self._patient(), areas, *self._place(), self._time(), self.pick((20, 30, 60)), self._product()
        )
        return appointments.book(
            booking, by=self.clinic.prescriber, at=self.at, override=self._decision(), acknowledged=True
        )

    def move(self) -> Appointment | None:
        if visit := self._visit(Appointment.objects.live()):
            practitioner, room = self._place()
            visit = appointments.move(
                visit, practitioner=practitioner, room=room, starts_at=self._time(), minutes=30, by=self.clinic.prescriber,
                at=self.at, override=self._decision(), acknowledged=True, version=self.pick((None, visit.version)),
            )  # fmt: skip
        return visit

    def cancel(self) -> Appointment | None:
        if visit := self._visit(Appointment.objects.live()):
            what_next = self.pick(("rebook", "list", "close"))
            visit = appointments.cancel(visit, who="patient", reason="Unwell", by=BY, at=self.at, what_next=what_next)
        return visit

    def step(self) -> Appointment | None:
        """One step of today, or one back: a visit that was missed or cancelled comes back too."""
        rows = Appointment.objects.filter(on=TODAY).exclude(state="on_hold")
        if visit := self._visit(self.pick((rows, rows, Appointment.objects.filter(state__in=("missed", "cancelled"))))):
            later = [s for s in TRANSITIONS[AppointmentState(visit.state)] if s not in ("on_hold", "cancelled")]
            visit = appointments.mark(visit, self.pick(later), by=BY, at=self.at)
        return visit

    def release(self) -> Appointment | None:
        if visit := self._visit(Appointment.objects.filter(state="on_hold")):
            visit = appointments.release(visit, by=BY, at=self.at)
        return visit

    def override(self) -> Appointment | None:
        if visit := self._visit(Appointment.objects.filter(state="on_hold")):
            visit = appointments.override(visit, Override(self.clinic.prescriber, "benefit", WORDS), at=self.at)
        return visit

    # ---- what becomes known of a patient ----

    def flag(self) -> Flag:
        starts_on = TODAY + timedelta(days=self.pick((-30, 0, 2, 5)))
        ends_on = self.pick((None, starts_on + timedelta(days=7)))
        return flags.raise_flag(
            patient=self._patient(), kind=self.pick(KINDS), starts_on=starts_on, ends_on=ends_on,
            review_on=None if ends_on else TODAY + timedelta(days=90), by=BY, at=self.at,
        )  # fmt: skip

    def end_flag(self) -> Flag | None:
        if flag := self._one(Flag.objects.filter(in_error=False)):
            if self.pick((True, False)):
                return flags.enter_in_error(flag, reason=WORDS, by=BY, at=self.at)
            return flags.end(flag, ends_on=flag.starts_on + timedelta(days=self.pick((0, 3, 40))), by=BY, at=self.at)
        return None

    def change_birth(self) -> Patient:
        return patients.amend(self._patient(), changes={"born_on": self.pick(BIRTHDAYS)}, by=BY, at=self.at)

    def merge(self) -> PatientMerge | None:
        kept = self._patient()
        others = Patient.objects.filter(merged_into__isnull=True, born_on=kept.born_on).exclude(pk=kept.pk)
        gone = self._one(others)
        return merges.merge(kept, gone, reason=WORDS, by=BY, at=self.at) if gone else None

    def undo_merge(self) -> PatientMerge | None:
        done = self._one(PatientMerge.objects.filter(undone_at__isnull=True))
        return merges.undo(done, by=BY, at=self.at) if done else None

    # ---- treatments: what has happened can always be recorded ----

    def record(self) -> Treatment:
        """For a visit where there is one. If that has gone to another record meanwhile, at one more press without it."""
        patient = self._patient()
        visit = self._visit(Appointment.objects.filter(patient=patient)) if self.pick((True, False)) else None
        try:
            return self._sign(patient, visit, None)
        except ValidationError:
            return self._sign(patient, None, None)

    def record_today(self, patient: Patient, area: str) -> Treatment:
        record = replace(self._written(None), performed_on=TODAY, lines=(Line(area, "procerus", Decimal(10)),))
        return treatments.sign(record, patient=patient, by=BY, at=self.at, acknowledged=True, incident_reason=WORDS)

    def amend(self) -> Treatment | None:
        if old := self._one(Treatment.objects.valid().filter(elsewhere=False).select_related("patient", "appointment")):
            return self._sign(old.patient, old.appointment, old)
        return None

    def void(self) -> Treatment | None:
        if given := self._one(Treatment.objects.valid()):
            return treatments.void(given, reason=WORDS, by=BY, at=self.at)
        return None

    def record_elsewhere(self) -> Treatment:
        performed_on = self._past_day()
        return treatments.record_elsewhere(
            patient=self._patient(), indications=[self.pick(self.clinic.areas)], not_before_on=performed_on,
            performed_on=performed_on, product=self._product(), units=Decimal(20), note="", by=BY, at=self.at,
        )  # fmt: skip

    def _sign(self, patient: Patient, visit: Appointment | None, amends: Treatment | None) -> Treatment:
        record = self._written(visit)
        return treatments.sign(
            record, patient=patient, by=BY, at=self.at, acknowledged=True, incident_reason=WORDS, amends=amends,
            void_reason=WORDS if amends else "",
        )  # fmt: skip

    def _written(self, visit: Appointment | None) -> Record:
        return Record(
            performed_on=self._past_day(),
            kind=TreatmentKind.FULL,
            product=self.pick(self.clinic.products),
            lot_number="C4821AB",
            lot_expires_on=date(2030, 1, 31),
            lines=(Line(self.pick(AREAS), "procerus", Decimal(self.pick((10, 20))), Side.NONE),),
            practitioner=self.pick(self.clinic.practitioners),
            appointment=visit,
        )

    # ---- choosing ----

    def _patient(self) -> Patient:
        """Also one whose record has been merged meanwhile: pages stay open."""
        return self.pick(self.clinic.people)

    def _product(self) -> Product | None:
        return self.pick((None, *self.clinic.products))

    def _place(self) -> tuple[Practitioner, Room]:
        return self.pick(self.clinic.practitioners), self.pick(self.clinic.rooms)

    def _time(self) -> datetime:
        return scene.slot(self.pick(range(4, 16)), day=TODAY + timedelta(days=self.pick((0, 0, *range(8)))))

    def _past_day(self) -> date:
        return TODAY - timedelta(days=self.pick((0, 0, 1, 20, 60, 100, 200, 400)))

    def _decision(self) -> Override | None:
        return self.pick((None, Override(self.clinic.prescriber, "benefit", WORDS)))

    def _visit(self, rows: models.QuerySet[Appointment]) -> Appointment | None:
        return self._one(rows.select_related("patient"))

    def _one(self, rows: models.QuerySet[Any]) -> Any:
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        return rows.filter(pk=self.pick(ids)).first() if ids else None

    # ---- past the services: what other programs write ----

    def insert_visit(self) -> Appointment:
        with transaction.atomic():
            visit = scene.visit(self._own_patient(), *self._place(), self._time())
            visit.save(force_insert=True)
            if course := self._one(visit.patient.courses.all()):
                visit.courses.add(course)
            call_list.keep([visit.patient_id])
        return visit

    def update_visit(self) -> int | None:
        """Not of one with an override, whose day the database does not look after."""
        rows = Appointment.objects.filter(state__in=("booked", "on_hold"), override_by="")
        visit, starts_at = self._visit(rows), self._time()
        if visit is None:
            return None
        time = {"on": starts_at.date(), "starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=30)}
        change = self.pick(({"state": "booked"}, time))
        changed = rows.filter(pk=visit.pk).update(**change, version=models.F("version") + 1)
        with transaction.atomic():
            # the call list, which the database does not keep: under the lock that the services hold
            call_list.keep([Patient.objects.select_for_update().get(appointments=visit).pk])
        return changed

    def insert_treatment(self) -> Treatment | None:
        """Without the reason that an early one needs."""
        with transaction.atomic():
            patient, on = self._own_patient(), self._past_day()
            course = self._one(patient.courses.all())
            if course is None:
                return None
            treatment = Treatment.objects.create(
                patient=patient, performed_on=on, kind="full", product=self.pick(self.clinic.products),
                lot_number="C4821AB", lot_expires_on=date(2030, 1, 31), signed_by=BY, signed_at=self.at,
            )  # fmt: skip
            between = {"repeat_from": on + LONG, "previous_until": on - LONG}
            given = CourseTreatment.objects.create(treatment=treatment, course=course, units=20, **between)
            Injection.objects.create(given=given, site="procerus", units=20)
            courses.fact_changed(patient, by=BY, at=self.at)
        return treatment

    def _own_patient(self) -> Patient:
        """Held, and of those who are not merged into another: the database itself says nothing of that."""
        ids = list(Patient.objects.filter(merged_into__isnull=True).order_by("pk").values_list("pk", flat=True))
        patient = Patient.objects.select_for_update().get(pk=self.pick(ids))
        return patient.merged_into or patient
