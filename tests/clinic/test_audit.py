from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from clinic import audit
from clinic.models import AuditEvent, Location
from tests.factories import NOW
from treatments.models import Patient

pytestmark = pytest.mark.django_db


def test_a_row_says_who_did_what_when_and_about_whom():
    place = Location.objects.create(name="Harbour")

    audit.record("location.moved", place, by="rosei", at=NOW, patient="7KX2Q9", reason="Flood")

    row = AuditEvent.objects.get()
    assert (row.at, row.by, row.verb, row.object_type, row.object_id) == (
        NOW,
        "rosei",
        "location.moved",
        "location",
        str(place.pk),
    )
    assert (row.patient_id, row.reason, row.findings, row.details) == ("7KX2Q9", "Flood", [], {})


def test_a_public_id_is_kept_rather_than_a_database_number():
    audit.record("seen", Patient(pk=5, public_id="7KX2Q9"), by="rosei", at=NOW)

    assert AuditEvent.objects.get().object_id == "7KX2Q9"


def test_days_moments_and_units_can_be_kept_as_details():
    details = {"on": date(2026, 11, 22), "at": NOW, "units": Decimal("4.50")}

    audit.record("seen", Location(pk=1), by="rosei", at=NOW, details=details, findings=iter([{"code": "pregnancy"}]))

    row = AuditEvent.objects.get()
    assert row.details == {"on": "2026-11-22", "at": "2026-11-22T09:00:00Z", "units": "4.50"}
    assert row.findings == [{"code": "pregnancy"}]


def test_act_and_row_fall_together():
    def fail():
        with transaction.atomic():
            place = Location.objects.create(name="Harbour")
            audit.record("location.added", place, by="rosei", at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert (Location.objects.count(), AuditEvent.objects.count()) == (0, 0)


def test_rows_of_many_acts_are_written_at_once(django_assert_num_queries):
    events = [audit.event("seen", Location(pk=number), by="rosei", at=NOW) for number in range(20)]
    assert AuditEvent.objects.count() == 0

    with django_assert_num_queries(1):
        audit.record_many(events)

    assert AuditEvent.objects.count() == 20


def test_the_newest_row_stands_first():
    for verb in ("first", "second"):
        audit.record(verb, Location(pk=1), by="rosei", at=NOW)

    assert [row.verb for row in AuditEvent.objects.all()] == ["second", "first"]
