"""Every list of the admin panel: as many queries for thirty rows as for one."""

from datetime import UTC, date, datetime, timedelta

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
    Contraindication,
    DoseLimit,
    Indication,
    Licence,
    OutcomeMeasure,
    Product,
    Schedule,
)
from treatments.rules.vocabulary import TreatmentKind
from treatments.services import appointments
from treatments.services.diary import Booking

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


def practitioner(number: int):
    factories.practitioner(user=factories.staff("injector"))


MAKE = {
    "treatments_patient": person,
    "treatments_flag": lambda number: factories.flag(person(number)),
    "treatments_appointment": visit,
    "treatments_treatment": lambda number: factories.treated(person(number), date(2026, 6, 1), kind=TreatmentKind.FULL),
    "treatments_course": lambda number: factories.treated(person(number), date(2026, 6, 1)),
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

    assert registered == set(MAKE) | {f"treatments_{model._meta.model_name}" for model in CATALOGUE}
    assert AuditEvent._meta.model_name == "auditevent"
