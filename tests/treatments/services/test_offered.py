"""What is offered, as verbs; the doors are tested with the admin panel."""

import pytest
from django.core.exceptions import ValidationError

from clinic.models import AuditEvent
from tests import factories
from treatments.models import Service
from treatments.services import offered

pytestmark = pytest.mark.django_db
BY = {"by": factories.BY, "at": factories.NOW}


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"minutes": 4}, "minutes"), ({"minutes": 481}, "minutes"), ({"prepare_minutes": 121}, "prepare_minutes"), ({"name": ""}, "name")],
)  # fmt: skip
def test_a_service_out_of_bounds_is_refused(fields, field):
    with pytest.raises(ValidationError) as refused:
        offered.add(Service(**({"name": "Review", "minutes": 15} | fields)), **BY)

    assert set(refused.value.message_dict) == {field}
    assert (Service.objects.count(), AuditEvent.objects.count()) == (0, 0)


def test_a_consultation_does_not_become_a_treatment():
    row = offered.add(Service(name="Review", minutes=15, is_treatment=False), **BY)

    with pytest.raises(ValidationError, match="judged by this"):
        offered.amend(row, changes={"is_treatment": True}, **BY)

    row.refresh_from_db()
    assert row.is_treatment is False


def test_an_unchanged_service_leaves_no_trace():
    row = offered.add(Service(name="Review", minutes=15), **BY)

    offered.amend(row, changes={"minutes": 15, "rooms": []}, **BY)

    assert [event.verb for event in AuditEvent.objects.all()] == ["service.added"]
