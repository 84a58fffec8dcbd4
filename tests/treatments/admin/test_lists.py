"""Every list of the admin panel: as many queries for thirty rows as for one."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import audit
from clinic.models import AuditEvent, Practitioner, User
from tests import factories
from treatments.models import (
    AdverseEventKind,
    ClosedMonth,
    ContactPlan,
    ContactStep,
    Contraindication,
    DoseLimit,
    Indication,
    Licence,
    MessageText,
    OutcomeMeasure,
    Product,
    Schedule,
    Service,
)
from treatments.rules.vocabulary import Anchor, TreatmentKind
from treatments.services import appointments, consents, earlier, hours, lots, merges, offered
from treatments.services.diary import Booking
from treatments.services.overrides import Override

START = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
CATALOGUE = (AdverseEventKind, Contraindication, DoseLimit, Indication, Licence, OutcomeMeasure, Product, Schedule)


def person(number: int):
    return factories.patient(born_on=date(1960, 1, 1) + timedelta(days=number))


def visit(number: int):
    booking = Booking(
        person(number),
        (factories.indication(),),
        factories.practitioner(),
        factories.room(),
        START,
        30,
        factories.product(),
    )
    appointments.book(booking, by=User.objects.first(), at=factories.NOW)


def override(number: int):
    who = person(number)
    factories.treated(who, START.date() - timedelta(days=30), at=START - timedelta(days=20))
    doctor = factories.staff("injector", prescriber=True)
    said = Override(doctor, "benefit", "Agreed with the surgeon")
    booking = Booking(who, (factories.indication(),), factories.practitioner(), factories.room(), START, 30)
    appointments.book(booking, by=doctor, at=START - timedelta(days=10), override=said, acknowledged=True)


def merge(number: int):
    fields = {"born_on": date(1960, 1, 1) + timedelta(days=number)}
    kept, gone = factories.patient(**fields), factories.patient(**fields)
    merges.merge(kept, gone, reason="One person, registered twice", by=factories.BY, at=factories.NOW)


def stop(number: int):
    factories.treated(person(number), date(2026, 6, 1))
    lots.stop(factories.product(), f"L{number}", reason="Recalled by its maker", by=factories.BY, at=factories.NOW)


def week(number: int):
    wanted = {
        "opens": time(9),
        "closes": time(17),
        "starts_on": factories.TODAY,
        "by": factories.BY,
        "at": factories.NOW,
    }
    hours.set_hours(factories.practitioner(), location=factories.room().location, weekdays=[number % 7], **wanted)


def away(number: int):
    hours.add_exception(
        factories.practitioner(), first_on=factories.TODAY, why="Ill", by=factories.BY, at=factories.NOW
    )


def closed(number: int):
    on = factories.TODAY + timedelta(days=number)
    hours.close_day(on, name="Works", location=factories.room().location, by=factories.BY, at=factories.NOW)


def kind(number: int):
    row = Service(name=f"Kind {number}", minutes=20)
    offered.add(row, rooms=[factories.room()], indications=[factories.indication()], by=factories.BY, at=factories.NOW)


def practitioner(number: int):
    factories.practitioner(user=factories.staff("injector"))


def plan(number: int) -> ContactPlan:
    return ContactPlan.objects.create(
        code=f"plan-{number}", name=f"Plan {number}", quiet_from=time(20), quiet_until=time(9)
    )


def text(number: int) -> MessageText:
    return MessageText.objects.create(code=f"text-{number}", name=f"Text {number}", sms="{clinic}")


def step(number: int):
    ContactStep.objects.create(
        plan=plan(number), code="first", anchor=Anchor.DUE_FROM.value, offset_days=number, channels=["sms"],
        text=text(number),
    )  # fmt: skip


MAKE = {
    "treatments_patient": person,
    "treatments_flag": lambda number: factories.flag(person(number)),
    "treatments_appointment": visit,
    "treatments_treatment": lambda number: factories.treated(person(number), date(2026, 6, 1), kind=TreatmentKind.FULL),
    "treatments_course": lambda number: factories.treated(person(number), date(2026, 6, 1)),
    "treatments_consent": lambda number: consents.sign(
        person(number), signed_on=factories.TODAY, by=factories.BY, at=factories.NOW
    ),
    "treatments_earlierwish": lambda number: earlier.ask(
        person(number), practitioner=factories.practitioner(), by=factories.BY, at=factories.NOW
    ),
    "treatments_visitoverride": override,
    "treatments_patientmerge": merge,
    "treatments_lotstop": stop,
    "treatments_closedmonth": lambda number: ClosedMonth.objects.create(
        report="intervals",
        month=date(2020 + number // 12, 1 + number % 12, 1),
        figures={"early": number},
        closed_at=factories.NOW,
    ),
    "treatments_contactplan": plan,
    "treatments_contactstep": step,
    "treatments_messagetext": text,
    "treatments_service": kind,
    "clinic_workinghours": week,
    "clinic_hoursexception": away,
    "clinic_closedday": closed,
    "clinic_user": lambda number: factories.staff("reception"),
    "clinic_practitioner": practitioner,
    "clinic_location": lambda number: factories.Location.objects.create(name=f"Place {number}"),
    "clinic_room": lambda number: factories.room(),
    "clinic_auditevent": lambda number: audit.record(
        "tried", Practitioner(pk=number), by="tester", at=factories.NOW, patient="7KX2Q9"
    ),
}


def queries(door, name):
    with CaptureQueriesContext(
        connection,
    ) as seen:
        answer = door.get(reverse(f"admin:{name}_changelist"))
    return len(seen), len(answer.context["cl"].result_list), answer


@pytest.mark.parametrize("name", sorted(MAKE))
def test_a_list_costs_the_same_queries_for_one_row_and_for_thirty(door, name):
    MAKE[name](0)
    queries(door, name)
    few, one, _answer = queries(door, name)

    for number in range(1, 30):
        MAKE[name](number)
    many, rows, _answer = queries(door, name)

    assert rows - one >= 29
    assert many == few


@pytest.mark.parametrize("model", CATALOGUE, ids=lambda model: model.__name__)
def test_a_catalogue_list_costs_the_same_queries_for_one_row_and_for_all(door, model):
    name = f"treatments_{model._meta.model_name}"
    code = {Schedule: "indication__code", Licence: "indication__code"}.get(model, "code")
    one = getattr(model.objects.order_by("pk").first(), code.split("__")[0])
    words = getattr(one, "name", one)
    door.get(reverse(f"admin:{name}_changelist"))

    with CaptureQueriesContext(connection) as few:
        narrow = door.get(reverse(f"admin:{name}_changelist"), {"q": words})
    with CaptureQueriesContext(connection) as many:
        wide = door.get(reverse(f"admin:{name}_changelist"), {"q": ""})

    assert 0 < len(narrow.context["cl"].result_list) < len(wide.context["cl"].result_list)
    assert len(few) == len(many)


def test_every_list_is_tried():
    registered = {f"{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry}

    assert registered - {"treatments_clinicsettings"} == set(MAKE) | {
        f"treatments_{model._meta.model_name}" for model in CATALOGUE
    }
    assert AuditEvent._meta.model_name == "auditevent"
